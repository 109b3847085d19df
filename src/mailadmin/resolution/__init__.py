"""Which setting is in force, and why: pure functions over an Organisation."""
