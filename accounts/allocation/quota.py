"""The quota of a campaign (3.1(4)), spent in the transaction that hands the numbers out.

The quota is spent after the numbers are taken: the owner of its row lock then waits only for the chain lock of the
record, so the lock is held for a short time.
"""

import datetime
from collections import Counter
from collections.abc import Sequence

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import CampaignUse
from qqops.core.errors import Invalid


def spend(code: str, moments: Sequence[datetime.datetime]) -> None:
    """Spend one number of the quota for each registration, given by the moments of completion.

    Raises Invalid if the campaign is unknown, was not running at one of the moments, or has too little quota left.
    Locks the row of the counter, so concurrent calls count one after the other.
    """
    uses = CampaignUse.objects.filter(campaign__code=code)
    use = uses.select_related("campaign").select_for_update(of=("self",), no_key=True).first()
    _must_give(use, code, min(moments), max(moments), len(moments))
    uses.update(used=F("used") + len(moments))


def check(code: str, moments: Sequence[datetime.datetime]) -> None:
    """Raise as `spend` would."""
    _must_give(_use_of(code), code, min(moments), max(moments), len(moments))


class Count:
    """A dry count of the registrations of a file against the quotas of their campaigns. It spends nothing."""

    def __init__(self) -> None:
        self._uses: dict[str, CampaignUse | None] = {}
        self._asked: Counter[str] = Counter()

    def add(self, code: str, at: datetime.datetime) -> None:
        """Count one more registration. Raise as `spend` would for all of them."""
        if code not in self._uses:
            self._uses[code] = _use_of(code)
        self._asked[code] += 1
        _must_give(self._uses[code], code, at, at, self._asked[code])


def _use_of(code: str) -> CampaignUse | None:
    return CampaignUse.objects.select_related("campaign").filter(campaign__code=code).first()


def _must_give(
    use: CampaignUse | None, code: str, first: datetime.datetime, last: datetime.datetime, count: int
) -> None:
    if use is None:
        raise Invalid(_("There is no campaign “%(code)s”.") % {"code": code})
    campaign = use.campaign
    if not campaign.starts_at <= first <= last < campaign.ends_at:
        raise Invalid(_("Campaign %(code)s was not running then.") % {"code": code})
    left = campaign.quota - use.used
    if count > left:
        raise Invalid(_("Campaign %(code)s has %(left)d numbers left of its quota.") % {"code": code, "left": left})
