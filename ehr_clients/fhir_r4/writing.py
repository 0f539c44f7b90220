"""Storing a write once: look it up, create it, read it back, compare. In that order, whatever happened before.

known by its key       -> compared, answered as repeated
answer lost            -> looked up once more; still not there: OutcomeUnknown, and the next call looks again
more than one          -> EhrRefused: a person must look
differs when read back -> EhrRefused: a person must look
"""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from ehr_clients.capabilities import Abilities, Route, route
from ehr_clients.errors import EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.fhir_r4 import builders
from ehr_clients.fhir_r4.plain_text import media_type
from ehr_clients.fhir_r4.searching import TRUNCATED, Search, Searcher
from ehr_clients.fhir_r4.updating import Updater
from ehr_clients.fhir_r4.values import Json, kind, pick, ref_of, reference, string
from ehr_clients.http import FhirHttp, Reply
from ehr_clients.port import Op, OrderStatusWrite, ProvenanceWrite, Receipt, TaskStatusWrite, Write

DIFFERS = "The stored text differs from what was approved; a person must look at it in the EHR."
_AMBIGUOUS = "The EHR holds more than one record with this write's key; a person must look at them."
_NOT_LOOKED_UP = "The EHR holds too many records to tell whether this write is stored already; a person must look."
_NOT_READ_BACK = "The write is stored, but it could not be read back yet; it will be compared at the next try."

_WOULD_BE = {"AuditWrite": "AuditEvent", "TaskStatusWrite": "Task", "OrderStatusWrite": "ServiceRequest"}


