"""What people come to do, one function each: read, decide, act."""
