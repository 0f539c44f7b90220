"""What Baton needs from an EHR, as promises in words. One contract suite (tests/contract) runs against each adapter.

Times are timezone-aware. Client ids are the EHR's own (`Patient/` left out). Nothing here logs or raises patient data.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, Self

from ehr_clients.models import Changes, ChartData, Client, InCare, Section


class Op(StrEnum):
    """How an adapter performs one kind of write, best first."""

    NATIVE = "native"  # the resource meant for it
    FALLBACK = "fallback"  # the declared substitute (for example AuditEvent -> DocumentReference)
    OWN_STORE = "own_store"  # the EHR takes neither: kept in Baton's own store only, and said so


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWrite:
    """A clinical document: DocumentReference with `text` as text/plain; charset=utf-8."""

    client_id: str
    type_code: str  # LOINC
    type_text: str
    title: str  # PHI-free
    text: str
    author: str  # "Practitioner/abc": the person who approved it
    when: datetime
    final: bool = True
    generated: bool = True  # drafted by software: labelled AIAST
    appends: str | None = None  # reference of the document this one is an addendum to
    part2: bool = False  # carries 42 CFR Part 2 content: labelled so


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationWrite:
    """A message of one staff member to others about a client."""

    client_id: str
    sender: str
    recipients: tuple[str, ...]  # "Practitioner/abc" | "CareTeam/abc"; () when addressed to the whole team by name only
    text: str
    when: datetime
    about: tuple[str, ...] = ()  # references; "@name" stands for an earlier write of the same proposal
    answers: str | None = None  # the Communication this one responds to
    part2: bool = False
    outside: str | None = (
        None  # a recipient outside the clinic, by name: a person sends it, the EHR keeps it as prepared
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWrite:
    client_id: str
    what: str
    requester: str
    owner: str | None
    due: date | None
    when: datetime
    focus: str | None = None
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatusWrite:
    """What became of a task that the EHR holds, over the version that was read. What is None stays as it is.

    `business`: (system, code, words). `note` says who said so and what it rests on; it is added to the task's own.
    Where the task changed since `version`, `apply` raises EhrRefused: a person reads it again and decides anew.
    """

    client_id: str
    task: str  # "Task/abc"
    version: str
    note: str
    author: str
    when: datetime
    status: str | None = None  # FHIR task-status
    business: tuple[str, str, str] | None = None
    reason: str | None = None
    report: str | None = None  # of the task's output, in words; `report_ref` where the EHR holds it
    report_ref: str | None = None
    owner: str | None = None  # reference
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatusWrite:
    """The end of an order (ServiceRequest) that the EHR holds: completed or revoked, over the version that was read."""

    client_id: str
    order: str  # "ServiceRequest/abc"
    version: str
    status: str  # completed | revoked
    note: str
    author: str
    when: datetime
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagWrite:
    """An alert that whoever opens the chart sees at once: Flag of category "safety", active until a person ends it."""

    client_id: str
    text: str
    author: str
    when: datetime
    generated: bool = True
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlanWrite:
    """A safety plan as a draft (CarePlan.status "draft"): a clinician completes and activates it in the EHR.

    `steps`: (name of the step, its text) in order; a step without words is left out.
    """

    client_id: str
    title: str
    steps: tuple[tuple[str, str], ...]
    author: str
    when: datetime
    generated: bool = True
    part2: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceWrite:
    """Who made the targets: the software drafted (author, Device), the person verified (verifier, Practitioner)."""

    client_id: str
    targets: tuple[str, ...]
    verifier: str
    when: datetime
    sources: tuple[str, ...] = ()  # references the text rests on
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWrite:
    """One audit record for the EHR in the shape of IHE BALP 1.1 (a RESTful create by a named user)."""

    client_id: str
    event_id: str  # of Baton's own audit trail
    action: str  # Baton's audit action name, for example "write_confirmed"
    who: str  # "Practitioner/abc"
    purpose: str  # v3-ActReason, for example TREAT
    when: datetime
    about: tuple[str, ...]
    outcome_ok: bool = True


type Update = TaskStatusWrite | OrderStatusWrite
type Write = (
    DocumentWrite
    | CommunicationWrite
    | TaskWrite
    | FlagWrite
    | CarePlanWrite
    | ProvenanceWrite
    | AuditWrite
    | TaskStatusWrite
    | OrderStatusWrite
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of a write: where it is, and what was found there when it was read back.

    `sent_hash` and `readback_hash` are sha256 hex of the clinical content (the text's UTF-8 bytes where the write has
    a `text`; else of the canonical JSON of the elements we set). They are equal, or `apply` raised.
    """

    ref: str  # "DocumentReference/abc"; "own-store/KEY" for Op.OWN_STORE
    version: str | None
    op: Op
    sent_hash: str
    readback_hash: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    """One line of the capability matrix that `baton check` prints."""

    kind: str  # "DocumentWrite", "read notes" ...
    op: Op | None  # None: not possible at all
    how: str  # a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientQuery:
    """Find clients by what a clinician would know. At least one field is given."""

    name: str | None = None
    birth_date: date | None = None
    mrn: str | None = None
    alias: str | None = None


