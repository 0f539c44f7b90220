"""A digest goes out: to each place once, whoever posts it and whoever dies meanwhile.

A post is claimed before it is sent. Who finds a claim that nobody settled looks on the platform first. Where outsiders
could read along the digest goes to people one by one, and the channel learns why.
"""

from dataclasses import replace
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat import CardRef, Chat, ChatRefused, ChatUnavailable, Notice, Place, Postable
from bot.clinic import StaffMember
from bot.digest import cards, content, making, places, records
from bot.digest.content import Content
from bot.digest.records import Digest, Post, PostState, State, View
from bot.flow import trail
from bot.flow.office import Office, chat_lane
from bot.flow.pace import messages_in
from bot.flow.present import OFF, OUTCOME_UNKNOWN, PACED, UNAVAILABLE, personal_place
from bot.privacy.audit import Action as Audited
from bot.store import jobs
from bot.store.jobs import Finish, Job, Later

POST: Final = "digest_post"
OPEN: Final = (PostState.DUE, PostState.SENDING)
_log = structlog.get_logger(__name__)


async def promise(conn: AsyncConnection, office: Office, digest: Digest, news: Content) -> None:
    """To whoever asked; else to the channel; else to each of the team."""
    place = places.channel_of(office, digest.team)
    if digest.asked_by is not None:
        await _to_person(conn, office, digest, digest.asked_by)
    elif place is not None:
        await _add(conn, office, digest, place, None, View.CARD)
    else:
        await _to_people(conn, office, digest, news)


async def _to_people(conn: AsyncConnection, office: Office, digest: Digest, news: Content) -> None:
    """Whoever has nothing in it hears nothing; what could not be read concerns everybody."""
    people = [s.id for s in places.people_of(office, digest.team) if _has_news(news, s)]
    reached = [await _to_person(conn, office, digest, staff_id) for staff_id in people]
    if not any(reached):
        await settle(conn, office, digest.id)


def _has_news(news: Content, staff: StaffMember) -> bool:
    return not news.lines or bool(news.gaps) or any(staff.id in line.readers for line in news.lines)


async def _to_person(conn: AsyncConnection, office: Office, digest: Digest, staff_id: str) -> bool:
    staff = office.people.by_id(staff_id)
    who = office.identity(staff) if staff and staff.active else None
    if who is None:
        return False
    await _add(conn, office, digest, Place(who.platform, who.tenant, "", personal=True), staff_id, View.PERSON)
    return True


async def _add(
    conn: AsyncConnection, office: Office, digest: Digest, place: Place, staff_id: str | None, view: View
) -> None:
    key = f"digest-{digest.id}-{staff_id or view.value}"
    post = Post(
        key=key, digest_id=digest.id, place=place, staff_id=staff_id, view=view, state=PostState.DUE, message=None
    )
    if await records.add_post(conn, post, office.clock()):
        lane = chat_lane(replace(place, conversation=place.conversation or staff_id or ""))
        await jobs.enqueue(conn, POST, key, lane=lane, dedup=f"{POST}:{key}")


# One place


async def post(office: Office, job: Job) -> Finish | None:
    async with office.db.read() as conn:
        wanted = await records.post(conn, job.ref)
        digest = await records.one(conn, wanted.digest_id) if wanted else None
    if wanted is None or digest is None or not _open(wanted, digest):
        return None
    chat = office.chats.get(wanted.place.platform)
    if chat is None:
        raise Later(OFF)
    place = await _place(office, chat, wanted)
    if wanted.view is View.CARD and await places.outsiders(office, place) is not None:
        _log.warning("digest_outsiders", code=digest.id)
        return lambda conn: _one_by_one(conn, office, wanted, reason="channel.outsiders", why=True)
    view = await _view(office, digest, wanted)
    if view is None:
        return lambda conn: _settled(conn, office, wanted, PostState.SILENT)
    return await _posted(office, chat, wanted, view, place)


def _open(post: Post, digest: Digest) -> bool:
    """Why nothing stands in the channel is said there even when everybody has theirs already."""
    return post.state in OPEN and (digest.state is State.MADE or post.view is View.WHY)


async def _posted(office: Office, chat: Chat, wanted: Post, view: Postable, place: Place) -> Finish | None:
    """Raises Later; a place that declines is given up, and one that may have it is looked at first."""
    if wait_s := office.pace.take(place, count=messages_in(view, place.platform)):
        raise Later(PACED, after_s=wait_s)
    claimed = await _claim(office, wanted)
    if claimed is None:
        return None
    try:
        there = await chat.find(place, key=wanted.key) if claimed is PostState.SENDING else None
        ref = there or await chat.post(view, place, key=wanted.key)
    except ChatRefused:
        return lambda conn: _declined(conn, office, wanted)
    except ChatUnavailable as error:
        raise await _not_now(office, wanted, claimed, place, error) from error
    return lambda conn: _arrived(conn, office, wanted, ref, place)


