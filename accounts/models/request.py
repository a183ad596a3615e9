"""What others ask for: disclosure by law (4.2), and what a person may ask of his own information (PIPL 44-49).

Both go through three people: one registers, the privacy officer reviews, a supervisor carries out or releases.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.number import Tenure
from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey


class AskedBy(models.TextChoices):
    COURT = "court", _("court")
    PROCURATORATE = "procuratorate", _("procuratorate")
    POLICE = "police", _("police")
    SUPERVISION = "supervision", _("supervision organ")
    LAWYER = "lawyer", _("lawyer with an investigation order")
    PERSON = "person", _("the person")
    GUARDIAN = "guardian", _("guardian")
    RELATIVE = "relative", _("close relative of a deceased person")
    FOREIGN = "foreign", _("foreign authority")


class DataClass(models.TextChoices):
    """What can be asked for, and what the house does not hold or may not give."""

    REGISTRANT = "registrant", _("registration information")
    IDENTITY = "identity", _("current identity information")
    TENURE = "tenure", _("tenure: channel, time, charge")
    LOGINS = "logins", _("first and last logins")
    MEASURES = "measures", _("measures taken")
    MESSAGES = "messages", _("messages and chats")
    CONTACTS = "contacts", _("contacts and groups")
    PAYMENTS = "payments", _("payments")


class Request(models.Model):
    class State(models.TextChoices):
        REGISTERED = "registered", _("waiting for review")
        REVIEWED = "reviewed", _("reviewed, waiting for a supervisor")
        DONE = "done", _("done")
        REFUSED = "refused", pgettext_lazy("request", "refused")

    receipt = models.CharField(_("receipt number"), max_length=20, unique=True)
    asked_by = models.CharField(_("asked by"), max_length=14, choices=AskedBy)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REGISTERED)
    due_at = models.DateTimeField(_("due"))
    registered_at = models.DateTimeField(_("registered"))
    statement = models.BinaryField(_("statement"), null=True)  # who asks, how to reach him, what he says: sealed
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("registered by"), related_name="+", db_index=False
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        verbose_name=_("reviewed by"),
        related_name="+",
        db_index=False,
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review_reason = models.TextField(_("reasons of the review"), blank=True)
    closer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        verbose_name=_("carried out by"),
        related_name="+",
        db_index=False,
    )
    closed_at = models.DateTimeField(_("closed"), null=True)
    close_reason = models.TextField(_("reasons of the last step"), blank=True)

    changeable_columns: tuple[str, ...] = (
        "state",
        "reviewer_id",
        "reviewed_at",
        "review_reason",
        "closer_id",
        "closed_at",
        "close_reason",
    )

    class Meta:
        abstract = True
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.receipt


def three_people(name: str) -> tuple[models.BaseConstraint, ...]:
    """Register, review and release are three people's: the database holds it too (domain.md §9, 10)."""
    return (
        models.CheckConstraint(condition=~Q(maker=F("reviewer")), name=f"{name}_reviewed_by_another"),
        models.CheckConstraint(
            condition=~Q(maker=F("closer")) & ~Q(reviewer=F("closer")), name=f"{name}_closed_by_a_third"
        ),
        models.CheckConstraint(
            condition=~Q(state="reviewed") | Q(reviewer__isnull=False), name=f"{name}_reviewed_by_somebody"
        ),
        models.CheckConstraint(
            condition=~Q(state="done") | Q(reviewer__isnull=False, closer__isnull=False), name=f"{name}_done_by_three"
        ),
    )


class Disclosure(Request):
    """调取登记 (4.2(c)): one request of somebody outside to be told something."""

    authority = models.CharField(_("authority or law firm"), max_length=120, blank=True)
    legal_basis = models.CharField(_("legal basis"), max_length=200)
    scope = models.BinaryField(_("scope as asked for"), null=True)  # in the paper's own words, which may name people
    wants = ArrayField(models.CharField(max_length=12, choices=DataClass), verbose_name=_("information asked for"))
    period_from = models.DateField(_("period from"), null=True)
    period_to = models.DateField(_("period to"), null=True)
    secret = models.BooleanField(_("secret"), default=False)
    form_key = models.UUIDField(unique=True, editable=False)  # one form, one request: a second click finds it

    changeable_columns = (*Request.changeable_columns, "secret")
    hidden_in_history = ("statement", "scope", "form_key")
    history = History()

    class Meta(Request.Meta):
        verbose_name = _("disclosure request")
        verbose_name_plural = _("disclosure register")
        permissions = (
            ("register_disclosure", "Can register disclosure requests"),
            ("review_disclosure", "Can review disclosure requests"),
            ("release_disclosure", "Can release disclosures"),
            ("view_secret_disclosure", "Can see secret disclosure requests"),
        )
        constraints = (
            *three_people("disclosure"),
            # PIPL 41: what a foreign authority asks for is refused where it is registered.
            models.CheckConstraint(condition=~Q(asked_by="foreign") | Q(state="refused"), name="disclosure_not_abroad"),
        )
        indexes = (models.Index(fields=("state", "due_at"), name="disclosure_due"),)


class DisclosureKey(WrappedKey):
    """What the statement and the papers are sealed under."""

    disclosure = models.OneToOneField(
        Disclosure, models.PROTECT, primary_key=True, verbose_name=_("disclosure request"), related_name="key"
    )

    class Meta(WrappedKey.Meta):
        verbose_name = _("disclosure key")
        verbose_name_plural = _("disclosure keys")


