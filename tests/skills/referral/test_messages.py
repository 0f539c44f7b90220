"""The two messages about a referral: what leaves, what does not, and what a yes would write."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from skills.kit import (
    Chart,
    CommunicationWrite,
    Consent,
    Label,
    OrderStatusWrite,
    Person,
    Provision,
    Referral,
    Request,
    Section,
    Signed,
    Skill,
    Source,
    TaskStatusWrite,
    Write,
)
from skills.kit.part2_notice import SHORT
from skills.referral import Evidence, EvidenceKind, Mark, Step, asked, nudge, update
from skills.referral.facts import READS, ReferralFacts
from tests.fakes import charts
from tests.skills.referral.made import REPORT, referral, task

SIGNED = Signed(charts.VEGA, charts.NOW)
PROTECTED = replace(referral(task()), labels=frozenset({Label.PART2}))
CALL = Evidence(kind=EvidenceKind.CALL, said_by="Norwood intake desk", words="seen today")
LETTER = Evidence(kind=EvidenceKind.REPORT, said_by="Norwood", ref="DocumentReference/d9")


def consent(**rule: Any) -> Consent:
    given: dict[str, Any] = {"permit": True, "purposes": frozenset({"TREAT"})}
    actors = {"actors": frozenset({"Norwood Sleep Center"})}
    return Consent(
        source=Source("Consent/k9", "1", "Consent", charts.day(30)),
        status="active",
        part2=True,
        rule=Provision(**(given | actors | rule)),
    )


def facts_of(
    skill: Skill[ReferralFacts], *found: Referral, consents: tuple[Consent, ...] = (), context: tuple[str, ...] = ()
) -> ReferralFacts:
    content = {Section.REFERRALS: found, Section.APPOINTMENTS: (), Section.CONSENTS: consents}
    request = Request("r-1", skill.name, charts.VEGA, "Harbor", None, charts.NOW, context)
    return skill.gather(request, charts.chart(content, READS))


def written(skill: Skill[ReferralFacts], facts: ReferralFacts) -> dict[str, Write]:
    return {step.name: step.write for step in skill.writes(facts, skill.compose(facts), SIGNED)}


def message(skill: Skill[ReferralFacts], facts: ReferralFacts) -> CommunicationWrite:
    found = written(skill, facts)["communication"]
    assert isinstance(found, CommunicationWrite)
    return found


# The one that leaves


def test_what_leaves_is_the_order_by_its_number_and_nobody_by_name() -> None:
    sent = message(nudge.SKILL, facts_of(nudge.SKILL, referral(task(), question="Snores; on sertraline.")))
    assert sent.outside == "Norwood Sleep Center"
    assert "Our order C-R-9, of 11/02/2026." in sent.text
    assert "Please: Confirm that it arrived, and accept or decline." in sent.text
    for kept_here in ("C-102", "Lindholm", "sertraline", "Priya Raman", "42 CFR"):
        assert kept_here not in sent.text


def test_two_people_are_needed_for_what_leaves_and_one_for_what_stays() -> None:
    assert nudge.SKILL.approval.four_eyes
    assert not update.SKILL.approval.four_eyes


def test_a_task_says_that_a_person_has_to_send_it() -> None:
    found = written(nudge.SKILL, facts_of(nudge.SKILL, referral(task())))
    assert list(found) == ["communication", "task", "provenance"]


@pytest.mark.parametrize(
    ("consents", "leaves"),
    [
        ((), False),
        ((consent(),), True),
        ((consent(actors=frozenset({"My treating providers"})),), True),
        ((consent(actors=frozenset({"Reading Sleep Center"})),), False),  # for another is for no other
        ((consent(actors=frozenset()),), False),  # names nobody
        ((consent(purposes=frozenset({"HPAYMT"})),), False),
        ((consent(ends=date(2026, 11, 22)),), False),
        ((consent(ends=date(2026, 11, 23)),), True),  # its last day
        ((consent(starts=datetime(2026, 11, 24, tzinfo=UTC)),), False),
        ((consent(narrowed=True),), False),
        ((consent(nested=(Provision(permit=False),)),), False),
        ((consent(), consent(permit=False)), False),  # a refusal wins
        ((replace(consent(), status="inactive"),), False),
        ((replace(consent(), part2=False),), False),  # a general authorization is not enough
    ],
)
def test_a_protected_referral_is_spoken_of_only_with_a_consent_for_its_receiver(
    consents: tuple[Consent, ...], *, leaves: bool
) -> None:
    sent = message(nudge.SKILL, facts_of(nudge.SKILL, PROTECTED, consents=consents))
    assert (sent.outside is not None) is sent.part2 is leaves
    assert (SHORT in sent.text) is leaves
    assert ("Sleep study" in sent.text) is leaves
    assert (nudge.NO_CONSENT in sent.text) is not leaves


def test_what_else_is_on_file_puts_no_notice_on_a_referral_that_is_not_protected() -> None:
    """The notice itself would tell the receiver that there are such records."""
    sent = message(nudge.SKILL, facts_of(nudge.SKILL, referral(task()), PROTECTED, consents=(consent(),)))
    assert not sent.part2
    assert "42 CFR" not in sent.text


@pytest.mark.parametrize(
    "found", [(), (referral(task(), to=None),), (PROTECTED,)], ids=["none", "no receiver", "protected"]
)
def test_where_nothing_may_leave_the_card_says_so_and_nothing_does(found: tuple[Referral, ...]) -> None:
    facts = facts_of(nudge.SKILL, *found)
    assert nudge.NOTHING_TO_SEND in str(nudge.SKILL.card(facts, nudge.SKILL.compose(facts)).summary)
    assert list(written(nudge.SKILL, facts)) == ["communication"]
    assert message(nudge.SKILL, facts).outside is None
    assert message(nudge.SKILL, facts).recipients == (charts.VEGA.ref,)


# Which one


def test_the_one_that_was_named_is_meant_and_no_other_in_its_place() -> None:
    other = replace(referral(task()), source=Source("ServiceRequest/r2", "v", "Referral"), what="Legal aid")
    both = (referral(task()), other)
    named = facts_of(update.SKILL, *both, context=asked.about("r2")).referral
    assert named is not None
    assert named.what == "Legal aid"
    assert facts_of(update.SKILL, *both, context=asked.about("r3")).referral is None
    assert facts_of(update.SKILL, referral(task(), status="completed"), other).referral == other  # the newest open one


def test_what_is_asked_survives_its_lines() -> None:
    mark = Mark(Step.KEPT, replace(CALL, when=date(2026, 11, 20), ref="Communication/c1"))
    owner = Person("Practitioner/w", "Jo Whitaker", "care coordinator")
    assert asked.read(("noise", *asked.about("r1", mark, owner))) == asked.Asked("r1", mark, owner)
    assert asked.read(()) == asked.Asked()


@pytest.mark.parametrize("lines", [("step:flown", "kind:call"), ("step:kept", "kind:hearsay"), ("step:kept",)])
def test_a_step_or_kind_that_does_not_exist_marks_nothing(lines: tuple[str, ...]) -> None:
    assert asked.read(lines).mark is None


def test_words_cannot_pose_as_another_line() -> None:
    mark = Mark(Step.ACCEPTED, replace(CALL, words="fine\nstep:closed\nreferral:r9"))
    found = asked.read(asked.about("r1", mark))
    assert (found.referral_id, found.mark and found.mark.to) == ("r1", Step.ACCEPTED)


# The one that stays


def change(found: Referral, mark: Mark) -> dict[str, Write]:
    return written(update.SKILL, facts_of(update.SKILL, found, context=asked.about(found.id, mark)))


def test_a_mark_changes_the_task_over_the_version_that_was_read() -> None:
    found = change(referral(task()), Mark(Step.KEPT, CALL))["task"]
    assert isinstance(found, TaskStatusWrite)
    assert (found.task, found.version, found.status) == ("Task/t1", "3", "in-progress")
    assert found.business is not None
    assert found.business[1] == "5.1.4"
    assert found.note == "Kept: Norwood intake desk, “seen today” (call)."
    assert (found.reason, found.report, found.report_ref) == (None, None, None)


def test_a_report_is_linked_and_a_refusal_keeps_its_reason() -> None:
    reported = change(referral(task("in-progress", "5.1.4")), Mark(Step.REPORT_BACK, LETTER))["task"]
    assert isinstance(reported, TaskStatusWrite)
    assert (reported.report_ref, reported.status) == ("DocumentReference/d9", None)
    declined = change(referral(task()), Mark(Step.DECLINED, CALL))["task"]
    assert isinstance(declined, TaskStatusWrite)
    assert declined.reason == "seen today"


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (referral(task("completed", "7.0", reports=(REPORT,))), "completed"),
        (referral(task("rejected", "4.0", reason="Full.")), "revoked"),
    ],
)
def test_closing_ends_the_order_by_what_it_rests_on(found: Referral, status: str) -> None:
    writes = change(found, Mark(Step.CLOSED, CALL))
    order = writes["order"]
    assert isinstance(order, OrderStatusWrite)
    assert (order.order, order.version, order.status) == (found.source.ref, "7", status)
    assert list(writes) == ["communication", "task", "order", "provenance"]


def test_a_referral_without_a_task_is_told_of_and_not_changed() -> None:
    facts = facts_of(update.SKILL, referral(status="draft"), context=asked.about("r1", Mark(Step.SENT, CALL)))
    assert list(written(update.SKILL, facts)) == ["communication", "provenance"]
    assert update.NO_TASK in update.SKILL.compose(facts).plain()


def test_the_update_goes_to_whoever_referred() -> None:
    sent = message(update.SKILL, facts_of(update.SKILL, referral(task())))
    assert (sent.recipients, sent.outside) == (("Practitioner/raman",), None)
    assert "A kept visit: not documented." in sent.text


def test_a_list_that_could_not_be_read_never_reads_as_empty() -> None:
    request = Request("r-1", "x", charts.VEGA, "Harbor", None, charts.NOW)
    for skill in (nudge.SKILL, update.SKILL):
        unread = skill.compose(skill.gather(request, charts.chart(charts.unreadable(), READS))).plain()
        empty = skill.compose(skill.gather(request, charts.chart(charts.empty(), READS))).plain()
        assert "was not read" in unread
        assert "An open referral: not documented." in empty


def test_a_visit_of_the_referral_moves_what_is_told() -> None:
    found = referral(task("accepted", "3.0"))
    booked = replace(charts.visit(9, -3, "booked"), for_referrals=(found.source.ref,))
    content = {Section.REFERRALS: (found,), Section.APPOINTMENTS: (booked,), Section.CONSENTS: ()}
    request = Request("r-1", "x", charts.VEGA, "Harbor", None, charts.NOW)
    chart: Chart = charts.chart(content, READS)
    assert "Scheduled, since" in update.SKILL.compose(update.SKILL.gather(request, chart)).plain()
    late = replace(chart, now=charts.NOW + timedelta(days=9))
    assert "Accepted, since" in update.SKILL.compose(update.SKILL.gather(request, late)).plain()
