"""Number resources 号码资源: ranges, what hands their numbers out, campaigns, and the proposals that change them.

Free numbers have no row (DESIGN §3): a range and its cursors stand for them.
"""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import RANGE_STATES, Lifecycle
from accounts.models.number import Tenure
from accounts.resources.policy import Kind, Pool
from qqops.approvals.models import Approval, Proposal, State, approval_constraints
from qqops.audit.history import History
from qqops.audit.models import Record
from qqops.crypto.models import WrappedKey

SLOTS = 16  # cursors of a range: as many can allocate from it without waiting for one another


class ResourceProposal(Proposal):
    """号码资源申请: what is to be done to number resources; applied when everybody has agreed whom the table names."""

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    content = models.JSONField(_("content"), default=dict)
    numbers = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("numbers"))
    sealed = models.BinaryField(null=True)  # what it says of a person, under the key of this proposal
    reason = models.TextField(_("reason"))
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    rule = models.CharField(_("approval rule"), max_length=24)
    form_key = models.UUIDField(unique=True, editable=False)  # one form, one proposal: a second click finds it

    changeable_columns = ("state",)
    history = History()
    hidden_in_history = ("sealed", "content", "numbers", "rule", "form_key")  # its page says these in words

    class Meta:
        verbose_name = _("resource proposal")
        verbose_name_plural = _("resource proposals")
        default_permissions = ("view",)
        permissions = (
            ("manage_resources", "Can propose changes of ranges, numbers, tiers and campaigns"),
            ("approve_resources", "Can approve resource proposals"),
            ("approve_policy", "Can approve dormancy policies as privacy officer"),
            ("draft_policy", "Can draft dormancy policies"),
            ("correct_holder", "Can propose that the holder of a number is corrected"),
            ("allocate_number", "Can allocate numbers"),
            ("register_holder", "Can tell of a holder and of what was verified, when registering"),
            ("exempt_number", "Can exempt numbers from reclaim"),
            ("cancel_number", "Can record that a holder cancels his number, or withdraws it"),
        )
        indexes = (models.Index(fields=("state", "-id"), name="resource_proposal_state"),)
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="resource_proposal_says_why"),)

    def __str__(self) -> str:
        return f"#{self.pk}"  # copied into the record, which has no language

    @property
    def has_lapsed(self) -> bool:
        """Right at read time, whether or not the sweep has passed."""
        return self.state == State.PROPOSED and self.expires_at is not None and self.expires_at <= timezone.now()


class ResourceProposalKey(WrappedKey):
    """What a proposal says of a person is sealed under this; gone as soon as the proposal is over."""

    proposal = models.OneToOneField(ResourceProposal, models.PROTECT, primary_key=True, related_name="key")

    class Meta(WrappedKey.Meta):
        verbose_name = _("resource proposal key")
        verbose_name_plural = _("resource proposal keys")


class ResourceApproval(Approval):
    proposal = models.ForeignKey(
        ResourceProposal, models.PROTECT, verbose_name=_("resource proposal"), related_name="approvals"
    )

    class Meta(Approval.Meta):
        verbose_name = _("approval of a resource proposal")
        verbose_name_plural = _("approvals of resource proposals")
        constraints = approval_constraints("resource_approval")

    def __str__(self) -> str:
        return f"{self.approver} {self.proposal_id}"


class NumberRange(models.Model):
    """号段. `state` is the lifecycle of those of its numbers that have no row; the rest carry their own.

    Its cursors hand numbers out over the affine permutation `first + (multiplier · i + offset) mod size`, so that
    neighbours in time are no neighbours in digits and nothing is ever listed.
    """

    numbers = BigIntegerRangeField(_("numbers"))  # [first, last + 1)
    pool = models.CharField(_("pool"), max_length=10, choices=Pool)
    state = models.CharField(_("state"), max_length=16, choices=[(s.value, s.label) for s in RANGE_STATES])
    purpose = models.CharField(_("purpose"), max_length=200)
    plan = models.CharField(_("release plan"), max_length=500, blank=True)
    opens_on = models.DateField(_("opens on"), null=True)
    price = models.PositiveIntegerField(_("price, in fen"), null=True)  # None: free of charge
    channels = ArrayField(
        models.CharField(max_length=10, choices=Tenure.Channel), default=list, blank=True, verbose_name=_("channels")
    )  # none: every channel
    multiplier = models.BigIntegerField()
    offset = models.BigIntegerField()
    proposal = models.OneToOneField(ResourceProposal, models.PROTECT, verbose_name=_("proposal"), related_name="range")

    changeable_columns = ("state", "purpose", "plan", "opens_on", "price", "channels")
    history = History()
    hidden_in_history = ("multiplier", "offset")

    class Meta:
        verbose_name = _("number range")
        verbose_name_plural = _("number ranges")
        default_permissions = ("view",)
        constraints = (
            ExclusionConstraint(name="range_no_overlap", expressions=[("numbers", RangeOperators.OVERLAPS)]),
            models.CheckConstraint(
                condition=Q(numbers__isempty=False, numbers__startswith__gte=10000, numbers__endswith__lte=10**11),
                name="range_of_5_to_11_digits",
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in RANGE_STATES]), name="range_state"),
        )

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"

    @property
    def first(self) -> int:
        return int(self.numbers.lower)

    @property
    def last(self) -> int:
        return int(self.numbers.upper) - 1

    @property
    def size(self) -> int:
        return self.last - self.first + 1


