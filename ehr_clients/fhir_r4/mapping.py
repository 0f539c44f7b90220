"""From raw FHIR to the chart in the care team's words: one small function per resource type, tolerant of anything.

Each takes resources that `sift` has let through and answers newest first. `names` gives staff and organizations whom
the resources only refer to.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ehr_clients.codes import (
    ALIAS,
    ICD10,
    ICD10CM,
    LOINC,
    MEDICAL_RECORD_NUMBER,
    MRN,
    PART2_CODES,
    RXNORM,
    SAFETY_PLAN,
    SAFETY_PLAN_SNOMED,
    SNOMED,
)
from ehr_clients.fhir_r4 import notes
from ehr_clients.fhir_r4.instruments import assessments
from ehr_clients.fhir_r4.labels import condition_looks_sud, labels_of, medication_looks_sud, never_surfaces
from ehr_clients.fhir_r4.values import (
    Json,
    all_words,
    boolean,
    codes,
    codings,
    day,
    display,
    extensions,
    human_name,
    instant,
    kind,
    many,
    moment,
    newest_first,
    pick,
    ref_of,
    reference,
    references,
    security_codes,
    shown_number,
    source,
    string,
    strings,
    version_of,
    words,
)
from ehr_clients.models import (
    Alert,
    Allergy,
    Appointment,
    Client,
    Consent,
    Contact,
    Coverage,
    Goal,
    Intervention,
    Item,
    Medication,
    Message,
    Plan,
    Problem,
    Provision,
    Referral,
    SafetyPlan,
    Section,
    Source,
    TeamMember,
)

_DEEPEST_PROVISION = 6
_LONGEST_PYTHON_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Material:
    """Everything read for one client, ready to be put into words."""

    resources: Mapping[str, list[Json]]  # by resource type, what `sift` kept
    beside: Mapping[str, Json] = field(default_factory=dict)  # included or fetched resources by reference
    names: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)  # note texts that were kept elsewhere

    def of(self, wanted: str) -> list[Json]:
        return self.resources.get(wanted, [])

    def named(self, value: Any) -> str | None:
        """The name behind a Reference: as displayed, else as looked up."""
        return display(value) or self.names.get(reference(value) or "")


@dataclass(frozen=True, slots=True)
class Sifted:
    """`kept` may be shown; `dropped` counts what never surfaces; `strangers` what is not marked as this client's."""

    kept: list[Json]
    dropped: int
    strangers: int


def sift(resources: Iterable[Json], client_id: str) -> Sifted:
    """Leaves out errors, what never surfaces, and records of anybody else (a server may ignore a search parameter)."""
    kept: list[Json] = []
    dropped = strangers = 0
    for resource in resources:
        if _entered_in_error(resource):
            continue
        if f"Patient/{client_id}" not in _clients_of(resource):
            strangers += 1
        elif never_surfaces(resource):
            dropped += 1
        else:
            kept.append(resource)
    return Sifted(kept, dropped, strangers)


def _entered_in_error(resource: Json) -> bool:
    states = [
        string(resource.get("status")),
        string(resource.get("docStatus")),
        *codes(resource.get("verificationStatus")),
    ]
    return "entered-in-error" in states


def _clients_of(resource: Json) -> list[str]:
    if kind(resource) == "Appointment":
        return [found for item in many(resource.get("participant")) if (found := reference(item.get("actor")))]
    return [found for name in ("subject", "patient", "beneficiary", "for") if (found := reference(resource.get(name)))]


def client(resource: Json) -> Client:
    names = many(resource.get("name"))
    official = next((name for name in names if name.get("use") == "official"), names[0] if names else {})
    deceased = boolean(resource.get("deceasedBoolean"))
    return Client(
        source=source(resource, "Client record"),
        labels=labels_of(resource),
        id=string(resource.get("id")) or "",
        family=string(official.get("family")),
        given=tuple(strings(official.get("given"))) or _given_from_text(official),
        birth_date=day(resource.get("birthDate")),
        gender=string(resource.get("gender")),
        alias=_identifier(resource, lambda found: string(found.get("system")) == ALIAS),
        mrn=_identifier(resource, _is_mrn),
        phone=_phone(resource),
        language=_language(resource),
        contacts=tuple(
            _contact(resource, found) for found in many(resource.get("contact")) if human_name(found.get("name"))
        ),
        deceased=True if string(resource.get("deceasedDateTime")) else deceased,
        active=boolean(resource.get("active")),
    )


