"""How the trail is looked through by number and tenure, and for acts on numbers that whoever acts declared his own."""

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Number, Tenure
from accounts.services.declared import OWN_NUMBER, refuse_own
from accounts.services.intake_lines import target_of
from accounts.services.reveal import OVER_QUOTA
from qqops.audit import pen, review, touched
from qqops.audit.touched import Select
from qqops.errors import Invalid
from qqops.pages.typed import Typed
from qqops.staff.models import Staff


def _number(text: str) -> str:
    found = target_of(text)
    if found is None or found[1] is not None:
        raise Invalid(_("There is no number here."))
    return str(found[0])


def _tenure(text: str) -> str:
    found = target_of(text)
    if found is None or found[1] is None:
        raise Invalid(_("Write the number and which of its holders, as in 10001/2."))
    return f"{found[0]}/{found[1]}"


def _of_number(text: str) -> Q:
    """All that touched it, whoever held it then."""
    number = touched.one(int(text))
    tenures = Select("SELECT t.id FROM accounts_tenure t WHERE t.number_id = %s", [int(text)])
    return touched.among(
        touched.about("accounts.number", number), touched.wrote(Number, number),
        touched.about("accounts.tenure", tenures), touched.wrote(Tenure, tenures),
    )  # fmt: skip


def _of_tenure(text: str) -> Q:
    number, seq = map(int, text.split("/"))
    tenure = Select("SELECT t.id FROM accounts_tenure t WHERE t.number_id = %s AND t.seq = %s", [number, seq])
    return touched.among(touched.about("accounts.tenure", tenure), touched.wrote(Tenure, tenure))


def _not_own(staff: Staff, text: str) -> None:
    """What happened to a number of one's own, disclosures of it among that, is for others to look at."""
    with pen.refusals(actor=staff, facts={"act": "audit_review"}):
        refuse_own(staff, [int(text.partition("/")[0])])


# Of a number that he had declared by then, and not yet ended.
_OWN = """EXISTS (
  SELECT FROM accounts_declarednumber d
  WHERE d.staff_id = audit_event.actor_id AND d.number::text = audit_event.subject_id
    AND d.declared_at <= audit_event.at AND (d.ended_at IS NULL OR d.ended_at > audit_event.at))
  AND audit_event.subject_type = 'accounts.number'"""

review.mark(
    "own", gettext_lazy("own numbers"),
    Q(verb="audit.refused", facts__why=OWN_NUMBER) | Q(ExpressionWrapper(RawSQL(_OWN, ()), BooleanField())),
)  # fmt: skip
review.mark(
    "quota", gettext_lazy("above quota"),
    Q(verb__in=("identity.reveals_stopped", "staff.limit_reached")) | Q(verb="audit.refused", facts__why=OVER_QUOTA),
)  # fmt: skip
review.offer(
    Typed(
        gettext_lazy("Number"), "number", _number, _of_number, allow=_not_own,
        help=gettext_lazy("All that touched it, by any holder."),
    )
)  # fmt: skip
review.offer(
    Typed(gettext_lazy("Tenure"), "tenure", _tenure, _of_tenure, allow=_not_own, help=gettext_lazy("As in 10001/2."))
)
