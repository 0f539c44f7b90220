import copy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ehr_clients.fhir_r4 import consents, coordination, mapping, notes, people, plans, treatment
from ehr_clients.fhir_r4.material import Material, sift
from ehr_clients.fhir_r4.plans import readable_goal
from ehr_clients.models import Assessment, Goal, Label, Plan, Provision, Section
from ehr_clients.sandbox.clinic import bundles

type Json = dict[str, Any]
COHORTS = [Path(__file__).parents[2] / "fixtures" / "cohort", Path(__file__).parents[4] / "shared" / "data" / "cohort"]
SUBJECT = {"reference": "Patient/p"}


def material(*resources: Json, **more: Any) -> Material:
    by_kind: dict[str, list[Json]] = {}
    for resource in resources:
        by_kind.setdefault(resource["resourceType"], []).append({"id": "1", "subject": SUBJECT} | resource)
    return Material(by_kind, **more)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Walk daily", ("Walk daily", None, None)),
        ("{'text': 'Keep it below 140/90', 'addresses': ['x']}", ("Keep it below 140/90", None, None)),
        (
            "{'observation': {'codes': [{'system': 'LOINC', 'code': '4548-4', 'display': 'Hemoglobin A1c'}], 'operator': '<', 'value': 7}}",
            ("Hemoglobin A1c < 7", "Hemoglobin A1c", "< 7"),
        ),
        ("{'observation': {'codes': []}}", ("{'observation': {'codes': []}}", None, None)),
        ("{'observation': 3, 'value'", ("{'observation': 3, 'value'", None, None)),
        ("{__import__('os').system('x')}", ("{__import__('os').system('x')}", None, None)),
        ("{" * 200, ("{" * 200, None, None)),
        (None, ("goal not described", None, None)),
    ],
)
def test_a_goal_reads_sensibly_whatever_the_ehr_printed(written: str | None, expected: tuple[Any, ...]) -> None:
    assert readable_goal(written) == expected


def test_goals_come_inside_their_plan_and_the_others_after_it() -> None:
    plan = {
        "resourceType": "CarePlan",
        "id": "plan",
        "goal": [{"reference": "Goal/a"}],
        "title": "Trauma",
        "description": "PTSD",
    }
    own = {"resourceType": "Goal", "id": "a", "description": {"text": "Sleep"}}
    loose = {"resourceType": "Goal", "id": "b", "description": {"text": "Work"}, "startDate": "2026-01-01"}
    found = plans.plans(material(plan, own, loose))
    assert [(item.title, [goal.text for goal in item.goals]) for item in found] == [
        ("Trauma", ["Sleep"]),
        ("Goals outside a treatment plan", ["Work"]),
    ]
    assert found[0].problem == "PTSD"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"detailQuantity": {"value": 9, "unit": "points", "comparator": "<="}}, "<= 9 points"),
        ({"detailRange": {"low": {"value": 1}, "high": {"value": 3, "unit": "h"}}}, "1 to 3 h"),
        ({"detailString": "twice a week"}, "twice a week"),
        ({"detailInteger": 0}, "0"),
        ({"detailCodeableConcept": {"text": "remission"}}, "remission"),
        ({}, None),
    ],
)
def test_a_target_is_read_in_every_shape(target: Json, expected: str | None) -> None:
    assert plans.goal({"resourceType": "Goal", "id": "1", "target": [target]}).target == expected


@pytest.mark.parametrize("where", ["contained", "included", "named", "inline"])
def test_a_medication_is_named_wherever_its_name_stands(where: str) -> None:
    medicine = {"resourceType": "Medication", "id": "m", "code": {"text": "Buprenorphine film"}}
    request: Json = {"resourceType": "MedicationRequest"}
    beside: dict[str, Json] = {}
    match where:
        case "contained":
            request |= {"contained": [medicine], "medicationReference": {"reference": "#m"}}
        case "included":
            request |= {"medicationReference": {"reference": "Medication/m"}}
            beside = {"Medication/m": medicine}
        case "named":
            request |= {"medicationReference": {"reference": "Medication/m", "display": "Buprenorphine film"}}
        case _:
            request |= {"medicationCodeableConcept": {"text": "Buprenorphine film"}}
    (found,) = treatment.medications(material(request, beside=beside))
    assert found.name == "Buprenorphine film"
    assert found.labels == frozenset({Label.PART2_PENDING})


def security(*codes: str) -> Json:
    return {"meta": {"security": [{"code": code} for code in codes]}}


@pytest.mark.parametrize(
    ("condition", "labels"),
    [
        (security("R", "ETHUD", "42CFRPart2"), {Label.PART2}),
        (security("SUD"), {Label.PART2}),
        (security("R"), {Label.RESTRICTED}),
        (security("V"), {Label.RESTRICTED}),
        (security("N"), set()),
        (
            {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]}},
            {Label.PART2_PENDING},
        ),
        ({"code": {"text": "Alcohol use disorder"}} | security("R"), {Label.PART2_PENDING, Label.RESTRICTED}),
        ({"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F17.210"}]}}, set()),
    ],
)
def test_how_an_item_may_travel(condition: Json, labels: set[Label]) -> None:
    (found,) = treatment.problems(material({"resourceType": "Condition"} | condition))
    assert found.labels == frozenset(labels)


