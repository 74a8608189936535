"""Data in, component out. Knows the values of `core.domain` and nothing else of the core."""
