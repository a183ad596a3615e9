"""An appeal, the key that its words are sealed under, and who has it in hand."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Number, Tenure
from appeals.lifecycle import LIVE, Kind, Outcome, State, pairs
from appeals.policy import Ground, Relation, Route, Why
from enforcement.models import Decision
from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey

_LEGAL = ", ".join(f"('{source}', '{target}')" for source, target in pairs())
_LIVE = [str(state) for state in LIVE]


class Appeal(models.Model):
    """申诉 of one tenure: recovery (clause 7), objection to what a decision did to it, or enquiry (11).

    What the appellant says, and how he is reached, is sealed under the appeal's own key. `revision` counts acts: a
    form that was made on an older one is stale.
    """

    receipt = models.CharField(_("receipt number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    route = models.CharField(_("taken as"), max_length=10, choices=Route, blank=True)
    # A number that was asked about and never handed out has no row.
    number = models.ForeignKey(
        Number, models.DO_NOTHING, verbose_name=_("number"), related_name="+", db_index=False, db_constraint=False
    )
    tenure = models.ForeignKey(Tenure, models.PROTECT, null=True, verbose_name=_("tenure"), related_name="appeals")
    decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, verbose_name=_("decision objected to"), related_name="appeals"
    )
    ground = models.CharField(_("ground"), max_length=14, choices=Ground)
    relation = models.CharField(_("who appeals"), max_length=10, choices=Relation, default=Relation.HOLDER)
    agreement = models.CharField(_("appeal agreement accepted"), max_length=40, blank=True)
    statement = models.BinaryField(_("statement"), null=True)
    contact = models.BinaryField(_("contact"), null=True)
    form_key = models.UUIDField(unique=True, editable=False)  # one form, one appeal: a second click finds it
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("filed by"), related_name="+", db_index=False
    )
    filed_at = models.DateTimeField(_("filed"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.FILED)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    why = models.CharField(_("declined because"), max_length=14, choices=Why, blank=True)
    round = models.PositiveSmallIntegerField(_("round"), default=1)  # 2: the second review
    gated = models.BooleanField(_("a supervisor hears it: filed too often"), default=False)
    contested_at = models.DateTimeField(_("contested"), null=True)
    # Made because two claim the number; none where another security freeze ran already.
    contest_decision = models.ForeignKey(
        Decision, models.PROTECT, null=True, verbose_name=_("freeze while contested"), related_name="+", db_index=False
    )
    score = models.PositiveSmallIntegerField(_("score of the evidence"), null=True)
    due_at = models.DateTimeField(_("due"))
    escalate_at = models.DateTimeField(_("escalates"))
    escalated_at = models.DateTimeField(_("escalated"), null=True)
    waiting_since = models.DateTimeField(_("waiting since"), null=True)  # the clock stands meanwhile
    waits_until = models.DateTimeField(_("waits until"), null=True)  # for the answer, or for the end of cooling down
    closed_at = models.DateTimeField(_("closed"), null=True)
    revision = models.IntegerField(_("revision"), default=0)

    changeable_columns = (
        "kind", "route", "decision_id", "ground", "state", "outcome", "why", "round", "gated", "contested_at",
        "contest_decision_id", "score", "due_at", "escalate_at", "escalated_at", "waiting_since", "waits_until",
        "closed_at", "revision",
    )  # fmt: skip
    hidden_in_history = ("statement", "contact", "form_key")
    history = History()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        default_permissions = ("view",)
        permissions = (
            ("file_appeal", "Can file appeals"),
            ("hear_appeal", "Can hear appeals and decide them"),
            ("hear_again", "Can hear appeals a second time, and those of whoever files too often"),
            ("approve_ruling", "Can approve rulings"),
            ("report_appeals", "Can see how appeals are decided"),
        )
        indexes = (
            models.Index(fields=("due_at", "id"), name="appeal_to_be_heard", condition=Q(state="filed")),
            # What a supervisor hears, and what is marked on the list: few among many.
            models.Index(fields=("due_at", "id"), name="appeal_marked",
                         condition=Q(state="filed") & (Q(round__gt=1) | Q(gated=True) | Q(escalated_at__isnull=False)
                                                       | Q(contested_at__isnull=False))),
            models.Index(fields=("escalate_at",), name="appeal_escalates",
                         condition=Q(state__in=("filed", "ruled"), escalated_at__isnull=True)),
            models.Index(fields=("waits_until",), name="appeal_waits", condition=Q(waits_until__isnull=False)),
            models.Index(fields=("number", "-id"), name="appeal_of_number"),
            models.Index(fields=("state", "-id"), name="appeal_state"),
            # Recoveries by their score, the best first (appeals/queue/pages.py).
            models.Index(Coalesce(-F("score"), 1), "id", name="appeal_by_score",
                         condition=Q(state="filed", kind="recovery")),
            models.Index(fields=("filed_at",), name="appeal_filed"),
            models.Index(fields=("closed_at",), name="appeal_closed", condition=Q(closed_at__isnull=False)),
        )  # fmt: skip
        constraints = (
            models.UniqueConstraint(
                fields=("tenure", "kind", "decision"), condition=Q(state__in=_LIVE, tenure__isnull=False),
                nulls_distinct=False, name="appeal_one_open",
            ),
            models.CheckConstraint(
                condition=Q(kind="objection", decision__isnull=False) | ~Q(kind="objection") & Q(decision__isnull=True),
                name="appeal_objects_to_a_decision",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("closed", "court"), closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state__in=("closed", "court")) & Q(closed_at__isnull=True, outcome=""),
                name="appeal_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="inadmissible") | Q(round=1) | Q(why=""), name="appeal_second_was_heard"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False, waits_until__isnull=False)
                | ~Q(state="waiting") & Q(waiting_since__isnull=True),
                name="appeal_waits_since",
            ),
            models.CheckConstraint(
                condition=~Q(state="cooling") | Q(waits_until__isnull=False), name="appeal_cools_until"
            ),
            models.CheckConstraint(condition=Q(round__in=(1, 2)), name="appeal_two_rounds"),
            models.CheckConstraint(condition=Q(escalate_at__lte=F("due_at")), name="appeal_escalates_before_due"),
        )  # fmt: skip
        # A WHEN condition costs nothing; the function runs only for an illegal move.
        triggers = (
            pgtrigger.Trigger(
                name="legal_move",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition(
                    f"OLD.state IS DISTINCT FROM NEW.state AND (OLD.state, NEW.state) NOT IN ({_LEGAL})"
                ),
                func="RAISE EXCEPTION 'illegal move of an appeal % -> %', OLD.state, NEW.state"
                " USING ERRCODE = 'check_violation';",
            ),
        )

    def __str__(self) -> str:
        return self.receipt

    @property
    def is_overdue(self) -> bool:
        """Late by its clock, which stands while the appellant is asked."""
        return self.state in (State.FILED, State.RULED) and self.due_at <= timezone.now()


class AppealKey(WrappedKey):
    """What is said in an appeal is sealed under this. It goes, and the words with it, when nothing turns on them."""

    appeal = models.OneToOneField(
        Appeal, models.PROTECT, primary_key=True, verbose_name=_("appeal"), related_name="key"
    )

    class Meta(WrappedKey.Meta):
        verbose_name = _("key of an appeal")
        verbose_name_plural = _("keys of appeals")


class Lease(models.Model):
    """Who has an appeal in hand, and until when: nobody else is given it meanwhile. That he took it is an event."""

    appeal = models.OneToOneField(
        Appeal, models.PROTECT, primary_key=True, verbose_name=_("appeal"), related_name="lease"
    )
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("taken by"), related_name="+")
    until = models.DateTimeField(_("until"))

    fleeting = True

    class Meta:
        verbose_name = _("appeal in hand")
        verbose_name_plural = _("appeals in hand")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.appeal_id}: {self.staff_id}"


class Skip(Record):
    """One person passed an appeal on, and why: it does not come back to him the same day."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="skips", db_index=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("skipped by"), related_name="+", db_index=False
    )
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("appeal passed on")
        verbose_name_plural = _("appeals passed on")
        indexes = (models.Index(fields=("appeal", "staff", "at"), name="skip_by_appeal"),)

    def __str__(self) -> str:
        return f"#{self.pk}"


class PortalFiling(Record):
    """One line of the portal's file, by the portal's id: which appeal its receipt number is of. Or one form of the
    desk, by its key, where it was kept as somebody else's: what it makes otherwise has that key itself.

    It made that appeal, or came while the same was open, or asked for its second review. Whatever becomes of the
    appeal, the line is known when it comes again.
    """

    portal = models.CharField(_("portal id"), max_length=64)
    appeal = models.ForeignKey(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="portal_filings")
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("filing at the portal")
        verbose_name_plural = _("filings at the portal")
        constraints = (models.UniqueConstraint(fields=("portal",), name="portal_filing_once"),)

    def __str__(self) -> str:
        return self.portal