def test_what_never_surfaces_does_so_in_no_section() -> None:
    found = sift(
        [{"resourceType": kind, "subject": SUBJECT} | security("PSYTHPN") for kind in ("Communication", "CarePlan")],
        "p",
    )
    assert (found.kept, found.dropped) == ([], 2)


def test_errors_and_refuted_problems_are_left_out() -> None:
    wrong = [
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
    ]
    kept = sift(
        [{"resourceType": "Condition", "id": str(n), "subject": SUBJECT} | w for n, w in enumerate(wrong)], "p"
    ).kept
    assert treatment.problems(material(*kept)) == []


def test_a_consent_rule_keeps_its_nesting_and_an_unnamed_recipient_narrows() -> None:
    consent = {
        "resourceType": "Consent", "status": "active", "dateTime": "2026-01-02",
        "policyRule": {"coding": [{"code": "42CFRPart2"}]},
        "provision": {
            "type": "permit", "purpose": [{"code": "TREAT"}],
            "actor": [{"reference": {"reference": "Organization/o"}}, {"reference": {"display": "Sister"}}],
            "provision": [{"type": "deny", "securityLabel": [{"code": "SUD"}]}, {"securityLabel": [{"code": "HIV"}]}],
        },
    }  # fmt: skip
    (found,) = consents.consents(material(consent))
    assert found.part2
    assert found.rule == Provision(
        permit=True,
        purposes=frozenset({"TREAT"}),
        actors=frozenset({"Organization/o", "Sister"}),
        nested=(Provision(permit=False, labels=frozenset({"SUD"})), Provision(permit=False, labels=frozenset({"HIV"}))),
    )


def test_a_rule_that_does_not_say_permit_denies_unless_the_policy_opts_in() -> None:
    def permits(**more: Any) -> bool:
        (found,) = consents.consents(material({"resourceType": "Consent", "status": "active", "provision": {}} | more))
        assert found.rule is not None
        return found.rule.permit

    assert not permits()
    assert permits(policyRule={"coding": [{"code": "OPTIN"}]})
    assert not permits(policyRule={"coding": [{"code": "OPTOUT"}]})


def test_a_client_of_almost_nothing() -> None:
    found = people.client({"resourceType": "Patient", "id": "x", "birthDate": "1990"})
    assert (found.name, found.birth_date, found.deceased, found.active) == ("name not on file", None, None, None)


