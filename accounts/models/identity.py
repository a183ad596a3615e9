"""身份信息: what the holder of one tenure has said of himself (4.1), sealed from the first row on (DESIGN §6).

Every item is sealed under the tenure's own key, for the tenure and the item: elsewhere it does not open. What
erasure deletes is one row, the `IdentityKey`; history, the registrant and backups keep what nobody can read.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.identity.formats import DocumentKind, Field
from accounts.models.number import Tenure
from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey

SEARCHED = (Field.NAME, Field.DOCUMENT, Field.MOBILE, Field.EMAIL)


class Items(models.Model):
    """The items themselves, each sealed; NULL is not given."""

    document_kind = models.CharField(_("kind of document"), max_length=12, choices=DocumentKind, blank=True)
    name = models.BinaryField(_("name"), null=True)
    document = models.BinaryField(_("document"), null=True)
    mobile = models.BinaryField(_("mobile"), null=True)
    email = models.BinaryField(_("e-mail"), null=True)
    born = models.BinaryField(_("date of birth"), null=True)

    class Meta:
        abstract = True


class Identity(Items):
    """The current user's, as last told. Each item has its age and the age of its proof (4.1(b), (c))."""

    tenure = models.OneToOneField(
        Tenure, models.PROTECT, primary_key=True, verbose_name=_("tenure"), related_name="identity"
    )
    name_at = models.DateTimeField(_("name given"), null=True)
    document_at = models.DateTimeField(_("document given"), null=True)
    mobile_at = models.DateTimeField(_("mobile given"), null=True)
    email_at = models.DateTimeField(_("e-mail given"), null=True)
    born_at = models.DateTimeField(_("date of birth given"), null=True)
    name_verified_at = models.DateTimeField(_("name verified"), null=True)
    document_verified_at = models.DateTimeField(_("document verified"), null=True)
    mobile_verified_at = models.DateTimeField(_("mobile verified"), null=True)
    email_verified_at = models.DateTimeField(_("e-mail verified"), null=True)
    born_verified_at = models.DateTimeField(_("date of birth verified"), null=True)
    # Set while the latest comparison says that the item is not true: a match or a new value clears it.
    name_mismatch_at = models.DateTimeField(_("name did not match"), null=True)
    document_mismatch_at = models.DateTimeField(_("document did not match"), null=True)
    mobile_mismatch_at = models.DateTimeField(_("mobile did not match"), null=True)
    email_mismatch_at = models.DateTimeField(_("e-mail did not match"), null=True)
    born_mismatch_at = models.DateTimeField(_("date of birth did not match"), null=True)
    locked_at = models.DateTimeField(_("processing stopped"), null=True)  # PIPL 47: kept and secured, nothing else
    erased_at = models.DateTimeField(_("erased"), null=True)

    hidden_in_history = tuple(Field.values)
    history = History()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        default_permissions = ("view",)
        permissions = (
            ("search_identity", "Can search by exact personal values"),
            ("import_identity", "Can import identities"),
            ("verify_identity", "Can record verifications"),
        )

    def __str__(self) -> str:
        return str(self.tenure)


class IdentityKey(WrappedKey):
    """What a tenure's items are sealed under, and the keyed hashes by which an exact value is found."""

    tenure = models.OneToOneField(
        Tenure, models.PROTECT, primary_key=True, verbose_name=_("tenure"), related_name="identity_key"
    )
    name_hash = models.BinaryField(null=True)
    document_hash = models.BinaryField(null=True)
    mobile_hash = models.BinaryField(null=True)
    email_hash = models.BinaryField(null=True)

    class Meta(WrappedKey.Meta):
        verbose_name = _("identity key")
        verbose_name_plural = _("identity keys")
        indexes = [
            models.Index(
                fields=(f"{field}_hash",),
                name=f"identity_by_{field}",
                condition=Q((f"{field}_hash__isnull", False)),
            )
            for field in ("name", "document", "mobile", "email")
        ]


