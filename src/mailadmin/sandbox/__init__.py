"""A safe place to send to: SMTP, Entra and Graph on loopback, faults on demand, and one inbox with a page."""
