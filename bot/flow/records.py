"""Rows in, frozen records out: the only place of the flow that writes SQL for requests, drafts and cards."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, Table, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot.chat import CardRef, Place, Platform, Who
from bot.drafting.how import How
from bot.drafts import Draft, State, may_move
from bot.store import tables as t
from bot.store.sealed import Seal
from bot.store.session import forget, insert_into
from skills.kit import DraftText, Facts, Skill

TEXT: TypeAdapter[DraftText] = TypeAdapter(DraftText)
SOURCES: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])
CHANGES: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])
OPTIONS: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A persisted request."""

    id: str
    skill: str
    staff_id: str
    who: Who
    place: Place
    client_id: str | None
    to_staff: str | None
    state: str
    reason: str | None
    draft_id: str | None
    created_at: datetime
    team: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One version of a draft, opened. `base` is the text as drafted, before a person edited it."""

    version: int
    facts: Facts
    text: DraftText
    base: DraftText
    changes: tuple[str, ...]
    sources: Mapping[str, str]
    unread: tuple[str, ...]  # sections that could not be read this time
    content_hash: str
    consent_hash: str
    made_by: str
    how: How | None = None  # how `base` got its words; None in versions of before it was kept


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    key: str
    draft_id: str
    place: Place
    to_staff: str | None
    message: str | None

    def ref(self) -> CardRef | None:
        if self.message is None:
            return None
        return CardRef(self.place.platform, self.place.tenant, self.place.conversation, self.message)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Words between sender and receiver."""

    id: str
    draft_id: str
    kind: str
    staff_id: str
    words: str
    at: datetime


async def insert_once(conn: AsyncConnection, table: Table, **values: Any) -> bool:
    """Insert unless a unique key says that it is there already. False: it was."""
    return (await conn.execute(_once(conn.dialect.name, table), values)).first() is not None


@cache
def _once(dialect: str, table: Table) -> ReturningInsert[tuple[Any]]:
    """Made once: making a statement costs more than running it."""
    first = next(iter(table.primary_key.columns))
    return insert_into(dialect, table).on_conflict_do_nothing().returning(first)


# Aliases


async def clients_of(conn: AsyncConnection, aliases: Collection[str]) -> dict[str, str]:
    """Client ids by alias in capitals, of those that are known; whoever asks about none asks nothing."""
    wanted = sorted({alias.upper() for alias in aliases if alias})
    if not wanted:
        return {}
    rows = await conn.execute(_CLIENTS, {"aliases": wanted})
    return {str(alias).upper(): str(client_id) for alias, client_id in rows}


_CLIENTS: Final = select(t.aliases.c.alias, t.aliases.c.client_id).where(
    func.upper(t.aliases.c.alias).in_(bindparam("aliases", expanding=True))
)


async def alias_for(conn: AsyncConnection, client_id: str, offered: str | None) -> str:
    """The client's stable alias: the EHR's own, else the next free number. Never derived from identity."""
    known = await conn.scalar(select(t.aliases.c.alias).where(t.aliases.c.client_id == client_id))
    if known:
        return str(known)
    if offered and await insert_once(conn, t.aliases, alias=offered, client_id=client_id):
        return offered
    number = 1001 + int(await conn.scalar(select(func.count()).select_from(t.aliases)) or 0)
    while not await insert_once(conn, t.aliases, alias=f"C-{number}", client_id=client_id):
        number += 1
    return f"C-{number}"


async def aliases_for(conn: AsyncConnection, offered: Mapping[str, str | None]) -> dict[str, str]:
    """Of many clients at once: their ids to their aliases; `offered` has the EHR's own, where there is one."""
    if not offered:
        return {}
    found = await conn.execute(_ALIASES, {"clients": sorted(offered)})
    known = {str(client): str(alias) for client, alias in found}
    new = {client: await alias_for(conn, client, offered[client]) for client in sorted(offered) if client not in known}
    return {**known, **new}


