"""42 CFR Part 2: every case of a consent, and what is left of a chart that none covers."""

from datetime import UTC, date, datetime

import pytest

from bot.privacy.consent import (
    NOT_TOLD,
    NOTHING_PROTECTED,
    Ruling,
    Told,
    Use,
    holds_protected,
    rests_on_none,
    rule_on,
    tellable,
    withhold,
)
from bot.privacy.labels import speaks_of_substances
from ehr_clients.models import (
    ChartData,
    Client,
    Consent,
    Label,
    Missing,
    Problem,
    Provision,
    Read,
    Section,
    Source,
    Why,
)
from skills.kit import Purpose

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
A, B, C = "Practitioner/a", "Practitioner/b", "Practitioner/c"


def use(*actors: str, within_program: bool = False, purpose: Purpose = Purpose.TREATMENT) -> Use:
    return Use(purpose=purpose, actors=frozenset(actors or (A, B)), within_program=within_program, at=NOW)


def consent(rule: Provision | None, *, status: str = "active", part2: bool = True, name: str = "1") -> Consent:
    return Consent(source=Source(f"Consent/{name}", "1", "Consent"), status=status, part2=part2, rule=rule)


def on_file(*consents: Consent, incomplete: str | None = None) -> Read[Consent]:
    return Read(consents, as_of=NOW, incomplete=incomplete)


PERMIT = Provision(permit=True, purposes=frozenset({"TREAT"}))


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (PERMIT, True),
        (Provision(permit=True), True),  # names nobody and nothing: narrows nothing
        (Provision(permit=True, purposes=frozenset({"HPAYMT"})), False),
        (Provision(permit=True, actors=frozenset({A, B})), True),
        (Provision(permit=True, actors=frozenset({A})), False),  # consent for one is none for others
        (Provision(permit=True, actors=frozenset({C})), False),
        (Provision(permit=True, actors=frozenset({"My treating providers, health plans and payers"})), True),
        (Provision(permit=True, actors=frozenset({"Penn Valley Care Management"})), False),
        (Provision(permit=False, actors=frozenset({"My treating providers"})), False),
        (Provision(permit=True, starts=date(2026, 11, 23)), True),
        (Provision(permit=True, starts=date(2026, 11, 24)), False),
        (Provision(permit=True, ends=date(2026, 11, 23)), True),  # to the end of its last day
        (Provision(permit=True, ends=date(2026, 11, 22)), False),
        (Provision(permit=True, ends=datetime(2026, 11, 23, 18, tzinfo=UTC)), False),
        (Provision(permit=False), False),
        (Provision(permit=True, nested=(Provision(permit=False, actors=frozenset({B})),)), False),
        (Provision(permit=True, nested=(Provision(permit=False, actors=frozenset({C})),)), True),
        (Provision(permit=False, nested=(Provision(permit=True, actors=frozenset({A, B})),)), True),
        (Provision(permit=False, nested=(Provision(permit=True, actors=frozenset({A})),)), False),
        (Provision(permit=False, actors=frozenset({C})), False),  # denies others, permits nobody
        (Provision(permit=True, labels=frozenset({"SUD"})), True),
        (Provision(permit=True, labels=frozenset({"HIV"})), False),  # is about other records
        (Provision(permit=True, nested=(Provision(permit=False, labels=frozenset({"ETH"})),)), False),
        (Provision(permit=True, nested=(Provision(permit=False, labels=frozenset({"HIV"})),)), True),
        (Provision(permit=True, nested=(Provision(permit=False, purposes=frozenset({"HPAYMT"})),)), True),
        (Provision(permit=True, nested=(Provision(permit=False, purposes=frozenset({"TREAT"})),)), False),
        (Provision(permit=True, nested=(Provision(permit=False, ends=date(2026, 11, 1)),)), True),  # refused no longer
        (Provision(permit=True, nested=(Provision(permit=True, actors=frozenset({A, B})),)), True),
        (Provision(permit=True, nested=(Provision(permit=True, actors=frozenset({C})),)), False),  # says whom exactly
        (Provision(permit=True, narrowed=True), False),  # to documents or dates that nobody here can check
        (Provision(permit=False, narrowed=True), False),
        (Provision(permit=True, nested=(Provision(permit=False, narrowed=True),)), False),
    ],
)
def test_one_consent(rule: Provision, *, allowed: bool) -> None:
    assert rule_on(on_file(consent(rule)), use()).allowed is allowed


@pytest.mark.parametrize(
    "found",
    [
        on_file(),
        on_file(consent(PERMIT, status="inactive")),
        on_file(consent(PERMIT, status="rejected")),
        on_file(consent(PERMIT, status="draft")),
        on_file(consent(PERMIT, status="entered-in-error")),
        on_file(consent(PERMIT, part2=False)),  # a consent to telehealth is none to this
        on_file(consent(None)),
        on_file(consent(PERMIT), incomplete="Some consents may be missing."),
        Missing(Why.UNAVAILABLE, "The consents could not be read."),
        Missing(Why.REFUSED, "The consents may not be read."),
    ],
)
def test_everything_unclear_is_a_no(found: Read[Consent] | Missing) -> None:
    assert not rule_on(found, use()).allowed


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        (on_file(consent(PERMIT)), "part2.consent"),
        (on_file(), "part2.no_consent"),
        (on_file(consent(PERMIT, status="inactive")), "part2.revoked"),
        (on_file(consent(Provision(permit=True, ends=date(2026, 11, 22)))), "part2.expired"),
        (on_file(consent(Provision(permit=True, starts=date(2026, 11, 24)))), "part2.not_yet"),
        (on_file(consent(Provision(permit=True, actors=frozenset({C})))), "part2.other_recipient"),
        (on_file(consent(Provision(permit=True, purposes=frozenset({"HPAYMT"})))), "part2.other_purpose_or_records"),
        (on_file(consent(Provision(permit=False))), "part2.denied"),
        (on_file(consent(PERMIT), incomplete="Some are missing."), "part2.consents_incomplete"),
        (Missing(Why.UNAVAILABLE, "Not read."), "part2.consents_unreadable"),
    ],
)
def test_each_answer_names_its_rule(found: Read[Consent] | Missing, rule: str) -> None:
    assert rule_on(found, use()).rule == rule