class RangeCursor(models.Model):
    """How far one slot of a range has been handed out. A place to look, not a fact: what is handed out has a row."""

    range = models.ForeignKey(NumberRange, models.PROTECT, related_name="cursors", db_index=False)
    slot = models.SmallIntegerField()
    start = models.BigIntegerField()
    next = models.BigIntegerField()
    end = models.BigIntegerField()

    changeable_columns = ("next",)

    class Meta:
        verbose_name = _("range cursor")
        verbose_name_plural = _("range cursors")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("range", "slot"), name="cursor_slot"),
            models.CheckConstraint(condition=Q(start__lte=F("next"), next__lte=F("end")), name="cursor_goes_on"),
        )

    def __str__(self) -> str:
        return f"{self.range_id}/{self.slot}"


class RangeTally(models.Model):
    """How many rows of a range are in each lifecycle: a sum over differences, written by a trigger of the numbers'
    table with each statement and added up by a sweep, so that nobody waits for a counter and nobody counts."""

    range = models.ForeignKey(NumberRange, models.PROTECT, null=True, related_name="+", db_index=False)
    lifecycle = models.CharField(max_length=16, choices=Lifecycle)
    n = models.BigIntegerField()

    fleeting = True  # added up: the rows go, the sum stays

    class Meta:
        verbose_name = _("range tally")
        verbose_name_plural = _("range tallies")
        default_permissions = ()
        indexes = (models.Index(fields=("range", "lifecycle"), include=("n",), name="range_tally"),)

    def __str__(self) -> str:
        return f"{self.range_id} {self.lifecycle}"


class Campaign(models.Model):
    """活动 (3.1(4)): who may hand out how many numbers, and when."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    organiser = models.CharField(_("authorised organiser"), max_length=120)
    authorisation = models.CharField(_("written authorisation"), max_length=120)
    quota = models.PositiveIntegerField(_("quota"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    proposal = models.OneToOneField(
        ResourceProposal, models.PROTECT, verbose_name=_("proposal"), related_name="campaign"
    )

    changeable_columns = ()  # it ends by its time
    history = History()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(condition=Q(quota__gt=0), name="campaign_has_a_quota"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="campaign_lasts"),
        )

    def __str__(self) -> str:
        return self.code


class CampaignUse(models.Model):
    """How much of its quota a campaign has used: counted up last, in the transaction that takes its numbers."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="use")
    used = models.PositiveIntegerField(_("used"), default=0)

    changeable_columns = ("used",)

    class Meta:
        verbose_name = _("use of a campaign")
        verbose_name_plural = _("uses of campaigns")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.used}"


class Registration(Record):
    """登记: the registration of the upstream system that this tenure came from; the same one never opens another."""

    registration_id = models.CharField(_("registration"), max_length=80, unique=True)
    tenure = models.OneToOneField(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="registration")
    registered_at = models.DateTimeField(_("registered"))

    class Meta(Record.Meta):
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")

    def __str__(self) -> str:
        return self.registration_id


class HolderCorrection(Record):
    """更正 (8.2(b), T22): the operator's licence by which a tenure ended and another person's began on its number."""

    proposal = models.OneToOneField(ResourceProposal, models.PROTECT, related_name="+")
    before = models.OneToOneField(Tenure, models.PROTECT, verbose_name=_("tenure before"), related_name="+")
    after = models.OneToOneField(Tenure, models.PROTECT, verbose_name=_("tenure after"), related_name="+")
    papers = models.JSONField(_("papers"), default=list)  # [code, reference]

    class Meta(Record.Meta):
        verbose_name = _("correction of a holder")
        verbose_name_plural = _("corrections of holders")

    def __str__(self) -> str:
        return f"#{self.pk}"


assert settings.QQOPS_NUMBER_MAX <= 10**11  # what the ranges' constraint allows
