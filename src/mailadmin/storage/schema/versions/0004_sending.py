"""Sending: the settings of it, and the outbox with its tries and files."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXTS = (
    "message_id", "state", "created_at", "created_by", "updated_at", "user_id", "context", "service", "cost_centre",
    "account", "sender_email", "sender_name", "own_email", "sender_reason", "subject", "recipients", "content_hash",
    "envelope_hash", "profile_hash", "note",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "settings",
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("cost_centre_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("cost_centre", sa.Text()),
        sa.Column("value", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.Text()),
        sa.PrimaryKeyConstraint("name_key", "cost_centre_key"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("message", sa.Text()),
        sa.Column("remote_id", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Text()),
        sa.Column("mac", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_table(
        "outbox_attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, autoincrement=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("at", "by", "outcome", "said", "recipients", "transcript")
        ),
        sa.PrimaryKeyConstraint("id", "attempt"),
    )
    op.create_table(
        "outbox_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "sha256"),
    )
    op.create_table(
        "verifications",
        sa.Column("profile_hash", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("at", "result", "rungs")),
        sa.PrimaryKeyConstraint("profile_hash"),
    )
