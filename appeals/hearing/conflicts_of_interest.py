"""Who has part in an appeal and so decides nothing on it, said once: as SQL that the queue, the reads, the services and
the triggers share. It is asked of a function of the database: written out, it is planned anew for every page.

Who filed it, or spoke for the appellant since; who made or agreed to what it objects to, or to what that took back,
changed or put back; who changed since what that did to this tenure (domain.md §9, 2); and of a second review, whoever
had a word in the first (3).
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Func

from enforcement.policy import MEASURES, OF_RUNNING, Kind, Why

FILED, DECIDED, CHANGED, RULED = "filed", "decided", "changed", "ruled"
TOOK_PART = (FILED, DECIDED, CHANGED)
_ALL = (*TOOK_PART, RULED)
FUNCTION = "appeals_has_part"


def touched(measure: str, decision: str) -> str:
    """Did a decision impose this measure, or change it, or by taking another back put it there again? Both are aliases
    of their rows."""
    return f"""
EXISTS (SELECT FROM enforcement_target y WHERE y.decision_id IN ({decision}.id, {decision}.undoes_id)
  AND y.number_id = {measure}.number_id AND y.tenure_id = {measure}.tenure_id
  AND ({measure}.decision_id = y.decision_id OR {measure}.id = ANY(y.measures)))"""


def _earlier(event: str, act: str) -> str:
    """And this was written before that act, where one is given: both are events."""
    seqs = [f"(SELECT e.seq FROM audit_event e WHERE e.id = {one})" for one in (event, act)]
    return f" AND {' < '.join(seqs)}" if act else ""


def _people(decision: str, act: str) -> str:
    """Who made it, and who agreed."""
    return (
        f"SELECT {decision}.maker_id UNION ALL SELECT y.approver_id FROM enforcement_approval y"
        f" WHERE y.proposal_id = {decision}.id AND y.agreed{_earlier('y.event', act)}"
    )


# What is objected to, and, unless it imposed something itself, what stands behind it: what it takes back, and what had
# imposed the measures that it ended, changed or put back; of a restoration that was taken back, the termination that
# runs again.
_IMPOSING = ", ".join(f"'{kind}'" for kind in MEASURES)
_BEHIND = f"""
SELECT x.id, x.maker_id FROM (
  SELECT d.id UNION ALL SELECT d.undoes_id UNION ALL
  SELECT m.decision_id FROM enforcement_measure m WHERE d.kind NOT IN ({_IMPOSING})
    AND m.number_id = heard.number_id AND m.tenure_id = heard.tenure_id AND {touched("m", "d")} UNION ALL
  (SELECT t.decision_id FROM enforcement_decision u JOIN enforcement_target t
      ON t.number_id = heard.number_id AND t.tenure_id = heard.tenure_id AND t.decision_id < u.id
    JOIN enforcement_decision k ON k.id = t.decision_id AND k.kind = '{Kind.TERMINATE}'
    JOIN enforcement_outcome o ON o.decision_id = k.id AND o.number_id = t.number_id AND o.why = ''
  WHERE u.id = d.undoes_id AND u.kind = '{Kind.RESTORE}' ORDER BY t.decision_id DESC LIMIT 1)) b(id)
JOIN enforcement_decision x ON x.id = b.id"""

# What took its effect on this tenure after what is objected to (a target that changed meanwhile is passed over, so the
# later one has the greater key), and took back or changed what that did. Not what a ruling on this very appeal does.
_REVERSING = ", ".join(f"'{kind}'" for kind in (*OF_RUNNING, Kind.RESTORE, Kind.UNDO))


def _since(act: str) -> str:
    return f"""
