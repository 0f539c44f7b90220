"""What each FHIR interaction means: one `Ask` in, one `Answer` out, no HTTP. Batch and transaction entries come the
same way.

Rights are checked here, next to the act they guard; a refusal is a FhirError.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from ehr_clients.sandbox import query, search, transactions, validation
from ehr_clients.sandbox.capability import Capability
from ehr_clients.sandbox.faults import Faults, Trick
from ehr_clients.sandbox.interaction import Answer, Ask
from ehr_clients.sandbox.outcome import FhirError, Resource, not_found, not_supported, outcome
from ehr_clients.sandbox.paging import Page, Pages
from ehr_clients.sandbox.params import TYPES
from ehr_clients.sandbox.references import ID
from ehr_clients.sandbox.store import Key, Put, Store, Version

type Known = Callable[[Key], bool]
"""Whether a reference to this key points at something."""


class Rest:
    def __init__(
        self,
        store: Store,
        capability: Capability,
        faults: Faults,
        clock: Callable[[], datetime],
        *,
        conditional_create: bool = True,
    ) -> None:
        self.store = store
        self.clock = clock
        self.faults = faults
        self._capability = capability
        self._conditional_create = conditional_create
        self._pages = Pages()

    def answer(self, ask: Ask) -> Answer:
        """Raises FhirError for every refusal."""
        if not ask.path:
            return self._at_base(ask)
        if ask.path == ("metadata",) and ask.method == "GET":
            return Answer(200, self._capability.statement(ask.base_url))
        if ask.type not in TYPES:
            raise not_found("R4 has no such resource type.")
        match ask.method, ask.path[1:]:
            case ("GET", ()) | ("POST", ("_search",)):
                return self._search(ask)
            case "POST", ():
                return self._create(ask)
            case "PUT", (resource_id,):
                return self._update(ask, Key(ask.type, resource_id))
            case "GET", (resource_id, *rest) if ID.fullmatch(resource_id):
                return self._read(ask, Key(ask.type, resource_id), tuple(rest))
            case _:
                raise _unoffered(ask)

    def known(self, key: Key) -> bool:
        return self.store.latest(key) is not None

    def existing(self, ask: Ask) -> Version | None:
        """What a conditional create finds: nothing, or the one resource that is already there."""
        if ask.if_none_exist is None or not self._conditional_create:
            return None
        condition = parse_qsl(ask.if_none_exist.rpartition("?")[2], keep_blank_values=True)
        plan = query.parse(ask.type, condition, strict=True)
        if not plan.criteria:
            raise FhirError(412, "invalid", "The condition of this create names no search parameter.")
        found = search.strictly_one(search.run(self.store, plan))
        return self.store.latest(found) if found else None

    def plan_create(self, ask: Ask, key: Key, known: Known) -> Put:
        ask.need("c")
        resource = ask.resource()
        validation.check(resource, None, ask.type, known)
        return Put("POST", key, resource)

    def plan_update(self, ask: Ask, key: Key, known: Known) -> Put:
        ask.need("u")
        resource = ask.resource()
        latest = self.store.latest(key)
        if latest is None:
            raise not_supported("This server chooses ids itself: create with POST.", status=405)
        if ask.if_match is not None and ask.if_match.strip() not in {latest.etag, latest.etag.removeprefix("W/")}:
            raise FhirError(412, "conflict", "If-Match names another version than the current one.")
        validation.check(resource, key, ask.type, known)
        return Put("PUT", key, resource)

    def stored(self, ask: Ask, version: Version, *, created: bool) -> Answer:
        """The answer to a write, or to a conditional create that found its resource."""
        return Answer(
            201 if created else 200,
            None if ask.minimal else version.resource(),
            {**_version_headers(version), "Location": f"{ask.base_url}/{version.key}/_history/{version.number}"},
        )

    def _at_base(self, ask: Ask) -> Answer:
        if ask.method == "POST" and ask.body is not None:
            return Answer(200, transactions.process(self, ask, ask.body))
        token = dict(ask.query).get("_getpages")
        if ask.method == "GET" and token:
            page = self._pages.fetch(token)
            ask.need("s", page.plan.type)
            return Answer(200, self._bundle(ask, page, link="/?" + urlencode({"_getpages": token})))
        if ask.method == "GET":
            raise not_supported("Searching over all types is not offered: name a resource type.")
        raise _unoffered(ask)

    def _read(self, ask: Ask, key: Key, rest: tuple[str, ...]) -> Answer:
        ask.need("r")
        latest = self._latest(key)
        match rest:
            case ():
                return _as_read(ask, latest)
            case ("_history",):
                return Answer(200, _history(ask.base_url, self.store.history(key)))
            case ("_history", number):
                return _as_read(ask, self._numbered(key, number))
            case _:
                raise _unoffered(ask)

    def _create(self, ask: Ask) -> Answer:
        ask.need("c")
        found = self.existing(ask)
        if found:
            return self.stored(ask, found, created=False)
        put = self.plan_create(ask, Key.new(ask.type), self.known)
        return self.stored(ask, self.store.commit([put], now=self.clock())[0], created=True)

    def _update(self, ask: Ask, key: Key) -> Answer:
        put = self.plan_update(ask, key, self.known)
        return self.stored(ask, self.store.commit([put], now=self.clock())[0], created=False)

    def _search(self, ask: Ask) -> Answer:
        ask.need("s")
        asked = [(name, value.removeprefix(ask.base_url + "/")) for name, value in ask.query]
        plan = query.parse(ask.type, asked, strict=ask.strict)
        page = Page(plan, search.run(self.store, plan))
        link = f"/{ask.type}?{urlencode(plan.understood)}"
        return Answer(200, self._bundle(ask, page, link=link.rstrip("?")))

    def _bundle(self, ask: Ask, page: Page, *, link: str) -> Resource:
        plan = page.plan
        bundle: Resource = {"resourceType": "Bundle", "id": str(uuid.uuid4()), "type": "searchset"}
        if plan.with_total or plan.only_total:
            bundle["total"] = len(page.found)
        bundle["link"] = [{"relation": "self", "url": ask.base_url + link}]
        following = None if plan.only_total else page.next()
        if following:
            token = urlencode({"_getpages": self._pages.keep(following)})
            bundle["link"].append({"relation": "next", "url": f"{ask.base_url}/?{token}"})
        entries = [] if plan.only_total else list(self._entries(ask, page))
        entries += [_outcome_entry(warning) for warning in self._warnings(ask, plan)]
        return bundle | ({"entry": entries} if entries else {})

    def _entries(self, ask: Ask, page: Page) -> Iterator[Resource]:
        for key in page.keys:
            yield self._entry(ask, key, "match", page.plan.elements)
        for key in search.beside(self.store, page.plan, page.keys):
            if ask.grant.allows(key.type, "r"):
                yield self._entry(ask, key, "include", frozenset())

    def _entry(self, ask: Ask, key: Key, mode: str, elements: frozenset[str]) -> Resource:
        resource = self._latest(key).resource()
        shown = _subset(resource, elements) if elements else resource
        return {"fullUrl": f"{ask.base_url}/{key}", "resource": shown, "search": {"mode": mode}}

    def _warnings(self, ask: Ask, plan: query.Plan) -> Iterator[Resource]:
        for sentence in plan.ignored:
            yield outcome("warning", "not-supported", sentence)
        warning = self.faults.take(Trick.WARN, plan.type, ask.method)
        if warning:
            yield warning.outcome("warning")

    def _numbered(self, key: Key, number: str) -> Version:
        for version in self.store.history(key):
            if str(version.number) == number:
                return version
        raise not_found("There is no such version.")

    def _latest(self, key: Key) -> Version:
        version = self.store.latest(key)
        if version is None:
            raise not_found(f"There is no {key.type} with this id.")
        return version


def _unoffered(ask: Ask) -> FhirError:
    if any(step.startswith("$") for step in ask.path):
        return not_supported("This server has no operations.", status=404)
    if len(ask.path) > 1 and not ID.fullmatch(ask.path[1]) and ask.path[1] != "_search":
        return not_found(f"There is no {ask.type} with this id.")
    return FhirError(
        405, "not-supported", "This server does not offer this interaction.", headers={"Allow": _allowed(ask)}
    )


def _allowed(ask: Ask) -> str:
    match ask.path[1:]:
        case () if not ask.path:
            return "POST"
        case ():
            return "GET, POST"
        case ("_search",):
            return "POST"
        case (_,):
            return "GET, PUT"
        case _:
            return "GET"


def _version_headers(version: Version) -> dict[str, str]:
    updated = datetime.fromisoformat(version.resource()["meta"]["lastUpdated"])
    return {"ETag": version.etag, "Last-Modified": updated.strftime("%a, %d %b %Y %H:%M:%S GMT")}


def _as_read(ask: Ask, version: Version) -> Answer:
    if ask.if_none_match is not None and ask.if_none_match.strip() in {version.etag, "*"}:
        return Answer(304, None, _version_headers(version))
    return Answer(200, version.resource(), _version_headers(version))


def _history(base_url: str, versions: Sequence[Version]) -> Resource:
    """Newest first."""
    entries = [_history_entry(base_url, version) for version in reversed(versions)]
    return {"resourceType": "Bundle", "type": "history", "total": len(versions), "entry": entries}


def _history_entry(base_url: str, version: Version) -> Resource:
    resource = version.resource()
    return {
        "fullUrl": f"{base_url}/{version.key}",
        "resource": resource,
        "request": {
            "method": version.method,
            "url": version.key.type if version.method == "POST" else str(version.key),
        },
        "response": {
            "status": "201" if version.method == "POST" else "200",
            "etag": version.etag,
            "lastModified": resource["meta"]["lastUpdated"],
        },
    }


def _outcome_entry(resource: Resource) -> Resource:
    return {"resource": resource, "search": {"mode": "outcome"}}


def _subset(resource: Resource, elements: frozenset[str]) -> Resource:
    """`_elements`: what was asked for, what identifies it, and the mark that it is not whole."""
    kept = elements | {"resourceType", "id", "meta"} | set(_roots(resource["resourceType"]))
    meta = dict(resource["meta"])
    mark = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    tags = meta.get("tag")
    meta["tag"] = [*(tags if isinstance(tags, list) else []), mark]
    return {name: value for name, value in resource.items() if name in kept} | {"meta": meta}


def _roots(resource_type: str) -> Sequence[str]:
    mandatory = validation.MANDATORY.get(resource_type, ())
    return [choice.partition(".")[0] for element in mandatory for choice in element.split("|")]
