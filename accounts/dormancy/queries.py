"""Queries of dormancy policies: the ones in force, and the terms of one in words."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.dormancy.policy import BY_LOGINS, Kind, Terms
from accounts.logins.queries import covered_until
from accounts.models import DormancyPolicy
from accounts.quarantine.policy import FEED_WAIT
from accounts.resources import text as resource_words
from accounts.resources.policy import Kind as Resource
from qqops.core.errors import Invalid
from qqops.web.panels import Fact

ONE_DAY = datetime.timedelta(days=1)


def policy_by_code(code: str) -> DormancyPolicy:
    found = DormancyPolicy.objects.filter(code=code.strip()).first()
    if found is None:
        raise Invalid(_("There is no dormancy policy “%(code)s”.") % {"code": code.strip()[:40]})
    return found


def in_force(day: datetime.date | None = None) -> Q:
    return Q(effective__contains=day or timezone.localdate())


def is_in_force(policy: DormancyPolicy, day: datetime.date | None = None) -> bool:
    day = day or timezone.localdate()
    first, after = policy.effective.lower, policy.effective.upper
    return (first is None or first <= day) and (after is None or day < after)


def unknown_logins(policy: DormancyPolicy) -> str:
    """Return why no number can be judged under the policy now, in words; "" if logins are known well enough.

    Logins are known from the feed only. While the feed is behind, every number looks dormant.
    """
    if policy.kind not in BY_LOGINS:
        return ""
    covered = covered_until()
    if covered is None:
        return _(
            "No login file has said yet until when it holds every login: nobody can be called dormant. Import the"
            " login files with --covers first. Nothing was done."
        )
    if covered < timezone.now() - FEED_WAIT:
        return _(
            "Logins are known until %(at)s only: who has logged in since is not dormant. Import the login files since"
            " then with --covers first. Nothing was done."
        ) % {"at": f"{timezone.localtime(covered):%Y-%m-%d %H:%M}"}
    return ""


def terms_of(policy: DormancyPolicy) -> Terms:
    return Terms(
        code=policy.code,
        kind=policy.kind,
        threshold_days=policy.threshold_days,
        effective_from=policy.effective.lower,
        effective_to=_last(policy.effective.upper),
        grace_days=policy.grace_days,
        notice_days=policy.notice_days,
        reminder_days=policy.reminder_days,
        registered_from=policy.registered.lower,
        registered_to=_last(policy.registered.upper),
    )


def in_words(terms: Terms) -> str:
    """Return the terms in words, such as “registered at any time, not logged in for 365 days; no notice before; …”."""
    return _("; ").join([_whom(terms), _notice(terms), _("grace %(n)d days") % {"n": terms.grace_days}])


def _whom(terms: Terms) -> str:
    due = {
        Kind.NOT_ACTIVATED: _("not activated within %(n)d days"),
        Kind.DORMANT: _("not logged in for %(n)d days"),
        Kind.PAID_LAPSED: _("paid time over for %(n)d days"),
    }[Kind(terms.kind)] % {"n": terms.threshold_days}
    return _(", ").join([_registered(terms), due])


def _notice(terms: Terms) -> str:
    if not terms.notice_days:
        return _("no notice before")
    if not terms.reminder_days:
        return _("notice %(n)d days before") % {"n": terms.notice_days}
    return _("notice %(n)d days and %(m)d days before") % {"n": terms.notice_days, "m": terms.reminder_days}


def _registered(terms: Terms) -> str:
    first, last = terms.registered_from, terms.registered_to
    days_named = {"first": first, "last": last}
    if first and last:
        return _("registered from %(first)s to %(last)s") % days_named
    if first:
        return _("registered from %(first)s") % days_named
    return _("registered until %(last)s") % days_named if last else _("registered at any time")


def _last(after: datetime.date | None) -> datetime.date | None:
    return after - ONE_DAY if after else None


def overlapping(terms: Terms) -> QuerySet[DormancyPolicy]:
    """Return the policies of the same kind that apply to some of the same tenures on some of the same days."""
    return DormancyPolicy.objects.filter(
        kind=terms.kind,
        registered__overlap=days(terms.registered_from, terms.registered_to),
        effective__overlap=days(terms.effective_from, terms.effective_to),
    ).order_by("pk")


def days(first: datetime.date | None, last: datetime.date | None) -> DateRange:
    return DateRange(first, last + ONE_DAY if last else None)


def terms_facts(terms: Terms) -> list[Fact]:
    return [
        Fact(_("Policy"), terms.code),
        Fact(_("In words"), in_words(terms)),
        Fact(_("Kind"), Kind(terms.kind).label),
        Fact(_("In force from"), terms.effective_from),
        Fact(_("In force until"), terms.effective_to or _("without end")),
    ]


def _wanted(content: Mapping[str, Any]) -> list[Fact]:
    return terms_facts(Terms.of(content))


def _wanted_end(content: Mapping[str, Any]) -> list[Fact]:
    found = DormancyPolicy.objects.filter(pk=content["policy"]).first()
    return [Fact(_("Policy"), found or f"#{content['policy']}"), Fact(_("Last day in force"), content["last"])]


resource_words.declare(
    Resource.POLICY,
    _wanted,
    gettext_lazy("Under it numbers may be reclaimed; each reclaim is a decision of its own, agreed to by two people."),
)
resource_words.declare(
    Resource.POLICY_END,
    _wanted_end,
    gettext_lazy("After its last day nothing is filed under it; what was filed before goes on."),
)
