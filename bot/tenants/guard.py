"""Refuses a real start without what the law asks for, and turns off each surface that the evidence does not cover.

`live`: every chat tenant in use needs its evidence, or nothing starts; a model or an SMS provider without it is off.
`pilot`: real clients too, and the law knows no trial; but a pilot is set up step by step, so a chat tenant without
evidence is off instead, and only a pilot that would be left without any chat does not start. `demo`: made-up clients.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlsplit

import structlog

from bot.chat import Platform
from bot.clinic import Clinic, StaffMember
from bot.settings import DEMO_SECRET, LlmSettings, Profile, Settings
from bot.tenants.evidence import Surface

SHORTEST_KEY: Final = 32
CHATS: Final = {Surface.SLACK: Platform.SLACK, Surface.TEAMS: Platform.TEAMS}
CALLED: Final = {Surface.SLACK: "Slack", Surface.TEAMS: "Teams", Surface.MODEL: "the model at", Surface.SMS: "SMS by"}
OPENAI: Final = "api.openai.com"
_log = structlog.get_logger(__name__)


class NotReady(ValueError):
    """Baton does not start with real clients. `str()` names everything that is missing, one a line."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One surface in use with one company's tenant. `because` None: the evidence covers it."""

    surface: Surface
    tenant: str
    because: str | None

    @property
    def on(self) -> bool:
        return self.because is None

    def sentence(self) -> str:
        name = f"{CALLED[self.surface]} {self.tenant}"
        return f"{name}: covered." if self.on else f"{name}: off, because {self.because}."


def standing(settings: Settings, clinic: Clinic, today: date) -> tuple[Standing, ...]:
    """Every surface that is set up and whether it is on. In the demo all are: nobody in it is real."""
    return tuple(
        Standing(surface, tenant, _uncovered(clinic, surface, tenant, today) if _real(settings) else None)
        for surface, tenant in _in_use(settings, clinic)
    )


def admitted(settings: Settings, clinic: Clinic, today: date) -> tuple[Settings, Clinic]:
    """What may start: both without what is not covered. Raises NotReady with everything that is missing."""
    found = standing(settings, clinic, today)
    missing = problems(settings, found)
    if missing:
        lines = "\n".join(f"  - {line}" for line in missing)
        raise NotReady(f"Baton cannot start in profile {settings.profile}:\n{lines}")
    off = [one for one in found if not one.on]
    for one in off:
        _log.warning("surface_off", kind=one.surface.value, reason="not_covered")
    return _settings_without(settings, found), _clinic_without(clinic, off)


def problems(settings: Settings, found: Sequence[Standing]) -> list[str]:
    """Everything that stops the start, a sentence each; nothing does in the demo."""
    if not _real(settings):
        return []
    chats = [one for one in found if one.surface in CHATS]
    fatal = settings.profile is Profile.LIVE or not any(one.on for one in chats)
    return [*_of_settings(settings), *(_missing(one) for one in chats if fatal and not one.on)]


def _real(settings: Settings) -> bool:
    return settings.profile is not Profile.DEMO


def _missing(one: Standing) -> str:
    place = f'[[evidence]] with platform = "{one.surface}" and tenant = "{one.tenant}"'
    return f"{CALLED[one.surface]} {one.tenant}: {one.because}. Write it down in the clinic file: {place}."


def _of_settings(settings: Settings) -> list[str]:
    key = settings.secret_key.get_secret_value()
    checks = {
        "BATON_PUBLIC_URL has to begin with https://: client information goes over it.": (
            settings.public_url.startswith("https://")
        ),
        f"BATON_SECRET_KEY, the encryption key, has to have at least {SHORTEST_KEY} characters.": (
            len(key) >= SHORTEST_KEY
        ),
        "A secret is the demo's, which everybody knows: " + ", ".join(_of_the_demo(settings)) + ".": (
            not _of_the_demo(settings)
        ),
    }
    return [sentence for sentence, fine in checks.items() if not fine]


