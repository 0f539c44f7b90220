"""Everything the chart and the staff list know by name: what must not be in a text that leaves, whoever wrote it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from bot.clinic import StaffMember
from ehr_clients.models import (
    Appointment,
    ChartData,
    Client,
    Contact,
    Item,
    Medication,
    Message,
    Note,
    Plan,
    Read,
    Referral,
    TeamMember,
)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """`key` tells people apart within one record; it leaves in no text. `others`: preferred and former names."""

    key: str
    name: str = field(repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """Identifiers of one client's chart. Nothing of it shows in a repr."""

    people: tuple[KnownPerson, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    ids: tuple[str, ...] = field(default=(), repr=False)
    emails: tuple[str, ...] = field(default=(), repr=False)
    places: tuple[str, ...] = field(default=(), repr=False)  # cities, ZIP codes, employers, schools
    addresses: tuple[str, ...] = field(default=(), repr=False)  # street lines
    births: tuple[date, ...] = field(default=(), repr=False)
    day_zero: date | None = field(default=None, repr=False)  # the client's own secret day from which dates count


def record_of(data: ChartData, staff: Iterable[StaffMember] = (), *, day_zero: date | None = None) -> Record:
    """The identifiers of a chart as it was read, and of everybody on the staff list.

    Without `day_zero` dates count from the earliest one in the request.
    """
    client = data.client
    names = [*_names(data), *(member.name for member in staff)]
    return Record(
        people=(_client(client), *_numbered(names, client)),
        phones=tuple(p for p in [client.phone, *(c.phone for c in client.contacts)] if p),
        ids=tuple(i for i in (client.mrn, client.alias, client.id) if i and len(i) >= 4),
        births=(client.birth_date,) if client.birth_date else (),
        day_zero=day_zero,
    )


def _client(client: Client) -> KnownPerson:
    return KnownPerson("client", " ".join([*client.given, client.family or ""]).strip())


def _numbered(names: Iterable[str], client: Client) -> Iterator[KnownPerson]:
    """Each name once, in the order of the chart."""
    seen = {client.name.casefold()}
    for name in names:
        if name.casefold() not in seen:
            seen.add(name.casefold())
            yield KnownPerson(f"p{len(seen)}", name)


def _names(data: ChartData) -> Iterator[str]:
    yield from (contact.name for contact in data.client.contacts)
    for answer in data.sections.values():
        if isinstance(answer, Read):
            for item in answer.items:
                yield from (name for name in _in(item) if name)


def _in(item: Item) -> Iterator[str | None]:
    yield item.source.author
    match item:
        case Note(author=name) | TeamMember(name=name) | Medication(prescriber=name) | Contact(name=name):
            yield name
        case Appointment(with_=name) | Message(sender=name):
            yield name
        case Referral(to=name, requester=requester, tasks=tasks):
            yield from (name, requester, *(task.owner for task in tasks))
        case Plan(interventions=interventions):
            yield from (each.provider for each in interventions)
        case _:
            pass
