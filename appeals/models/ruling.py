"""A ruling on an appeal: proposed by who heard it, agreed to where the table says so."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Clause
from appeals.hearing.conflicts_of_interest import RULED, TOOK_PART, has_part
from appeals.lifecycle import Outcome
from appeals.models.appeal import Appeal
from enforcement.models import Decision
from qqops.approvals.models import Approval, Proposal, State, approval_constraints
from qqops.audit.history import APPEND_ONLY, History
from qqops.audit.models import Record


def _not_involved(asked: str) -> str:
    """Who has part in it has no word on it (hearing/conflicts_of_interest.py). The database holds it, whoever asks."""
    return f"""
IF {has_part(asked, *TOOK_PART)}
THEN RAISE EXCEPTION 'who took part in it rules on no appeal' USING ERRCODE = 'check_violation'; END IF;
IF {has_part(asked, RULED)}
THEN RAISE EXCEPTION 'a second review is other people''s' USING ERRCODE = 'check_violation'; END IF;
RETURN NEW;"""


class Ruling(Proposal):
    """裁定: the outcome and its reasons, as the appellant is told them. Its content never changes."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="rulings")
    round = models.PositiveSmallIntegerField(_("round"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    text = models.BinaryField(_("reasons, as they are told"))  # sealed under the appeal's key
    text_sha256 = models.CharField(max_length=64)
    rule = models.CharField(_("approval rule"), max_length=24, blank=True)
    reverses = models.ForeignKey(
        Decision, models.PROTECT, null=True, verbose_name=_("reversal"), related_name="rulings"
    )  # the decision that does what the ruling says
    reason = models.TextField(_("reason"))  # for the house
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    ruled_at = models.DateTimeField(_("in force"), null=True)

    changeable_columns = ("state", "ruled_at")
    hidden_in_history = ("text",)
    history = History()

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        default_permissions = ()
        indexes = (
            models.Index(fields=("state", "-id"), name="ruling_state"),
            # What waits, what lapses the soonest first: who has part in an appeal is asked of no more than are shown.
            models.Index(fields=("expires_at", "proposed_at"), name="ruling_waiting", condition=Q(state="proposed")),
            models.Index(fields=("ruled_at",), name="ruling_in_force", condition=Q(state="applied")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("appeal", "round"), condition=Q(state__in=("proposed", "applied")), name="ruling_one_a_round"
            ),
            models.CheckConstraint(
                condition=Q(state="applied", ruled_at__isnull=False) | ~Q(state="applied") & Q(ruled_at__isnull=True),
                name="ruling_in_force_since",
            ),
            models.CheckConstraint(
                # A rejected recovery ends the freeze under which two claimed the number.
                condition=Q(outcome__in=("upheld", "partly", "rejected")) | Q(reverses__isnull=True),
                name="ruling_reverses_if_so",
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="not_involved",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_not_involved("NEW.maker_id, NEW.appeal_id"),
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def has_lapsed(self) -> bool:
        """Right at read time, whether or not the sweep has passed."""
        return self.state == State.PROPOSED and self.expires_at is not None and self.expires_at <= timezone.now()


class RulingApproval(Approval):
    proposal = models.ForeignKey(Ruling, models.PROTECT, verbose_name=_("ruling"), related_name="approvals")

    class Meta(Approval.Meta):
        verbose_name = _("approval of a ruling")
        verbose_name_plural = _("approvals of rulings")
        constraints = approval_constraints("ruling_approval")
        triggers = [
            *APPEND_ONLY,
            pgtrigger.Trigger(
                name="not_involved",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("of", "appeals_ruling%ROWTYPE")],
                func="SELECT * INTO of FROM appeals_ruling WHERE id = NEW.proposal_id;"
                + _not_involved("NEW.approver_id, of.appeal_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approver} {self.proposal_id}"


class RulingGround(Record):
    """A clause that the ruling rests on, in the version in force at the act."""

    ruling = models.ForeignKey(Ruling, models.PROTECT, verbose_name=_("ruling"), related_name="grounds")
    clause = models.ForeignKey(Clause, models.PROTECT, verbose_name=_("clause"), related_name="+", db_index=False)

    class Meta(Record.Meta):
        verbose_name = _("ground of a ruling")
        verbose_name_plural = _("grounds of rulings")
        indexes = (models.Index(fields=("clause", "ruling"), name="ruling_ground_clause"),)
        constraints = (models.UniqueConstraint(fields=("ruling", "clause"), name="ruling_ground_once"),)

    def __str__(self) -> str:
        return str(self.clause)
