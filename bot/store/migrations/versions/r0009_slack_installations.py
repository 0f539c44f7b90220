"""Where Baton is installed in Slack, with sealed tokens, and the states of installs that were begun."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009", "0008"
branch_labels = depends_on = None
phase = "expand"


def upgrade() -> None:
    op.create_table(
        "slack_installations",
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("tenant", sa.String(length=32), nullable=False),
        sa.Column("team", sa.String(length=32)),
        sa.Column("app_id", sa.String(length=32), nullable=False),
        sa.Column("bot_user", sa.String(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=2000), nullable=False),
        sa.Column("installed_by", sa.String(length=32), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bot_token", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary()),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("turn", sa.String(length=32)),
        sa.Column("turn_until", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_table(
        "slack_states",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        if_not_exists=True,
    )
