"""Every disclosure is recorded when it happens; which of them a client is told of is decided when somebody asks.

45 CFR 164.528: six years, without treatment, payment, operations and what the client authorized. 42 CFR 2.25: what was
disclosed with consent, three years. Recipient, address and description are sealed; the rest are codes and ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.privacy import audit
from bot.store import tables as t
from bot.store.sealed import Seal
from bot.store.session import insert_into


class Basis(StrEnum):
    """Why it was lawful; the value stands in the audit trail."""

    WITHIN_PROGRAM = "within_program"  # 42 CFR 2.12(c)(3)
    TREATMENT = "treatment"  # 45 CFR 164.506
    PAYMENT = "payment"
    OPERATIONS = "operations"
    CONSENT = "part2_consent"  # 42 CFR 2.31, 2.33
    AUTHORIZATION = "authorization"  # 164.508
    INDIVIDUAL = "individual"
    INCIDENTAL = "incidental"
    PERSONS_INVOLVED = "persons_involved"  # 164.510
    LIMITED_DATA_SET = "limited_data_set"
    NATIONAL_SECURITY = "national_security"
    CORRECTIONS = "corrections"
    EMERGENCY = "part2_emergency"  # 42 CFR 2.51
    THREAT = "threat_512j"
    REQUIRED_BY_LAW = "required_by_law"
    COURT_ORDER = "court_order"  # 42 CFR 2.61-2.67


EXCLUDED: Final = frozenset(  # 164.528(a)(1)(i)-(ix); within a program there is no disclosure at all
    {
        *(Basis.WITHIN_PROGRAM, Basis.TREATMENT, Basis.PAYMENT, Basis.OPERATIONS, Basis.AUTHORIZATION),
        *(Basis.INDIVIDUAL, Basis.INCIDENTAL, Basis.PERSONS_INVOLVED, Basis.LIMITED_DATA_SET),
        *(Basis.NATIONAL_SECURITY, Basis.CORRECTIONS),
    }
)
HIPAA_YEARS: Final = 6
PART2_YEARS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a reader of the accounting is told (164.528(b)(2)), and what 42 CFR 2.51(c) asks for besides."""

    recipient: str
    address: str = ""  # where known
    description: str  # what kind of records, in a few words
    purpose: str  # in words
    facility: str = ""
    discloser: str = ""
    emergency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    key: str  # of what sent it: one row however often it is tried
    client_id: str
    at: datetime
    basis: Basis
    purpose: str  # a code
    part2: bool
    details: Details
    draft_id: str | None = None
    consents: tuple[str, ...] = ()
    output_hash: str | None = None
    by: str = "baton"  # staff id


DETAILS: TypeAdapter[Details] = TypeAdapter(Details)


async def record(conn: AsyncConnection, seal: Seal, made: Disclosure) -> bool:
    """Keep it and say so in the audit trail, in the caller's transaction. False: it is there already."""
    row = {
        "key": made.key,
        "client_id": made.client_id,
        "at": made.at,
        "basis": made.basis.value,
        "purpose": made.purpose,
        "part2": made.part2,
        "details": seal.seal(DETAILS.dump_json(made.details).decode(), context=f"disclosures.details/{made.key}"),
        "draft_id": made.draft_id,
        "consents": list(made.consents),
        "output_hash": made.output_hash,
        "made_by": made.by,
    }
    once = insert_into(conn.dialect.name, t.disclosures).on_conflict_do_nothing().returning(t.disclosures.c.key)
    if (await conn.execute(once, row)).first() is None:
        return False
    await audit.append(conn, _event(made))
    return True


def _event(made: Disclosure) -> audit.Event:
    return audit.Event(
        action=audit.Action.DISCLOSED,
        actor=audit.Actor(id=made.by),
        object=audit.Object(type="disclosure", id=made.key[:128]),
        subject=made.draft_id,
        patient_ref=made.client_id,
        purpose=made.purpose,
        legal_basis=made.basis.value,
        consent_id=made.consents[0] if made.consents else None,
        part2_flag=made.part2,
        output_hash=made.output_hash,
    )


async def of_client(conn: AsyncConnection, seal: Seal, client_id: str) -> list[Disclosure]:
    """Oldest first, whatever the basis."""
    chosen = select(t.disclosures).where(t.disclosures.c.client_id == client_id).order_by(t.disclosures.c.at)
    return [_disclosure(row, seal) for row in (await conn.execute(chosen)).mappings()]


def _disclosure(row: RowMapping, seal: Seal) -> Disclosure:
    return Disclosure(
        key=row["key"],
        client_id=row["client_id"],
        at=row["at"],
        basis=Basis(row["basis"]),
        purpose=row["purpose"],
        part2=row["part2"],
        details=DETAILS.validate_json(seal.open(row["details"], context=f"disclosures.details/{row['key']}")),
        draft_id=row["draft_id"],
        consents=tuple(row["consents"]),
        output_hash=row["output_hash"],
        by=row["made_by"],
    )


# The accounting


def accounted(made: Disclosure, asked_on: date) -> str | None:
    """The rule by which a client who asks on this day is told of it; None: by none.

    What left in an emergency is told although it was treatment: 2.51(c) has it written down, and a client should know.
    """
    if made.basis is Basis.CONSENT:
        return "42 CFR 2.25" if _within(made.at, asked_on, PART2_YEARS) else None
    if made.basis in EXCLUDED or not _within(made.at, asked_on, HIPAA_YEARS):
        return None
    return "42 CFR 2.51(c)" if made.basis is Basis.EMERGENCY else "45 CFR 164.528"


def accounting(every: Sequence[Disclosure], asked_on: date) -> list[tuple[Disclosure, str]]:
    """What is told, oldest first, each with its rule."""
    told = [(made, accounted(made, asked_on)) for made in every]
    return [(made, rule) for made, rule in told if rule is not None]


def _within(at: datetime, asked_on: date, years: int) -> bool:
    return _years_before(asked_on, years) <= at.astimezone(UTC).date()


def _years_before(day: date, years: int) -> date:
    """The same day of that year; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
