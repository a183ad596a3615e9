"""Proposals to correct the holder of a number with the operator's permission (8.2(b), T22).

This is the only way in which a number passes from one person to another. It needs papers and two people. The present
tenure ends and a new one begins. The paid time is carried over, and nothing else.
"""

from collections.abc import Mapping

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.holders.new_holder import Holder, must_be_identified
from accounts.identity import services as identity
from accounts.lifecycle import L
from accounts.models import HolderCorrection, Number, ResourceProposal, Tenure
from accounts.resources.policy import CORRECTION_PAPERS, Case, Kind
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from accounts.rights.queries import keep_number
from accounts.rulebook.queries import version_in_force
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

CORRECTABLE = (L.ALLOCATED, L.IN_USE)

_PASS_ON = """
WITH ended AS (
  UPDATE accounts_tenure SET ended_at = %(now)s WHERE id = %(before)s RETURNING *),
ended_history AS ({ended}),
begun AS (
  INSERT INTO accounts_tenure (number_id, seq, channel, channel_ref, paid, paid_until, rules_version_id, acceptance,
    accepted_at, started_at)
  SELECT number_id, seq + 1, 'other', %(licence)s, paid, paid_until, %(rules)s, 'explicit', %(now)s, %(now)s
  FROM ended RETURNING *),
begun_history AS ({begun}),
number AS (
  UPDATE accounts_number n SET tenure_id = begun.id, reclaim_exempt_reason = '', frozen_until = NULL,
    restricted_until = NULL, revision = n.revision + 1
  FROM begun WHERE n.id = begun.number_id RETURNING n.*),
number_history AS ({number})
SELECT id FROM begun"""


def wanted(number: int, tenure: int, papers: Mapping[str, str], holder: Holder) -> Wanted:
    """Return the request for a correction. `tenure`: the one that ends. `papers`: code → reference of the paper."""
    return Wanted(
        Kind.CORRECTION,
        {"tenure": tenure, "papers": {code: reference.strip() for code, reference in papers.items()}},
        (number,),
        holder.as_json(),
    )


def _check(wanted: Wanted, actor: Staff) -> Case:
    papers = wanted.content["papers"]
    if missing := [str(label) for code, label in CORRECTION_PAPERS.items() if not papers.get(code)]:
        raise Invalid(_("Name the papers: %(papers)s.") % {"papers": _(", ").join(missing)})
    if any(len(reference) > 80 for reference in papers.values()):
        raise Invalid(_("The reference of a paper has at most 80 characters."))
    number = Number.objects.filter(pk__in=wanted.numbers).first()
    if number is None or number.tenure_id != wanted.content["tenure"] or number.lifecycle not in CORRECTABLE:
        raise Invalid(_("The holder can be corrected only while the number is held and not terminated."))
    _nothing_runs(number)
    must_be_identified(Holder.of_json(wanted.holder) if wanted.holder else None)
    return Case(Kind.CORRECTION)


def _nothing_runs(number: Number) -> None:
    """Raise Invalid if a measure or a hold is in force.

    Measures, cases and decisions belong to the tenure, so a correction must not be a way to escape them.
    """
    now = timezone.now()
    if any(until and until > now for until in (number.frozen_until, number.restricted_until)):
        raise Invalid(_("A measure is in force on this number: its holder cannot be corrected now."))
    if number.legal_hold or (number.tenure_id and keep_number([number.tenure_id])):
        raise Invalid(_("Something holds this number: its holder cannot be corrected now."))


def _correct(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    list(Number.objects.filter(pk__in=wanted.numbers).select_for_update(no_key=True).values_list("pk"))
    _check(wanted, actor)
    papers, now = wanted.content["papers"], timezone.now()
    rules = version_in_force(now)
    assert rules is not None
    assert wanted.holder is not None
    number = Number(pk=wanted.numbers[0])
    with recorder.act(
        "number.holder_corrected", actor=actor, reason=proposal.reason, ticket=proposal.ticket, subject=number,
        facts={"papers": sorted(papers)},
    ) as own:  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_sql(), own.params | {
                "before": wanted.content["tenure"], "licence": papers["licence"], "rules": rules.pk, "now": now
            })  # fmt: skip
            (after,) = cursor.fetchone()
        own.wrote(recorder.history_model(Tenure), rows=2)
        own.wrote(recorder.history_model(Number))
        values = Holder.of_json(wanted.holder).told(after)
        identity.record([values], actor=actor, reason=proposal.reason, ticket=proposal.ticket)
        HolderCorrection.objects.create(
            proposal=proposal,
            before_id=wanted.content["tenure"],
            after_id=after,
            papers=sorted(papers.items()),
            event_id=own.event_id,
        )
        own.wrote(HolderCorrection)


def _sql() -> str:
    return _PASS_ON.format(
        ended=recorder.history_insert(Tenure, recorder.CHANGED, source="ended live"),
        begun=recorder.history_insert(Tenure, recorder.CREATED, source="begun live"),
        number=recorder.history_insert(Number, recorder.CHANGED, source="number live"),
    )


kinds.declare(Kind.CORRECTION, Work(_check, _correct))
