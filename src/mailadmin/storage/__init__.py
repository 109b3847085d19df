"""Where things are kept: one database per site, SQLite by default, PostgreSQL where it is shared."""
