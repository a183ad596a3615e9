"""Proposal and approval: what two people do together. Each app that needs it makes its own tables of these.

Maker ≠ approver holds in the database: the approval copies the maker, a composite foreign key (added by the
app's migration with `copied`) makes sure that it is the proposal's own, a check compares the two.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Record


class State(models.TextChoices):
    PROPOSED = "proposed", _("waiting for approval")
    APPROVED = "approved", _("approved, being applied")
    APPLIED = "applied", _("applied")
    REFUSED = "refused", _("refused")
    LAPSED = "lapsed", _("lapsed")
    VOID = "void", _("void")
    STOPPED = "stopped", _("stopped before its end")


class Proposal(models.Model):
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("maker"), related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    approvers = ArrayField(models.CharField(max_length=80), default=list, blank=True)  # permissions, one per person
    content_hash = models.CharField(max_length=64, editable=False)  # an approval binds to this
    proposed_at = models.DateTimeField(_("proposed"))
    expires_at = models.DateTimeField(_("lapses"), null=True)

    class Meta:
        abstract = True


class Approval(Record):
    """审批: one person's yes or no to one content. Subclasses add `proposal`."""

    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("maker"), related_name="+", db_index=False
    )
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("approver"), related_name="+")
    capacity = models.CharField(max_length=80)  # the permission this approval fills
    agreed = models.BooleanField(_("agreed"))
    reason = models.TextField(_("reason"))
    content_hash = models.CharField(max_length=64)
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        abstract = True


def approval_constraints(name: str) -> tuple[models.BaseConstraint, ...]:
    """The constraints of an approval table: two different people, each once."""
    return (
        models.CheckConstraint(condition=~models.Q(maker=models.F("approver")), name=f"{name}_not_the_maker"),
        models.UniqueConstraint(fields=("proposal", "approver"), name=f"{name}_once_each"),
    )


def copied(child: str, key: str, parent: str, column: str) -> tuple[str, str]:
    """SQL and its reverse: `column` of the child row is a copy of its parent's and cannot differ from it.

    So a check of one row (the approver is not the maker) rests on what the other row says.
    """
    unique, foreign = f"{parent}_id_{column}", f"{child}_{column}_is_the_parents"
    return (
        f"ALTER TABLE {parent} ADD CONSTRAINT {unique} UNIQUE (id, {column});"
        f"ALTER TABLE {child} ADD CONSTRAINT {foreign} FOREIGN KEY ({key}, {column})"
        f" REFERENCES {parent} (id, {column})",
        f"ALTER TABLE {child} DROP CONSTRAINT {foreign};ALTER TABLE {parent} DROP CONSTRAINT {unique}",
    )
