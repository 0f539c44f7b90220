"""Every public route is sent correctly signed nonsense: never a 5xx, never a traceback, never a word of it in a log.

What is sent: real payloads with a part replaced, taken out or nested deep, any JSON, any bytes, and forms of anything,
each signed as the platform signs. `BATON_SOAK=1` sends twenty times as much. The last test prints the counts.
"""

import copy
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot import log
from bot.chat import Action
from tests.security.whole import FORM, JSON_, Whole, activity, recorded, whole

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # huge bodies are the point

MARK = "Zz-planted-7f3a91"
COUNTS: Counter[str] = Counter()
STATUSES: Counter[tuple[str, int]] = Counter()
EXAMPLES = 2400 if os.environ.get("BATON_SOAK") == "1" else 80
ANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)

type Json = Any

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from([MARK, "\0", "\ud800", "￿", "a" * 70_000, "../../etc/passwd", "{{7*7}}", "' OR 1=1 --", "1e999"]),
)
JUNK = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=12), part, max_size=4),
    max_leaves=12,
)
RAW = st.one_of(
    st.binary(max_size=400),
    st.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b'{"type": ' + b"9" * 6000 + b"}",
            b"\xff\xfe{\x00}\x00",
            "{}".encode("utf-16"),
            "{}".encode("utf-32"),
            b"payload=" + b"%7B" * 5_000,
            b"payload=%7B%7D&payload=%5B%5D",
            b"&" * 5_000,
            b"command=%ff%fe&text=%00",
            b"x" * 3_000_000,
        ]
    ),
)


def _places(value: Json, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _places(part, (*at, key))


def _deep(times: int) -> Json:
    nested: Json = MARK
    for _ in range(times):
        nested = [nested]
    return nested


@st.composite
def mutated(draw: st.DrawFn, payloads: list[dict[str, Json]]) -> dict[str, Json]:
    """A real payload with one to four parts replaced or taken out."""
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(0, 4))):
        places = list(_places(payload))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside = payload
        for key in way:
            inside = inside[key]
        if draw(st.integers(0, 3)) == 0:
            del inside[last]
        else:
            inside[last] = draw(st.one_of(JUNK, st.just(_deep(400))))
    payload["planted"] = MARK
    return payload


def _json(value: Json) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def said() -> Iterator[StringIO]:
    """The log as it is in production, at its most talkative."""
    root, out = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    log.configure("DEBUG", json=True, file=out)
    yield out
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
async def site(tmp_path: Path, said: StringIO) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as running:
        yield running


def _fine(route: str, answer: tuple[int, str], said: StringIO) -> None:
    status, text = answer
    COUNTS[route] += 1
    STATUSES[route, status] += 1
    assert status < 500, f"{route} answered {status}: {text[:200]}"
    assert "Traceback" not in text
    assert status < 400 or MARK not in text
    logged = said.getvalue()
    assert MARK not in logged
    assert "Traceback" not in logged
    assert "route_failed" not in logged
    said.seek(0)
    said.truncate()


SLACK_PAYLOADS = recorded("slack_payloads")


def slack_click(action: str, **more: Json) -> dict[str, Json]:
    press = {"type": "button", "block_id": "b", "action_id": action, "value": _json(["d-1", 1, {}]).decode(), **more}
    return {
        "type": "block_actions",
        "user": {"id": "U0SBVEGA", "team_id": "T0SANDBOX"},
        "team": {"id": "T0SANDBOX"},
        "channel": {"id": "C0SBHARBOR"},
        "trigger_id": "1.2.3",
        "response_url": "https://hooks.slack.com/x",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0SBHARBOR"},
        "message": {"ts": "1.1", "blocks": []},
        "actions": [press],
    }


CLICKS = [slack_click(action.value) for action in Action]


@ANY
@given(
    sent=st.one_of(
        mutated(SLACK_PAYLOADS).map(lambda p: (_json(p), JSON_)),
        mutated([*SLACK_PAYLOADS, *CLICKS]).map(lambda p: (urlencode({"payload": json.dumps(p)}).encode(), FORM)),
        st.dictionaries(
            st.sampled_from(["command", "text", "user_id", "team_id", "channel_id", "trigger_id", "x"]),
            st.text(max_size=50).map(lambda t: t.encode("utf-8", "replace").decode()),
        ).map(lambda f: (urlencode({"command": "/handoff", **f}).encode(), FORM)),
        JUNK.map(lambda j: (_json(j), JSON_)),
        st.tuples(RAW, st.sampled_from([JSON_, FORM, "text/plain", "multipart/form-data; boundary=x", ""])),
    )
)
async def test_slack_events(site: Whole, said: StringIO, sent: tuple[bytes, str]) -> None:
    raw, kind = sent
    _fine("/slack/events", await site.slack(raw, kind), said)


