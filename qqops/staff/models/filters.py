"""Filters of a list that somebody keeps under a name, for himself or for all who may see that list."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qqops.staff.models.people import Staff

if TYPE_CHECKING:
    from collections.abc import Mapping


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def seen_by(self, staff: Staff, page: str) -> "SavedFilterQuerySet":
        """His own of this list and, after them, what others share; whoever asks may see the list."""
        own = ExpressionWrapper(Q(owner=staff), output_field=BooleanField())
        seen = self.select_related("owner").filter(Q(owner=staff) | Q(shared=True), page=page)
        return seen.annotate(own=own).order_by("-own", "name", "pk")

    def left_behind(self, page: str) -> "SavedFilterQuerySet":
        """What people who have left share of this list."""
        left = self.select_related("owner").filter(owner__is_active=False, shared=True, page=page)
        return left.order_by("name", "pk")

    def opened(self, wanted: str, chosen: "Mapping[str, str]") -> "SavedFilter | None":
        """The one that an address names, while it still chooses what that one does: another choice is no longer it."""
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
            return None
        return self.filter(pk=int(wanted), query=dict(chosen)).first()


class SavedFilter(models.Model):
    """已存筛选. Only choices that the list declares: what was typed into a search box is never kept."""

    owner = models.ForeignKey(
        Staff, models.PROTECT, verbose_name=_("owner"), related_name="saved_filters", db_index=False
    )
    page = models.CharField(_("list"), max_length=40)  # KeysetList.page
    name = models.CharField(_("name"), max_length=60)
    query = models.JSONField(_("filters"))  # parameter → code, as in the list's address
    shared = models.BooleanField(_("shared"))
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    fleeting = True  # how somebody looks at a list says nothing of what happened; sharing one is an event

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("owner", "page", "name"), name="saved_filter_name"),)
        indexes = (models.Index(fields=("page", "name"), name="saved_filter_page"),)

    def __str__(self) -> str:
        return self.name