_ALIASES: Final = select(t.aliases.c.client_id, t.aliases.c.alias).where(
    t.aliases.c.client_id.in_(bindparam("clients", expanding=True))
)


# Requests


async def add_requests(conn: AsyncConnection, seal: Seal, some: Mapping[str, Asked]) -> set[str]:
    """Keep requests, by the platform's key of each delivery; returns the ids of those that were not kept before."""
    rows = [_request_row(seal, asked, key) for key, asked in some.items()]
    if not rows:
        return set()
    return {str(row[0]) for row in await conn.execute(_once(conn.dialect.name, t.requests), rows)}


def _request_row(seal: Seal, asked: Asked, key: str) -> dict[str, Any]:
    return {
        "id": asked.id,
        "key": key,
        "skill": asked.skill,
        "staff_id": asked.staff_id,
        "who": _plain(asked.who),
        "place": {**_plain(asked.place), "team": asked.team},
        "words": seal.seal(asked.words, context=f"requests.words/{asked.id}"),
        "client_id": asked.client_id,
        "to_staff": asked.to_staff,
        "state": asked.state,
        "created_at": asked.created_at,
    }


async def request(conn: AsyncConnection, seal: Seal, request_id: str) -> Asked | None:
    row = (await conn.execute(select(t.requests).where(t.requests.c.id == request_id))).mappings().first()
    return _asked(row, seal) if row else None


async def request_by_key(conn: AsyncConnection, seal: Seal, key: str) -> Asked | None:
    row = (await conn.execute(select(t.requests).where(t.requests.c.key == key))).mappings().first()
    return _asked(row, seal) if row else None


async def set_request(conn: AsyncConnection, request_id: str, **values: Any) -> None:
    await conn.execute(update(t.requests).where(t.requests.c.id == request_id).values(**values))


async def forget_words(conn: AsyncConnection, seal: Seal, request_id: str) -> None:
    """What was typed has done its work."""
    await set_request(conn, request_id, words=seal.seal("", context=f"requests.words/{request_id}"))


async def offer(conn: AsyncConnection, seal: Seal, request_id: str, options: Mapping[str, str]) -> None:
    """Remember what a picker offered (option -> client id), so that a choice is one of these and nothing else."""
    words = OPTIONS.dump_json(dict(options)).decode()
    await set_request(conn, request_id, options=seal.seal(words, context=f"requests.options/{request_id}"))


async def offered(conn: AsyncConnection, seal: Seal, request_id: str) -> Mapping[str, str]:
    sealed = await conn.scalar(select(t.requests.c.options).where(t.requests.c.id == request_id))
    return OPTIONS.validate_json(seal.open(sealed, context=f"requests.options/{request_id}")) if sealed else {}


# Drafts

_DRAFT_COLUMNS = [t.drafts.c[field.name] for field in fields(Draft)]


async def draft(conn: AsyncConnection, draft_id: str) -> Draft | None:
    row = (await conn.execute(select(*_DRAFT_COLUMNS).where(t.drafts.c.id == draft_id))).mappings().first()
    return _draft(row) if row else None


async def open_drafts(conn: AsyncConnection, *, client_id: str | None = None, skill: str | None = None) -> list[Draft]:
    """Drafts that still need somebody (also those filed and neither accepted nor recalled), newest first."""
    states = [State.WAITING, State.APPROVED, State.FILING_FAILED, State.FILED]
    closed = (t.drafts.c.accepted_at, t.drafts.c.recalled_at)
    query = select(*_DRAFT_COLUMNS).where(t.drafts.c.state.in_(states), *(c.is_(None) for c in closed))
    if client_id is not None:
        query = query.where(t.drafts.c.client_id == client_id)
    if skill is not None:
        query = query.where(t.drafts.c.skill == skill)
    rows = (await conn.execute(query.order_by(t.drafts.c.created_at.desc()))).mappings()
    return [_draft(row) for row in rows]


