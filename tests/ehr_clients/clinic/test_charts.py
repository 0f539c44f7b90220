"""What a clinician would check in every chart: enough on file, sums that add up, notes that agree with the scores."""

import re
from collections import Counter

import pytest

from ehr_clients.sandbox.clinic.measures import cssrs_level
from ehr_clients.sandbox.clinic.sources import Cssrs
from tests.ehr_clients.clinic.shelf import Resource, Shelf, codes, observations, progress_notes, text

NOTHING_ON_FILE = "C-107"
ALIASES = [f"C-{number}" for number in range(101, 119)]
CHARTED = [alias for alias in ALIASES if alias != NOTHING_ON_FILE]

# The codes of the reference, typed a second time on purpose.
PHQ9 = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
GAD7 = ["69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"]
ANSWERS = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
KNOWN_OBSERVATIONS = {
    *PHQ9, *GAD7, "44249-1", "44261-6", "69737-5", "70274-6", "75626-2", "82667-7", "93373-9", "93374-7", "93246-7",
    "93247-5", "93248-3", "93249-1", "93250-9", "93267-3", "93269-9",
}  # fmt: skip


def test_there_are_enough_clients_staff_and_teams(shelf: Shelf) -> None:
    assert len(shelf.every("Patient")) == 18
    assert sum(practitioner["active"] for practitioner in shelf.every("Practitioner")) == 14
    assert len([org for org in shelf.every("Organization") if "partOf" in org]) == 3


@pytest.mark.parametrize("alias", CHARTED)
def test_a_chart_has_what_a_handoff_asks_for(shelf: Shelf, alias: str) -> None:
    held = Counter(resource["resourceType"] for resource in shelf.of(alias))
    assert len(progress_notes(shelf.of(alias, "DocumentReference"))) >= 5
    for kind in ("Condition", "MedicationRequest", "AllergyIntolerance", "CareTeam", "Coverage", "Goal", "CarePlan"):
        assert held[kind] >= 1, kind
    assert held["Encounter"] >= 5
    statuses = {appointment["status"] for appointment in shelf.of(alias, "Appointment")}
    assert {"fulfilled", "booked"} <= statuses


@pytest.mark.parametrize("alias", CHARTED)
def test_notes_are_signed_dated_plain_text_of_a_kept_visit(shelf: Shelf, alias: str) -> None:
    encounters = {f"Encounter/{encounter['id']}" for encounter in shelf.of(alias, "Encounter")}
    for note in progress_notes(shelf.of(alias, "DocumentReference")):
        assert note["author"]
        assert note["content"][0]["attachment"]["contentType"].startswith("text/plain")
        assert {"34904-3", "11506-3"} == codes(note["type"])
        assert {ref["reference"] for ref in note.get("context", {}).get("encounter", [])} <= encounters
        assert len(text(note).split()) > 25


def test_every_form_of_note_is_there_and_keeps_to_its_headings(shelf: Shelf) -> None:
    headings = {
        "DAP": ("Data:", "Assessment:", "Plan:"),
        "SOAP": ("S:", "O:", "A:", "P:"),
        "BIRP": ("Behavior:", "Intervention:", "Response:", "Plan:"),
        "GIRP": ("Goal:", "Intervention:", "Response:", "Plan:"),
    }
    seen = Counter[str]()
    for note in progress_notes(shelf.every("DocumentReference")):
        form = re.search(r"\((\w+)\)", note["type"]["text"])
        if form:
            seen[form[1]] += 1
            places = [text(note).find(f"{heading}") for heading in headings[form[1]]]
            assert places == sorted(places), note["id"]
            assert -1 not in places, note["id"]
    assert set(seen) == set(headings)
    assert min(seen.values()) >= 8


