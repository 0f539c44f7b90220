"""Each version says how it was worded, and what a model was asked and answered is kept for as long as it is set to be.

Databases from before there were revisions may have all of it already.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    if "how" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("draft_versions")}:
        op.add_column("draft_versions", sa.Column("how", sa.JSON()))
    op.create_table(
        "model_calls",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("skill", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("prompt_version", sa.String(length=64), nullable=False),
        sa.Column("prompt_hash", sa.String(length=64)),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("prompt", sa.LargeBinary()),
        sa.Column("completion", sa.LargeBinary()),
        sa.Column("tags", sa.LargeBinary()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_index("ix_model_calls_request_id", "model_calls", ["request_id"], if_not_exists=True)
    op.create_index("ix_model_calls_outcome", "model_calls", ["outcome"], if_not_exists=True)
