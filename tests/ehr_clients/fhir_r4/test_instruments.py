import itertools
from typing import Any

import pytest

from ehr_clients.codes import CSSRS, GAD7, LOINC, PHQ9
from ehr_clients.fhir_r4.instruments import answer_value, assessments, columbia_level, score
from ehr_clients.models import Assessment, Label

type Json = dict[str, Any]
WHEN = "2026-11-02T09:40:00-05:00"
_ids = itertools.count()


def observation(code: str, value: Json | None = None, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"o{next(_ids)}",
        "meta": {"versionId": "1"},
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": WHEN,
        **(value or {}),
        **more,
    }


def often(answer: int) -> Json:
    code = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")[answer]
    return {"valueCodeableConcept": {"coding": [{"system": LOINC, "code": code}]}}


def response(answers: dict[str, Json], **more: Any) -> Json:
    items = [{"linkId": f"/{code}", "answer": [value] if value else []} for code, value in answers.items()]
    return {"resourceType": "QuestionnaireResponse", "id": f"q{next(_ids)}", "authored": WHEN, "item": items, **more}


def one(observations: list[Json], responses: list[Json] | None = None) -> Assessment:
    found = assessments(observations, responses or [])
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": {"value": 12, "unit": "{score}"}}, 12),
        ({"valueQuantity": {"value": "12"}}, 12),
        ({"valueInteger": 12}, 12),
        ({"valueDecimal": 12.0}, 12),
        ({"valueString": "12"}, 12),
        ({"valueString": " 12 "}, 12),
        ({"valueCodeableConcept": {"text": "12"}}, 12),
        ({"valueCodeableConcept": {"coding": [{"code": "12"}]}}, 12),
        ({"valueInteger": 0}, 0),
        ({"valueString": "twelve"}, None),
        ({"valueString": "12-15"}, None),
        ({"valueBoolean": True}, None),
        ({"valueQuantity": {"value": None}}, None),
        ({"valueString": "NaN"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_total_is_read_in_every_shape(value: Any, expected: float | None) -> None:
    assert score(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (often(0), 0),
        (often(3), 3),
        ({"valueCoding": {"system": LOINC, "code": "LA6570-1"}}, 2),
        ({"valueInteger": 1}, 1),
        ({"valueString": "3"}, 3),
        (
            {
                "valueCoding": {
                    "code": "x",
                    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": 2}],
                }
            },
            2,
        ),
        ({"valueInteger": 4}, None),
        ({"valueDecimal": 1.5}, None),
        ({"valueString": "Several days"}, None),
        ({"valueCodeableConcept": {"text": "Nearly every day"}}, None),
        ({"dataAbsentReason": {"coding": [{"code": "asked-declined"}]}}, None),
    ],
)
def test_an_answer_is_read_by_code_or_number_and_never_from_words(value: Json, expected: int | None) -> None:
    assert answer_value(value, 3) == expected


def test_a_missing_item_nine_is_unknown_and_never_zero() -> None:
    items = [observation(code, often(1)) for code in PHQ9.items[:8]]
    found = one([*items, observation("44261-6", {"valueInteger": 8})])
    assert found.answer(9) is None
    assert found.total == 8
    assert len(found.answers) == 9


@pytest.mark.parametrize("shape", ["members", "components", "loose items", "response"])
def test_item_answers_are_read_from_every_shape(shape: str) -> None:
    answers = dict(zip(PHQ9.items, [0, 1, 2, 3, 0, 1, 2, 3, 1], strict=True))
    total = observation("44261-6", {"valueString": "13"})
    items = [observation(code, often(value)) for code, value in answers.items()]
    match shape:
        case "members":
            late = [item | {"effectiveDateTime": "2026-11-02T09:50:00-05:00"} for item in items]
            panel = observation("44249-1", hasMember=[{"reference": f"Observation/{item['id']}"} for item in items])
            found = one([panel, *late, total])
        case "components":
            parts = [
                {"code": {"coding": [{"system": LOINC, "code": code}]}, **often(value)}
                for code, value in answers.items()
            ]
            found = one([observation("44249-1", component=parts), total])
        case "loose items":
            found = one([*items, total])
        case _:
            sent = {
                code: {"valueCoding": often(value)["valueCodeableConcept"]["coding"][0]}
                for code, value in answers.items()
            }
            found = one([total], [response(sent | {"44261-6": {"valueDecimal": 13}})])
    assert [answer.value for answer in found.answers] == [0, 1, 2, 3, 0, 1, 2, 3, 1]
    assert (found.instrument, found.total, found.answer(9)) == ("PHQ-9", 13, 1)


def test_two_spellings_of_one_moment_are_one_sitting() -> None:
    found = one(
        [
            observation("44260-8", often(2)),
            observation("44261-6", {"valueInteger": 9}, effectiveDateTime="2026-11-02T14:40:00Z"),
        ]
    )
    assert (found.total, found.answer(9)) == (9, 2)


def test_observations_derived_from_a_response_belong_to_its_sitting() -> None:
    form = response({"44260-8": {"valueInteger": 1}})
    item = observation(
        "44250-9",
        often(2),
        effectiveDateTime="2026-11-03",
        derivedFrom=[{"reference": f"QuestionnaireResponse/{form['id']}"}],
    )
    found = one([item], [form])
    assert (found.answer(1), found.answer(9)) == (2, 1)


def test_two_sources_that_disagree_leave_the_higher_answer() -> None:
    for first, second in ((0, 2), (2, 0)):
        found = one([observation("44260-8", often(first))], [response({"44260-8": {"valueInteger": second}})])
        assert found.answer(9) == 2


def test_an_unanswered_item_beside_an_answered_one_does_not_erase_it() -> None:
    found = one([observation("44260-8", often(2))], [response({"44260-8": {}})])
    assert found.answer(9) == 2


def test_a_total_is_summed_only_from_a_whole_form() -> None:
    assert one([observation(code, often(1)) for code in GAD7.items]).total == 7
    assert one([observation(code, often(1)) for code in GAD7.items[:6]]).total is None


@pytest.mark.parametrize("value", [28, -1, 99])
def test_an_impossible_total_is_not_known(value: int) -> None:
    assert one([observation("44261-6", {"valueInteger": value})]).total is None


def test_the_version_of_a_sitting_changes_with_any_of_its_answers() -> None:
    item, total = observation("44260-8", often(0)), observation("44261-6", {"valueInteger": 9})
    before = one([item, total]).source
    after = one([item | {"meta": {"versionId": "2"}}, total]).source
    assert before.ref == after.ref
    assert before.version != after.version


def test_phq_2_items_beside_a_phq_2_total_are_no_phq_9() -> None:
    found = one(
        [
            observation("55758-7", {"valueInteger": 3}),
            observation("44250-9", often(1)),
            observation("44255-8", often(2)),
        ]
    )
    assert (found.instrument, found.total, [answer.value for answer in found.answers]) == ("PHQ-2", 3, [1, 2])


def test_sittings_come_newest_first() -> None:
    days = ["2026-01-01", "2026-03-01T10:00:00Z", "2026", "2026-02-01"]
    found = assessments(
        [observation("44261-6", {"valueInteger": n}, effectiveDateTime=when) for n, when in enumerate(days)], []
    )
    assert [item.total for item in found] == [1, 3, 0, 2]


@pytest.mark.parametrize(("code", "instrument"), [("75626-2", "AUDIT-C"), ("82667-7", "DAST-10")])
def test_answers_about_alcohol_and_drugs_are_treated_as_protected(code: str, instrument: str) -> None:
    found = one([observation(code, {"valueInteger": 2})])
    assert (found.instrument, found.labels) == (instrument, frozenset({Label.PART2_PENDING}))


def test_other_observations_are_none_of_ours() -> None:
    assert assessments([observation("8302-2", {"valueQuantity": {"value": 170}})], []) == []


W, T, M, I, P, E, R = CSSRS.items  # noqa: E741 - wish, thoughts, method, intent, plan, behavior ever, behavior recent


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ({W: 0, T: 0, E: 0, R: 0}, None),
        ({W: 1, T: 0, E: 0, R: 0}, "low"),
        ({W: 1, T: 0, E: 0}, "low"),
        ({W: 1, T: 1, M: 0, I: 0, P: 0, E: 0, R: 0}, "low"),
        ({W: 1, T: 1, M: 1, I: 0, P: 0, E: 0, R: 0}, "moderate"),
        ({W: 0, T: 0, E: 1, R: 0}, "moderate"),
        ({W: 1, T: 1, M: 0, I: 1, P: 0, E: 0, R: 0}, "high"),
        ({W: 1, T: 1, M: 1, I: 0, P: 1, E: 0, R: 0}, "high"),
        ({W: 0, T: 0, E: 1, R: 1}, "high"),
        ({I: 1}, "high"),
        ({W: 1, T: 1, E: 0}, None),
        ({W: 1, T: 1, M: 0, I: None, P: 0, E: 0}, None),
        ({W: 1, T: 0}, None),
        ({W: 1, T: 0, R: 0}, None),
        ({W: 1}, None),
        ({}, None),
    ],
)
def test_columbias_rule(answers: dict[str, int | None], level: str | None) -> None:
    """Low claims that the rest is "no": where it was not asked, the level is not known."""
    assert columbia_level(answers) == level


