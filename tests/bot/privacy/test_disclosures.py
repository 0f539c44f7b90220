"""Everything is recorded once; what a client is told of is filtered by rule when they ask; the export is recorded."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from bot.privacy import audit
from bot.privacy.accounting import as_csv, as_pdf
from bot.privacy.disclosures import Basis, Details, Disclosure, accounted, accounting, of_client, record
from bot.privacy.emergency import REQUIRED, Emergency, late, missing, record_emergency
from bot.store.sealed import Seal
from bot.store.session import Database
from tests.fakes.office import at_work

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
TODAY = NOW.date()


def made(basis: Basis, at: datetime = NOW, **details: str) -> Disclosure:
    told = {"recipient": "Penn Valley", "description": "Handoff summary", "purpose": "treatment", **details}
    return Disclosure(
        key=f"{basis}-{at.isoformat()}",
        client_id="sb-c102",
        at=at,
        basis=basis,
        purpose="TREAT",
        part2=basis is Basis.CONSENT,
        details=Details(**told),
    )


def ago(**how_long: float) -> datetime:
    return NOW - timedelta(**how_long)


@pytest.mark.parametrize(
    ("basis", "at", "rule"),
    [
        (Basis.REQUIRED_BY_LAW, NOW, "45 CFR 164.528"),
        (Basis.THREAT, NOW, "45 CFR 164.528"),
        (Basis.COURT_ORDER, NOW, "45 CFR 164.528"),
        (Basis.THREAT, datetime(2020, 11, 23, tzinfo=UTC), "45 CFR 164.528"),  # six years to the day
        (Basis.THREAT, datetime(2020, 11, 22, tzinfo=UTC), None),
        (Basis.CONSENT, NOW, "42 CFR 2.25"),
        (Basis.CONSENT, datetime(2023, 11, 23, tzinfo=UTC), "42 CFR 2.25"),  # three years to the day
        (Basis.CONSENT, datetime(2023, 11, 22, tzinfo=UTC), None),
        (Basis.EMERGENCY, NOW, "42 CFR 2.51(c)"),
        (Basis.TREATMENT, NOW, None),
        (Basis.PAYMENT, NOW, None),
        (Basis.OPERATIONS, NOW, None),
        (Basis.AUTHORIZATION, NOW, None),
        (Basis.INDIVIDUAL, NOW, None),
        (Basis.INCIDENTAL, NOW, None),
        (Basis.PERSONS_INVOLVED, NOW, None),
        (Basis.LIMITED_DATA_SET, NOW, None),
        (Basis.NATIONAL_SECURITY, NOW, None),
        (Basis.CORRECTIONS, NOW, None),
        (Basis.WITHIN_PROGRAM, NOW, None),
    ],
)
def test_what_a_client_is_told_of(basis: Basis, at: datetime, rule: str | None) -> None:
    assert accounted(made(basis, at), TODAY) == rule


def test_every_basis_is_either_told_or_excluded_by_name() -> None:
    told = {basis for basis in Basis if accounted(made(basis), TODAY)}
    assert told == {Basis.CONSENT, Basis.EMERGENCY, Basis.THREAT, Basis.REQUIRED_BY_LAW, Basis.COURT_ORDER}


def test_a_leap_day_has_an_anniversary() -> None:
    assert accounted(made(Basis.CONSENT, datetime(2025, 2, 28, tzinfo=UTC)), date(2028, 2, 29)) == "42 CFR 2.25"
    assert accounted(made(Basis.CONSENT, datetime(2025, 2, 27, tzinfo=UTC)), date(2028, 2, 29)) is None


def test_the_accounting_keeps_its_order() -> None:
    rows = [made(Basis.CONSENT, ago(days=3)), made(Basis.TREATMENT, ago(days=2)), made(Basis.THREAT, ago(days=1))]
    assert [each.basis for each, _ in accounting(rows, TODAY)] == [Basis.CONSENT, Basis.THREAT]


# Kept


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[tuple[Database, Seal, Path]]:
    async with at_work(tmp_path, working=False) as work:
        yield work.office.db, work.office.seal, work.database_file


async def test_it_is_kept_once_with_one_audit_line_and_nothing_of_it_in_the_clear(
    db: tuple[Database, Seal, Path],
) -> None:
    base, seal, file = db
    one = made(Basis.CONSENT, recipient="Zebediah Canary")
    async with base.write() as conn:
        assert await record(conn, seal, one)
        assert not await record(conn, seal, one)
        assert await of_client(conn, seal, "sb-c102") == [one]
        assert await of_client(conn, seal, "sb-c103") == []
    async with base.read() as conn:
        events = [e for e in await audit.tail(conn, 10) if e.action == "disclosed"]
    assert [e.fields["legal_basis"] for e in events] == ["part2_consent"]
    raw = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    assert b"Canary" not in raw


# Printed


def test_the_csv_holds_what_the_rule_lists() -> None:
    row = made(Basis.REQUIRED_BY_LAW, recipient="=HYPERLINK(1)", address="12 Mill Street")
    head, first = list(csv.reader(io.StringIO(as_csv([(row, "45 CFR 164.528")]).decode())))
    assert head[:5] == ["date", "recipient", "address", "description", "purpose"]
    assert first == [
        "2026-11-23 19:00Z",
        "'=HYPERLINK(1)",
        "12 Mill Street",
        "Handoff summary",
        "treatment",
        "45 CFR 164.528",
    ]


def test_the_pdf_holds_the_same_words() -> None:
    row = made(Basis.THREAT, recipient="Ana Łukasz-Peña", purpose="a serious and imminent threat")
    content = as_pdf([(row, "45 CFR 164.528")], "C-102", NOW)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    assert "Accounting of disclosures, C-102" in text
    assert "Handoff summary" in text
    assert "Peña" in text
    assert "the CSV form has them" in text  # of the letter that the font lacks


def test_many_rows_run_over_pages() -> None:
    rows = [(made(Basis.THREAT, ago(days=n)), "45 CFR 164.528") for n in range(80)]
    assert len(PdfReader(io.BytesIO(as_pdf(rows, "C-102", NOW))).pages) > 1


# Emergencies

NOTHING = Emergency(personnel="", facility="", discloser="", at="", nature="")
FORM = Emergency(
    personnel="Dr. Ruth Amsel",
    facility="Millrace General Hospital",
    discloser="Marisol Vega",
    at="2026-11-23T18:40:00+00:00",
    nature="Found unresponsive",
)


@pytest.mark.parametrize("name", list(REQUIRED))
def test_each_thing_that_the_rule_asks_for_is_asked_for(name: str) -> None:
    assert missing(FORM, NOW) == ()
    blank = Emergency(**{field: "" if field == name else getattr(FORM, field) for field in REQUIRED})
    assert missing(blank, NOW) == (REQUIRED[name],)


@pytest.mark.parametrize("at", ["yesterday", "2026-11-23T18:40", "2026-11-23T19:40:00+00:00"])
def test_a_time_without_its_zone_or_to_come_is_none(at: str) -> None:
    form = Emergency(**{field: at if field == "at" else getattr(FORM, field) for field in REQUIRED})
    assert missing(form, NOW) == (REQUIRED["at"],)


async def test_an_emergency_is_a_record_of_its_own_and_part_of_the_accounting(db: tuple[Database, Seal, Path]) -> None:
    base, seal, _ = db
    async with base.write() as conn:
        with pytest.raises(ValueError, match="nature of the emergency"):
            await record_emergency(conn, seal, "sb-c102", NOTHING, now=NOW)
        assert await of_client(conn, seal, "sb-c102") == []
        await record_emergency(conn, seal, "sb-c102", FORM, now=NOW, by="vega")
        (kept,) = await of_client(conn, seal, "sb-c102")
    assert (kept.basis, kept.part2, kept.by) == (Basis.EMERGENCY, True, "vega")
    said = kept.details
    assert (said.recipient, said.facility, said.discloser) == (FORM.personnel, FORM.facility, FORM.discloser)
    assert said.emergency == FORM.nature
    assert accounting([kept], TODAY)[0][1] == "42 CFR 2.51(c)"
    assert not late(FORM, NOW)
    assert late(FORM, NOW + timedelta(days=2))
