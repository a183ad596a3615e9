"""The chain and the months, in the database: no one who can insert an event can insert one outside the chain.

Kept as SQL text for migrations 0001 and 0002 and for verify. These triggers are raw SQL on purpose: pgtrigger's can be
switched off by any session (`SET pgtrigger.ignore`).
"""

from qqops.audit.digests import event
from qqops.core.days import EVENING, MORNING

CHAIN_LOCK = 0x71716F70  # "qqop"

# Two tables grow with all that is done and are kept by month: the trail, and the history of numbers. Which they are is
# asked of the catalogue, so an app adds one by its migration alone.
MONTHS = """
CREATE FUNCTION record_no_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME;
END
$$;

-- Where the record stands: of each table the months after this one that are made, and whether rows lie outside all.
CREATE FUNCTION record_months() RETURNS TABLE (name text, ahead int, until timestamptz, outside boolean)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part record;
BEGIN
  FOR name IN
    SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1
  LOOP
    ahead := 0; until := NULL; outside := false;
    FOR part IN
      SELECT c.relname, b.bound, substring(b.bound FROM $x$FROM \\('(.+?)'\\)$x$)::timestamptz AS lower,
        substring(b.bound FROM $x$TO \\('(.+?)'\\)$x$)::timestamptz AS upper
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid)) b(bound)
      WHERE i.inhparent = format('public.%I', name)::regclass
    LOOP
      IF part.bound = 'DEFAULT' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', part.relname) INTO outside;
      ELSE
        ahead := ahead + (part.lower > now())::int;
        until := greatest(until, part.upper);
      END IF;
    END LOOP;
    RETURN NEXT;
  END LOOP;
END
$$;
"""

# Also in migration 0006, for a house that has the older one. It takes no word from its caller: the application, which
# may define nothing, runs it as the owner.
AHEAD = """
-- Makes what is missing up to the third month after this, and says of each that it made it, or why not: then nothing
-- further of that table, as the next month would hide the gap, and on with the other. A table made apart and attached
-- is in the way only of who reads the rows outside all months, as every look at the whole record does: it gives up
-- before anybody is called a deadlock (1 s), and comes again the next day.
CREATE FUNCTION record_months_ahead() RETURNS TABLE (parent text, made text, code text, fault text) LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET TimeZone = 'Asia/Shanghai' SET lock_timeout = '500ms' AS $$
DECLARE
  this_month CONSTANT timestamptz := date_trunc('month', now());
  month timestamptz;
  bounds text;
BEGIN
  FOR parent, month IN SELECT m.name, coalesce(m.until, this_month) FROM public.record_months() m LOOP
    FOR made, bounds IN
      SELECT parent || '_default', 'DEFAULT' WHERE to_regclass(format('public.%I', parent || '_default')) IS NULL
      UNION ALL
      SELECT parent || to_char(m, '_YYYY_MM'), format('FOR VALUES FROM (%L) TO (%L)', m, m + interval '1 month')
      FROM generate_series(month, this_month + interval '3 months', interval '1 month') m
    LOOP
      code := NULL; fault := NULL;
      BEGIN
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
          made, parent);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON public.%I'
          ' EXECUTE FUNCTION public.record_no_truncate()', made);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I %s', parent, made, bounds);
      EXCEPTION WHEN OTHERS THEN
        code := SQLSTATE; fault := SQLERRM;
      END;
      RETURN NEXT;
      EXIT WHEN code IS NOT NULL;
    END LOOP;
  END LOOP;
  -- Where the chain looks for its head. A constant keeps all older months out of the plan; a query that leaves them
  -- out only as it runs costs three times as much, under the chain lock.
  IF coalesce(pg_get_viewdef(to_regclass('public.audit_event_lately')), '')
    NOT LIKE '%' || to_char(this_month, 'YYYY-MM-DD') || '%'
  THEN
    parent := 'audit_event'; made := 'audit_event_lately';
    BEGIN
      EXECUTE format('CREATE OR REPLACE VIEW public.audit_event_lately AS'
        ' SELECT seq, at, hash FROM public.audit_event WHERE at >= %L', this_month);
    EXCEPTION WHEN OTHERS THEN
      code := SQLSTATE; fault := SQLERRM;
      RETURN NEXT;
    END;
  END IF;
END
$$;
"""