async def _claim(office: Office, wanted: Post) -> PostState | None:
    """In which state it was found; from now on it counts as perhaps sent. None: it is withdrawn or settled."""
    async with office.db.write() as conn:
        digest = await records.one(conn, wanted.digest_id, lock=True)
        fresh = await records.post(conn, wanted.key, lock=True)
        if digest is None or fresh is None or not _open(fresh, digest):
            return None
        await records.set_post(conn, wanted.key, of=OPEN, to=PostState.SENDING, at=office.clock())
    return fresh.state


async def _not_now(office: Office, wanted: Post, before: PostState, place: Place, error: ChatUnavailable) -> Later:
    """What certainly was not sent, now or before, is no longer claimed."""
    if error.retry_after_s:
        office.pace.hold(place, for_s=error.retry_after_s)
    if not error.sent and before is PostState.DUE:
        async with office.db.write() as conn:
            here = (PostState.SENDING,)
            await records.set_post(conn, wanted.key, of=here, to=PostState.DUE, at=office.clock())
    return Later(OUTCOME_UNKNOWN if error.sent else UNAVAILABLE, after_s=error.retry_after_s)


async def _place(office: Office, chat: Chat, wanted: Post) -> Place:
    staff = office.people.by_id(wanted.staff_id or "")
    who = office.identity(staff, wanted.place.platform) if staff else None
    return await personal_place(chat, who) if who is not None and wanted.place.personal else wanted.place


async def _view(office: Office, digest: Digest, wanted: Post) -> Postable | None:
    """As it stands when it is sent. None: nothing of it is for this person."""
    async with office.db.read() as conn:
        missed = await making.missed(conn, digest)
        marks = await records.marks(conn, digest.team, since=office.clock())
    kept = records.opened(office.seal, digest)
    if kept is None:
        return None
    reader = office.people.by_id(wanted.staff_id) if wanted.staff_id else None
    if wanted.view is View.WHY:
        return Notice(cards.WHY)
    return cards.digest_card(office, digest, content.from_json(kept), marks, reader=reader, missed=missed)


# What came of it


async def _arrived(conn: AsyncConnection, office: Office, wanted: Post, ref: CardRef, place: Place) -> None:
    where = {"message": ref.message, "conversation": ref.conversation}
    await _settled(conn, office, wanted, PostState.POSTED, **where)
    await trail.note(conn, office, Audited.MESSAGE_POSTED, None, trail.About("digest", wanted.digest_id), place=place)


async def _declined(conn: AsyncConnection, office: Office, wanted: Post) -> None:
    """A channel that is gone, or without Baton in it: the people get it. A person who cannot be reached does not."""
    if wanted.view is View.CARD:
        await _one_by_one(conn, office, wanted, reason="channel.gone", why=False)
    else:
        await _settled(conn, office, wanted, PostState.DEAD)


async def _settled(conn: AsyncConnection, office: Office, wanted: Post, to: PostState, **values: Any) -> None:
    await records.one(conn, wanted.digest_id, lock=True)  # first the digest, then its posts: as everybody does
    await records.set_post(conn, wanted.key, of=OPEN, to=to, at=office.clock(), **values)
    if to is PostState.DEAD:
        about = trail.About("digest", wanted.digest_id)
        await trail.note(conn, office, Audited.MESSAGE_FAILED, None, about, place=wanted.place)
    await settle(conn, office, wanted.digest_id)


async def _one_by_one(conn: AsyncConnection, office: Office, wanted: Post, *, reason: str, why: bool) -> None:
    """Once: only the first to take the card away from the channel gives it to the people."""
    digest = await records.one(conn, wanted.digest_id, lock=True)
    taken = await records.set_post(conn, wanted.key, of=OPEN, to=PostState.WITHDRAWN, at=office.clock())
    kept = records.opened(office.seal, digest) if digest is not None else None
    if digest is None or kept is None or not taken:
        return
    about = trail.About("digest", digest.id)
    await trail.note(conn, office, Audited.MESSAGE_FAILED, None, about, place=wanted.place, reason=reason)
    if why:
        await _add(conn, office, digest, wanted.place, None, View.WHY)
    await _to_people(conn, office, digest, content.from_json(kept))


async def settle(conn: AsyncConnection, office: Office, digest_id: str) -> None:
    """When the last place is settled: delivered, if anybody has it; quiet, if there was nothing for anybody."""
    digest = await records.one(conn, digest_id, lock=True)
    posts = [post for post in await records.posts_of(conn, digest_id) if post.view is not View.WHY]
    if digest is None or any(post.state in OPEN for post in posts):
        return
    to, reason = _outcome({post.state for post in posts}, digest.reason)
    if await records.move(conn, digest_id, of=[State.MADE], to=to, at=office.clock(), reason=reason):
        say = _log.warning if reason else _log.info
        say("digest_settled", kind=digest.kind.value, state=to.value, code=reason, count=len(posts))


def _outcome(states: set[PostState], reason: str | None) -> tuple[State, str | None]:
    if PostState.POSTED in states:
        return State.DELIVERED, reason
    if PostState.SILENT in states and PostState.DEAD not in states:
        return State.QUIET, reason
    return State.SKIPPED, "nobody_reached"
