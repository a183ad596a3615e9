"""How long the random, race and kill tests go on: small in the suite, full in `make campaign`."""

import os

FULL = os.environ.get("QQOPS_CAMPAIGN") == "full"


def size(small: int, full: int) -> int:
    return full if FULL else small
