"""From an order to a decision: filed with its frozen targets, then applied at once, provisionally, or not yet."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Clause
from accounts.protection.services import attempted
from accounts.rulebook.queries import clauses_in_force
from enforcement import policy
from enforcement.approval.approval_hash import TARGET, content_hash
from enforcement.citations.keys import CitationKey
from enforcement.decisions.order import Order
from enforcement.decisions.preview import Preview, filed_today, preview, within_filing_limit
from enforcement.evidence.services import evidence_files, sha256_of
from enforcement.lists import figures
from enforcement.lists.number_set import Listed
from enforcement.models import Decision, Evidence, Ground, StrikeOut, Target
from enforcement.policy import BASIS, Effect, Kind
from enforcement.runs import eligibility
from enforcement.runs.apply import apply
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff


@dataclass
class Report:
    """What came of an order or an approval; the same for every door."""

    decision: Decision
    targets: int = 0
    applied: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    unknown: list[int] = field(default_factory=list)
    failed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "decision": self.decision.pk,
            "state": self.decision.state,
            "effect": self.decision.effect,
            "targets": self.targets,
            "applied": self.applied,
            "skipped": dict(self.skipped),
            "unknown": self.unknown,
            "failed": self.failed,
        }


def decide(
    order: Order,
    numbers: Iterable[int],
    *,
    actor: Staff,
    found: Preview | None = None,
    minors: figures.Counted | None = None,
) -> Report:
    """File the order as a decision and, where the table lets it, apply it.

    At once or provisional (≤ 100 targets) it is filed and applied in one transaction; else it waits as proposed.
    Raises Invalid (nothing recorded) or Refused (the refusal is on the record). A door that has just looked gives
    what it found, and the `minors` that it counted; each target is judged again under its lock all the same.
    """
    listed = Listed.of(numbers)
    if found is None:
        with recorder.refusals(actor=actor, **attempted(order.kind, listed, listed.given)):
            found = preview(order, listed, actor=actor)
    if not found.does:
        if first := Decision.objects.filter(form_key=order.form_key).first():
            raise AlreadyFiled(first)
        raise Invalid(_("Nothing would change: %(why)s.") % {"why": in_words(found.skipped)})
    rule, now = found.rule, timezone.now()
    at_once = rule.effect != Effect.WAITS
    decision = Decision(
        kind=order.kind,
        freeze_kind=order.freeze_kind,
        scopes=list(order.scopes),
        duration=order.duration if order.kind != Kind.ADJUST else None,
        until=order.until if order.kind != Kind.ADJUST else found.until,
        facts=order.facts,
        reason=order.reason,
        ticket=order.ticket,
        policy=order.policy,
        undoes=order.undoes,
        in_error=order.in_error or None,
        severity=order.severity or None,
        suggestion=dict(found.suggested) or None,
        departure=(order.departure.strip() or None) if found.departs(order) else None,
        detected_by=order.detected_by.strip() or None,
        then_review=order.then_review or None,
        leave_out=sorted(order.leave_out) or None,
        source_name=order.source_name[:200] or None,
        source_sha256=order.source_sha256 or None,
        case_id=order.case,
        ruling=order.ruling or None,
        maker=actor,
        rule=rule.code,
        effect=rule.effect,
        approvers=list(rule.approvers),
        state=State.PROPOSED if rule.approvers else State.APPLIED,
        proposed_at=now,
        expires_at=now + policy.life_of_proposal(found.known) if rule.approvers else None,
        effective_at=now if at_once else None,
        form_key=order.form_key,
    )
    facts = {"act": order.kind, "targets": found.known, "rule": decision.rule, "clauses": list(order.clauses)}
    facts |= {"policy": order.policy.code} if order.policy else {}
    facts |= {"undoes": order.undoes.pk} if order.undoes else {}
    facts |= {"sha256": order.source_sha256} if order.source_sha256 else {}
    if rule.approvers and figures.is_list(order.source_name, found.known):
        facts[figures.FACT] = figures.as_fact(figures.look_over(listed, found, minors))
    with recorder.act("decision.proposed", actor=actor, reason=order.reason, ticket=order.ticket, facts=facts) as act:
        _file(decision, order, listed, found, act)
        if not at_once:  # counted anew, now that no other filing of his is under way
            within_filing_limit(order, actor, filed_today(actor), 0)
        # Inside this act, so that both events are written together at the end, under one short chain lock.
        report = Report(decision, targets=decision.target_count, unknown=found.unknown)
        if at_once:
            report.applied, report.skipped = apply(decision, actor=actor)
    return report


def in_words(skipped: Counter[str]) -> str:
    """“3 already so, 1 under a legal hold”."""
    return ", ".join(f"{n} {policy.Why(why).label}" for why, n in sorted(skipped.items()))


def _file(decision: Decision, order: Order, listed: Listed, found: Preview, act: recorder.Act) -> None:
    """Write the case file: decision, grounds, evidence, targets; one event."""
    clauses = _cited(order)
    grounds = [
        Ground(
            basis=code,
            clause=clauses.get(code),
            citation=order.citation if BASIS[code].citation else "",
        )
        for code in policy.in_order(order.clauses)
    ]
    evidence = [Evidence(statement=e, sha256=sha256_of(e)) for e in map(str.strip, order.evidence) if e]
    evidence += evidence_files(order.files, actor=decision.maker, case=order.case)
    # The list goes first, under the number the decision will have: its digest is part of the decision.
    targets, unknown = hashlib.sha256(), set(found.unknown)
    for chunk in listed.chunks():
        known = [number for number in chunk if number not in unknown]
        decision.pk, text = _freeze_targets(decision, order, known, act)
        targets.update(text.encode())
    if targets.hexdigest() != found.listed:
        # Somebody acted on one of them since it was looked at: limits and approvers may be others now. It may have been
        # this very form, sent twice at once.
        if first := Decision.objects.filter(form_key=order.form_key).first():
            raise AlreadyFiled(first)
        raise Invalid(_("A number changed while you looked at it. Nothing was done: look again."))
    decision.target_count, decision.targets_digest = found.known, targets.hexdigest()
    decision.content_hash = content_hash(decision, grounds, [e.statement for e in evidence], decision.targets_digest)
    try:
        with transaction.atomic():
            Decision.objects.bulk_create([decision])  # the pen writes its history, as for every set
    except IntegrityError as clash:
        if "form_key" not in str(clash):
            raise
        raise AlreadyFiled(Decision.objects.get(form_key=order.form_key)) from None
    act.subject, act.decision_id = decision, decision.pk
    act.history(Decision, [decision.pk], recorder.CREATED)
    for ground in grounds:
        ground.decision, ground.event_id = decision, act.event_id
    Ground.objects.bulk_create(grounds)
    for one in evidence:
        one.decision, one.event_id = decision, act.event_id
    Evidence.objects.bulk_create(evidence)
    act.wrote(Ground, rows=len(grounds))
    act.wrote(Evidence, rows=len(evidence))
    act.wrote(Target, rows=found.known)


class AlreadyFiled(Invalid):
    """The same form came twice; the first one counts."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(_("This form was already submitted as decision #%(id)d.") % {"id": decision.pk})


