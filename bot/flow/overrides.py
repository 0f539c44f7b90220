"""A prescriber reads what was found between a client's medications, one finding a page, and says why it may stand.

Checked at each press: this very prescriber, still one, still on the care team, and the consent that covers them. The
reason is one of four and goes into the audit trail; the finding itself is forgotten once it is answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import Action, Button, Detail, Notice, Press, Reply
from bot.flow import trail
from bot.flow.contradictions import FINDING
from bot.flow.decide import Desk, look_up, refuse
from bot.flow.office import Office
from bot.flow.reading import reader_ruling
from bot.flow.standing import CLICK_WAIT_S
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from bot.store import tables as t
from ehr_clients.errors import EhrError
from skills.kit import Banner, Block, Line, Passage, Role, Row, Rows, Sourced, Text, Title, Tone
from skills.kit.findings import Finding

REASONS: Final[Mapping[str, str]] = {
    "will_monitor": "Will monitor",
    "tolerated": "Tolerated so far",
    "wrong_data": "The data is wrong",
    "benefit": "Benefit outweighs",
}
YES: Final = Answer(allowed=True, rule="conflicts.prescriber")
NOT_YOURS: Final = Answer(
    allowed=False, rule="conflicts.prescriber", sentence="This is for the client's prescriber alone. Nothing is shown."
)
NO_CONSENT: Final = (
    "This rests on records protected by 42 CFR Part 2, and no consent on file covers you now. Nothing is shown."
)
ALL_ANSWERED: Final = Notice("Nothing waits for your review here: every possible conflict was answered.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A finding that was not answered. `id` is opaque and what its buttons carry."""

    id: str
    finding: Finding
    part2: bool


async def conflicts(office: Office, press: Press) -> Reply:
    """One page a finding. Each that is shown is in the audit trail."""
    found = await _mine(office, press, press.subject)
    if not isinstance(found, tuple):
        return found
    desk, waiting = found
    return await _page(office, press, desk, waiting, _number(press)) if waiting else ALL_ANSWERED


async def override(office: Office, press: Press) -> Reply:
    """Keep why it may stand, once; then the next finding. A second press changes nothing."""
    async with office.db.read() as conn:
        draft_id = await conn.scalar(select(t.conflicts.c.draft_id).where(t.conflicts.c.id == press.subject))
    found = await _mine(office, press, draft_id or "")
    if not isinstance(found, tuple):
        return found
    desk, waiting = found
    reason = press.values.get("reason", "")
    if reason not in REASONS:
        return Notice("Choose one of the four reasons.", Tone.WARNING)
    answered = next((each for each in waiting if each.id == press.subject), None)
    if answered is not None:
        async with office.db.write() as conn:
            await _answer(conn, office, press, desk, answered, reason)
    rest = [each for each in waiting if each is not answered]
    return await _page(office, press, desk, rest, 1) if rest else ALL_ANSWERED


async def _mine(office: Office, press: Press, draft_id: str) -> tuple[Desk, Sequence[Waiting]] | Reply:
    """What waits for this very prescriber; a reply instead where they may not see it (any more)."""
    desk = await look_up(office, press, draft_id=draft_id or "unknown")
    if isinstance(desk, Notice):
        return desk
    if Role.PRESCRIBER not in desk.staff.roles or not desk.stand.on_care_team:
        return await refuse(office, press, desk.staff, desk.draft, NOT_YOURS)
    waiting = await _waiting(office, desk)
    if refused := await _consent_is_gone(office, press, desk, waiting):
        return refused
    return desk, waiting


async def _consent_is_gone(office: Office, press: Press, desk: Desk, waiting: Sequence[Waiting]) -> Reply | None:
    if not any(each.part2 for each in waiting):
        return None
    try:
        ruling = await reader_ruling(office, desk.draft, desk.staff, within_s=CLICK_WAIT_S)
    except EhrError:
        return Notice("The EHR does not answer, so I cannot check the consent. Try again in a minute.", Tone.WARNING)
    if ruling.allowed:
        return None
    answer = Answer(allowed=False, rule=ruling.rule, sentence=NO_CONSENT)
    return await refuse(office, press, desk.staff, desk.draft, answer)


