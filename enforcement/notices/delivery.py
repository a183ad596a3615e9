"""Delivery of notices: the worker takes some, sends them, and says on the record what came of them.

At least once, as from every outbox (qqops/delivery/outbox.py): a notice has the same id each time it is sent.
"""

import datetime
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from enforcement.letters import services as letters
from enforcement.letters.placeholders import About
from enforcement.letters.render import Incomplete, Rendered, render
from enforcement.measures.changes import Changed, as_they_were, changed_by
from enforcement.models import Decision, LetterTemplate, Measure, Notice, Outcome, Target
from enforcement.notices.channels import Ways
from enforcement.policy import Kind
from qqops.approvals.models import State
from qqops.delivery import outbox, webhook
from qqops.delivery.outbox import RUN, Outbox, Told, Written, next_attempt
from qqops.staff.models import Staff

S, C = Notice.State, Notice.Channel
OUTBOX = Outbox(
    "enforcement_notice",
    # The holder hears of an act when the time is over in which its maker takes back a slip (DESIGN §4).
    ready="stage <> 'act' OR created_at <= %(heard)s",
    # What was sent is sent, though the act was taken back in the same moment: its holder has another letter for that.
    open_to="x.state = 'pending' OR x.state = 'withdrawn' AND r.state = 'sent'",
    columns={"template_id": "bigint", "letter_sha256": "text"},
)
TOLD = Told(
    "notice.sent", "notice.failed", {S.FAILED.value: "notices_failed", S.BLOCKED.value: "notices_blocked"}
)  # fmt: skip


@dataclass(frozen=True)
class Result(outbox.Result):
    """And of which version of the letter."""

    row: Notice
    template: LetterTemplate | None = None
    sha256: str = ""


class NoTemplate(Exception):
    """No version of this letter was agreed to yet; its argument is the letter's code."""


def deliver(*, actor: Staff, seconds: float = RUN) -> Counter[str]:
    """Send what is due, for so long at most; how many by state, `pending` for those that are tried again."""
    done, until = Counter[str](), time.monotonic() + seconds
    with Ways() as ways:
        while time.monotonic() < until and (notices := _take()):
            results = _send_all(notices, ways, until)
            done += _record(results, actor)
            OUTBOX.give_back([notice.pk for notice in notices[len(results) :]])
    return done


def letter_of(notice: Notice, *, template: LetterTemplate | None = None) -> tuple[LetterTemplate, Rendered]:
    """The letter as it was or would be written; raises NoTemplate, or Incomplete where something is missing."""
    about = abouts([notice])[notice.pk]
    template = template or notice.template or letters.in_use().get(about.letter)
    if template is None:
        raise NoTemplate(about.letter)
    return template, render(template, about)


def abouts(notices: Iterable[Notice]) -> dict[int, About]:
    """What each is about, in a few queries however many there are. Nothing of any other holder of the number."""
    found = {notice.pk: notice for notice in notices}
    wanted = Decision.objects.filter(pk__in={notice.decision_id for notice in found.values()})
    decisions = wanted.select_related("policy", "undoes").prefetch_related("grounds__clause__version").in_bulk()
    grounds = {pk: sorted(one.grounds.all(), key=lambda ground: ground.pk) for pk, one in decisions.items()}
    ended, changed = _ended(found.values(), decisions), _changed(found.values(), decisions)
    return {
        pk: About(
            decisions[notice.decision_id], grounds[notice.decision_id], notice.tenure.number_id, notice.stage,
            notice.created_at, ended[notice.decision_id, notice.tenure_id],
            changed[notice.decision_id, notice.tenure.number_id],
        )
        for pk, notice in found.items()
    }  # fmt: skip


def _ended(
    notices: Iterable[Notice], decisions: Mapping[int, Decision]
) -> defaultdict[tuple[int, int | None], list[Measure]]:
    """By decision and tenure: of a lift the measures that it ends, where an end is told the measure that is over."""
    lifts = [notice for notice in notices if decisions[notice.decision_id].kind == Kind.LIFT]
    over = [notice for notice in notices if notice.stage == Notice.Stage.ENDED]
    ends: defaultdict[tuple[int, int | None], list[Measure]] = defaultdict(list)
    if lifts:
        targets = list(Target.objects.filter(**_of(lifts)))
        measures = Measure.objects.in_bulk({pk for target in targets for pk in target.measures or ()})
        for target in targets:
            ends[target.decision_id, target.tenure_id] += [measures[pk] for pk in target.measures or ()]
    if over:
        for measure in Measure.objects.filter(**_of(over)):
            ends[measure.decision_id, measure.tenure_id].append(measure)
    return ends