def test_no_two_notes_share_a_sentence(shelf: Shelf) -> None:
    """A clinic written from templates would. Set phrases about safety, a few words long, may repeat."""
    first_seen: dict[str, str] = {}
    for note in progress_notes(shelf.every("DocumentReference")):
        if note["docStatus"] == "amended":
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", text(note)):
            if len(sentence.split()) >= 8:
                assert first_seen.setdefault(sentence, note["id"]) == note["id"], sentence


@pytest.mark.parametrize("alias", [alias for alias in CHARTED if alias != "C-114"])
def test_totals_are_the_sum_of_their_items(shelf: Shelf, alias: str) -> None:
    found = shelf.of(alias, "Observation")
    assert len(observations(found, "44249-1")) >= 3
    for panel, total, items in (("44249-1", "44261-6", PHQ9), ("69737-5", "70274-6", GAD7)):
        for sitting in observations(found, panel):
            answers = _answers(found, sitting)
            assert list(answers) == items
            given = [answer for answer in answers.values() if answer is not None]
            totals = _on_the_day(observations(found, total), sitting)
            assert [_number(one) for one in totals] == ([sum(given)] if len(items) - len(given) <= 2 else [])


@pytest.mark.parametrize("alias", CHARTED)
def test_a_note_never_contradicts_the_score_of_its_day(shelf: Shelf, alias: str) -> None:
    totals = shelf.of(alias, "Observation")
    for note in progress_notes(shelf.of(alias, "DocumentReference")):
        for name, code in (("PHQ-9", "44261-6"), ("GAD-7", "70274-6")):
            said = re.search(rf"{name}(?: is| was| today)? (\d+)\b", text(note))
            measured = [o for o in observations(totals, code) if o["effectiveDateTime"][:10] == note["date"][:10]]
            if said and measured:
                assert int(said[1]) == _number(measured[0]), note["id"]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_questionnaire_response_repeats_the_panel_of_its_day(shelf: Shelf, alias: str) -> None:
    found = shelf.of(alias, "Observation")
    for response in shelf.of(alias, "QuestionnaireResponse"):
        panel = response["questionnaire"].rsplit("/", 1)[1]
        sitting = next(o for o in observations(found, panel) if o["effectiveDateTime"] == response["authored"])
        given = {
            item["linkId"]: item["answer"][0]["valueCoding"]["code"] for item in response["item"] if "answer" in item
        }
        expected = {f"/{code}": value for code, value in _answers(found, sitting).items() if value is not None}
        assert {link: ANSWERS[code] for link, code in given.items()} == expected


def test_only_codes_of_the_reference_are_used(shelf: Shelf) -> None:
    used = {code for observation in shelf.every("Observation") for code in codes(observation["code"])}
    assert used <= KNOWN_OBSERVATIONS
    assert {"93373-9", "93374-7", "44260-8"} <= used


def test_the_wording_of_the_cssrs_is_not_shipped(shelf: Shelf) -> None:
    for observation in observations(shelf.every("Observation"), "93373-9"):
        for item in shelf.every("Observation"):
            if f"Observation/{item['id']}" in {member["reference"] for member in observation["hasMember"]}:
                assert item["code"]["coding"][0]["display"].startswith("C-SSRS screener")


@pytest.mark.parametrize("alias", CHARTED)
def test_the_cssrs_level_follows_from_its_answers(shelf: Shelf, alias: str) -> None:
    found = shelf.of(alias, "Observation")
    for sitting in observations(found, "93373-9"):
        yes = {
            code
            for member in _members(found, sitting)
            for code in codes(member["code"])
            if "LA33-6" in codes(member["valueCodeableConcept"])
        }
        (risk,) = _on_the_day(observations(found, "93374-7"), sitting)
        if yes & {"93249-1", "93250-9", "93269-9"}:
            expected = {"LA9193-9"}
        elif yes & {"93248-3", "93267-3"}:
            expected = {"LA6751-7"}
        else:
            expected = {"LA9194-7"} if yes else set()
        assert codes(risk["valueCodeableConcept"]) == expected


