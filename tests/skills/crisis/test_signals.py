"""What opens an escalation, what only stays open, and that the same source is one signal however often it is read."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from skills.crisis.signals import Called, Kind, Seen, Signal, StatePolicy, Tier, columbia, signals, unanswered
from skills.kit import Answer, Appointment, Assessment, Message, Note, Source

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
NOV_9 = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)


def phq9(item_nine: int | None, *, total: float | None = 4, when: date | None = NOV_9) -> Assessment:
    answers = () if item_nine is None else (Answer("44260-8", 9, item_nine),)
    source = Source("Observation/phq", "1", "PHQ-9", when)
    return Assessment(source=source, instrument="PHQ-9", when=when, total=total, answers=answers)


def screen(*yes: int, no: tuple[int, ...] = (), level: str | None = None, when: date | None = NOV_9) -> Assessment:
    answers = tuple(Answer(str(n), n, 1) for n in yes) + tuple(Answer(str(n), n, 0) for n in no)
    source = Source("Observation/cssrs", "1", "C-SSRS", when)
    return Assessment(source=source, instrument="C-SSRS", when=when, level=level, answers=answers)


def note(text: str, *, signed: bool | None = True, version: str = "1") -> Note:
    source = Source("DocumentReference/n", version, "Progress note", NOV_9, "Dana Reyes, LCSW")
    return Note(source=source, kind="Progress note", text=text, when=NOV_9, signed=signed)


def missed(status: str = "noshow", *, start: datetime = NOV_9) -> Appointment:
    return Appointment(source=Source("Appointment/a", "3", "Visit", start), start=start, status=status)


def only(found: tuple[Signal, ...]) -> Signal:
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("answer", "opens"), [(None, False), (0, False), (1, True), (2, True), (3, True)])
def test_item_nine_opens_by_its_answer_whatever_the_total(*, answer: int | None, opens: bool) -> None:
    assert bool(signals(Seen(assessments=(phq9(answer, total=1),)), since=SINCE)) is opens


def test_item_nine_says_what_it_rests_on() -> None:
    signal = only(signals(Seen(assessments=(phq9(2),)), since=SINCE))
    assert (signal.instrument, signal.item, signal.answer, signal.when) == ("PHQ-9", 9, "2", date(2026, 11, 9))
    assert signal.tier is Tier.SAME_DAY
    assert "item 9: 2 (more than half the days) on 11/09/2026" in signal.sentence


def test_an_unknown_item_nine_is_an_open_question_and_no_signal() -> None:
    seen = Seen(assessments=(phq9(None, total=20),))
    assert signals(seen, since=SINCE) == ()
    assert "item 9 not on file" in unanswered(seen, since=SINCE)[0].sentence
    assert unanswered(Seen(assessments=(phq9(0),)), since=SINCE) == ()


LEVELS = [
    ((), None),
    ((1,), "low"),
    ((1, 2), "low"),
    ((1, 2, 3), "moderate"),
    ((4,), "high"),
    ((5,), "high"),
    ((7,), "high"),
    ((1, 2, 3, 4, 5), "high"),
    ((6,), "high"),  # nobody said when: it counts as recent
]


@pytest.mark.parametrize(("yes", "level"), LEVELS)
def test_columbias_level_goes_by_single_answers(yes: tuple[int, ...], level: str | None) -> None:
    assert columbia(screen(*yes)) == level


def test_behavior_longer_ago_than_three_months_is_moderate() -> None:
    assert columbia(screen(6, no=(7,))) == "moderate"
    assert columbia(screen(6, level="moderate")) == "moderate"


def test_the_graver_of_the_reported_and_the_answered_level_counts() -> None:
    assert columbia(screen(5, level="low")) == "high"
    assert columbia(screen(1, level="high")) == "high"


@pytest.mark.parametrize(("yes", "tier"), [((1,), Tier.SAME_DAY), ((3,), Tier.SAME_DAY), ((4,), Tier.NOW)])
def test_a_level_has_its_tier(yes: tuple[int, ...], tier: Tier) -> None:
    assert only(signals(Seen(assessments=(screen(*yes),)), since=SINCE)).tier is tier


def test_a_screen_of_no_and_a_screen_without_answers_are_two_things() -> None:
    denied, empty = screen(no=(1, 2, 6, 7)), screen()
    assert signals(Seen(assessments=(denied, empty)), since=SINCE) == ()
    assert [each.source for each in unanswered(Seen(assessments=(denied, empty)), since=SINCE)] == [empty.source]


def test_a_listed_phrase_in_a_note_names_its_words_and_its_rule() -> None:
    signal = only(signals(Seen(notes=(note("Sleep poor. Has been stockpiling pills at home."),)), since=SINCE))
    assert (signal.kind, signal.tier, signal.rule) == (Kind.PHRASE, Tier.NOW, "prepare.rehearse")
    assert "stockpiling pills" in signal.sentence
    assert "Dana Reyes, LCSW" in signal.sentence


def test_the_gravest_mention_speaks_for_a_note() -> None:
    text = "Passive SI most days. He plans to overdose. SI was not assessed at intake."
    signal = only(signals(Seen(notes=(note(text),)), since=SINCE))
    assert signal.tier is Tier.NOW
    assert "further mention" in signal.sentence


def test_a_question_that_could_not_be_asked_is_a_follow_up() -> None:
    signal = only(signals(Seen(notes=(note("Unable to assess SI, client asleep."),)), since=SINCE))
    assert signal.tier is Tier.FOLLOW_UP


@pytest.mark.parametrize(("signed", "is_read"), [(True, True), (None, True), (False, False)])
def test_a_note_known_to_be_unsigned_waits(*, signed: bool | None, is_read: bool) -> None:
    assert bool(signals(Seen(notes=(note("Pt wants to die.", signed=signed),)), since=SINCE)) is is_read


def test_a_pack_without_phrases_keeps_everything_else() -> None:
    call = Called("request/7", "Dana Reyes, LCSW", NOV_9)
    message = Message(source=Source("Communication/m", "1", "Message", NOV_9), when=NOV_9, sender=None, text="kms")
    seen = Seen((phq9(1), screen(4)), (note("Pt wants to die."),), (message,), (missed(),), (call,))
    every, without = (signals(seen, since=SINCE, policy=StatePolicy(phrases=each)) for each in (True, False))
    assert [each for each in every if each.kind is not Kind.PHRASE] == list(without)
    assert {each.kind for each in without} == {Kind.COMMAND, Kind.C_SSRS, Kind.ITEM_NINE, Kind.MISSED_VISIT}
    assert sum(each.kind is Kind.PHRASE for each in every) == 2


STANDING = [
    ("noshow", (screen(3),), True),
    ("noshow", (screen(4),), True),
    ("noshow", (screen(1),), False),
    ("noshow", (), False),
    ("fulfilled", (screen(4),), False),
    ("cancelled", (screen(4),), False),
    ("noshow", (screen(no=(1, 2, 6)), screen(4, when=date(2026, 8, 1))), False),  # replaced by a later screen of no
    ("noshow", (screen(), screen(4, when=date(2026, 8, 1))), True),  # a screen without answers replaces nothing
    ("noshow", (screen(4, when=date(2026, 11, 20)),), False),  # after the visit
    ("noshow", (screen(1), screen(3)), True),  # the graver of one day
]


@pytest.mark.parametrize(("status", "screens", "opens"), STANDING)
def test_a_missed_visit_opens_while_the_last_level_stands(
    *, status: str, screens: tuple[Assessment, ...], opens: bool
) -> None:
    found = signals(Seen(assessments=screens, appointments=(missed(status),)), since=SINCE)
    assert any(each.kind is Kind.MISSED_VISIT for each in found) is opens


def test_a_staff_member_is_believed_at_once() -> None:
    signal = only(signals(Seen(calls=(Called("request/7", "Dana Reyes, LCSW", NOV_9),)), since=SINCE))
    assert (signal.kind, signal.tier, signal.key) == (Kind.COMMAND, Tier.NOW, "command:request/7")


def test_the_same_version_is_one_signal_and_an_amended_note_is_another() -> None:
    once = note("Pt wants to die.")
    again, amended = replace(once), note("Pt wants to die.", version="2")
    keys = [only(signals(Seen(notes=(each,)), since=SINCE)).key for each in (once, again, amended)]
    assert keys[0] == keys[1] != keys[2]
    assert len(signals(Seen(notes=(once, again)), since=SINCE)) == 1


def test_what_is_older_than_asked_for_stays_out_and_what_has_no_date_does_not() -> None:
    old, undated = phq9(3, when=date(2026, 10, 31)), phq9(3, when=None)
    assert signals(Seen(assessments=(old,)), since=SINCE) == ()
    assert only(signals(Seen(assessments=(undated,)), since=SINCE)).when is None


def test_the_gravest_comes_first() -> None:
    seen = Seen(assessments=(phq9(1), screen(5)), notes=(note("Unable to assess SI."),))
    assert [each.tier for each in signals(seen, since=SINCE)] == [Tier.NOW, Tier.SAME_DAY, Tier.FOLLOW_UP]
