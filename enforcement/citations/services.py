"""Striking out a ground (12.7): what rests on it survives only where another of its grounds holds. Everything else is
listed, and goes to a human: a case of its own, with the numbers that are in force under it."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Clause
from enforcement.cases import sealed_text
from enforcement.cases.policy import CaseKind, Party
from enforcement.citations.keys import key_of
from enforcement.citations.queries import MEASURED, TERMINATED, Hit, citing, grounds_of
from enforcement.models import Case, CaseNumber, Decision, StrikeOut
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

STRIKE = "enforcement.strike_ground"

_NUMBERS = f"""
INSERT INTO enforcement_casenumber (case_id, number_id, tenure_id, party, event)
SELECT %(case)s, r.number_id, min(r.tenure_id), '{Party.SUBJECT}', %(event)s
FROM enforcement_decision d CROSS JOIN LATERAL ({MEASURED} UNION ALL {TERMINATED}) r(number_id, tenure_id)
WHERE d.id = ANY(%(decisions)s) GROUP BY r.number_id ORDER BY r.number_id"""


def must_stand(decision: Decision) -> None:
    """Asked when somebody is about to agree, and when it runs: what has no ground left is refused, or never done."""
    if not grounds_of(decision).filter(struck=False).exists():
        raise Invalid(
            _("Every ground of this decision was struck out (12.7): refuse it, or stop it for good. Nothing was done.")
        )


@dataclass
class Struck:
    strike_out: StrikeOut
    hit: Hit
    case: Case | None = None
    numbers: int = 0


def check_strike(clause: Clause | None, citation: str, *, actor: Staff) -> Hit:
    """What striking it out would hit; raises as `strike_out` would."""
    if not actor.has_perm(STRIKE):
        raise Refused(gettext_noop("Your role may not strike out grounds."))
    key = key_of(citation)
    if (clause is None) == (not key):
        raise Invalid(_("Name one thing: a clause of one version, or a document as it was cited."))
    no_personal_data(citation)
    if StrikeOut.objects.filter(clause=clause, citation_key=key).exists():
        raise Invalid(_("This ground was struck out already. Nothing was done."))
    return citing(clause.pk if clause else None, key)


def strike_out(
    clause: Clause | None = None, citation: str = "", *, actor: Staff, reason: str, ticket: str = ""
) -> Struck:
    """Strike a ground out for good. Decisions are left as they are: who they are given to decides on each."""
    named = {"clause": f"{clause.version} {clause.number}" if clause else "", "reference": citation.strip()}
    with recorder.refusals(actor=actor, facts={"act": "ground.strike_out", **named}), transaction.atomic():
        _wait_in_line()
        hit = check_strike(clause, citation, actor=actor)
        must_say_why(reason)
        row = StrikeOut(
            pk=bulk.next_pk(StrikeOut), clause=clause, citation=citation.strip(), citation_key=key_of(citation),
            reason=reason, at=timezone.now(),
        )  # fmt: skip
        struck = Struck(row, hit)
        facts = named | {"standing": len(hit.standing), "groundless": len(hit.groundless)}
        with recorder.act(
            "ground.struck_out", actor=actor, reason=reason, ticket=ticket, subject=row, facts=facts
        ) as act:
            row.event_id = act.event_id
            StrikeOut.objects.bulk_create([row])
            act.wrote(StrikeOut)
            if hit.groundless:
                struck.case, struck.numbers = _to_review(row, hit.groundless, actor, reason, ticket)
                act.facts["case"] = struck.case.pk
    return struck


def _wait_in_line() -> None:
    """Two who strike out the same: the second hears that it was done, and what is listed is listed once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7174)")


def _to_review(row: StrikeOut, decisions: list[int], actor: Staff, reason: str, ticket: str) -> tuple[Case, int]:
    now = timezone.now()
    case = Case(
        pk=bulk.next_pk(Case),
        kind=CaseKind.REVIEW,
        details={"strike_out": row.pk, "decisions": decisions},
        maker=actor,
        opened_at=now,
        ticket=ticket,
    )
    told = {"kind": case.kind}
    with recorder.act("case.opened", actor=actor, reason=reason, ticket=ticket, subject=case, facts=told) as act:
        sealed_text.begin(case, _("A ground was struck out (12.7): decisions that rest on it alone."), act)
        with connection.cursor() as cursor:
            given: dict[str, Any] = {"case": case.pk, "event": act.event_id, "decisions": decisions, "now": now}
            cursor.execute(_NUMBERS, given)
            numbers = cursor.rowcount
        act.facts["numbers"] = numbers
        if numbers:
            act.wrote(CaseNumber, rows=numbers)
    return case, numbers
