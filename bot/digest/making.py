"""From a slot of the calendar to a digest that is kept: promised once, read in few trips, sealed, then it goes out.

The watermark is the end of the last digest that was delivered, or quiet, and complete: it moves with nothing else. A
digest that did not go out before the next is due is passed over, and the next one covers its time and says so.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clinic import StaffMember
from bot.digest import content, doing, gather, posting, records
from bot.digest.content import Content, DigestLine
from bot.digest.marks import retired
from bot.digest.promise import promised
from bot.digest.records import COUNTED, Digest, PostState, State
from bot.digest.schedule import ASKED, JOB, Kind, due_of, live, slug
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import YES_TEAM
from bot.store.jobs import Finish, Job, Later
from ehr_clients.errors import EhrError, EhrUnavailable

LATE: Final = timedelta(minutes=15)
RETRY_S: Final = 30.0
LOOKED_BACK: Final = 8  # digests whose news is not told again
KEPT_DAYS: Final = 35
_log = structlog.get_logger(__name__)


# A slot came, or a person asked


async def begin(office: Office, job: Job) -> Finish | None:
    """The job of the calendar. Whoever gets here first promises it; for everybody else it is there already."""
    due = due_of(office.clinic, job.ref)
    if due is None or not live(office.clinic.team(due.team)):
        _log.info("digest_not_live", code=job.ref)
        return None
    return lambda conn: promised(conn, due)


# It is made


async def make(office: Office, job: Job) -> Finish | None:
    async with office.db.write() as conn:
        digest = await records.one(conn, job.ref, lock=True)
        if digest is None or digest.state is not State.DUE:
            return None
        if digest.kind not in ASKED:
            await _pass_over_older(conn, office, digest)
        before = await _delivered_before(conn, digest)
    since, now = _since(digest, before), office.clock()
    try:
        news = await gather.news(office, digest.team, since, now, trends=digest.kind.trends)
    except EhrUnavailable as error:
        raise Later("ehr_unavailable", after_s=error.retry_after_s or RETRY_S) from error
    except EhrError as error:
        raise Later("ehr_refused", after_s=RETRY_S * 10) from error
    fresh = replace(news, lines=_untold(office, news, before if digest.kind not in ASKED else []))
    return lambda conn: _keep(conn, office, digest, fresh, since, now)


async def _pass_over_older(conn: AsyncConnection, office: Office, digest: Digest) -> None:
    """What an older one has not posted yet is withdrawn. Raises Later while it is being posted just now."""
    at = office.clock()
    for older in await records.open_before(conn, digest.team, digest.kind, digest.due_at):
        posts = await records.posts_of(conn, older.id)
        if any(post.state is PostState.SENDING for post in posts):
            raise Later("older_under_way", after_s=10)
        for post in posts:
            await records.set_post(conn, post.key, of=[PostState.DUE], to=PostState.WITHDRAWN, at=at)
        arrived = any(post.state is PostState.POSTED for post in posts)
        to, reason = (State.DELIVERED, older.reason) if arrived else (State.SKIPPED, "superseded")
        await records.move(conn, older.id, of=[State.DUE, State.MADE], to=to, at=at, reason=reason)
        _log.warning("digest_passed_over", code=older.period, kind=older.kind.value, state=to.value)


async def _delivered_before(conn: AsyncConnection, digest: Digest) -> list[Digest]:
    """Newest first. What one person asked for rests on the team's daily one."""
    kind = Kind.DAILY if digest.kind in ASKED else digest.kind
    return await records.newest(conn, digest.team, [kind], states=COUNTED, most=LOOKED_BACK)


def _since(digest: Digest, before: Sequence[Digest]) -> datetime:
    """Where the last one ended, or where it began when it was incomplete. A week that is asked for is a week."""
    last = before[0] if before else None
    ended = (last.until if last.complete else last.since) if last else None
    return digest.due_at - digest.kind.covers if ended is None or digest.kind is Kind.WEEK else ended


def _untold(office: Office, news: Content, before: Sequence[Digest]) -> tuple[DigestLine, ...]:
    """Without what was told already: readings overlap by days, and one that was incomplete is done again."""
    kept = [records.opened(office.seal, one) for one in before]
    told = {line.key for text in kept if text is not None for line in content.from_json(text).lines}
    return tuple(line for line in news.lines if line.key not in told)


async def _keep(
    conn: AsyncConnection, office: Office, digest: Digest, news: Content, since: datetime, until: datetime
) -> None:
    """Its content, its counts, its place in the audit trail and the promise to post it, or all of that not."""
    gone = retired(await records.marks(conn, digest.team))
    news = replace(news, lines=tuple(line for line in news.lines if line.safety or line.kind not in gone))
    values: dict[str, Any] = {
        "since": since,
        "until": until,
        "complete": not news.gaps,
        "content": records.sealed(office.seal, digest.id, content.to_json(news)),
        "counts": _counts(news),
        "reason": "late" if until - digest.due_at > LATE else None,
    }
    quiet = news.silent and digest.kind not in ASKED and not office.clinic.team(digest.team).digest.all_quiet
    to = State.QUIET if quiet else State.MADE
    if await records.move(conn, digest.id, of=[State.DUE], to=to, at=until, **values):
        await _note_reading(conn, office, digest, news)
        _log.info("digest_made", kind=digest.kind.value, state=to.value, lines=len(news.lines), trips=news.trips)
        if not quiet:
            await posting.promise(conn, office, replace(digest, state=to, since=since, until=until), news)
        if digest.kind is Kind.WEEKLY:
            await doing.propose(conn, office, digest)


def _counts(news: Content) -> dict[str, Any]:
    figures = {"lines": len(news.lines), "clients": news.clients, "trips": news.trips, "gaps": len(news.gaps)}
    return {**figures, "by_kind": content.by_kind(news)}


async def _note_reading(conn: AsyncConnection, office: Office, digest: Digest, news: Content) -> None:
    by: StaffMember | None = office.people.by_id(digest.asked_by) if digest.asked_by else None
    counts = {"clients": news.clients, "lines": len(news.lines)}
    refs = tuple(sorted({ref for line in news.lines for ref in line.refs}))
    about = trail.About("digest", digest.id)
    more: dict[str, Any] = {"answer": YES_TEAM, "purpose": "TREAT", "counts": counts, "source_refs": refs}
    await trail.note(conn, office, Audited.CHART_READ, by, about, **more)


# What went wrong before


async def missed(conn: AsyncConnection, digest: Digest) -> list[str]:
    """Periods since the last one that was delivered that had no digest of their own, oldest first."""
    last = await records.newest(conn, digest.team, [digest.kind], states=[State.DELIVERED.value])
    since = last[0].due_at if last else digest.due_at - timedelta(days=KEPT_DAYS)
    name = f"{JOB}:{slug(digest.team)}:{digest.kind}"
    never_begun = await records.skipped_slots(conn, name, since)
    all_since = await records.of_team(conn, digest.team, since)
    given_up = [d.period for d in all_since if d.kind is digest.kind and d.state is State.SKIPPED]
    return sorted({*never_begun, *given_up} - {digest.period})


async def forget(conn: AsyncConnection, now: datetime) -> int:
    """For housekeeping: content that no later digest is compared with any more."""
    return await records.forget(conn, now - timedelta(days=KEPT_DAYS))
