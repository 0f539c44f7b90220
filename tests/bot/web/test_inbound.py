"""A posted form becomes a Typed or a Press, or is refused in words that do not repeat it."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import Action, CardRef, Platform, Press
from bot.web import inbound
from bot.web.problems import Problem
from tests.fakes.console import DANA, HARBOR

NONCE = "n" * 20
PRESS = {"action": "approve", "subject": "d-1", "version": "3"}
FORM = "application/x-www-form-urlencoded"


@dataclass
class Request:
    content_type: str = FORM
    content_length: int | None = None


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/handoff C-102", "handoff C-102"),
        ("handoff C-102", "handoff C-102"),
        ("  @Baton handoff C-102 to dana ", "handoff C-102 to dana"),
        ("@baton: /handoff", "handoff"),
        ("/", ""),
        ("@baton", ""),
        ("@batonrouge", "@batonrouge"),
        ("a/b", "a/b"),
    ],
)
def test_slash_and_mention_are_taken_off_once(typed: str, meant: str) -> None:
    assert inbound.typed({"text": typed, "nonce": NONCE}, DANA, HARBOR).text == meant


def key(text: str = "handoff", nonce: str = NONCE) -> str:
    return inbound.typed({"text": text, "nonce": nonce}, DANA, HARBOR).key


def test_one_page_sent_twice_is_one_delivery_and_other_words_are_another() -> None:
    assert key() == key()
    assert key("handoff C-102") != key("handoff C-103")
    assert key(nonce="m" * 20) != key()


def test_the_key_of_a_delivery_holds_no_words() -> None:
    assert "C-102" not in key("handoff C-102")
    assert len(key()) == 64


@pytest.mark.parametrize("nonce", ["", "short", "has space in it !!", "x" * 65])
def test_a_page_without_a_proper_nonce_is_refused(nonce: str) -> None:
    with pytest.raises(Problem, match="incomplete"):
        key(nonce=nonce)


def test_a_press_says_what_the_button_meant() -> None:
    fields = PRESS | {"v.reason": "not yet", "origin": "m1", "csrf": "x", "draw": "console"}
    origin = CardRef(Platform.WEB, "console", "harbor", "m1")
    assert inbound.press(fields, DANA, HARBOR) == Press(
        Action.APPROVE, "d-1", 3, DANA, HARBOR, {"reason": "not yet"}, origin
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "drop_tables"},
        {"action": ""},
        {"subject": ""},
        {"subject": "with space"},
        {"subject": "x" * 201},
        {"version": "-1"},
        {"version": "three"},
        {"version": "٣"},
        {"version": "9" * 30},
    ],
)
def test_a_press_no_page_sends_is_refused_without_repeating_it(wrong: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        inbound.press(PRESS | wrong, DANA, HARBOR)
    assert refused.value.status == 400
    assert all(not value or value not in refused.value.sentence for value in wrong.values())


async def test_line_ends_of_a_form_arrive_as_newlines() -> None:
    assert await inbound.form(Request(), chunks(b"v.a=one%0D%0At", b"wo&v.b=")) == {"v.a": "one\ntwo", "v.b": ""}


@pytest.mark.parametrize(
    ("request_", "body", "status"),
    [
        (Request("application/json"), b"{}", 415),
        (Request("multipart/form-data"), b"", 415),
        (Request(content_length=inbound.BODY_BYTES + 1), b"", 413),
        (Request(), b"a=" + b"x" * inbound.BODY_BYTES, 413),
        (Request(), b"a=" + b"x" * (inbound.VALUE_CHARACTERS + 1), 413),
        (Request(), b"a=%00", 413),
        (Request(), b"a=%ff%fe", 400),
        (Request(), b"&".join(b"a%d=1" % n for n in range(200)), 400),
    ],
)
async def test_a_body_that_is_no_form_is_refused(request_: Request, body: bytes, status: int) -> None:
    with pytest.raises(Problem) as refused:
        await inbound.form(request_, chunks(body))
    assert refused.value.status == status


async def test_a_body_without_an_end_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield b"x" * 100_000

    with pytest.raises(Problem):
        await inbound.form(Request(), endless())
    assert read < 20


@given(body=st.binary(max_size=300))
async def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Problem):
        inbound.press(await inbound.form(Request(), chunks(body)), DANA, HARBOR)
