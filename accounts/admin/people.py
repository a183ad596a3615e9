"""Searching for a person by an exact value."""
