"""How the trail is looked through by decision, by clause, and for batches."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clause
from accounts.numbers.audit_lookups import about_numbers, resting_on
from enforcement.models import Decision
from enforcement.policy import BATCH_FROM
from qqops.audit.review import event_queries, lookups
from qqops.audit.review.event_queries import Select
from qqops.core.errors import Invalid
from qqops.web.pages.typed import Typed

# What writes rows of a decision by the million names it on its events: its tables are not looked through.
ITS_OWN = "enforcement"


def _decision(text: str) -> str:
    digits = text.lstrip("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise Invalid(_("Write the number of the decision, as in 17."))
    return digits


def _of_decision(text: str) -> Q:
    decision = event_queries.one(int(text))
    files = Select("SELECT e.file_id FROM enforcement_evidence e WHERE e.decision_id = %s", [int(text)])
    return event_queries.among(
        Select("SELECT e.seq FROM audit_event e WHERE e.decision_id = %s", [int(text)]),
        event_queries.about("enforcement.decision", decision),
        event_queries.about("enforcement.evidencefile", files),
        event_queries.with_ids(event_queries.wrote(Decision, decision, skip=(ITS_OWN,))),
    )


def _no_clause(clause: str) -> str:
    known = Clause.objects.filter(number=clause).exists()
    return "" if known else _("The Rules have no clause %(clause)s.") % {"clause": clause}


# What was done under a clause, in any version of the Rules: what was decided on it, what names it by itself, and its
# being struck out. The apps above add theirs.


def _deciding(clause: str) -> Select:
    return resting_on(clause, "enforcement_ground", "decision_id")


def _of_few(clause: str) -> Q:
    decisions = lookups.few(_deciding(clause))
    struck = (
        "SELECT s.event FROM enforcement_strikeout s JOIN accounts_clause c ON c.id = s.clause_id WHERE c.number = %s"
    )
    return event_queries.among(
        Select(f"SELECT e.seq FROM audit_event e WHERE e.decision_id = ANY(ARRAY({decisions.sql}))", decisions.params),
        event_queries.with_ids(Select(struck, [clause])),
    )


def _of_many(clause: str) -> Q:
    return lookups.many(
        _deciding(clause),
        # OFFSET keeps it a question that is put to each event found: no join, and no table of all that rests on it.
        "EXISTS (SELECT FROM enforcement_ground g JOIN accounts_clause c ON c.id = g.clause_id"
        " WHERE g.decision_id = audit_event.decision_id AND c.number = %s OFFSET 0)",
        clause,
    )


def _named(clause: str) -> Q:
    return Q(facts__has_key="clause", facts__clause=clause)  # the words of the index


about_numbers("enforcement.decision", "SELECT number_id, tenure_id, decision_id FROM enforcement_target", of_many=True)
about_numbers("enforcement.case", "SELECT number_id, tenure_id, case_id FROM enforcement_casenumber")
about_numbers(
    "enforcement.evidencefile",
    "SELECT t.number_id, t.tenure_id, e.file_id FROM enforcement_target t"
    " JOIN enforcement_evidence e ON e.decision_id = t.decision_id WHERE e.file_id IS NOT NULL"
    " UNION ALL SELECT n.number_id, n.tenure_id, e.file_id FROM enforcement_casenumber n"
    " JOIN enforcement_caseevidence e ON e.case_id = n.case_id WHERE e.file_id IS NOT NULL",
)
lookups.mark(
    "batch",
    gettext_lazy("batches"),
    Q(decision_id__in=Decision.objects.filter(target_count__gt=BATCH_FROM).values("pk")),
)
lookups.offer(Typed(gettext_lazy("Decision or batch"), "decision", _decision, _of_decision, kept=True))
for condition in (_of_few, _of_many, _named):
    lookups.way("clause", condition)
lookups.offer(
    Typed(
        gettext_lazy("Clause"),
        "clause",
        str,
        lambda clause: Q(),  # by its ways
        help=gettext_lazy("What was done under it, as in 10.1."),
        kept=True,
        absent=_no_clause,
    )
)
