"""Measurements, each printed as a table: ``python -m benchmarks`` runs all of them."""
