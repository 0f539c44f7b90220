"""`/referral-update C-102`: where a referral stands, told to whoever referred and to the team, and marked in the EHR.

What is marked comes with the request (asked.py) and follows the loop (loop.py): the task's status and business status
change over the version that was read, with a note of who said so and what it rests on. Closing ends the order as well.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from ehr_clients.codes import BSER_BUSINESS_STATUS, REFERRAL_STEP
from skills.kit import (
    Approval,
    Banner,
    Block,
    Card,
    Command,
    CommunicationWrite,
    DraftText,
    Line,
    OrderStatusWrite,
    Passage,
    Purpose,
    Referral,
    Role,
    Row,
    Rows,
    Signed,
    Skill,
    Sourced,
    TaskStatusWrite,
    Title,
    Tone,
)
from skills.kit import Step as Filing
from skills.kit.words import bare, day
from skills.referral.facts import READS, ReferralFacts, gather
from skills.referral.filing import provenance
from skills.referral.say import about, confidentiality, fact, missing, named, none_found, told
from skills.referral.steps import Closure, EvidenceKind, Mark, Refused, Standing, Step

NOTICE = "Baton: a referral update needs a decision"
NO_TASK = "The EHR holds no task for this referral, so its status is told in the message and not changed there."


def _bser(code: str, words: str) -> tuple[str, str, str]:
    return (BSER_BUSINESS_STATUS, code, words)


# Task.status and Task.businessStatus of each step; truth.py reads the same table backwards. None: left as it is.
AS_TASK: Final[Mapping[Step, tuple[str | None, tuple[str, str, str] | None]]] = {
    Step.DRAFTED: (None, None),
    Step.SENT: ("requested", _bser("2.0", "Service Request Created")),
    Step.RECEIVED: ("received", (REFERRAL_STEP, "received", "Received")),
    Step.ACCEPTED: ("accepted", _bser("3.0", "Service Request Accepted")),
    Step.SCHEDULED: ("in-progress", _bser("5.1.1", "Service Request Event Scheduled")),
    Step.NO_SHOW: ("in-progress", _bser("5.1.2", "Scheduled Service Request Event Unattended")),
    Step.KEPT: ("in-progress", _bser("5.1.4", "Service Request Event Completed")),
    Step.REPORT_BACK: (None, None),  # the report is the task's output
    Step.DECLINED: ("rejected", _bser("4.0", "Service Request Declined")),
    Step.UNREACHABLE: ("on-hold", (REFERRAL_STEP, "unreachable", "Client unreachable")),
    Step.REDIRECTED: ("cancelled", (REFERRAL_STEP, "redirected", "Redirected to another provider")),
    Step.CLOSED: ("completed", _bser("7.0", "Service Request Fulfillment Completed")),
}


def compose(facts: ReferralFacts) -> DraftText:
    heading = f"Referral update {facts.alias}, {day(facts.at)}"
    if facts.referral is None or facts.standing is None:
        return DraftText(heading, (none_found(facts),))
    passages = (
        Passage("referral", "Referral", tuple(_which(facts.referral))),
        Passage("standing", "Where it stands", tuple(_standing(facts, facts.referral, facts.standing))),
        Passage("marked", "What is marked", tuple(_marked(facts))),
        Passage("next", "Next step", (_next(facts, facts.standing),)),
        Passage("confidentiality", "Confidentiality", tuple(confidentiality(facts))),
    )
    return DraftText(heading, tuple(passage for passage in passages if passage.lines))


def _which(referral: Referral) -> Iterator[Line]:
    yield fact(f"{bare(referral.what)}, ordered {day(referral.when)}.", referral)
    if referral.to:
        yield fact(f"To: {referral.to}.", referral)
    else:
        yield missing("To: not documented.")
    if referral.requester:
        yield fact(f"From: {referral.requester}.", referral)


def _standing(facts: ReferralFacts, referral: Referral, standing: Standing) -> Iterator[Line]:
    if standing.step is None:
        yield missing("The EHR does not say where this referral stands.")
        return
    yield fact(f"{standing.word.capitalize()}, since {day(standing.since)}.", referral)
    yield from (fact(f"Visit kept: {told(each)}.", referral) for each in (standing.kept,) if each)
    yield from (fact(f"Report: {told(each)}.", referral) for each in (standing.report,) if each)
    if standing.kept is None:
        yield missing("A kept visit: not documented.")
    if standing.report is None:
        yield missing("A report: not documented.")


def _marked(facts: ReferralFacts) -> Iterator[Line]:
    """What whoever asked says happened: their words, and not the chart's."""
    match facts.moved:
        case Refused(reason):
            yield missing(f"Not marked: {reason}")
        case Standing() as moved:
            yield about(f"{moved.word.capitalize()}, on the word of {_said(facts.mark)}.")
            if facts.referral and facts.referral.task is None:
                yield missing(NO_TASK)
        case None:
            pass
    if facts.owner:
        yield about(f"Looked after by {named(facts.owner)} from now on.")


def _said(mark: Mark | None) -> str:
    return bare(told(mark.evidence)) if mark else ""


def _next(facts: ReferralFacts, standing: Standing) -> Line:
    found = facts.moved if isinstance(facts.moved, Standing) else standing
    return about(f"{found.next_step} Owed by: {_owes(facts, found)}.")


def _owes(facts: ReferralFacts, standing: Standing) -> str:
    """Whoever referred, where it is us."""
    ours = facts.referral.requester if facts.referral else None
    return (ours or "whoever referred") if standing.who_owes == "us" else standing.who_owes


