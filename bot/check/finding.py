"""What is told of one thing that was tested. No sentence holds a secret, an address with one, or a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"  # it works, and somebody should know
    FAIL = "fail"
    SKIPPED = "skipped"  # not set up here, or something else comes first


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend`: what to do, for warn and fail. `details`: lines of a table, such as what each write becomes."""

    name: str
    state: State
    sentence: str
    mend: str = ""
    details: tuple[str, ...] = ()


def ok(name: str, sentence: str, details: Sequence[str] = ()) -> Finding:
    return Finding(name, State.OK, sentence, details=tuple(details))


def warn(name: str, sentence: str, mend: str, details: Sequence[str] = ()) -> Finding:
    return Finding(name, State.WARN, sentence, mend, tuple(details))


def fail(name: str, sentence: str, mend: str, details: Sequence[str] = ()) -> Finding:
    return Finding(name, State.FAIL, sentence, mend, tuple(details))


def skipped(name: str, sentence: str) -> Finding:
    return Finding(name, State.SKIPPED, sentence)


def exit_status(findings: Sequence[Finding]) -> int:
    """2: something fails. 1: something should be known. 0: all is well."""
    states = {finding.state for finding in findings}
    return 2 if State.FAIL in states else 1 if State.WARN in states else 0
