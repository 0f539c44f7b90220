"""`baton disclosures --client C-102 --format pdf|csv`: the accounting a client may ask for, as a file.

Both forms hold what 164.528(b)(2) lists: date, recipient, address where known, description, purpose. The export is
itself recorded, without a word of what is in it.
"""

import asyncio
import csv
import io
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.app import seal_of
from bot.flow.records import clients_of
from bot.privacy import audit
from bot.privacy.disclosures import Disclosure, accounted, of_client
from bot.privacy.emergency import Emergency, record_emergency
from bot.settings import Settings
from bot.store.session import Database

type Told = Sequence[tuple[Disclosure, str]]
COLUMNS: Final = ("date", "recipient", "address", "description", "purpose", "told under")
NOT_TOLD: Final = "not part of the accounting"


class Form(StrEnum):
    PDF = "pdf"
    CSV = "csv"


def commands(*, in_use: Callable[[], Settings]) -> typer.Typer:
    """`in_use`: settings of the database to look at; refuses in words where there is none."""
    group = typer.Typer(invoke_without_command=True, help="Who received what about a client (164.528, 2.25).")

    @group.callback()
    def disclosures(
        context: typer.Context,
        client: Annotated[str, typer.Option(help="The alias, such as C-102.")] = "",
        form: Annotated[Form, typer.Option("--format")] = Form.CSV,
        out: Annotated[Path | None, typer.Option(help="A file; standard output when left out.")] = None,
        every: Annotated[bool, typer.Option("--all", help="Also what no accounting has to tell.")] = False,  # noqa: FBT002 - a flag
    ) -> None:
        """The accounting of disclosures of one client. The export is itself recorded."""
        if context.invoked_subcommand is not None:
            return
        if not client:
            raise ValueError("Say which client: --client with an alias such as C-102.")
        if form is Form.PDF and out is None:
            raise ValueError("A PDF needs a file: --out.")
        content = asyncio.run(_export(in_use(), client, form, every=every))
        if out is None:
            sys.stdout.write(content.decode())
        else:
            out.write_bytes(content)

    @group.command()
    def emergency(
        client: Annotated[str, typer.Option(prompt="Client (alias)")],
        personnel: Annotated[str, typer.Option(prompt="Medical personnel it was disclosed to, by name")],
        facility: Annotated[str, typer.Option(prompt="The health care facility they belong to")],
        discloser: Annotated[str, typer.Option(prompt="Who disclosed it, by name")],
        when: Annotated[str, typer.Option(prompt="Date and time, with its offset (2026-11-23T14:05-05:00)")],
        nature: Annotated[str, typer.Option(prompt="Nature of the emergency")],
    ) -> None:
        """Write down a disclosure without consent in a medical emergency (42 CFR 2.51(c)), at once."""
        form = Emergency(personnel=personnel, facility=facility, discloser=discloser, at=when, nature=nature)
        asyncio.run(_emergency(in_use(), client, form))
        typer.echo("Recorded. It is part of the accounting of disclosures of this client.")

    return group


async def _client(conn: AsyncConnection, alias: str) -> str:
    """Raises ValueError when nobody is known by that alias."""
    client_id = (await clients_of(conn, [alias])).get(alias.upper())
    if client_id is None:
        raise ValueError("No client is known by that alias.")
    return client_id


async def _emergency(ours: Settings, alias: str, form: Emergency) -> None:
    async with Database(ours.database_url, visiting=True) as db, db.write() as conn:
        client_id = await _client(conn, alias)
        await record_emergency(conn, seal_of(ours), client_id, form, now=datetime.now(UTC))


async def _export(ours: Settings, alias: str, form: Form, *, every: bool) -> bytes:
    now = datetime.now(UTC)
    async with Database(ours.database_url, visiting=True) as db, db.write() as conn:
        client_id = await _client(conn, alias)
        found = await of_client(conn, seal_of(ours), client_id)
        rules = [(made, accounted(made, now.date())) for made in found]
        told = [(made, rule or NOT_TOLD) for made, rule in rules if rule or every]
        await audit.append(conn, _event(client_id, form, len(told)))
    return as_csv(told) if form is Form.CSV else as_pdf(told, alias, now)


def _event(client_id: str, form: Form, count: int) -> audit.Event:
    return audit.Event(
        action=audit.Action.EXPORT,
        object=audit.Object(type="disclosures", id=client_id),
        patient_ref=client_id,
        reason=f"disclosures.{form.value}",
        counts={"disclosures": count},
    )


def _cells(made: Disclosure, rule: str) -> tuple[str, ...]:
    said = made.details
    recipient = f"{said.recipient}, {said.facility}" if said.facility else said.recipient
    more = [f"Emergency: {said.emergency}" if said.emergency else "", f"By {said.discloser}" if said.discloser else ""]
    purpose = "; ".join(filter(None, [said.purpose, *more]))
    return (f"{made.at:%Y-%m-%d %H:%M}Z", recipient, said.address or "not known", said.description, purpose, rule)


def as_csv(told: Told) -> bytes:
    """One line each, oldest first. A cell that a spreadsheet would run as a formula is quoted as text."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in _cells(made, rule)] for made, rule in told)
    return target.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell[:1] in "=+-@\t\r" else cell


def as_pdf(told: Told, alias: str, now: datetime) -> bytes:
    """A4, landscape. Letters that its fonts lack are written without their marks, and the page says so."""
    from fpdf import FPDF  # noqa: PLC0415 - only who prints waits for it

    rows = [COLUMNS, *(_cells(made, rule) for made, rule in told)]
    plain = [[_latin(cell) for cell in row] for row in rows]
    page = FPDF(orientation="landscape", format="A4")
    page.set_creation_date(now)
    page.set_title("Accounting of disclosures")
    page.add_page()
    page.set_font("Helvetica", style="B", size=14)
    page.cell(text=f"Accounting of disclosures, {alias}", new_x="LMARGIN", new_y="NEXT")
    page.set_font("Helvetica", size=9)
    page.multi_cell(0, text=_preface(now, len(told)), new_x="LMARGIN", new_y="NEXT")
    with page.table(col_widths=(16, 28, 22, 34, 34, 16), text_align="LEFT", line_height=4.5) as table:
        for row in plain:
            table.row(row)
    if plain != [list(row) for row in rows]:
        page.multi_cell(0, text="Some letters cannot be printed here; the CSV form has them.")
    return bytes(page.output())


def _preface(now: datetime, count: int) -> str:
    what = "1 disclosure" if count == 1 else f"{count} disclosures"
    return (
        f"{what}, as of {now:%Y-%m-%d %H:%M}Z. 45 CFR 164.528: six years, without treatment, payment, health care "
        "operations and what was authorized. 42 CFR 2.25: disclosures with consent, three years."
    )


def _latin(text: str) -> str:
    """The text in the letters of a standard PDF font."""
    if text.isascii():
        return text
    bare = "".join(c if ord(c) < 256 else unicodedata.normalize("NFKD", c) for c in text)
    return "".join(c for c in bare if not unicodedata.combining(c)).encode("latin-1", "replace").decode("latin-1")
