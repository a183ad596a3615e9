"""Acts on dormancy policies (10.3): adopt one, end one. Three people adopt a policy; its terms never change."""

import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.dormancy.policy import DATES, FIRST_DAY, LAST_DAY, LONGEST, Terms
from accounts.dormancy.policy import Kind as Dormancy
from accounts.dormancy.queries import ONE_DAY, days, overlapping
from accounts.models import DormancyPolicy, ResourceProposal
from accounts.resources.policy import Case, Kind
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from accounts.rulebook.services import CODE
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff


def wanted(terms: Terms) -> Wanted:
    return Wanted(Kind.POLICY, terms.as_content())


def ended(policy: DormancyPolicy, last: datetime.date) -> Wanted:
    """Return the proposal to end the policy after the day `last`."""
    return Wanted(Kind.POLICY_END, {"policy": policy.pk, "last": last.isoformat()})


def _check(wanted: Wanted, actor: Staff) -> Case:
    terms = Terms.of(wanted.content)
    if not CODE.fullmatch(terms.code) or len(terms.code) > 40:
        raise Invalid(_("The code must have 1 to 40 letters, digits or hyphens."))
    if terms.kind not in Dormancy.values:
        raise Invalid(_("There is no such kind of dormancy policy."))
    if not 0 < terms.threshold_days <= LONGEST:
        raise Invalid(_("A number is due after 1 to %(n)d days.") % {"n": LONGEST})
    if not 0 < terms.grace_days <= LONGEST:
        raise Invalid(_("The grace period is 1 to %(n)d days.") % {"n": LONGEST})
    if not 0 <= terms.reminder_days <= terms.notice_days <= LONGEST:
        raise Invalid(_("The reminder comes after the notice: at most as many days before."))
    _check_days(terms)
    if DormancyPolicy.objects.filter(code=terms.code).exists():
        raise _taken(terms)
    for other in overlapping(terms)[:1]:
        raise _overlaps(other)
    return Case(Kind.POLICY)


def _check_days(terms: Terms) -> None:
    """Raise Invalid for wrong days. A policy is never retroactive: no holder could know of it."""
    for name in DATES:
        _is_a_day(getattr(terms, name))
    if terms.effective_from < timezone.localdate():
        raise Invalid(_("A policy is in force from today or later, not from the past. Nothing was done."))
    if terms.effective_to and terms.effective_to < terms.effective_from:
        raise Invalid(_("The policy ends before it begins."))
    if terms.registered_from and terms.registered_to and terms.registered_to < terms.registered_from:
        raise Invalid(_("The time of registration ends before it begins."))


def _is_a_day(day: datetime.date | None) -> None:
    if day and not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(
            _("The days of a policy lie in the years %(first)d to %(last)d; leave a day empty where there is no end.")
            % {"first": FIRST_DAY.year, "last": LAST_DAY.year}
        )


def _adopt(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    terms = Terms.of(wanted.content)
    adopted = DormancyPolicy(
        code=terms.code,
        kind=terms.kind,
        threshold_days=terms.threshold_days,
        registered=days(terms.registered_from, terms.registered_to),
        effective=days(terms.effective_from, terms.effective_to),
        grace_days=terms.grace_days,
        notice_days=terms.notice_days,
        reminder_days=terms.reminder_days,
        proposal=proposal,
    )
    facts = {"code": adopted.code, "dormancy": adopted.kind}
    with recorder.act(
        "policy.adopted", actor=actor, reason=proposal.reason, ticket=proposal.ticket, facts=facts
    ) as own:
        try:
            with transaction.atomic():
                DormancyPolicy.objects.bulk_create([adopted])  # the recorder writes the history
        except IntegrityError as clash:
            raise _clash(clash, terms) from clash
        own.subject = adopted
        own.history(DormancyPolicy, [adopted.pk], recorder.CREATED)


def _check_end(wanted: Wanted, actor: Staff) -> Case:
    _shortened(_policy(wanted), datetime.date.fromisoformat(wanted.content["last"]))
    return Case(Kind.POLICY_END)


def _end(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    found, last = _policy(wanted, lock=True), datetime.date.fromisoformat(wanted.content["last"])
    effective = _shortened(found, last)
    facts = {"code": found.code, "until": last.isoformat()}
    with recorder.act(
        "policy.ended", actor=actor, reason=proposal.reason, ticket=proposal.ticket, subject=found, facts=facts
    ) as own:
        found.effective = effective
        found.save(update_fields=["effective"])
        own.wrote(recorder.history_model(DormancyPolicy))


def _shortened(policy: DormancyPolicy, last: datetime.date) -> DateRange:
    _is_a_day(last)
    if last < timezone.localdate():
        raise Invalid(_("A policy ends today or later, never in the past. Nothing was done."))
    if policy.effective.lower > last:
        raise Invalid(_("The policy begins on %(day)s only: it ends then or later.") % {"day": policy.effective.lower})
    if policy.effective.upper and policy.effective.upper <= last + ONE_DAY:
        raise Invalid(_("The policy ends on %(day)s already.") % {"day": policy.effective.upper - ONE_DAY})
    return DateRange(policy.effective.lower, last + ONE_DAY)


def _policy(wanted: Wanted, *, lock: bool = False) -> DormancyPolicy:
    rows = DormancyPolicy.objects.select_for_update(no_key=True) if lock else DormancyPolicy.objects.all()
    found = rows.filter(pk=wanted.content["policy"]).first()
    if found is None:
        raise Invalid(_("There is no such dormancy policy."))
    return found


def _clash(clash: IntegrityError, terms: Terms) -> Exception:
    """Return the error of the check for a constraint violation: another policy was adopted concurrently."""
    if "policy_no_overlap" in str(clash):
        return next(map(_overlaps, overlapping(terms)), clash)
    return _taken(terms) if "code" in str(clash) else clash


def _overlaps(other: DormancyPolicy) -> Invalid:
    sentence = _(
        "Policy %(other)s is for some of the same tenures at the same time. End it first, or choose other days."
        " Nothing was done."
    )
    return Invalid(sentence % {"other": other})


def _taken(terms: Terms) -> Invalid:
    return Invalid(_("There is a dormancy policy “%(code)s” already.") % {"code": terms.code})


kinds.declare(Kind.POLICY, Work(_check, _adopt))
kinds.declare(Kind.POLICY_END, Work(_check_end, _end))
