"""The chart as a skill sees it: one client, the sections it declared, nothing to ask a wrong client for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from ehr_clients.models import (
    Alert,
    Allergy,
    Appointment,
    Assessment,
    ChartData,
    Client,
    Consent,
    Coverage,
    Item,
    Label,
    Medication,
    Message,
    Missing,
    Note,
    Plan,
    Problem,
    Read,
    Referral,
    SafetyPlan,
    Section,
    TeamMember,
)

_PROTECTED = frozenset({Label.PART2, Label.PART2_PENDING})


class Denied(Exception):
    """A skill touched a section that it did not declare in `reads`: a mistake in the skill, found by its tests."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A section that has no answer, and why, in a sentence that may be shown."""

    section: Section
    sentence: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What was read for one request. Each section is `Read` (newest first) or `Missing` (with a sentence)."""

    alias: str
    data: ChartData
    reads: frozenset[Section]
    now: datetime

    @property
    def client(self) -> Client:
        self._allow(Section.CLIENT)
        return self.data.client

    @property
    def problems(self) -> Read[Problem] | Missing:
        return self._answer(Section.PROBLEMS, Problem)

    @property
    def notes(self) -> Read[Note] | Missing:
        return self._answer(Section.NOTES, Note)

    @property
    def plans(self) -> Read[Plan] | Missing:
        return self._answer(Section.PLAN, Plan)

    @property
    def assessments(self) -> Read[Assessment] | Missing:
        return self._answer(Section.ASSESSMENTS, Assessment)

    @property
    def medications(self) -> Read[Medication] | Missing:
        return self._answer(Section.MEDICATIONS, Medication)

    @property
    def allergies(self) -> Read[Allergy] | Missing:
        return self._answer(Section.ALLERGIES, Allergy)

    @property
    def alerts(self) -> Read[Alert] | Missing:
        return self._answer(Section.ALERTS, Alert)

    @property
    def safety_plans(self) -> Read[SafetyPlan] | Missing:
        return self._answer(Section.SAFETY_PLAN, SafetyPlan)

    @property
    def care_team(self) -> Read[TeamMember] | Missing:
        return self._answer(Section.CARE_TEAM, TeamMember)

    @property
    def appointments(self) -> Read[Appointment] | Missing:
        return self._answer(Section.APPOINTMENTS, Appointment)

    @property
    def coverage(self) -> Read[Coverage] | Missing:
        return self._answer(Section.COVERAGE, Coverage)

    @property
    def referrals(self) -> Read[Referral] | Missing:
        return self._answer(Section.REFERRALS, Referral)

    @property
    def consents(self) -> Read[Consent] | Missing:
        return self._answer(Section.CONSENTS, Consent)

    @property
    def messages(self) -> Read[Message] | Missing:
        return self._answer(Section.MESSAGES, Message)

    @property
    def part2(self) -> bool:
        """Any protected item that policy let through protects a whole draft; so does naming a Part 2 consent."""
        carried = [item for answer in self.answers().values() if isinstance(answer, Read) for item in answer.items]
        goals = [goal for item in carried if isinstance(item, Plan) for goal in item.goals]
        told = [self.client, *self.client.contacts, *carried, *goals]
        consented = any(isinstance(item, Consent) and item.part2 for item in carried)
        return consented or any(item.labels & _PROTECTED for item in told)

    def answers(self) -> dict[Section, Read[Item] | Missing]:
        """Of the declared sections but the client's own, in the order of `Section`."""
        return {s: self.answer(s) for s in Section if s in self.reads and s is not Section.CLIENT}

    def answer(self, section: Section) -> Read[Item] | Missing:
        """A section as it was read, whatever it holds: for what is said of every section alike, such as its time."""
        self._allow(section)
        return self.data.sections[section]

    def unread(self) -> tuple[Gap, ...]:
        """The gaps among the declared sections, to be kept with the facts."""
        return tuple(Gap(section, missing.sentence) for section, missing in self.gaps() if section in self.reads)

    def gaps(self) -> tuple[tuple[Section, Missing], ...]:
        """Sections that have no answer, in a fixed order."""
        answers = sorted(self.data.sections.items())
        return tuple((section, answer) for section, answer in answers if isinstance(answer, Missing))

    def _answer[T: Item](self, section: Section, kind: type[T]) -> Read[T] | Missing:
        self._allow(section)
        answer = self.data.sections[section]
        if isinstance(answer, Read) and not all(isinstance(item, kind) for item in answer.items):
            raise TypeError(f"the {section} section holds other items than {kind.__name__}")
        return cast("Read[T] | Missing", answer)

    def _allow(self, section: Section) -> None:
        if section not in self.reads:
            raise Denied(f"this skill did not declare that it reads {section}")


def items[T: Item](answer: Read[T] | Missing) -> tuple[T, ...]:
    """The items of an answer; () when it is missing. Say the gap elsewhere: `Chart.gaps()`."""
    return answer.items if isinstance(answer, Read) else ()


def newest[T: Item](answers: Iterable[T]) -> T | None:
    """The first of a newest-first answer, or None."""
    return next(iter(answers), None)
