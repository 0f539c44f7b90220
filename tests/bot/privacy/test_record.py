"""What the chart and the staff list know by name, and that none of it shows where it does not belong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from bot.clinic import StaffMember
from bot.privacy.deid import find
from bot.privacy.record import Record, record_of
from ehr_clients.models import (
    Appointment,
    ChartData,
    Client,
    Contact,
    Intervention,
    Item,
    Medication,
    Message,
    Missing,
    Note,
    Plan,
    Read,
    Referral,
    Section,
    SectionAnswer,
    Source,
    TeamMember,
    Why,
)
from skills.kit import Role

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT = Source("Thing/1", "1", "thing")
MOTHER = Contact(source=AT, name="Siobhan Okafor", relationship="mother", phone="914-555-0142")
CLIENT = Client(
    source=AT, id="pt-20914", family="Lindqvist", given=("Theodora", "June"), birth_date=date(1985, 3, 14),
    alias="C-1044", mrn="00482913", phone="212-555-0199", contacts=(MOTHER,),
)  # fmt: skip
STAFF = StaffMember(id="s1", name="Ezekiel Stroud", practitioner="Practitioner/s1", roles=(Role.CLINICIAN,))


def chart(*items: Item, client: Client = CLIENT) -> ChartData:
    answers: dict[Section, SectionAnswer] = {Section.NOTES: Read(items, as_of=NOW)}
    return ChartData(client, answers)


def names(record: Record) -> Iterator[str]:
    return (person.name for person in record.people)


def test_the_client_comes_first_then_contacts_and_staff() -> None:
    record = record_of(chart(), [STAFF])
    assert tuple(names(record)) == ("Theodora June Lindqvist", "Siobhan Okafor", "Ezekiel Stroud")
    assert record.people[0].key == "client"
    assert record.phones == ("212-555-0199", "914-555-0142")
    assert record.ids == ("00482913", "C-1044", "pt-20914")
    assert record.births == (date(1985, 3, 14),)


@pytest.mark.parametrize(
    "item",
    [
        Note(source=AT, kind="progress", text="slept", when=NOW, author="Wen Hsu"),
        TeamMember(source=AT, ref="Practitioner/2", name="Wen Hsu"),
        Medication(source=AT, name="lithium", prescriber="Wen Hsu"),
        Contact(source=AT, name="Wen Hsu"),
        Appointment(source=AT, start=NOW, status="booked", with_="Wen Hsu"),
        Message(source=AT, when=NOW, sender="Wen Hsu", text="hello"),
        Referral(source=AT, what="housing", to="Wen Hsu"),
        Plan(source=AT, title="plan", interventions=(Intervention("CBT", provider="Wen Hsu"),)),
        Message(source=Source("Thing/2", "1", "thing", author="Wen Hsu"), when=NOW, sender=None, text="hello"),
    ],
    ids=lambda item: type(item).__name__,
)
def test_whoever_a_part_of_the_chart_names_is_known(item: Item) -> None:
    record = record_of(chart(item))
    assert "Wen Hsu" in names(record)
    assert any(found.who for found in find("wen hsu came late.", record))


def test_nobody_is_listed_twice_and_the_client_is_not_among_the_others() -> None:
    twice = Note(source=AT, kind="progress", text="slept", when=NOW, author="siobhan okafor")
    own = Message(source=AT, when=NOW, sender="Theodora June Lindqvist", text="hello")
    record = record_of(chart(twice, own))
    assert tuple(names(record)) == ("Theodora June Lindqvist", "Siobhan Okafor")
    assert len({person.key for person in record.people}) == 2


def test_what_the_chart_does_not_have_is_simply_not_known() -> None:
    bare = Client(source=AT, id="7", family=None, given=(), birth_date=None)
    unread: dict[Section, SectionAnswer] = {Section.NOTES: Missing(Why.UNAVAILABLE, "the EHR is down")}
    record = record_of(ChartData(bare, unread))
    assert (record.phones, record.ids, record.births, record.day_zero) == ((), (), (), None)
    assert find("Slept 7 hours, took 7 pills.", record) == ()


def test_a_record_shows_nothing_of_what_it_holds() -> None:
    record = record_of(chart(), [STAFF], day_zero=date(2020, 1, 1))
    shown = repr(record) + repr(record.people)
    assert not any(word in shown for word in ("Lindqvist", "Okafor", "Stroud", "555", "482913", "1985", "2020"))
