"""What a message about a referral takes from the chart: the one order with its tasks, its visits, and the consents."""

from dataclasses import dataclass
from datetime import date, datetime

from skills.kit import (
    Appointment,
    Chart,
    Consent,
    Facts,
    Gap,
    Label,
    Person,
    Provision,
    Referral,
    Request,
    Section,
    items,
)
from skills.kit.words import as_day
from skills.referral import asked
from skills.referral.loop import move
from skills.referral.steps import Mark, Refused, Standing
from skills.referral.truth import standing_of

READS = frozenset({Section.CLIENT, Section.REFERRALS, Section.APPOINTMENTS, Section.CONSENTS})
_PROTECTED = frozenset({Label.PART2, Label.PART2_PENDING})
_OVER = frozenset({"completed", "revoked"})
_TREATING = "my treating providers"  # how 42 CFR 2.31(a)(4) lets a consent for treatment name its recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFacts(Facts):
    """No name, birth date or number of the client. `referral` None: none is on file, or none could be read."""

    alias: str
    client_id: str
    asked_by: Person
    team: str
    to: Person | None
    at: datetime
    referral: Referral | None
    visits: tuple[Appointment, ...]
    consents: tuple[Consent, ...]
    gaps: tuple[Gap, ...]
    mark: Mark | None
    owner: Person | None

    @property
    def standing(self) -> Standing | None:
        return standing_of(self.referral, now=self.at, visits=self.visits) if self.referral else None

    @property
    def moved(self) -> Standing | Refused | None:
        """What marking leads to. None: nothing is marked."""
        return move(self.standing, self.mark, self.at) if self.standing and self.mark else None

    @property
    def part2(self) -> bool:
        """Whether the referral itself is under 42 CFR Part 2. What else is on file does not travel with it."""
        return self.referral is not None and bool(self.referral.labels & _PROTECTED)

    def gap(self, section: Section) -> str | None:
        """Why a section has no answer; None when it was read."""
        return next((gap.sentence for gap in self.gaps if gap.section is section), None)


def gather(request: Request, chart: Chart) -> ReferralFacts:
    wanted = asked.read(request.context)
    referral = _chosen(items(chart.referrals), wanted.referral_id)
    consents = items(chart.consents)
    return ReferralFacts(
        alias=chart.alias,
        client_id=chart.client.id,
        asked_by=request.asked_by,
        team=request.team,
        to=request.to,
        at=chart.now,
        referral=referral,
        visits=tuple(
            each for each in items(chart.appointments) if referral and referral.source.ref in each.for_referrals
        ),
        consents=tuple(each for each in consents if each.part2),
        gaps=chart.unread(),
        mark=wanted.mark,
        owner=wanted.owner,
    )


def _chosen(referrals: tuple[Referral, ...], wanted: str | None) -> Referral | None:
    """The one that was named, and no other in its place; unnamed, the newest that is not over."""
    if wanted is not None:
        return next((each for each in referrals if each.id == wanted), None)
    return next((each for each in referrals if each.status not in _OVER), None)


# Whether a protected referral may be spoken of to its receiver (42 CFR 2.31, 2.33). Fails closed.


def may_leave(facts: ReferralFacts) -> bool:
    """Nothing protected, or a Part 2 consent in force permits this receiver, and none refuses."""
    if not facts.part2 or facts.referral is None:
        return not facts.part2
    rules = [each.rule for each in facts.consents if each.status == "active" and each.rule]
    current = [rule for rule in rules if _in_force(rule, facts.at)]
    names = {name.casefold() for name in (facts.referral.to, facts.referral.to_ref) if name}
    if any(not rule.permit or rule.nested for rule in current):
        return False  # what refuses, or says more than can be read here, is for a person with the consent in hand
    return any(not rule.narrowed and _for_treatment(rule) and _names(rule, names) for rule in current)


def _names(rule: Provision, names: set[str]) -> bool:
    return any(actor.casefold() in names or actor.casefold().startswith(_TREATING) for actor in rule.actors)


def _for_treatment(rule: Provision) -> bool:
    return not rule.purposes or "TREAT" in rule.purposes


def _in_force(rule: Provision, at: datetime) -> bool:
    return _not_after(rule.starts, at) and (rule.ends is None or as_day(at) <= as_day(rule.ends))


def _not_after(starts: datetime | date | None, at: datetime) -> bool:
    return starts is None or as_day(starts) <= as_day(at)
