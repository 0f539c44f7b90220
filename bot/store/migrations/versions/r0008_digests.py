"""Digests: one for each team, kind and period; where each goes; and what people did about its lines."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008", "0007"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "digests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=64)),
        sa.Column("asked_by", sa.String(length=64)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("team", "kind", "period"),
        if_not_exists=True,
    )
    op.create_index("ix_digests_newest", "digests", ["team", "kind", "due_at"], if_not_exists=True)
    op.create_table(
        "digest_posts",
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("digest_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("staff_id", sa.String(length=64)),
        sa.Column("view", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=255)),
        sa.Column("message", sa.String(length=255)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"]),
        if_not_exists=True,
    )
    op.create_index("ix_digest_posts_digest_id", "digest_posts", ["digest_id"], if_not_exists=True)
    op.create_table(
        "digest_marks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("line", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=64), nullable=False),
        sa.Column("mark", sa.String(length=16), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.LargeBinary()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index("ix_digest_marks_team", "digest_marks", ["team", "at"], if_not_exists=True)