def test_one_denial_wins_over_any_permit() -> None:
    both = on_file(consent(PERMIT, name="1"), consent(Provision(permit=False, actors=frozenset({B})), name="2"))
    assert not rule_on(both, use(A, B)).allowed
    assert rule_on(both, use(A, C)).allowed


def test_within_one_program_no_consent_is_needed() -> None:
    assert rule_on(on_file(), use(within_program=True)).allowed


def test_a_stamp_changes_with_the_consent_and_says_what_kind_it_is() -> None:
    first = rule_on(on_file(consent(PERMIT)), use())
    other = rule_on(on_file(consent(PERMIT, name="2")), use())
    none = rule_on(on_file(), use())
    assert len({first.stamp(), other.stamp(), none.stamp(), NOTHING_PROTECTED.stamp()}) == 4
    assert [holds_protected(r.stamp()) for r in (first, none, NOTHING_PROTECTED)] == [True, False, False]
    assert [rests_on_none(r.stamp()) for r in (first, none, NOTHING_PROTECTED)] == [False, False, True]
    assert all(len(r.stamp()) <= 64 for r in (first, other, none))


def problem(text: str, *labels: Label) -> Problem:
    return Problem(source=Source(f"Condition/{text}", "1", "Problem"), text=text, labels=frozenset(labels))


def chart(*problems: Problem) -> ChartData:
    who = Client(source=Source("Patient/x", "1", "Client"), id="x", family="X", given=("Y",), birth_date=None)
    gap = Missing(Why.UNAVAILABLE, "Not read.")
    return ChartData(who, {Section.PROBLEMS: Read(problems, as_of=NOW), Section.NOTES: gap})


@pytest.mark.parametrize("label", [Label.PART2, Label.PART2_PENDING])
def test_what_no_consent_covers_is_left_out_and_counted(label: Label) -> None:
    data, counts = withhold(chart(problem("anxiety"), problem("use", label)), Ruling(allowed=False, rule="no"))
    left = data.sections[Section.PROBLEMS]
    assert isinstance(left, Read)
    assert [item.source.ref for item in left.items] == ["Condition/anxiety"]
    assert "1 record" in (left.incomplete or "")
    assert counts == {Section.PROBLEMS: 1}


def test_words_that_tell_are_left_out_with_the_codes() -> None:
    data, counts = withhold(
        chart(problem("use", Label.PART2), problem("sleeps badly after the wine"), problem("grief")),
        Ruling(allowed=False, rule="no"),
    )
    left = data.sections[Section.PROBLEMS]
    assert isinstance(left, Read)
    assert [item.source.ref for item in left.items] == ["Condition/grief"]
    assert counts == {Section.PROBLEMS: 2}


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Eleven dry days, counted on the fridge.", True),
        ("She will call Dr. Raman about naltrexone first.", True),
        ("AUD, in early remission", True),
        ("Goes to AA on Tuesdays", True),
        ("Methadone from an outside program", True),
        ("Two drinks at the co-op dinner", True),
        ("UDS negative", True),
        ("aa", False),
        ("Her mother and the matte paint", False),
        ("Recurrent depressive disorder, sertraline raised", False),
        ("Wrote to the audience of the county fair", False),
        ("Uses breathing before the bus", False),
        ("", False),
    ],
)
def test_a_text_that_speaks_of_substances(text: str, *, tells: bool) -> None:
    assert speaks_of_substances(text) is tells


def test_a_section_of_which_nothing_is_left_is_missing_and_not_empty() -> None:
    data, _ = withhold(chart(problem("use", Label.PART2)), Ruling(allowed=False, rule="no"))
    left = data.sections[Section.PROBLEMS]
    assert isinstance(left, Missing)
    assert left.why is Why.WITHHELD
    assert data.sections[Section.NOTES] == Missing(Why.UNAVAILABLE, "Not read.")


def test_with_a_consent_nothing_is_left_out() -> None:
    whole = chart(problem("use", Label.PART2))
    assert withhold(whole, Ruling(allowed=True, rule="yes")) == (whole, {})


# What Baton itself would say


REFUSED = Ruling(allowed=False, rule="part2.no_consent")


@pytest.mark.parametrize(
    ("told", "ruling", "said"),
    [
        (Told("E-1, level now."), REFUSED, "E-1, level now."),
        (Told("PHQ-9 item 9: 2.", "Observation/other"), REFUSED, "PHQ-9 item 9: 2."),
        (Told("Goodbye in a note.", "DocumentReference/held"), REFUSED, NOT_TOLD),
        (Told("Goodbye, and relapse on heroin.", "Communication/unread"), REFUSED, NOT_TOLD),
        (Told("In their words: she relapsed on heroin."), REFUSED, "In their words: she relapsed on heroin."),
        (Told("Goodbye in a note.", "DocumentReference/held"), NOTHING_PROTECTED, "Goodbye in a note."),
    ],
)
def test_what_rests_on_a_withheld_record_is_not_told(told: Told, ruling: Ruling, said: str) -> None:
    held = Problem(source=Source("DocumentReference/held", "1", "Note"), labels=frozenset({Label.PART2}), text="x")
    assert tellable([told], chart(held), ruling) == (said,)
