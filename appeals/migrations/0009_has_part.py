"""Who has part in an appeal, as a function that pages and triggers ask: every page that counts appeals had its text
planned anew. Whoever writes down what another claimant says has part, too."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

# As `appeals.involved.function_sql` made it; a change there is a new migration.
HAS_PART = """
CREATE FUNCTION appeals_has_part(bigint, bigint, text[]) RETURNS boolean LANGUAGE plpgsql STABLE COST 5000
  SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN $1 IN (SELECT part.person FROM appeals_appeal heard CROSS JOIN LATERAL (SELECT filed.person FROM (SELECT heard.maker_id AS person UNION ALL SELECT v.maker_id FROM appeals_appealevidence v WHERE v.appeal_id = heard.id AND v.maker_id IS NOT NULL UNION ALL SELECT m.maker_id FROM appeals_message m WHERE m.appeal_id = heard.id AND m.kind IN ('answer', 'another')) filed(person) WHERE 'filed' = ANY($3) UNION ALL SELECT decided.person FROM (SELECT p.person FROM enforcement_decision d CROSS JOIN LATERAL (
SELECT x.id, x.maker_id FROM (
  SELECT d.id UNION ALL SELECT d.undoes_id UNION ALL
  SELECT m.decision_id FROM enforcement_measure m WHERE d.kind NOT IN ('restrict', 'freeze', 'terminate')
    AND m.number_id = heard.number_id AND m.tenure_id = heard.tenure_id AND 
EXISTS (SELECT FROM enforcement_target y WHERE y.decision_id IN (d.id, d.undoes_id)
  AND y.number_id = m.number_id AND y.tenure_id = m.tenure_id
  AND (m.decision_id = y.decision_id OR m.id = ANY(y.measures))) UNION ALL
  (SELECT t.decision_id FROM enforcement_decision u JOIN enforcement_target t
      ON t.number_id = heard.number_id AND t.tenure_id = heard.tenure_id AND t.decision_id < u.id
    JOIN enforcement_decision k ON k.id = t.decision_id AND k.kind = 'terminate'
    JOIN enforcement_outcome o ON o.decision_id = k.id AND o.number_id = t.number_id AND o.why = ''
  WHERE u.id = d.undoes_id AND u.kind = 'restore' ORDER BY t.decision_id DESC LIMIT 1)) b(id)
JOIN enforcement_decision x ON x.id = b.id) x CROSS JOIN LATERAL (SELECT x.maker_id UNION ALL SELECT y.approver_id FROM enforcement_approval y WHERE y.proposal_id = x.id AND y.agreed) p(person) WHERE d.id = heard.decision_id) decided(person) WHERE 'decided' = ANY($3) UNION ALL SELECT ruled.person FROM (SELECT p.person FROM appeals_ruling r CROSS JOIN LATERAL (SELECT r.maker_id UNION ALL SELECT y.approver_id FROM appeals_rulingapproval y WHERE y.proposal_id = r.id) p(person) WHERE r.appeal_id = heard.id AND r.round < heard.round) ruled(person) WHERE 'ruled' = ANY($3) UNION ALL SELECT changed.person FROM (SELECT p.person FROM enforcement_decision d CROSS JOIN LATERAL (
SELECT x.id, x.maker_id FROM enforcement_target t JOIN enforcement_decision x ON x.id = t.decision_id
WHERE t.number_id = heard.number_id AND t.tenure_id = heard.tenure_id AND t.decision_id > d.id
  AND x.kind IN ('lift', 'adjust', 'restore', 'undo') AND x.ruling IS DISTINCT FROM heard.receipt
  AND (SELECT o.why FROM enforcement_outcome o
    WHERE o.decision_id = x.id AND o.number_id = t.number_id) IN ('', 'voided')
  AND (x.undoes_id = d.id
    OR d.kind = 'terminate' AND 'restore' IN (
      x.kind, (SELECT u.kind FROM enforcement_decision u WHERE u.id = x.undoes_id))
    OR EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = t.number_id AND m.tenure_id = t.tenure_id
      AND 
EXISTS (SELECT FROM enforcement_target y WHERE y.decision_id IN (d.id, d.undoes_id)
  AND y.number_id = m.number_id AND y.tenure_id = m.tenure_id
  AND (m.decision_id = y.decision_id OR m.id = ANY(y.measures))) AND 
EXISTS (SELECT FROM enforcement_target y WHERE y.decision_id IN (x.id, x.undoes_id)
  AND y.number_id = m.number_id AND y.tenure_id = m.tenure_id
  AND (m.decision_id = y.decision_id OR m.id = ANY(y.measures)))))) x CROSS JOIN LATERAL (SELECT x.maker_id UNION ALL SELECT y.approver_id FROM enforcement_approval y WHERE y.proposal_id = x.id AND y.agreed) p(person) WHERE d.id = heard.decision_id) changed(person) WHERE 'changed' = ANY($3)) part WHERE heard.id = $2);
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("appeals", "0008_another_claims")]

    operations = [
        migrations.RunSQL(HAS_PART, "DROP FUNCTION appeals_has_part(bigint, bigint, text[])"),
        pgtrigger.migrations.RemoveTrigger(
            model_name='ruling',
            name='not_involved',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='rulingapproval',
            name='not_involved',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruling',
            trigger=pgtrigger.compiler.Trigger(name='not_involved', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF appeals_has_part(NEW.maker_id, NEW.appeal_id, '{filed,decided,changed}')\nTHEN RAISE EXCEPTION 'who took part in it rules on no appeal' USING ERRCODE = 'check_violation'; END IF;\nIF appeals_has_part(NEW.maker_id, NEW.appeal_id, '{ruled}')\nTHEN RAISE EXCEPTION 'a second review is other people''s' USING ERRCODE = 'check_violation'; END IF;\nRETURN NEW;", hash='22bff7e2e9a8841a28fb659771d03d9351930a7c', operation='INSERT', pgid='pgtrigger_not_involved_ce495', table='appeals_ruling', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rulingapproval',
            trigger=pgtrigger.compiler.Trigger(name='not_involved', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE of appeals_ruling%ROWTYPE;', func="SELECT * INTO of FROM appeals_ruling WHERE id = NEW.proposal_id;\nIF appeals_has_part(NEW.approver_id, of.appeal_id, '{filed,decided,changed}')\nTHEN RAISE EXCEPTION 'who took part in it rules on no appeal' USING ERRCODE = 'check_violation'; END IF;\nIF appeals_has_part(NEW.approver_id, of.appeal_id, '{ruled}')\nTHEN RAISE EXCEPTION 'a second review is other people''s' USING ERRCODE = 'check_violation'; END IF;\nRETURN NEW;", hash='68be689e4d49215f5ff635cd871c6bdf508f53b4', operation='INSERT', pgid='pgtrigger_not_involved_5055d', table='appeals_rulingapproval', when='BEFORE')),
        ),
    ]
