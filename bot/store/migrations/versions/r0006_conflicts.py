"""What was shown to a prescriber about medications that do not go together, so that it is shown once."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "conflicts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("draft_id", sa.String(length=32), nullable=False),
        sa.Column("finding", sa.LargeBinary()),
        sa.Column("part2", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=32)),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"]),
        sa.UniqueConstraint("client_id", "staff_id", "key"),
        if_not_exists=True,
    )
    op.create_index("ix_conflicts_draft_id", "conflicts", ["draft_id"], if_not_exists=True)
