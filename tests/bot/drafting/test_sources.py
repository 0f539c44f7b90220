"""Each line beside its sources' own words, for one authorised reader."""

from itertools import pairwise

import pytest

from bot.drafting.sources import NOT_KEPT, marked, own_words, sourced_blocks
from skills.handoff.facts import READS, gather
from skills.handoff.text import compose
from skills.kit import Rows, Text
from tests.fakes import charts

FACTS = gather(charts.request(), charts.chart(charts.rich(), READS))


def shown() -> dict[str, list[str]]:
    """Each line with what stands beside it."""
    blocks = sourced_blocks(compose(FACTS), own_words(FACTS))
    beside = [(one.text, two) for one, two in pairwise(blocks) if isinstance(one, Text)]
    return {text: [row.value for row in rows.rows] for text, rows in beside if isinstance(rows, Rows)}


def test_every_line_has_each_of_its_sources_beside_it() -> None:
    lines = [line for passage in compose(FACTS).passages for line in passage.lines]
    beside = shown()
    assert all(len(beside[line.text]) == max(1, len(line.sources)) for line in lines)
    assert NOT_KEPT not in [words for each in beside.values() for words in each]


def test_a_quoted_line_is_marked_in_the_sentence_it_comes_from() -> None:
    [line] = [text for text in shown() if "Behavioral gains hold while mood lags" in text]
    assert "«Behavioral gains hold while mood lags»" in shown()[line][0]


def test_a_line_without_a_source_says_why() -> None:
    blocks = sourced_blocks(compose(gather(charts.request(), charts.chart(charts.empty(), READS))), {})
    said = [row.value for block in blocks if isinstance(block, Rows) for row in block.rows]
    assert any("the chart has nothing" in words for words in said)


@pytest.mark.parametrize(
    ("source", "sentence", "expected"),
    [
        ("Denies SI. Slept poorly.", "She slept badly.", "Denies SI. «Slept poorly»."),
        ("Sertraline 150 mg", "Takes sertraline 150 mg.", "«Sertraline 150» mg"),
        ("He said «no» to both", "He agreed to both.", "He said ‹no› to both"),
        (None, "Anything.", NOT_KEPT),
    ],
)
def test_only_what_the_sentence_took_is_marked(source: str | None, sentence: str, expected: str) -> None:
    assert marked(source, sentence) == expected