async def add_draft(conn: AsyncConnection, new: Draft) -> None:
    values = {field.name: getattr(new, field.name) for field in fields(Draft)}
    await conn.execute(insert(t.drafts).values(**values, updated_at=new.created_at))


async def move(conn: AsyncConnection, before: Draft, to: State, now: datetime, **values: Any) -> bool:
    """Compare-and-set on (id, version, state). False: somebody was first, nothing was changed."""
    if to is not before.state and not may_move(before.state, to):
        raise ValueError(f"a draft cannot go from {before.state} to {to}")
    same = (t.drafts.c.id == before.id, t.drafts.c.version == before.version, t.drafts.c.state == before.state)
    done = await conn.execute(update(t.drafts).where(*same).values(state=to, updated_at=now, **values))
    return done.rowcount == 1


async def set_once(conn: AsyncConnection, draft_id: str, now: datetime, *, empty: Sequence[str], **values: Any) -> bool:
    """Set columns of a filed draft if all of `empty` are still empty. False: somebody was first."""
    same = (t.drafts.c.id == draft_id, t.drafts.c.state == State.FILED, *(t.drafts.c[name].is_(None) for name in empty))
    done = await conn.execute(update(t.drafts).where(*same).values(updated_at=now, **values))
    return done.rowcount == 1


async def offer_again(conn: AsyncConnection, before: Draft, now: datetime, accept_by: datetime) -> bool:
    """A returned draft waits for its receiver once more. False: it does not lie with its sender."""
    closed = (t.drafts.c.accepted_at, t.drafts.c.recalled_at)
    same = (t.drafts.c.id == before.id, t.drafts.c.returned_at.is_not(None), *(c.is_(None) for c in closed))
    fresh = {"returned_at": None, "accept_by": accept_by, "updated_at": now}
    return (await conn.execute(update(t.drafts).where(*same).values(**fresh))).rowcount == 1


@cache
def _adapter(facts: type[Facts]) -> TypeAdapter[Any]:
    """Made once for each skill: making one takes twenty milliseconds of a click."""
    return TypeAdapter(facts)


async def add_version(
    conn: AsyncConnection, seal: Seal, draft_id: str, content: Content, *, policy: str, now: datetime
) -> None:
    def sealed(name: str, words: str) -> bytes:
        return seal.seal(words, context=f"draft_versions.{name}/{draft_id}/{content.version}")

    facts = _adapter(type(content.facts))  # type: ignore[arg-type]  # mypy: a class is no Hashable to it
    await conn.execute(
        insert(t.draft_versions).values(
            draft_id=draft_id,
            version=content.version,
            facts=sealed("facts", facts.dump_json(content.facts).decode()),
            text=sealed("text", TEXT.dump_json(content.text).decode()),
            base=sealed("base", TEXT.dump_json(content.base).decode()),
            changes=sealed("changes", CHANGES.dump_json(content.changes).decode()),
            sources=sealed("sources", SOURCES.dump_json(dict(content.sources)).decode()),
            unread=list(content.unread),
            content_hash=content.content_hash,
            consent_hash=content.consent_hash,
            policy_version=policy,
            made_by=content.made_by,
            how=asdict(content.how) if content.how else None,
            created_at=now,
        )
    )


async def content(conn: AsyncConnection, seal: Seal, skill: Skill[Any], draft_id: str, version: int) -> Content | None:
    """One version, opened. None when it is not there or was purged."""
    where = (t.draft_versions.c.draft_id == draft_id, t.draft_versions.c.version == version)
    row = (await conn.execute(select(t.draft_versions).where(*where))).mappings().first()
    if row is None or row["text"] is None:
        return None

    def opened(name: str) -> str:
        return seal.open(row[name], context=f"draft_versions.{name}/{draft_id}/{version}")

    facts = _adapter(skill.facts)  # type: ignore[arg-type]  # as above
    return Content(
        version=version,
        facts=facts.validate_json(opened("facts")),
        text=TEXT.validate_json(opened("text")),
        base=TEXT.validate_json(opened("base")),
        changes=CHANGES.validate_json(opened("changes")),
        sources=SOURCES.validate_json(opened("sources")),
        unread=tuple(row["unread"]),
        content_hash=row["content_hash"],
        consent_hash=row["consent_hash"],
        made_by=row["made_by"],
        how=How(**row["how"]) if row["how"] else None,
    )


