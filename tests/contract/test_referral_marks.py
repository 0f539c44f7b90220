"""What is marked is what the EHR says afterwards: every move of the loop, filed by the skill and read again."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ehr_clients.fhir_r4 import FhirR4, FhirR4Settings
from ehr_clients.models import Read, Referral, Section
from ehr_clients.port import Ehr, OrderStatusWrite, ProvenanceWrite, TaskStatusWrite
from ehr_clients.sandbox import SandboxServer
from skills.kit import Chart, Person, Request, Signed
from skills.referral import FOLLOWS, Evidence, EvidenceKind, Mark, Standing, Step, move, standing_of
from skills.referral import asked as lines
from skills.referral.facts import ReferralFacts
from skills.referral.update import SKILL
from tests.contract import sekmet
from tests.contract.conftest import CLIENT, THERAPIST, settings

NOW = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)
VEGA = Person(THERAPIST, "Marisol Vega", "LCSW")
CALL = Evidence(kind=EvidenceKind.CALL, said_by="Norwood intake desk", words="as told on the telephone")
AROUND = [
    (Step.SCHEDULED, Step.KEPT, Step.REPORT_BACK, Step.CLOSED),
    (Step.ACCEPTED, Step.SCHEDULED, Step.NO_SHOW, Step.UNREACHABLE, Step.RECEIVED, Step.DECLINED, Step.CLOSED),
    (Step.REPORT_BACK, Step.KEPT, Step.CLOSED),
    (Step.REDIRECTED, Step.CLOSED),
    (Step.DECLINED, Step.SENT, Step.ACCEPTED),
]


@pytest.fixture(params=["sandbox", "sekmet"])
async def ehr(request: pytest.FixtureRequest, sandbox: SandboxServer) -> AsyncIterator[Ehr]:
    if request.param == "sandbox":
        async with FhirR4(settings(sandbox.base_url, sandbox.token_url)) as found:
            yield found
        return
    server: sekmet.Sekmet = request.getfixturevalue("sekmet_server")
    async with FhirR4(FhirR4Settings(base_url=server.base_url, auth=server.auth())) as found:
        yield found


async def referral(ehr: Ehr, what: str = "Sleep study") -> Referral:
    answer = (await ehr.read(CLIENT, {Section.REFERRALS})).sections[Section.REFERRALS]
    assert isinstance(answer, Read)
    return next(each for each in answer.items if isinstance(each, Referral) and each.what == what)


async def marked(ehr: Ehr, mark: Mark, owner: Person | None = None) -> tuple[ReferralFacts, list[str]]:
    """Gathered, composed and filed as the running app does it; the names of what was written."""
    data = await ehr.read(CLIENT, SKILL.reads)
    found = await referral(ehr)
    request = Request("r", SKILL.name, VEGA, "Harbor", None, NOW, lines.about(found.id, mark, owner))
    facts = SKILL.gather(request, Chart("C-102", data, SKILL.reads, NOW))
    text = SKILL.compose(facts)
    steps = SKILL.writes(facts, text, Signed(VEGA, NOW))
    for step in steps:
        if not isinstance(step.write, ProvenanceWrite):  # it names its targets by their steps
            receipt = await ehr.apply(step.write, key=f"t-{uuid.uuid4().hex}")
            assert receipt.sent_hash == receipt.readback_hash
    return facts, [step.name for step in steps]


async def reset(ehr: Ehr) -> None:
    """The order is open, its task is new and carries no report."""
    found = await referral(ehr)
    assert found.task is not None
    assert isinstance(ehr, FhirR4)
    for ref, change in (
        (found.source.ref, {"status": "active"}),
        (
            found.task.ref,
            {"status": "requested", "businessStatus": {"text": "new"}, "output": None, "statusReason": None},
        ),
    ):
        reply = await ehr._http.get(ref)
        held = {name: value for name, value in (reply.json() | change).items() if value is not None}
        await ehr._http.update(ref, held, if_match=reply.headers["ETag"])


@pytest.mark.parametrize("steps", AROUND, ids=" ".join)
async def test_every_move_reads_back_as_it_was_meant(ehr: Ehr, steps: tuple[Step, ...]) -> None:
    await reset(ehr)
    for step in steps:
        before = standing_of(await referral(ehr), now=NOW)
        meant = move(before, Mark(step, CALL), NOW)
        assert isinstance(meant, Standing), meant
        facts, names = await marked(ehr, Mark(step, CALL))
        assert facts.moved == meant
        assert names == ["communication", "task", *(["order"] if meant.closure else []), "provenance"]
        after = standing_of(await referral(ehr), now=NOW)
        assert (after.step, after.closure, after.got_help) == (meant.step, meant.closure, meant.got_help)
    found = await referral(ehr)
    assert found.task is not None
    assert any("Norwood intake desk, “as told on the telephone” (call)" in note for note in found.task.notes)


def test_every_step_but_drafted_is_moved_to_in_one_of_them() -> None:
    assert {step for steps in AROUND for step in steps} == set(Step) - {Step.DRAFTED}
    assert all(step not in after for after in FOLLOWS.values() for step in [Step.DRAFTED])


async def test_a_move_that_the_loop_refuses_changes_nothing_but_says_so(ehr: Ehr) -> None:
    await reset(ehr)
    before = await referral(ehr)
    facts, names = await marked(ehr, Mark(Step.CLOSED, CALL))
    assert names == ["communication", "provenance"]
    assert "Nothing is marked." in str(SKILL.card(facts, SKILL.compose(facts)).summary)
    assert "Not marked: No kept visit is documented" in SKILL.compose(facts).plain()
    assert await referral(ehr) == before


async def test_an_owner_is_changed_without_a_mark(ehr: Ehr) -> None:
    await reset(ehr)
    raman = Person("Practitioner/sb-p-raman", "Priya Raman", "MD")
    found = await referral(ehr)
    request = Request("r", SKILL.name, VEGA, "Harbor", None, NOW, lines.about(found.id, owner=raman))
    data = await ehr.read(CLIENT, SKILL.reads)
    facts = SKILL.gather(request, Chart("C-102", data, SKILL.reads, NOW))
    (write,) = [
        step.write
        for step in SKILL.writes(facts, SKILL.compose(facts), Signed(VEGA, NOW))
        if isinstance(step.write, TaskStatusWrite | OrderStatusWrite)
    ]
    await ehr.apply(write, key=f"t-{uuid.uuid4().hex}")
    after = await referral(ehr)
    assert after.task is not None
    assert found.task is not None
    assert (after.task.owner_ref, after.task.status) == (raman.ref, found.task.status)
