"""Reveals on the staff web."""
