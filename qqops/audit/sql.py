"""The chain, in the database: no one who can insert an event can insert one outside the chain.

Kept as SQL text for migration 0002 and for verify. These triggers are raw SQL on purpose: pgtrigger's can be
switched off by any session (`SET pgtrigger.ignore`).
"""

CHAIN_LOCK = 0x71716F70  # "qqop"

CHAIN = f"""
CREATE FUNCTION audit_event_hash(e audit_event, prev bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT sha256(convert_to(jsonb_build_array(
    encode(prev, 'hex'), e.seq, e.id, (extract(epoch FROM e.at) * 1000000)::bigint, e.actor_id, e.actor_label, e.verb,
    e.subject_type, e.subject_id, e.subject_label, e.decision_id, e.ticket, e.request_id, e.source,
    host(e.address), e.os_user, e.reason, e.facts, e.rows, encode(e.rows_digest, 'hex'))::text, 'UTF8'))
$$;

CREATE FUNCTION audit_event_chain() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  head record;
BEGIN
  PERFORM pg_advisory_xact_lock({CHAIN_LOCK});
  -- A new snapshot under READ COMMITTED: the head committed by whoever held the lock before.
  SELECT seq, hash INTO head FROM public.audit_event ORDER BY seq DESC LIMIT 1;
  NEW.seq := coalesce(head.seq, 0) + 1;
  NEW.prev_hash := coalesce(head.hash, ''::bytea);
  NEW.hash := audit_event_hash(NEW, NEW.prev_hash);
  RETURN NEW;
END
$$;

CREATE TRIGGER chain BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION audit_event_chain();
"""

DROP_CHAIN = """
DROP TRIGGER chain ON audit_event;
DROP FUNCTION audit_event_chain();
DROP FUNCTION audit_event_hash(audit_event, bytea);
"""
