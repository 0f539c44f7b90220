"""What the checks start from: the settings and the clinic file as far as they can be read, and what is wrong in them.

What stops `baton serve` at its start is a finding here: whoever asks wants the whole list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError, model_validator

from bot import clinic as clinic_file
from bot.app import EXAMPLE_CLINIC
from bot.clinic import Clinic, ClinicFileInvalid
from bot.settings import Profile, Settings, SettingsInvalid, load

LOGIN_URL: Final = "https://login.microsoftonline.com"
LOGIN_URL_GOV: Final = "https://login.microsoftonline.us"


class AsGiven(Settings):
    """The environment's settings even where they do not fit the profile."""

    @model_validator(mode="after")
    def _fit_for_profile(self) -> "AsGiven":
        return self


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Given:
    """`settings` None: not even readable. `problems` of the settings and of the clinic file, a line each."""

    settings: Settings | None
    clinic: Clinic | None
    settings_problems: tuple[str, ...] = ()
    clinic_problems: tuple[str, ...] = ()
    login_url: str = LOGIN_URL
    clock: Callable[[], datetime] = _now

    @property
    def real(self) -> bool:
        """Not the demo."""
        return self.settings is not None and self.settings.profile is not Profile.DEMO


def from_environment(in_use: Callable[[], Settings] = load) -> Given:
    """`in_use`: the settings, or SettingsInvalid; then what can be read of them is looked at all the same."""
    try:
        return of(_there(in_use))
    except SettingsInvalid as error:
        problems = _lines(error)
    try:
        return replace(of(AsGiven()), settings_problems=problems)
    except ValidationError:
        return Given(None, None, problems)


def _there(in_use: Callable[[], Settings]) -> Settings:
    """Where there is no database yet `in_use` refuses with a ValueError; that is a finding, and no reason to stop."""
    try:
        return in_use()
    except ValueError:
        return load()


def of(settings: Settings) -> Given:
    try:
        return Given(settings, clinic_file.load(settings.clinic_file or EXAMPLE_CLINIC))
    except ClinicFileInvalid as error:
        return Given(settings, None, clinic_problems=_lines(error))


def _lines(error: Exception) -> tuple[str, ...]:
    """The list under the first line, else the one sentence there is."""
    listed = [line.strip() for line in str(error).splitlines()]
    items: Sequence[str] = [line.removeprefix("- ") for line in listed if line.startswith("- ")]
    return tuple(items or listed)
