"""Settings from the environment: prefix `BATON_`, nested with `__`. Read once; every problem is named at once."""

from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SECRET = "demo-only-not-a-secret"  # noqa: S105 - refused outside the demo profile


class SettingsInvalid(Exception):
    """Baton cannot start. `str()` names every missing or wrong setting."""


class Profile(StrEnum):
    DEMO = "demo"
    PILOT = "pilot"
    LIVE = "live"


class SlackSettings(BaseModel):
    """Installed by hand: BOT_TOKEN. By `/slack/install`: CLIENT_ID and CLIENT_SECRET. Socket Mode: APP_TOKEN."""

    signing_secret: SecretStr | None = None  # of Slack's requests; not needed where Socket Mode is all there is
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    client_id: str = Field(default="", pattern=r"^[\w.-]{0,64}$")
    client_secret: SecretStr | None = None
    api_url: str = "https://slack.com/api/"  # GovSlack: https://slack-gov.com/api/

    @property
    def missing(self) -> list[str]:
        by_install = bool(self.client_id and self.client_secret)
        checks = {
            "SLACK__BOT_TOKEN (or SLACK__CLIENT_ID and SLACK__CLIENT_SECRET)": bool(self.bot_token) or by_install,
            "SLACK__CLIENT_ID and SLACK__CLIENT_SECRET together": bool(self.client_id) == bool(self.client_secret),
            "SLACK__SIGNING_SECRET (or SLACK__APP_TOKEN)": bool(self.signing_secret or self.app_token),
        }
        return [name for name, fine in checks.items() if not fine]


class TeamsSettings(BaseModel):
    client_id: str
    client_secret: SecretStr
    tenant_ids: tuple[str, ...] = Field(min_length=1)
    openid_metadata_url: str | None = None


class EhrSettings(BaseModel):
    kind: Literal["sandbox", "fhir_r4"] = "sandbox"
    base_url: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    private_key_file: Path | None = None
    key_id: str | None = None
    scope: str | None = None
    webhook_secret: SecretStr | None = Field(default=None, min_length=16)  # of `POST /ehr/events`; None: there is none


class LlmSettings(BaseModel):
    """`none`: drafts come from the deterministic template. Any compatible server is `openai` with its address."""

    kind: Literal["none", "openai", "azure"] = "none"
    base_url: str | None = None  # ends in /v1/; for azure with API_VERSION the resource's address
    api_key: SecretStr | None = None
    model: str = Field(default="", pattern=r"^[\w.:/@+-]{0,128}$")
    api_version: str | None = None  # azure's dated API; without it, its /openai/v1/ address is used
    timeout_s: float = Field(default=20.0, gt=0, le=45)  # for all tries of one draft together
    max_concurrent: int = Field(default=4, ge=1, le=64)
    retention_days: int = Field(default=30, ge=1, le=3650)  # of the de-identified prompt and answer
    cost_in: float = Field(default=0.0, ge=0)  # per million prompt tokens, in whatever currency is read off the metrics
    cost_out: float = Field(default=0.0, ge=0)
    part2: bool = False  # a qualified service organization agreement (42 CFR 2.11) covers the model's vendor

    @property
    def missing(self) -> list[str]:
        if self.kind == "none":
            return []
        needed: dict[str, object] = {"MODEL": self.model, "API_KEY": self.api_key or self.local}
        needed |= {"BASE_URL": self.base_url} if self.kind == "azure" else {}
        safe = self.base_url is None or self.local or self.base_url.startswith("https://")
        return [f"LLM__{name}" for name, value in needed.items() if not value] + (
            [] if safe else ["LLM__BASE_URL (https)"]
        )

    @property
    def local(self) -> bool:
        """A server on this machine, which may want no key."""
        return urlsplit(self.base_url or "").hostname in {"127.0.0.1", "localhost", "::1"}


class OidcSettings(BaseModel):
    """Who signs people in to the console outside of the demo. Without it the console stays closed there."""

    issuer: str = Field(pattern=r"^https?://[^\s?#@]+$")  # letter by letter as the provider's discovery names itself
    client_id: str = Field(min_length=1)
    client_secret: SecretStr

    @property
    def missing(self) -> list[str]:
        local = urlsplit(self.issuer).hostname in {"127.0.0.1", "localhost", "::1"}
        return [] if local or self.issuer.startswith("https://") else ["OIDC__ISSUER (https)"]