def _changed(
    notices: Iterable[Notice], decisions: Mapping[int, Decision]
) -> defaultdict[tuple[int, int], list[Changed]]:
    """By decision and number: what a change made of the measures that it named."""
    told = [notice for notice in notices if decisions[notice.decision_id].kind == Kind.ADJUST]
    found: defaultdict[tuple[int, int], list[Changed]] = defaultdict(list)
    for outcome in Outcome.objects.filter(**_of(told), why="") if told else ():
        decision = decisions[outcome.decision_id]
        found[decision.pk, outcome.number_id] += [changed_by(decision, was) for was in as_they_were(outcome)]
    return found


def _of(notices: Iterable[Notice]) -> dict[str, set[int]]:
    return {
        "decision__in": {notice.decision_id for notice in notices},
        "number__in": {notice.tenure.number_id for notice in notices},
    }


def _take() -> list[Notice]:
    ids = OUTBOX.take(heard=timezone.now() - datetime.timedelta(minutes=settings.QQOPS_NOTICE_WAIT))
    people = ("tenure__number", "tenure__identity", "tenure__registrant", "tenure__identity_key")
    return list(Notice.objects.filter(pk__in=ids).select_related(*people).order_by("pk"))


def _send_all(notices: list[Notice], ways: Ways, until: float) -> list[Result]:
    """One after the other, as far as the time goes; the first is always tried."""
    about, templates, needless = abouts(notices), letters.in_use(), _needless(notices)
    results: list[Result] = []
    for notice in notices:
        if results and time.monotonic() >= until:
            break
        past = notice.pk in needless or _is_past(notice, about[notice.pk].decision)
        results.append(Result(notice, S.WITHDRAWN) if past else _send(notice, about[notice.pk], templates, ways))
    return results


def _send(notice: Notice, about: About, templates: Mapping[str, LetterTemplate], ways: Ways) -> Result:
    template = templates.get(about.letter)
    if template is None:
        return Result(notice, S.BLOCKED, fault=f"template:{about.letter.value}")
    try:
        letter = render(template, about)
    except Incomplete as incomplete:
        return Result(notice, S.BLOCKED, fault=f"empty:{','.join(incomplete.names)}"[:120], template=template)
    channel = ""
    try:
        way = ways.to(notice, about)
        if way is None:
            return Result(notice, S.NO_WAY)
        channel = way.channel.value
        way.send(notice, about, letter)
    except Exception as error:  # whatever goes wrong with one is that one's: it is tried again
        return _again(notice, channel, webhook.fault(error))
    return Result(notice, S.SENT, channel, template=template, sha256=letter.sha256)


def _needless(notices: Iterable[Notice]) -> set[int]:
    """Those that tell the end of what its holder was never written to of: it was taken, given back, and withdrawn."""
    ends = [notice for notice in notices if notice.stage == Notice.Stage.ENDED]
    began = Notice.objects.filter(
        decision__in={end.decision_id for end in ends}, tenure__in={end.tenure_id for end in ends}
    ).exclude(stage=Notice.Stage.ENDED)
    tried = set(began.filter(Q(state=S.SENT) | Q(attempts__gt=0)).values_list("decision", "tenure"))
    return {end.pk for end in ends if (end.decision_id, end.tenure_id) not in tried}


def _is_past(notice: Notice, decision: Decision) -> bool:
    """Is what it tells of not so any more? Of an end that was told of nothing is taken back."""
    if notice.stage == Notice.Stage.ENDED:
        return False
    if notice.stage == Notice.Stage.ACT:  # a provisional measure is over with its proposal
        return decision.state in (State.REFUSED, State.LAPSED, State.VOID)
    return decision.state != State.APPROVED  # it will not happen, or did


def _again(notice: Notice, channel: str, fault: str) -> Result:
    due = next_attempt(notice.attempts)
    return Result(notice, S.PENDING if due else S.FAILED, channel, fault, due)


def _record(results: list[Result], actor: Staff) -> Counter[str]:
    """The events name the decision where all are of one."""
    decisions = {result.row.decision_id for result in results}
    with transaction.atomic():
        return TOLD.record(_write(results), actor=actor, decision_id=decisions.pop() if len(decisions) == 1 else None)


def _write(results: list[Result]) -> list[Written]:
    return OUTBOX.write(
        results,
        template_id=[result.template.pk if result.template else None for result in results],
        letter_sha256=[result.sha256 for result in results],
    )
