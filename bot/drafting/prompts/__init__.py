"""The instructions for a model, one file a version, never changed once used; a model card beside each.

A new version is a new file and a new number in CURRENT. The audit trail names the version and the hash of its words.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

CURRENT: Final = {"handoff": 1}


@dataclass(frozen=True, slots=True)
class Instructions:
    version: str  # handoff-1
    words: str

    @property
    def hash(self) -> str:
        return sha256(self.words.encode()).hexdigest()


@cache
def instructions(name: str) -> Instructions:
    """The version in use. Raises FileNotFoundError or KeyError for a skill without one: a fault in the build."""
    version = f"{name}-{CURRENT[name]}"
    return Instructions(version, (files(__name__) / f"{version}.md").read_text(encoding="utf-8").strip())