def _given_from_text(name: Json) -> tuple[str, ...]:
    text = string(name.get("text"))
    return (text,) if text and not string(name.get("family")) else ()


def _identifier(resource: Json, wanted: Callable[[Json], bool]) -> str | None:
    return next((string(found.get("value")) for found in many(resource.get("identifier")) if wanted(found)), None)


def _is_mrn(identifier: Json) -> bool:
    return string(identifier.get("system")) == MRN or MEDICAL_RECORD_NUMBER in codings(identifier.get("type"))


def _phone(element: Json) -> str | None:
    return next(
        (string(t.get("value")) for t in many(element.get("telecom")) if string(t.get("system")) == "phone"), None
    )


def _language(resource: Json) -> str | None:
    spoken = many(resource.get("communication"))
    preferred = next((item for item in spoken if item.get("preferred") is True), spoken[0] if spoken else {})
    return words(preferred.get("language"))


def _contact(resource: Json, found: Json) -> Contact:
    return Contact(
        source=source(resource, "Contact"),
        labels=labels_of(resource),
        name=human_name(found.get("name")) or "",
        relationship=words(found.get("relationship")),
        phone=_phone(found),
    )


def problems(material: Material) -> list[Problem]:
    found = [item for item in material.of("Condition") if "refuted" not in codes(item.get("verificationStatus"))]
    return [problem(item) for item in newest_first(found, _onset)]


def _onset(resource: Json) -> str | None:
    names = ("onsetDateTime", "recordedDate")
    return string(pick(resource, "onsetPeriod", "start")) or next(
        (t for n in names if (t := string(resource.get(n)))), None
    )


def problem(resource: Json) -> Problem:
    code = resource.get("code")
    by_system = [*codes(code, ICD10CM), *codes(code, ICD10), *codes(code, SNOMED)]
    onset = string(resource.get("onsetDateTime")) or pick(resource, "onsetPeriod", "start")
    return Problem(
        source=source(resource, "Problem list", _onset(resource)),
        labels=labels_of(resource, looks_sud=condition_looks_sud(resource)),
        text=words(code) or "problem not named",
        code=by_system[0] if by_system else None,
        status=next(iter(codes(resource.get("clinicalStatus"))), None),
        onset=day(onset),
    )


def chart_notes(material: Material) -> list[Item]:
    return [notes.note(item, material.names, material.texts) for item in material.of("DocumentReference")]


def chart_assessments(material: Material) -> list[Item]:
    observations = [item for item in material.of("Observation") if string(item.get("status")) != "cancelled"]
    return list(assessments(observations, material.of("QuestionnaireResponse")))


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
    quantity, spread = pick(target, "detailQuantity"), pick(target, "detailRange")
    if quantity is not None:
        return _quantity(quantity)
    if spread is not None:
        ends = [_quantity(pick(spread, "low")), _quantity(pick(spread, "high"))]
        return " to ".join(end for end in ends if end) or None
    plain = string(pick(target, "detailString")) or shown_number(pick(target, "detailInteger"))
    return plain or words(pick(target, "detailCodeableConcept"))


def _quantity(value: Any) -> str | None:
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


def medications(material: Material) -> list[Medication]:
    return [medication(item, material) for item in newest_first(material.of("MedicationRequest"), _ordered)]


def _ordered(resource: Json) -> str | None:
    return string(resource.get("authoredOn"))