class DisclosureTarget(Record):
    """A number asked about, by its digits, and a tenure that the period falls into; without one nobody held it then."""

    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="targets", db_index=False)
    number = models.BigIntegerField(_("number"))
    tenure = models.ForeignKey(Tenure, models.PROTECT, null=True, verbose_name=_("tenure"), related_name="+")

    class Meta(Record.Meta):
        verbose_name = _("number of a disclosure")
        verbose_name_plural = _("numbers of a disclosure")
        constraints = (
            models.UniqueConstraint(
                fields=("disclosure", "number", "tenure"), nulls_distinct=False, name="disclosure_target_once"
            ),
        )

    def __str__(self) -> str:
        return str(self.number)


class DisclosurePaper(Record):
    """A paper that was shown: its number, date, deadline and stamp."""

    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="papers", db_index=False)
    kind = models.CharField(_("paper"), max_length=24)
    number = models.CharField(_("number of the paper"), max_length=80, blank=True)
    dated = models.DateField(_("date of the paper"), null=True)
    deadline = models.DateField(_("deadline it sets"), null=True)
    stamped = models.BooleanField(_("stamped"), default=False)

    class Meta(Record.Meta):
        verbose_name = _("paper of a disclosure")
        verbose_name_plural = _("papers of a disclosure")
        constraints = (models.UniqueConstraint(fields=("disclosure", "kind"), name="disclosure_paper_once"),)

    def __str__(self) -> str:
        return self.kind


class DisclosureScan(Record):
    """The scan of a paper: known by its hash, sealed under the key of its disclosure."""

    paper = models.OneToOneField(DisclosurePaper, models.PROTECT, primary_key=True, related_name="scan")
    content = models.BinaryField()
    sha256 = models.CharField(_("SHA-256 of the scan"), max_length=64)
    media_type = models.CharField(_("type of the scan"), max_length=40)
    size = models.PositiveIntegerField(_("bytes"))

    class Meta(Record.Meta):
        verbose_name = _("scan of a paper")
        verbose_name_plural = _("scans of papers")

    def __str__(self) -> str:
        return self.sha256


class DisclosureRuling(Record):
    """The review's word on one class of information: granted, or refused with the reason that is written back."""

    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="rulings", db_index=False)
    data_class = models.CharField(_("information"), max_length=12, choices=DataClass)
    granted = models.BooleanField(_("granted"))
    reason = models.CharField(_("reason"), max_length=300)

    class Meta(Record.Meta):
        verbose_name = _("ruling on a disclosure")
        verbose_name_plural = _("rulings on a disclosure")
        constraints = (models.UniqueConstraint(fields=("disclosure", "data_class"), name="disclosure_ruled_once"),)

    def __str__(self) -> str:
        return self.data_class


class DataRequest(Request):
    """个人信息权利请求 (PIPL 44-49) about one tenure: copy, correction, deletion, processing lock."""

    class Kind(models.TextChoices):
        COPY = "copy", _("copy")
        CORRECTION = "correction", _("correction")
        DELETION = "deletion", _("deletion")
        LOCK = "lock", _("processing lock")
        UNLOCK = "unlock", _("end of the processing lock")

    class Outcome(models.TextChoices):
        GRANTED = "granted", _("granted")
        LOCKED = "locked", _("locked instead: the law has it kept")
        REFUSED = "refused", pgettext_lazy("request", "refused")

    kind = models.CharField(_("right"), max_length=12, choices=Kind)
    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="data_requests")
    papers_seen = models.CharField(_("papers seen"), max_length=200, blank=True)
    field = models.CharField(_("item"), max_length=10, blank=True)  # of a correction
    value = models.BinaryField(null=True)  # the corrected value, sealed under the identity's key
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)

    changeable_columns = (*Request.changeable_columns, "outcome")
    history = History()
    hidden_in_history = ("statement", "value")

    class Meta(Request.Meta):
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        permissions = (
            ("register_datarequest", "Can register data requests"),
            ("decide_datarequest", "Can decide data requests"),
            ("carry_out_datarequest", "Can carry out data requests"),
        )
        constraints = (
            *three_people("data_request"),
            models.UniqueConstraint(
                fields=("tenure", "kind", "field"),
                condition=Q(state__in=("registered", "reviewed")),
                name="data_request_one_open",
            ),
        )
        indexes = (models.Index(fields=("state", "due_at"), name="data_request_due"),)


class DataRequestKey(WrappedKey):
    """What the statement is sealed under."""

    data_request = models.OneToOneField(
        DataRequest, models.PROTECT, primary_key=True, verbose_name=_("data request"), related_name="key"
    )

    class Meta(WrappedKey.Meta):
        verbose_name = _("data request key")
        verbose_name_plural = _("data request keys")


class Release(Record):
    """What was handed out, by its hash and a signed proof. The file itself is sealed and lasts only `until`."""

    disclosure = models.OneToOneField(
        Disclosure, models.PROTECT, null=True, verbose_name=_("disclosure request"), related_name="release"
    )
    data_request = models.OneToOneField(
        DataRequest, models.PROTECT, null=True, verbose_name=_("data request"), related_name="release"
    )
    content = models.BinaryField()
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveIntegerField(_("bytes"))
    proof = models.TextField(_("electronic proof"))
    at = models.DateTimeField(_("released"))
    until = models.DateTimeField(_("kept until"))

    class Meta(Record.Meta):
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        constraints = (
            models.CheckConstraint(
                condition=Q(disclosure__isnull=False, data_request__isnull=True)
                | Q(disclosure__isnull=True, data_request__isnull=False),
                name="release_of_one_request",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class ReleaseKey(WrappedKey):
    """What the file handed out is sealed under: it lasts less long than the papers of the request."""

    release = models.OneToOneField(
        Release, models.PROTECT, primary_key=True, verbose_name=_("release"), related_name="key"
    )

    class Meta(WrappedKey.Meta):
        verbose_name = _("release key")
        verbose_name_plural = _("release keys")
