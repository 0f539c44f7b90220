"""The pages of one search: a snapshot of what matched, cut by the server, fetched by links that say nothing to a
reader.
"""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ehr_clients.sandbox.outcome import FhirError
from ehr_clients.sandbox.query import Plan
from ehr_clients.sandbox.store import Key

_KEPT = 200
"""Searches whose later pages can still be fetched; older ones answer 410, as real servers do when a paging session
ends.
"""


@dataclass(frozen=True, slots=True)
class Page:
    plan: Plan
    found: Sequence[Key]
    offset: int = 0

    @property
    def keys(self) -> Sequence[Key]:
        return self.found[self.offset : self.offset + self.plan.count]

    def next(self) -> "Page | None":
        offset = self.offset + self.plan.count
        return replace(self, offset=offset) if self.plan.count and offset < len(self.found) else None


class Pages:
    def __init__(self) -> None:
        self._by_token: OrderedDict[str, Page] = OrderedDict()

    def keep(self, page: Page) -> str:
        """The opaque token of a page."""
        token = secrets.token_urlsafe(18)
        self._by_token[token] = page
        while len(self._by_token) > _KEPT:
            self._by_token.popitem(last=False)
        return token

    def fetch(self, token: str) -> Page:
        """The same page any number of times; FhirError 410 when it is no longer kept."""
        page = self._by_token.get(token)
        if page is None:
            raise FhirError(410, "expired", "This page of results is no longer available: search again.")
        return page
