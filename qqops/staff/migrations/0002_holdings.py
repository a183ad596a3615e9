from django.db import migrations

from qqops.approvals.models import copied

# Written out, so that a database made today and one made then are the same: when roles.EXCLUSIVE changes, a new
# migration replaces the function and the constraint (`qqops.staff.sql.slots` gives the places).
HOLDINGS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS intarray;

CREATE FUNCTION staff_role_slots(role text) RETURNS int[] LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT CASE role
    WHEN 'agent' THEN ARRAY[0, 8, 9]
    WHEN 'reviewer' THEN ARRAY[1, 17, 18, 19]
    WHEN 'officer' THEN ARRAY[2, 11, 12, 18]
    WHEN 'supervisor' THEN ARRAY[3, 20, 21, 22]
    WHEN 'resources' THEN ARRAY[4, 15, 16, 21]
    WHEN 'privacy' THEN ARRAY[5, 13, 14]
    WHEN 'auditor' THEN ARRAY[6, 8, 10, 11, 13, 15, 17, 20]
    WHEN 'sysadmin' THEN ARRAY[7, 9, 10, 12, 14, 16, 19, 22]
  END
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

-- A role that was asked for is held by whom it was asked for, and is that role.
ALTER TABLE staff_accessrequest ADD CONSTRAINT accessrequest_id_role UNIQUE (id, role);
ALTER TABLE staff_holding ADD CONSTRAINT holding_role_is_the_requests FOREIGN KEY (request_id, role)
  REFERENCES staff_accessrequest (id, role);

CREATE FUNCTION staff_request_answered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an access request is answered once' USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER answered_once BEFORE UPDATE OF state ON staff_accessrequest FOR EACH ROW
  WHEN (OLD.state <> 'proposed' AND NEW.state <> OLD.state) EXECUTE FUNCTION staff_request_answered_once();
"""

DROP_HOLDINGS = """
DROP TRIGGER answered_once ON staff_accessrequest;
DROP FUNCTION staff_request_answered_once();
ALTER TABLE staff_holding DROP CONSTRAINT holding_role_is_the_requests;
ALTER TABLE staff_accessrequest DROP CONSTRAINT accessrequest_id_role;
DROP TRIGGER only_shortened ON staff_holding;
DROP FUNCTION staff_holding_only_shortened();
ALTER TABLE staff_holding DROP CONSTRAINT holding_exclusive;
DROP FUNCTION staff_role_slots(text);
"""

# After `copied` has made (id, staff_id) unique in the requests.
WHOSE = (
    "ALTER TABLE staff_holding ADD CONSTRAINT holding_staff_is_the_requests FOREIGN KEY (request_id, staff_id)"
    " REFERENCES staff_accessrequest (id, staff_id)",
    "ALTER TABLE staff_holding DROP CONSTRAINT holding_staff_is_the_requests",
)


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]

    operations = [
        migrations.RunSQL(HOLDINGS, DROP_HOLDINGS),
        migrations.RunSQL(*copied("staff_accessapproval", "proposal_id", "staff_accessrequest", "maker_id")),
        migrations.RunSQL(*copied("staff_accessapproval", "proposal_id", "staff_accessrequest", "staff_id")),
        migrations.RunSQL(*copied("staff_glassreview", "holding_id", "staff_holding", "staff_id")),
        migrations.RunSQL(*WHOSE),
    ]
