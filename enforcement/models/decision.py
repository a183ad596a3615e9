"""A decision: the case file, what it rests on, whom it reaches, what came of it, and who agreed."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Clause, DormancyPolicy, Number, Tenure
from enforcement.policy import BASIS, BATCH_FROM, Effect, FreezeKind, Kind, LeftOut, Scope, Severity, Why
from qqops.approvals.models import Approval as AbstractApproval
from qqops.approvals.models import Proposal, approval_constraints
from qqops.audit.history import History
from qqops.audit.models import Record


class Decision(Proposal):
    """处置决定: the case file. Its content never changes; only its state moves (`changeable_columns`)."""

    kind = models.CharField(_("act"), max_length=10, choices=Kind)
    freeze_kind = models.CharField(_("freeze kind"), max_length=10, choices=FreezeKind, blank=True)
    scopes = ArrayField(
        models.CharField(max_length=20, choices=Scope), default=list, blank=True, verbose_name=_("restriction scope")
    )
    duration = models.DurationField(_("duration"), null=True)  # counted from effective_at
    # or a fixed end; neither: without end. Of a change: FOREVER is without end, nothing is that the end stays.
    until = models.DateTimeField(_("until"), null=True)
    facts = models.TextField(_("facts"))
    reason = models.TextField(_("reason"))
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    rule = models.CharField(_("approval rule"), max_length=24)
    effect = models.CharField(_("effect"), max_length=12, choices=Effect)
    policy = models.ForeignKey(
        DormancyPolicy, models.PROTECT, null=True, verbose_name=_("dormancy policy"), related_name="decisions"
    )  # of a reclaim: what its targets are judged by (10.3)
    # Columns that came later are NULL where nothing is said: the digests of older rows hold.
    undoes = models.ForeignKey(
        "self", models.PROTECT, null=True, verbose_name=_("undoes"), related_name="undone_by"
    )  # of an undo: what it takes back
    in_error = models.BooleanField(_("it was wrong"), null=True)  # of a reversal: it no longer counts, we apologise
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, null=True)  # noqa: DJ001
    suggestion = models.JSONField(_("suggested"), null=True)  # what the ladder said: step → how many targets
    departure = models.TextField(_("departs from the suggestion because"), null=True)  # noqa: DJ001
    detected_by = models.CharField(_("found by rule or model"), max_length=80, null=True)  # noqa: DJ001  # 8.1(b)
    then_review = models.BooleanField(_("back to review at its end"), null=True)
    leave_out = ArrayField(
        models.CharField(max_length=10, choices=LeftOut), null=True, verbose_name=_("left for review by hand")
    )
    source_name = models.CharField(_("list"), max_length=200, null=True)  # noqa: DJ001
    source_sha256 = models.CharField(_("SHA-256 of the list"), max_length=64, null=True)  # noqa: DJ001
    case = models.ForeignKey(
        "enforcement.Case", models.PROTECT, null=True, verbose_name=_("case"), related_name="decisions"
    )
    ruling = models.CharField(_("ruling on the appeal"), max_length=20, null=True)  # noqa: DJ001  # its receipt number
    target_count = models.IntegerField(_("targets"))
    targets_digest = models.CharField(max_length=64)
    effective_at = models.DateTimeField(_("takes effect"), null=True)
    announced_at = models.DateTimeField(_("all holders told"), null=True)  # of a reclaim whose policy gives notice
    reminded_at = models.DateTimeField(_("all holders reminded"), null=True)
    paused_at = models.DateTimeField(_("paused"), null=True)
    rate = models.IntegerField(_("at most so many numbers a second"), null=True)
    form_key = models.UUIDField(unique=True, editable=False)  # one form, one decision: a second click finds it

    hidden_in_history = ("targets_digest", "form_key")
    changeable_columns = ("state", "effective_at", "announced_at", "reminded_at", "paused_at", "rate")
    history = History()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        default_permissions = ("view",)
        permissions = (
            ("make_security_freeze", "Can freeze for security up to 24 hours"),
            ("make_contested_freeze", "Can freeze for security up to 10 working days with a supervisor"),
            ("make_restriction", "Can restrict"),
            ("make_freeze", "Can freeze up to 7 days"),
            ("make_long_freeze", "Can freeze longer than 7 days"),
            ("make_termination", "Can terminate"),
            ("make_reclaim", "Can reclaim under 10.3"),
            ("make_lift", "Can lift"),
            ("make_extension", "Can extend and widen"),
            ("make_restore", "Can restore"),
            ("make_undo", "Can undo decisions"),
            ("export_decision", "Can export what came of decisions"),
            ("run_decision", "Can pause and resume what is being applied"),
            ("stop_all", "Can stop everything that is being applied"),
            ("strike_ground", "Can strike out grounds"),
            ("approve_decision", "Can approve decisions"),
            ("approve_reclaim", "Can approve reclaim as privacy officer"),
        )
        indexes = (
            models.Index(fields=("state", "-id"), name="decision_state"),
            models.Index(fields=("maker", "-id"), name="decision_maker"),
            models.Index(fields=("maker", "proposed_at"), name="decision_made"),
            models.Index(fields=("proposed_at",), name="decision_proposed"),
            models.Index(fields=("expires_at", "proposed_at"), name="decision_waiting", condition=Q(state="proposed")),
            models.Index(fields=("id",), condition=Q(target_count__gt=BATCH_FROM), name="decision_batches"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(duration__isnull=True) | Q(until__isnull=True), name="decision_one_end"),
            models.CheckConstraint(
                condition=(Q(kind="freeze") & ~Q(freeze_kind="")) | (~Q(kind="freeze") & Q(freeze_kind="")),
                name="decision_freeze_kind",
            ),
            models.CheckConstraint(
                condition=(Q(kind="restrict") & Q(scopes__len__gt=0))
                | Q(kind="adjust")
                | (~Q(kind="restrict") & Q(scopes__len=0)),
                name="decision_scopes",
            ),
            models.CheckConstraint(condition=~Q(facts="") & ~Q(reason=""), name="decision_says_why"),
            models.CheckConstraint(
                condition=Q(policy__isnull=True) | Q(kind="terminate"), name="decision_policy_terminates"
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"  # copied into the record, which has no language

    @property
    def ends_at(self) -> Any:
        """The end of its measures once it takes effect; None: without end, not yet in effect, or an end that stays."""
        if self.until:
            return self.until
        return self.effective_at + self.duration if self.effective_at and self.duration else None

    @property
    def notice_days(self) -> int:
        """How long before it runs its holders are told: of a reclaim, by its policy."""
        return self.policy.notice_days if self.policy else 0

    @property
    def has_lapsed(self) -> bool:
        """Right at read time, whether or not the sweep has passed."""
        return self.state == "proposed" and self.expires_at is not None and self.expires_at <= timezone.now()


class Ground(Record):
    """依据: a clause of the Rules in the version in force at the act, or a named document. Both rows are frozen."""

    decision = models.ForeignKey(Decision, models.PROTECT, verbose_name=_("decision"), related_name="grounds")
    basis = models.CharField(_("basis"), max_length=8)
    clause = models.ForeignKey(
        Clause, models.PROTECT, null=True, verbose_name=_("clause"), related_name="+", db_index=False
    )
    citation = models.CharField(_("document cited"), max_length=200, blank=True)

    class Meta(Record.Meta):
        verbose_name = _("ground")
        verbose_name_plural = _("grounds")
        indexes = (models.Index(fields=("clause", "decision"), name="ground_clause"),)
        constraints = (
            models.CheckConstraint(condition=Q(clause__isnull=False) | ~Q(citation=""), name="ground_cites_something"),
            models.UniqueConstraint(fields=("decision", "basis"), name="ground_once"),
        )

    def __str__(self) -> str:
        if self.clause is None:
            return self.citation
        return (
            f"{self.clause.version.title} {self.clause.number}"
            if BASIS[self.basis].article
            else BASIS[self.basis].cites
        )


class StrikeOut(Record):
    """A ground that does not hold any more (12.7): a clause of one version, or a document as it was cited."""

    clause = models.ForeignKey(Clause, models.PROTECT, null=True, verbose_name=_("clause"), related_name="+")
    citation = models.CharField(_("document cited"), max_length=200, blank=True)
    citation_key = models.TextField(
        blank=True, editable=False
    )  # what is the same document: enforcement/citations/keys.py
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("ground struck out")
        verbose_name_plural = _("grounds struck out")
        constraints = (
            models.CheckConstraint(
                condition=Q(clause__isnull=False, citation="", citation_key="")
                | Q(clause__isnull=True) & ~Q(citation="") & ~Q(citation_key=""),
                name="strike_out_of_one_thing",
            ),
            models.UniqueConstraint(fields=("clause",), condition=Q(clause__isnull=False), name="strike_out_once"),
            models.UniqueConstraint(
                fields=("citation_key",), condition=~Q(citation_key=""), name="strike_out_citation_once"
            ),
        )

    def __str__(self) -> str:
        return self.citation if self.clause_id is None else str(self.clause)


class Evidence(Record):
    """证据: a structured fact, or a file. No evidence, no measure."""

    decision = models.ForeignKey(Decision, models.PROTECT, verbose_name=_("decision"), related_name="evidence")
    statement = models.TextField(_("evidence"))
    sha256 = models.CharField(max_length=64)
    file = models.ForeignKey(
        "enforcement.EvidenceFile", models.PROTECT, null=True, verbose_name=_("file"), related_name="cited"
    )

    class Meta(Record.Meta):
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = (models.CheckConstraint(condition=~Q(statement=""), name="evidence_says_something"),)

    def __str__(self) -> str:
        return self.statement


class Target(Record):
    """对象: one number of the frozen list, with the tenure and the revision it was decided on."""

    pk = models.CompositePrimaryKey("decision_id", "number_id")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="targets", db_index=False)
    number = models.ForeignKey(Number, models.PROTECT, verbose_name=_("number"), related_name="+")
    tenure = models.ForeignKey(Tenure, models.PROTECT, null=True, related_name="+", db_index=False)
    revision = models.IntegerField()
    measures = ArrayField(models.BigIntegerField(), null=True)  # of a lift or a change: exactly these end or change

    class Meta(Record.Meta):
        verbose_name = _("target")
        verbose_name_plural = _("targets")

    def __str__(self) -> str:
        return str(self.number_id)


class Outcome(Record):
    """结果: what came of one target. The key makes each target happen exactly once."""

    pk = models.CompositePrimaryKey("decision_id", "number_id")
    decision = models.ForeignKey(Decision, models.PROTECT, related_name="outcomes", db_index=False)
    number = models.ForeignKey(Number, models.PROTECT, verbose_name=_("number"), related_name="+")
    why = models.CharField(_("skipped because"), max_length=20, choices=Why, blank=True)  # blank: applied
    before = models.JSONField(null=True)  # what an undo restores

    class Meta(Record.Meta):
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")

    def __str__(self) -> str:
        return f"{self.number_id}: {self.get_why_display() or _('applied')}"


class Approval(AbstractApproval):
    proposal = models.ForeignKey(Decision, models.PROTECT, verbose_name=_("decision"), related_name="approvals")

    class Meta(AbstractApproval.Meta):
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = approval_constraints("approval")

    def __str__(self) -> str:
        return f"{self.approver} {self.proposal_id}"
