"""`/nudge C-102`: a message to the provider referred to, asking for the next step. The minimum, and by two people.

It names the order by its number and date, which the receiver has, and no client. What leaves is a disclosure: whoever
asked for it may not approve it. A referral under 42 CFR Part 2 is not spoken of without a consent for its receiver.
The EHR keeps the message as prepared; a person sends it the way this provider is reached, and a task says so.
"""

from collections.abc import Iterator
from datetime import timedelta

from skills.kit import (
    Approval,
    Banner,
    Block,
    Card,
    Command,
    CommunicationWrite,
    DraftText,
    Line,
    Passage,
    Purpose,
    Referral,
    Role,
    Row,
    Rows,
    Signed,
    Skill,
    Sourced,
    Step,
    TaskWrite,
    Text,
    Title,
    Tone,
)
from skills.kit.words import as_day, bare, day
from skills.referral.facts import READS, ReferralFacts, gather, may_leave
from skills.referral.filing import provenance
from skills.referral.say import about, confidentiality, fact, missing, named, none_found
from skills.referral.steps import Owes, Standing

NOTICE = "Baton: a message about a referral needs a decision"
NO_CONSENT = (
    "This referral is under 42 CFR Part 2 and no consent on file covers its receiver, so nothing may be sent. "
    "Ask the client for a consent, or speak with compliance."
)
NO_RECEIVER = "The EHR does not say to whom this referral went, so there is nobody to send this to."
NOTHING_TO_SEND = "Nothing would be sent: reject this draft."


def compose(facts: ReferralFacts) -> DraftText:
    heading = f"Referral follow-up, {day(facts.at)}"
    if facts.referral is None or facts.standing is None:
        return DraftText(heading, (none_found(facts),))
    if why := stopped(facts):
        return DraftText(heading, (Passage("referral", "Referral", (missing(why),)),))
    passages = (
        Passage("to", "To", (fact(f"{facts.referral.to}", facts.referral),)),
        Passage("referral", "The referral", tuple(_which(facts.referral))),
        Passage("asked", "What we ask", tuple(_asked(facts.referral, facts.standing))),
        Passage("reply", "Reply to", (about(f"{named(facts.asked_by)}, {facts.team} team."),)),
        Passage("confidentiality", "Confidentiality", tuple(confidentiality(facts))),
    )
    return DraftText(heading, tuple(passage for passage in passages if passage.lines))


def stopped(facts: ReferralFacts) -> str | None:
    """Why nothing may leave; None: it may."""
    if facts.referral is not None and not (facts.referral.to or "").strip():
        return NO_RECEIVER
    return None if may_leave(facts) else NO_CONSENT


def _which(referral: Referral) -> Iterator[Line]:
    """What the receiver finds it by. No client is named, and nothing of why."""
    yield fact(f"Service: {bare(referral.what)}.", referral)
    yield fact(f"Our order {referral.number or referral.id}, of {day(referral.when)}.", referral)
    if referral.urgency in {"urgent", "asap", "stat"}:
        yield fact(f"Priority: {referral.urgency}.", referral)
    if referral.needed_by:
        yield fact(f"Needed by {day(referral.needed_by)}.", referral)


def _asked(referral: Referral, standing: Standing) -> Iterator[Line]:
    yield fact(f"What we know: {standing.word}, since {day(standing.since)}.", referral)
    if standing.owes is Owes.RECEIVER:
        yield about(f"Please: {standing.next_step}")
    else:
        yield about("Please tell us where this referral stands with you.")
    yield about("If you cannot take it, tell us so, and whom you would suggest.")


def card(facts: ReferralFacts, text: DraftText) -> Card:
    standing = facts.standing
    rows = Rows(
        (
            Row("Step", standing.word if standing else "not known"),
            Row("Since", day(standing.since if standing else None)),
            Row("Asked by", named(facts.asked_by)),
        )
    )
    ends = Text("Goes to a provider outside: a colleague of whoever asked approves it.")
    summary: tuple[Block, ...] = (Title(f"Referral follow-up {facts.alias}"), rows, *_warnings(facts), ends)
    return Card(NOTICE, summary, (Title(text.heading), *(Sourced(passage) for passage in text.passages)))


def _warnings(facts: ReferralFacts) -> tuple[Block, ...]:
    if facts.referral is None or stopped(facts):
        return (Banner(Tone.STOP, NOTHING_TO_SEND),)
    return (Banner(Tone.STOP, "42 CFR Part 2: see the consent in the detail."),) if facts.part2 else ()


def writes(facts: ReferralFacts, text: DraftText, signed: Signed) -> tuple[Step, ...]:
    if facts.referral is None or stopped(facts):
        return (Step("communication", _kept_inside(facts, text, signed)),)
    return (
        Step("communication", _message(facts, facts.referral, text, signed)),
        Step("task", _to_send(facts, facts.referral, signed)),
        Step("provenance", provenance(facts, text, signed)),
    )


def _message(facts: ReferralFacts, referral: Referral, text: DraftText, signed: Signed) -> CommunicationWrite:
    """To the receiver alone, by name: what reaches them is what a person sends."""
    return CommunicationWrite(
        client_id=facts.client_id,
        sender=signed.by.ref,
        recipients=(),
        outside=referral.to,
        text=text.plain(),
        when=signed.at,
        about=(referral.source.ref,),
        part2=facts.part2,
    )


def _kept_inside(facts: ReferralFacts, text: DraftText, signed: Signed) -> CommunicationWrite:
    """That nothing was sent, and why: to whoever asked."""
    return CommunicationWrite(
        client_id=facts.client_id,
        sender=signed.by.ref,
        recipients=(facts.asked_by.ref,),
        text=text.plain(),
        when=signed.at,
    )


def _to_send(facts: ReferralFacts, referral: Referral, signed: Signed) -> TaskWrite:
    return TaskWrite(
        client_id=facts.client_id,
        what=f"Send the follow-up of order {referral.number or referral.id} to the provider, and note when it went",
        requester=signed.by.ref,
        owner=facts.asked_by.ref,
        due=as_day(signed.at),
        when=signed.at,
        focus="@communication",
        part2=facts.part2,
    )


SKILL = Skill(
    name="referral_nudge",
    title="Referral follow-up",
    command=Command("nudge", "C-102", "Draft a message to the provider referred to, asking for the next step"),
    reads=READS,
    purpose=Purpose.TREATMENT,
    approval=Approval(
        roles=frozenset({Role.CARE_COORDINATOR, Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR}),
        licensed=False,
        four_eyes=True,
        expires_after=timedelta(hours=24),
    ),
    facts=ReferralFacts,
    gather=gather,
    compose=compose,
    card=card,
    writes=writes,
)
