"""Every sealed column, and the context of its values: `<table>.<column>/<key>`. One left out could not be re-sealed."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, RowMapping, Table

from bot.store import tables as t


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """`by` names the columns whose values end the context."""

    table: Table
    name: str
    by: tuple[str, ...] = ("id",)

    @property
    def column(self) -> Column[Any]:
        return self.table.c[self.name]

    def context(self, row: RowMapping) -> str:
        return "/".join([f"{self.table.name}.{self.name}", *(str(row[key]) for key in self.by)])


OF_A_VERSION: Final = ("draft_id", "version")

SEALED: Final = (
    SealedColumn(t.requests, "words"),
    SealedColumn(t.requests, "options"),
    SealedColumn(t.drafts, "reason"),
    SealedColumn(t.draft_versions, "facts", OF_A_VERSION),
    SealedColumn(t.draft_versions, "text", OF_A_VERSION),
    SealedColumn(t.draft_versions, "base", OF_A_VERSION),
    SealedColumn(t.draft_versions, "changes", OF_A_VERSION),
    SealedColumn(t.draft_versions, "sources", OF_A_VERSION),
    SealedColumn(t.model_calls, "prompt"),
    SealedColumn(t.model_calls, "completion"),
    SealedColumn(t.model_calls, "tags"),
    SealedColumn(t.exchanges, "words"),
    SealedColumn(t.break_glass, "reason"),
    SealedColumn(t.web_messages, "view", ("message",)),
    SealedColumn(t.disclosures, "details", ("key",)),
    SealedColumn(t.inbox, "body", ("key",)),
    SealedColumn(t.inbox, "answer", ("key",)),
    SealedColumn(t.escalation_signals, "signal", ("key",)),
    SealedColumn(t.escalation_events, "words", ("escalation", "seq")),
    SealedColumn(t.conflicts, "finding"),
    SealedColumn(t.digests, "content"),
    SealedColumn(t.digest_marks, "reason"),
    SealedColumn(t.referral_asks, "lines", ("request_id",)),
    SealedColumn(t.slack_installations, "bot_token", ("key",)),
    SealedColumn(t.slack_installations, "refresh_token", ("key",)),
)
