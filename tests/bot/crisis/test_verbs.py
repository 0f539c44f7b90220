"""What people may do with an escalation by typing its code, and what they hear when they may not."""

import pytest

from bot.chat import Notice, Place, Platform
from bot.crisis import verbs
from bot.crisis.disposition import Level
from bot.crisis.escalation import State
from bot.crisis.policy import WayName
from bot.crisis.words import Said, said
from tests.fakes.crisis import FakeWay, complete, opened, pages, stored, story, with_ways
from tests.fakes.office import LOUNGE, Work


async def heard(work: Work, who: str, words: str, at: Place | None = None) -> str:
    reply = await (work.typed(who, words, at) if at else work.typed(who, words))
    assert isinstance(reply, Notice), reply
    await work.settled()
    return reply.text


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("ack E-17", Said("ack", "E-17", "")),
        ("/Ack  e-17.", Said("ack", "E-17", "")),
        ("call me E-17", Said("call me", "E-17", "")),
        ("approve e17", Said("approve", "E17", "")),
        ("hand over E-17 to osei", Said("hand over", "E-17", "to osei")),
        ("not a crisis E-17: filled in by mistake", Said("not a crisis", "E-17", "filled in by mistake")),
        ("why E-17", Said("why", "E-17", "")),
        ("E-17", Said("why", "E-17", "")),
        ("ack", None),
        ("ack C-102", None),
        ("handoff C-102 to osei", None),
        ("acknowledge that E-17 is bad", None),
        ("17", None),
    ],
)
def test_words_with_a_code(words: str, meant: Said | None) -> None:
    assert said(words) == meant


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("coleman", "A crisis is answered by a clinician"),
        ("jensen", "A crisis is answered by a clinician"),
        ("haddad", "You were not paged for this escalation"),
    ],
)
async def test_not_everybody_may_answer(work: Work, who: str, told: str) -> None:
    await opened(work)
    assert told in await heard(work, who, "ack E-1")
    assert (await stored(work)).now.state is State.PAGED
    assert "access_refused" in await work.actions("E-1")
    assert "acknowledged" in await heard(work, "vega", "ack E-1")


async def test_an_answer_counts_wherever_it_is_typed(work: Work) -> None:
    await opened(work)
    assert "acknowledged" in await heard(work, "vega", "ack E-1", LOUNGE)


async def test_the_second_to_answer_hears_who_is_responsible(work: Work) -> None:
    await opened(work)
    await heard(work, "vega", "ack E-1")
    assert "Responsible: Marisol Vega." in await heard(work, "brandt", "ack E-1")
    assert (await stored(work)).now.owner == "vega"
    assert [one.body["rule"] for one in await story(work) if one.kind == "refused"] == ["escalation.answered"]


async def test_there_is_no_such_escalation(work: Work) -> None:
    assert await heard(work, "brandt", "ack E-99") == verbs.UNKNOWN


async def test_responsibility_moves_when_it_is_accepted_and_not_before(work: Work) -> None:
    await opened(work)
    await heard(work, "vega", "ack E-1")
    assert "who has not accepted yet" in await heard(work, "vega", "hand over E-1 to brandt")
    assert (await stored(work)).now.owner == "vega"
    assert any(row.label.startswith("offer") and row.staff_id == "brandt" for row in await pages(work))
    assert "was not offered to you" in await heard(work, "doyle", "accept E-1")
    assert "Responsible: Helen Brandt" in await heard(work, "brandt", "accept E-1")
    assert (await stored(work)).now.owner == "brandt"
    assert "cannot take it over" in await heard(work, "brandt", "hand over E-1 to coleman")


async def test_one_person_alone_cannot_call_it_no_crisis(work: Work) -> None:
    await opened(work)
    assert "Say why" in await heard(work, "vega", "not a crisis E-1")
    assert "a second person must confirm" in await heard(work, "vega", "not a crisis E-1 the form was a test, QUOKKA")
    assert "second person" in await heard(work, "vega", "confirm E-1")
    assert (await stored(work)).now.state is State.PAGED
    await work.later(minutes=5, seconds=1)
    assert (await stored(work)).now.step == 1, "paging goes on meanwhile"
    assert "has a disposition" in await heard(work, "brandt", "confirm E-1")
    await work.settled()
    assert (await stored(work)).now.state is State.DOCUMENTED, "in the chart by itself, and closed by nobody"
    await work.kill()
    assert b"QUOKKA" not in work.database_file.read_bytes(), "what a person says is sealed"


async def test_from_answer_to_end(work: Work) -> None:
    await opened(work)
    office, vega = work.office, work.staff("vega")
    await verbs.acknowledge(office, vega, "E-1")
    await verbs.assess(office, vega, "E-1", Level.MODERATE)
    form = complete().model_copy(update={"next_contact_at": None})
    assert "when the next contact is" in (await verbs.dispose(office, vega, "E-1", form)).text
    assert "not in the chart yet" in (await verbs.dispose(office, vega, "E-1", complete())).text
    async with office.db.write() as conn:
        await verbs.documented(conn, office, vega, "E-1", "Task/1")
    assert "closed by Marisol Vega" in (await verbs.close(office, vega, "E-1")).text
    actions = await work.actions("E-1")  # those of filing come in between, whenever it gets to them
    crisis = [one for one in actions if one.startswith("escalation_") and one != "escalation_paged"]
    assert crisis == [
        f"escalation_{step}" for step in ("opened", "acknowledged", "assessed", "disposition", "documented", "closed")
    ]
    await work.later(days=3)
    assert (await stored(work)).now.state is State.CLOSED


async def test_a_judgement_needs_a_current_licence(work: Work) -> None:
    await opened(work)
    vega = work.staff("vega")
    await verbs.acknowledge(work.office, vega, "E-1")
    expired = vega.model_copy(update={"licence": work.staff("frye").licence})
    assert "current licence" in (await verbs.assess(work.office, expired, "E-1", Level.LOW)).text
    assert (await stored(work)).now.state is State.ACKNOWLEDGED


async def test_call_me_rings_the_one_who_asks(work: Work) -> None:
    voice = FakeWay(WayName.VOICE)
    await work.kill()
    with_ways(work, voice)
    await work.restart()
    await opened(work)
    assert "calling you" in await heard(work, "brandt", "call me E-1")
    assert [page.to.id for _, page in voice.sent if page.to] == ["brandt"]


async def test_why_says_what_fired_and_what_did_not(work: Work) -> None:
    work.chats[Platform.SLACK].gone.add("C0SBHARBOR")
    await opened(work)
    await heard(work, "vega", "ack E-1")
    told = await heard(work, "castell", "why E-1")
    assert "Opened by: phq9.item9." in told
    assert "page now.0.0 to Helen Brandt by chat: sent after" in told
    assert "by sms: not delivered, because this way is not configured" in told
    assert "page now.0.0 to the channel harbor-care by channel: not delivered, because the platform declined" in told
    assert "acknowledged by Marisol Vega" in told
    assert "C-102" in told
    assert "answered with 2" not in told
