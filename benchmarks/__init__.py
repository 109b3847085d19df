"""How quick mailadmin is, beside hand-written DuckDB SQL on the very same store. Run: python -m benchmarks."""
