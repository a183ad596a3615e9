"""The breach register on the staff web."""
