"""Reading a chart: searches in parallel or in one batch, then what they refer to, then words.

`versions` takes the same way and leaves out what costs more requests: names, medications and texts kept elsewhere.
"""

import asyncio
import time
from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ehr_clients.errors import ClientNotFound, EhrError, EhrRefused, EhrUnavailable
from ehr_clients.fhir_r4 import mapping, notes
from ehr_clients.fhir_r4.material import Material, sift
from ehr_clients.fhir_r4.people import client
from ehr_clients.fhir_r4.plain_text import plain_text, unsupported
from ehr_clients.fhir_r4.plans import lost_goals
from ehr_clients.fhir_r4.searching import STRANGE, Found, NotOffered, Search, Searcher
from ehr_clients.fhir_r4.sections import NOTES_SHOWN, SEARCHES, searches_for
from ehr_clients.fhir_r4.treatment import medicine_of
from ehr_clients.fhir_r4.values import Json, display, human_name, kind, many, pick, ref_of, reference, string
from ehr_clients.fhir_r4.writing import binary
from ehr_clients.http import FhirHttp
from ehr_clients.models import ChartData, Client, Item, Missing, Read, Section, SectionAnswer, Why

_STAFF = ("Practitioner/", "PractitionerRole/", "Organization/")
_MOST_LOOKUPS = 60
_NAMES_KEPT_S = 600.0
_NAMES_UNREAD = "Some names could not be read from the EHR."
_TEXTS_UNREAD = "The text of some notes could not be read from the EHR."
_PARTS_UNREAD = "A part of this could not be read from the EHR."
_GOALS_UNREAD = "Some goals of the treatment plan could not be read from this EHR."
NOT_FOUND = "There is no such client in the EHR, or not one that Baton may see."


class _NoBatch(Exception):
    """The EHR lists batch in /metadata and refuses it."""


type Answers = Mapping[Search, Found | EhrError]


@dataclass(slots=True)
class _Names:
    """Names of staff and organizations, kept for some minutes. Of clients, nothing is kept."""

    known: dict[str, tuple[str | None, float]] = field(default_factory=dict)

    def get(self, ref: str) -> str | None:
        return self.known.get(ref, (None, 0.0))[0]

    def stale(self, ref: str) -> bool:
        return self.known.get(ref, (None, 0.0))[1] <= time.monotonic()

    def keep(self, ref: str, name: str | None) -> None:
        if len(self.known) > 2000:
            self.known.clear()
        self.known[ref] = (name, time.monotonic() + _NAMES_KEPT_S)


