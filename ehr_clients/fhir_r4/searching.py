"""Searches: one bounded answer per question, paged, with what the EHR says about its own completeness.

A search goes by POST, so that ids stay out of the EHR's logs; a server that declines POST is asked by GET from then on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from ehr_clients.capabilities import PATIENT_PARAMS, Abilities
from ehr_clients.errors import EhrError, EhrRefused, EhrUnavailable
from ehr_clients.fhir_r4.values import Json, codes, kind, many, pick, ref_of, string
from ehr_clients.http import FhirHttp, Reply, issue_codes, refusal

_NO_POST_SEARCH = frozenset({404, 405, 415, 501})
_ALWAYS = frozenset({"_tag"})  # FHIR has it on every type; few servers list it
_INCOMPLETE = frozenset({"4119", "4134", "59133", "4127", "4113"})  # Epic: more may exist than was sent
_HARMLESS = frozenset({"4101", "4122", "4117", "59100", "59101", "59109"})  # Epic: nothing found, parameter ignored ...
_REFUSED = frozenset({"4130", "4131"})
_TELLING = frozenset({"fatal", "error", "warning"})
INCOMPLETE = "The EHR says that its answer may not be complete."
TRUNCATED = "The EHR holds more than was read; the oldest records are not shown."
STRANGE = "Some records were left out because they are not marked as this client's."
PAGE = 100
_PAGES = 10


class NotOffered(EhrRefused):
    """The EHR has no such search."""


class Search(NamedTuple):
    """One question about one client. `enough`: newest resources needed; the server sorts, or all pages are read."""

    kind: str
    params: tuple[tuple[str, str], ...] = ()
    sort: str | None = None
    include: tuple[str, ...] = ()
    enough: int | None = None
    page: int = PAGE


@dataclass(slots=True)
class Found:
    resources: list[Json] = field(default_factory=list)
    beside: dict[str, Json] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        if sentence not in self.incomplete:
            self.incomplete.append(sentence)


class Searcher:
    """Runs searches against one server whose abilities are known."""

    def __init__(self, http: FhirHttp, abilities: Abilities, *, post: bool | None = None) -> None:
        self._http = http
        self._abilities = abilities
        self._post = {} if post is None else dict.fromkeys(abilities.types, post)

    async def run(self, search: Search, client_id: str | None = None) -> Found:
        """Raises NotOffered, EhrRefused, EhrUnavailable."""
        params = self.params(search, client_id)
        return await self._pages(search, (await self._first(search.kind, params)).json())

    async def batch(self, reads: Sequence[str | Search], client_id: str) -> list[Found | EhrError]:
        """Several searches, and reads by path, in one request. One that fails does not spoil the others."""
        asked: list[tuple[str | Search, str] | NotOffered] = []
        for read in reads:
            try:
                asked.append((read, self._url(read, client_id)))
            except NotOffered as not_offered:
                asked.append(not_offered)
        entries = [{"request": {"method": "GET", "url": item[1]}} for item in asked if not isinstance(item, NotOffered)]
        reply = await self._http.batch_of_reads({"resourceType": "Bundle", "type": "batch", "entry": entries})
        answers = many(reply.json().get("entry"))
        if len(answers) != len(entries):
            raise EhrUnavailable("The EHR answered only a part of what it was asked.")
        following = iter(answers)
        pairs = [(item, {} if isinstance(item, NotOffered) else next(following)) for item in asked]
        return list(await asyncio.gather(*(self._outcome(item, answer, client_id) for item, answer in pairs)))

    async def _outcome(
        self, asked: tuple[str | Search, str] | NotOffered, answer: Json, client_id: str
    ) -> Found | EhrError:
        """One entry of a batch. One that met a busy server is asked again on its own, where it can be waited for."""
        if isinstance(asked, NotOffered):
            return asked
        found = await self._entry(asked[0], answer)
        if isinstance(found, EhrUnavailable) and found.retry_after_s is None:
            return await self._alone(asked[0], client_id)
        return found

    async def _alone(self, read: str | Search, client_id: str) -> Found | EhrError:
        try:
            if isinstance(read, str):
                return Found([(await self._http.get(read)).json()])
            return await self.run(read, client_id)
        except EhrError as error:
            return error

    async def _entry(self, read: str | Search, answer: Json) -> Found | EhrError:
        resource = pick(answer, "resource")
        status = int((string(pick(answer, "response", "status")) or "0")[:3] or 0)
        if not 200 <= status < 300 or not isinstance(resource, dict):
            outcome = pick(answer, "response", "outcome") or resource
            return refusal(status or 502, issue_codes(outcome if isinstance(outcome, dict) else None))
        if isinstance(read, str):
            return Found([resource])
        try:
            return await self._pages(read, resource)
        except EhrError as error:
            return error

    def _url(self, read: str | Search, client_id: str) -> str:
        return read if isinstance(read, str) else f"{read.kind}?{urlencode(self.params(read, client_id))}"

    def params(self, search: Search, client_id: str | None) -> list[tuple[str, str]]:
        """What this server can be asked. Raises NotOffered when it has no search of this type, or none by client."""
        offer = self._abilities.offer(search.kind)
        if "search-type" not in offer.interactions:
            raise NotOffered(f"This EHR offers no search of {search.kind}.")
        asked = [(name, value) for name, value in search.params if not offer.params or name in offer.params | _ALWAYS]
        if client_id is not None:
            by = next((name for name in PATIENT_PARAMS if name in offer.params), None if offer.params else "patient")
            if by is None:
                raise NotOffered(f"This EHR offers no search of {search.kind} by client.")
            asked.insert(0, (by, client_id if by == "patient" else f"Patient/{client_id}"))
        asked += [("_include", path) for path in search.include if offer.includes_(path)]
        asked += [("_sort", search.sort)] if search.sort else []
        return [*asked, ("_count", str(search.page if search.enough is None else min(search.page, 2 * search.enough)))]

    async def _first(self, wanted: str, params: list[tuple[str, str]]) -> Reply:
        if self._post.get(wanted, True):
            try:
                reply = await self._http.search_by_post(wanted, params)
            except EhrRefused as refused:
                if wanted in self._post or refused.status not in _NO_POST_SEARCH:
                    raise
                self._post[wanted] = False
            else:
                self._post[wanted] = True
                return reply
        return await self._http.get(wanted, params)

    async def _pages(self, search: Search, bundle: Json) -> Found:
        found = Found()
        for page in range(_PAGES):
            self._take(search, bundle, found)
            link = _link(bundle, "next")
            enough = search.enough is not None and len(found.resources) >= search.enough
            if link is None or (enough and self._sorted(search, bundle)):
                return found
            if page == _PAGES - 1:
                break
            bundle = (await self._http.follow(link)).json()
        found.say(TRUNCATED)
        return found

    def _sorted(self, search: Search, bundle: Json) -> bool:
        """Whether the server did sort: it lists `_sort`, or repeats it in the link to its own answer."""
        query = dict(parse_qsl(urlsplit(_link(bundle, "self") or "").query))
        listed = "_sort" in self._abilities.offer(search.kind).params
        return search.sort is not None and (listed or query.get("_sort") == search.sort)

    def _take(self, search: Search, bundle: Json, found: Found) -> None:
        if kind(bundle) != "Bundle":
            raise EhrUnavailable("The EHR's answer was not readable FHIR.")
        for entry in many(bundle.get("entry")):
            resource = entry.get("resource")
            if not isinstance(resource, dict):
                continue
            if kind(resource) == "OperationOutcome" or pick(entry, "search", "mode") == "outcome":
                _hear(resource, found)
            elif kind(resource) == search.kind and pick(entry, "search", "mode") != "include":
                found.resources.append(resource)
            else:
                found.beside[ref_of(resource)] = resource


def _hear(outcome: Json, found: Found) -> None:
    """What the server says about its own answer. Raises EhrRefused when it says that it refused."""
    for issue in many(outcome.get("issue")):
        said = frozenset(codes(issue.get("details")))
        if said & _REFUSED:
            raise refusal(403, said)
        harmless = said & _HARMLESS or (string(issue.get("severity")) not in _TELLING and not said & _INCOMPLETE)
        if not harmless:
            found.say(INCOMPLETE)


def _link(bundle: Json, relation: str) -> str | None:
    links = many(bundle.get("link"))
    return next((string(link.get("url")) for link in links if string(link.get("relation")) == relation), None)
