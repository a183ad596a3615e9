"""The input of the exclusion constraint on roles that exclude each other."""

from qqops.staff.policy import EXCLUSIVE, ROLES


def slots() -> dict[str, list[int]]:
    """Return the slots of each role: one of its own, and one for each exclusive pair that it belongs to.

    Two roles exclude each other if they share a slot. So a plain exclusion constraint enforces the rule, also between
    concurrent transactions. Migration 0002 contains the slots as SQL. A test compares it with this function, so that a
    change of EXCLUSIVE requires a migration.
    """
    taken = {role: [place] for place, role in enumerate(ROLES)}
    for place, pair in enumerate(sorted(EXCLUSIVE), start=len(ROLES)):
        for role in pair:
            taken[role].append(place)
    return taken
