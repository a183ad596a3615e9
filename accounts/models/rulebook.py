"""The rulebook: documents, their published versions, and clauses with the text that decisions cite.

Published means fixed (12.1): all three tables are insert-only, a change is a new version.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Record


class RuleDocument(Record):
    """规则文件, by a code that never changes; each version has the title it was published under (1.2, 12.2)."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=200)

    class Meta(Record.Meta):
        verbose_name = _("rule document")
        verbose_name_plural = _("rule documents")

    def __str__(self) -> str:
        return self.title


class RuleVersion(Record):
    """规则版本. A summary is our own words about the Rules: it yields to any real text in force."""

    document = models.ForeignKey(
        RuleDocument, models.PROTECT, verbose_name=_("rule document"), related_name="versions", db_index=False
    )
    version = models.CharField(_("version"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    effective_from = models.DateTimeField(_("in force from"))
    published_at = models.DateTimeField(_("published"))
    source_sha256 = models.CharField(_("SHA-256 of the source"), max_length=64)
    is_summary = models.BooleanField(_("summary, not the text"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("rules version")
        verbose_name_plural = _("rules versions")
        permissions = (("publish_rules", "Can publish rules"),)
        constraints = (models.UniqueConstraint(fields=("document", "version"), name="rule_version_once"),)

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


class Clause(Record):
    """条款. Cited by its number; the heading is kept for reading and stands in no citation (12.6)."""

    version = models.ForeignKey(
        RuleVersion, models.PROTECT, verbose_name=_("rules version"), related_name="clauses", db_index=False
    )
    number = models.CharField(_("clause"), max_length=20)
    position = models.PositiveSmallIntegerField(_("position"))
    heading = models.TextField(_("heading"), blank=True)
    text = models.TextField(_("text"))
    text_en = models.TextField(_("English summary"), blank=True)
    text_sha256 = models.CharField(_("SHA-256 of the text"), max_length=64)
    emphasised = models.BooleanField(_("emphasised"), default=False)  # preamble ¶2: limiting terms may be in bold

    class Meta(Record.Meta):
        verbose_name = _("clause")
        verbose_name_plural = _("clauses")
        constraints = (models.UniqueConstraint(fields=("version", "number"), name="clause_once"),)

    def __str__(self) -> str:
        return self.number
