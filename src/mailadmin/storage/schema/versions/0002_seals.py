"""Seals: of every governed row, and the sealer itself, encrypted under the store's key."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GOVERNED = (
    "branches",
    "contacts",
    "cost_centres",
    "entities",
    "mail_preferences",
    "overrides",
    "portals",
    "role_permissions",
    "services",
    "users",
    "web_configurations",
)


def upgrade() -> None:
    for table in GOVERNED:
        op.add_column(table, sa.Column("mac", sa.Text(), nullable=True))
    op.add_column("store", sa.Column("sealer_nonce", sa.LargeBinary(), nullable=True))
    op.add_column("store", sa.Column("sealer", sa.LargeBinary(), nullable=True))
    op.add_column("store", sa.Column("sealed_from", sa.Integer(), nullable=True))
