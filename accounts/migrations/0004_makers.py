from django.db import migrations

from qqops.approvals.models import copied

# Looked at when the transaction ends: a request is done, and by three people as its own constraints say, in the same
# transaction that hands something out under it.
BY_THREE = """
CREATE FUNCTION accounts_release_by_three() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.accounts_disclosure WHERE id = NEW.disclosure_id AND state = 'done')
    AND NOT EXISTS (SELECT FROM public.accounts_datarequest WHERE id = NEW.data_request_id AND state = 'done') THEN
    RAISE EXCEPTION 'a file is handed out only under a request that three people have dealt with'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER by_three AFTER INSERT ON accounts_release DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION accounts_release_by_three();
"""

DROP_BY_THREE = """
DROP TRIGGER by_three ON accounts_release;
DROP FUNCTION accounts_release_by_three();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_identity")]

    operations = [
        migrations.RunSQL(*copied("accounts_revealapproval", "proposal_id", "accounts_revealrequest", "maker_id")),
        migrations.RunSQL(BY_THREE, DROP_BY_THREE),
    ]
