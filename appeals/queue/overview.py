"""What the overview has of appeals: those in my hand, rulings that wait for my word, the queue, appeals by day."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.models import Appeal
from appeals.queries import appeals, in_hand, rulings_inbox, to_be_heard
from appeals.text import VIEW
from qqops.staff.models import Staff
from qqops.web import overview

LIST = "admin:appeals_appeal_changelist"


def _open(_staff: Staff) -> QuerySet[Appeal]:
    return to_be_heard()


def _overdue(_staff: Staff) -> QuerySet[Appeal]:
    return to_be_heard().filter(due_at__lte=timezone.now())


def _in_hand(pk: int, receipt: str) -> tuple[str, str]:
    return _("Appeal %(receipt)s, in my hand") % {"receipt": receipt}, reverse("admin:appeals_appeal_change", args=[pk])


def _to_agree_to(pk: int, receipt: str) -> tuple[str, str]:
    return _("Ruling on appeal %(receipt)s") % {"receipt": receipt}, reverse("admin:appeals_ruling", args=[pk])


overview.work(in_hand, _in_hand, what="receipt", since="filed_at", until="due_at")
overview.work(rulings_inbox, _to_agree_to, what="appeal__receipt")
overview.figure(gettext_lazy("Open appeals"), LIST, VIEW, _open, order=1)
overview.figure(gettext_lazy("Overdue appeals"), LIST, VIEW, _overdue, query="state=overdue", order=2, tone="bad")
overview.series(gettext_lazy("Appeals filed"), VIEW, appeals, "filed_at")
overview.series(gettext_lazy("Appeals closed"), VIEW, appeals, "closed_at")
