"""The form of a backup: JSON lines that mean the same on SQLite and PostgreSQL.

{"baton_backup": 1, "revision": ..., "created_at": ..., "tables": {name: rows}, "audit": {"count": ..., "hash": ...}}
{"table": "requests", "columns": ["id", "key", ...]}
["5f2c...", "1732...", ...]            one line a row: bytes in base64, times in ISO 8601, sealed values still sealed
...
{"sha256": ..., "mark": ...}           of all bytes before; the mark can only be made with the secret key
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final

from sqlalchemy import JSON, Connection, DateTime, LargeBinary, MetaData, Table, inspect
from sqlalchemy.types import TypeEngine

from bot.privacy.audit import Head
from bot.store.sealed import Seal
from bot.store.tables import UtcTime, metadata, schema_revisions

FORMAT: Final = 1


class BackupRefused(Exception):
    """The file cannot be used, or not here. `str()` says why."""


@dataclass(frozen=True, slots=True)
class Header:
    revision: str
    created_at: str
    tables: Mapping[str, int]  # name -> rows, parents before children
    audit: Head


def tables_of(connection: Connection) -> list[Table]:
    """Baton's tables as this database has them, parents first; an older schema has fewer columns than we know."""
    there = set(inspect(connection).get_table_names()) - {schema_revisions.name}
    found = MetaData()
    found.reflect(connection, only=sorted(there & set(metadata.tables)))
    tables = [found.tables[table.name] for table in metadata.sorted_tables if table.name in found.tables]
    for column in (column for table in tables for column in table.columns):
        column.type = _portable(column.type)
    return tables


def _portable(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    match kind:
        case DateTime():
            return UtcTime()
        case JSON():
            return JSON(none_as_null=True)
        case _:
            return kind


class Writer:
    """Writes lines and keeps their hash."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def header(self, header: Header) -> None:
        end = {"count": header.audit.count, "hash": header.audit.hash}
        about = {"revision": header.revision, "created_at": header.created_at, "tables": dict(header.tables)}
        self._line({"baton_backup": FORMAT, **about, "audit": end})

    def table(self, table: Table) -> None:
        self._line({"table": table.name, "columns": [column.name for column in table.columns]})

    def row(self, values: Sequence[Any]) -> None:
        self._line([_plain(value) for value in values])

    def trailer(self, seal: Seal) -> None:
        digest = self._hash.digest()
        self._line({"sha256": digest.hex(), "mark": seal.mark(digest)})

    def _line(self, content: Any) -> None:
        line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        self._hash.update(line)
        self._file.write(line)


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.isoformat()
        case _:
            return value


def check(file: BinaryIO, seal: Seal) -> None:
    """Read it all before anything is believed. Raises BackupRefused."""
    hashed, last = hashlib.sha256(), b""
    for line in file:
        hashed.update(last)
        last = line
    trailer = _trailer(last)
    if hashed.hexdigest() != trailer["sha256"]:
        raise BackupRefused("This backup was altered or damaged after it was made.")
    if not seal.holds_key_of(trailer["mark"]):
        raise BackupRefused(
            "This backup was made with another secret key: name it in BATON_SECRET_KEY or BATON_OLD_SECRET_KEYS."
        )
    if not seal.marked(hashed.digest(), trailer["mark"]):
        raise BackupRefused("This backup was altered after it was made.")
    file.seek(0)


def _trailer(line: bytes) -> dict[str, str]:
    try:
        trailer = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        trailer = None
    if not isinstance(trailer, dict) or set(trailer) != {"sha256", "mark"}:
        raise BackupRefused("This file is not a whole backup of Baton: its last line is missing.")
    return trailer


def header(file: BinaryIO) -> Header:
    """The first line of a checked file."""
    first = json.loads(file.readline())
    if first.get("baton_backup") != FORMAT:
        raise BackupRefused("This backup has a form that this Baton does not know.")
    end = Head(first["audit"]["count"], first["audit"]["hash"])
    return Header(first["revision"], first["created_at"], first["tables"], end)


def rows(file: BinaryIO, tables: Mapping[str, Table], *, batch: int) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """The rest of a checked file: rows ready to insert, some at a time."""
    table, names, kept = Table("nothing", MetaData()), list[str](), list[dict[str, Any]]()
    for line in file:
        content = json.loads(line)
        if isinstance(content, list):
            kept.append({name: _value(table, name, plain) for name, plain in zip(names, content, strict=True)})
        if kept and (isinstance(content, dict) or len(kept) == batch):
            yield table, kept
            kept = []
        if isinstance(content, dict) and "table" in content:
            table, names = tables[content["table"]], content["columns"]


def _value(table: Table, name: str, plain: Any) -> Any:
    kind = table.c[name].type
    if plain is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(plain)
    return datetime.fromisoformat(plain) if isinstance(kind, UtcTime) else plain
