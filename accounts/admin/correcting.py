"""Verifications and correction demands on the staff web."""
