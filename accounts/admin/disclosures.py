"""The disclosure register on the staff web."""
