"""The file behind the store: one line of JSON per commit, synced to disk before anyone hears "stored".

A commit is in the file whole or not at all: a last line torn by a crash was never acknowledged and is cut off on
opening. A damaged line anywhere else stops the start, because dropping it silently would be losing a record.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

_HEADER = b'{"sandbox_journal":1}\n'

type Origin = Literal["charts", "client"]
"""Who wrote: the loading of the charts, or a client over HTTP."""


class StateFileError(Exception):
    """The state file cannot be used; the message says which line or why."""


class Entry(NamedTuple):
    method: str
    text: bytes
    """The resource as JSON."""


class Journal:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._descriptor = _locked(path)

    def replay(self) -> Iterator[tuple[Origin, list[tuple[str, dict[str, Any]]]]]:
        """Every commit in order, as (origin, [(method, resource)]). Call once, before the first append."""
        with self._path.open("rb") as lines:
            good = _read_header(lines)
            for number, line in enumerate(lines, start=2):
                commit = _parsed(line)
                if commit is None:
                    _refuse_damage_before_the_end(lines, number)
                    break
                good += len(line)
                yield commit["origin"], commit["put"]
        os.ftruncate(self._descriptor, good)
        if good == 0:
            self._write(_HEADER)

    def append(self, origin: Origin, entries: Sequence[Entry]) -> None:
        """On disk when this returns. OSError: nothing of it is."""
        put = b",".join(b'["%s",%s]' % (entry.method.encode(), entry.text) for entry in entries)
        self._write(b'{"origin":"%s","put":[%s]}\n' % (origin.encode(), put))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, line: bytes) -> None:
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StateFileError("Another sandbox clinic is using this state file.") from None
    return descriptor


def _write_all(descriptor: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read_header(lines: BinaryIO) -> int:
    """Its length, 0 for a new file (or one whose first write was torn); a file of somebody else's is left as it is."""
    first = lines.readline()
    if first == _HEADER:
        return len(first)
    if _HEADER.startswith(first):
        return 0
    raise StateFileError("The file named as the sandbox clinic's state file is not one.")


def _refuse_damage_before_the_end(lines: BinaryIO, number: int) -> None:
    if lines.readline():
        raise StateFileError(f"The state file of the sandbox clinic is damaged in line {number}.")


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        commit = json.loads(line)
    except ValueError:
        return None
    return commit if isinstance(commit, dict) and "put" in commit else None
