"""Settings come from the environment; what is missing is named all at once, and no value is ever repeated."""

import pytest

from bot.settings import Profile, SettingsInvalid, load

LIVE = {
    "PROFILE": "live",
    "SECRET_KEY": "k" * 40,
    "CLINIC_FILE": "/etc/baton/clinic.toml",
    "PUBLIC_URL": "https://baton.example.org",
    "SLACK__SIGNING_SECRET": "sssss-signing",
    "SLACK__BOT_TOKEN": "xoxb-token",
    "EHR__KIND": "fhir_r4",
    "EHR__BASE_URL": "https://ehr.example.org/fhir",
    "EHR__CLIENT_ID": "baton",
    "EHR__CLIENT_SECRET": "ehr-secret",
}


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"BATON_{name}", value)


def test_the_demo_needs_nothing() -> None:
    assert load().profile is Profile.DEMO


def test_a_live_clinic_with_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, **LIVE)
    settings = load()
    assert settings.slack is not None
    assert "xoxb" not in repr(settings)
    assert "ehr-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("SECRET_KEY", "BATON_SECRET_KEY"),
        ("CLINIC_FILE", "BATON_CLINIC_FILE"),
        ("PUBLIC_URL", "BATON_PUBLIC_URL (https)"),
        ("EHR__KIND", "BATON_EHR__KIND=fhir_r4"),
        ("EHR__BASE_URL", "BATON_EHR__BASE_URL"),
        ("EHR__CLIENT_ID", "BATON_EHR__CLIENT_ID"),
        ("EHR__CLIENT_SECRET", "BATON_EHR__CLIENT_SECRET or EHR__PRIVATE_KEY_FILE"),
        ("SLACK__BOT_TOKEN", "BATON_SLACK__BOT_TOKEN"),
        ("SLACK__SIGNING_SECRET", "BATON_SLACK__SIGNING_SECRET (or SLACK__APP_TOKEN)"),
    ],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, left_out: str, named: str) -> None:
    environment(monkeypatch, **{name: value for name, value in LIVE.items() if name != left_out})
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert named in str(refusal.value)


def test_everything_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, PROFILE="pilot", SECRET_KEY="short-and-secret")
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    said = str(refusal.value)
    for name in ("SECRET_KEY", "CLINIC_FILE", "EHR__KIND", "PUBLIC_URL", "SLACK__* or TEAMS__*"):
        assert f"BATON_{name}" in said
    assert "short-and-secret" not in said


def test_a_wrong_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, PROFILE="production-of-acme", PORT="eighty")
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert "BATON_PROFILE" in str(refusal.value)
    assert "BATON_PORT" in str(refusal.value)
    assert "acme" not in str(refusal.value)
    assert "eighty" not in str(refusal.value)


def test_the_demos_secret_is_refused_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, **{**LIVE, "SECRET_KEY": "demo-only-not-a-secret"})
    with pytest.raises(SettingsInvalid, match="SECRET_KEY"):
        load()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"KIND": "openai"}, ["BATON_LLM__MODEL", "BATON_LLM__API_KEY"]),
        ({"KIND": "azure", "MODEL": "m", "API_KEY": "k"}, ["BATON_LLM__BASE_URL"]),
        ({"KIND": "openai", "MODEL": "m", "API_KEY": "k", "BASE_URL": "http://llm.example/v1"}, ["BASE_URL (https)"]),
        ({"KIND": "openai", "MODEL": "a model", "API_KEY": "k"}, ["BATON_LLM__MODEL"]),
    ],
)
def test_what_a_model_lacks_is_named(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: list[str]) -> None:
    environment(monkeypatch, **{f"LLM__{name}": value for name, value in given.items()})
    with pytest.raises(SettingsInvalid) as refusal:
        load()
    assert all(name in str(refusal.value) for name in named)


def test_a_model_on_this_machine_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, LLM__KIND="openai", LLM__MODEL="local", LLM__BASE_URL="http://127.0.0.1:9999/v1")
    assert load().llm.model == "local"


def test_no_model_unless_one_is_set_up() -> None:
    assert load().llm.kind == "none"
    assert not load().llm.part2


@pytest.mark.parametrize(
    ("instead", "left_out"),
    [
        ({"SLACK__CLIENT_ID": "1.2", "SLACK__CLIENT_SECRET": "s"}, "SLACK__BOT_TOKEN"),
        ({"SLACK__APP_TOKEN": "xapp-1"}, "SLACK__SIGNING_SECRET"),
    ],
)
def test_slack_can_be_set_up_in_other_ways(
    monkeypatch: pytest.MonkeyPatch, instead: dict[str, str], left_out: str
) -> None:
    environment(monkeypatch, **instead, **{name: value for name, value in LIVE.items() if name != left_out})
    assert load().slack is not None


def test_half_of_the_install_s_credentials_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, **LIVE, SLACK__CLIENT_ID="1.2")
    with pytest.raises(SettingsInvalid, match="BATON_SLACK__CLIENT_ID and SLACK__CLIENT_SECRET together"):
        load()
