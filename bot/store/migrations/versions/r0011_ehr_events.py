"""What the EHR told by itself, each once, and how far each of its subscriptions has come."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011", "0010"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "ehr_events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("subscription", sa.String(length=64), nullable=False),
        sa.Column("refs", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_ehr_events_at", "ehr_events", ["at"], if_not_exists=True)
    op.create_table(
        "ehr_subscriptions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("told", sa.BigInteger()),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
