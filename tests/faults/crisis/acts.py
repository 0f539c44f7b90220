"""Inside a process that dies: ways that call the provider outside, a clinic that waits seconds, and what people decide."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clinic as clinic_file
from bot.clinic import Clinic
from bot.crisis import verbs
from bot.crisis.disposition import Level
from bot.crisis.opening import open_escalation
from bot.crisis.policy import WayName
from bot.crisis.ways.port import Delivery, Page, Unavailable, Undelivered, Way
from bot.flow.office import Office
from bot.people import People
from bot.store import tables as t
from tests.fakes.crisis import CLIENT, ASignal, complete
from tests.fakes.office import example_clinic
from tests.faults.points import Points, watch_call

TEAM, ALIAS = "harbor", "C-102"
STEPS = (
    {"who": ["treating", "supervisor"], "ways": ["chat", "sms"], "wait_s": 1},
    {"who": ["on_call"], "ways": ["chat", "sms"], "wait_s": 1},
    {"who": ["supervisor", "on_call"], "ways": ["chat", "sms", "voice"], "wait_s": 2},
    {"who": ["last_resort"], "ways": ["chat", "voice"], "wait_s": 2},
)
CLOCKS = {"assess_s": 2, "disposition_s": 1, "document_s": 30, "close_s": 30}


def quick(clinic: Clinic) -> Clinic:
    """The same people and the same rules; what takes minutes takes seconds."""
    plain = json.loads(clinic.model_dump_json(by_alias=True))
    plain["crisis"]["tiers"]["now"] = {"steps": STEPS, "clocks": CLOCKS}
    return clinic_file.validated(plain)


@dataclass(slots=True)
class HttpWay:
    """Gives the provider our key and one second to answer."""

    name: WayName
    url: str

    async def page(self, page: Page, *, key: str) -> Delivery:
        number = page.to.phone.number if page.to and page.to.phone else ""
        said = {"key": key, "number": number, "text": page.text}
        timeout = aiohttp.ClientTimeout(total=1)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.url}/{self.name}", json=said) as answer,
        ):
            if answer.status == 422:
                raise Undelivered("no_such_number")
            if answer.status != 200:
                raise Unavailable("provider_busy", retry_after_s=float(answer.headers.get("Retry-After", 1)))
            return Delivery((await answer.json())["ref"])


def watch_pages(points: Points) -> None:
    watch_call(points, HttpWay, HttpWay.page, lambda *_: "page")


def in_crisis(office: Office, provider_url: str) -> Office:
    """The office with telephones; without a provider as it was."""
    if not provider_url:
        return office
    clinic = quick(example_clinic())
    ways: dict[WayName, Way] = {name: HttpWay(name, provider_url) for name in (WayName.SMS, WayName.VOICE)}
    return replace(office, people=People(clinic), ways=ways)


async def number_of(conn: AsyncConnection) -> int:
    """Of the one escalation there is. A transaction that was cut off keeps its number on PostgreSQL: it may not be 1."""
    return await conn.scalar(select(func.max(t.escalations.c.number))) or 1


async def code_of(office: Office) -> str:
    async with office.db.read() as conn:
        return f"E-{await number_of(conn)}"


async def done(office: Office, act: Mapping[str, Any]) -> str:
    """One act of one person, or the signal itself; the sentence it is answered with."""
    staff = office.people.by_id(act.get("by", ""))
    match act["what"]:
        case "open":
            async with office.db.write() as conn:
                return (await open_escalation(conn, office, ASignal(), CLIENT, ALIAS, TEAM)).code
        case "document" if staff:
            async with office.db.write() as conn:
                return type(await verbs.documented(conn, office, staff, await code_of(office), "Task/1")).__name__
        case "assess" if staff:
            return (await verbs.assess(office, staff, await code_of(office), Level.MODERATE)).text
        case "dispose" if staff:
            return (await verbs.dispose(office, staff, await code_of(office), complete(staff.id))).text
        case "close" if staff:
            return (await verbs.close(office, staff, await code_of(office))).text
        case _:
            raise ValueError("nobody does that")
