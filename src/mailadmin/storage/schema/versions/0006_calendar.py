"""Calendar: which activities calendars were told of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_entries",
        sa.Column("activity_key", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("activity", "uid", "user_id", "service", "account", "content_hash", "standing", "updated_at")
        ),
        sa.Column("remote_id", sa.Text()),
        sa.Column("document", sa.Text()),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("mac", sa.Text()),
        sa.PrimaryKeyConstraint("activity_key"),
        sa.UniqueConstraint("uid"),
    )
