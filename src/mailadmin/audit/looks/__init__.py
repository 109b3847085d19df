"""What the rules look for, by what it is about: pure functions from facts to what was seen."""
