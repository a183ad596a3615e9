"""The lines of a login file are there for minutes: nothing but the import can tell the planner how many they are."""

from django.db import migrations

# Only its owner may analyse a table (before PostgreSQL 17), and the application owns none.
COUNTED = """
CREATE FUNCTION accounts_loginline_counted() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  ANALYZE public.accounts_loginline;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_stopped_proposals")]
    operations = [migrations.RunSQL(COUNTED, "DROP FUNCTION accounts_loginline_counted()")]
