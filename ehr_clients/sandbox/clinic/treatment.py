"""What is being treated and how: Condition, MedicationRequest, AllergyIntolerance, Flag, CarePlan, Goal."""

from ehr_clients.sandbox.clinic.desk import Desk
from ehr_clients.sandbox.clinic.sources import Alert, Allergy, Condition, Goal, Medication, Plan, SafetyPlan
from ehr_clients.sandbox.clinic.terms import (
    ICD10,
    LOINC,
    RISK_FLAG_SNOMED,
    RXNORM,
    SAFETY_PLAN,
    SAFETY_PLAN_SNOMED,
    SAFETY_STEP,
    SNOMED,
    Resource,
    coding,
    concept,
    filled,
    ref,
)

_HL7 = "http://terminology.hl7.org/CodeSystem"
_STEPS = (
    ("warning_signs", "step-1", "Warning signs"),
    ("coping", "step-2", "Internal coping strategies"),
    ("distraction", "step-3", "People and places for distraction"),
    ("people", "step-4", "People to ask for help"),
    ("professionals", "step-5", "Professionals and agencies"),
    ("environment", "step-6", "Making the environment safe"),
)


def treatment(desk: Desk) -> list[Resource]:
    chart = desk.chart
    made = [_condition(desk, number, item) for number, item in enumerate(chart.conditions, start=1)]
    made += [_medication(desk, number, item) for number, item in enumerate(chart.medications, start=1)]
    made += [_allergy(desk, number, item) for number, item in enumerate(chart.allergies, start=1)]
    made += [_no_known_allergies(desk)] if chart.no_known_allergies else []
    made += [_alert(desk, number, item) for number, item in enumerate(chart.alerts, start=1)]
    made += _plan(desk, chart.plan) if chart.plan else []
    made += [_safety_plan(desk, chart.safety_plan)] if chart.safety_plan else []
    return made


def _condition(desk: Desk, number: int, item: Condition) -> Resource:
    snomed = [coding(SNOMED, item.snomed)] if item.snomed else []
    body = filled(
        clinicalStatus=concept(coding(f"{_HL7}/condition-clinical", item.status)),
        verificationStatus=concept(coding(f"{_HL7}/condition-ver-status", "confirmed")),
        category=[concept(coding(f"{_HL7}/condition-category", "problem-list-item", "Problem List Item"))],
        code=concept(coding(ICD10, item.icd10, item.text), *snomed, text=item.text),
        subject=desk.client,
        onsetDateTime=desk.date(-item.since_days_ago),
        abatementDateTime=desk.date(-item.ended_days_ago) if item.ended_days_ago else None,
        recordedDate=desk.date(-min(item.since_days_ago, desk.chart.registered_days_ago)),
        note=[{"text": "Principal diagnosis"}] if item.principal else [],
    )
    return desk.resource("Condition", f"dx-{number:02}", body)


def _medication(desk: Desk, number: int, item: Medication) -> Resource:
    """R4 has no stop date on an order: it stands in the bounds of the dosage, and in words beside the reason."""
    started, ended = -item.since_days_ago, -item.ended_days_ago if item.ended_days_ago else None
    bounds = filled(start=desk.date(started), end=desk.date(ended) if ended else None)
    reason = desk.calendar.written(item.reason) if item.reason else None
    requester = {"display": item.outside_prescriber} if item.outside_prescriber else None
    body = filled(
        status=item.status,
        statusReason=concept(text=reason) if reason and item.status != "active" else None,
        intent="order",
        reportedBoolean=True if item.outside_prescriber else None,
        medicationCodeableConcept=concept(coding(RXNORM, item.rxnorm), text=item.text),
        subject=desk.client,
        authoredOn=desk.date(started),
        requester=requester or (desk.person(item.by) if item.by else None),
        dosageInstruction=[{"text": desk.calendar.written(item.dose), "timing": {"repeat": {"boundsPeriod": bounds}}}],
        note=[{"text": _status_in_words(item, desk, reason)}] if reason else [],
    )
    return desk.resource("MedicationRequest", f"med-{number:02}", body)


def _status_in_words(item: Medication, desk: Desk, reason: str | None) -> str:
    if item.ended_days_ago is None:
        return f"{reason}"
    return f"{item.status.capitalize()} {desk.calendar.day(-item.ended_days_ago):%m/%d/%Y}: {reason}"


def _allergy(desk: Desk, number: int, item: Allergy) -> Resource:
    code = coding(RXNORM, item.rxnorm, item.text) if item.rxnorm else None
    code = coding(SNOMED, item.snomed, item.text) if item.snomed else code
    body = filled(
        clinicalStatus=concept(coding(f"{_HL7}/allergyintolerance-clinical", "active")),
        verificationStatus=concept(coding(f"{_HL7}/allergyintolerance-verification", "confirmed")),
        type=item.kind,
        criticality=item.criticality,
        code=concept(*([code] if code else []), text=item.text),
        patient=desk.client,
        recordedDate=desk.date(-item.days_ago),
        reaction=[{"manifestation": [concept(text=item.reaction)]}] if item.reaction else [],
    )
    return desk.resource("AllergyIntolerance", f"allergy-{number:02}", body)


