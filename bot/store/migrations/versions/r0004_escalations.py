"""Escalations, what happened to each, every page, and what the auditor found."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"
branch_labels = depends_on = None
phase = "expand"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "escalations",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alias", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("treating", sa.JSON(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("due_at", MOMENT),
        sa.Column("standing", sa.JSON(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("acknowledged_at", MOMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        if_not_exists=True,
    )
    op.create_index("ix_escalations_client_id", "escalations", ["client_id"], if_not_exists=True)
    op.create_index("ix_escalations_due", "escalations", ["state", "due_at"], if_not_exists=True)
    op.create_table(
        "escalation_signals",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("signal", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["escalation"], ["escalations.number"]),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_escalation_signals_escalation", "escalation_signals", ["escalation"], if_not_exists=True)
    op.create_table(
        "escalation_events",
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=64)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("words", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["escalation"], ["escalations.number"]),
        sa.PrimaryKeyConstraint("escalation", "seq"),
        if_not_exists=True,
    )
    op.create_table(
        "escalation_pages",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=64)),
        sa.Column("channel", sa.String(length=64)),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64)),
        sa.Column("ref", sa.String(length=255)),
        sa.Column("place", sa.JSON()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.ForeignKeyConstraint(["escalation"], ["escalations.number"]),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_escalation_pages_escalation", "escalation_pages", ["escalation"], if_not_exists=True)
    op.create_index("ix_escalation_pages_ref", "escalation_pages", ["ref"], if_not_exists=True)
    op.create_table(
        "crisis_watches",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("passed_at", MOMENT),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("repaired", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