class Registrant(Items, Record):
    """初始申请注册人 (8.2(a)): the identity as it was first given. Insert-only: no later change rewrites it."""

    tenure = models.OneToOneField(
        Tenure, models.PROTECT, primary_key=True, verbose_name=_("tenure"), related_name="registrant"
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta(Record.Meta):
        verbose_name = _("initial registrant")
        verbose_name_plural = _("initial registrants")

    def __str__(self) -> str:
        return str(self.tenure)


class Verification(Record):
    """实名核验 (4.1(c)) of one item: how, with what result, by whom's word, and on what legal ground."""

    class Method(models.TextChoices):
        MOBILE_CODE = "mobile_code", _("code to the mobile")
        REGISTRY = "registry", _("official registry")
        CARRIER = "carrier", _("mobile carrier")
        FACE = "face", _("face comparison")
        PAPERS = "papers", _("papers seen by staff")
        UPSTREAM = "upstream", _("registration system")

    class Result(models.TextChoices):
        MATCH = "match", _("matches")
        MISMATCH = "mismatch", _("does not match")
        UNVERIFIABLE = "unverifiable", _("cannot be verified")

    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="verifications")
    field = models.CharField(_("item"), max_length=10, choices=Field)
    method = models.CharField(_("method"), max_length=12, choices=Method)
    result = models.CharField(_("result"), max_length=12, choices=Result)
    source = models.CharField(_("source"), max_length=80)
    basis = models.CharField(_("legal basis"), max_length=80, blank=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("recorded by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("identity verification")
        verbose_name_plural = _("identity verifications")

    def __str__(self) -> str:
        return f"{self.tenure_id} {self.field}"


class CorrectionDemand(models.Model):
    """补正要求 (4.1(d)): what is missing or wrong, and until when the holder may put it right."""

    class Problem(models.TextChoices):
        MISSING = "missing", _("missing")
        WRONG = "wrong", _("wrong")
        UNVERIFIED = "unverified", _("not verified")
        OUTDATED = "outdated", _("out of date")

    class Closed(models.TextChoices):
        MET = "met", _("corrected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        MOOT = "moot", _("no longer possible")  # erased, or its processing stopped: nothing can be corrected

    class Told(models.TextChoices):
        TELEPHONE = "telephone", _("telephone")
        MESSAGE = "message", _("e-mail or message")
        LETTER = "letter", _("letter")
        IN_PERSON = "in_person", _("in person")

    tenure = models.ForeignKey(
        Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="correction_demands", db_index=False
    )
    field = models.CharField(_("item"), max_length=10, choices=Field)
    problem = models.CharField(_("problem"), max_length=12, choices=Problem)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made by"), related_name="+", db_index=False
    )
    made_at = models.DateTimeField(_("made"))
    due_at = models.DateTimeField(_("to be corrected by"))
    told_at = models.DateTimeField(_("holder told"), null=True)
    told_how = models.CharField(_("how the holder was told"), max_length=10, choices=Told, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed = models.CharField(_("how it was closed"), max_length=10, choices=Closed, blank=True)

    changeable_columns = ("told_at", "told_how", "closed_at", "closed")
    history = History()

    class Meta:
        verbose_name = _("correction demand")
        verbose_name_plural = _("correction demands")
        default_permissions = ()
        permissions = (("demand_correction", "Can demand corrections"),)
        indexes = (
            models.Index(fields=("id",), name="correction_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=("due_at", "id"), name="correction_due", condition=Q(closed_at__isnull=True)),
            models.Index(
                fields=("id",), name="correction_untold", condition=Q(closed_at__isnull=True, told_at__isnull=True)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenure", "field"), condition=Q(closed_at__isnull=True), name="correction_one_open"
            ),
            models.CheckConstraint(condition=Q(due_at__gt=F("made_at")), name="correction_due_later"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