DROP_MONTHS = """
DROP VIEW IF EXISTS audit_event_lately;
DROP FUNCTION record_months_ahead();
DROP FUNCTION record_months();
DROP FUNCTION record_no_truncate();
"""

APPEND = f"""
CREATE OR REPLACE FUNCTION audit_event_chain() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head record;
  moment timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock({CHAIN_LOCK});
  -- A new snapshot under READ COMMITTED: the head committed by whoever held the lock before. `at` and `seq` have one
  -- order, so the newest event is of the newest months if they have any.
  SELECT seq, at, hash INTO head FROM public.audit_event_lately ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    SELECT seq, at, hash INTO head FROM public.audit_event ORDER BY seq DESC LIMIT 1;
  END IF;
  -- Just set by the default it stays, as the next month may have begun since. Whoever gives a time of his own gets the
  -- right one instead, or an error when it is of another month: no row changes its partition here.
  moment := greatest(clock_timestamp(), head.at);
  IF NEW.at NOT BETWEEN greatest(head.at, moment - interval '1 second') AND moment THEN
    NEW.at := moment;
  END IF;
  NEW.seq := coalesce(head.seq, 0) + 1;
  NEW.prev_hash := coalesce(head.hash, ''::bytea);
  NEW.hash := {event("NEW.prev_hash", "NEW")};
  RETURN NEW;
END
$$;
"""

AT = f"""
-- The default of `at`: a row goes to its month before its trigger is asked, hence the lock and the time come first; and
-- never before the head, as the clock may have been set back over the first of a month.
CREATE OR REPLACE FUNCTION audit_event_at() RETURNS timestamptz LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock({CHAIN_LOCK});
  RETURN greatest(clock_timestamp(), (SELECT at FROM public.audit_event_lately ORDER BY seq DESC LIMIT 1));
END
$$;
"""

CHAIN = f"""
CREATE FUNCTION audit_event_hash(e audit_event, prev bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT {event("prev")}
$$;

{AT}
ALTER TABLE audit_event ALTER at SET DEFAULT audit_event_at();

{APPEND}
CREATE TRIGGER chain BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_chain();
"""

DROP_CHAIN = """
DROP TRIGGER chain ON audit_event;
DROP FUNCTION audit_event_chain();
ALTER TABLE audit_event ALTER at DROP DEFAULT;
DROP FUNCTION audit_event_at();
DROP FUNCTION audit_event_hash(audit_event, bytea);
"""

# As days.py has it; an index of migration 0004 has the same words.
AT_NIGHT = (
    f"(extract(hour FROM audit_event.at AT TIME ZONE 'Asia/Shanghai') NOT BETWEEN {MORNING} AND {EVENING - 1}"
    " AND audit_event.source IN ('web', 'command'))"
)

# What was no act when the index of migration 0005 was made; it has the same words. What is none since, review.py leaves
# out besides. IS TRUE has the planner compare the whole: verb by verb, in each month, takes it five times as long.
NO_ACT = (
    "appeal.file_opened", "appeal.read", "appeal.reported", "audit.exported", "audit.refused", "audit.reported",
    "data_request.downloaded", "data_request.read", "decision.reported", "disclosure.downloaded",
    "disclosure.opened", "evidence.opened", "identity.holder_asked", "identity.reveal_asked", "identity.revealed",
    "identity.reveals_stopped", "identity.searched", "staff.codes_made", "staff.factor_added",
    "staff.factor_removed", "staff.locked_out", "staff.locked_out_address", "staff.locked_out_code",
    "staff.password_reset", "staff.proved", "staff.report_exported", "staff.session_ended", "staff.sign_in_failed",
    "staff.signed_in", "staff.signed_out", "staff.token_issued", "staff.token_revoked", "staff.unlocked",
)  # fmt: skip
TICKETLESS = (
    "(audit_event.ticket = '' AND audit_event.source IN ('web', 'command')"
    f" AND audit_event.verb NOT IN {NO_ACT}) IS TRUE"
)
