"""What the app tells the console about the clinic: who can be played, where they talk, what was filed and recorded."""

from dataclasses import dataclass
from datetime import datetime

from skills.kit import Row, Tone


@dataclass(frozen=True, slots=True)
class Persona:
    """A person at the console. `role` is one line: "Clinician, Harbor team". `channels` None: every one."""

    id: str
    name: str
    role: str
    channels: frozenset[str] | None = None

    def sees(self, channel: str) -> bool:
        return self.channels is None or channel in self.channels


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of the console. `note` says what it is for, in one line. `id` goes into addresses: never PHI."""

    id: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class EhrWrite:
    """One resource Baton wrote, as read back from the EHR. Newest first where they come in a list."""

    resource_type: str
    id: str
    version: str
    when: datetime
    rows: tuple[Row, ...]
    json: str  # the resource as text, shown on demand


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One recorded event; newest first in a list. `what` and `about` are words for a person, no PHI beyond an alias."""

    id: str
    when: datetime
    who: str
    what: str
    about: str = ""
    tone: Tone = Tone.INFO
