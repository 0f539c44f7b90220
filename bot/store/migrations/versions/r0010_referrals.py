"""Where each referral stood when the EHR was last asked, and what a draft about one is to say."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010", "0009"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("referral_id", sa.String(length=128), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=16)),
        sa.Column("since", sa.String(length=10)),
        sa.Column("owes", sa.String(length=16), nullable=False),
        sa.Column("due", sa.String(length=10)),
        sa.Column("closure", sa.String(length=32)),
        sa.Column("got_help", sa.Boolean()),
        sa.Column("part2", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(length=64)),
        sa.Column("prompted", sa.Integer(), nullable=False),
        sa.Column("next_prompt", sa.String(length=10)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("referral_id"),
        if_not_exists=True,
    )
    op.create_index("ix_referrals_client_id", "referrals", ["client_id"], if_not_exists=True)
    op.create_table(
        "referral_asks",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
        if_not_exists=True,
    )
