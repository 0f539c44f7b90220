"""One FHIR interaction and its answer, whether they came by HTTP or as an entry of a bundle."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from ehr_clients.sandbox.oauth import Grant, Right
from ehr_clients.sandbox.outcome import FhirError, Resource, invalid
from ehr_clients.sandbox.references import relative_to, repointed

type Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ask:
    """One interaction, as HTTP or a bundle entry put it. `path` is below the base: ("Patient", "p1")."""

    method: str
    path: tuple[str, ...]
    base_url: str
    grant: Grant
    query: Query = ()
    body: Resource | None = None
    strict: bool = False
    minimal: bool = False
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None

    @property
    def type(self) -> str:
        return self.path[0]

    def need(self, right: Right, resource_type: str | None = None) -> None:
        if not self.grant.allows(resource_type or self.type, right):
            raise FhirError(403, "forbidden", "The token's scopes do not allow this.")

    def resource(self) -> Resource:
        if self.body is None:
            raise invalid("The body must be one JSON object.")
        return repointed(self.body, relative_to(self.base_url))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    resource: Resource | None = None
    headers: dict[str, str] = field(default_factory=dict)


def from_url(ask: Ask, method: str, url: str) -> Ask:
    """The ask behind a bundle entry's `request`, below the same base and with the same rights as the bundle."""
    relative = url.removeprefix(ask.base_url + "/").removeprefix("/")
    if re.match(r"[a-z]+:", relative):
        raise invalid("A request url in a bundle must be relative to this server.")
    path, _, query = relative.partition("?")
    steps = tuple(step for step in path.split("/") if step)
    return replace(ask, method=method, path=steps, query=parse_qsl(query, keep_blank_values=True), body=None)