def medicine_of(resource: Json, beside: Mapping[str, Json]) -> Json:
    """The Medication a request refers to: contained, included or fetched; {} when the request names it itself."""
    pointer = resource.get("medicationReference")
    inside = (string(pick(pointer, "reference")) or "").removeprefix("#")
    contained = next((item for item in many(resource.get("contained")) if string(item.get("id")) == inside), None)
    return contained or beside.get(reference(pointer) or "", {})


def medication(resource: Json, material: Material) -> Medication:
    medicine = medicine_of(resource, material.beside)
    concepts = [resource.get("medicationCodeableConcept"), medicine.get("code")]
    ingredients = [pick(item, "itemCodeableConcept") for item in many(medicine.get("ingredient"))]
    name = next((w for c in concepts if (w := words(c))), None) or display(resource.get("medicationReference"))
    bounds = pick(resource, "dosageInstruction", "timing", "repeat", "boundsPeriod")
    looks_sud = medication_looks_sud(*concepts, *ingredients, {"text": name})
    return Medication(
        source=source(resource, "Medication order", _ordered(resource), material.named(resource.get("requester"))),
        labels=labels_of(resource, *([medicine] if medicine else []), looks_sud=looks_sud),
        name=name or "medication not named",
        rxnorm=next((code for concept in concepts for code in codes(concept, RXNORM)), None),
        dose=_dose(resource),
        status=string(resource.get("status")),
        started=day(pick(bounds, "start")) or day(_ordered(resource)),
        changed=day(pick(bounds, "end")) or _status_changed(resource),
        reason=words(resource.get("statusReason")),
        prescriber=material.named(resource.get("requester")),
    )


def _status_changed(resource: Json) -> Any:
    return next((day(found.get("valueDateTime")) for found in extensions(resource, "statusChanged")), None)


def _dose(resource: Json) -> str | None:
    dosage = pick(resource, "dosageInstruction")
    if text := string(pick(dosage, "text")) or string(pick(dosage, "patientInstruction")):
        return text
    parts = [_quantity(pick(dosage, "doseAndRate", "doseQuantity")), timing(pick(dosage, "timing"))]
    parts += ["as needed"] if pick(dosage, "asNeededBoolean") is True else []
    return ", ".join(part for part in parts if part) or None


def allergies(material: Material) -> list[Allergy]:
    found = [
        item for item in material.of("AllergyIntolerance") if "refuted" not in codes(item.get("verificationStatus"))
    ]
    return [_allergy(item) for item in newest_first(found, _noticed)]


def _noticed(resource: Json) -> str | None:
    return string(resource.get("recordedDate")) or string(resource.get("onsetDateTime"))


def _allergy(resource: Json) -> Allergy:
    manifested = [words(m) for reaction in many(resource.get("reaction")) for m in many(reaction.get("manifestation"))]
    return Allergy(
        source=source(resource, "Allergy", _noticed(resource)),
        labels=labels_of(resource, looks_sud=medication_looks_sud(resource.get("code"))),
        substance=words(resource.get("code"))
        or words(pick(resource, "reaction", "substance"))
        or "substance not named",
        reaction=", ".join(text for text in manifested if text) or None,
        criticality=string(resource.get("criticality")),
        status=next(iter(codes(resource.get("clinicalStatus"))), None),
    )


def alerts(material: Material) -> list[Alert]:
    return [_alert(item) for item in newest_first(material.of("Flag"), lambda flag: pick(flag, "period", "start"))]


def _alert(resource: Json) -> Alert:
    return Alert(
        source=source(resource, "Alert", pick(resource, "period", "start")),
        labels=labels_of(resource, looks_sud=condition_looks_sud(resource)),
        text=words(resource.get("code")) or "alert not described",
        category=words(resource.get("category")),
        status=string(resource.get("status")),
        since=day(pick(resource, "period", "start")),
    )


def active_teams(teams: Iterable[Json]) -> list[Json]:
    return [team for team in teams if string(team.get("status")) in {"active", None}]


