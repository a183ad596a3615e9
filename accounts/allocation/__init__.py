"""Allocation (T4, 3.1, 3.2): opening tenures on numbers that nobody holds."""
