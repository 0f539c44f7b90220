"""What goes to a telephone company, what its failures mean, and that a lost answer sends nothing twice."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.crisis.policy import WayName
from bot.crisis.ways import simulator
from bot.crisis.ways.plivo import Plivo
from bot.crisis.ways.port import Page, Unavailable, Undelivered
from bot.crisis.ways.simulator import Exchange
from bot.crisis.ways.telephone import Account
from bot.crisis.ways.twilio import Twilio
from tests.fakes.office import AFTERNOON, example_clinic
from tests.fakes.telephone import plivo

VEGA = next(one for one in example_clinic().staff if one.id == "vega")
RAMAN = next(one for one in example_clinic().staff if one.id == "raman")  # without a telephone
TEXT = "Crisis page E-17: C-102, now. Answer with: ack E-17"
PAGE = Page("E-17", "C-102", "now", TEXT, VEGA, since=AFTERNOON)
AGAIN = replace(PAGE, attempt=2)

type Ask = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _now() -> datetime:
    return AFTERNOON


async def _nobodys(ref: str) -> bool:
    return False


@asynccontextmanager
async def twilio(claimed: Callable[[str], Awaitable[bool]] = _nobodys) -> AsyncIterator[tuple[Twilio, Exchange]]:
    exchange = Exchange(example_clinic().staff, clock=_now)
    account = Account(simulator.ACCOUNT, exchange.token, simulator.NUMBER, exchange.url, exchange.url)
    async with aiohttp.ClientSession() as session, exchange:
        yield Twilio(session, account, claimed=claimed), exchange


@asynccontextmanager
async def twilio_at(answer: Ask) -> AsyncIterator[Twilio]:
    site = web.Application()
    site.router.add_route("*", "/{any:.*}", answer)
    async with TestServer(site) as server, aiohttp.ClientSession() as session:
        account = Account("AC1", "secret", "+12155550198", str(server.make_url("")), "https://baton.example.org")
        yield Twilio(session, account, claimed=_nobodys)


@pytest.mark.parametrize("way", [WayName.SMS, WayName.VOICE])
async def test_a_page_arrives_on_the_phone_of_its_person_alone(way: WayName) -> None:
    async with twilio() as (company, exchange):
        delivery = await company.ways()[way].page(PAGE, key="k")
        phone = exchange.phones()["vega"]
        got = {one.id: one.text for one in phone.messages} | {one.id: one.text for one in phone.calls}
        assert list(got) == [delivery.ref]
        assert TEXT in got[delivery.ref]
        assert not any(one.messages or one.calls for one in exchange.phones().values() if one is not phone)


async def test_a_company_is_told_alias_level_and_code_and_nothing_else_of_ours() -> None:
    async with twilio() as (company, exchange):
        for way in company.ways().values():
            await way.page(PAGE, key="E-17:1:now.0.0:vega:sms")
        message, call = exchange.requests
    assert set(message) == {"To", "From", "Body", "StatusCallback"}
    assert message["Body"] == TEXT
    assert set(call) == {"To", "From", "Twiml", "StatusCallback", "StatusCallbackEvent", "Timeout"}
    known = " ".join([*message.values(), *call.values()])
    assert not [word for word in ("vega", "Vega", "Marisol", "sb-c102", "harbor", "now.0.0") if word in known]


async def test_an_alias_cannot_write_into_the_document_of_a_call() -> None:
    async with twilio() as (company, exchange):
        await company.ways()[WayName.VOICE].page(replace(PAGE, text='<Dial>1</Dial> & "x"'), key="k")
        assert exchange.phones()["vega"].calls[0].text.startswith('<Dial>1</Dial> & "x"')
        assert "<Dial>" not in exchange.requests[0]["Twiml"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 21211, "no_such_number"),
        (400, 21217, "no_such_number"),
        (400, 21614, "not_a_mobile"),
        (400, 21610, "unsubscribed"),
        (403, 21408, "region_not_enabled"),
        (400, 21612, "unreachable"),
        (400, 99999, "telephone_99999"),
        (404, None, "telephone_404"),
    ],
)
async def test_what_will_never_arrive_is_undelivered_by_a_code(status: int, code: int | None, reason: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"code": code, "message": f"{VEGA.phone} cannot be reached"}, status=status)

    async with twilio_at(answer) as company:
        with pytest.raises(Undelivered) as raised:
            await company.ways()[WayName.SMS].page(PAGE, key="k")
    assert raised.value.reason == reason
    assert "2155550101" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait_s"),
    [
        (429, {"Retry-After": "7"}, "telephone_429", 7.0),
        (429, {}, "telephone_429", None),
        (429, {"Retry-After": "86400"}, "telephone_429", 60.0),
        (500, {}, "telephone_500", None),
        (503, {"Retry-After": "soon"}, "telephone_503", None),
        (401, {}, "telephone_refuses_account", None),
    ],
)
async def test_what_may_still_arrive_is_tried_again(
    status: int, headers: dict[str, str], reason: str, wait_s: float | None
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    async with twilio_at(answer) as company:
        with pytest.raises(Unavailable) as raised:
            await company.ways()[WayName.SMS].page(PAGE, key="k")
    assert (raised.value.reason, raised.value.retry_after_s) == (reason, wait_s)


async def test_an_answer_without_an_id_and_a_line_that_breaks_are_tried_again() -> None:
    async def empty(request: web.Request) -> web.Response:
        return web.json_response([], status=201)

    async def breaks(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    for answer, reason in ((empty, "telephone_unreadable"), (breaks, "telephone_unreachable")):
        async with twilio_at(answer) as company:
            with pytest.raises(Unavailable, match=reason):
                await company.ways()[WayName.SMS].page(PAGE, key="k")


async def test_somebody_without_a_number_is_not_asked_for_at_the_company() -> None:
    async with twilio() as (company, exchange):
        for way in company.ways().values():
            with pytest.raises(Undelivered, match="no_number"):
                await way.page(replace(PAGE, to=RAMAN), key="k")
        assert not exchange.requests


@pytest.mark.parametrize("way", [WayName.SMS, WayName.VOICE])
async def test_a_page_whose_answer_was_lost_is_found_and_not_sent_twice(way: WayName) -> None:
    async with twilio() as (company, exchange):
        exchange.loses_answers = 1
        with pytest.raises(Unavailable):
            await company.ways()[way].page(PAGE, key="k")
        again = await company.ways()[way].page(AGAIN, key="k")
        assert again.repeated
        assert len(exchange.requests) == 1
        phone = exchange.phones()["vega"]
        assert again.ref in {one.id for one in phone.messages} | {one.id for one in phone.calls}


async def test_neither_an_earlier_page_nor_another_ones_is_taken_for_this_one() -> None:
    mine = list[str]()

    async def claimed(ref: str) -> bool:
        return ref in mine

    async with twilio(claimed) as (company, exchange):
        sms, voice = company.ways()[WayName.SMS], company.ways()[WayName.VOICE]
        await sms.page(PAGE, key="earlier")
        later = replace(AGAIN, since=AFTERNOON + timedelta(minutes=5))
        assert not (await sms.page(later, key="later")).repeated
        assert not (await sms.page(replace(AGAIN, text="Crisis page E-18"), key="other code")).repeated
        mine.append((await voice.page(PAGE, key="a call")).ref)
        assert not (await voice.page(AGAIN, key="another call")).repeated
        assert len(exchange.requests) == 5


async def test_a_list_that_never_answers_holds_a_page_up_only_for_a_while() -> None:
    sent = list[str]()

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.Response(status=503)
        sent.append("SM1")
        return web.json_response({"sid": "SM1"}, status=201)

    async with twilio_at(answer) as company:
        with pytest.raises(Unavailable):
            await company.ways()[WayName.SMS].page(AGAIN, key="k")
        assert not sent
        await company.ways()[WayName.SMS].page(replace(PAGE, attempt=6), key="k")
        assert sent == ["SM1"]


# Plivo


async def test_plivo_is_told_the_same_and_no_more() -> None:
    async with plivo() as (company, fake):
        refs = [(await way.page(PAGE, key="k")).ref for way in company.ways().values()]
        (_, message), (_, call) = fake.asked
    assert refs == ["m-1", "c-1"]
    assert message == {
        "src": "12155550198",
        "dst": "12155550101",
        "text": TEXT,
        "url": "https://baton.example.org/crisis/plivo/status",
        "method": "POST",
    }
    assert "C-102" not in str(call)
    assert "E-17" not in str(call)
    assert call["answer_url"] == "https://baton.example.org/crisis/plivo/answer"


async def test_plivos_refusals_and_troubles() -> None:
    async with plivo() as (company, fake):
        fake.answers = [(400, {"error": "12155550101 is wrong"}), (429, {}), (500, {}), (202, {})]
        sms = company.ways()[WayName.SMS]
        with pytest.raises(Undelivered, match="telephone_400"):
            await sms.page(PAGE, key="k")
        for reason in ("telephone_429", "telephone_500", "telephone_unreadable"):
            with pytest.raises(Unavailable, match=reason):
                await sms.page(PAGE, key="k")


async def test_plivo_is_looked_at_before_a_second_attempt() -> None:
    gone_out = {"message_uuid": "m-9", "to_number": "12155550101", "message_state": "sent"}
    async with plivo(frozenset({"m-8"})) as (company, fake):
        fake.sent = [gone_out | {"message_uuid": "m-8"}, gone_out | {"to_number": "12155550102"}]
        assert not (await company.ways()[WayName.SMS].page(AGAIN, key="k")).repeated
        fake.sent.append(gone_out)
        found = await company.ways()[WayName.SMS].page(AGAIN, key="k")
        assert (found.ref, found.repeated) == ("m-9", True)


def test_what_plivo_says_of_a_message_and_of_a_call() -> None:
    session: aiohttp.ClientSession = object()  # type: ignore[assignment]  # nothing is sent

    company = Plivo(session, Account("MA1", "t", "+1", "http://x", "http://y"), claimed=_nobodys)
    assert company.told({"MessageUUID": "m", "Status": "delivered"}).reason is None
    assert company.told({"MessageUUID": "m", "Status": "undelivered", "ErrorCode": "200"}).reason == "unsubscribed"
    assert company.told({"RequestUUID": "c", "CallUUID": "d", "CallStatus": "busy"}).ref == "c"
    assert company.pressed({"RequestUUID": "c", "Digits": "1", "To": "12155550101"}).number == "+12155550101"
    document = company.asks('C-102 & "x"')
    assert "C-102 &amp;" in document
    assert "/crisis/plivo/gather" in document
