"""Batch and transaction bundles.

A batch is its entries one by one, each with its own answer. A transaction is planned whole, with ids given and
references pointed at them, and committed in one step: either every entry is stored or none is.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ehr_clients.sandbox import references
from ehr_clients.sandbox.faults import Trick
from ehr_clients.sandbox.interaction import Answer, Ask, from_url
from ehr_clients.sandbox.outcome import FhirError, Resource, invalid, not_supported
from ehr_clients.sandbox.params import TYPES
from ehr_clients.sandbox.store import Key, Put, Version

if TYPE_CHECKING:  # rest.py calls us with a bundle, and we call it back with the entries
    from ehr_clients.sandbox.rest import Rest


def process(rest: "Rest", ask: Ask, bundle: Resource) -> Resource:
    """The response bundle, its entries in the order of the request's. Raises FhirError when a transaction fails."""
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in {"batch", "transaction"}:
        raise invalid("Only a Bundle of type batch or transaction can be posted here.")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise invalid("Bundle.entry must be a list.")
    if bundle["type"] == "batch":
        return _response("batch-response", [_alone(rest, ask, entry) for entry in entries])
    return _response(
        "transaction-response", _Transaction(rest, [_asked(ask, entry) for entry in entries], entries).run()
    )


def _alone(rest: "Rest", ask: Ask, entry: Any) -> Resource:
    try:
        asked = _asked(ask, entry)
        fault = rest.faults.take(Trick.FAIL, asked.path[0] if asked.path else "Bundle", asked.method)
        if fault:
            return {"response": {"status": str(fault.status), "outcome": fault.outcome()}}
        return _entry(rest.answer(asked))
    except FhirError as error:
        return {"response": {"status": str(error.status), "outcome": error.outcome()}}


class _Transaction:
    """Planned in four steps, each over all entries: what is already there, who gets which id, what is stored, what is
    read.
    """

    def __init__(self, rest: "Rest", asks: Sequence[Ask], entries: Sequence[Any]) -> None:
        self._rest = rest
        self._asks = asks
        self._full_urls = [entry.get("fullUrl") for entry in entries]
        self._found: dict[int, Version] = {}
        self._keys: dict[int, Key] = {}

    def run(self) -> list[Resource]:
        self._refuse_what_no_transaction_does()
        self._find_existing()
        self._give_ids()
        puts = self._plan()
        self._try_reads()
        versions = self._rest.store.commit(list(puts.values()), now=self._rest.clock())
        stored = dict(zip(puts, versions, strict=True))
        return [_entry(self._answer(place, stored.get(place))) for place in range(len(self._asks))]

    def _refuse_what_no_transaction_does(self) -> None:
        for ask in self._asks:
            writes = (ask.method == "POST" and len(ask.path) == 1) or (ask.method == "PUT" and len(ask.path) == 2)
            if not writes and (ask.method != "GET" or not ask.path):
                raise not_supported("A transaction takes GET, POST to a type and PUT to a resource.")
            if writes and ask.path[0] not in TYPES:
                raise FhirError(404, "not-found", "R4 has no such resource type.")

    def _find_existing(self) -> None:
        conditions = [(ask.type, ask.if_none_exist) for ask in self._asks if ask.if_none_exist is not None]
        if len(set(conditions)) < len(conditions):
            raise invalid("Two entries of the transaction carry the same condition.")
        for place, ask in self._places("POST"):
            ask.need("c")
            found = self._rest.existing(ask)
            if found:
                self._found[place] = found

    def _give_ids(self) -> None:
        for place, ask in self._places("POST"):
            found = self._found.get(place)
            self._keys[place] = found.key if found else Key.new(ask.type)
        for place, ask in self._places("PUT"):
            self._keys[place] = Key(ask.path[0], ask.path[1])
        if len(set(self._keys.values())) < len(self._keys):
            raise invalid("Two entries of the transaction are the same resource.")

    def _plan(self) -> dict[int, Put]:
        pointers = {
            url: str(self._keys[place])
            for place, url in enumerate(self._full_urls)
            if isinstance(url, str) and place in self._keys
        }
        puts = {}
        for place, key in self._keys.items():
            if place not in self._found:
                ask = self._repointed(self._asks[place], pointers)
                plan = self._rest.plan_create if ask.method == "POST" else self._rest.plan_update
                puts[place] = plan(ask, key, self._known)
        return puts

    def _try_reads(self) -> None:
        """A refused read must fail the transaction before it stores; its own writes cannot change that answer."""
        for _, ask in self._places("GET"):
            self._rest.answer(ask)

    def _repointed(self, ask: Ask, pointers: dict[str, str]) -> Ask:
        def new(reference: str) -> str:
            return pointers.get(reference) or self._looked_up(ask, reference) or reference

        return replace(ask, body=references.repointed(ask.body, new)) if ask.body is not None else ask

    def _looked_up(self, ask: Ask, reference: str) -> str | None:
        """A conditional reference, `Practitioner?identifier=system|value`, becomes the one resource it finds."""
        resource_type, mark, condition = reference.partition("?")
        if not mark or resource_type not in TYPES:
            return None
        ask.need("s", resource_type)
        found = self._rest.existing(replace(ask, path=(resource_type,), if_none_exist=condition))
        if found is None:
            raise FhirError(412, "not-found", "A conditional reference finds nothing on this server.")
        return str(found.key)

    def _known(self, key: Key) -> bool:
        return key in self._keys.values() or self._rest.known(key)

    def _answer(self, place: int, version: Version | None) -> Answer:
        ask = self._asks[place]
        if version:
            return self._rest.stored(ask, version, created=version.method == "POST")
        if place in self._found:
            return self._rest.stored(ask, self._found[place], created=False)
        return self._rest.answer(ask)

    def _places(self, method: str) -> list[tuple[int, Ask]]:
        return [(place, ask) for place, ask in enumerate(self._asks) if ask.method == method]


def _asked(ask: Ask, entry: Any) -> Ask:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise invalid("Each entry needs a request with a method and a url.")
    body = entry.get("resource")
    return replace(
        from_url(ask, str(request.get("method")), request["url"]),
        body=body if isinstance(body, dict) else None,
        if_match=_text(request.get("ifMatch")),
        if_none_match=_text(request.get("ifNoneMatch")),
        if_none_exist=_text(request.get("ifNoneExist")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _entry(answer: Answer) -> Resource:
    response = {"status": str(answer.status)}
    for header, element in (("Location", "location"), ("ETag", "etag")):
        if header in answer.headers:
            response[element] = answer.headers[header]
    return {"response": response} | ({"resource": answer.resource} if answer.resource else {})


def _response(kind: str, entries: list[Resource]) -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": entries}
