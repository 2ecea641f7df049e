"""Keep: the journal, the DuckDB database, sealed days and what retires them."""
