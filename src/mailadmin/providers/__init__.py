"""Where messages go out: SMTP, Microsoft Exchange, and a memory for tests and dry runs."""
