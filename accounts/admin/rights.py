"""Data requests on the staff web."""
