"""Simulated positions: pure functions from quotes and trades to positions and profit."""