def test_a_social_security_number_is_no_record_number() -> None:
    numbers = [
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999", "type": {"coding": [{"code": "SS"}]}},
        {"value": "7", "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}},
    ]
    assert people.client({"resourceType": "Patient", "id": "x", "identifier": numbers}).mrn == "7"


def as_served(bundle: Json) -> tuple[str, list[Json]]:
    """A transaction bundle as a server would hold it: ids given, urn references resolved."""
    text = json.dumps(bundle)
    ids = {
        entry["fullUrl"]: entry["resource"]
        for entry in bundle["entry"]
        if str(entry.get("fullUrl", "")).startswith("urn:")
    }
    for url, resource in ids.items():
        text = text.replace(f'"{url}"', f'"{resource["resourceType"]}/{resource.get("id") or url.rsplit(":", 1)[-1]}"')
    entries = json.loads(text)["entry"]
    for place, entry in enumerate(entries):
        entry["resource"].setdefault("id", f"n{place}")
    resources = [entry["resource"] for entry in entries]
    return next(item["id"] for item in resources if item["resourceType"] == "Patient"), resources


def charts(folder: Path) -> Iterator[tuple[str, list[Json]]]:
    for file in sorted(folder.glob("*.json")):
        bundle = json.loads(file.read_text())
        if isinstance(bundle, dict):
            yield as_served(bundle)


def mapped(client_id: str, resources: list[Json]) -> dict[Section, list[Any]]:
    sifted = sift([item for item in resources if item["resourceType"] != "Patient"], client_id)
    by_kind: dict[str, list[Json]] = {}
    for resource in sifted.kept:
        by_kind.setdefault(resource["resourceType"], []).append(resource)
    by_kind["DocumentReference"] = notes.current_notes(by_kind.get("DocumentReference", []))
    names = {f"Practitioner/{r['id']}": "Somebody" for r in resources if r["resourceType"] == "Practitioner"}
    return {section: put(Material(by_kind, names=names)) for section, put in mapping.SECTIONS.items()}


@pytest.mark.parametrize("folder", COHORTS, ids=["fixtures", "whole cohort"])
def test_every_patient_of_the_cohort_is_put_into_words(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip("The whole cohort lies beside the checkout or not at all.")
    seen = 0
    for client_id, resources in charts(folder):
        chart = mapped(client_id, resources)
        seen += 1
        counts = {
            kind: sum(item["resourceType"] == kind for item in resources)
            for kind in ("Condition", "DocumentReference", "CarePlan")
        }
        assert len(chart[Section.PROBLEMS]) == counts["Condition"]
        assert len(chart[Section.NOTES]) == counts["DocumentReference"]
        assert all(len(note.text) > 40 and note.author for note in chart[Section.NOTES])
        goals: list[Goal] = [goal for plan in chart[Section.PLAN] if isinstance(plan, Plan) for goal in plan.goals]
        assert not [goal for goal in goals if "{" in goal.text]
        forms = [
            a for a in chart[Section.ASSESSMENTS] if isinstance(a, Assessment) and a.instrument == "PHQ-9" and a.answers
        ]
        assert len(forms) == sum(item["resourceType"] == "QuestionnaireResponse" for item in resources)
        assert all(answer.value is not None for form in forms for answer in form.answers)
    assert seen == len([file for file in folder.glob("*.json") if file.name != "index.json"])


def test_one_sitting_of_the_cohort_is_one_assessment_though_it_is_kept_three_times() -> None:
    for client_id, resources in charts(COHORTS[0]):
        found = [a for a in mapped(client_id, resources)[Section.ASSESSMENTS] if a.instrument == "PHQ-9"]
        assert len({a.when for a in found}) == len(found)


CLINIC = [entry["resource"] for bundle in bundles(date(2026, 11, 23)) for entry in bundle["entry"]]
BY_KIND = {resource["resourceType"]: resource for resource in CLINIC if resource["resourceType"] != "Bundle"}
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["2026-02-30", "{'a'"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "text", "reference", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for name, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, name)
        yield from _places(value, (*path, name))


@pytest.mark.parametrize(
    "kind",
    sorted(
        set(BY_KIND)
        & {
            "Patient",
            "Condition",
            "DocumentReference",
            "CarePlan",
            "Goal",
            "Observation",
            "QuestionnaireResponse",
            "MedicationRequest",
            "AllergyIntolerance",
            "Flag",
            "CareTeam",
            "Appointment",
            "Coverage",
            "ServiceRequest",
            "Task",
            "Consent",
            "Communication",
        }
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_oddity_of_a_resource_breaks_its_reader(kind: str, data: st.DataObject) -> None:
    resource = copy.deepcopy(BY_KIND[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(sorted(_places(resource), key=str)))
        if way == [] and last == "resourceType":
            continue
        node = resource
        for step in way:
            node = node[step]
        node[last] = data.draw(JUNK)
    people.client(resource)
    sift([resource], "p")
    by_kind = {kind: [resource, BY_KIND[kind]]}
    by_kind["DocumentReference"] = notes.current_notes(by_kind.get("DocumentReference", []))
    for put in mapping.SECTIONS.values():
        put(Material(by_kind))


def test_a_date_of_the_future_is_kept() -> None:
    (found,) = coordination.appointments(material({"resourceType": "Appointment", "start": "2031-01-01T09:00:00Z"}))
    assert found.start == datetime(2031, 1, 1, 9, tzinfo=UTC)


def _rule(**provision: Any) -> Provision:
    (found,) = consents.consents(material({"resourceType": "Consent", "status": "active", "provision": provision}))
    assert found.rule is not None
    return found.rule


@pytest.mark.parametrize(
    ("limit", "narrowed"),
    [
        ({}, False),
        ({"class": [{"code": "Observation"}]}, True),
        ({"code": [{"coding": [{"code": "34117-2"}]}]}, True),
        ({"data": [{"meaning": "instance", "reference": {"reference": "DocumentReference/1"}}]}, True),
        ({"dataPeriod": {"start": "2026-01-01"}}, True),
        ({"action": [{"coding": [{"code": "collect"}]}]}, True),
        ({"action": [{"coding": [{"code": "collect"}, {"code": "disclose"}]}]}, False),
    ],
)
def test_limits_that_cannot_be_checked_are_kept_in_mind(limit: Json, *, narrowed: bool) -> None:
    assert _rule(type="permit", **limit).narrowed is narrowed


def test_whoever_is_named_in_another_role_narrows_a_permit_and_never_a_refusal() -> None:
    actor = [{"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": "Organization/o"}}]
    assert _rule(type="permit", actor=actor).actors == {"Organization/o"}
    assert _rule(type="deny", actor=actor).actors == frozenset()
    recipient = [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/o"}}]
    assert _rule(type="deny", actor=recipient).actors == {"Organization/o"}


def test_a_consent_names_the_elements_that_its_record_states() -> None:
    bare = {"resourceType": "Consent", "status": "active", "patient": SUBJECT, "dateTime": "2026-01-02"}
    (found,) = consents.consents(material(bare))
    assert found.stated == {"patient", "date"}
    (found,) = consents.consents(material(bare | {"sourceReference": {"reference": "DocumentReference/form"}}))
    assert "right to revoke" in found.stated
