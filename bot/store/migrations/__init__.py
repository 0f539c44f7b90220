"""The revisions of the schema, oldest first. Known without importing alembic, so that an up-to-date start is quick."""

from typing import Final

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
