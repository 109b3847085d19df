"""Exceptions: findings of an audit that somebody answers for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exceptions",
        sa.Column("rule_key", sa.Text(), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("rule", "subject", "reason", "owner", "until")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.Text()),
        sa.PrimaryKeyConstraint("rule_key", "subject_key"),
    )