SELECT x.id, x.maker_id FROM enforcement_target t JOIN enforcement_decision x ON x.id = t.decision_id
WHERE t.number_id = heard.number_id AND t.tenure_id = heard.tenure_id AND t.decision_id > d.id
  AND x.kind IN ({_REVERSING}) AND x.ruling IS DISTINCT FROM heard.receipt
  AND (SELECT o.why FROM enforcement_outcome o
    WHERE o.decision_id = x.id AND o.number_id = t.number_id{_earlier("o.event", act)}) IN ('', '{Why.VOIDED}')
  AND (x.undoes_id = d.id
    OR d.kind = '{Kind.TERMINATE}' AND '{Kind.RESTORE}' IN (
      x.kind, (SELECT u.kind FROM enforcement_decision u WHERE u.id = x.undoes_id))
    OR EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = t.number_id AND m.tenure_id = t.tenure_id
      AND {touched("m", "d")} AND {touched("m", "x")}))"""


def _of_decisions(decisions: str, act: str) -> str:
    return (
        f"SELECT p.person FROM enforcement_decision d CROSS JOIN LATERAL ({decisions}) x"
        f" CROSS JOIN LATERAL ({_people('x', act)}) p(person) WHERE d.id = heard.decision_id"
    )


def _parts(act: str) -> dict[str, str]:
    return {
        # Who brings evidence, an answer, another's words, or the wish for a second review, neither weighs nor judges.
        FILED: "SELECT heard.maker_id AS person UNION ALL SELECT v.maker_id FROM appeals_appealevidence v"
        f" WHERE v.appeal_id = heard.id AND v.maker_id IS NOT NULL{_earlier('v.event', act)}"
        " UNION ALL SELECT m.maker_id FROM appeals_message m"
        f" WHERE m.appeal_id = heard.id AND m.kind IN ('answer', 'another'){_earlier('m.event', act)}",
        DECIDED: _of_decisions(_BEHIND, act),
        RULED: (
            "SELECT p.person FROM appeals_ruling r CROSS JOIN LATERAL (SELECT r.maker_id UNION ALL"
            " SELECT y.approver_id FROM appeals_rulingapproval y WHERE y.proposal_id = r.id) p(person)"
            " WHERE r.appeal_id = heard.id AND r.round < heard.round"
        ),
        CHANGED: _of_decisions(_since(act), act),
    }


def people(appeal: str, *parts: str) -> str:
    """Select the persons who have one of these parts in an appeal, or any; none of them NULL. `appeal`: an expression,
    its key."""
    return f"{_select('appeals_appeal', parts)} WHERE heard.id = {appeal}"


def people_before(act: str, appeal: str) -> str:
    """As `people`, any part, as it was when an act was done: what came later makes nothing false that was right then.
    `act`: its event. It wrote the appeal, and so says what that was; where it did not, what the appeal is now."""
    then = f"""(
SELECT h.* FROM appeals_historicalappeal h WHERE h.id = {appeal}
ORDER BY h.event IS NOT DISTINCT FROM {act} DESC, h.history_id DESC LIMIT 1)"""
    return _select(then, (), act)


def _select(source: str, parts: Sequence[str], act: str = "") -> str:
    union = " UNION ALL ".join(sql for part, sql in _parts(act).items() if part in (parts or _ALL))
    return f"SELECT part.person FROM {source} heard CROSS JOIN LATERAL ({union}) part"


def function_sql() -> str:
    """The one function: person, appeal, parts → has he one of these in it? Its plan is kept for the session, one for
    whatever parts: of those that are not asked for nothing is read. Its cost has it asked last, of few rows."""
    union = " UNION ALL ".join(
        f"SELECT {part}.person FROM ({sql}) {part}(person) WHERE '{part}' = ANY($3)" for part, sql in _parts("").items()
    )
    return f"""
CREATE FUNCTION {FUNCTION}(bigint, bigint, text[]) RETURNS boolean LANGUAGE plpgsql STABLE COST 5000
  SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN $1 IN (SELECT part.person FROM appeals_appeal heard CROSS JOIN LATERAL ({union}) part WHERE heard.id = $2);
END
$$;
"""


def has_part(asked: str, *parts: str) -> str:
    """SQL: has the person one of these parts, or any, in the appeal? `asked`: both, as expressions of keys."""
    return f"{FUNCTION}({asked}, '{{{','.join(parts or _ALL)}}}')"


class HasPart(Func):
    """The same of two expressions of a query."""

    output_field = BooleanField()

    def __init__(self, person: Any, appeal: Any, *parts: str) -> None:
        super().__init__(person, appeal, template=has_part("%(expressions)s", *parts))
