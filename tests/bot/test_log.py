"""The log says ids, counts, durations and codes. Whatever else is said to it, by us or by a library, does not come out."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from bot import log

CANARY = "Maria Santos"
LIBRARIES = (
    *("slack_bolt.App", "slack_bolt.AsyncApp", "slack_sdk.web.async_client", "microsoft_teams.apps", "msal", "openai"),
    *("aiohttp.access", "aiohttp.server", "apscheduler.scheduler", "asyncio", "httpx", "httpcore", "sqlalchemy.engine"),
)


@pytest.fixture(params=[True, False], ids=["json", "console"])
def said(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """Everything that the log says, and afterwards all as it was before."""
    factory, handlers, level = logging.getLogRecordFactory(), logging.root.handlers[:], logging.root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    out = StringIO()
    log.configure("INFO", json=request.param, file=out)
    yield out
    logging.setLogRecordFactory(factory)
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


def fail() -> None:
    raise LookupError(CANARY)


def lines(out: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def is_json(request: pytest.FixtureRequest) -> bool:
    return "json" in request.node.name


def test_ids_counts_durations_and_codes_come_out(said: StringIO, request: pytest.FixtureRequest) -> None:
    structlog.get_logger().info("draft_filed", draft_id="d1", attempt=2, duration_ms=12.5, ok=True, code="http_201")
    assert "draft_filed" in said.getvalue()
    if is_json(request):
        (line,) = lines(said)
        del line["timestamp"]
        assert line == {
            "event": "draft_filed",
            "level": "info",
            "draft_id": "d1",
            "attempt": 2,
            "duration_ms": 12.5,
            "ok": True,
            "code": "http_201",
        }


@pytest.mark.parametrize(
    "more",
    [
        {"client": CANARY},
        {"client_id": "maria-santos"},
        {"code": CANARY},
        {"draft_id": {"name": CANARY}},
        {"codes": [CANARY]},
        {"body": CANARY.encode()},
    ],
)
def test_other_keys_and_phrases_are_dropped_and_counted(
    said: StringIO, request: pytest.FixtureRequest, more: dict[str, object]
) -> None:
    before = log.dropped()
    structlog.get_logger().warning("draft_filed", draft_id2=1, **more)
    assert "aria" not in said.getvalue()
    assert log.dropped() == before + 2
    if is_json(request):
        assert lines(said)[0]["dropped"] == 2


def test_an_event_that_is_a_phrase_is_withheld(said: StringIO) -> None:
    structlog.get_logger().error(f"could not file for {CANARY}", job_id=7)
    assert CANARY not in said.getvalue()
    assert "withheld" in said.getvalue()
    assert "7" in said.getvalue()


def test_an_exception_leaves_its_class(said: StringIO) -> None:
    try:
        fail()
    except LookupError:
        structlog.get_logger().exception("draft_failed")
    assert CANARY not in said.getvalue()
    assert "LookupError" in said.getvalue()


@pytest.mark.parametrize("name", LIBRARIES)
def test_no_word_of_a_library_comes_out_only_that_it_spoke(
    said: StringIO, request: pytest.FixtureRequest, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)
    own = logging.StreamHandler()  # some libraries bring a handler of their own, even later
    library.addHandler(own)
    library.debug("body: %s", CANARY)
    library.info(f"GET /patients/{CANARY}")
    library.warning("retrying call(%r)", CANARY)
    try:
        fail()
    except LookupError:
        library.exception("failed: %s", CANARY, stack_info=True)
    library.removeHandler(own)
    printed = capfd.readouterr()
    assert "aria" not in said.getvalue() + printed.out + printed.err
    if is_json(request):
        told = [(line["event"], line["logger"], line["level"], line.get("error")) for line in lines(said)]
        assert told == [
            ("library_message", name, "warning", None),
            ("library_message", name, "error", "LookupError"),
        ]


def test_our_own_lines_through_logging_keep_their_words_and_codes(
    said: StringIO, request: pytest.FixtureRequest
) -> None:
    ours = logging.getLogger("baton.slack")
    ours.warning("slack.malformed %s %s", "ValueError", CANARY)
    ours.info("started")
    assert CANARY not in said.getvalue()
    if is_json(request):
        first, second = lines(said)
        assert (first["event"], first["codes"]) == ("slack.malformed", ["ValueError"])
        assert second["event"] == "started"


async def test_a_task_that_nobody_awaited_is_named_without_its_words(said: StringIO) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": CANARY, "exception": LookupError(CANARY)})
    assert CANARY not in said.getvalue()
    assert "LookupError" in said.getvalue()


def test_where_names_our_own_line(said: StringIO) -> None:
    from bot.store.sealed import Seal  # noqa: PLC0415 - any function of ours that raises

    try:
        Seal("short")
    except ValueError:
        structlog.get_logger().exception("not_started")
    assert "bot.store.sealed:" in said.getvalue()


UNCAUGHT = """
import sys, threading, warnings
from bot import log
log.configure(json=True)
def fail(): raise LookupError("Maria Santos")
class Last:
    def __del__(self): fail()
Last()
warnings.warn("Maria Santos")
thread = threading.Thread(target=fail); thread.start(); thread.join()
fail()
"""


def test_nothing_uncaught_prints_its_words() -> None:
    ended = subprocess.run([sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, timeout=30, check=False)
    told = [json.loads(line)["event"] for line in ended.stderr.splitlines()]
    assert ended.returncode == 1
    assert told == ["unraisable", "library_message", "uncaught_in_thread", "uncaught"]
    assert "Maria" not in ended.stderr + ended.stdout
