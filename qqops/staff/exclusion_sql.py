"""How the database is told which roles exclude each other."""

from qqops.staff.policy import EXCLUSIVE, ROLES


def slots() -> dict[str, list[int]]:
    """For each role the places it takes: one of its own, and one for each pair it belongs to.

    Two roles of one person collide when they take a common place; so the rule is a plain exclusion constraint,
    which holds between transactions that do not see each other. Migration 0002 has it written out; a test holds it
    against this, so that a changed table asks for a migration.
    """
    taken = {role: [place] for place, role in enumerate(ROLES)}
    for place, pair in enumerate(sorted(EXCLUSIVE), start=len(ROLES)):
        for role in pair:
            taken[role].append(place)
    return taken
