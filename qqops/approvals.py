"""Proposal and approval: what two people do together. Each app that needs it makes its own tables of these.

Maker ≠ approver holds in the database: the approval copies the maker, a composite foreign key (added by the
app's migration with `maker_is_the_proposals`) makes sure that it is the proposal's own, a check compares the two.
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


def maker_is_the_proposals(approval_table: str, proposal_table: str) -> tuple[str, str]:
    """SQL and its reverse: the copied maker cannot differ from the proposal's."""
    unique, foreign = f"{proposal_table}_id_maker", f"{approval_table}_maker_is_the_proposals"
    return (
        f"ALTER TABLE {proposal_table} ADD CONSTRAINT {unique} UNIQUE (id, maker_id);"
        f"ALTER TABLE {approval_table} ADD CONSTRAINT {foreign} FOREIGN KEY (proposal_id, maker_id)"
        f" REFERENCES {proposal_table} (id, maker_id)",
        f"ALTER TABLE {approval_table} DROP CONSTRAINT {foreign};ALTER TABLE {proposal_table} DROP CONSTRAINT {unique}",
    )
