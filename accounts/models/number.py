"""A number and what a person holds of it. 使用权, never ownership: clause 2."""

import pgtrigger
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Lifecycle, Protection, pairs
from qqops.audit.history import History

_LEGAL = ", ".join(f"('{source}', '{target}')" for source, target in pairs())


class Number(models.Model):
    """号码. The key is the number itself; free numbers have no row.

    `frozen_until` and `restricted_until` are the latest ends of the measures in force (FOREVER when one has no
    end), so what is shown is right at read time without looking at the measures: docs/decisions/0002.
    `revision` counts acts: a target frozen at an older revision has changed since.
    """

    id = models.BigIntegerField(_("number"), primary_key=True, validators=[MinValueValidator(10000)])
    lifecycle = models.CharField(_("lifecycle"), max_length=16, choices=Lifecycle)
    tier = models.SmallIntegerField(_("tier"), default=0)
    tenure = models.OneToOneField(
        "accounts.Tenure", models.PROTECT, null=True, verbose_name=_("tenure"), related_name="+"
    )
    frozen_until = models.DateTimeField(_("frozen until"), null=True)
    restricted_until = models.DateTimeField(_("restricted until"), null=True)
    legal_hold = models.BooleanField(_("legal hold"), default=False)
    protection = models.CharField(_("protection"), max_length=10, choices=Protection, blank=True, default="")
    reclaim_exempt_reason = models.CharField(_("exempt from reclaim because"), max_length=200, blank=True)
    # Columns that came to a table of the record later are NULL where nothing is said: the digests of older rows hold.
    tier_set_at = models.DateTimeField(_("tier set by hand"), null=True)
    terminated_at = models.DateTimeField(_("terminated"), null=True)
    terminated_under = models.CharField(_("terminated under clause"), max_length=8, null=True)  # noqa: DJ001
    due_at = models.DateTimeField(_("next step due"), null=True)  # end of cooling-off, of grace, of quarantine
    revision = models.IntegerField(_("revision"), default=0)

    history = History()

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        default_permissions = ("view",)
        permissions = (
            ("protect_number", "Can put numbers under protection"),
            ("end_protection", "Can end or weaken a protection"),
        )
        indexes = (
            models.Index(fields=("id",), name="number_frozen", condition=Q(frozen_until__isnull=False)),
            models.Index(fields=("id",), name="number_restricted", condition=Q(restricted_until__isnull=False)),
            models.Index(fields=("lifecycle", "id"), name="number_lifecycle"),
            models.Index(fields=("tier", "id"), name="number_premium", condition=Q(tier__gte=2)),
            models.Index(fields=("id",), name="number_protected", condition=~Q(protection="")),
            models.Index(fields=("lifecycle", "due_at"), name="number_due", condition=Q(due_at__isnull=False)),
        )
        constraints = (
            models.CheckConstraint(condition=Q(id__gte=10000), name="number_has_five_digits"),
            models.CheckConstraint(condition=Q(tier__gte=0, tier__lte=4), name="number_tier"),
            models.CheckConstraint(
                condition=Q(lifecycle__in=("allocated", "in_use", "cancel_pending", "terminated"), tenure__isnull=False)
                | ~Q(lifecycle__in=("allocated", "in_use", "cancel_pending", "terminated")),
                name="number_held_has_tenure",
            ),
        )
        # A WHEN condition costs nothing; the function runs only for an illegal move.
        triggers = (
            pgtrigger.Trigger(
                name="legal_move",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("lifecycle"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition(
                    f"OLD.lifecycle IS DISTINCT FROM NEW.lifecycle AND (OLD.lifecycle, NEW.lifecycle) NOT IN ({_LEGAL})"
                ),
                func="RAISE EXCEPTION 'illegal lifecycle move % -> %', OLD.lifecycle, NEW.lifecycle"
                " USING ERRCODE = 'check_violation';",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)


class Tenure(models.Model):
    """持有期: one holder's right of use, from allocation to purge. Everything personal hangs here."""

    class Channel(models.TextChoices):
        CLIENT = "client", _("software client")
        WEB = "web", _("website")
        SMS = "sms", _("text message")
        IVR = "ivr", _("telephone")
        CAMPAIGN = "campaign", _("campaign")
        OTHER = "other", _("other authorised way")

    class Acceptance(models.TextChoices):
        EXPLICIT = "explicit", _("accepted explicitly")
        BY_USE = "by_use", _("accepted by use")

    number = models.ForeignKey(Number, models.PROTECT, verbose_name=_("number"), related_name="tenures", db_index=False)
    seq = models.SmallIntegerField(_("sequence"), default=1)
    channel = models.CharField(_("registration channel"), max_length=10, choices=Channel)
    channel_ref = models.CharField(_("channel reference"), max_length=80, blank=True)
    paid = models.BooleanField(_("paid"), default=False)
    paid_until = models.DateTimeField(_("paid until"), null=True)
    rules_version = models.ForeignKey(
        "accounts.RuleVersion", models.PROTECT, verbose_name=_("rules version accepted"), db_index=False
    )
    acceptance = models.CharField(_("acceptance"), max_length=10, choices=Acceptance, default=Acceptance.BY_USE)
    accepted_at = models.DateTimeField(_("accepted"), null=True)  # None: with the registration
    order_ref = models.CharField(_("order"), max_length=80, null=True)  # noqa: DJ001  # as above
    price = models.PositiveIntegerField(_("price, in fen"), null=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    history = History()

    class Meta:
        verbose_name = _("tenure")
        verbose_name_plural = _("tenures")
        default_permissions = ("view",)
        indexes = (models.Index(fields=("ended_at",), name="tenure_ended", condition=Q(ended_at__isnull=False)),)
        constraints = (
            models.UniqueConstraint(fields=("number", "seq"), name="tenure_seq"),
            # 2(a): one number, at most one live tenure.
            models.UniqueConstraint(fields=("number",), condition=Q(ended_at__isnull=True), name="tenure_one_live"),
            models.CheckConstraint(
                condition=~Q(channel__in=("campaign", "other")) | ~Q(channel_ref=""), name="tenure_channel_is_named"
            ),
        )

    def __str__(self) -> str:
        return f"{self.number_id}/{self.seq}"


class LoginFact(models.Model):
    """First and last successful login of a tenure to one service (5.1); a fact of others, so without history.

    It stays with its tenure, where no later holder meets it, and goes when the law no longer keeps it: a log of a
    person that outlives its time is no record but a fault, hence the right to delete (accounts/retention/policy.py).
    """

    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="logins", db_index=False)
    service = models.CharField(_("service"), max_length=40)
    first_at = models.DateTimeField(_("first login"))
    last_at = models.DateTimeField(_("last login"))

    fleeting = True

    class Meta:
        verbose_name = _("login fact")
        verbose_name_plural = _("login facts")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("tenure", "service"), name="login_once_per_service"),)

    def __str__(self) -> str:
        return f"{self.tenure_id} {self.service}"
