import io
import json
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml  # type: ignore[import-untyped]  # no types are installed
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.flow import rooms
from bot.manifests import files, picture, slack, teams
from bot.manifests.commands import commands as manifest_commands
from bot.manifests.said import EXAMPLE_URL, Deployment, deployment
from bot.manifests.yaml import Noted, written
from bot.settings import Settings, SlackSettings, TeamsSettings
from bot.slack.scopes import EVENTS, SCOPES, SHORTCUTS
from skills import ALL
from tests.fakes.node import NODE_FOLDER, require_node

REPOSITORY = Path(__file__).parents[3]
KEPT = REPOSITORY / "manifests"
SLACK_SCHEMA = REPOSITORY / "tests" / "fixtures" / "slack_schemas" / "manifest.schema.2.0.0.json"
OURS = Deployment()
SHELF = {skill.command.name for skill in ALL} | {room.command.name for room in rooms.ALL}
CLIENT = "5a9d0000-0000-4000-8000-00000000000a"


def _settings(**about: Any) -> Settings:
    return Settings(public_url="https://baton.millrace.example", **about)


def _slack(where: Deployment) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(files.built(where)["slack/manifest.yaml"])
    return read


def test_what_is_kept_is_what_the_shelf_gives() -> None:
    for name, content in files.built(OURS).items():
        if name == files.PACKAGE:
            continue
        kept = (KEPT / name).read_bytes()
        same = _pixels(kept) == _pixels(content) if name.endswith(".png") else kept == content
        assert same, f"manifests/{name} is old: run `baton manifests build`"


@pytest.mark.parametrize("where", [OURS, Deployment(socket_mode=True, org_wide=False, rotation=False)])
def test_slack_takes_the_manifest(where: Deployment) -> None:
    jsonschema.validate(_slack(where), json.loads(SLACK_SCHEMA.read_text()))


def test_slack_would_not_take_a_longer_name() -> None:
    wrong = _slack(OURS)
    wrong["display_information"]["name"] = "B" * 36
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(SLACK_SCHEMA.read_text()))


def test_slack_hears_each_command_once_and_asks_for_no_more_than_what_is_explained() -> None:
    read = _slack(OURS)
    spoken = [each["command"] for each in read["features"]["slash_commands"]]
    assert sorted(spoken) == sorted(f"/{name}" for name in SHELF | {"baton"})
    assert read["oauth_config"]["scopes"] == {"bot": list(SCOPES)}
    assert read["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert {each["callback_id"] for each in read["features"]["shortcuts"]} == {each.callback_id for each in SHORTCUTS}


def test_each_scope_stands_beside_its_reason() -> None:
    text = files.built(OURS)["slack/manifest.yaml"].decode()
    for scope, reason in {**SCOPES, **EVENTS}.items():
        assert f'- "{scope}"  # {reason}\n' in text


def test_with_socket_mode_slack_is_given_no_address_to_call() -> None:
    read = _slack(Deployment(socket_mode=True))
    assert read["settings"]["socket_mode_enabled"] is True
    assert "/slack/events" not in json.dumps(read)


def test_a_token_set_by_hand_is_not_rotated() -> None:
    by_hand = SlackSettings(signing_secret=SecretStr("s"), bot_token=SecretStr("xoxb-1"))
    assert deployment(_settings(slack=by_hand)).rotation is False
    assert deployment(_settings()).rotation is True


@pytest.mark.node
@pytest.mark.parametrize("where", [OURS, Deployment(public_url="https://gov.example:8443", client_id=CLIENT)])
def test_microsofts_own_schema_takes_the_manifest(where: Deployment, tmp_path: Path) -> None:
    assert _teams_problems(teams.manifest(where), tmp_path) == []


@pytest.mark.node
def test_microsofts_schema_finds_a_bot_id_that_is_none(tmp_path: Path) -> None:
    wrong = teams.manifest(Deployment(client_id="not-an-id"))
    assert any("botId" in problem for problem in _teams_problems(wrong, tmp_path))


def test_teams_offers_the_shelf_after_help_and_no_more_than_it_shows() -> None:
    (listed,) = teams.manifest(OURS)["bots"][0]["commandLists"]
    titles = [each["title"] for each in listed["commands"]]
    assert titles[0] == "help"
    assert len(titles) <= teams.MOST_COMMANDS
    assert SHELF - {"baton"} <= set(titles) or len(titles) == teams.MOST_COMMANDS
    assert all(len(each["description"]) <= teams.DESCRIPTION for each in listed["commands"])


def test_teams_is_asked_for_explained_permissions_and_never_for_what_people_write() -> None:
    asked = teams.manifest(OURS)["authorization"]["permissions"]["resourceSpecific"]
    assert [each["name"] for each in asked] == list(teams.RESOURCE_SPECIFIC)
    assert not set(teams.LEFT_OUT) & set(teams.RESOURCE_SPECIFIC)
    assert all(reason.endswith(".") for reason in teams.RESOURCE_SPECIFIC.values())


def test_the_app_keeps_its_id_and_another_client_has_another() -> None:
    assert teams.app_id(CLIENT) == teams.app_id(CLIENT.upper()) != teams.app_id(OURS.client_id)


def test_the_package_holds_three_files_and_is_the_same_each_time() -> None:
    packed = teams.package(OURS)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["manifest.json", "color.png", "outline.png"]
    assert packed == teams.package(OURS)


@pytest.mark.parametrize(("drawn", "size"), [(picture.color(), 192), (picture.outline(), 32)])
def test_the_icons_have_the_size_that_teams_wants(drawn: bytes, size: int) -> None:
    assert struct.unpack(">II", drawn[16:24]) == (size, size)
    assert len(_pixels(drawn)) == size * (1 + size * 4)


def test_the_outline_is_white_on_nothing() -> None:
    rows = _pixels(picture.outline())
    pixels = {rows[at : at + 4] for row in range(32) for at in range(row * 129 + 1, row * 129 + 129, 4)}
    assert pixels == {b"\xff\xff\xff\xff", b"\xff\xff\xff\x00"}


def test_the_settings_say_where_baton_is() -> None:
    ours = TeamsSettings(client_id=CLIENT, client_secret=SecretStr("s"), tenant_ids=("t",))
    where = deployment(_settings(teams=ours), socket_mode=True, org_wide=False)
    assert (where.host, where.client_id) == ("baton.millrace.example", CLIENT)
    assert slack.manifest(where)["settings"]["org_deploy_enabled"] is False


def test_an_address_that_nobody_can_reach_is_replaced_and_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(manifest_commands(configured=Settings), ["build", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert EXAMPLE_URL in done.stderr
    assert "BATON_TEAMS__CLIENT_ID" in done.stderr
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(files.built(OURS))


def test_what_is_written_as_yaml_is_read_back() -> None:
    tricky = {"text": 'a: "b" # c\nd', "none": [], "in": [{"x": True, "y": [Noted("k", "why"), "é☐"]}], "n": 3}
    assert yaml.safe_load(written(tricky, header="Made.")) == tricky


def _pixels(png: bytes) -> bytes:
    at, found = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            found += png[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(found)


def _teams_problems(manifest: dict[str, Any], folder: Path) -> list[str]:
    node = require_node("@microsoft/app-manifest")
    given = folder / "manifest.json"
    given.write_text(json.dumps(manifest))
    asked = [node, str(NODE_FOLDER / "check_teams_manifest.mjs"), str(given)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
    problems: list[str] = json.loads(done.stdout)
    return problems
