"""Closed candles on disk: one CSV per ticker, appended as candles close."""
