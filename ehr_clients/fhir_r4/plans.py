"""Treatment plans with their goals, and safety plans. Newest first."""

import ast
from collections.abc import Mapping
from typing import Any

from ehr_clients.codes import LOINC, SAFETY_PLAN, SAFETY_PLAN_SNOMED, SNOMED
from ehr_clients.fhir_r4.labels import labels_of
from ehr_clients.fhir_r4.material import Material
from ehr_clients.fhir_r4.values import (
    Json,
    codes,
    codings,
    day,
    display,
    many,
    newest_first,
    pick,
    ref_of,
    references,
    shown_number,
    source,
    string,
    words,
)
from ehr_clients.models import Goal, Intervention, Plan, SafetyPlan

_LONGEST_PYTHON_TEXT = 4000


def is_safety_plan(resource: Json) -> bool:
    return any(
        code in {SAFETY_PLAN, SAFETY_PLAN_SNOMED} and system in {LOINC, SNOMED, ""}
        for category in many(resource.get("category"))
        for system, code in codings(category)
    )


def _plan_date(resource: Json) -> str | None:
    return string(pick(resource, "period", "start")) or string(resource.get("created"))


def plans(material: Material) -> list[Plan]:
    """Treatment plans with their goals; goals that no plan names follow as a plan of their own."""
    goals = {ref_of(resource): resource for resource in material.of("Goal")}
    found = newest_first([item for item in material.of("CarePlan") if not is_safety_plan(item)], _plan_date)
    used = {ref for item in material.of("CarePlan") for ref in references(item.get("goal"))}
    loose = newest_first([item for ref, item in goals.items() if ref not in used], lambda goal: goal.get("startDate"))
    return [_plan(item, goals, material) for item in found] + ([_loose_goals(loose)] if loose else [])


def lost_goals(material: Material) -> bool:
    """Whether a treatment plan names goals that did not come with it."""
    known = {ref_of(resource) for resource in material.of("Goal")}
    return any(ref not in known for item in material.of("CarePlan") for ref in references(item.get("goal")))


def _plan(resource: Json, goals: Mapping[str, Json], material: Material) -> Plan:
    mine = [goals[ref] for ref in references(resource.get("goal")) if ref in goals]
    title = string(resource.get("title")) or _category_name(resource) or "Treatment plan"
    return Plan(
        source=source(resource, title, _plan_date(resource), material.named(resource.get("author"))),
        labels=labels_of(resource),
        title=title,
        problem=string(resource.get("description")) or words(resource.get("addresses")),
        status=string(resource.get("status")),
        goals=tuple(goal(item) for item in mine),
        interventions=tuple(_intervention(activity, material) for activity in many(resource.get("activity"))),
        review=day(pick(resource, "period", "end")),
    )


def _loose_goals(resources: list[Json]) -> Plan:
    return Plan(
        source=source(resources[0], "Goals outside a treatment plan", resources[0].get("startDate")),
        labels=labels_of(*resources),
        title="Goals outside a treatment plan",
        goals=tuple(goal(item) for item in resources),
    )


def _category_name(resource: Json) -> str | None:
    named = (words(category) for category in many(resource.get("category")) if "assess-plan" not in codes(category))
    return next((name for name in named if name), None)


def _intervention(activity: Json, material: Material) -> Intervention:
    detail = pick(activity, "detail") or {}
    text = string(pick(detail, "description")) or words(pick(detail, "code")) or display(activity.get("reference"))
    return Intervention(
        text=text or "activity not described",
        frequency=string(pick(detail, "scheduledString")) or timing(pick(detail, "scheduledTiming")),
        provider=material.named(pick(detail, "performer")),
    )


def timing(value: Any) -> str | None:
    """The timing's own words, or "2 times every 1 wk"."""
    if said := words(pick(value, "code")):
        return said
    repeat = pick(value, "repeat")
    times, period = shown_number(pick(repeat, "frequency")), shown_number(pick(repeat, "period"))
    unit = string(pick(repeat, "periodUnit"))
    return f"{times} times every {period} {unit}" if times and period and unit else None


def goal(resource: Json) -> Goal:
    text, measure, target = readable_goal(words(resource.get("description")))
    first = pick(resource, "target")
    return Goal(
        source=source(resource, "Goal", resource.get("startDate")),
        labels=labels_of(resource),
        text=text,
        status=string(resource.get("lifecycleStatus")),
        measure=words(pick(first, "measure")) or measure,
        baseline=_baseline(resource),
        target=_detail(first) or target,
        due=day(pick(first, "dueDate")),
        achievement=words(resource.get("achievementStatus")),
    )


def _baseline(resource: Json) -> str | None:
    """FHIR has no element for it: it stands in a note, where there is one."""
    texts = [string(item.get("text")) for item in many(resource.get("note"))]
    return next((text for text in texts if text and "baseline" in text.lower()), None)


def _detail(target: Any) -> str | None:
    amount, spread = pick(target, "detailQuantity"), pick(target, "detailRange")
    if amount is not None:
        return quantity(amount)
    if spread is not None:
        ends = [quantity(pick(spread, "low")), quantity(pick(spread, "high"))]
        return " to ".join(end for end in ends if end) or None
    plain = string(pick(target, "detailString")) or shown_number(pick(target, "detailInteger"))
    return plain or words(pick(target, "detailCodeableConcept"))


def quantity(value: Any) -> str | None:
    amount = shown_number(pick(value, "value"))
    parts = [string(pick(value, "comparator")), amount, string(pick(value, "unit")) or string(pick(value, "code"))]
    return " ".join(part for part in parts if part) if amount else None


def readable_goal(text: str | None) -> tuple[str, str | None, str | None]:
    """(text, measure, target). Some EHRs print their own data structure here: `{'observation': {...}}`."""
    if text is None:
        return "goal not described", None, None
    found = _python_data(text)
    inner = string(found.get("text"))
    if inner:
        return inner, None, None
    observation = found.get("observation")
    measure = words(many(pick(observation, "codes"))) if observation else None
    value = shown_number(pick(observation, "value")) or string(pick(observation, "value"))
    target = " ".join(part for part in (string(pick(observation, "operator")), value) if part) or None
    return (f"{measure} {target}", measure, target) if measure and target else (text, None, None)


def _python_data(text: str) -> Json:
    if not text.startswith("{") or len(text) > _LONGEST_PYTHON_TEXT:
        return {}
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def safety_plans(material: Material) -> list[SafetyPlan]:
    return [
        _safety_plan(item)
        for item in newest_first([p for p in material.of("CarePlan") if is_safety_plan(p)], _plan_date)
    ]


def _safety_plan(resource: Json) -> SafetyPlan:
    details = [pick(activity, "detail") for activity in many(resource.get("activity"))]
    steps = [(words(pick(detail, "code")) or "Step", string(pick(detail, "description")) or "") for detail in details]
    return SafetyPlan(
        source=source(resource, "Safety plan", _plan_date(resource)),
        labels=labels_of(resource),
        when=day(_plan_date(resource)),
        steps=tuple(step for step in steps if step[1]),
        status=string(resource.get("status")),
    )
