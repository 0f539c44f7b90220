"""The clinic file (TOML): teams, channels, staff and their chat identities, approval rules. Validated whole at start.

Every mistake is reported at once, each with its place in the file. `manifests/clinic.example.toml` explains every key.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.chat import Place, Platform, Who
from skills.kit import Role

CONSOLE_TENANT = "console"


class ClinicFileInvalid(Exception):
    """The clinic file cannot be used. `str()` lists every mistake, one a line, with its place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Part):
    name: str
    timezone: str = "UTC"
    state: str = "default"  # state policy pack, for example "IL"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError("not a time zone name such as America/Chicago") from error
        return value


class Team(_Part):
    id: str
    name: str
    timezone: str | None = None
    digest_time: str | None = None
    handoff_sla_minutes: int = Field(default=240, gt=0)
    part2_program: bool = False  # a federally assisted SUD program (42 CFR 2.11)
    rollout: dict[str, str] = Field(default_factory=dict)  # skill -> off | sandbox | shadow | live


class Channel(_Part):
    id: str
    platform: Platform
    tenant: str
    external_id: str
    name: str
    team: str
    phi: bool = False  # may carry aliases and minimum-necessary cards


class Licence(_Part):
    type: str
    state: str
    expires: date


class SlackId(_Part):
    tenant: str
    user: str


class TeamsId(_Part):
    tenant: str
    aad_object_id: str


class StaffMember(_Part):
    id: str
    name: str
    practitioner: str  # the EHR's reference: Practitioner/abc
    roles: tuple[Role, ...] = Field(min_length=1)
    teams: tuple[str, ...] = ()
    licence: Licence | None = None
    active: bool = True
    slack: SlackId | None = None
    teams_app: TeamsId | None = None
    web: str | None = None

    @property
    def title(self) -> str:
        """Licence type, else the first role in words: what stands behind the name on a card."""
        return self.licence.type if self.licence else self.roles[0].replace("_", " ")

    def identities(self) -> tuple[Who, ...]:
        slack = [Who(Platform.SLACK, self.slack.tenant, self.slack.user)] if self.slack else []
        teams = [Who(Platform.TEAMS, self.teams_app.tenant, self.teams_app.aad_object_id)] if self.teams_app else []
        web = [Who(Platform.WEB, CONSOLE_TENANT, self.web)] if self.web else []
        return (*slack, *teams, *web)


class BreakGlassRule(_Part):
    roles: tuple[Role, ...] = (Role.CLINICIAN, Role.PRESCRIBER, Role.SUPERVISOR)
    minutes: int = Field(default=60, gt=0, le=24 * 60)


class Clinic(_Part):
    """The whole clinic file."""

    clinic: About
    teams: tuple[Team, ...] = Field(min_length=1)
    channels: tuple[Channel, ...] = ()
    staff: tuple[StaffMember, ...] = Field(min_length=1)
    break_glass: BreakGlassRule = BreakGlassRule()

    @model_validator(mode="after")
    def _consistent(self) -> "Clinic":
        mistakes = [*_repeated("teams", (t.id for t in self.teams)), *_repeated("staff", (s.id for s in self.staff))]
        mistakes += _repeated("channels", (f"{c.platform}:{c.tenant}:{c.external_id}" for c in self.channels))
        mistakes += _repeated("chat identity", (str(who) for s in self.staff for who in s.identities()))
        known = {team.id for team in self.teams}
        mistakes += [f"channels: {c.id} names the unknown team {c.team}" for c in self.channels if c.team not in known]
        mistakes += [f"staff: {s.id} names the unknown team {t}" for s in self.staff for t in s.teams if t not in known]
        if mistakes:
            raise ValueError("; ".join(mistakes))
        return self

    def zone(self, team_id: str | None = None) -> ZoneInfo:
        """The team's time zone, else the clinic's."""
        team = next((t for t in self.teams if t.id == team_id), None)
        return ZoneInfo((team.timezone if team else None) or self.clinic.timezone)

    def team(self, team_id: str) -> Team:
        return next(t for t in self.teams if t.id == team_id)

    def channel(self, place: Place) -> Channel | None:
        """The listed channel at this place, or None: an unlisted place carries nothing about clients."""
        wanted = (place.platform, place.tenant, place.conversation)
        return next((c for c in self.channels if (c.platform, c.tenant, c.external_id) == wanted), None)


def _repeated(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what}: {name} appears {count} times" for name, count in Counter(names).items() if count > 1]


def load(path: Path) -> Clinic:
    """Read and validate a clinic file. Raises ClinicFileInvalid with every mistake."""
    try:
        return Clinic.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ClinicFileInvalid(f"The clinic file cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ClinicFileInvalid(f"The clinic file is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise ClinicFileInvalid(_in_words(error)) from error


def _in_words(error: ValidationError) -> str:
    lines = [f"{'.'.join(map(str, e['loc'])) or 'the whole file'}: {e['msg']}" for e in error.errors()]
    return "The clinic file has mistakes:\n" + "\n".join(f"  - {line}" for line in lines)
