"""Dates, lists, bands, and room for words."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ehr_clients.models import Source
from skills.kit import Answer, Assessment, Line
from skills.kit.fit import Weighed, fit
from skills.kit.instruments import band, change, cssrs_level, item_nine, worse
from skills.kit.words import count, day, listed, moment, one_line, plural, stated_day, untagged

BANDS = [
    ("PHQ-9", 0, "minimal"),
    ("PHQ-9", 4, "minimal"),
    ("PHQ-9", 5, "mild"),
    ("PHQ-9", 10, "moderate"),
    ("PHQ-9", 15, "moderately severe"),
    ("PHQ-9", 20, "severe"),
    ("PHQ-9", 27, "severe"),
    ("PHQ-9", 28, None),
    ("PHQ-9", -1, None),
    ("GAD-7", 4, "minimal"),
    ("GAD-7", 9, "mild"),
    ("GAD-7", 14, "moderate"),
    ("GAD-7", 15, "severe"),
    ("GAD-7", 22, None),
    ("PCL-5", 40, None),
]


@pytest.mark.parametrize(("instrument", "total", "word"), BANDS)
def test_bands(instrument: str, total: float, word: str | None) -> None:
    assert band(instrument, total) == word


CHANGES = [
    ("PHQ-9", 10, 15, "up 5, a meaningful change"),
    ("PHQ-9", 10, 14, "up 4, less than a meaningful change"),
    ("PHQ-9", 15, 10, "down 5, a meaningful change"),
    ("GAD-7", 10, 14, "up 4, a meaningful change"),
    ("GAD-7", 10, 10, "unchanged"),
    ("AUDIT-C", 1, 5, "up 4"),
]


@pytest.mark.parametrize(("instrument", "before", "now", "words"), CHANGES)
def test_changes(instrument: str, before: float, now: float, words: str) -> None:
    assert change(instrument, before, now) == words
    assert worse(instrument, before, now) == (words.startswith("up") and words.endswith(", a meaningful change"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "item 9: 0 (not at all)"),
        (3, "item 9: 3 (nearly every day)"),
        (None, "item 9 not on file"),
        (4, "item 9: 4 (outside the instrument's range)"),
    ],
)
def test_item_nine_has_three_answers(value: int | None, words: str) -> None:
    assert item_nine(value) == words


def _screen(level: str | None, **answers: int | None) -> Assessment:
    found = tuple(Answer("x", int(number[1:]), value) for number, value in answers.items())
    return Assessment(
        source=Source("Observation/1", "1", "C-SSRS"), instrument="C-SSRS", when=None, level=level, answers=found
    )


@pytest.mark.parametrize(
    ("screen", "words"),
    [
        (_screen("high"), "high"),
        (_screen(None), "taken, no level on file"),
        (_screen(None, q1=0, q2=0, q6=0), "no to every question asked"),
        (_screen(None, q1=0, q2=0), "taken, no level on file"),
        (_screen(None, q1=0, q2=None, q6=0), "taken, no level on file"),
        (_screen(None, q1=1, q2=0, q6=0), "answered yes, no level on file"),
    ],
)
def test_a_screen_without_level_is_not_low(screen: Assessment, words: str) -> None:
    assert cssrs_level(screen) == words


def test_days_and_moments_survive_storage_in_words() -> None:
    when = datetime(2026, 11, 9, 10, 0, tzinfo=ZoneInfo("America/New_York"))
    stored = TypeAdapter(datetime).validate_json(TypeAdapter(datetime).dump_json(when))
    assert moment(when) == moment(stored) == "11/09/2026 10:00 UTC-05:00"
    assert moment(when.astimezone(UTC)) == "11/09/2026 15:00 UTC"
    assert moment(when.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "11/09/2026 20:30 UTC+05:30"
    assert day(when) == day(date(2026, 11, 9)) == "11/09/2026"
    assert day(None) == "date not documented"


@pytest.mark.parametrize(
    "when",
    [
        date(2026, 11, 20),
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2026, 11, 20),  # noqa: DTZ001 - an EHR may leave the zone out
        datetime(2026, 11, 20, 23, 59, 59, 1, tzinfo=timezone(timedelta(hours=-5))),
        None,
    ],
)
def test_a_day_stays_a_day_and_a_moment_a_moment(when: datetime | date | None) -> None:
    source = Source("Observation/1", "1", "PHQ-9 total", when)
    adapter = TypeAdapter(Source)
    stored = adapter.validate_json(adapter.dump_json(source))
    assert stored == source
    assert type(stored.when) is type(when)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("See 11/09/2026.", date(2026, 11, 9)),
        ("See 2026-11-09.", date(2026, 11, 9)),
        ("See 13/45/2026.", None),
        ("See 11/9.", None),
        ("BP 112/70", None),
    ],
)
def test_stated_days(text: str, when: date | None) -> None:
    assert stated_day(text) == when


def test_lists_and_plurals() -> None:
    assert [listed(["a", "b", "c"][:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert (plural(1, "note"), plural(0, "note"), plural(2, "diagnosis", "diagnoses")) == (
        "1 note",
        "0 notes",
        "2 diagnoses",
    )
    assert one_line(" a\n\nb\u2028c\t ") == "a b c"
    assert untagged("Stress (finding)") == "Stress"
    assert untagged("Depression (recurrent)") == "Depression (recurrent)"


@given(st.lists(st.tuples(st.integers(0, 5), st.text(alphabet="ab ", max_size=30))), st.integers(0, 40))
def test_fitting_keeps_every_line_once_and_keeps_within_the_words(pairs: list[tuple[int, str]], room: int) -> None:
    candidates = [Weighed("p", Line(f"{n} {text}"), weight) for n, (weight, text) in enumerate(pairs)]
    fitted = fit(candidates, room)
    assert sorted([*fitted.kept, *fitted.left], key=candidates.index) == candidates
    assert sum(count(each.line.text) for each in fitted.kept) <= room
    assert list(fitted.kept) == [each for each in candidates if each in fitted.kept]


def test_the_weightier_line_gets_the_room() -> None:
    light, heavy = Weighed("p", Line("one two three"), 5), Weighed("p", Line("four five six"), 0)
    assert fit([light, heavy], 4).kept == (heavy,)