def team_members(material: Material) -> list[TeamMember]:
    """Staff of the active teams, each once a team; the client and relatives are no staff."""
    made = []
    for team in newest_first(active_teams(material.of("CareTeam")), lambda team: pick(team, "period", "start")):
        for participant in many(team.get("participant")):
            ref = reference(participant.get("member"))
            if ref and ref.startswith(("Practitioner/", "PractitionerRole/")):
                made.append(_member(team, participant, ref, material))
    return made


def _member(team: Json, participant: Json, ref: str, material: Material) -> TeamMember:
    name = material.named(participant.get("member"))
    since = pick(team, "period", "start")
    return TeamMember(
        source=source(team, "Care team", since),
        labels=labels_of(team),
        ref=ref,
        name=name,
        role=words(participant.get("role")),
    )


def appointments(material: Material) -> list[Appointment]:
    return [_appointment(item, material) for item in newest_first(material.of("Appointment"), lambda a: a.get("start"))]


def _appointment(resource: Json, material: Material) -> Appointment:
    actors = [item.get("actor") for item in many(resource.get("participant"))]
    staff = [actor for actor in actors if (reference(actor) or "").startswith("Practitioner")]
    reason = (
        words(resource.get("cancelationReason")) or words(resource.get("reasonCode")) or string(resource.get("comment"))
    )
    return Appointment(
        source=source(resource, "Appointment", resource.get("start")),
        labels=labels_of(resource),
        start=instant(resource.get("start")),
        status=string(resource.get("status")),
        kind=words(resource.get("serviceType")) or words(resource.get("appointmentType")),
        with_=next((name for actor in staff if (name := material.named(actor))), None),
        reason=reason or string(resource.get("description")),
    )


def coverages(material: Material) -> list[Coverage]:
    return [
        _coverage(item, material)
        for item in newest_first(material.of("Coverage"), lambda c: pick(c, "period", "start"))
    ]


def _coverage(resource: Json, material: Material) -> Coverage:
    classes = many(resource.get("class"))
    plan = next((string(item.get("name")) for item in classes if "plan" in codes(item.get("type"))), None)
    return Coverage(
        source=source(resource, "Coverage", pick(resource, "period", "start")),
        labels=labels_of(resource),
        payer=material.named(resource.get("payor")),
        plan=plan or words(resource.get("type")),
        status=string(resource.get("status")),
        ends=day(pick(resource, "period", "end")),
    )


def referrals(material: Material) -> list[Referral]:
    """Orders with the step of their loop. The step comes from the task that fulfills the order."""
    tasks: dict[str, list[Json]] = {}
    for task in newest_first(material.of("Task"), lambda task: task.get("lastModified") or task.get("authoredOn")):
        tasks.setdefault(reference(task.get("focus")) or "", []).append(task)
    found = newest_first(material.of("ServiceRequest"), _ordered)
    return [_referral(item, tasks.get(ref_of(item), []), material) for item in found]


def _referral(resource: Json, tasks: list[Json], material: Material) -> Referral:
    base = source(resource, "Referral", _ordered(resource), material.named(resource.get("requester")))
    owners = [material.named(task.get("owner")) for task in tasks]
    return Referral(
        source=Source(base.ref, version_of(resource, *tasks), base.title, base.when, base.author),
        labels=labels_of(resource, *tasks, looks_sud=condition_looks_sud(resource)),
        what=words(resource.get("code")) or "referral not described",
        status=string(resource.get("status")),
        step=next(
            (step for task in tasks if (step := words(task.get("businessStatus")) or string(task.get("status")))), None
        ),
        to=material.named(resource.get("performer")) or next((owner for owner in owners if owner), None),
        when=day(_ordered(resource)),
    )


def consents(material: Material) -> list[Consent]:
    return [_consent(item) for item in newest_first(material.of("Consent"), lambda consent: consent.get("dateTime"))]