class RateSettings(BaseModel):
    """How much one person may ask for. Crisis commands and buttons are never counted."""

    burst: int = Field(default=60, ge=0)  # at once; 0 counts nobody
    per_minute: int = Field(default=60, ge=1)


class CrisisSettings(BaseModel):
    """SMS and voice: without a provider, pages go out by chat alone. The demo has a simulated one."""

    heartbeat_url: HttpUrl | None = None  # a dead-man's switch: called each minute in which the auditor found nothing
    provider: Literal["none", "twilio", "plivo", "simulator"] | None = None  # None: simulator in the demo, else none
    account: str = Field(default="", pattern=r"^[\w-]{0,64}$")  # Twilio's account SID, Plivo's auth id
    token: SecretStr | None = None
    from_number: str = Field(default="", pattern=r"^(\+[1-9][0-9]{6,14})?$")
    base_url: str | None = None  # another region of the provider; https

    @property
    def missing(self) -> list[str]:
        if self.provider not in {"twilio", "plivo"}:
            return []
        needed = {"ACCOUNT": self.account, "TOKEN": self.token, "FROM_NUMBER": self.from_number}
        safe = self.base_url is None or self.base_url.startswith("https://")
        return [f"CRISIS__{name}" for name, value in needed.items() if not value] + (
            [] if safe else ["CRISIS__BASE_URL (https)"]
        )


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BATON_", env_nested_delimiter="__", extra="ignore")

    profile: Profile = Profile.DEMO
    database_url: str = "sqlite+aiosqlite:///var/baton.sqlite"
    public_url: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = 8080
    secret_key: SecretStr = SecretStr(DEMO_SECRET)
    old_secret_keys: tuple[SecretStr, ...] = ()  # still open what they sealed, until `baton rotate-key` has run
    clinic_file: Path | None = None
    slack: SlackSettings | None = None
    teams: TeamsSettings | None = None
    ehr: EhrSettings = EhrSettings()
    llm: LlmSettings = LlmSettings()
    crisis: CrisisSettings = CrisisSettings()
    oidc: OidcSettings | None = None
    rates: RateSettings = RateSettings()

    @model_validator(mode="after")
    def _fit_for_profile(self) -> "Settings":
        missing = _missing(self) if self.profile is not Profile.DEMO else []
        if self.ehr.kind == "fhir_r4":
            missing += [f"EHR__{name.upper()}" for name in ("base_url", "client_id") if not getattr(self.ehr, name)]
            if not (self.ehr.client_secret or self.ehr.private_key_file):
                missing.append("EHR__CLIENT_SECRET or EHR__PRIVATE_KEY_FILE")
        missing += self.llm.missing + self.crisis.missing + (self.oidc.missing if self.oidc else [])
        missing += self.slack.missing if self.slack else []
        if missing:
            raise ValueError("missing: " + ", ".join(f"BATON_{name}" for name in missing))
        return self


def _missing(settings: Settings) -> list[str]:
    secret = settings.secret_key.get_secret_value()
    checks = {
        f"SECRET_KEY (at least 32 characters, not the demo's; needed in profile {settings.profile})": len(secret) >= 32,
        "CLINIC_FILE": settings.clinic_file is not None,
        "EHR__KIND=fhir_r4 (the sandbox clinic is for the demo profile)": settings.ehr.kind != "sandbox",
        "PUBLIC_URL (https)": settings.public_url.startswith("https://"),
        "CRISIS__PROVIDER (the simulator is for the demo profile)": settings.crisis.provider != "simulator",
        "SLACK__* or TEAMS__*": settings.slack is not None or settings.teams is not None,
    }
    return [name for name, fine in checks.items() if not fine]


def load() -> Settings:
    """Read the environment. Raises SettingsInvalid with every problem; values are never repeated in the message."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"  - {_name(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
        raise SettingsInvalid("Baton cannot start with these settings:\n" + "\n".join(lines)) from None


def _name(loc: tuple[int | str, ...]) -> str:
    return "BATON_" + "__".join(str(part).upper() for part in loc) if loc else "settings"
