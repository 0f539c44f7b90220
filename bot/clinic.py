"""The clinic file (TOML): teams, channels, staff and their chat identities, approval rules. Validated whole at start.

Every mistake is reported at once, each with its place in the file. `manifests/clinic.example.toml` explains every key.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bot.chat import Place, Platform, Who
from bot.crisis.policy import Crisis, Phone, misnamed
from bot.digest.rule import DigestRule
from bot.tenants.evidence import Evidence
from skills.kit import Role

CONSOLE_TENANT = "console"


class ClinicFileInvalid(Exception):
    """The clinic file cannot be used. `str()` lists every mistake, one a line, with its place."""


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not a time zone name such as America/Chicago") from error
    return value


type Zone = Annotated[str, AfterValidator(_known_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Part):
    name: str
    timezone: Zone = "UTC"
    state: str = "default"  # state policy pack, for example "IL"


class Team(_Part):
    id: str
    name: str
    timezone: Zone | None = None
    digest_time: time | None = None
    digest: DigestRule = DigestRule()
    handoff_sla_minutes: int = Field(default=240, gt=0)
    part2_program: bool = False  # a federally assisted SUD program (42 CFR 2.11)
    rollout: dict[str, Literal["off", "sandbox", "shadow", "live"]] = Field(default_factory=dict)  # by skill
    pilot: tuple[str, ...] = ()  # staff ids: who gets the drafts of a skill in phase shadow
    sandbox_clients: tuple[str, ...] = ()  # aliases or EHR ids: whose drafts a skill makes in phase sandbox
    drafting: Literal["template", "model"] = "model"  # whether a model may word drafts, where one is set up


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
    phone: Phone | None = None  # for crisis pages only

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
    crisis: Crisis | None = None
    evidence: tuple[Evidence, ...] = ()  # signed agreements; what they do not cover is off outside of the demo

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


def load(path: Path) -> Clinic:
    """Read and validate a clinic file. Raises ClinicFileInvalid with every mistake."""
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ClinicFileInvalid(f"The clinic file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ClinicFileInvalid("The clinic file is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ClinicFileInvalid(f"The clinic file is not valid TOML: {error}.") from error
    return validated(plain)


def validated(plain: Mapping[str, Any]) -> Clinic:
    """The clinic that a file's content describes. Raises ClinicFileInvalid with every mistake, each with its place."""
    clinic, mistakes = None, list[str]()
    try:
        clinic = Clinic.model_validate(plain)
    except ValidationError as error:
        mistakes = [f"{_place(e['loc'], plain)}: {e['msg']}" for e in error.errors(include_input=False)]
    staff, channels = _readable(plain, "staff", StaffMember), _readable(plain, "channels", Channel)
    teams = _readable(plain, "teams", Team)
    mistakes += _inconsistencies(teams, staff, channels)
    if clinic is not None and clinic.crisis is not None:
        mistakes += misnamed(clinic.crisis, staff={s.id for s in staff}, teams={t.id for t in teams})
    if clinic is None or mistakes:
        raise ClinicFileInvalid("The clinic file has mistakes:\n" + "\n".join(f"  - {line}" for line in mistakes))
    return clinic


def _readable[P: _Part](plain: Mapping[str, Any], name: str, kind: type[P]) -> list[P]:
    """The parts of a list that can be read: what does not fit together is told beside what is wrong in itself."""
    found = []
    for part in plain.get(name) or [] if isinstance(plain.get(name), list) else []:
        with suppress(ValidationError):
            found.append(kind.model_validate(part))
    return found


def _inconsistencies(teams: list[Team], staff: list[StaffMember], channels: list[Channel]) -> list[str]:
    mistakes = [*_repeated("teams", (t.id for t in teams)), *_repeated("staff", (s.id for s in staff))]
    mistakes += _repeated("channels", (f"{c.platform}:{c.tenant}:{c.external_id}" for c in channels))
    mistakes += _repeated("practitioner", (s.practitioner for s in staff))
    mistakes += _repeated("chat identity", (f"{w.platform}:{w.tenant}:{w.user}" for s in staff for w in s.identities()))
    known = {team.id for team in teams}
    mistakes += [f"channels: {c.id} names the unknown team {c.team}" for c in channels if c.team not in known]
    carrying = {(c.team, c.id) for c in channels if c.phi}
    wrong = [t for t in teams if t.digest.channel is not None and (t.id, t.digest.channel) not in carrying]
    mistakes += [f"teams: the digest of {t.id} needs a channel of that team for client information" for t in wrong]
    return mistakes + [f"staff: {s.id} names the unknown team {t}" for s in staff for t in s.teams if t not in known]


def _repeated(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what}: {name} appears {count} times" for name, count in Counter(names).items() if count > 1]


def _place(loc: tuple[int | str, ...], plain: Mapping[str, Any]) -> str:
    """Such as `staff vega, licence.expires`; by its number when it has no id."""
    match loc:
        case (str(name), int(number), *rest):
            part = plain[name][number]
            called = part.get("id") if isinstance(part, dict) else None
            return ", ".join(filter(None, [f"{name} {called or f'number {number + 1}'}", ".".join(map(str, rest))]))
        case _:
            return ".".join(map(str, loc)) or "the whole file"
