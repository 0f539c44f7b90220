"""Every disclosure is recorded: to whom, when, on what basis (45 CFR 164.528; 42 CFR 2.25, 2.51(c))."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "disclosures",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("part2", sa.Boolean(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("draft_id", sa.String(length=32)),
        sa.Column("consents", sa.JSON(), nullable=False),
        sa.Column("output_hash", sa.String(length=64)),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_disclosures_client", "disclosures", ["client_id", "at"], if_not_exists=True)
