"""Who holds which role, from when to when; who asked for it and who agreed; emergency access and its review."""

import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qqops.approvals.models import Approval, Proposal, approval_constraints
from qqops.audit.history import UNTOLD, History
from qqops.audit.models import Record
from qqops.staff.models.people import Staff
from qqops.staff.policy import ROLE_LABELS, ROLES

ROLE_CHOICES = [(role, ROLE_LABELS[role]) for role in ROLES]
GLASS_LIFE = datetime.timedelta(hours=1)
REVIEW_WITHIN = datetime.timedelta(days=2)  # never later than two working days (domain.md §9, 11)


class AccessRequest(Proposal):
    """权限申请: to let a person in, to give a role, or to give a new way in. One proposes, another approves."""

    class Kind(models.TextChoices):
        JOIN = "join", _("let in")
        GRANT = "grant", _("give a role")
        RESET = "reset", _("give a new way in")

    staff = models.ForeignKey(Staff, models.PROTECT, verbose_name=_("member of staff"), related_name="access_requests")
    kind = models.CharField(_("request"), max_length=10, choices=Kind)
    role = models.CharField(_("role"), max_length=20, choices=ROLE_CHOICES, blank=True)
    until = models.DateTimeField(_("until"), null=True)  # of a role given for a time: cover, a delegation
    reason = models.TextField(_("reason"))
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    # Of the code that only the maker is shown. The approver is shown the link: neither of them gets in alone.
    code_digest = models.CharField(max_length=128, blank=True, editable=False)

    code = ""  # itself, where the request was just made; kept nowhere
    changeable_columns = ("state",)
    history = History(excluded_fields=UNTOLD["staff_accessrequest"])

    class Meta:
        verbose_name = _("access request")
        verbose_name_plural = _("access requests")
        default_permissions = ("view",)
        indexes = (models.Index(fields=("state", "-id"), name="access_state"),)
        constraints = (
            # Nobody grants himself (domain.md §9, 5).
            models.CheckConstraint(condition=~Q(maker=F("staff")), name="access_not_for_oneself"),
            models.CheckConstraint(
                condition=(Q(kind="reset") & Q(role="")) | (~Q(kind="reset") & ~Q(role="")), name="access_role"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="access_says_why"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def has_lapsed(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class AccessApproval(Approval):
    """One person's yes or no to an access request; neither the maker's nor that of the person it is for."""

    proposal = models.ForeignKey(AccessRequest, models.PROTECT, related_name="approvals")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)  # whom it is for

    class Meta(Approval.Meta):
        default_permissions: ClassVar[Any] = ()
        constraints = (
            *approval_constraints("access_approval"),
            models.CheckConstraint(condition=~Q(staff=F("approver")), name="access_approval_not_for_oneself"),
        )

    def __str__(self) -> str:
        return f"{self.proposal} {self.agreed}"


class HoldingQuerySet(models.QuerySet["Holding"]):
    def live(self) -> "HoldingQuerySet":
        now = timezone.now()
        return self.filter(Q(until__isnull=True) | Q(until__gt=now), since__lte=now)


class Holding(models.Model):
    """任职: a person holds a role, from a moment on, perhaps to a moment. To end it is to set `until` to now.

    Which roles exclude each other at the same time the database knows (migration 0002, from roles.EXCLUSIVE).
    """

    staff = models.ForeignKey(Staff, models.PROTECT, verbose_name=_("member of staff"), related_name="holdings")
    role = models.CharField(_("role"), max_length=20, choices=ROLE_CHOICES)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    glass = models.BooleanField(_("emergency access"), default=False)
    # One request gives one role once. None: set-up, emergency.
    request = models.OneToOneField(AccessRequest, models.PROTECT, null=True, related_name="+")

    changeable_columns = ("until",)
    objects = HoldingQuerySet.as_manager()
    history = History()

    class Meta:
        verbose_name = _("role held")
        verbose_name_plural = _("roles held")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="holding_in_order"),
            # The hour of emergency access is the database's, so that no code can stretch it.
            models.CheckConstraint(
                condition=Q(glass=False) | Q(until__isnull=False, until__lte=F("since") + GLASS_LIFE),
                name="holding_glass_is_short",
            ),
        )

    def __str__(self) -> str:
        return f"{self.staff} · {self.role}"

    @property
    def is_live(self) -> bool:
        now = timezone.now()
        return self.since <= now and (self.until is None or self.until > now)


class GlassReview(Record):
    """复查: what another person thinks of an emergency access, once."""

    holding = models.OneToOneField(Holding, models.PROTECT, related_name="review")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)  # who took the role
    reviewer = models.ForeignKey(Staff, models.PROTECT, verbose_name=_("reviewer"), related_name="+", db_index=False)
    justified = models.BooleanField(_("justified"))
    remarks = models.TextField(_("remarks"))
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("review of emergency access")
        verbose_name_plural = _("reviews of emergency access")
        default_permissions: ClassVar[Any] = ()
        constraints = (models.CheckConstraint(condition=~Q(staff=F("reviewer")), name="glass_review_by_another"),)

    def __str__(self) -> str:
        return f"{self.holding} {self.justified}"
