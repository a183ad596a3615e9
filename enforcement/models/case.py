"""Cases: what was found out before anybody decided (6.2, 6.3, 8.1 to 8.3, 9.2, 9.4)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Number, Tenure
from enforcement.cases.policy import CaseKind, Party, RootCause
from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey


class Case(models.Model):
    """案件: what is known, of which numbers, and what came of it. Decisions refer to it."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    kind = models.CharField(_("kind of case"), max_length=10, choices=CaseKind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    what = models.BinaryField(_("what was found"))  # sealed, as whatever it says in words: these may name people
    details = models.JSONField(_("details"), default=dict)  # by kind: enforcement/cases/policy.py
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("opened by"), related_name="+", db_index=False
    )
    opened_at = models.DateTimeField(_("opened"))
    root_cause = models.CharField(_("root cause"), max_length=12, choices=RootCause, blank=True)  # 9.2
    cause_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, verbose_name=_("cause proposed by"), related_name="+",
        db_index=False,
    )  # fmt: skip
    cause_agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, verbose_name=_("cause agreed to by"), related_name="+",
        db_index=False,
    )  # fmt: skip
    closed_at = models.DateTimeField(_("closed"), null=True)
    conclusion = models.BinaryField(_("conclusion"), null=True)  # sealed

    changeable_columns = (
        "state",
        "details",
        "root_cause",
        "cause_by_id",
        "cause_agreed_by_id",
        "closed_at",
        "conclusion",
    )
    hidden_in_history = ("what", "conclusion")
    history = History()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        default_permissions = ("view",)
        permissions = (
            ("open_case", "Can open cases"),
            ("handle_case", "Can work on and close cases"),
            ("agree_cause", "Can agree to the root cause of a theft"),
        )
        indexes = (
            models.Index(fields=("state", "-id"), name="case_state"),
            models.Index(fields=("kind", "-id"), name="case_kind"),
            models.Index(
                F("details__decision"), name="case_open_review", condition=Q(kind=CaseKind.REVIEW, state="open")
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(cause_agreed_by__isnull=True) | ~Q(cause_agreed_by=F("cause_by")),
                name="case_cause_agreed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state="closed", closed_at__isnull=False, conclusion__isnull=False),
                name="case_closed_with_a_conclusion",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class CaseKey(WrappedKey):
    """What a case says in words is sealed under this. It goes, and the words with it, when nothing turns on them."""

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, verbose_name=_("case"), related_name="key")

    class Meta(WrappedKey.Meta):
        verbose_name = _("key of a case")
        verbose_name_plural = _("keys of cases")


class CaseNumber(Record):
    """A number of a case, under whoever held it then, and as what it stands in it (8.2, 9.4: the parties)."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=_("case"), related_name="numbers", db_index=False)
    number = models.ForeignKey(Number, models.PROTECT, verbose_name=_("number"), related_name="+")
    tenure = models.ForeignKey(
        Tenure, models.PROTECT, null=True, verbose_name=_("tenure"), related_name="+", db_index=False
    )
    party = models.CharField(_("party"), max_length=10, choices=Party)

    class Meta(Record.Meta):
        verbose_name = _("number of a case")
        verbose_name_plural = _("numbers of a case")
        constraints = (models.UniqueConstraint(fields=("case", "number"), name="case_number_once"),)

    def __str__(self) -> str:
        return str(self.number_id)


class CaseEvidence(Record):
    """Evidence of a case: a fact, or a file."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name=_("case"), related_name="evidence")
    statement = models.BinaryField(_("evidence"), null=True)  # sealed under the key of its case
    file = models.ForeignKey(
        "enforcement.EvidenceFile", models.PROTECT, null=True, verbose_name=_("file"), related_name="of_cases"
    )

    class Meta(Record.Meta):
        verbose_name = _("evidence of a case")
        verbose_name_plural = _("evidence of a case")
        constraints = (
            models.CheckConstraint(
                condition=Q(statement__isnull=False, file__isnull=True) | Q(statement__isnull=True, file__isnull=False),
                name="case_evidence_fact_or_file",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
