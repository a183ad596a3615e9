from django.db import migrations

from qqops.approvals.models import copied

# As `accounts.premium.function_sql` made it; a change there is a new migration.
TIER = r"""
CREATE OR REPLACE FUNCTION accounts_tier(n bigint) RETURNS smallint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  s text := n::text;
  r text := reverse(s);
BEGIN
  RETURN CASE
    WHEN length(s) <= 5 THEN 4
    WHEN s = repeat(left(s, 1), length(s)) THEN 4
    WHEN length(s) >= 6 AND substr(r, 2, 1) = substr(r, 1, 1) AND substr(r, 3, 1) = substr(r, 1, 1) AND substr(r, 4, 1) = substr(r, 1, 1) AND substr(r, 5, 1) = substr(r, 1, 1) AND substr(r, 6, 1) = substr(r, 1, 1) THEN 4
    WHEN (strpos('0123456789', right(s, 6)) > 0 OR strpos('9876543210', right(s, 6)) > 0) THEN 4
    WHEN s ~ '(00000000|11111111|22222222|33333333|44444444|55555555|66666666|77777777|88888888|99999999)' THEN 4
    WHEN length(s) = 6 THEN 3
    WHEN length(s) >= 4 AND substr(r, 2, 1) = substr(r, 1, 1) AND substr(r, 3, 1) = substr(r, 1, 1) AND substr(r, 4, 1) = substr(r, 1, 1) THEN 3
    WHEN (strpos('0123456789', right(s, 4)) > 0 OR strpos('9876543210', right(s, 4)) > 0) THEN 3
    WHEN s = r THEN 3
    WHEN (strpos('0123456789', left(s, 6)) > 0 OR strpos('9876543210', left(s, 6)) > 0) THEN 3
    WHEN s ~ '(00000|11111|22222|33333|44444|55555|66666|77777|88888|99999)' THEN 3
    WHEN length(s) >= 6 AND substr(r, 2, 1) = substr(r, 1, 1) AND substr(r, 3, 1) = substr(r, 1, 1) AND substr(r, 5, 1) = substr(r, 4, 1) AND substr(r, 6, 1) = substr(r, 4, 1) THEN 3
    WHEN length(s) >= 6 AND substr(r, 4, 1) = substr(r, 1, 1) AND substr(r, 5, 1) = substr(r, 2, 1) AND substr(r, 6, 1) = substr(r, 3, 1) THEN 3
    WHEN length(s) = 7 THEN 2
    WHEN length(s) >= 3 AND substr(r, 2, 1) = substr(r, 1, 1) AND substr(r, 3, 1) = substr(r, 1, 1) THEN 2
    WHEN (strpos('0123456789', right(s, 3)) > 0 OR strpos('9876543210', right(s, 3)) > 0) THEN 2
    WHEN length(s) >= 4 AND substr(r, 2, 1) = substr(r, 1, 1) AND substr(r, 4, 1) = substr(r, 3, 1) THEN 2
    WHEN length(s) >= 4 AND substr(r, 3, 1) = substr(r, 1, 1) AND substr(r, 4, 1) = substr(r, 2, 1) THEN 2
    WHEN length(s) >= 4 AND substr(r, 3, 1) = substr(r, 2, 1) AND substr(r, 4, 1) = substr(r, 1, 1) THEN 2
    WHEN s ~ '(168|520|1314)$' THEN 2
    WHEN s ~ '((19|20)[0-9][0-9]((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))|(19(0[48]|[13579][26]|[2468][048])|20([02468][048]|[13579][26]))0229)$' THEN 2
    WHEN s ~ '[0-9][0-9]((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8])|0229)$' THEN 1
    WHEN s ~ '(66|88|99)$' THEN 1
    WHEN s ~ '(19|20)[0-9][0-9]$' THEN 1
    ELSE 0 END;
END
$$;
"""

DROP_TIER = "DROP FUNCTION accounts_tier(bigint)"

# Differences only, one statement one row for each range and lifecycle: nobody waits for a counter (RangeTally).
# Grouped by number first, so that a statement that moves nothing looks up no range.
TALLY = """
CREATE FUNCTION accounts_number_tally() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.accounts_rangetally (range_id, lifecycle, n)
    SELECT r.id, a.lifecycle, count(*) FROM after a
    LEFT JOIN public.accounts_numberrange r ON r.numbers @> a.id GROUP BY 1, 2;
  ELSE
    INSERT INTO public.accounts_rangetally (range_id, lifecycle, n)
    SELECT r.id, m.lifecycle, sum(m.n) FROM (
      SELECT x.id, x.lifecycle, sum(x.n) AS n FROM (
        SELECT b.id, b.lifecycle, -1 AS n FROM before b UNION ALL SELECT a.id, a.lifecycle, 1 FROM after a) x
      GROUP BY 1, 2 HAVING sum(x.n) <> 0) m
    LEFT JOIN public.accounts_numberrange r ON r.numbers @> m.id GROUP BY 1, 2 HAVING sum(m.n) <> 0;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER tally_new AFTER INSERT ON accounts_number REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_number_tally();
CREATE TRIGGER tally_moved AFTER UPDATE ON accounts_number REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_number_tally();

INSERT INTO accounts_rangetally (range_id, lifecycle, n)
  SELECT NULL, lifecycle, count(*) FROM accounts_number GROUP BY lifecycle;
"""

DROP_TALLY = """
DROP TRIGGER tally_moved ON accounts_number;
DROP TRIGGER tally_new ON accounts_number;
DROP FUNCTION accounts_number_tally();
"""


# Lines on their way in are thrown away when the file is done: they need not be written twice, nor outlast a crash.
UNLOGGED = "ALTER TABLE accounts_loginline SET UNLOGGED"
LOGGED = "ALTER TABLE accounts_loginline SET LOGGED"


# Whoever looks as if he had never logged in loses his number (10.3, 12.1): what is known of a holder is not thrown away
# while he is one, nor made older.
LOGINS = """
CREATE FUNCTION accounts_loginfact_kept() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM gone g LEFT JOIN public.accounts_tenure t ON t.id = g.tenure_id WHERE t.ended_at IS NULL) THEN
    RAISE EXCEPTION 'logins of a tenure that has not ended are kept' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION accounts_loginfact_moved() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a first login moves back only, a last one on' USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER kept AFTER DELETE ON accounts_loginfact REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_loginfact_kept();
CREATE TRIGGER moved BEFORE UPDATE ON accounts_loginfact FOR EACH ROW
  WHEN (NEW.last_at < OLD.last_at OR NEW.first_at > OLD.first_at
    OR NEW.tenure_id IS DISTINCT FROM OLD.tenure_id OR NEW.service IS DISTINCT FROM OLD.service)
  EXECUTE FUNCTION accounts_loginfact_moved();
"""

DROP_LOGINS = """
DROP TRIGGER moved ON accounts_loginfact;
DROP TRIGGER kept ON accounts_loginfact;
DROP FUNCTION accounts_loginfact_moved();
DROP FUNCTION accounts_loginfact_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_resources")]

    operations = [
        migrations.RunSQL(TIER, DROP_TIER),
        migrations.RunSQL(TALLY, DROP_TALLY),
        migrations.RunSQL(UNLOGGED, LOGGED),
        migrations.RunSQL(LOGINS, DROP_LOGINS),
        migrations.RunSQL(
            *copied("accounts_resourceapproval", "proposal_id", "accounts_resourceproposal", "maker_id")
        ),
    ]
