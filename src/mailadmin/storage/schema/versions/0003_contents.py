"""Contents: which rows there are, and to which bucket those of a user belong."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("table_name"),
    )
    op.add_column("store", sa.Column("contents_from", sa.Integer(), nullable=True))
    op.add_column("store", sa.Column("mac", sa.Text(), nullable=True))
    for table in ("users", "overrides"):
        op.add_column(table, sa.Column("bucket", sa.Integer(), nullable=True))
    _fill()
    for table in ("users", "overrides"):
        op.create_index(f"ix_{table}_bucket", table, ["bucket"])


def _fill() -> None:
    """Every override has a user: it is in the user's bucket."""
    users = sa.table("users", sa.column("user_id_key"), sa.column("bucket"))
    keys = op.get_bind().execute(sa.select(users.c.user_id_key)).scalars().all()
    if keys:
        at = users.c.user_id_key == sa.bindparam("at")
        statement = sa.update(users).where(at).values(bucket=sa.bindparam("new"))
        op.get_bind().execute(statement, [{"at": key, "new": _bucket(key)} for key in keys])
    op.execute(
        "UPDATE overrides SET bucket = (SELECT bucket FROM users WHERE users.user_id_key = overrides.user_id_key)"
    )


def _bucket(user: str) -> int:
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:2]) % 4096
