"""What exists: frozen values, and nothing that reads, writes or asks the time."""
