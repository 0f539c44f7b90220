"""What every EHR promises to a reader of charts (ehr_clients/port.py, ChartReader)."""

from datetime import UTC, datetime, timedelta

import pytest

from ehr_clients.errors import ClientNotFound, EhrRefused
from ehr_clients.models import Assessment, Item, Missing, Note, Plan, Read, Section, Why
from ehr_clients.port import ClientQuery, DocumentWrite, Op
from tests.contract.conftest import CLIENT, OTHER_CLIENT, THERAPIST, World

ABSENT: dict[str, set[Section]] = {
    "sandbox": set(),
    "sekmet": {Section.CARE_TEAM},
    "epic": set(),
    "athena": {Section.ALERTS, Section.APPOINTMENTS, Section.CONSENTS, Section.MESSAGES},
}


def items(answer: object) -> tuple[Item, ...]:
    assert isinstance(answer, Read), answer
    return answer.items


async def test_a_client_is_read_by_id(world: World) -> None:
    client = await world.ehr.client(CLIENT)
    assert (client.id, client.family, client.given, client.alias) == (CLIENT, "Lindholm", ("Teresa", "Anne"), "C-102")
    assert client.mrn == "MRN-204102"
    assert [contact.name for contact in client.contacts] == ["Ingrid Lindholm", "Pastor Ray Dempsey"]


async def test_an_unknown_client_is_not_found(world: World) -> None:
    with pytest.raises(ClientNotFound):
        await world.ehr.client("nobody")
    with pytest.raises(ClientNotFound):
        await world.ehr.read("nobody", {Section.NOTES})


async def test_every_section_asked_for_is_answered_and_absence_is_never_an_empty_answer(world: World) -> None:
    chart = await world.ehr.read(CLIENT, list(Section))
    assert set(chart.sections) == set(Section)
    missing = {section for section, answer in chart.sections.items() if isinstance(answer, Missing)}
    assert missing == ABSENT[world.name]
    assert all(answer.why is Why.UNSUPPORTED for answer in chart.sections.values() if isinstance(answer, Missing))
    assert all(items(answer) for section, answer in chart.sections.items() if section not in missing)


async def test_only_what_was_asked_for_is_read(world: World) -> None:
    chart = await world.ehr.read(CLIENT, {Section.PROBLEMS})
    assert set(chart.sections) == {Section.PROBLEMS}
    assert chart.client.id == CLIENT


async def test_notes_come_newest_first_with_their_authors_and_line_breaks(world: World) -> None:
    notes = items((await world.ehr.read(CLIENT, {Section.NOTES})).sections[Section.NOTES])
    assert all(isinstance(note, Note) for note in notes)
    when = [note.when for note in notes if isinstance(note, Note) and isinstance(note.when, datetime)]
    assert when == sorted(when, reverse=True)
    assert len(when) == len(notes)
    newest = next(note for note in notes if isinstance(note, Note) and note.kind.startswith("Progress"))
    assert newest.author == "Marisol Vega, LCSW"
    assert "\nAssessment:" in newest.text
    assert newest.source.ref.startswith("DocumentReference/")


async def test_psychotherapy_notes_never_surface_and_are_counted(world: World) -> None:
    answer = (await world.ehr.read(OTHER_CLIENT, {Section.NOTES})).sections[Section.NOTES]
    assert isinstance(answer, Read)
    assert answer.dropped == 2
    assert answer.items
    assert not [item for item in answer.items if isinstance(item, Note) and "psychotherapy" in item.kind.lower()]


async def test_item_nine_is_read_as_answered(world: World) -> None:
    found = items((await world.ehr.read(CLIENT, {Section.ASSESSMENTS})).sections[Section.ASSESSMENTS])
    phq9 = [item for item in found if isinstance(item, Assessment) and item.instrument == "PHQ-9"]
    assert phq9[0].total == 15
    assert phq9[0].answer(9) == 0
    assert len(phq9[0].answers) == 9


async def test_a_plan_comes_with_its_goals(world: World) -> None:
    answer = (await world.ehr.read(CLIENT, {Section.PLAN})).sections[Section.PLAN]
    found = items(answer)
    assert isinstance(found[0], Plan)
    assert isinstance(answer, Read)
    if world.name == "sekmet":  # knows no goals: then it is said that some are missing
        assert answer.incomplete is not None
        assert "goals" in answer.incomplete
        return
    assert answer.incomplete is None
    assert found[0].goals[0].measure == "PHQ-9 total"
    assert found[0].goals[0].target == "9 points"


