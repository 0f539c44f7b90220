"""Five kinds of consent, two of which stand alone; which elements a record states; its scope in a sentence."""

from datetime import UTC, date, datetime

import pytest

from bot.privacy.consent import Use, rule_on
from bot.privacy.consent_kinds import ELEMENTS, FOR_TPO, Kind, deficient, kinds, missing_elements
from ehr_clients.models import Consent, Provision, Read, Source
from skills.kit import Purpose
from skills.kit.part2_notice import scope, scopes

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
USE = Use(Purpose.TREATMENT, frozenset({"Practitioner/a"}), within_program=False, at=NOW)


def consent(
    category: str, *purposes: str, policy: str | None = None, stated: frozenset[str] = frozenset(), permit: bool = True
) -> Consent:
    rule = Provision(permit=permit, purposes=frozenset(purposes))
    found = Source("Consent/1", "1", "Consent")
    return Consent(
        source=found, status="active", part2=True, rule=rule, category=category, policy=policy, stated=stated
    )


@pytest.mark.parametrize(
    ("category", "purposes", "found", "permits"),
    [
        ("Consent", ("TREAT", "HPAYMT", "HOPERAT"), {Kind.TPO_SINGLE}, True),
        ("Consent for treatment, payment and operations", ("TREAT",), {Kind.TPO_SINGLE}, True),
        ("Release to the new clinic", ("TREAT",), {Kind.SPECIFIC}, True),
        ("Health information exchange", ("TREAT",), {Kind.INTERMEDIARY}, True),
        ("SUD counseling notes", ("TREAT",), {Kind.SUD_COUNSELING_NOTES}, False),
        ("SUD counselling notes", (), {Kind.SUD_COUNSELING_NOTES}, False),
        ("Use in a criminal proceeding", ("HLEGAL",), {Kind.LEGAL_PROCEEDINGS}, False),
        ("Use in legal proceedings", (), {Kind.LEGAL_PROCEEDINGS}, False),
        ("Counseling appointments", ("TREAT",), {Kind.SPECIFIC}, True),  # a near miss
        ("Proceed with treatment", ("TREAT",), {Kind.SPECIFIC}, True),
    ],
)
def test_the_kind_of_a_consent_and_whether_it_covers_the_record(
    category: str, purposes: tuple[str, ...], found: set[Kind], *, permits: bool
) -> None:
    one = consent(category, *purposes)
    assert kinds(one) == found
    assert not deficient(one)
    ruling = rule_on(Read((one,), as_of=NOW), USE)
    assert ruling.allowed is permits
    assert permits or ruling.rule == "part2.other_consent"


@pytest.mark.parametrize(
    "combined",
    [
        consent("Treatment, payment and operations, and SUD counseling notes", "TREAT"),
        consent("Treatment, payment and operations; use in legal proceedings", "TREAT"),
        consent("SUD counseling notes for court proceedings", "HLEGAL"),
        consent("SUD counseling notes", "TREAT", "HPAYMT", "HOPERAT"),
        consent("Use in legal proceedings", "TREAT"),
        consent("Consent", "TREAT", "HLEGAL"),
    ],
    ids=lambda c: str(c.category),
)
def test_counseling_notes_and_proceedings_combine_with_nothing(combined: Consent) -> None:
    assert deficient(combined)
    ruling = rule_on(Read((combined,), as_of=NOW), USE)
    assert (ruling.allowed, ruling.rule) == (False, "part2.combined_consent")


def test_a_policy_that_says_what_it_is_not_for_stays_what_it_is() -> None:
    text = "42 CFR Part 2. Not for use in legal proceedings against you, nor for SUD counseling notes."
    assert kinds(consent("Release", "TREAT", policy=text)) == {Kind.SPECIFIC}


def test_a_deficient_consent_still_refuses() -> None:
    no = consent("Use in legal proceedings", "TREAT", permit=False)
    assert deficient(no)
    assert rule_on(Read((no, consent("Release", "TREAT")), as_of=NOW), USE).rule == "part2.denied"
    assert rule_on(Read((consent("Release", "TREAT"),), as_of=NOW), USE).allowed


def test_elements_that_are_not_stated_are_named() -> None:
    assert missing_elements(consent("Release", "TREAT")) == ELEMENTS
    assert missing_elements(consent("Release", "TREAT", stated=frozenset(ELEMENTS))) == ()
    all_but = frozenset(ELEMENTS) - {"signature", "expiry"}
    assert missing_elements(consent("Release", "TREAT", stated=all_but)) == ("expiry", "signature")


def test_one_for_all_future_treatment_may_have_no_end_and_must_say_more() -> None:
    tpo = consent("TPO", "TREAT", stated=frozenset(ELEMENTS) - {"expiry"})
    assert missing_elements(tpo) == FOR_TPO


def test_the_scope_is_a_sentence() -> None:
    rule = Provision(
        permit=True, purposes=frozenset({"TREAT"}), actors=frozenset({"Penn Valley"}), ends=date(2027, 1, 2)
    )
    told = scope(Consent(source=Source("Consent/1", "1", "Consent"), status="active", rule=rule))
    assert told == "Consent on file: to Penn Valley; for treatment; until 2027-01-02; can be revoked."
    assert "recipients not named" in scope(consent("Release"))


def test_only_consents_in_force_have_a_scope() -> None:
    def one(status: str, *, permit: bool = True, part2: bool = True) -> Consent:
        rule = Provision(permit=permit)
        return Consent(source=Source("Consent/1", "1", "Consent"), status=status, part2=part2, rule=rule)

    assert len(scopes((one("active"),))) == 1
    assert scopes((one("inactive"), one("active", permit=False), one("active", part2=False))) == ()