def _of_the_demo(settings: Settings) -> list[str]:
    slack, teams = settings.slack, settings.teams
    secrets = {
        "BATON_SECRET_KEY": settings.secret_key,
        "BATON_SLACK__SIGNING_SECRET": slack.signing_secret if slack else None,
        "BATON_SLACK__CLIENT_SECRET": slack.client_secret if slack else None,
        "BATON_TEAMS__CLIENT_SECRET": teams.client_secret if teams else None,
        "BATON_EHR__CLIENT_SECRET": settings.ehr.client_secret,
        "BATON_OIDC__CLIENT_SECRET": settings.oidc.client_secret if settings.oidc else None,
    }
    return [name for name, secret in secrets.items() if secret and secret.get_secret_value() == DEMO_SECRET]


# What is in use


def _in_use(settings: Settings, clinic: Clinic) -> list[tuple[Surface, str]]:
    slack = [(Surface.SLACK, tenant) for tenant in _slack_tenants(clinic)] if settings.slack else []
    teams = [(Surface.TEAMS, tenant) for tenant in settings.teams.tenant_ids] if settings.teams else []
    model = [(Surface.MODEL, _host(settings.llm))] if settings.llm.kind != "none" and not settings.llm.local else []
    company = settings.crisis.provider
    sms = [(Surface.SMS, company)] if company in {"twilio", "plivo"} and company else []
    return [*slack, *teams, *model, *sms]


def _slack_tenants(clinic: Clinic) -> list[str]:
    """Those of channels and people; Baton speaks to nobody else there."""
    of_channels = {c.tenant for c in clinic.channels if c.platform is Platform.SLACK}
    return sorted(of_channels | {s.slack.tenant for s in clinic.staff if s.slack}) or ["(no workspace named)"]


def _host(llm: LlmSettings) -> str:
    """A model on this machine is nobody else's; every other is known by its host."""
    return urlsplit(llm.base_url).hostname or OPENAI if llm.base_url else OPENAI


def _uncovered(clinic: Clinic, surface: Surface, tenant: str, today: date) -> str | None:
    recorded = [one for one in clinic.evidence if (one.platform, one.tenant) == (surface, tenant)]
    if not recorded:
        return "no signed business associate agreement is recorded for it"
    lacking = [one.lacking(today) for one in recorded]
    return None if None in lacking else lacking[0]


# What is left


def _settings_without(settings: Settings, found: Sequence[Standing]) -> Settings:
    on = {surface: [one.tenant for one in found if one.surface is surface and one.on] for surface in Surface}
    off = {one.surface for one in found if not one.on}
    changed: dict[str, object] = {}
    if Surface.SLACK in off and not on[Surface.SLACK]:
        changed["slack"] = None
    if settings.teams and Surface.TEAMS in off:
        left = tuple(on[Surface.TEAMS])
        changed["teams"] = settings.teams.model_copy(update={"tenant_ids": left}) if left else None
    if Surface.MODEL in off:
        changed["llm"] = LlmSettings()
    if Surface.SMS in off:
        changed["crisis"] = settings.crisis.model_copy(update={"provider": "none"})
    return settings.model_copy(update=changed)


def _clinic_without(clinic: Clinic, off: Sequence[Standing]) -> Clinic:
    """Channels and chat identities of a tenant that is off are nobody's: whoever writes from there is a stranger."""
    gone = {(CHATS[one.surface], one.tenant) for one in off if one.surface in CHATS}
    if not gone:
        return clinic
    channels = tuple(c for c in clinic.channels if (c.platform, c.tenant) not in gone)
    staff = tuple(_without(person, gone) for person in clinic.staff)
    return clinic.model_copy(update={"channels": channels, "staff": staff})


def _without(person: StaffMember, gone: set[tuple[Platform, str]]) -> StaffMember:
    changed: dict[str, object] = {}
    if person.slack and (Platform.SLACK, person.slack.tenant) in gone:
        changed["slack"] = None
    if person.teams_app and (Platform.TEAMS, person.teams_app.tenant) in gone:
        changed["teams_app"] = None
    return person.model_copy(update=changed) if changed else person