async def test_versions_are_those_of_what_read_returned(world: World) -> None:
    sections = set(Section) - ABSENT[world.name]
    chart = await world.ehr.read(CLIENT, sections)
    assert dict(await world.ehr.versions(CLIENT, sections)) == chart.versions()
    assert world.name == "sekmet" or any(ref.startswith("Goal/") for ref in chart.versions())


async def test_answers_say_when_they_were_read(world: World) -> None:
    before = datetime.now(UTC)
    answer = (await world.ehr.read(CLIENT, {Section.PROBLEMS})).sections[Section.PROBLEMS]
    assert isinstance(answer, Read)
    assert before <= answer.as_of <= datetime.now(UTC)


async def test_clients_are_found_by_name(world: World) -> None:
    assert [client.id for client in await world.ehr.find(ClientQuery(name="lindholm"))] == [CLIENT]
    assert await world.ehr.find(ClientQuery(name="nobody-of-that-name")) == []


async def test_clients_are_found_by_alias_and_record_number(world: World) -> None:
    assert [client.id for client in await world.ehr.find(ClientQuery(alias="C-102"))] == [CLIENT]
    assert [client.id for client in await world.ehr.find(ClientQuery(mrn="MRN-204102"))] == [CLIENT]
    assert await world.ehr.find(ClientQuery(alias="C-999")) == []


async def test_the_care_team_is_its_practitioners(world: World) -> None:
    if not world.has_care_teams:
        with pytest.raises(EhrRefused):
            await world.ehr.care_team(CLIENT)
        return
    assert THERAPIST in await world.ehr.care_team(CLIENT)
    assert all(ref.startswith("Practitioner/") for ref in await world.ehr.care_team(CLIENT))
    with pytest.raises(ClientNotFound):
        await world.ehr.care_team("nobody")


async def test_a_caseload_is_the_clients_of_a_practitioner_by_alias(world: World) -> None:
    if world.name == "athena":
        with pytest.raises(EhrRefused):
            await world.ehr.caseload(THERAPIST)
        return
    if world.name == "sekmet":  # no care teams there: by general practitioner, whom this clinic does not record
        assert await world.ehr.caseload(THERAPIST) == []
        return
    found = await world.ehr.caseload(THERAPIST)
    assert CLIENT in [client.id for client in found]
    assert [client.alias for client in found] == sorted(client.alias or "" for client in found)
    assert await world.ehr.caseload("Practitioner/nobody") == []


async def test_a_client_with_something_new_is_named_and_only_among_those_asked_for(world: World) -> None:
    began = datetime.now(UTC) - timedelta(days=1)
    assert await world.ehr.changed(began, [CLIENT]) == {CLIENT}
    assert await world.ehr.changed(began, []) == frozenset()


async def test_whose_chart_changed_is_told_or_each_may_have(world: World) -> None:
    later, both = datetime.now(UTC) + timedelta(hours=1), [CLIENT, OTHER_CLIENT]
    said = {line.kind: line for line in await world.ehr.capabilities()}["changes"]
    if said.op is Op.NATIVE:
        assert {CLIENT, OTHER_CLIENT} <= await world.ehr.changed(later - timedelta(days=1))
        assert await world.ehr.changed(later, both) == await world.ehr.changed(later) == frozenset()
        return
    assert world.name == "epic"
    assert await world.ehr.changed(later, both) == set(both)
    with pytest.raises(EhrRefused):
        await world.ehr.changed(later)


async def test_what_baton_stored_itself_is_no_change(world: World) -> None:
    now = datetime.now(UTC)
    if {line.kind: line.op for line in await world.ehr.capabilities()}["changes"] is not Op.NATIVE:
        return
    ours = DocumentWrite(
        client_id=CLIENT,
        type_code="11506-3",
        type_text="Progress note",
        title="Handoff",
        text="Denies SI.",
        author=THERAPIST,
        when=now,
    )
    if world.name == "athena":  # takes no documents
        return
    receipt = await world.ehr.apply(ours, key="change-of-our-own")
    stored = (await world.stored("change-of-our-own"))[0]["meta"]["lastUpdated"]
    assert receipt.op is Op.NATIVE
    assert await world.ehr.changed(datetime.fromisoformat(stored)) == frozenset()
