"""Evidence that is a file: sealed under a key of its own, known by its hash."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey


class EvidenceFile(Record):
    """证据文件, as it was taken in. What it holds may be anybody's: it is sealed, and every opening is on the trail."""

    name = models.BinaryField(_("file name"))  # sealed: people name files after people
    content = models.BinaryField(_("content"))  # sealed
    media_type = models.CharField(_("type"), max_length=80)  # by what it begins with, not by its name
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("taken in by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("evidence file")
        verbose_name_plural = _("evidence files")
        permissions = (
            ("add_evidence", "Can take in evidence files"),
            ("open_evidence", "Can open evidence files"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class EvidenceKey(WrappedKey):
    """The key of one file. It goes, and the file with it, when no objection can be filed any more and none is open."""

    file = models.OneToOneField(EvidenceFile, models.PROTECT, primary_key=True, related_name="key")

    class Meta(WrappedKey.Meta):
        verbose_name = _("key of an evidence file")
        verbose_name_plural = _("keys of evidence files")
