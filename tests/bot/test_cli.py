"""The command line, as its own process: what it prints, what it returns, and that a refusal is a sentence."""

import asyncio
import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import cli, main
from tests.fakes.office import accepted, at_work

COHORT = Path(__file__).parents[1] / "fixtures" / "cohort"


def baton(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(root), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_story_once_as_json(tmp_path: Path) -> None:
    done = baton(tmp_path, "demo", "--once", "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["state"] == "filed"
    assert told["accepted_by"] == "osei"
    assert told["content_hash"] == told["readback_hash"]
    assert len(told["content_hash"]) == 64
    assert told["audit"]["verified"] is True
    assert told["audit"]["events"] > 15
    assert told["ehr"]["document"].startswith("DocumentReference/")
    assert told["ehr"]["communication"].startswith("Communication/")
    assert told["ehr"]["provenance"].startswith("Provenance/")
    assert len(told["ehr"]["audit_events"]) == 2


def test_the_story_on_charts_from_elsewhere(tmp_path: Path) -> None:
    bundle = next(file for file in sorted(COHORT.glob("*.json")) if file.name != "index.json")
    entries = json.loads(bundle.read_text(encoding="utf-8"))["entry"]
    client = next(e["resource"]["id"] for e in entries if e["resource"]["resourceType"] == "Patient")
    done = baton(tmp_path, "demo", "--once", "--json", "--bundles", str(COHORT), "--client", client)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["content_hash"]) == ("filed", told["readback_hash"])


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (("demo", "--once", "--client", "C-999"), {}, "There is no client C-999"),
        (("demo", "--once", "--bundles", "."), {}, "Say which client"),
        (("serve",), {"BATON_CLINIC_FILE": "nowhere.toml"}, "The clinic file cannot be read"),
    ],
)
def test_a_refusal_is_a_sentence(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    done = baton(tmp_path, *words, **environment)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "profile", "sentence"),
    [
        (("demo", "--bundles", "nowhere"), "demo", "nowhere is not a folder"),
        (("audit", "verify"), "demo", "There is no database yet"),
        (("audit", "export", "--format", "pdf"), "demo", "csv or fhir"),
        (("serve",), "live", "Baton cannot start with these settings"),
    ],
)
def test_a_refusal_before_anything_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    profile: str,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATON_PROFILE", profile)
    monkeypatch.setattr(sys, "argv", ["baton", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


async def said(*words: str, **environment: str) -> str:
    """What a command prints, run in this process, beside the office."""
    done = await asyncio.to_thread(CliRunner().invoke, cli, words, env=environment)
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_the_trail_is_verified_and_exported_while_the_office_is_open(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        await accepted(work)
        events = len(await work.trail())
        here = {"BATON_DATABASE_URL": f"sqlite+aiosqlite:///{work.database_file}"}
        verified = await said("audit", "verify", "--json", **here)
        assert json.loads(verified) == {"events": events, "ok": True, "faults": []}

        rows = list(csv.DictReader(io.StringIO(await said("audit", "export", "--format", "csv", **here))))
        assert len(rows) == events + 1  # the export is recorded and exported too
        assert rows[-1]["action"] == "export"

        out = tmp_path / "trail.json"
        await said("audit", "export", "--format", "fhir", "--out", str(out), **here)
        bundle = json.loads(out.read_text())
        assert bundle["resourceType"] == "Bundle"
        assert len(bundle["entry"]) == events + 2


async def test_a_tampered_trail_is_found_and_named(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        await accepted(work)
        file = work.database_file
    with sqlite3.connect(file) as conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f'DROP TRIGGER "{name}"')
        conn.execute("UPDATE audit_events SET body = replace(body, 'vega', 'osei') WHERE seq = 1")
        conn.execute("DELETE FROM audit_events WHERE seq = 5")
    conn.close()
    found = baton(tmp_path, "audit", "verify", "--json", BATON_DATABASE_URL=f"sqlite+aiosqlite:///{file}")
    assert found.returncode == 1
    assert {fault["seq"] for fault in json.loads(found.stdout)["faults"]} >= {1, 5}
