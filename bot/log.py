"""The log: one line an event, with ids, counts, durations and codes from an allow-list, and nothing else.

Our own lines pass through `_only_allowed`. Everything said with the standard library's `logging` is stripped where its
record is made, before any handler sees it: libraries log request bodies, call arguments and claims. Of theirs only
the logger's name, the level and the class of the exception remain, from WARNING up. Uncaught exceptions likewise.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

OURS: Final = ("bot", "baton", "ehr_clients", "scheduler", "skills")
EVENT: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")
CODE: Final = re.compile(r"[\w.:/@+-]{1,128}", re.ASCII)
ALLOWED: Final = frozenset(
    {
        *("event", "level", "logger", "timestamp", "where", "error", "code", "codes", "dropped"),
        *("event_id", "request_id", "draft_id", "job_id", "card_id", "message_id", "escalation_id", "staff_id"),
        *("kind", "attempt", "state", "action", "skill", "team", "platform", "op", "step", "section", "version", "seq"),
        *("count", "jobs", "events", "clients", "drafts", "messages", "sections", "attempts", "bytes"),
        *("duration_ms", "duration_s", "wait_s", "after_s", "timeout_s", "late_s"),
        *("status", "method", "route", "host", "port", "dialect", "replica", "pid", "profile", "passing", "ok"),
    }
)


@dataclass(slots=True)
class _Withheld:
    count: int = 0


_withheld = _Withheld()


def configure(level: str = "INFO", *, json: bool, file: TextIO | None = None) -> None:
    """Set up once, before anything else logs. `file` None: standard error; standard output is the program's own."""
    out = file or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    drawn = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            drawn,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    _route_libraries(number)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def dropped() -> int:
    """How many keys and values were withheld since the start: above zero, a line wants to say what it may not."""
    return _withheld.count


def _only_allowed(_: object, __: str, said: MutableMapping[str, Any]) -> Mapping[str, Any]:
    trouble = said.pop("exc_info", None)
    told = _about(sys.exc_info()[1] if trouble is True else trouble) if trouble else {}
    kept = {key: value for key, value in {**said, **told}.items() if key in ALLOWED and _harmless(key, value)}
    if dropped_here := len({**said, **told}) - len(kept):
        _withheld.count += dropped_here
        kept["dropped"] = dropped_here
    return {"event": "withheld"} | kept


def _harmless(key: str, value: object) -> bool:
    match value:
        case None | bool() | int() | float():
            return True
        case str() if key == "event":
            return EVENT.fullmatch(value) is not None
        case str():
            return CODE.fullmatch(value) is not None
        case tuple() | list():
            return all(isinstance(each, str) and CODE.fullmatch(each) for each in value)
        case _:
            return False


def _about(trouble: object) -> dict[str, str]:
    """The class of an exception and the line of ours it came through; its text may quote a chart."""
    if isinstance(trouble, tuple):
        trouble = trouble[1]
    if not isinstance(trouble, BaseException):
        return {}
    return {"error": type(trouble).__name__} | _where(trouble.__traceback__)


def _where(traceback: TracebackType | None) -> dict[str, str]:
    where = {}
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in OURS:
            where = {"where": f"{module}:{traceback.tb_lineno}"}
        traceback = traceback.tb_next
    return where


# The standard library's logging


class _Record(logging.LogRecord):
    """A record whose text is gone before a handler sees it. Ours keep the words of their template, and codes."""

    codes: tuple[str, ...]
    trouble: object

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes, self.trouble = (), _about(self.exc_info)
        if self.name.partition(".")[0] in OURS:
            self.codes = tuple(str(each) for each in self.args or ()) if isinstance(self.args, tuple) else ()
            self.msg = _slug(str(self.msg))
        else:
            self.msg = "library_message"
        self.args, self.exc_info, self.exc_text, self.stack_info = (), None, None, None


def _slug(template: str) -> str:
    """`slack.unreadable %s` -> `slack.unreadable`: the words a programmer wrote, never what was put into them."""
    words = re.sub(r"%[-#0 +]*\d*(\.\d+)?[a-zA-Z]", " ", template)
    return re.sub(r"[^a-z0-9_.]+", "_", words.lower()).strip("_.")[:64]


class _ToTheLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record, _Record) or (record.msg == "library_message" and record.levelno < logging.WARNING):
            return
        harmless = tuple(code for code in record.codes if CODE.fullmatch(code))
        _withheld.count += len(record.codes) - len(harmless)
        extra: dict[str, Any] = {"codes": harmless} if harmless else {}
        extra |= record.trouble if isinstance(record.trouble, dict) else {}
        structlog.get_logger().log(record.levelno, record.msg, logger=record.name, **extra)


def _route_libraries(level: int) -> None:
    logging.setLogRecordFactory(_Record)
    logging.captureWarnings(capture=True)
    for name in tuple(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.root.handlers[:] = [_ToTheLog()]
    logging.root.setLevel(min(level, logging.WARNING))


def _uncaught(_: type[BaseException], trouble: BaseException, __: TracebackType | None) -> None:
    if isinstance(trouble, KeyboardInterrupt):
        return
    structlog.get_logger().critical("uncaught", exc_info=trouble)


def _uncaught_in_thread(about: threading.ExceptHookArgs) -> None:
    structlog.get_logger().critical("uncaught_in_thread", exc_info=about.exc_value)


def _unraisable(about: Any) -> None:
    structlog.get_logger().error("unraisable", exc_info=about.exc_value)