class Reader:
    """Reads of one EHR. `batch`: all searches of a chart in one request."""

    def __init__(self, http: FhirHttp, searcher: Searcher, *, batch: bool) -> None:
        self._http = http
        self._searcher = searcher
        self._batch = batch
        self._names = _Names()

    async def client(self, client_id: str) -> Client:
        return client(await self.patient(client_id))

    async def patient(self, client_id: str) -> Json:
        try:
            found = (await self._http.get(f"Patient/{client_id}")).json()
        except EhrRefused as refused:
            raise as_not_found(refused) from None
        if kind(found) != "Patient":
            raise ClientNotFound(NOT_FOUND)
        return found

    async def read(self, client_id: str, sections: Collection[Section]) -> ChartData:
        patient, answers = await self._ask(client_id, sections)
        as_of = datetime.now(UTC)
        read = {
            section: _Answered(section, answers, client_id) for section in sections if section is not Section.CLIENT
        }
        material = await self._complete(list(read.values()))
        shown: dict[Section, SectionAnswer] = {
            s: answered.section_answer(material, as_of) for s, answered in read.items()
        }
        person = client(patient)
        if Section.CLIENT in sections:
            shown[Section.CLIENT] = Read((person,), as_of)
        return ChartData(person, shown)

    async def versions(self, client_id: str, sections: Collection[Section]) -> dict[str, str]:
        patient, answers = await self._ask(client_id, sections)
        for answer in answers.values():
            if isinstance(answer, EhrError) and not isinstance(answer, NotOffered):
                raise EhrUnavailable("A part of the chart could not be read, so it cannot be compared.")
        as_of = datetime.now(UTC)
        answered = [_Answered(section, answers, client_id) for section in sections if section is not Section.CLIENT]
        plain = Material({}, {})
        return ChartData(
            client(patient), {one.section: one.section_answer(one.material(plain), as_of) for one in answered}
        ).versions()

    async def _ask(self, client_id: str, sections: Collection[Section]) -> tuple[Json, Answers]:
        searches = searches_for(sections)
        if self._batch and searches:
            try:
                return await self._ask_in_one(client_id, searches)
            except _NoBatch:
                self._batch = False
        return await self._ask_each(client_id, searches)

    async def _ask_in_one(self, client_id: str, searches: list[Search]) -> tuple[Json, Answers]:
        try:
            patient, *found = await self._searcher.batch([f"Patient/{client_id}", *searches], client_id)
        except EhrRefused as refused:
            raise _NoBatch from refused
        if isinstance(patient, EhrError):
            raise as_not_found(patient)
        return patient.resources[0], dict(zip(searches, found, strict=True))

    async def _ask_each(self, client_id: str, searches: list[Search]) -> tuple[Json, Answers]:
        async with asyncio.TaskGroup() as group:
            wanted = group.create_task(_outcome(self.patient(client_id)))
            asked = [group.create_task(_outcome(self._searcher.run(search, client_id))) for search in searches]
        person = wanted.result()
        if isinstance(person, EhrError):
            raise person
        return person, dict(zip(searches, (task.result() for task in asked), strict=True))

    async def _complete(self, answered: list["_Answered"]) -> Material:
        """What the resources only refer to: names, medications, note texts. Each failure becomes a sentence."""
        kept = [resource for one in answered for resource in one.resources()]
        beside = {ref: resource for one in answered for ref, resource in one.beside().items()}
        names, medicines, texts = await asyncio.gather(
            self.names(_unnamed(kept), beside), self._medicines(kept, beside), self._texts(kept)
        )
        for one in answered:
            if any(ref not in names for ref in _unnamed(one.resources())):
                one.say(_NAMES_UNREAD)
            if one.section is Section.NOTES and any(text == notes.UNREAD for text in texts.values()):
                one.say(_TEXTS_UNREAD)
        return Material({}, beside | medicines, {ref: name for ref, name in names.items() if name}, texts)

    async def names(self, refs: Iterable[str], beside: Mapping[str, Json]) -> dict[str, str | None]:
        """Reference -> name, None where the EHR has none. A reference that could not be read is not in it."""
        wanted = list(dict.fromkeys(refs))
        for ref in wanted:
            if ref in beside and (name := _name_of(beside[ref])):
                self._names.keep(ref, name)
        unknown = [ref for ref in wanted if self._names.stale(ref)][:_MOST_LOOKUPS]
        for ref, found in zip(unknown, await self._get_each(unknown), strict=True):
            if isinstance(found, dict):
                self._names.keep(ref, _name_of(found))
            elif isinstance(found, EhrRefused):
                self._names.keep(ref, None)
        return {ref: self._names.get(ref) for ref in wanted if not self._names.stale(ref)}

    async def _medicines(self, kept: list[Json], beside: Mapping[str, Json]) -> dict[str, Json]:
        requests = [resource for resource in kept if kind(resource) == "MedicationRequest"]
        pointers = [item.get("medicationReference") for item in requests if not medicine_of(item, beside)]
        refs = dict.fromkeys(ref for item in pointers if (ref := reference(item)) and ref.startswith("Medication/"))
        wanted = list(refs)[:_MOST_LOOKUPS]
        found = await self._get_each(wanted)
        return {ref: medicine for ref, medicine in zip(wanted, found, strict=True) if isinstance(medicine, dict)}

    async def _texts(self, kept: list[Json]) -> dict[str, str]:
        elsewhere = [item for item in kept if kind(item) == "DocumentReference" and notes.address(item)]
        found = await asyncio.gather(*(self._text(item) for item in elsewhere))
        return {ref_of(item): text for item, text in zip(elsewhere, found, strict=True)}

    async def _text(self, document: Json) -> str:
        link, content_type = notes.address(document) or "", string(notes.attachment(document).get("contentType"))
        if self._http.own(link) is None:
            return notes.ELSEWHERE
        if plain_text(b"", content_type) == unsupported((content_type or "").split(";")[0].strip().lower()):
            return plain_text(b"", content_type)
        try:
            return plain_text(await binary(self._http, link), content_type) or notes.EMPTY
        except EhrError:
            return notes.UNREAD

    async def _get_each(self, refs: list[str]) -> list[Json | EhrError]:
        replies = await asyncio.gather(*(_outcome(self._http.get(ref)) for ref in refs))
        return [reply if isinstance(reply, EhrError) else reply.json() for reply in replies]