def _cited(order: Order) -> Mapping[str, Clause]:
    """Ground → its clause, in the version in force now (12.1c); none that was struck out (12.7)."""
    now = timezone.now()
    of_rules = {code: BASIS[code].cites for code in order.clauses if BASIS[code].cites}
    struck = Exists(StrikeOut.objects.filter(clause=OuterRef("pk")))
    in_rules = {c.number: c for c in clauses_in_force(now, numbers=of_rules.values()).annotate(struck=struck)}
    found = {code: in_rules[number] for code, number in of_rules.items() if number in in_rules}
    if missing := sorted({number for code, number in of_rules.items() if code not in found}):
        raise Invalid(
            _("No version of the Rules in force has clause %(clause)s: import the Rules first.")
            % {"clause": ", ".join(missing)}
        )
    for code in order.clauses:
        if BASIS[code].article:
            document, _colon, number = order.article.strip().rpartition(":")
            articles = clauses_in_force(now, numbers=[number.strip()], document=document.strip())
            article = articles.annotate(struck=struck).first()
            if article is None:
                raise Invalid(_("No document of the rulebook in force has “%(article)s”.") % {"article": order.article})
            found[code] = article
    if settings.PRODUCTION and any(c.version.is_summary for c in found.values()):
        raise Invalid(_("Only summaries of the Rules are loaded: import the Rules' text before deciding on them."))
    gone = [str(c) for c in found.values() if c.struck]
    same = StrikeOut.objects.filter(clause=None, citation_key=CitationKey(Value(order.citation)))
    if order.citation and same.exists():
        gone.append(order.citation)
    if gone:
        raise Invalid(
            _("%(ground)s was struck out and is no ground any more (12.7).") % {"ground": ", ".join(sorted(gone))}
        )
    return found


# Acts that need nobody else wait for one another, so that `apply` can count their maker's day, and so do filings: N
# parallel clicks share one limit.
_ONE_AT_A_TIME = "hold AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(queue)s, %(maker)s::int)),"
_ALONE, _FILING = 7171, 7172  # a long list that is filed keeps none of his clicks waiting


def _freeze_targets(decision: Decision, order: Order, chunk: Sequence[int], act: recorder.Act) -> tuple[int, str]:
    """Insert targets under the decision's key, taking the key from its sequence at first; the text to digest."""
    named, named_params = eligibility.measures_named(order)
    sql = f"""
WITH {_ONE_AT_A_TIME} d AS MATERIALIZED (
  SELECT coalesce(%(decision)s, nextval(pg_get_serial_sequence('enforcement_decision', 'id'))) AS id FROM hold),
filed AS (
  INSERT INTO enforcement_target (decision_id, number_id, tenure_id, revision, measures, event)
  SELECT d.id, n.id, n.tenure_id, n.revision, {named}, %(event)s
  FROM d, accounts_number n WHERE n.id = ANY(%(numbers)s::bigint[]) ORDER BY n.id
  RETURNING number_id, tenure_id, revision, measures)
SELECT (SELECT id FROM d), coalesce(string_agg({TARGET}, '' ORDER BY number_id), '') FROM filed"""
    with connection.cursor() as cursor:
        eligibility.by_key(cursor, len(chunk))
        cursor.execute(
            sql,
            named_params
            | {
                "decision": decision.pk,
                "maker": decision.maker_id,
                "queue": _FILING if decision.effect == Effect.WAITS else _ALONE,
                "event": act.event_id,
                "numbers": list(chunk),
                "now": timezone.now(),
            },
        )
        filed: tuple[int, str] = cursor.fetchone()
        return filed
