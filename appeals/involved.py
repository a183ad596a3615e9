"""Who has part in an appeal and so decides nothing on it, said once: as SQL that the queue, the reads, the services and
the triggers share.

Who filed it, or spoke for the appellant since; who made or agreed to what it objects to; who changed since what that
did to this tenure (domain.md §9, 2); and of a second review, whoever had a word in the first (3).
"""

from typing import Any

from django.db.models import BooleanField, Func

from enforcement.policy import OF_RUNNING, Kind, Why

FILED, DECIDED, CHANGED, RULED = "filed", "decided", "changed", "ruled"
TOOK_PART = (FILED, DECIDED, CHANGED)


def touched(measure: str, decision: str) -> str:
    """Did a decision impose this measure, or change it, or by taking another back put it there again? Both are aliases
    of their rows."""
    return f"""
EXISTS (SELECT FROM enforcement_target y WHERE y.decision_id IN ({decision}.id, {decision}.undoes_id)
  AND y.number_id = {measure}.number_id AND y.tenure_id = {measure}.tenure_id
  AND ({measure}.decision_id = y.decision_id OR {measure}.id = ANY(y.measures)))"""


def _people(decision: str) -> str:
    """Who made it, and who agreed."""
    return (
        f"SELECT {decision}.maker_id UNION ALL SELECT y.approver_id FROM enforcement_approval y"
        f" WHERE y.proposal_id = {decision}.id AND y.agreed"
    )


# What took its effect on this tenure after what is objected to (a target that changed meanwhile is passed over, so the
# later one has the greater key), and took back or changed what that did. Not what a ruling on this very appeal does.
_REVERSING = ", ".join(f"'{kind}'" for kind in (*OF_RUNNING, Kind.RESTORE, Kind.UNDO))
_SINCE = f"""
SELECT x.id, x.maker_id FROM enforcement_target t JOIN enforcement_decision x ON x.id = t.decision_id
WHERE t.number_id = heard.number_id AND t.tenure_id = heard.tenure_id AND t.decision_id > d.id
  AND x.kind IN ({_REVERSING}) AND x.ruling IS DISTINCT FROM heard.receipt
  AND (SELECT o.why FROM enforcement_outcome o WHERE o.decision_id = x.id AND o.number_id = t.number_id)
    IN ('', '{Why.VOIDED}')
  AND (x.undoes_id = d.id
    OR d.kind = '{Kind.TERMINATE}' AND '{Kind.RESTORE}' IN (
      x.kind, (SELECT u.kind FROM enforcement_decision u WHERE u.id = x.undoes_id))
    OR EXISTS (SELECT FROM enforcement_measure m WHERE m.number_id = t.number_id AND m.tenure_id = t.tenure_id
      AND {touched("m", "d")} AND {touched("m", "x")}))"""

_PARTS = {
    # Who brings evidence, an answer, or the wish for a second review, neither weighs nor judges it.
    FILED: "SELECT heard.maker_id AS person UNION ALL SELECT v.maker_id FROM appeals_appealevidence v"
    " WHERE v.appeal_id = heard.id AND v.maker_id IS NOT NULL UNION ALL SELECT m.maker_id FROM appeals_message m"
    " WHERE m.appeal_id = heard.id AND m.kind = 'answer'",
    DECIDED: f"SELECT p.person FROM enforcement_decision d CROSS JOIN LATERAL ({_people('d')}) p(person)"
    " WHERE d.id = heard.decision_id",
    RULED: (
        "SELECT p.person FROM appeals_ruling r CROSS JOIN LATERAL (SELECT r.maker_id UNION ALL"
        " SELECT y.approver_id FROM appeals_rulingapproval y WHERE y.proposal_id = r.id) p(person)"
        " WHERE r.appeal_id = heard.id AND r.round < heard.round"
    ),
    CHANGED: f"SELECT p.person FROM enforcement_decision d CROSS JOIN LATERAL ({_SINCE}) x"
    f" CROSS JOIN LATERAL ({_people('x')}) p(person) WHERE d.id = heard.decision_id",
}


def people(appeal: str, *parts: str) -> str:
    """Select the persons who have one of these parts in an appeal, or any; none of them NULL. `appeal`: an expression,
    its key."""
    union = " UNION ALL ".join(sql for part, sql in _PARTS.items() if part in (parts or _PARTS))
    return f"SELECT part.person FROM appeals_appeal heard CROSS JOIN LATERAL ({union}) part WHERE heard.id = {appeal}"


class HasPart(Func):
    """Has the person one of these parts, or any, in the appeal? Both are expressions, of keys."""

    output_field = BooleanField()

    def __init__(self, person: Any, appeal: Any, *parts: str) -> None:
        super().__init__(person, appeal)
        self.parts = parts

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        (person, of_person), (appeal, of_appeal) = (compiler.compile(one) for one in self.source_expressions)
        return f"{person} IN ({people(appeal, *self.parts)})", (*of_person, *of_appeal)