async def _waiting(office: Office, desk: Desk) -> list[Waiting]:
    """In the order they were found, which is by rule."""
    c = t.conflicts.c
    mine = (c.draft_id == desk.draft.id, c.staff_id == desk.staff.id, c.reason.is_(None), c.finding.is_not(None))
    async with office.db.read() as conn:
        rows = (await conn.execute(select(c.id, c.finding, c.part2).where(*mine))).mappings().all()
    return sorted((_opened(office, row) for row in rows), key=lambda each: (each.finding.rule, each.id))


def _opened(office: Office, row: RowMapping) -> Waiting:
    words = office.seal.open(row["finding"], context=f"conflicts.finding/{row['id']}")
    return Waiting(row["id"], FINDING.validate_json(words), row["part2"])


async def _answer(
    conn: AsyncConnection, office: Office, press: Press, desk: Desk, answered: Waiting, reason: str
) -> None:
    c = t.conflicts.c
    values = {"reason": reason, "answered_at": office.clock(), "finding": None}
    done = await conn.execute(update(t.conflicts).where(c.id == answered.id, c.reason.is_(None)).values(values))
    if done.rowcount:
        why = Answer(allowed=True, rule=f"override.{reason}")
        await _note(conn, office, Audited.CONFLICT_OVERRIDDEN, press, desk, answered, why)


async def _note(
    conn: AsyncConnection, office: Office, action: Audited, press: Press, desk: Desk, on: Waiting, answer: Answer
) -> None:
    """By the finding's key: the rule itself would say in clear text what somebody takes."""
    about = trail.About("conflict", on.id, on.finding.key, desk.draft.client_id)
    await trail.note(
        conn, office, action, desk.staff, about, who=press.who, place=press.place, answer=answer, subject=desk.draft.id
    )


# What a page shows


async def _page(office: Office, press: Press, desk: Desk, waiting: Sequence[Waiting], number: int) -> Detail:
    number = min(number, len(waiting))
    shown = waiting[number - 1]
    async with office.db.write() as conn:
        await _note(conn, office, Audited.CONFLICT_SHOWN, press, desk, shown, YES)
    further = (_turn(desk, number + 1),) if number < len(waiting) else ()
    return Detail(
        title=f"Review {desk.draft.alias}"[:24],
        blocks=_blocks(shown.finding),
        buttons=(*(_because(shown, key, label) for key, label in REASONS.items()), *further),
        page=number,
        pages=len(waiting),
        subject=desk.draft.id,
    )


def _blocks(finding: Finding) -> tuple[Block, ...]:
    places = tuple(source for place in (finding.x, finding.y) if (source := place.source))
    told = Passage("conflict", "Documented", (Line(finding.sentence, places),))
    rows = [Row("Rule", f"{finding.why} ({finding.rule})"), Row("Basis", finding.citation)]
    more: tuple[Block, ...] = (Banner(Tone.INFO, finding.more),) if finding.more else ()
    ask = Text("Your reason is kept in the audit trail. Nothing in the chart changes.")
    return (Title("Possible conflict"), Sourced(told), Rows(tuple(rows)), *more, ask)


def _because(waiting: Waiting, key: str, label: str) -> Button:
    return Button(Action.OVERRIDE, label, waiting.id, 0, opens=True, values={"reason": key})


def _turn(desk: Desk, page: int) -> Button:
    return Button(Action.CONFLICTS, "Next", desk.draft.id, desk.draft.version, opens=True, values={"page": str(page)})


def _number(press: Press) -> int:
    words = press.values.get("page", "1")
    return max(1, int(words)) if words.isdecimal() and len(words) < 4 else 1
