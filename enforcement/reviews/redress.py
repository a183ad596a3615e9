"""An objection was upheld, and the right of use is gone: a case says what its holder is owed instead (9.2).

It is about his tenure, whoever holds the number by now, and closes with a root cause that a second person agreed to.
"""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Tenure
from enforcement.cases import sealed_text
from enforcement.cases.policy import CaseKind, Party
from enforcement.models import Case, CaseNumber
from qqops.audit import recorder
from qqops.core import bulk
from qqops.staff.models import Staff


def open_redress(tenure: Tenure, receipt: str, *, actor: Staff) -> Case:
    """Inside the act by which the ruling on appeal `receipt` comes into force."""
    what = _(
        "Objection %(receipt)s was upheld, and the right of use cannot be restored any more. Decide what its holder has"
        " instead; another number is allocated with this receipt number as the authorisation."
    ) % {"receipt": receipt}
    case = Case(
        pk=bulk.next_pk(Case), kind=CaseKind.REDRESS, details={"receipt": receipt}, ticket=receipt, maker=actor,
        opened_at=timezone.now(),
    )  # fmt: skip
    facts = {"kind": case.kind, "numbers": 1}
    with recorder.act("case.opened", actor=actor, reason="", ticket=receipt, subject=case, facts=facts) as act:
        sealed_text.begin(case, what, act)
        row = CaseNumber(
            case=case, number_id=tenure.number_id, tenure=tenure, party=Party.SUBJECT, event_id=act.event_id
        )
        CaseNumber.objects.bulk_create([row])
        act.wrote(CaseNumber)
    return case
