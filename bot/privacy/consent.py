"""Whether records protected by 42 CFR Part 2 may be used for one purpose by one group of people. Pure; fails closed.

Consents are read in the IHE PCF shape: a root provision with at most one nested level; a nested deny wins over its
parent; a permit for one recipient is no permit for others. `pending` (looks like Part 2, unlabelled) is treated as
protected (42 CFR 2.31, 2.33; invariant 5 of the product).
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from bot.privacy.consent_kinds import covers_records, deficient
from bot.privacy.labels import protected, speaks_of_substances, tells
from ehr_clients.codes import PART2_CODES, RESTRICTED_CODES
from ehr_clients.models import ChartData, Consent, Item, Missing, Provision, Read, Section, SectionAnswer, Why
from skills.kit import Purpose

TREATING = "my treating providers"  # how 42 CFR 2.31(a)(4) lets a consent for treatment name its recipients
OF_THESE_RECORDS = PART2_CODES | RESTRICTED_CODES  # security labels under which they stand
SPEAK_FOR_THEMSELVES = frozenset({Section.CLIENT, Section.CONSENTS})


@dataclass(frozen=True, slots=True)
class Use:
    """What is about to happen with the records. `actors`: references of all who will see them."""

    purpose: Purpose
    actors: frozenset[str]
    within_program: bool  # all of them work in the same Part 2 program and need it (42 CFR 2.12(c)(3))
    at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    allowed: bool
    rule: str  # code for the audit trail
    consents: tuple[str, ...] = ()  # references and versions it rests on

    def stamp(self) -> str:
        """What a draft keeps of it: the same stamp, the same ruling. Its first word says which kind it is."""
        word = "none" if self == NOTHING_PROTECTED else PERMITTED if self.allowed else "withheld"
        digest = hashlib.sha256(json.dumps([self.allowed, self.rule, self.consents]).encode()).hexdigest()
        return f"{word}:{digest}"[:64]


NOTHING_PROTECTED = Ruling(allowed=True, rule="part2.none_on_file")
WITHIN_PROGRAM = Ruling(allowed=True, rule="part2.within_program")  # 42 CFR 2.12(c)(3): no disclosure
PERMITTED = "permitted"
NOT_TOLD = "What this rests on is withheld here: 42 CFR Part 2, no consent covers it. Read it in the EHR."


def holds_protected(stamp: str) -> bool:
    """Whether a draft with this stamp has protected records in it."""
    return stamp.startswith(f"{PERMITTED}:")


def is_withheld(stamp: str) -> bool:
    """Whether protected records were left out of a draft with this stamp."""
    return stamp.startswith("withheld:")


def rests_on_none(stamp: str) -> bool:
    """Whether there were no protected records on file at all."""
    return stamp == NOTHING_PROTECTED.stamp()


def rule_on(consents: Read[Consent] | Missing, use: Use) -> Ruling:
    """Decide over all Part 2 consents on file. Any deny that applies wins; else one permit is needed."""
    if use.within_program:
        return WITHIN_PROGRAM
    if isinstance(consents, Missing):
        return Ruling(allowed=False, rule="part2.consents_unreadable")
    if consents.incomplete:
        return Ruling(allowed=False, rule="part2.consents_incomplete")
    on_file = [c for c in consents.items if c.part2]
    active = [c for c in on_file if c.status == "active" and c.rule is not None]
    basis = tuple(sorted(f"{c.source.ref}@{c.source.version}" for c in active))
    verdicts = [_of_consent(consent, use) for consent in active]
    if False in verdicts:
        return Ruling(allowed=False, rule="part2.denied", consents=basis)
    if True in verdicts:
        return Ruling(allowed=True, rule="part2.consent", consents=basis)
    return Ruling(allowed=False, rule=_why_none(on_file, use), consents=basis)


def _of_consent(consent: Consent, use: Use) -> bool | None:
    """A deficient consent, or one for something else than the record, may refuse and never permits (2.31(b), (c))."""
    verdict = _verdict(consent.rule, use) if consent.rule else None
    return None if verdict and (deficient(consent) or not covers_records(consent)) else verdict


def _why_none(on_file: list[Consent], use: Use) -> str:
    """Why nothing on file permits it, as exactly as one code can say. The nearest miss is named."""
    active = [c for c in on_file if c.status == "active" and c.rule]
    rules = [c.rule for c in active if c.rule]
    if any(deficient(c) for c in active):
        return "part2.combined_consent"
    if any(not covers_records(c) for c in active):
        return "part2.other_consent"
    current = [rule for rule in rules if _in_period(rule, use.at)]
    if rules and not current:
        over = any(_over(rule, use.at) for rule in rules)
        return "part2.expired" if over else "part2.not_yet"
    if any(_covers_all(rule.actors, use) for rule in current):
        return "part2.other_purpose_or_records"
    if current:
        return "part2.other_recipient"
    return "part2.revoked" if any(c.status in {"inactive", "rejected"} for c in on_file) else "part2.no_consent"


def _verdict(rule: Provision, use: Use) -> bool | None:
    """True permits, False denies, None says nothing about this use.

    A permit within a permit says more exactly what is permitted: then one of them must cover it as well.
    """
    if not _in_period(rule, use.at):
        return None
    nested = [_verdict(inner, use) for inner in rule.nested]
    if False in nested:
        return False
    meant = _names(rule.purposes, use.purpose.value) and (not rule.labels or bool(rule.labels & OF_THESE_RECORDS))
    if rule.permit:
        finer = any(inner.permit for inner in rule.nested)
        covered = meant and not rule.narrowed and _covers_all(rule.actors, use) and (True in nested or not finer)
        return True if covered else None
    if True in nested:  # "nobody but": the exception to a refusal
        return True
    return False if meant and _touches(rule.actors, use) else None


def _covers_all(named: frozenset[str], use: Use) -> bool:
    return not named or use.actors <= named or _names_treating(named, use)


def _touches(named: frozenset[str], use: Use) -> bool:
    return not named or bool(use.actors & named) or _names_treating(named, use)


def _names_treating(named: frozenset[str], use: Use) -> bool:
    """A class of recipients instead of names: who is handed over to for treatment is a treating provider."""
    return use.purpose is Purpose.TREATMENT and any(name.casefold().startswith(TREATING) for name in named)


def _names(purposes: frozenset[str], purpose: str) -> bool:
    return not purposes or purpose in purposes


def _in_period(rule: Provision, at: datetime) -> bool:
    starts, ends = _moment(rule.starts, time.min), _moment(rule.ends, time.max)
    return (starts is None or starts <= at) and (ends is None or at <= ends)


def _over(rule: Provision, at: datetime) -> bool:
    ends = _moment(rule.ends, time.max)
    return ends is not None and ends < at


def _moment(value: datetime | date | None, edge: time) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
    return datetime.combine(value, edge, tzinfo=UTC)


def withhold(data: ChartData, ruling: Ruling) -> tuple[ChartData, dict[Section, int]]:
    """The chart without what the ruling does not allow, each gap said in words, and how many items were withheld."""
    if ruling.allowed:
        return data, {}
    kept = {section: _keep(section, answer) for section, answer in data.sections.items()}
    counts = {section: _count(section, answer) for section, answer in data.sections.items()}
    return replace(data, sections=kept), {section: count for section, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Told:
    """What Baton itself would say, and the reference of the record it rests on ("": on none)."""

    words: str
    source: str = ""


def tellable(told: Iterable[Told], data: ChartData, ruling: Ruling) -> tuple[str, ...]:
    """Words that rest on a protected record, or speak of what is protected, go the way of the record itself."""
    if ruling.allowed:
        return tuple(one.words for one in told)
    read = {section: answer for section, answer in data.sections.items() if isinstance(answer, Read)}
    held_back = {item.source.ref for section, one in read.items() for item in one.items if _held_back(section, item)}
    return tuple(NOT_TOLD if _rests_on(one, held_back) else one.words for one in told)


def _rests_on(told: Told, held_back: Collection[str]) -> bool:
    """A colleague's own words rest on no record; a record that was not read today speaks by its words."""
    return told.source in held_back or (bool(told.source) and speaks_of_substances(told.words))


def _keep(section: Section, answer: SectionAnswer) -> SectionAnswer:
    count = _count(section, answer)
    if isinstance(answer, Missing) or not count:
        return answer
    items = tuple(item for item in answer.items if not _held_back(section, item))
    words = f"{count} records of {section.replace('_', ' ')} left out: 42 CFR Part 2, no consent covers it."
    if not items:
        return Missing(Why.WITHHELD, words)
    return replace(answer, items=items, incomplete=" ".join(filter(None, [answer.incomplete, words])))


def _count(section: Section, answer: SectionAnswer) -> int:
    return sum(_held_back(section, item) for item in answer.items) if isinstance(answer, Read) else 0


def _held_back(section: Section, item: Item) -> bool:
    return protected(item) or (section not in SPEAK_FOR_THEMSELVES and tells(item))