def _no_known_allergies(desk: Desk) -> Resource:
    body = {
        "clinicalStatus": concept(coding(f"{_HL7}/allergyintolerance-clinical", "active")),
        "verificationStatus": concept(coding(f"{_HL7}/allergyintolerance-verification", "confirmed")),
        "code": concept(coding(SNOMED, "716186003", "No known allergy"), text="No known allergies"),
        "patient": desk.client,
        "recordedDate": desk.date(-desk.chart.registered_days_ago),
    }
    return desk.resource("AllergyIntolerance", "allergy-none", body)


def _alert(desk: Desk, number: int, item: Alert) -> Resource:
    code = coding(SNOMED, RISK_FLAG_SNOMED, "At risk for suicide") if item.category == "safety" else None
    ended = {"end": desk.date(-item.ended_days_ago)} if item.ended_days_ago else {}
    body = {
        "status": item.status,
        "category": [concept(coding(f"{_HL7}/flag-category", item.category))],
        "code": concept(*([code] if code else []), text=desk.calendar.written(item.text)),
        "subject": desk.client,
        "period": {"start": desk.date(-item.days_ago)} | ended,
        "author": desk.person(item.by),
    }
    return desk.resource("Flag", f"alert-{number:02}", body)


def _plan(desk: Desk, plan: Plan) -> list[Resource]:
    goals = [_goal(desk, number, plan, goal) for number, goal in enumerate(plan.goals, start=1)]
    activities = [
        {
            "detail": filled(
                status="in-progress",
                description=desk.calendar.written(activity.text),
                scheduledString=activity.frequency,
                performer=[desk.person(activity.staff)] if activity.staff else [],
            )
        }
        for activity in plan.activities
    ]
    body = {
        "status": "active",
        "intent": "plan",
        "category": [
            concept(
                coding("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan"), text="Treatment plan"
            )
        ],
        "title": plan.title,
        "description": f"{plan.problem} Participation: {plan.participation}",
        "subject": desk.client,
        "period": {"start": desk.date(-plan.days_ago), "end": desk.date(plan.review_in_days)},
        "created": desk.date(-plan.days_ago),
        "author": desk.person(plan.by),
        "goal": [ref("Goal", goal["id"]) for goal in goals],
        "activity": activities,
        "note": [{"text": f"Next review due {desk.calendar.day(plan.review_in_days):%m/%d/%Y}."}],
    }
    return [*goals, desk.resource("CarePlan", "plan", body)]


def _goal(desk: Desk, number: int, plan: Plan, goal: Goal) -> Resource:
    measure = concept(*([coding(LOINC, goal.loinc)] if goal.loinc else []), text=goal.measure)
    state = coding(f"{_HL7}/goal-achievement", goal.status)
    body = {
        "lifecycleStatus": "completed" if goal.status == "achieved" else "active",
        "achievementStatus": concept(state),
        "description": concept(text=desk.calendar.written(goal.text)),
        "subject": desk.client,
        "startDate": desk.date(-plan.days_ago),
        "target": [
            {
                "measure": measure,
                "detailQuantity": {"value": goal.target, "unit": goal.unit},
                "dueDate": desk.date(goal.due_in_days),
            }
        ],
        "note": [{"text": f"Baseline {goal.baseline:g} {goal.unit} on {desk.calendar.day(-plan.days_ago):%m/%d/%Y}."}],
    }
    return desk.resource("Goal", f"goal-{number:02}", body)


def _safety_plan(desk: Desk, plan: SafetyPlan) -> Resource:
    body = {
        "status": plan.status,
        "intent": "plan",
        "category": [
            concept(
                coding(LOINC, SAFETY_PLAN, "Suicide prevention safety plan"),
                coding(SNOMED, SAFETY_PLAN_SNOMED),
                text="Safety plan",
            )
        ],
        "title": "Safety plan",
        "subject": desk.client,
        "period": {"start": desk.date(-plan.days_ago)},
        "created": desk.date(-plan.days_ago),
        "author": desk.person(plan.by),
        "activity": [
            {
                "detail": {
                    "status": "in-progress",
                    "code": concept(coding(SAFETY_STEP, code, title), text=title),
                    "description": "; ".join(lines),
                }
            }
            for field, code, title in _STEPS
            if (lines := getattr(plan, field))
        ],
    }
    return desk.resource("CarePlan", "safety-plan", body)