def yes(code: str, *, said: bool = True) -> Json:
    return observation(
        code, {"valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA33-6" if said else "LA32-8"}]}}
    )


def level(code: str) -> Json:
    return observation("93374-7", {"valueCodeableConcept": {"coding": [{"system": LOINC, "code": code}]}})


@pytest.mark.parametrize(
    ("reported", "intent", "expected", "differ"),
    [("LA9194-7", True, "high", True), ("LA9193-9", True, "high", False), ("LA6751-7", False, "moderate", True)],
)
def test_the_higher_of_reported_and_answered_level_stands(
    *, reported: str, intent: bool, expected: str, differ: bool
) -> None:
    rest = [yes(W), yes(T), yes(M, said=False), yes(I, said=intent), yes(P, said=False), yes(E, said=False)]
    found = one([level(reported), *rest])
    assert found.level == expected
    assert ("differ" in found.source.title) is differ
    said = [answer.value for answer in found.answers if answer.code == "93374-7"]
    assert said == ([{"LA9194-7": 1, "LA6751-7": 2, "LA9193-9": 3}[reported]] if differ else [])
    assert found.total is None


def test_a_reported_level_alone_is_enough_and_words_that_are_no_level_are_none() -> None:
    assert one([level("LA9193-9")]).level == "high"
    assert (
        one([observation("93374-7", {"valueCodeableConcept": {"text": "No risk indicated by the screener"}})]).level
        is None
    )
