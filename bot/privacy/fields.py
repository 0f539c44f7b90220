"""What a person may have of a chart: role x purpose x standing x consent -> field classes, each with its rule. Pure.

Disclosures to, and requests by, a provider for treatment are exempt from minimum necessary (45 CFR 164.502(b)(2)(i));
what staff *use* inside is not, and is limited by role (164.514(d)(2)). Substance use records follow 42 CFR 2.31 and
2.33 whatever the role. What is not granted is refused by name, so that a card and the audit trail can say it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot.privacy.labels import Part2Status
from ehr_clients.models import ChartData, Missing, Section, Why
from skills.kit import Purpose, Role


class FieldClass(StrEnum):
    IDENTITY = "identity"
    CONTACT = "contact"
    SCHEDULE = "schedule"
    COVERAGE = "coverage"
    DX = "dx"
    MEDS = "meds"
    MEASURES = "measures"
    PLAN = "plan"
    PROGRESS_SUMMARY = "progress_summary"
    SAFETY = "safety"
    SUD = "sud"
    FORENSIC = "forensic"
    NOTES_FULL = "notes_full"


F = FieldClass
EVERYTHING: Final = frozenset(FieldClass)
CLINICAL: Final = EVERYTHING - {F.COVERAGE}
_FRONT: Final = frozenset({F.IDENTITY, F.CONTACT, F.SCHEDULE, F.COVERAGE})
_COORDINATING: Final = _FRONT | {F.DX, F.MEASURES, F.PLAN, F.PROGRESS_SUMMARY, F.SAFETY}
BY_ROLE: Final = {
    Role.FRONT_DESK: _FRONT,
    Role.CARE_COORDINATOR: _COORDINATING,
    Role.CLINICIAN: EVERYTHING,
    Role.PRESCRIBER: EVERYTHING,
    Role.SUPERVISOR: EVERYTHING,
    Role.BILLER: frozenset({F.IDENTITY, F.COVERAGE, F.DX, F.SCHEDULE}),  # dx codes, CPT, dates
    Role.COMPLIANCE: frozenset[FieldClass](),  # audit, consents and disclosures; no clinical text
}
LEVEL_ONLY: Final = {Role.CARE_COORDINATOR: frozenset({F.SAFETY})}  # the level and the plan's date, not its text
TREATING: Final = frozenset({Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR})
FOR_PURPOSE: Final = {
    Purpose.TREATMENT: EVERYTHING,
    Purpose.EMERGENCY: EVERYTHING,
    Purpose.PAYMENT: frozenset({F.IDENTITY, F.CONTACT, F.SCHEDULE, F.COVERAGE, F.DX}),
    Purpose.OPERATIONS: _COORDINATING - {F.SAFETY},
}
OF_SECTION: Final = {
    Section.CLIENT: F.IDENTITY,
    Section.PROBLEMS: F.DX,
    Section.NOTES: F.NOTES_FULL,
    Section.PLAN: F.PLAN,
    Section.ASSESSMENTS: F.MEASURES,
    Section.MEDICATIONS: F.MEDS,
    Section.ALLERGIES: F.MEDS,
    Section.ALERTS: F.SAFETY,
    Section.SAFETY_PLAN: F.SAFETY,
    Section.CARE_TEAM: F.CONTACT,
    Section.APPOINTMENTS: F.SCHEDULE,
    Section.COVERAGE: F.COVERAGE,
    Section.REFERRALS: F.PLAN,
    Section.CONSENTS: F.IDENTITY,  # the rules themselves must always be read
    Section.MESSAGES: F.NOTES_FULL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One person, one client, one purpose. `consent`: whether one covers this person now (`Ruling.allowed`)."""

    roles: frozenset[Role]
    purpose: Purpose
    assigned: bool  # care team, supervisor of its team, or the receiver it is addressed to
    broke_glass: bool = False
    part2: Part2Status = Part2Status.NOT_PART2
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """`level_only` is part of `classes`. `refused` names the rule for every class that is not granted."""

    rule: str
    classes: frozenset[FieldClass]
    level_only: frozenset[FieldClass]
    refused: tuple[tuple[FieldClass, str], ...]

    @property
    def whole(self) -> bool:
        """Whether the person may have all a clinical draft can hold, but perhaps for what consent does not cover."""
        return not self.level_only and self.classes | {F.SUD} >= CLINICAL

    def why_not(self, wanted: FieldClass) -> str | None:
        return dict(self.refused).get(wanted)

    def sections(self, reads: Iterable[Section]) -> frozenset[Section]:
        """Those of the sections that may be read in full."""
        return frozenset(s for s in reads if OF_SECTION[s] in self.classes - self.level_only)


