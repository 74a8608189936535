"""Judging forecasters on data they had not seen."""
