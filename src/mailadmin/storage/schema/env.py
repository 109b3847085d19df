"""Runs the schema's versions on the connection, and in the transaction, of whoever opens the store."""

from alembic import context

from mailadmin.storage.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