def grant(asking: Asking) -> Grant:
    """What this person may have, and by which rule each other class is refused."""
    rule = _rule(asking)
    if rule is None:
        return _granted("care_team.required", frozenset(), frozenset(), {}, otherwise="care_team.required")
    role = _union(BY_ROLE[role] for role in asking.roles)
    purpose = EVERYTHING if asking.broke_glass and rule == EMERGENCY else FOR_PURPOSE[asking.purpose]
    refused = dict.fromkeys(role - purpose, f"min.purpose.{asking.purpose.value}")
    classes = role & purpose
    if F.SUD in classes and not _consented(asking):
        refused[F.SUD] = f"part2.{asking.part2}"
        classes -= {F.SUD}
    return _granted(rule, classes, _level_only(asking.roles) & classes, refused, otherwise="min.role")


EMERGENCY: Final = "emergency.break_glass"
EXEMPT: Final = "min.treatment_exempt"  # 164.502(b)(2)(i)
INTERNAL: Final = "min.internal_use"  # 164.514(d)(2)


def _rule(asking: Asking) -> str | None:
    """The rule that opens the chart at all; None: nothing does."""
    if asking.assigned or (asking.purpose is not Purpose.TREATMENT and not asking.roles & TREATING):
        return EXEMPT if asking.roles & TREATING and asking.purpose is Purpose.TREATMENT else INTERNAL
    return EMERGENCY if asking.broke_glass and asking.roles & TREATING else None


def _consented(asking: Asking) -> bool:
    """Pending is treated as protected (fail closed)."""
    return asking.part2 is Part2Status.NOT_PART2 or asking.consent


def _level_only(roles: frozenset[Role]) -> frozenset[FieldClass]:
    """Somebody with two roles has the better of both."""
    full = _union(BY_ROLE[role] - LEVEL_ONLY.get(role, frozenset()) for role in roles)
    return _union(LEVEL_ONLY.get(role, frozenset[FieldClass]()) for role in roles) - full


def _granted(
    rule: str,
    classes: frozenset[FieldClass],
    level_only: frozenset[FieldClass],
    refused: dict[FieldClass, str],
    *,
    otherwise: str,
) -> Grant:
    missing = [(each, refused.get(each, otherwise)) for each in FieldClass if each not in classes]
    return Grant(rule, classes, level_only, tuple(missing))


def _union(parts: Iterable[frozenset[FieldClass]]) -> frozenset[FieldClass]:
    return frozenset[FieldClass]().union(*parts)


# What is read from the EHR at all


def readable(reads: frozenset[Section], purpose: Purpose, roles: frozenset[Role]) -> frozenset[Section]:
    """The sections that somebody with one of these roles may have for this purpose: nothing else is asked for.

    `roles`: of whoever asks, and of those who may approve. Consent is judged later, item by item.
    """
    best = grant(Asking(roles=roles, purpose=purpose, assigned=True))
    return best.sections(reads) | (reads & {Section.CONSENTS, Section.CLIENT})


def without(data: ChartData, refused: frozenset[Section]) -> ChartData:
    """A chart in which these sections were not asked for: each says so, and never reads as empty."""
    words = "Not read: the roles involved do not include it."
    gaps = {section: Missing(Why.WITHHELD, words) for section in refused}
    return replace(data, sections={**data.sections, **gaps}) if gaps else data


def may_have_note(roles: frozenset[Role], *, own: bool, restricted: bool, supervises: bool) -> str:
    """The rule for one note: notes of others that are marked restricted stay with their author and supervisor."""
    if F.NOTES_FULL not in _union(BY_ROLE[role] for role in roles):
        return "deny:min.role"
    return "deny:min.restricted_note" if restricted and not own and not supervises else "allow:min.note"