async def hash_of(conn: AsyncConnection, draft_id: str, version: int) -> str | None:
    """The content hash of one version: kept after the content is purged."""
    where = (t.draft_versions.c.draft_id == draft_id, t.draft_versions.c.version == version)
    return await conn.scalar(select(t.draft_versions.c.content_hash).where(*where))


async def how_of(conn: AsyncConnection, draft_id: str, version: int) -> How | None:
    """How one version got its words: kept after the content is purged."""
    where = (t.draft_versions.c.draft_id == draft_id, t.draft_versions.c.version == version)
    how = await conn.scalar(select(t.draft_versions.c.how).where(*where))
    return How(**how) if how else None


async def stamp_of(conn: AsyncConnection, draft_id: str, version: int) -> str:
    """The stamp of the consent ruling one version rests on: kept after the content is purged."""
    where = (t.draft_versions.c.draft_id == draft_id, t.draft_versions.c.version == version)
    return str(await conn.scalar(select(t.draft_versions.c.consent_hash).where(*where)))


async def purge(conn: AsyncConnection, seal: Seal, draft_id: str) -> None:
    """Forget the content of every version and what was said about it; hashes and ids stay."""
    forget(conn)
    nothing = dict.fromkeys(("facts", "text", "base", "changes", "sources"))
    await conn.execute(update(t.draft_versions).where(t.draft_versions.c.draft_id == draft_id).values(**nothing))
    asked_in = select(t.drafts.c.request_id).where(t.drafts.c.id == draft_id).scalar_subquery()
    await conn.execute(update(t.model_calls).where(t.model_calls.c.request_id == asked_in).values(tags=None))
    said = await conn.scalars(select(t.exchanges.c.id).where(t.exchanges.c.draft_id == draft_id))
    for exchange_id in said.all():
        silence = seal.seal("", context=f"exchanges.words/{exchange_id}")
        await conn.execute(update(t.exchanges).where(t.exchanges.c.id == exchange_id).values(words=silence))


async def mark_reviewed(conn: AsyncConnection, draft_id: str, version: int, staff_id: str, now: datetime) -> bool:
    """True the first time this person has seen the whole of this version."""
    return await insert_once(conn, t.reviews, draft_id=draft_id, version=version, staff_id=staff_id, at=now)


async def reviewed(conn: AsyncConnection, draft_id: str, version: int, staff_id: str) -> bool:
    r = t.reviews.c
    query = select(r.at).where(r.draft_id == draft_id, r.version == version, r.staff_id == staff_id)
    return await conn.scalar(query) is not None


# Cards


async def add_card(conn: AsyncConnection, card: CardRow) -> bool:
    return await insert_once(
        conn,
        t.cards,
        key=card.key,
        draft_id=card.draft_id,
        platform=card.place.platform.value,
        tenant=card.place.tenant,
        conversation=card.place.conversation,
        thread=card.place.thread,
        to_staff=card.to_staff,
        dead=False,
    )


async def card(conn: AsyncConnection, key: str) -> CardRow | None:
    row = (await conn.execute(select(t.cards).where(t.cards.c.key == key))).mappings().first()
    return _card(row) if row else None


async def cards_of(conn: AsyncConnection, draft_id: str) -> list[CardRow]:
    query = select(t.cards).where(t.cards.c.draft_id == draft_id, t.cards.c.dead.is_(False)).order_by(t.cards.c.key)
    return [_card(row) for row in (await conn.execute(query)).mappings()]


