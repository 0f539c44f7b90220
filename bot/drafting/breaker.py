"""Leaves a model alone that has failed several times in a row, then tries it again with a single request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(slots=True)
class Breaker:
    """Open after `failures` in a row, for `rest_s`; then a single trial decides."""

    failures: int = 3
    rest_s: float = 60.0
    clock: Callable[[], float] = monotonic
    _failed: int = field(default=0, init=False)
    _until: float = field(default=0.0, init=False)

    def lets_through(self) -> bool:
        """Whether a request may go now. After a rest the first that asks is the trial; others wait for its outcome."""
        if self._failed < self.failures:
            return True
        if self.clock() < self._until:
            return False
        self._until = self.clock() + self.rest_s
        return True

    def answered(self) -> None:
        self._failed = 0

    def failed(self, *, after_s: float | None = None) -> None:
        """`after_s`: the provider itself asked for a longer rest."""
        self._failed += 1
        self._until = self.clock() + max(self.rest_s, after_s or 0.0)
