"""Packed documents: snapshots and plans are kept as bytes, a tenth of their size. Secrets are found by fingerprint."""

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_secrets_fingerprint", "secrets", ["fingerprint"])
    op.add_column("snapshots", sa.Column("seal", sa.Text()))
    for name, key, document in (("snapshots", "id", "document"), ("runs", "run", "plan")):
        op.add_column(name, sa.Column("packed", sa.LargeBinary()))
        _pack(name, key, document)
        with op.batch_alter_table(name) as table:
            table.drop_column(document)
            table.alter_column("packed", existing_type=sa.LargeBinary(), nullable=False)


def _pack(name: str, key: str, document: str) -> None:
    """One after the other: each can be as large as a store."""
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    for (value,) in connection.execute(sa.select(table.c[key])).all():
        at = table.c[key] == value
        text = connection.execute(sa.select(table.c[document]).where(at)).scalar_one()
        seal = {"seal": json.loads(text)["seal"]} if name == "snapshots" else {}
        connection.execute(sa.update(table).where(at).values(packed=zlib.compress(text.encode(), 1), **seal))
