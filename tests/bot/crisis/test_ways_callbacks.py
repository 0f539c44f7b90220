"""What a telephone company calls back, over a whole simulated one: keys, replies, failures, forgeries, repetitions."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import pytest

from bot.crisis import records
from bot.crisis.escalation import State
from bot.crisis.opening import open_escalation
from bot.crisis.records import PageState
from bot.crisis.ways.simulator import NUMBER, Exchange
from bot.crisis.ways.telephone import signed
from tests.fakes.crisis import ASignal, opened, pages, stored, story
from tests.fakes.office import Json, Work
from tests.fakes.telephone import settled, with_telephone

VEGA, BRANDT = "+12155550101", "+12155550104"


@dataclass
class Phones:
    work: Work
    exchange: Exchange

    async def settled(self) -> None:
        await settled(self.work, self.exchange)

    async def open(self, signal: ASignal | None = None) -> None:
        await opened(self.work, signal, treating=["vega"], settle=False)
        await self.settled()

    async def rung(self, staff_id: str) -> None:
        """The third step calls."""
        await self.open()
        for _ in range(4):
            if self.exchange.phones()[staff_id].ringing:
                return
            await self.work.later(minutes=5)
            await self.settled()
        raise AssertionError("nothing rings")

    async def back(
        self, what: str, form: Mapping[str, str], *, token: str | None = None, said_to: str | None = None
    ) -> tuple[int, str]:
        """As the company would call; with another token, or signed for another address, as somebody else would."""
        url = f"{self.exchange.url}/crisis/twilio/{what}"
        text = (said_to or url) + "".join(f"{name}{form[name]}" for name in sorted(form))
        headers = {"X-Twilio-Signature": signed(token or self.exchange.token, text, "sha1")}
        async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
            return answer.status, await answer.text()

    async def reply(self, number: str, text: str, sid: str = "SM-reply") -> str:
        form = {"MessageSid": sid, "From": number, "To": NUMBER, "Body": text}
        return (await self.back("reply", form))[1]

    async def refusals(self) -> list[str]:
        return [event.fields["reason"] for event in await self.work.trail() if event.action == "access_refused"]


@pytest.fixture
async def phones(work: Work) -> AsyncIterator[Phones]:
    async with with_telephone(work) as exchange:
        yield Phones(work, exchange)


# Taking it


async def test_a_reply_of_one_takes_it_and_no_further_page_goes_out(phones: Phones) -> None:
    await phones.open()
    assert phones.exchange.phones()["vega"].messages[0].text == "Crisis page E-1: C-102, now. Answer with: ack E-1"
    said = await phones.exchange.reply("vega", "1")
    assert said == "E-1: done. Open Baton to see where it stands."
    now = await stored(phones.work)
    assert (now.now.state, now.now.acknowledged_by) == (State.ACKNOWLEDGED, "vega")
    before = len(phones.exchange.requests)
    await phones.work.later(minutes=20)
    await phones.settled()
    assert len(phones.exchange.requests) == before


@pytest.mark.parametrize("words", ["ack E-1", "Ack e-1", " acknowledge E-1 "])
async def test_a_reply_with_the_code_takes_it(phones: Phones, words: str) -> None:
    await phones.open()
    await phones.exchange.reply("brandt", words)
    assert (await stored(phones.work)).now.acknowledged_by == "brandt"


async def test_a_key_in_a_call_takes_it(phones: Phones) -> None:
    await phones.rung("brandt")
    assert "C-102, now" in phones.exchange.phones()["brandt"].calls[0].text
    assert "E-1: done" in await phones.exchange.press("brandt", "1")
    assert (await stored(phones.work)).now.acknowledged_by == "brandt"


async def test_a_call_that_is_picked_up_without_a_key_takes_nothing(phones: Phones) -> None:
    phones.exchange.phones()["brandt"].voicemail = True
    await phones.open()
    for _ in range(3):
        await phones.work.later(minutes=5)
        await phones.settled()
    (call, *_) = phones.exchange.phones()["brandt"].calls
    assert (call.state, call.keys) == ("completed", "")
    assert (await stored(phones.work)).now.state is State.PAGED


async def test_another_key_asks_again_and_changes_nothing(phones: Phones) -> None:
    await phones.rung("brandt")
    assert "Press 1" in await phones.exchange.press("brandt", "5")
    assert (await stored(phones.work)).now.acknowledged_by is None
    await phones.exchange.press("brandt", "1")
    assert (await stored(phones.work)).now.acknowledged_by == "brandt"


# Not me


async def test_two_pages_the_next_people_at_once_and_closes_nothing(phones: Phones) -> None:
    await phones.open()
    assert (await stored(phones.work)).now.step == 0
    assert "paged now" in await phones.exchange.reply("vega", "2")
    await phones.settled()
    now = (await stored(phones.work)).now
    assert (now.step, now.state) == (1, State.PAGED)
    moved = next(one for one in await story(phones.work) if one.kind == "moved_on")
    assert (moved.staff_id, moved.body["said"]) == ("vega", "not_me")


# Not delivered


async def test_a_message_that_comes_back_moves_on_at_once(phones: Phones) -> None:
    for chat in phones.work.chats.values():
        chat.down = True
    for name in ("vega", "brandt"):
        phones.exchange.unreachable(name)
    await phones.open()
    now = (await stored(phones.work)).now
    assert now.step >= 1, "not a second has passed on the clock"
    gone = [row for row in await pages(phones.work) if row.way == "sms" and row.label == "now.0.0"]
    assert {(row.state, row.reason) for row in gone} == {(PageState.UNDELIVERED, "twilio_30003")}


async def test_nobody_is_passed_over_for_a_message_that_arrived(phones: Phones) -> None:
    for chat in phones.work.chats.values():
        chat.down = True
    await phones.open()
    assert (await stored(phones.work)).now.step == 0


async def test_a_number_that_unsubscribed_is_undelivered_at_once(phones: Phones) -> None:
    phones.exchange.phones()["vega"].refused = "21610"
    await phones.open()
    (row,) = [one for one in await pages(phones.work) if (one.staff_id, one.way, one.epoch) == ("vega", "sms", 0)]
    assert (row.state, row.reason) == (PageState.UNDELIVERED, "unsubscribed")


async def test_a_callback_that_overtakes_our_own_bookkeeping_still_counts(phones: Phones) -> None:
    """The fake calls back the moment it has answered; all the same nothing is lost."""
    phones.exchange.unreachable("vega")
    await phones.open()
    (row,) = [one for one in await pages(phones.work) if (one.staff_id, one.way) == ("vega", "sms")]
    assert row.state is PageState.UNDELIVERED


# Forged, repeated, late


async def test_what_is_not_signed_by_the_company_does_nothing_and_is_on_record(phones: Phones) -> None:
    await phones.open()
    form = {"MessageSid": "SM-x", "From": VEGA, "To": NUMBER, "Body": "1"}
    elsewhere = f"{phones.exchange.url}/crisis/twilio/status"
    assert await phones.back("reply", form, token="of-somebody-else") == (401, "")
    assert await phones.back("reply", form, said_to=elsewhere) == (401, "")
    assert (await stored(phones.work)).now.acknowledged_by is None
    assert await phones.refusals() == ["telephone.signature"] * 2
    assert (await phones.back("reply", form))[0] == 200
    assert (await stored(phones.work)).now.acknowledged_by == "vega"


async def test_a_repeated_answer_hears_the_same_and_does_nothing_after_the_acknowledgement_decayed(
    phones: Phones,
) -> None:
    await phones.open()
    first = await phones.reply(VEGA, "ack E-1")
    await phones.work.later(minutes=31)
    await phones.settled()
    assert (await stored(phones.work)).now.state is State.PAGED
    assert await phones.reply(VEGA, "ack E-1") == first
    assert (await stored(phones.work)).now.state is State.PAGED
    await phones.reply(VEGA, "ack E-1", sid="SM-another")
    assert (await stored(phones.work)).now.state is State.ACKNOWLEDGED


async def test_a_key_pressed_for_a_page_that_is_over_takes_nothing(phones: Phones) -> None:
    await phones.rung("brandt")
    await phones.work.typed("vega", "ack E-1")
    await phones.settled()
    assert "over" in await phones.exchange.press("brandt", "1")
    assert (await stored(phones.work)).now.owner == "vega"


async def test_a_failure_told_twice_moves_on_once(phones: Phones) -> None:
    await phones.open()
    (row,) = [one for one in await pages(phones.work) if (one.staff_id, one.way) == ("vega", "sms")]
    form = {"MessageSid": str(row.ref), "MessageStatus": "failed", "To": VEGA}
    assert await phones.back("status", form) == (204, "")
    assert await phones.back("status", form) == (204, "")
    failed = [one for one in await phones.work.trail() if one.action == "escalation_paged"]
    assert [one.fields["outcome"] for one in failed].count("failed") == 1


# Strangers


async def test_a_number_nobody_has_is_refused_said_and_recorded_without_it(phones: Phones) -> None:
    await phones.open()
    assert "belongs to nobody" in await phones.reply("+12155559999", "ack E-1")
    assert await phones.refusals() == ["telephone.unknown_number"]
    recorded = str([dict(event.fields) for event in await phones.work.trail()]) + str(phones.work.log)
    assert "2155559999" not in recorded
    assert "2155550101" not in recorded


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"active": False}, "telephone.not_active"),
        ({"phone": {"number": VEGA}}, "telephone.not_verified"),
    ],
)
async def test_who_left_and_whose_number_was_never_verified_cannot_answer(work: Work, change: Json, rule: str) -> None:
    def changed(clinic: Json) -> None:
        next(one for one in clinic["staff"] if one["id"] == "vega").update(change)

    work.change_clinic(changed)
    async with with_telephone(work) as exchange:
        phones = Phones(work, exchange)
        await phones.open()
        await phones.reply(VEGA, "ack E-1")
        assert await phones.refusals() == [rule]
        assert (await stored(work)).now.acknowledged_by is None


@pytest.mark.parametrize("words", ["ack E-99", "approve E-1", "why E-1", "ack E-1 not now", "yes", ""])
async def test_wrong_codes_and_other_words_take_nothing(phones: Phones, words: str) -> None:
    await phones.open()
    answer = await phones.reply(VEGA, words)
    assert (await stored(phones.work)).now.acknowledged_by is None
    assert await phones.refusals()
    assert "C-102" not in answer


async def test_one_alone_is_not_guessed_when_two_wait(phones: Phones) -> None:
    await phones.open()
    async with phones.work.office.db.write() as conn:
        await open_escalation(
            conn, phones.work.office, ASignal(key="other"), "sb-c103", "C-103", "harbor", treating=["vega"]
        )
    await phones.settled()
    assert "which page" in await phones.exchange.reply("vega", "1")
    assert {(await stored(phones.work, number)).now.acknowledged_by for number in (1, 2)} == {None}
    await phones.exchange.reply("vega", "ack E-2")
    assert (await stored(phones.work, 2)).now.acknowledged_by == "vega"


async def test_somebody_elses_phone_cannot_answer_a_call(phones: Phones) -> None:
    await phones.rung("brandt")
    call = phones.exchange.phones()["brandt"].calls[0]
    await phones.back("gather", {"CallSid": call.id, "Digits": "1", "To": VEGA})
    assert (await stored(phones.work)).now.acknowledged_by is None
    assert await phones.refusals() == ["telephone.other_person"]


async def test_what_the_company_hears_names_alias_level_and_code_and_nobody(phones: Phones) -> None:
    await phones.rung("brandt")
    await phones.exchange.press("brandt", "1")
    heard = " ".join(
        [
            *(" ".join(form.values()) for form in phones.exchange.requests),
            *(said for call in phones.exchange.phones()["brandt"].calls for said in call.said),
        ]
    )
    people = [staff.name for staff in phones.work.office.clinic.staff]
    assert not [name for name in people if name in heard or name.split()[-1] in heard]
    assert "PHQ" not in heard
    assert "sb-c102" not in heard


async def test_too_much_is_not_read(phones: Phones) -> None:
    assert (await phones.back("reply", {"Body": "x" * 20_000}))[0] == 413


async def test_pages_to_a_person_are_told_newest_first(phones: Phones) -> None:
    await phones.rung("brandt")
    async with phones.work.office.db.read() as conn:
        rows = await records.sent_to(conn, "brandt")
    assert [row.created_at for row in rows] == sorted((row.created_at for row in rows), reverse=True)
