"""The quota of a campaign (3.1(4)), spent in the transaction that hands the numbers out."""

import datetime
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import Campaign
from qqops.errors import Invalid

# The row of the counter is the lock: two that ask at once count one after the other.
_SPEND = """
UPDATE accounts_campaignuse u SET used = u.used + %(count)s FROM accounts_campaign c
WHERE c.id = u.campaign_id AND c.code = %(code)s AND c.starts_at <= %(first)s AND c.ends_at > %(last)s
  AND u.used + %(count)s <= c.quota"""


def spend(code: str, moments: Sequence[datetime.datetime]) -> None:
    """Take a number of the campaign's quota for each of the registrations, which were all completed in its time; in the
    transaction that hands the numbers out. Invalid says why not."""
    first, last, count = min(moments), max(moments), len(moments)
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, {"code": code, "count": count, "first": first, "last": last})
        if cursor.rowcount:
            return
    found = Campaign.objects.select_related("use").filter(code=code).first()
    if found is None:
        raise Invalid(_("There is no campaign “%(code)s”.") % {"code": code})
    if not found.starts_at <= first <= last < found.ends_at:
        raise Invalid(_("Campaign %(code)s was not running then. Nothing was done.") % {"code": code})
    raise Invalid(
        _("Campaign %(code)s has %(left)d numbers left of its quota. Nothing was done.")
        % {"code": code, "left": found.quota - found.use.used}
    )