def card(facts: ReferralFacts, text: DraftText) -> Card:
    standing, moved = facts.standing, facts.moved
    after = moved.word if isinstance(moved, Standing) else "as it is"
    rows = Rows(
        (
            Row("Step", standing.word if standing else "not known"),
            Row("Since", day(standing.since if standing else None)),
            Row("Becomes", after),
            Row("Asked by", named(facts.asked_by)),
        )
    )
    summary: tuple[Block, ...] = (Title(f"Referral update {facts.alias}"), rows, *_warnings(facts))
    return Card(NOTICE, summary, (Title(text.heading), *(Sourced(passage) for passage in text.passages)))


def _warnings(facts: ReferralFacts) -> Iterator[Block]:
    if facts.referral is None:
        yield Banner(Tone.STOP, "No referral to speak of: reject this draft.")
    if isinstance(facts.moved, Refused):
        yield Banner(Tone.STOP, f"Nothing is marked. {facts.moved.reason}")
    if isinstance(facts.moved, Standing) and facts.referral and facts.referral.task is None:
        yield Banner(Tone.WARNING, NO_TASK)
    if facts.part2:
        yield Banner(Tone.STOP, "42 CFR Part 2: see the detail.")


def writes(facts: ReferralFacts, text: DraftText, signed: Signed) -> tuple[Filing, ...]:
    """The message, then the task, then the order: a change by somebody else in between stops before the order ends."""
    message = Filing("communication", _message(facts, text, signed))
    changes = tuple(_changes(facts, signed))
    return (message, *changes, Filing("provenance", provenance(facts, text, signed)))


def _changes(facts: ReferralFacts, signed: Signed) -> Iterator[Filing]:
    referral, moved = facts.referral, facts.moved
    if referral is None or referral.task is None or isinstance(moved, Refused):
        return
    if moved is not None or facts.owner:
        yield Filing("task", _task(facts, referral, moved, signed))
    if moved is not None and moved.closure:
        yield Filing("order", _order(facts, referral, moved.closure, signed))


def _task(facts: ReferralFacts, referral: Referral, moved: Standing | None, signed: Signed) -> TaskStatusWrite:
    assert referral.task is not None
    status, business = _as_task(facts.mark, moved)
    said = facts.mark.evidence if facts.mark and moved else None
    report = said if said and facts.mark and facts.mark.to is Step.REPORT_BACK else None
    refused = moved is not None and moved.step in {Step.DECLINED, Step.REDIRECTED, Step.UNREACHABLE}
    return TaskStatusWrite(
        client_id=facts.client_id,
        task=referral.task.ref,
        version=referral.task.version,
        status=status,
        business=business,
        reason=said.words.strip() or None if said and refused else None,
        note=_note(facts, moved),
        report=(report.words.strip() or told(report)) if report else None,
        report_ref=report.ref if report and report.kind is EvidenceKind.REPORT else None,
        owner=facts.owner.ref if facts.owner else None,
        author=signed.by.ref,
        when=signed.at,
        part2=facts.part2,
    )


def _as_task(mark: Mark | None, moved: Standing | None) -> tuple[str | None, tuple[str, str, str] | None]:
    """By what is marked. A refusal or redirect closes the order; its task keeps what it says."""
    if mark is None or moved is None or moved.closure in {Closure.REFUSAL, Closure.REDIRECT}:
        return (None, None)
    return AS_TASK[mark.to]


def _note(facts: ReferralFacts, moved: Standing | None) -> str:
    """Who said it, and what it rests on; for the closing, what that rests on."""
    parts = [f"{moved.word.capitalize()}: {_said(facts.mark)}."] if moved else []
    if moved and moved.closure:
        parts.append(f"Closed on {moved.closure.value.replace('_', ' ')}.")
    if facts.owner:
        parts.append(f"Looked after by {named(facts.owner)} from now on.")
    return " ".join(parts)


def _order(facts: ReferralFacts, referral: Referral, closure: Closure, signed: Signed) -> OrderStatusWrite:
    return OrderStatusWrite(
        client_id=facts.client_id,
        order=referral.source.ref,
        version=referral.version,
        status="completed" if closure is Closure.VISIT_AND_REPORT else "revoked",
        note=_note(facts, facts.moved if isinstance(facts.moved, Standing) else None),
        author=signed.by.ref,
        when=signed.at,
        part2=facts.part2,
    )


def _message(facts: ReferralFacts, text: DraftText, signed: Signed) -> CommunicationWrite:
    requester = facts.referral.requester_ref if facts.referral else None
    told_to = (requester, facts.to.ref if facts.to else None, facts.owner.ref if facts.owner else None)
    return CommunicationWrite(
        client_id=facts.client_id,
        sender=signed.by.ref,
        recipients=tuple(dict.fromkeys(ref for ref in told_to if ref and ref.startswith("Practitioner"))),
        text=text.plain(),
        when=signed.at,
        about=(facts.referral.source.ref,) if facts.referral else (),
        part2=facts.part2,
    )


SKILL = Skill(
    name="referral_update",
    title="Referral update",
    command=Command("referral-update", "C-102 [to a colleague]", "Draft a status update of a referral"),
    reads=READS,
    purpose=Purpose.TREATMENT,
    approval=Approval(
        roles=frozenset({Role.CARE_COORDINATOR, Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR}),
        licensed=False,
        four_eyes=False,
        expires_after=timedelta(hours=24),
    ),
    facts=ReferralFacts,
    gather=gather,
    compose=compose,
    card=card,
    writes=writes,
)