class Writer:
    """Writes of one client process. Two calls with one key wait for each other."""

    def __init__(
        self,
        http: FhirHttp,
        abilities: Abilities,
        searcher: Searcher,
        *,
        client_exists: Callable[[str], Awaitable[object]],
        audit_as_document: bool,
    ) -> None:
        self._http = http
        self._abilities = abilities
        self._searcher = searcher
        self._client_exists = client_exists
        self._audit_as_document = audit_as_document
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._kept_by_us: set[str] = set()
        self._updater = Updater(http)

    async def apply(self, write: Write, *, key: str) -> Receipt:
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            way = route(type(write), self._abilities, audit_as_document=self._audit_as_document)
            if way.op is None:
                raise EhrRefused("This EHR takes neither documents nor messages; nothing can be filed there.")
            if way.kind is None:
                return self._own_store(write, key)
            if way.changes and isinstance(write, TaskStatusWrite | OrderStatusWrite):
                return await self._updater.apply(write, key=key)
            return await self._store(write, way, way.kind, key)

    async def stored(self, write: Write, *, key: str) -> Receipt | None:
        way = route(type(write), self._abilities, audit_as_document=self._audit_as_document)
        if way.changes and isinstance(write, TaskStatusWrite | OrderStatusWrite):
            return await self._updater.stored(write, key=key)
        found = await self._find(way.kind, key, write) if way.kind else None
        if way.kind is None or found is None:
            return None
        sent = builders.build(write, way.kind, key=key, ehr_address=self._http.base.host or "ehr")
        return await self._confirm(found, sent, way, repeated=True)

    def _own_store(self, write: Write, key: str) -> Receipt:
        """A receipt for what the caller keeps: the hash of what an EHR would have been sent."""
        would_be = _WOULD_BE.get(type(write).__name__, type(write).__name__.removesuffix("Write"))
        hashed = builders.content_hash(builders.clinical_content(builders.build(write, would_be, key=key)) or b"")
        repeated = key in self._kept_by_us
        self._kept_by_us.add(key)
        return Receipt(
            ref=f"{builders.OWN_STORE}{key}",
            version=None,
            op=Op.OWN_STORE,
            sent_hash=hashed,
            readback_hash=hashed,
            repeated=repeated,
        )

    async def _store(self, write: Write, way: Route, wanted: str, key: str) -> Receipt:
        sent = builders.build(write, wanted, key=key, ehr_address=self._http.base.host or "ehr")
        if found := await self._find(wanted, key, write):
            return await self._confirm(found, sent, way, repeated=True)
        await self._client_exists(write.client_id)
        try:
            reply = await self._create(wanted, sent, key)
        except OutcomeUnknown as unknown:
            found = await self._find_after_loss(wanted, key, write, unknown)
            return await self._confirm(found, sent, way, repeated=False)
        ref = _created(reply, wanted) or await self._find(wanted, key, write)
        if ref is None:
            raise OutcomeUnknown(_NOT_READ_BACK)
        return await self._confirm(ref, sent, way, repeated=reply.status == 200)

    async def _create(self, wanted: str, sent: Json, key: str) -> Reply:
        name, value = builders.key_search(wanted, key)
        condition = f"{name}={value}" if self._abilities.offer(wanted).conditional_create else None
        try:
            return await self._http.create(wanted, sent, if_none_exist=condition)
        except EhrRefused as refused:
            if refused.status == 412:
                raise EhrRefused(_AMBIGUOUS, status=412) from None
            raise

    async def _find(self, wanted: str, key: str, write: Write) -> str | None:
        """The reference of what carries the key. Raises EhrRefused when that cannot be told for certain."""
        params = [builders.key_search(wanted, key)]
        by_client = wanted != "Provenance" and bool({"patient", "subject"} & self._abilities.offer(wanted).params)
        if isinstance(write, ProvenanceWrite):  # it has no patient of its own: its target narrows the search
            params += [("target", target) for target in write.targets[:1] if not target.startswith(builders.OWN_STORE)]
        found = await self._searcher.run(Search(wanted, tuple(params)), write.client_id if by_client else None)
        matching = sorted({ref_of(item) for item in found.resources if builders.has_key(item, key)})
        if len(matching) > 1:
            raise EhrRefused(_AMBIGUOUS)
        if not matching and TRUNCATED in found.incomplete:
            raise EhrRefused(_NOT_LOOKED_UP)
        return matching[0] if matching else None

    async def _find_after_loss(self, wanted: str, key: str, write: Write, unknown: OutcomeUnknown) -> str:
        try:
            found = await self._find(wanted, key, write)
        except EhrUnavailable:
            found = None
        if found is None:
            raise unknown
        return found

    async def _confirm(self, ref: str, sent: Json, way: Route, *, repeated: bool) -> Receipt:
        stored = await self._read_back(ref)
        there = await self._content(stored, sent)
        here = builders.clinical_content(sent) or b""
        if there != here or not builders.has_key(stored, _key_of(sent)):
            raise EhrRefused(DIFFERS)
        assert way.op is not None
        return Receipt(
            ref=ref,
            version=string(pick(stored, "meta", "versionId")),
            op=way.op,
            sent_hash=builders.content_hash(here),
            readback_hash=builders.content_hash(there),
            repeated=repeated,
        )

    async def _read_back(self, ref: str) -> Json:
        try:
            return (await self._http.get(ref)).json()
        except EhrUnavailable:
            raise OutcomeUnknown(_NOT_READ_BACK) from None
        except EhrRefused as refused:
            if refused.status in {404, 410}:
                raise OutcomeUnknown(_NOT_READ_BACK) from None
            raise

    async def _content(self, stored: Json, sent: Json) -> bytes:
        content = builders.clinical_content(builders.as_sent(stored, sent) | {"resourceType": kind(stored)})
        if content is not None:
            return content
        link = string(pick(stored, "content", "attachment", "url"))
        try:
            return await binary(self._http, link) if link else b""
        except EhrUnavailable:
            raise OutcomeUnknown(_NOT_READ_BACK) from None


async def binary(http: FhirHttp, link: str) -> bytes:
    """The content behind an attachment's URL, sent as it is or as a Binary resource. Same origin only."""
    reply = await http.follow(link, accept="application/fhir+json, text/plain;q=0.9, */*;q=0.5")
    if media_type(reply.headers.get("Content-Type")) not in {"application/fhir+json", "application/json"}:
        return reply.body
    data = string(reply.json().get("data"))
    found = builders.clinical_content(
        {"resourceType": "DocumentReference", "content": [{"attachment": {"data": data}}]}
        if data
        else {"resourceType": "Communication"}
    )
    return found or b""


def _created(reply: Reply, wanted: str) -> str | None:
    """Where it is: from Location, else from the body."""
    at = reference({"reference": reply.headers.get("Location", reply.headers.get("Content-Location", ""))})
    if at and at.startswith(f"{wanted}/"):
        return at
    body = reply.json() if reply.body.strip() else {}
    return ref_of(body) if kind(body) == wanted and string(body.get("id")) else None


def _key_of(sent: Json) -> str:
    return string(pick(sent, "identifier", "value")) or string(pick(sent, "meta", "tag", "code")) or ""
