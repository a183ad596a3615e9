"""What has a holder's information, and his number, kept between two reviews. While one runs a hold keeps them."""

from collections.abc import Collection, Iterable

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.rights import queries as rights
from appeals.lifecycle import Kind, State
from appeals.models import Appeal
from appeals.policy import AGAINST, SECOND_REVIEW_WITHIN


def reviewable(tenures: Collection[int]) -> Iterable[int]:
    """Whose objection was decided, not or not wholly for him, and may still be reviewed (11)."""
    decided = Appeal.objects.filter(tenure__in=tenures, kind=Kind.OBJECTION, state=State.CLOSED, round=1, why="")
    lately = decided.filter(outcome__in=AGAINST, closed_at__gte=timezone.now() - SECOND_REVIEW_WITHIN)
    return (tenure for tenure in lately.values_list("tenure", flat=True) if tenure is not None)


rights.keeps("second_review", _("an objection was decided and may still be reviewed (11)"), reviewable)
rights.keeps_number("second_review", _("an objection was decided and may still be reviewed (11)"), reviewable)