def _consent(resource: Json) -> Consent:
    rule = pick(resource, "provision")
    said = all_words(resource.get("policyRule"), *many(resource.get("category")))
    named = {*security_codes(resource), *codes(resource.get("policyRule")), *_labels_in(rule)}
    return Consent(
        source=source(resource, words(resource.get("category")) or "Consent", resource.get("dateTime")),
        labels=labels_of(resource),
        status=string(resource.get("status")) or "unknown",
        scope=next(iter(codes(resource.get("scope"))), None),
        category=words(resource.get("category")),
        when=moment(resource.get("dateTime")),
        rule=_provision(rule, _base_rule(resource)) if isinstance(rule, dict) else None,
        part2=bool(named & PART2_CODES) or "42 cfr part 2" in said.lower(),
    )


def _base_rule(resource: Json) -> bool:
    """Whether the policy permits where the provision itself does not say: only an explicit opt-in does."""
    return "OPTIN" in codes(resource.get("policyRule"))


def _labels_in(provision: Any, depth: int = 0) -> set[str]:
    own = {code for label in many(pick(provision, "securityLabel")) for code in codes(label)}
    deeper = many(pick(provision, "provision")) if depth < _DEEPEST_PROVISION else []
    return own.union(*(_labels_in(inner, depth + 1) for inner in deeper))


def _provision(found: Json, otherwise: bool, depth: int = 0) -> Provision:  # noqa: FBT001 - the rule that holds outside
    said = string(found.get("type"))
    actors = {ref for actor in many(found.get("actor")) if (ref := _actor(actor.get("reference")))}
    nested = many(found.get("provision")) if depth < _DEEPEST_PROVISION else []
    return Provision(
        permit=said == "permit" if said else otherwise,
        purposes=frozenset(code for purpose in many(found.get("purpose")) for code in codes(purpose)),
        actors=frozenset(actors),
        labels=frozenset(code for label in many(found.get("securityLabel")) for code in codes(label)),
        starts=moment(pick(found, "period", "start")),
        ends=moment(pick(found, "period", "end")),
        nested=tuple(_provision(inner, False, depth + 1) for inner in nested),  # noqa: FBT003 - a nested rule must say
    )


def _actor(value: Any) -> str | None:
    """An actor without a resource still narrows: its name stands in, and matches no reference."""
    return reference(value) or display(value) or ("unnamed" if value else None)


def messages(material: Material) -> list[Message]:
    found = [item for item in material.of("Communication") if string(item.get("status")) != "not-done"]
    return [_message(item, material) for item in newest_first(found, _sent)]


def _sent(resource: Json) -> str | None:
    return string(resource.get("sent")) or string(resource.get("received"))


def _message(resource: Json, material: Material) -> Message:
    texts = [string(payload.get("contentString")) for payload in many(resource.get("payload"))]
    sender = material.named(resource.get("sender"))
    return Message(
        source=source(resource, words(resource.get("topic")) or "Message", _sent(resource), sender),
        labels=labels_of(resource),
        when=moment(_sent(resource)),
        sender=sender,
        text="\n".join(text for text in texts if text) or "(this message has no text; open it in the EHR)",
    )


SECTIONS: Mapping[Section, Callable[[Material], list[Any]]] = {
    Section.PROBLEMS: problems,
    Section.NOTES: chart_notes,
    Section.PLAN: plans,
    Section.ASSESSMENTS: chart_assessments,
    Section.MEDICATIONS: medications,
    Section.ALLERGIES: allergies,
    Section.ALERTS: alerts,
    Section.SAFETY_PLAN: safety_plans,
    Section.CARE_TEAM: team_members,
    Section.APPOINTMENTS: appointments,
    Section.COVERAGE: coverages,
    Section.REFERRALS: referrals,
    Section.CONSENTS: consents,
    Section.MESSAGES: messages,
}

NAMED_IN: Mapping[str, tuple[tuple[str, ...], ...]] = {  # where each type refers to people and organizations by name
    "DocumentReference": (("author",),),
    "CareTeam": (("participant", "member"),),
    "CarePlan": (("author",), ("activity", "detail", "performer")),
    "MedicationRequest": (("requester",),),
    "Communication": (("sender",),),
    "Appointment": (("participant", "actor"),),
    "Coverage": (("payor",),),
    "ServiceRequest": (("performer",), ("requester",)),
    "Task": (("owner",),),
}
