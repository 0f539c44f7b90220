"""To whom what goes, in words; which lines of a draft a role sees; what a program's staff wrote is the program's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.privacy import minimum
from bot.privacy.consent import NOTHING_PROTECTED, Ruling
from bot.privacy.fields import Asking, grant
from bot.privacy.labels import Part2Status, of_program, status, status_of
from bot.privacy.partial import seen_by
from bot.privacy.templates import LEGAL, SCHOOL, cut
from ehr_clients.models import ChartData, Client, Label, Note, Read, Section, Source
from skills.kit import DraftText, Line, LineKind, Passage, Purpose, Role

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
NONE, WITHHELD = NOTHING_PROTECTED.stamp(), Ruling(allowed=False, rule="part2.no_consent").stamp()
READS = frozenset(Section) - {Section.COVERAGE, Section.MESSAGES}
PART = grant(Asking(roles=frozenset({Role.CARE_COORDINATOR}), purpose=Purpose.TREATMENT, assigned=True))


def test_the_summary_names_who_and_how_much_and_what_not() -> None:
    words = minimum.goes_to(READS, NONE, "Daniel Osei, LPC").text
    assert words == (
        "Goes to: Daniel Osei, LPC (receiver) and the chart: 13 sections. Not included: coverage and messages."
    )
    assert minimum.goes_to(frozenset(Section), NONE, None).text == "Goes to: the chart: 15 sections."


def test_a_channel_is_not_told_why_something_was_withheld_and_the_reader_is() -> None:
    channel = minimum.goes_to(READS, WITHHELD, None).text
    assert "left out by rule" in channel
    assert "Part 2" not in channel
    assert "42 CFR Part 2" in str(minimum.in_detail(READS, WITHHELD, None, carried=False))
    assert "42 CFR Part 2" not in str(minimum.in_detail(READS, NONE, None, carried=False))


def test_a_template_says_which_fields_the_recipient_gets() -> None:
    offered = dict.fromkeys(["authorization id", "attendance dates", "limits", "accommodations", "diagnosis"], "x")
    assert minimum.outside(SCHOOL, cut(SCHOOL, offered)).text == (
        "The school gets these 4 fields: authorization id, attendance dates, limits and accommodations. "
        "Not included: diagnosis."
    )
    assert "compliance" in minimum.outside(LEGAL, cut(LEGAL, offered)).text


def line(ref: str, text: str, title: str = "Item", kind: LineKind = LineKind.FACT) -> Line:
    return Line(text, (Source(ref, "1", title, NOW),), kind)


@pytest.mark.parametrize(
    ("one", "seen"),
    [
        (line("Condition/1", "Depression."), "Depression."),
        (line("MedicationRequest/1", "Sertraline."), None),
        (line("DocumentReference/1", "She slept badly."), None),
        (line("DocumentReference/1", "Calls her aunt.", "Safety plan"), "Safety plan, 11/23/2026: on file."),
        (line("Flag/1", "Risk flag text.", "Alert"), "Alert, 11/23/2026: on file."),
        (line("Observation/1", "PHQ-9: 14."), "PHQ-9: 14."),
        (line("Condition/1", "Alcohol use disorder."), None),
        (line("Unheard/1", "Something."), None),
        (line("Condition/1", "In my words.", kind=LineKind.EDITED), None),
        (Line("Without a source."), None),
        (Line("About the draft.", kind=LineKind.ABOUT), "About the draft."),
        (replace(line("Condition/1", "Both."), sources=(Source("Condition/1", "1", "a"), Source("Flag/1", "1", "b"))),
         "a, date not documented; b, date not documented: on file."),
        (replace(line("Condition/1", "Both."), sources=(Source("Condition/1", "1", "a"),
         Source("MedicationRequest/1", "1", "b"))), None),
    ],
)  # fmt: skip
def test_a_coordinator_sees_lines_by_what_they_rest_on(one: Line, seen: str | None) -> None:
    text, left_out = seen_by(DraftText("Heading", (Passage("p", "P", (one,)),)), PART)
    assert [each.text for passage in text.passages for each in passage.lines] == ([seen] if seen else [])
    assert left_out == (0 if seen else 1)


def note(author: str, *labels: Label) -> Note:
    source = Source("DocumentReference/1", "1", "Note")
    return Note(source=source, kind="Note", text="Slept well.", when=NOW, author_ref=author, labels=frozenset(labels))


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (note("Practitioner/program"), Part2Status.PENDING),
        (note("Practitioner/elsewhere"), Part2Status.NOT_PART2),
        (note("Practitioner/program", Label.PART2), Part2Status.PROTECTED),
        (note("Practitioner/elsewhere", Label.PART2), Part2Status.PROTECTED),
        (note("Practitioner/elsewhere", Label.PART2_PENDING), Part2Status.PENDING),
        (note("Practitioner/elsewhere", Label.RESTRICTED), Part2Status.NOT_PART2),
    ],
)
def test_three_answers_and_what_a_program_wrote_is_pending(one: Note, found: Part2Status) -> None:
    who = Client(source=Source("Patient/x", "1", "Client"), id="x", family="X", given=("Y",), birth_date=None)
    chart = of_program(ChartData(who, {Section.NOTES: Read((one,), as_of=NOW)}), frozenset({"Practitioner/program"}))
    assert status_of(chart) is found
    answer = chart.sections[Section.NOTES]
    assert isinstance(answer, Read)
    assert status(answer.items[0]) is found
