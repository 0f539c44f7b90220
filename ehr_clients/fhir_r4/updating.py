"""Changing what the EHR holds, once: read it, set a few elements over the version that was read, read back, compare.

carries our key already   -> compared, answered as repeated
another version by now    -> EhrRefused: somebody else changed it; a person reads it again
answer lost               -> read once more; not there: OutcomeUnknown, and the next call looks again
differs when read back    -> EhrRefused: a person must look
"""

from ehr_clients.errors import EhrRefused, EhrUnavailable, OutcomeUnknown
from ehr_clients.fhir_r4 import builders
from ehr_clients.fhir_r4.material import clients_of
from ehr_clients.fhir_r4.values import Json, canonical, kind, many, pick, string, version_of
from ehr_clients.http import FhirHttp
from ehr_clients.port import Op, Receipt, TaskStatusWrite, Update

CHANGED = "Somebody changed this referral in the EHR since it was read. Nothing was stored; read it again and decide."
NOT_THIS_CLIENT = "This referral is not marked as this client's; a person must look at it in the EHR."
GONE = "This referral is no longer in the EHR; a person must look."
DIFFERS = "What the EHR stored of this referral differs from what was approved; a person must look at it there."
_NOT_READ_BACK = "The change is stored, but it could not be read back yet; it will be compared at the next try."
_ADDED_TO = ("identifier", "note", "output")  # lists that others write too: ours is added, theirs stays


class Updater:
    """Updates of one client process."""

    def __init__(self, http: FhirHttp) -> None:
        self._http = http

    async def apply(self, write: Update, *, key: str) -> Receipt:
        change = builders.changed(write, key)
        held, etag = await self._read(write)
        if builders.has_key(held, key):
            return _confirm(write, held, change, repeated=True)
        if version_of(held) != write.version:
            raise EhrRefused(CHANGED, status=412)
        await self._put(write, held, change, etag, key)
        stored = await self._read_back(write)
        if not builders.has_key(stored, key):
            raise EhrRefused(DIFFERS)
        return _confirm(write, stored, change, repeated=False)

    async def stored(self, write: Update, *, key: str) -> Receipt | None:
        held, _ = await self._read(write)
        if not builders.has_key(held, key):
            return None
        return _confirm(write, held, builders.changed(write, key), repeated=True)

    async def _put(self, write: Update, held: Json, change: Json, etag: str, key: str) -> None:
        try:
            await self._http.update(ref_of(write), merged(held, change), if_match=etag)
        except EhrRefused as refused:
            if refused.status in {409, 412}:
                await self._lost_the_race(write, key)
                return
            raise
        except OutcomeUnknown:
            if not builders.has_key(await self._read_back(write), key):
                raise

    async def _lost_the_race(self, write: Update, key: str) -> None:
        """Two of us with one key may have met: then ours is there. Else somebody else was first."""
        if not builders.has_key((await self._read(write))[0], key):
            raise EhrRefused(CHANGED, status=412) from None

    async def _read(self, write: Update) -> tuple[Json, str]:
        try:
            reply = await self._http.get(ref_of(write))
        except EhrRefused as refused:
            if refused.status in {404, 410}:
                raise EhrRefused(GONE, status=refused.status) from None
            raise
        held = reply.json()
        if f"Patient/{write.client_id}" not in clients_of(held):
            raise EhrRefused(NOT_THIS_CLIENT)
        version = string(pick(held, "meta", "versionId")) or ""
        return held, reply.headers.get("ETag") or f'W/"{version}"'

    async def _read_back(self, write: Update) -> Json:
        try:
            return (await self._http.get(ref_of(write))).json()
        except EhrUnavailable:
            raise OutcomeUnknown(_NOT_READ_BACK) from None


def ref_of(write: Update) -> str:
    return write.task if isinstance(write, TaskStatusWrite) else write.order


def merged(held: Json, change: Json) -> Json:
    """What is held with the change in it: single elements replaced, lists added to."""
    added = {name: [*many(held.get(name)), *change[name]] for name in _ADDED_TO if name in change}
    return held | change | added


def _confirm(write: Update, stored: Json, change: Json, *, repeated: bool) -> Receipt:
    here, there = _content(change), _content(_ours(stored, change))
    if here != there:
        raise EhrRefused(DIFFERS)
    return Receipt(
        ref=ref_of(write),
        version=string(pick(stored, "meta", "versionId")),
        op=Op.NATIVE,
        sent_hash=builders.content_hash(here),
        readback_hash=builders.content_hash(there),
        repeated=repeated,
    )


def _ours(stored: Json, change: Json) -> Json:
    """Of what is stored, the elements that the change set; of a list, the entries that read like ours."""
    found: Json = builders.as_sent(stored, {n: v for n, v in change.items() if n not in _ADDED_TO})
    for name in _ADDED_TO:
        if name in change:
            entries = [builders.as_sent(entry, change[name][0]) for entry in many(stored.get(name))]
            found[name] = [entry for entry in entries if _content(entry) == _content(change[name][0])][:1]
    return found | {"resourceType": kind(stored)}


def _content(value: Json) -> bytes:
    return canonical(builders.comparable(value)).encode()
