"""What a test or a demo can make go wrong, from inside the process only: there is no way to reach this over HTTP.

    server.faults.fail_next(2, 503)                           the next two requests
    server.faults.fail_next(1, 429, retry_after_s=3)          with Retry-After; leave it out for a bare 429
    server.faults.fail_next(None, 503, resource_type="Task")  until clear(), for one type only
    server.faults.fail_next(1, 403, code="4130", text="Break the glass first.")
    server.faults.fail_some(0.2, 503, seed=1)                 a fifth of all requests until clear(), the same each time
    server.faults.delay(0.2)                                  every request waits first
    server.faults.drop_answers(1, method="POST")              stored, but the connection closes without an answer
    server.faults.cut_answers(1)                              half of the answer, then the connection closes
    server.faults.hang(1)                                     no answer until clear() or the server stops
    server.faults.warn_next(1, "4119")                        a search answers, and says it may be incomplete
    server.faults.clear()

A fault set earlier fires first. `resource_type` is the type in the address, "Bundle" for a batch or transaction,
"oauth" for the token endpoint and "metadata" for the CapabilityStatement; the entries of a batch meet `fail_next`
faults by their own type. `method="create"` is a POST that stores something, where "POST" is also a search.
`fired` counts what has gone off since the start.
"""

import asyncio
import random
from dataclasses import dataclass, field
from enum import Enum, auto

from ehr_clients.sandbox.outcome import Resource

_TOLD = "The sandbox clinic was told to fail here."


class Trick(Enum):
    FAIL = auto()
    DELAY = auto()
    DROP = auto()
    CUT = auto()
    HANG = auto()
    WARN = auto()


@dataclass(slots=True, eq=False)
class Fault:
    trick: Trick
    left: int | None
    """How many more times; None: until cleared."""
    resource_type: str | None = None
    method: str | None = None
    status: int = 503
    retry_after_s: float | None = None
    delay_s: float = 0.0
    code: str | None = None
    text: str = _TOLD
    share: float = 1.0
    chance: random.Random = field(default_factory=random.Random)

    def strikes(self, trick: Trick, resource_type: str, methods: set[str]) -> bool:
        meant = self.method is None or self.method in methods
        fits = self.trick is trick and self.resource_type in {None, resource_type} and meant
        return fits and (self.share >= 1.0 or self.chance.random() < self.share)

    def outcome(self, severity: str = "error") -> Resource:
        """With a `code`, as Epic writes it: the vendor's number in details.coding."""
        issue: Resource = {"severity": severity, "code": _issue_code(self.status), "diagnostics": self.text}
        if self.code:
            issue["details"] = {"coding": [{"system": "urn:baton:sandbox:vendor-code", "code": self.code}]}
        return {"resourceType": "OperationOutcome", "issue": [issue]}


@dataclass(slots=True)
class Faults:
    fired: int = 0
    _set: list[Fault] = field(default_factory=list)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def fail_next(
        self,
        times: int | None,
        status: int,
        *,
        resource_type: str | None = None,
        method: str | None = None,
        retry_after_s: float | None = None,
        code: str | None = None,
        text: str = _TOLD,
    ) -> None:
        """Answer `status` with an OperationOutcome; nothing is read or stored."""
        self._set.append(
            Fault(
                Trick.FAIL,
                times,
                resource_type,
                method,
                status=status,
                retry_after_s=retry_after_s,
                code=code,
                text=text,
            )
        )

    def fail_some(
        self,
        share: float,
        status: int,
        *,
        seed: int,
        resource_type: str | None = None,
        method: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Answer about this share of the requests with `status`, until clear(); nothing is read or stored."""
        fault = Fault(Trick.FAIL, None, resource_type, method, status=status, retry_after_s=retry_after_s)
        fault.chance = random.Random(seed)  # noqa: S311  makes faults, guards nothing
        fault.share = share
        self._set.append(fault)

    def delay(self, delay_s: float, *, times: int | None = None, resource_type: str | None = None) -> None:
        """Wait before handling; the request is then handled as usual, other faults included."""
        self._set.append(Fault(Trick.DELAY, times, resource_type, delay_s=delay_s))

    def drop_answers(self, times: int | None, *, resource_type: str | None = None, method: str | None = None) -> None:
        """Handle the request, store what it stores, and close the connection instead of answering."""
        self._set.append(Fault(Trick.DROP, times, resource_type, method))

    def cut_answers(self, times: int | None, *, resource_type: str | None = None, method: str | None = None) -> None:
        """Handle the request, send half of the answer's body, close the connection."""
        self._set.append(Fault(Trick.CUT, times, resource_type, method))

    def hang(self, times: int | None, *, resource_type: str | None = None, method: str | None = None) -> None:
        """Accept the request and say nothing; nothing is stored. Released requests find their connection closed."""
        self._set.append(Fault(Trick.HANG, times, resource_type, method))

    def warn_next(
        self,
        times: int | None,
        code: str,
        *,
        resource_type: str | None = None,
        text: str = "Some results may be missing.",
    ) -> None:
        """Add an OperationOutcome entry (search.mode outcome) with a vendor code to a search that otherwise works."""
        self._set.append(Fault(Trick.WARN, times, resource_type, status=200, code=code, text=text))

    def clear(self) -> None:
        """Forget all faults and let go of everything that hangs."""
        self._set.clear()
        self._released.set()
        self._released = asyncio.Event()

    def take(self, trick: Trick, resource_type: str, method: str, *, creates: bool = False) -> Fault | None:
        """The first fault of this kind that fits, used up by one."""
        for fault in self._set:
            if fault.strikes(trick, resource_type, {method, "create"} if creates else {method}):
                self._use(fault)
                return fault
        return None

    async def released(self) -> None:
        await self._released.wait()

    def _use(self, fault: Fault) -> None:
        self.fired += 1
        if fault.left is not None:
            fault.left -= 1
            if fault.left <= 0:
                self._set.remove(fault)


def _issue_code(status: int) -> str:
    return {401: "login", 403: "forbidden", 404: "not-found", 429: "throttled", 200: "incomplete"}.get(
        status, "transient"
    )