@dataclass(slots=True)
class _Answered:
    """One section's share of what came back."""

    section: Section
    answers: Answers
    client_id: str
    sentences: list[str] = field(default_factory=list)
    dropped: int = 0
    _kept: dict[str, list[Json]] | None = None

    def resources(self) -> list[Json]:
        return [resource for resources in self._sifted().values() for resource in resources]

    def beside(self) -> dict[str, Json]:
        return {ref: item for found in self._found() for ref, item in found.beside.items()}

    def say(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def material(self, common: Material) -> Material:
        return replace(common, resources=self._sifted())

    def section_answer(self, common: Material, as_of: datetime) -> SectionAnswer:
        primary = self.answers[SEARCHES[self.section][0]]
        if isinstance(primary, EhrError):
            return missing(self.section, primary)
        items: tuple[Item, ...] = tuple(mapping.SECTIONS[self.section](self.material(common)))
        if self.section is Section.PLAN and lost_goals(self.material(common)):
            self.say(_GOALS_UNREAD)
        return Read(items, as_of, " ".join(self.sentences) or None, self.dropped)

    def _found(self) -> list[Found]:
        return [found for search in SEARCHES[self.section] if isinstance(found := self.answers[search], Found)]

    def _sifted(self) -> dict[str, list[Json]]:
        if self._kept is None:
            self._kept = {}
            for search in SEARCHES[self.section]:
                self._sift(search, self.answers[search], self._kept)
        return self._kept

    def _sift(self, search: Search, answer: Found | EhrError, into: dict[str, list[Json]]) -> None:
        if isinstance(answer, EhrError):
            if not isinstance(answer, NotOffered):
                self.say(_PARTS_UNREAD)
            return
        sifted = sift(answer.resources, self.client_id)
        for sentence in [*answer.incomplete, *([STRANGE] if sifted.strangers else [])]:
            self.say(sentence)
        self.dropped += sifted.dropped
        into[search.kind] = sifted.kept
        if self.section is Section.NOTES:
            into[search.kind] = notes.current_notes(sifted.kept)[:NOTES_SHOWN]


def missing(section: Section, error: EhrError) -> Missing:
    name = section.value.replace("_", " ")
    match error:
        case NotOffered():
            return Missing(Why.UNSUPPORTED, f"This EHR does not offer {name}.")
        case EhrRefused():
            return Missing(Why.REFUSED, f"Not read: {name}. {error}")
        case _:
            return Missing(Why.UNAVAILABLE, f"Not read: {name}. {error} It will be tried again.")


def as_not_found(error: EhrError) -> EhrError:
    """A refusal to read the client record, told apart: nobody there, or not allowed."""
    gone = isinstance(error, EhrRefused) and (error.status in {404, 410} or error.code in {"4102", "4103"})
    return ClientNotFound(NOT_FOUND) if gone else error


async def _outcome[T](asked: Awaitable[T]) -> T | EhrError:
    try:
        return await asked
    except EhrError as error:
        return error


def _unnamed(resources: Iterable[Json]) -> list[str]:
    """References to staff and organizations that come without a name."""
    found = []
    for resource in resources:
        for path in mapping.NAMED_IN.get(kind(resource), ()):
            found += [ref for value in _along(resource, path) if not display(value) and (ref := reference(value))]
    return [ref for ref in found if ref.startswith(_STAFF)]


def _along(resource: Json, path: tuple[str, ...]) -> list[Json]:
    found = [resource]
    for name in path:
        found = [inner for item in found for inner in many(item.get(name))]
    return found


def _name_of(resource: Json) -> str | None:
    match kind(resource):
        case "Organization":
            return string(resource.get("name"))
        case "PractitionerRole":
            return display(pick(resource, "practitioner"))
    return human_name(resource.get("name"))
