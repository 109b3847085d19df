"""From what was to what shall be: the content of a legacy export, and what becomes of it."""
