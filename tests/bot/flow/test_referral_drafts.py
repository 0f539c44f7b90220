"""The two messages about a referral go the way of every draft: asked, read, decided by who may, filed, recorded."""

from bot.chat import Action, Notice
from bot.drafts import State
from skills.kit import Tone
from tests.fakes.office import Work


async def nudged(work: Work) -> None:
    await work.typed("vega", "/nudge C-102")
    await work.settled()


async def test_whoever_asks_for_a_message_to_a_provider_outside_cannot_approve_it(work: Work) -> None:
    await nudged(work)
    draft = await work.draft()
    assert (draft.skill, draft.state) == ("referral_nudge", State.WAITING)
    await work.read_all("vega", draft)
    said = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(said, Notice)
    assert said.tone is Tone.STOP
    await work.settled()
    assert (await work.draft()).state is State.WAITING
    assert not work.written("Communication")


async def test_a_second_person_approves_and_it_is_kept_as_prepared_for_its_receiver(work: Work) -> None:
    await nudged(work)
    draft = await work.draft()
    await work.read_all("osei", draft)
    await work.press("osei", Action.APPROVE, draft)
    await work.settled()
    assert (await work.draft()).state is State.FILED
    (message,) = work.written("Communication")
    assert (message["status"], message["recipient"]) == ("preparation", [{"display": "Norwood Sleep Center"}])
    words = message["payload"][0]["contentString"]
    assert "Our order sb-c102-1" in words
    assert not [secret for secret in ("Lindholm", "Teresa", "C-102", "MRN-204102", "1988") if secret in words]
    (task,) = work.written("Task")
    assert task["focus"]["reference"] == f"Communication/{message['id']}"
    (disclosed,) = await work.rows("disclosures")
    assert not disclosed["part2"]
    assert disclosed["basis"] == "treatment"
