"""Each sentence of a draft beside its sources' own words, with the words that carry it marked «so».

For one authorised reader. Blocks hold no markup, so the marks are characters; a source's own such marks are drawn ‹so›.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date

from bot.drafting.checks.words import concept, neutral
from ehr_clients.models import Source
from skills.kit import Block, DraftText, Facts, Line, LineKind, Passage, Row, Rows, Text, Title
from skills.kit.words import cited, day, one_line

NOWHERE = {
    LineKind.MISSING: "No source: it says that the chart has nothing, or could not be read.",
    LineKind.EDITED: "No source: a person's own words.",
    LineKind.ABOUT: "No source: it is about the draft itself.",
}
NO_SOURCE = "No source is kept for this line."
NOT_KEPT = "Its own words are not kept with this draft; they are in the chart."
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+(?:[.,:/-]\d+)*")
_ASIDE = frozenset({"source", "labels", "code", "id", "author_ref", "rxnorm"})


def sourced_blocks(text: DraftText, said: Mapping[Source, str]) -> tuple[Block, ...]:
    """All passages in order. `said`: the words of each source, as `own_words` finds them."""
    return (Title(text.heading), *(block for passage in text.passages for block in _passage(passage, said)))


def _passage(passage: Passage, said: Mapping[Source, str]) -> Iterator[Block]:
    yield Title(passage.title)
    for line in passage.lines:
        yield Text(line.text)
        yield Rows(_rows(line, said))


def _rows(line: Line, said: Mapping[Source, str]) -> tuple[Row, ...]:
    if not line.sources:
        return (Row("Source", NOWHERE.get(line.kind, NO_SOURCE)),)
    return tuple(Row(cited(source), marked(said.get(source), line.text)) for source in line.sources)


def marked(words: str | None, sentence: str) -> str:
    """The source's words, with what the sentence took from them between « and »."""
    if not words:
        return NOT_KEPT
    plain = one_line(words).replace("«", "‹").replace("»", "›")
    for begin, end in reversed(_stretches(plain, sentence)):
        plain = f"{plain[:begin]}«{plain[begin:end]}»{plain[end:]}"
    return plain


def _stretches(words: str, sentence: str) -> list[tuple[int, int]]:
    """Where the shared words stand; neighbours are one stretch, also across one word that says nothing of its own."""
    wanted = {_key(found[0]) for found in _WORD.finditer(sentence) if not neutral(found[0].lower())}
    stretches: list[tuple[int, int]] = []
    for found in _WORD.finditer(words):
        if _key(found[0]) not in wanted:
            continue
        if stretches and _near(words[stretches[-1][1] : found.start()]):
            stretches[-1] = (stretches[-1][0], found.end())
        else:
            stretches.append(found.span())
    return stretches


def _near(gap: str) -> bool:
    between = _WORD.findall(gap)
    return not re.search(r"[.;:]", gap) and len(between) < 2 and all(neutral(word.lower()) for word in between)


def _key(word: str) -> str:
    return concept(word.lower()) if word[0].isalpha() else word


def own_words(facts: Facts) -> dict[Source, str]:
    """What each source in the facts says: a quoted sentence as it stands, any other item field by field."""
    found: dict[Source, list[str]] = {}
    for source, words in _said(facts):
        if words and words not in found.setdefault(source, []):
            found[source].append(words)
    return {source: " / ".join(words) for source, words in found.items() if words}


def _said(held: object) -> Iterator[tuple[Source, str]]:
    if isinstance(held, tuple | list):
        for each in held:
            yield from _said(each)
    elif is_dataclass(held) and not isinstance(held, Source | type):
        source = getattr(held, "source", None)
        if isinstance(source, Source):
            yield source, _words(held)
        for each in fields(held):
            yield from _said(getattr(held, each.name))


def _words(item: object) -> str:
    """A quotation is its text; of anything else the fields that are filled."""
    assert is_dataclass(item)
    named = {each.name: getattr(item, each.name) for each in fields(item) if each.name not in _ASIDE}
    if set(named) <= {"text", "unsigned", "kind"} and "text" in named:
        return one_line(str(named["text"]))
    told = ((name.strip("_").replace("_", " "), _value(value)) for name, value in named.items())
    return "; ".join(f"{name}: {value}" for name, value in told if value)


def _value(value: object) -> str:
    if isinstance(value, date):
        return day(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return one_line(f"{value:g}" if isinstance(value, float) else str(value))
    return _several(value) if isinstance(value, Sequence) else ""


def _several(values: Sequence[object]) -> str:
    """Steps of a plan, answers of an instrument."""
    parts = (_words(each) if is_dataclass(each) and not hasattr(each, "source") else _value(each) for each in values)
    return ", ".join(part for part in parts if part)