@ANY
@given(data=st.data())
async def test_teams_messages(site: Whole, said: StringIO, data: st.DataObject) -> None:
    place = {name: activity(site)[name] for name in ("serviceUrl", "channelId", "conversation", "channelData")}
    real = [{**each, **place} for each in recorded("teams_payloads") if "type" in each]
    press = {"action": "approve", "subject": "d-1", "version": 1, "values": {}}
    execute = {"action": {"type": "Action.Execute", "verb": "x", "data": press}, "trigger": "manual"}
    real += [activity(site, value=press), activity(site, type="invoke", name="adaptiveCard/action", value=execute)]
    raw = data.draw(
        st.one_of(mutated(real).map(_json), mutated(real).map(lambda p: _json({**p, **place})), JUNK.map(_json), RAW)
    )
    _fine("/api/messages", await site.teams(raw), said)


FIELDS = st.sampled_from(
    ["MessageSid", "CallSid", "From", "To", "Body", "Digits", "MessageStatus", "CallStatus", "ErrorCode", "x"]
)
WORDS = st.one_of(
    st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace").decode()),
    st.sampled_from([MARK, "1", "ack E-1", "+12155550101", "failed", "\0", "E-" + "9" * 50, "a" * 9_000]),
)


@ANY
@given(
    what=st.sampled_from(["status", "gather", "reply", "answer"]),
    form=st.dictionaries(FIELDS, WORDS, max_size=9),
    rest=st.one_of(st.none(), RAW),
    kind=st.sampled_from(
        [FORM, JSON_, "multipart/form-data", "multipart/form-data; boundary=x", "text/plain; charset=none"]
    ),
)
async def test_crisis_callbacks(
    site: Whole, said: StringIO, what: str, form: dict[str, str], rest: bytes | None, kind: str
) -> None:
    if rest is None:
        _fine("/crisis/*", await site.telephone(what, form), said)
    else:
        _fine("/crisis/*", await site.post(f"/crisis/twilio/{what}", rest, kind, {"X-Twilio-Signature": "é"}), said)


NAMES = st.sampled_from(
    ["action", "subject", "version", "nonce", "text", "draw", "origin", "v.reason", "v.page", "person", "x"]
)
VALUES = st.one_of(WORDS, st.sampled_from([action.value for action in Action]), st.sampled_from(["1", "d-1", "E-1"]))


@ANY
@given(
    where=st.sampled_from(
        ["c/harbor-care/press", "c/harbor-care/say", "c/direct/press", "be", "phone", "file-phq9", "c/nowhere/say"]
    ),
    form=st.dictionaries(NAMES, VALUES, max_size=9),
    raw=st.one_of(st.none(), RAW),
    base=st.booleans(),
)
async def test_console_forms(
    site: Whole, said: StringIO, where: str, form: dict[str, str], raw: bytes | None, *, base: bool
) -> None:
    visitor = site.visitor()
    page = await visitor.open("/console/people")
    fields = page.forms[0].fields | {"person": "vega", "conversation": "harbor-care"}
    page = await visitor.send("/console/be", fields)
    complete = (
        {"action": "review", "subject": "d-1", "version": "1", "nonce": "n" * 20, "text": "handoff"} if base else {}
    )
    sent = urlencode({**complete, **form, "csrf": page.forms[0].fields["csrf"]}).encode() if raw is None else raw
    _fine("/console/*", await site.post(f"/console/{where}", sent, FORM, {}), said)


@ANY
@given(
    path=st.one_of(
        st.sampled_from(
            [
                "/console",
                "/slack/events",
                "/api/messages",
                "/healthz",
                "/readyz",
                "/metrics",
                "/console/callback",
                "/slack/install",
                "/slack/oauth_redirect",
                "/ehr/events",
            ]
        ),
        st.text("abc/.%-_0é", min_size=1, max_size=30).map(
            lambda t: "/console/" + t.replace("%", "%25").replace("é", "%C3%A9")
        ),
    ),
    query=st.dictionaries(st.sampled_from(["code", "state", "draw", "back"]), WORDS, max_size=3),
    cookie=st.sampled_from(["", "baton_console=x.y", "baton_console=é.é", "baton_sign_on=a.b", ";;=="]),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
)
async def test_addresses(
    site: Whole, said: StringIO, path: str, query: dict[str, str], cookie: str, method: str
) -> None:
    headers = {"Cookie": cookie.encode("utf-8").decode("latin-1")} if cookie else {}
    address = f"{path}?{urlencode(query)}" if len(urlencode(query)) < 6000 else path
    async with site.http.request(method, address, headers=headers, allow_redirects=False) as answer:
        status, text = answer.status, await answer.text()
    _fine("addresses", (status, "" if path == "/metrics" else text), said)


def test_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    failed = sum(count for (_, status), count in STATUSES.items() if status >= 500)
    with capsys.disabled():
        print(f"\nfuzz: {len(COUNTS)} routes, {COUNTS.total()} requests, {failed} answered 5xx; {_by_route()}")  # noqa: T201  the counts are what this run is for
    assert failed == 0


def _by_route() -> str:
    codes: Callable[[str], str] = lambda route: " ".join(  # noqa: E731  one line of figures
        f"{status}:{count}" for (name, status), count in sorted(STATUSES.items()) if name == route
    )
    return "; ".join(f"{route} {codes(route)}" for route in COUNTS)
