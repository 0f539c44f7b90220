"""Promises that hold for every skill on the shelf. A new skill is found here by being on it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from ehr_clients.port import AuditWrite, DocumentWrite
from skills import ALL
from skills.kit import (
    Banner,
    Card,
    Chart,
    Client,
    DraftText,
    Facts,
    LineKind,
    Person,
    Rows,
    Section,
    Signed,
    Skill,
    Sourced,
    Text,
    Title,
    items,
)
from tests.fakes import charts

SIGNED = Signed(Person("Practitioner/abernathy", "Ruth Abernathy", "LCSW"), charts.NOW)
CASES = [(skill, name) for skill in ALL for name in charts.EVERY]


@pytest.fixture(params=CASES, ids=[f"{skill.name}-{name}" for skill, name in CASES])
def case(request: pytest.FixtureRequest) -> tuple[Skill[Any], Chart]:
    skill, name = request.param
    return skill, charts.chart(charts.EVERY[name], skill.reads)


def drafted(skill: Skill[Any], chart: Chart) -> tuple[Facts, DraftText, Card]:
    facts = skill.gather(charts.request(), chart)
    text = skill.compose(facts)
    return facts, text, skill.card(facts, text)


def test_the_shelf_holds_skills_with_names_of_their_own() -> None:
    assert len(ALL) == len({skill.name for skill in ALL}) > 0


def test_declared_reads_suffice(case: tuple[Skill[Any], Chart]) -> None:
    drafted(*case)  # raises Denied for a section that is not declared


def test_a_skill_that_reads_more_than_it_declared_is_found_out(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    with pytest.raises(Exception, match="did not declare"):
        drafted(skill, Chart(chart.alias, chart.data, frozenset({Section.CLIENT}), chart.now))


def test_same_chart_same_draft_and_the_chart_is_left_alone(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    before = copy.deepcopy(chart.data)
    first, second = drafted(skill, chart), drafted(skill, chart)
    assert first == second
    assert chart.data == before
    assert first[1].content_hash() == second[1].content_hash()


def test_facts_survive_storage_and_draft_the_same_text(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    facts, text, card = drafted(skill, chart)
    adapter: TypeAdapter[Any] = TypeAdapter(skill.facts)
    stored = adapter.validate_json(adapter.dump_json(facts))
    assert stored == facts
    assert skill.compose(stored).plain() == text.plain()
    assert skill.compose(stored).content_hash() == text.content_hash()
    assert skill.card(stored, text) == card


def test_no_name_or_number_of_the_client_in_notice_or_summary(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    _, _, card = drafted(skill, chart)
    open_to_all = " ".join([card.notice, *_words(card)]).lower()
    for secret in _secrets(chart.data.client):
        assert secret.lower() not in open_to_all


def test_the_lock_screen_does_not_name_the_client_by_alias_either(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    assert chart.alias not in drafted(skill, chart)[2].notice


def test_every_fact_has_a_source_that_is_in_the_chart(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    versions = chart.data.versions()
    for passage in drafted(skill, chart)[1].passages:
        for line in passage.lines:
            assert line.sources or line.kind in {LineKind.MISSING, LineKind.ABOUT}, line.text
            assert all(versions[source.ref] == source.version for source in line.sources)


def test_every_quotation_of_a_note_stands_in_the_line_it_names(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    notes = {
        note.source.ref: note.text.splitlines() for note in (items(chart.notes) if Section.NOTES in skill.reads else ())
    }
    for passage in drafted(skill, chart)[1].passages:
        for line in passage.lines:
            cited = [notes[source.ref][source.line - 1] for source in line.sources if source.line is not None]
            assert all(any(quote in text for text in cited) for quote in _quotes(line.text) if cited), line.text


def test_one_line_is_one_line(case: tuple[Skill[Any], Chart]) -> None:
    """A line break inside a line would let chart text pose as a section, and would not survive editing."""
    skill, chart = case
    text = drafted(skill, chart)[1]
    assert all(len(line.text.splitlines()) == 1 for passage in text.passages for line in passage.lines)
    assert text.edited({passage.key: passage.plain() for passage in text.passages}) == text


def test_sections_have_keys_and_none_is_empty(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    text = drafted(skill, chart)[1]
    assert len({passage.key for passage in text.passages}) == len(text.passages)
    assert all(passage.lines for passage in text.passages)


def test_writes_name_this_client_and_file_exactly_what_was_shown(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    facts, text, _ = drafted(skill, chart)
    steps = skill.writes(facts, text, SIGNED)
    assert steps == skill.writes(facts, text, SIGNED)
    assert {step.write.client_id for step in steps} == {chart.data.client.id}
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert not isinstance(step.write, AuditWrite)
        if isinstance(step.write, DocumentWrite):
            assert step.write.text == text.plain()
            assert not any(secret in step.write.title for secret in _secrets(chart.data.client))


def test_a_step_refers_only_to_steps_before_it(case: tuple[Skill[Any], Chart]) -> None:
    skill, chart = case
    facts, text, _ = drafted(skill, chart)
    earlier: set[str] = set()
    for step in skill.writes(facts, text, SIGNED):
        pointers = [*getattr(step.write, "about", ()), *getattr(step.write, "targets", ())]
        assert {pointer[1:] for pointer in pointers if pointer.startswith("@")} <= earlier
        earlier.add(step.name)


def test_what_was_not_asked_never_reads_as_denied(case: tuple[Skill[Any], Chart]) -> None:
    """Denial comes only from the chart's own words: a chart without any gives a draft without any."""
    skill, chart = case
    plain = drafted(skill, chart)[1].plain().lower()
    known = any("deni" in str(answer).lower() for answer in chart.data.sections.values())
    assert known or ("denies" not in plain and "denied any" not in plain)


def _words(card: Card) -> Iterator[str]:
    for block in card.summary:
        match block:
            case Title(text) | Text(text) | Banner(_, text):
                yield text
            case Rows(rows):
                yield from (f"{row.label} {row.value}" for row in rows)
            case Sourced():
                raise AssertionError("a summary quotes no chart")


def _secrets(client: Client) -> list[str]:
    born = client.birth_date
    dates = [f"{born}", f"{born:%m/%d/%Y}"] if born else []
    return [name for name in (client.family, *client.given, client.mrn, client.phone, *dates) if name]


def _quotes(text: str) -> list[str]:
    return [part.split("”")[0] for part in text.split("“")[1:]]
