"""Questionnaires with their items: Observation panels, totals and, where a chart asks for it, QuestionnaireResponse.

EHRs differ in how they keep a panel (members or components) and a total (quantity, integer, string); these charts too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ehr_clients.sandbox.clinic.desk import Desk
from ehr_clients.sandbox.clinic.sources import Cssrs, Measure
from ehr_clients.sandbox.clinic.terms import (
    AUDIT_C_TOTAL,
    CSSRS_ITEMS,
    CSSRS_PANEL,
    CSSRS_RISK,
    DAST10_TOTAL,
    FREQUENCY,
    GAD7_ITEMS,
    GAD7_PANEL,
    GAD7_TOTAL,
    LOINC,
    NO,
    PHQ9_ITEMS,
    PHQ9_PANEL,
    PHQ9_TOTAL,
    RISK_LEVELS,
    YES,
    Resource,
    coding,
    concept,
    filled,
    ref,
)

type Answer = int | Literal["?"]

_CATEGORY = concept(coding("http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey"))
_UNKNOWN = concept(
    coding("http://terminology.hl7.org/CodeSystem/data-absent-reason", "asked-unknown", "Asked But Unknown")
)
_MOST_MISSING = 2  # with more than two items unanswered there is no score


@dataclass(frozen=True, slots=True)
class Instrument:
    slug: str
    title: str
    panel: str
    total: str
    items: tuple[tuple[str, str], ...]


PHQ9 = Instrument("phq9", "PHQ-9", PHQ9_PANEL, PHQ9_TOTAL, PHQ9_ITEMS)
GAD7 = Instrument("gad7", "GAD-7", GAD7_PANEL, GAD7_TOTAL, GAD7_ITEMS)


def measures(desk: Desk) -> list[Resource]:
    numbered = enumerate(desk.chart.measures, start=1)
    return [resource for number, measure in numbered for resource in Sitting(desk, number, measure).resources()]


def cssrs_level(answers: Cssrs) -> Literal["none", "low", "moderate", "high"]:
    """Columbia's level of a screener; "none" when every answer was no."""
    if answers.intent or answers.plan or answers.behaviour_3_months:
        return "high"
    if answers.method or answers.behaviour_lifetime:
        return "moderate"
    return "low" if answers.wish_dead or answers.thoughts else "none"


@dataclass(frozen=True, slots=True)
class Sitting:
    """One day's questionnaires of one client."""

    desk: Desk
    number: int
    measure: Measure

    def resources(self) -> list[Resource]:
        measure = self.measure
        made: list[Resource] = []
        if measure.phq9 is not None:
            made += self._questionnaire(PHQ9, measure.phq9)
        if measure.gad7 is not None:
            made += self._questionnaire(GAD7, measure.gad7)
        if measure.cssrs is not None:
            made += self._cssrs(measure.cssrs)
        if measure.audit_c is not None:
            made.append(self._total("audit-c", AUDIT_C_TOTAL, "AUDIT-C total score", measure.audit_c))
        if measure.dast10 is not None:
            made.append(self._total("dast10", DAST10_TOTAL, "DAST-10 total score", measure.dast10))
        return made

    def _questionnaire(self, tool: Instrument, answers: Sequence[Answer]) -> list[Resource]:
        values = [(code, text, _frequency(answer)) for (code, text), answer in zip(tool.items, answers, strict=True)]
        made = self._panel(tool.slug, coding(LOINC, tool.panel, f"{tool.title} panel"), values)
        answered = [answer for answer in answers if answer != "?"]
        missing = len(answers) - len(answered)
        if missing <= _MOST_MISSING:
            note = f"{len(answered)} of {len(answers)} items answered; not prorated." if missing else None
            made.append(
                self._total(f"{tool.slug}-total", tool.total, f"{tool.title} total score", sum(answered), note=note)
            )
        if self.measure.response:
            made.append(self._response(tool, answers))
        return made

    def _cssrs(self, answers: Cssrs) -> list[Resource]:
        given = answers.model_dump()
        values = [(*CSSRS_ITEMS[name], _yes_no(given[name])) for name in CSSRS_ITEMS if given[name] is not None]
        made = self._panel("cssrs", coding(LOINC, CSSRS_PANEL, "C-SSRS screener"), values)
        level = cssrs_level(answers)
        risk = (
            concept(text="No risk indicated by the screener")
            if level == "none"
            else concept(coding(LOINC, *RISK_LEVELS[level]), text=RISK_LEVELS[level][1])
        )
        code = coding(LOINC, CSSRS_RISK, "C-SSRS risk level")
        return [*made, self._observation("cssrs-risk", code, {"valueCodeableConcept": risk})]

    def _panel(self, slug: str, code: Resource, values: Sequence[tuple[str, str, Resource]]) -> list[Resource]:
        if self.measure.shape == "components":
            parts = [{"code": concept(coding(LOINC, item, text))} | value for item, text, value in values]
            return [self._observation(slug, code, {"component": parts})]
        items = [
            self._observation(f"{slug}-{place}", coding(LOINC, item, text), value)
            for place, (item, text, value) in enumerate(values, start=1)
        ]
        members = [ref("Observation", item["id"]) for item in items]
        return [self._observation(slug, code, {"hasMember": members}), *items]

    def _total(self, slug: str, loinc: str, text: str, score: int, *, note: str | None = None) -> Resource:
        body: Resource = {"note": [{"text": note}]} if note else {}
        match self.measure.total_as:
            case "quantity":
                value: Resource = {
                    "valueQuantity": {
                        "value": score,
                        "unit": "{score}",
                        "code": "{score}",
                        "system": "http://unitsofmeasure.org",
                    }
                }
            case "integer":
                value = {"valueInteger": score}
            case "string":
                value = {"valueString": str(score)}
        return self._observation(slug, coding(LOINC, loinc, text), value | body)

    def _observation(self, slug: str, code: Resource, value: Resource) -> Resource:
        body = {
            "status": "final",
            "category": [_CATEGORY],
            "code": concept(code),
            "subject": self.desk.client,
            "effectiveDateTime": self.desk.calendar.moment(-self.measure.days_ago, "09:40"),
            "performer": [self.desk.person(self.measure.by)],
        }
        return self.desk.resource("Observation", f"obs-{self.number:02}-{slug}", body | value)

    def _response(self, tool: Instrument, answers: Sequence[Answer]) -> Resource:
        """As many EHRs send it: the LOINC code only in linkId, behind a slash."""
        items = [
            filled(
                linkId=f"/{code}", text=text, answer=[] if answer == "?" else [{"valueCoding": _answer_coding(answer)}]
            )
            for (code, text), answer in zip(tool.items, answers, strict=True)
        ]
        body = {
            "questionnaire": f"http://loinc.org/q/{tool.panel}",
            "status": "completed",
            "subject": self.desk.client,
            "authored": self.desk.calendar.moment(-self.measure.days_ago, "09:40"),
            "item": items,
        }
        return self.desk.resource("QuestionnaireResponse", f"qr-{self.number:02}-{tool.slug}", body)


def _frequency(answer: Answer) -> Resource:
    if answer == "?":
        return {"dataAbsentReason": _UNKNOWN}
    return {"valueCodeableConcept": concept(_answer_coding(answer), text=f"{FREQUENCY[answer][1]} ({answer})")}


def _answer_coding(answer: int) -> Resource:
    return coding(LOINC, *FREQUENCY[answer])


def _yes_no(answer: bool) -> Resource:  # noqa: FBT001 - the answer itself
    return {"valueCodeableConcept": concept(coding(LOINC, *(YES if answer else NO)))}
