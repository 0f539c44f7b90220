"""The board keeps each message once, shows private ones to their person only, and survives being text."""

from dataclasses import is_dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import TypeAliasType, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import CardView, Home, Notice, Place, Platform, Postable
from bot.web import as_json
from bot.web.as_json import View, from_json, to_json
from bot.web.board import MemoryBoard, Message
from skills.kit import Card, Line, Passage, Source, Sourced, Tone
from tests.fakes import views

EVERY_VIEW: list[View] = [
    views.CARD_VIEW,
    views.NOTICE,
    views.PICKER,
    views.LONG_PICKER,
    views.FORM,
    views.DETAIL,
    views.HOME,
]
HERE = Place(Platform.WEB, "console", "harbor")
ELSEWHERE = Place(Platform.WEB, "console", "crisis")
AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


def message(number: int, *, key: str = "", to_user: str | None = None, at: datetime = AT) -> Message:
    return Message(f"m{number}", "console", "harbor", key or f"k{number}", Notice(f"No. {number}"), at, at, to_user)


@pytest.mark.parametrize("view", EVERY_VIEW, ids=lambda view: type(view).__name__)
def test_each_view_comes_back_from_text_as_it_was(view: View) -> None:
    assert from_json(to_json(view)) == view


when = st.one_of(
    st.none(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=-5)))),
)


@given(text=st.text(), when=when, line=st.none() | st.integers(1, 9999), tone=st.sampled_from(Tone))
def test_any_words_and_any_date_come_back_exactly(
    text: str, when: datetime | date | None, line: int | None, tone: Tone
) -> None:
    source = Source("DocumentReference/1", "2", text, when, None, line)
    card = Card("notice", (), (Sourced(Passage("k", text, (Line(text, (source,)),))),))
    view = CardView(card, replace(views.CARD_VIEW.status, tone=tone))
    back = from_json(to_json(view))
    assert back == view
    assert isinstance(back, CardView)
    assert isinstance(back.card.detail[0], Sourced)
    assert type(back.card.detail[0].passage.lines[0].sources[0].when) is type(when)


def kinds_within(kind: object) -> set[type]:
    """Every dataclass and enumeration that a value of this type can hold."""
    if isinstance(kind, TypeAliasType):
        return kinds_within(kind.__value__)
    inner = {found for argument in get_args(kind) for found in kinds_within(argument)}
    if isinstance(kind, type) and is_dataclass(kind):
        return inner.union({kind}, *(kinds_within(hint) for hint in get_type_hints(kind).values()))
    return inner | ({kind} if isinstance(kind, type) and issubclass(kind, Enum) else set())


def test_nothing_a_posted_view_can_hold_is_unknown_to_the_text_form() -> None:
    known = {*as_json._RECORDS.values(), *as_json._WORDS.values()}
    assert Source in kinds_within(Postable)
    assert kinds_within(Postable) | kinds_within(Home) <= known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"is":"Title","text":"a block is not a view"}',
        '{"is":"Notice"}',
        '{"is":"Notice","text":"a","more":1}',
        '{"is":"open","value":"/etc/passwd"}',
    ],
)
def test_text_that_is_not_a_stored_view_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^This text is not a stored view\.$"):
        from_json(text)


async def test_a_key_is_kept_once_and_the_first_message_is_answered() -> None:
    board = MemoryBoard()
    await board.add(message(1, key="same"))
    again = await board.add(message(2, key="same"))
    assert again.id == "m1"
    assert [m.id for m in await board.conversation(HERE, "dana")] == ["m1"]


async def test_a_private_message_is_seen_by_its_person_only() -> None:
    board = MemoryBoard()
    await board.add(message(1))
    await board.add(message(2, to_user="dana"))
    assert [m.id for m in await board.conversation(HERE, "dana")] == ["m1", "m2"]
    assert [m.id for m in await board.conversation(HERE, "omar")] == ["m1"]
    assert await board.conversation(ELSEWHERE, "dana") == ()


async def test_the_newest_messages_come_last_and_the_oldest_fall_out_first() -> None:
    board = MemoryBoard()
    for number in (3, 1, 2):
        await board.add(message(number, at=AT + timedelta(minutes=number)))
    assert [m.id for m in await board.conversation(HERE, "dana", limit=2)] == ["m2", "m3"]


async def test_a_message_is_redrawn_where_it_stands() -> None:
    board = MemoryBoard()
    await board.add(message(1))
    later = AT + timedelta(minutes=1)
    assert await board.replace("m1", Notice("Changed."), later)
    kept = await board.get("m1")
    assert kept is not None
    assert (kept.view, kept.posted_at, kept.updated_at) == (Notice("Changed."), AT, later)
    assert await board.replace("m9", Notice("Changed."), later) is None
