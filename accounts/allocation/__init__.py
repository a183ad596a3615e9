"""Allocation (T4, 3.1, 3.2): open tenures on numbers that no one holds."""
