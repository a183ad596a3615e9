"""What has to do with carrying acts out: uploaded lists, the switch that stops all, and who reads the state feed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey


class TargetList(Record):
    """名单, taken in once and fixed: what was looked at is what is filed. Its key goes when it is no longer needed."""

    name = models.CharField(_("list"), max_length=200)  # its kind, filter or case; never what a file is called
    sha256 = models.CharField(_("SHA-256 of the list"), max_length=64)  # of the file as it came
    given = models.PositiveIntegerField(_("lines"))
    count = models.PositiveIntegerField(_("numbers"))
    numbers = models.BinaryField()  # sealed: eight bytes each, sorted
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("taken in by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("list")
        verbose_name_plural = _("lists")

    def __str__(self) -> str:
        return self.name


class ListKey(WrappedKey):
    """The key of one list."""

    targets = models.OneToOneField(TargetList, models.PROTECT, primary_key=True, related_name="key")

    class Meta(WrappedKey.Meta):
        verbose_name = _("key of a list")
        verbose_name_plural = _("keys of lists")


class Halt(models.Model):
    """全部停止: while one is open, nothing approved is applied further than its present chunk."""

    since = models.DateTimeField(_("since"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("stopped by"), related_name="+", db_index=False
    )
    reason = models.TextField(_("reason"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    changeable_columns = ("ended_at",)
    history = History()

    class Meta:
        verbose_name = _("stop of all runs")
        verbose_name_plural = _("stops of all runs")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("ended_at",), condition=Q(ended_at__isnull=True), nulls_distinct=False,
                                    name="halt_one_open"),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"#{self.pk}"


class FeedReader(models.Model):
    """Who follows the state feed, and how far: a freeze that no gateway has heard of is worth nothing."""

    name = models.SlugField(_("reader"), max_length=40, primary_key=True)
    acknowledged = models.BigIntegerField(_("acknowledged up to"), default=0)  # a sequence of the trail
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), null=True)
    fault = models.CharField(_("fault"), max_length=120, blank=True)

    fleeting = True  # how far somebody is says nothing of what happened

    class Meta:
        verbose_name = _("reader of the state feed")
        verbose_name_plural = _("readers of the state feed")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name
