"""How previews, reports and decisions read on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.lifecycle import Shown
from accounts.quarantine.losses import LATELY, Losses
from enforcement.decisions.durations import ELSEWHERE, LOST
from enforcement.decisions.order import Order
from enforcement.decisions.preview import Preview, not_counted, steps_in_words
from enforcement.decisions.queries import notice_text
from enforcement.decisions.services import Report, in_words
from enforcement.lists import figures
from enforcement.lists import services as lists
from enforcement.lists.figures import Figures
from enforcement.lists.number_set import Listed
from enforcement.models import Decision
from enforcement.policy import MEASURES, Effect, Kind, Why
from qqops.approvals.models import State
from qqops.core import progress
from qqops.core.commands import Exit, OpsCommand

LISTED = 50


def preview_lines(order: Order, found: Preview) -> Iterator[str]:
    yield _("Dry run: nothing is changed. With --apply:")
    yield from _count_lines(order.kind, found)
    yield from _loss_lines(order.kind, found)
    yield f"  {effect_sentence(found.rule.effect, len(found.rule.approvers))} ({found.rule.label})"


def _count_lines(kind: Kind, found: Preview) -> Iterator[str]:
    yield _("  %(act)s: %(n)d of %(given)d numbers") % {"act": kind.label, "n": found.will, "given": found.given}
    for state, n in sorted(found.shown.items()):
        yield f"    {Shown(state).label}: {n}"
    if found.skipped:
        yield _("  skipped: %(why)s") % {"why": in_words(found.skipped)}
    if found.duplicates:
        yield _("  duplicates: %(n)d") % {"n": found.duplicates}
    if found.unknown_lines:  # as filed they are only counted
        yield _("  unknown: %(numbers)s") % {"numbers": _some(found.unknown) or found.unknown_lines}
    if found.premium or found.paid:
        yield _("  among them premium: %(premium)d, paid: %(paid)d") % {"premium": found.premium, "paid": found.paid}


def _loss_lines(kind: Kind, found: Preview) -> Iterator[str]:
    """10.4, before it is done."""
    if kind == Kind.TERMINATE:
        yield f"  {LOST}"
    if kind not in MEASURES or not found.will:
        return
    if found.losses is None:
        yield _("  losses: %(counted)s") % {"counted": not_counted()}
    else:
        yield from _counted_losses(found.losses)
    yield f"  {ELSEWHERE}"


def _counted_losses(losses: Losses) -> Iterator[str]:
    yield _("  holders with paid time left: %(n)d (the last until %(at)s); paid for, with no end on file: %(open)d") % {
        "n": losses.paid,
        "at": moment(losses.paid_until),
        "open": losses.paid_open,
    }
    used = ", ".join(f"{service}: {n}" for service, n in losses.services.most_common())
    yield _("  signed in during the last %(days)d days: %(n)d (%(services)s)") % {
        "days": LATELY.days,
        "n": losses.using,
        "services": used or "–",
    }


def list_lines(order: Order, listed: Listed, found: Preview) -> Iterator[str]:
    """What is to be looked over of a list before it is filed, and how to file just that."""
    yield from _figure_lines(figures.look_over(listed, found))
    yield _("  SHA-256: %(sha256)s (give it with --expect)") % {"sha256": order.source_sha256}


def filed_lines(decision: Decision) -> Iterator[str]:
    """The dry run of a list as it was filed: what whoever is to agree agrees to."""
    if (filed := figures.as_filed(decision)) is None:
        return
    yield _("  as filed at %(at)s:") % {"at": moment(filed.at)}
    if decision.source_name:
        yield _("  list: %(list)s, SHA-256: %(sha256)s") % {
            "list": decision.source_name,
            "sha256": decision.source_sha256 or "–",
        }
    yield from _count_lines(Kind(decision.kind), filed.found)
    yield from _loss_lines(Kind(decision.kind), filed.found)
    yield from _figure_lines(filed)


def _figure_lines(looked: Figures) -> Iterator[str]:
    found, minors = looked.found, looked.minors
    yield _("  digits: %(digits)s") % {"digits": ", ".join(f"{d}: {n}" for d, n in sorted(looked.digits.items()))}
    yield _("  protected: %(protected)d, under a legal hold or a pending request: %(held)d, minors: %(minors)s") % {
        "protected": found.protected,
        "held": found.held,
        "minors": not_counted() if minors is None else minors,
    }
    if found.suggested:
        yield _("  the ladder suggests: %(steps)s") % {"steps": steps_in_words(found.suggested)}
    yield _("  a sample: %(numbers)s") % {"numbers": _some(found.sample)}


def list_json(order: Order, listed: Listed, found: Preview) -> dict[str, Any]:
    return {
        "list": order.source_name,
        "sha256": order.source_sha256,
        "digits": {str(digits): n for digits, n in sorted(lists.digits_of(listed).items())},
        "minors": lists.minors_of(listed),
        "losses": found.losses.as_json() if found.losses else None,
    }


def filed_json(decision: Decision) -> dict[str, Any] | None:
    """The same by name; None of a decision on no list."""
    filed = figures.as_filed(decision)
    named = {"list": decision.source_name, "sha256": decision.source_sha256}
    return named | {"filed_at": filed.at} | figures.as_fact(filed) if filed else None


def preview_json(found: Preview) -> dict[str, Any]:
    return {
        "decision": None,
        "state": "dry_run",
        "effect": found.rule.effect,
        "targets": found.known,
        "applied": 0,
        "would_apply": found.will,
        "skipped": dict(found.skipped),
        "unknown": found.unknown,
        "failed": 0,
    }


def effect_sentence(effect: str, approvers: int) -> str:
    if effect == Effect.AT_ONCE:
        return _("acts at once")
    people = ngettext("%(n)d approver", "%(n)d approvers", approvers) % {"n": approvers}
    if effect == Effect.PROVISIONAL:
        return _("acts at once, provisionally, until %(people)s decided") % {"people": people}
    return _("waits for %(people)s; nothing changes before") % {"people": people}


def report_lines(report: Report) -> Iterator[str]:
    decision = report.decision
    yield _("Decision #%(id)d: %(state)s") % {"id": decision.pk, "state": decision.get_state_display()}
    yield _("  targets: %(targets)d, applied: %(applied)d") % {"targets": report.targets, "applied": report.applied}
    if report.skipped.total():
        yield _("  skipped: %(why)s") % {"why": in_words(report.skipped)}
    if report.unknown:
        yield _("  unknown: %(numbers)s") % {"numbers": _some(report.unknown)}
    if waits_for := notice_text(decision):
        yield f"  {waits_for}"
    if decision.state == State.PROPOSED:
        yield _("  %(effect)s; lapses %(at)s") % {
            "effect": effect_sentence(decision.effect, len(decision.approvers)),
            "at": moment(decision.expires_at),
        }


def say_report(command: OpsCommand, report: Report, *, as_json: bool) -> None:
    if as_json:
        command.say_json(report.as_json())
    else:
        for line in report_lines(report):
            command.say(line)


def report_code(report: Report) -> Exit:
    if report.decision.state == State.PROPOSED:
        return Exit.WAITING
    if report.decision.state == State.VOID:
        return Exit.REFUSED
    left = report.skipped.total() - report.skipped[Why.VOIDED]
    return Exit.PARTLY if left or report.unknown or report.failed else Exit.DONE


def decision_lines(decision: Decision) -> Iterator[str]:
    yield _("Decision #%(id)d: %(act)s, %(state)s") % {
        "id": decision.pk,
        "act": decision.get_kind_display(),
        "state": State.LAPSED.label if decision.has_lapsed else decision.get_state_display(),
    }
    for ground in decision.grounds.select_related("clause__version"):
        version = ground.clause.version.version if ground.clause else ""
        yield _("  ground: %(ground)s %(version)s") % {"ground": ground, "version": version}
    yield _("  facts: %(text)s") % {"text": decision.facts}
    if decision.policy:
        yield _("  dormancy policy: %(policy)s") % {"policy": decision.policy}
    for evidence in decision.evidence.all():
        yield _("  evidence: %(text)s") % {"text": evidence}
    yield _("  reason: %(text)s") % {"text": decision.reason}
    yield _("  maker: %(who)s, %(at)s") % {"who": decision.maker, "at": moment(decision.proposed_at)}
    for approval in decision.approvals.select_related("approver"):
        answer = _("agreed") if approval.agreed else _("refused")
        yield f"  {answer}: {approval.approver}, {moment(approval.at)}: {approval.reason}"
    if waits_for := notice_text(decision):
        yield f"  {waits_for}"
    yield _("  targets: %(n)d") % {"n": decision.target_count}
    yield from filed_lines(decision)
    for why, n in outcome_counts(decision).items():
        yield f"    {Why(why).label if why else _('applied')}: {n}"


def outcome_counts(decision: Decision) -> dict[str, int]:
    rows = decision.outcomes.values_list("why").annotate(n=Count("number_id")).order_by("why")
    return dict(rows)


def moment(at: Any) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "–"


def progress_bar(out: Any, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return progress.bar(out, _("applying"), total)


def _some(numbers: list[int]) -> str:
    more = " …" if len(numbers) > LISTED else ""
    return ", ".join(map(str, numbers[:LISTED])) + more