@pytest.mark.parametrize(
    ("yes", "level"),
    [
        ((), "none"),
        (("wish_dead",), "low"),
        (("wish_dead", "thoughts"), "low"),
        (("thoughts", "method"), "moderate"),
        (("behaviour_lifetime",), "moderate"),
        (("thoughts", "intent"), "high"),
        (("thoughts", "plan"), "high"),
        (("behaviour_3_months",), "high"),
    ],
)
def test_each_answer_of_the_cssrs_weighs_what_columbia_says(yes: tuple[str, ...], level: str) -> None:
    no = dict.fromkeys(("wish_dead", "thoughts", "behaviour_lifetime", "behaviour_3_months"), False)
    assert cssrs_level(Cssrs.model_validate(no | dict.fromkeys(yes, True))) == level


@pytest.mark.parametrize("alias", CHARTED)
def test_objectives_are_measurable(shelf: Shelf, alias: str) -> None:
    for goal in shelf.of(alias, "Goal"):
        (target,) = goal["target"]
        assert target["measure"]["text"]
        assert isinstance(target["detailQuantity"]["value"], float)
        assert target["dueDate"]
        assert goal["note"][0]["text"].startswith("Baseline ")
    plan = next(plan for plan in shelf.of(alias, "CarePlan") if plan["id"].endswith("-plan") and plan.get("goal"))
    assert "review due" in plan["note"][0]["text"]
    assert all("scheduledString" in activity["detail"] for activity in plan["activity"])


def test_a_stopped_medication_says_when_and_why(shelf: Shelf) -> None:
    stopped = [order for order in shelf.every("MedicationRequest") if order["status"] in {"stopped", "completed"}]
    assert len(stopped) >= 8
    for order in stopped:
        assert order["statusReason"]["text"]
        assert order["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["end"]


def test_referrals_stand_in_many_states_and_close_only_with_a_report(shelf: Shelf) -> None:
    tasks = shelf.every("Task")
    assert len({task["status"] for task in tasks}) >= 6
    assert all(("output" in task) == (task["status"] == "completed") for task in tasks)
    assert all(task["focus"]["reference"].startswith("ServiceRequest/") for task in tasks)


def test_consents_have_one_provision_with_a_recipient(shelf: Shelf) -> None:
    for consent in shelf.every("Consent"):
        assert codes(consent["scope"]) == {"patient-privacy"}
        assert consent["provision"]["type"] in {"permit", "deny"}
        assert codes(consent["provision"]["actor"][0]["role"]) == {"IRCP"}
        assert consent["provision"]["period"]["start"]


def test_the_care_team_and_its_team_can_be_followed(shelf: Shelf) -> None:
    for alias in CHARTED:
        team = shelf.one(alias, "CareTeam")
        assert all(member["member"]["reference"].startswith("Practitioner/") for member in team["participant"])
        assert team["managingOrganization"][0]["reference"].startswith("Organization/sb-team-")


def _answers(found: list[Resource], sitting: Resource) -> dict[str, int | None]:
    items = sitting["component"] if "component" in sitting else _members(found, sitting)
    return {item["code"]["coding"][0]["code"]: _answer(item) for item in items}


def _members(found: list[Resource], sitting: Resource) -> list[Resource]:
    wanted = [member["reference"].removeprefix("Observation/") for member in sitting["hasMember"]]
    by_id = {resource["id"]: resource for resource in found}
    return [by_id[fhir_id] for fhir_id in wanted]


def _answer(item: Resource) -> int | None:
    if "dataAbsentReason" in item:
        return None
    return ANSWERS[item["valueCodeableConcept"]["coding"][0]["code"]]


def _on_the_day(found: list[Resource], sitting: Resource) -> list[Resource]:
    return [one for one in found if one["effectiveDateTime"] == sitting["effectiveDateTime"]]


def _number(total: Resource) -> int:
    value = total.get("valueQuantity", {}).get("value", total.get("valueInteger", total.get("valueString")))
    return int(value)
