"""A handoff says what the last notes say about each goal: in their own words, and no sentence a second time."""

from dataclasses import replace

from ehr_clients.models import Goal, Note, Source
from skills.handoff.quotes import choose, progress
from tests.fakes import charts

SLEEP = Goal(source=Source("Goal/g1", "1", "Goal"), text="Client will sleep at least seven hours per night.")
WORK = Goal(source=Source("Goal/g2", "1", "Goal"), text="Client will obtain part-time employment.")
TEXT = """Data: Woke at 3 am four nights. Copay was waived.
Assessment: Steady.
Plan: Melatonin at nine."""


def told(*goals: Goal, notes: tuple[Note, ...] = (charts.note(1, 7, TEXT),)) -> dict[str, list[str]]:
    return {each.goal.source.ref: [q.text for q in each.quotes] for each in progress(notes, goals, choose(notes))}


def test_a_goal_gets_the_sentence_that_speaks_to_it_and_no_other_goal_does() -> None:
    assert told(SLEEP, WORK) == {"Goal/g1": ["Woke at 3 am four nights."], "Goal/g2": []}


def test_what_is_quoted_elsewhere_is_not_quoted_again() -> None:
    note = charts.note(1, 7, TEXT)
    assert [quote.text for quote in choose((note,)).steps] == ["Melatonin at nine."]
    assert "Melatonin at nine." not in told(SLEEP, notes=(note,))["Goal/g1"]


def test_a_quote_names_the_line_of_its_note() -> None:
    note = charts.note(1, 7, "Data: Copay was waived.\nMore: Napped for two hours after work.")
    (about,) = progress((note,), (SLEEP,), replace(choose((note,)), course=()))
    assert about.quotes[0].source.line == 2
    assert about.quotes[0].source.ref == note.source.ref