async def cards_at(conn: AsyncConnection, place: Place) -> list[CardRow]:
    """Cards that stand in a conversation."""
    here = (t.cards.c.platform == place.platform) & (t.cards.c.tenant == place.tenant)
    here &= (t.cards.c.conversation == place.conversation) & t.cards.c.dead.is_(False)
    rows = await conn.execute(select(t.cards).where(here, t.cards.c.message.is_not(None)).order_by(t.cards.c.key))
    return [_card(row) for row in rows.mappings()]


async def set_card(conn: AsyncConnection, key: str, **values: Any) -> None:
    await conn.execute(update(t.cards).where(t.cards.c.key == key).values(**values))


# Receipts and exchanges


async def receipts(conn: AsyncConnection, draft_id: str) -> dict[str, RowMapping]:
    """Step name -> stored receipt."""
    rows = (await conn.execute(select(t.receipts).where(t.receipts.c.draft_id == draft_id))).mappings()
    return {row["step"]: row for row in rows}


async def add_exchange(conn: AsyncConnection, seal: Seal, exchange: Exchange) -> bool:
    """False: it is there already."""
    return await insert_once(
        conn,
        t.exchanges,
        id=exchange.id,
        draft_id=exchange.draft_id,
        kind=exchange.kind,
        staff_id=exchange.staff_id,
        words=seal.seal(exchange.words, context=f"exchanges.words/{exchange.id}"),
        at=exchange.at,
    )


async def exchanges(conn: AsyncConnection, seal: Seal, draft_id: str) -> list[Exchange]:
    """Oldest first."""
    query = select(t.exchanges).where(t.exchanges.c.draft_id == draft_id).order_by(t.exchanges.c.at)
    return [_exchange(row, seal) for row in (await conn.execute(query)).mappings()]


async def exchange(conn: AsyncConnection, seal: Seal, exchange_id: str) -> Exchange | None:
    row = (await conn.execute(select(t.exchanges).where(t.exchanges.c.id == exchange_id))).mappings().first()
    return _exchange(row, seal) if row else None


# Break-glass


async def broke_glass(conn: AsyncConnection, staff_id: str, client_id: str, now: datetime) -> bool:
    b = t.break_glass.c
    query = select(b.id).where(b.staff_id == staff_id, b.client_id == client_id, b.since <= now, b.until > now)
    return (await conn.execute(query)).first() is not None


# Helpers


def _plain(value: Who | Place) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _asked(row: RowMapping, seal: Seal) -> Asked:
    place = dict(row["place"])
    team = place.pop("team")
    return Asked(
        id=row["id"],
        skill=row["skill"],
        staff_id=row["staff_id"],
        who=Who(**{**row["who"], "platform": Platform(row["who"]["platform"])}),
        place=Place(**{**place, "platform": Platform(place["platform"])}),
        client_id=row["client_id"],
        to_staff=row["to_staff"],
        state=row["state"],
        reason=row["reason"],
        draft_id=row["draft_id"],
        created_at=row["created_at"],
        team=team,
        words=seal.open(row["words"], context=f"requests.words/{row['id']}"),
    )


def _draft(row: RowMapping) -> Draft:
    return Draft(**{**row, "state": State(row["state"])})


def _card(row: RowMapping) -> CardRow:
    personal = row["to_staff"] is not None
    place = Place(Platform(row["platform"]), row["tenant"], row["conversation"], personal, row["thread"])
    return CardRow(
        key=row["key"], draft_id=row["draft_id"], place=place, to_staff=row["to_staff"], message=row["message"]
    )


def _exchange(row: RowMapping, seal: Seal) -> Exchange:
    return Exchange(
        id=row["id"],
        draft_id=row["draft_id"],
        kind=row["kind"],
        staff_id=row["staff_id"],
        words=seal.open(row["words"], context=f"exchanges.words/{row['id']}"),
        at=row["at"],
    )