class ChartReader(Protocol):
    async def client(self, client_id: str) -> Client:
        """One client. Raises ClientNotFound, EhrRefused, EhrUnavailable."""
        ...

    async def find(self, query: ClientQuery) -> list[Client]:
        """Clients that match, by family name then given names; [] when none. Never more than 50."""
        ...

    async def caseload(self, practitioner: str) -> list[Client]:
        """Clients on whose active care team `practitioner` ("Practitioner/abc") is, by alias then name."""
        ...

    async def care_team(self, client_id: str) -> frozenset[str]:
        """References of the practitioners on the client's active care teams. The authorisation check rests on this."""
        ...

    async def changed(self, since: datetime, clients: Collection[str] | None = None) -> frozenset[str]:
        """Clients with an assessment, note, message or missed visit stored at or after `since`; only among `clients`.

        By the EHR's own clock, so ask with an overlap. A few searches, however many clients there are. It may name a
        client of whom nothing is new, and never leaves one out: where the EHR cannot tell, or not at once, it names
        each of `clients`, and with None raises EhrRefused. What Baton stored itself does not count. Raises
        EhrUnavailable.
        """
        ...

    async def clients_of(self, ref: str) -> frozenset[str]:
        """Whom a record ("Task/abc") is about, by id; none when it is gone, or is about nobody.

        Raises EhrRefused when Baton may not read it, EhrUnavailable.
        """
        ...

    async def referrals_changed(self, since: datetime) -> frozenset[str]:
        """Clients of whom an order or a task was stored at or after `since`, by the EHR's own clock.

        Two searches. What Baton stored itself does not count. Raises EhrRefused when the EHR cannot tell, or not at
        once; EhrUnavailable.
        """
        ...

    async def in_care(self, practitioners: Collection[str]) -> list[InCare]:
        """The clients of a team: those on whose active care teams any of `practitioners` is, by id.

        A bounded number of requests, however many there are. Raises EhrRefused when the EHR cannot list them, or not
        all; EhrUnavailable.
        """
        ...

    async def changes(self, clients: Collection[Client], since: datetime, *, until: datetime) -> Changes:
        """Of each client what was stored at or after `since`, and what is open at `until`.

        By the EHR's own clock: ask with an overlap, and drop by ref and version what is known. One search for each type
        of record, however many clients there are. What could not be read, or not wholly, is in `gaps`, never silence.
        What Baton stored itself is not new. Raises EhrUnavailable or EhrRefused when nothing could be read at all.
        """
        ...

    async def read(self, client_id: str, sections: Collection[Section]) -> ChartData:
        """The asked-for sections, read in bounded parallel or in one batch where the EHR offers it.

        A section that cannot be read is a `Missing` with a sentence and never an empty answer. Psychotherapy notes and
        SUD counseling notes are dropped and counted. Raises ClientNotFound, and EhrUnavailable or EhrRefused only when
        the client itself cannot be read.
        """
        ...

    async def versions(self, client_id: str, sections: Collection[Section]) -> Mapping[str, str]:
        """Reference -> version of what `read` would return now. Raises EhrUnavailable when a section is missing."""
        ...


class ChartWriter(Protocol):
    async def apply(self, write: Write, *, key: str) -> Receipt:
        """Store `write` once, read it back and compare.

        A second call with the same `key` stores nothing and returns the first receipt with `repeated=True`; `key` is
        searched for first, so this holds after an unknown outcome too. Raises ClientNotFound, EhrRefused (a person
        must look; also when what was read back differs), EhrUnavailable (nothing stored; try again), OutcomeUnknown
        (call again with the same key: it is looked up before anything is sent).
        """
        ...

    async def stored(self, write: Write, *, key: str) -> Receipt | None:
        """What an earlier `apply` of this write stored, read back and compared (`repeated=True`); None: nothing.

        Sends nothing: it answers what became of a call that died. Raises EhrRefused, EhrUnavailable, OutcomeUnknown.
        """
        ...


class Ehr(ChartReader, ChartWriter, Protocol):
    """A whole EHR. Open with `async with`: one HTTP session, closed by whoever opened it."""

    async def capabilities(self) -> list[Capability]:
        """What this EHR can do and each write's fallback, from its own /metadata. Raises EhrUnavailable."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...
