"""The console keeps the promises of bot.chat.Chat."""

import pytest

from bot.chat import CardRef, Chat, ChatRefused, Notice, Place, Platform
from bot.web.outbound import WebChat, direct
from tests.fakes.console import DANA, HARBOR, Sandbox
from tests.fakes.views import CARD_VIEW, NOTICE, PICKER


async def seen(sandbox: Sandbox, person: str, place: Place = HARBOR) -> list[object]:
    return [message.view for message in await sandbox.board.conversation(place, person)]


def test_it_is_a_chat(sandbox: Sandbox) -> None:
    chat: Chat = sandbox.chat()
    assert chat.platform is Platform.WEB


async def test_a_second_post_with_the_same_key_posts_nothing(sandbox: Sandbox) -> None:
    first = await sandbox.chat().post(CARD_VIEW, HARBOR, key="k")
    assert await sandbox.chat().post(CARD_VIEW, HARBOR, key="k") == first
    assert await seen(sandbox, "omar") == [CARD_VIEW]


async def test_a_replaced_message_stays_where_it_is(sandbox: Sandbox) -> None:
    ref = await sandbox.chat().post(CARD_VIEW, HARBOR, key="k")
    assert await sandbox.chat().replace(ref, Notice("Filed.")) == ref
    assert await seen(sandbox, "omar") == [Notice("Filed.")]


async def test_replacing_what_is_gone_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ChatRefused, match="no longer"):
        await sandbox.chat().replace(CardRef(Platform.WEB, "console", "harbor", "gone"), NOTICE)


async def test_a_whisper_is_for_one_person_beside_the_conversation(sandbox: Sandbox) -> None:
    await sandbox.chat().whisper(PICKER, DANA, HARBOR)
    assert await seen(sandbox, "dana") == [PICKER]
    assert await seen(sandbox, "omar") == []


async def test_a_whisper_about_another_platform_goes_one_to_one(sandbox: Sandbox) -> None:
    await sandbox.chat().whisper(NOTICE, DANA, Place(Platform.SLACK, "T1", "C1"))
    assert await seen(sandbox, "dana", direct("console", "dana")) == [NOTICE]


async def test_a_personal_conversation_belongs_to_one_person(sandbox: Sandbox) -> None:
    place = await sandbox.chat().personal(DANA)
    assert place.personal
    await sandbox.chat().post(PICKER, place, key="k")
    assert await seen(sandbox, "dana", place) == [PICKER]


@pytest.mark.parametrize(
    ("place", "dead"),
    [
        (Place(Platform.WEB, "console", "nowhere"), True),
        (Place(Platform.WEB, "another", "harbor"), False),
        (Place(Platform.SLACK, "console", "harbor"), False),
    ],
)
async def test_posting_where_nobody_looks_is_refused(sandbox: Sandbox, place: Place, dead: bool) -> None:  # noqa: FBT001  a table column
    with pytest.raises(ChatRefused) as refused:
        await sandbox.chat().post(NOTICE, place, key="k")
    assert refused.value.dead is dead


async def test_a_picker_is_never_posted_to_a_channel(sandbox: Sandbox) -> None:
    with pytest.raises(ChatRefused, match="one person"):
        await WebChat(sandbox.board, ["harbor"]).post(PICKER, HARBOR, key="k")
