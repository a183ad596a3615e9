"""What the database itself knows of roles: which exclude each other, and that an end is never put off.

Kept as SQL text for migration 0002; a test holds it against roles.py, so that a changed table asks for a migration.
"""

from qqops.staff.roles import EXCLUSIVE, ROLES


def slots() -> dict[str, list[int]]:
    """For each role the places it takes: one of its own, and one for each pair it belongs to.

    Two roles of one person collide when they take a common place; so the rule is a plain exclusion constraint,
    which holds between transactions that do not see each other.
    """
    taken = {role: [place] for place, role in enumerate(ROLES)}
    for place, pair in enumerate(sorted(EXCLUSIVE), start=len(ROLES)):
        for role in pair:
            taken[role].append(place)
    return taken


_CASES = " ".join(f"WHEN '{role}' THEN ARRAY{places}" for role, places in slots().items())

HOLDINGS = f"""
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS intarray;

CREATE FUNCTION staff_role_slots(role text) RETURNS int[] LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT CASE role {_CASES} END
$$;

ALTER TABLE staff_holding ADD CONSTRAINT holding_exclusive EXCLUDE USING gist (
  staff_id WITH =, staff_role_slots(role) gist__int_ops WITH &&, tstzrange(since, until) WITH &&);

CREATE FUNCTION staff_holding_only_shortened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a role held can only be shortened' USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER only_shortened BEFORE UPDATE ON staff_holding FOR EACH ROW
  WHEN (coalesce(NEW.until, 'infinity') > coalesce(OLD.until, 'infinity'))
  EXECUTE FUNCTION staff_holding_only_shortened();
"""

DROP_HOLDINGS = """
DROP TRIGGER only_shortened ON staff_holding;
DROP FUNCTION staff_holding_only_shortened();
ALTER TABLE staff_holding DROP CONSTRAINT holding_exclusive;
DROP FUNCTION staff_role_slots(text);
"""
