"""Holds and erasure certificates on the staff web."""
