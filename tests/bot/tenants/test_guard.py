"""A real start without signed agreements, and what stays off."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import app
from bot.chat import Platform, Who
from bot.clinic import Clinic
from bot.people import People
from bot.settings import (
    DEMO_SECRET,
    CrisisSettings,
    EhrSettings,
    LlmSettings,
    Profile,
    Settings,
    SlackSettings,
    TeamsSettings,
)
from bot.tenants.evidence import Evidence, Surface
from bot.tenants.guard import NotReady, admitted, standing
from tests.fakes.office import example_clinic

TODAY = date(2026, 11, 24)
WORKSPACE = "T0SANDBOX"
ENTRA = "5a9d0000-0000-4000-8000-000000000001"


def evidence(surface: Surface, tenant: str, **other: Any) -> Evidence:
    plain = {"baa": "contract 114", "plan": "Enterprise Grid", "date": date(2026, 9, 1), "who": "Irene Castell"}
    return Evidence.model_validate({"platform": surface, "tenant": tenant} | plain | other)


SLACK, TEAMS = evidence(Surface.SLACK, WORKSPACE), evidence(Surface.TEAMS, ENTRA)
MODEL, SMS = evidence(Surface.MODEL, "api.openai.com"), evidence(Surface.SMS, "twilio")


def with_evidence(recorded: Sequence[Evidence]) -> Clinic:
    return example_clinic().model_copy(update={"evidence": tuple(recorded)})


def settings(profile: Profile = Profile.LIVE, **other: Any) -> Settings:
    plain: dict[str, Any] = {
        "profile": profile,
        "public_url": "https://baton.example.org",
        "secret_key": SecretStr("k" * 40),
        "clinic_file": app.EXAMPLE_CLINIC,
        "ehr": EhrSettings(
            kind="fhir_r4", base_url="https://ehr.example.org", client_id="b", client_secret=SecretStr("s")
        ),
        "slack": SlackSettings(signing_secret=SecretStr("s"), bot_token=SecretStr("t")),
        "teams": TeamsSettings(client_id="c", client_secret=SecretStr("s"), tenant_ids=(ENTRA,)),
        "llm": LlmSettings(kind="openai", api_key=SecretStr("s"), model="m"),
        "crisis": CrisisSettings(provider="twilio", account="A", token=SecretStr("s"), from_number="+12155550100"),
    }
    return Settings(**plain | other)


def test_with_all_evidence_everything_is_on() -> None:
    ours, clinic = settings(), with_evidence([SLACK, TEAMS, MODEL, SMS])
    assert admitted(ours, clinic, TODAY) == (ours, clinic)


@pytest.mark.parametrize(
    ("recorded", "named"),
    [
        ([TEAMS, MODEL, SMS], [WORKSPACE]),
        ([SLACK, MODEL, SMS], [ENTRA]),
        ([], [WORKSPACE, ENTRA]),
        ([evidence(Surface.SLACK, "T0OTHER"), TEAMS], [WORKSPACE]),  # another workspace's
        ([evidence(Surface.SLACK, ENTRA), evidence(Surface.TEAMS, WORKSPACE)], [WORKSPACE, ENTRA]),
        ([evidence(Surface.SLACK, WORKSPACE, plan="Pro"), TEAMS], ["Enterprise plans only"]),
        ([evidence(Surface.SLACK, WORKSPACE, date=date(2026, 12, 1)), TEAMS], ["begins on 01 Dec 2026"]),
    ],
)
def test_live_does_not_start_without_evidence_for_each_chat_tenant(
    recorded: Sequence[Evidence], named: Sequence[str]
) -> None:
    with pytest.raises(NotReady) as refusal:
        admitted(settings(), with_evidence(recorded), TODAY)
    assert all(name in str(refusal.value) for name in named)
    assert len(str(refusal.value).splitlines()) == 1 + len(named)


def test_everything_that_is_missing_is_named_at_once() -> None:
    ours = settings().model_copy(
        update={"public_url": "http://baton.example.org", "secret_key": SecretStr(DEMO_SECRET)}
    )
    with pytest.raises(NotReady) as refusal:
        admitted(ours, with_evidence([]), TODAY)
    told = str(refusal.value)
    wanted = ("BATON_PUBLIC_URL", "encryption key", "the demo's", WORKSPACE, ENTRA)
    assert all(name in told for name in wanted)
    assert DEMO_SECRET not in told


@pytest.mark.parametrize("profile", [Profile.LIVE, Profile.PILOT])
def test_a_model_and_a_telephone_company_without_evidence_are_off(profile: Profile) -> None:
    ours, _ = admitted(settings(profile), with_evidence([SLACK, TEAMS]), TODAY)
    assert (ours.llm.kind, ours.crisis.provider) == ("none", "none")
    assert ours.slack
    assert ours.teams


def test_a_model_on_this_machine_is_nobody_elses() -> None:
    local = LlmSettings(kind="openai", base_url="http://127.0.0.1:9/v1/", model="m")
    ours, _ = admitted(settings(llm=local), with_evidence([SLACK, TEAMS]), TODAY)
    assert ours.llm == local


def test_in_a_pilot_a_tenant_without_evidence_is_off_and_its_people_are_strangers() -> None:
    ours, clinic = admitted(settings(Profile.PILOT), with_evidence([TEAMS]), TODAY)
    assert ours.slack is None
    assert ours.teams
    assert not [c for c in clinic.channels if c.platform is Platform.SLACK]
    assert People(clinic).by_chat(Who(Platform.SLACK, WORKSPACE, "U0SBVEGA")) is None
    assert People(clinic).by_chat(Who(Platform.WEB, "console", "vega")) is not None


def test_a_pilot_without_any_chat_does_not_start() -> None:
    with pytest.raises(NotReady, match=WORKSPACE):
        admitted(settings(Profile.PILOT), with_evidence([MODEL]), TODAY)


def test_the_demo_needs_none() -> None:
    ours = Settings(profile=Profile.DEMO)
    assert admitted(ours, example_clinic(), TODAY) == (ours, example_clinic())


def test_what_is_off_says_so_in_words() -> None:
    told = [one.sentence() for one in standing(settings(), with_evidence([SLACK, TEAMS, SMS]), TODAY)]
    assert f"Slack {WORKSPACE}: covered." in told
    assert (
        "the model at api.openai.com: off, because no signed business associate agreement is recorded for it." in told
    )


async def test_the_product_itself_does_not_start(tmp_path: Path) -> None:
    ours = settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'baton.sqlite'}")
    with pytest.raises(NotReady, match=r"\[\[evidence\]\]"):
        async with app.built(ours):
            pass
    assert not (tmp_path / "baton.sqlite").exists()
