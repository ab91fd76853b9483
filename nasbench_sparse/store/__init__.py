"""The store: journals beside one DuckDB file."""
