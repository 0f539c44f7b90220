"""The commands as an operator types them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.store.migrations import REVISIONS

HEAD = REVISIONS[-1]


def baton(*words: str, file: Path, **more: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    settings = {f"BATON_{name}": value for name, value in more.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    env = {**kept, "BATON_DATABASE_URL": f"sqlite+aiosqlite:///{file}", **settings}
    run = subprocess.run(
        [sys.executable, "-m", "bot", *words], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout.strip(), run.stderr.strip()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as `baton migrate` makes it."""
    file = tmp_path_factory.mktemp("made") / "baton.sqlite"
    assert baton("migrate", file=file) == (0, f"The schema is {HEAD}. The database is new.", "")
    return file


def test_migrate_says_what_is_there(database: Path) -> None:
    assert baton("migrate", file=database) == (0, f"The schema is {HEAD}.", "")


def test_a_backup_and_its_restore_into_an_empty_database_only(database: Path, tmp_path: Path) -> None:
    there, out = tmp_path / "b.sqlite", tmp_path / "one.backup"
    code, said, _ = baton("backup", str(out), file=database)
    assert code == 0
    assert re.match(rf"\d+ rows \(schema {HEAD}, \d+ audit events\) are in ", said)
    code, said, _ = baton("restore", str(out), file=there)
    assert code == 0
    assert said.endswith("are restored, and the audit trail is whole.")
    code, said, _ = baton("audit", "verify", file=there)
    assert (code, said) == (0, "2 events: the chain is whole.")
    code, _, complaint = baton("restore", str(out), file=there)
    assert (code, "in use already" in complaint) == (2, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("backup", "one.backup"), "There is no database yet"),
        (("rotate-key",), "There is no database yet"),
        (("restore", "one.backup"), "There is no file one.backup"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    code, said, complaint = baton(*words, file=tmp_path / "baton.sqlite")
    assert (code, said) == (2, "")
    assert complaint.startswith(sentence)
    assert complaint.count("\n") == 0


def test_a_newer_database_is_refused_in_a_sentence(database: Path, tmp_path: Path) -> None:
    file = tmp_path / "baton.sqlite"
    shutil.copy(database, file)
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as conn:
        conn.execute(text("INSERT INTO schema_revisions VALUES ('9999', 'contract', '2026-11-23 00:00:00')"))
    engine.dispose()
    code, said, complaint = baton("migrate", file=file)
    assert (code, said) == (2, "")
    assert complaint.startswith("This database was changed by a newer Baton (schema 9999;")


def test_the_key_is_changed_with_the_old_one_named(database: Path) -> None:
    old = {"SECRET_KEY": "a" * 40, "OLD_SECRET_KEYS": '["demo-only-not-a-secret"]'}
    code, said, _ = baton("rotate-key", file=database, **old)
    assert (code, said) == (0, "Everything is sealed with the present key; old ones are no longer needed.")
