"""Cases: opened by whoever found something out, worked on, closed. What is done to a number is a decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from enforcement.cases import sealed_text
from enforcement.cases.details import amended, read_details
from enforcement.cases.policy import BESIDES, CAUSED, DETAILS, OPENED, PARTIES, CaseKind, Party
from enforcement.cases.queries import HANDLE, cases
from enforcement.citations.queries import still_stands
from enforcement.evidence.services import cited_files
from enforcement.models import Case, CaseEvidence, CaseNumber
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

OF_OWN = conflict(gettext_noop("It is about a number that you declared as your own: another person must act."))

OPEN_CASE = "enforcement.open_case"
TEXT_MAX, NAMED = 4000, 8

_ADD_NUMBERS = """
INSERT INTO enforcement_casenumber (case_id, number_id, tenure_id, party, event)
SELECT %(case)s, n.id, n.tenure_id, %(party)s, %(event)s
FROM accounts_number n WHERE n.id = ANY(%(numbers)s::bigint[]) ORDER BY n.id"""


@dataclass(frozen=True)
class Finding:
    """What somebody found out, before anybody checked it. Details by kind (enforcement/cases/policy.py)."""

    kind: str
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)  # by party
    evidence: tuple[str, ...] = ()
    files: tuple[int, ...] = ()  # evidence files, taken in before

    @property
    def listed(self) -> list[int]:
        return [number for numbers in self.numbers.values() for number in numbers]


# Opening


def check_open(found: Finding, *, actor: Staff) -> dict[str, Any]:
    """The details as they would be kept; raises as `open_case` would."""
    if not actor.has_perm(OPEN_CASE):
        raise Refused(gettext_noop("Your role may not open cases."))
    if found.kind not in OPENED:
        raise Invalid(_("No case of the kind “%(kind)s” is opened by hand.") % {"kind": found.kind})
    kind = CaseKind(found.kind)
    _must_say(_("Say what was found."), found.what)
    details = read_details(kind, found.details)
    _check_numbers(kind, found.numbers, actor=actor)
    for party in PARTIES[kind]:
        if not found.numbers.get(party):
            raise Invalid(_("Name the number concerned."))
    no_personal_data(*found.evidence)
    return details


def open_case(found: Finding, *, actor: Staff, reason: str, ticket: str = "") -> Case:
    facts = {"act": "case.open", "kind": found.kind, "targets": len(found.listed)}
    with recorder.refusals(actor=actor, facts=facts), transaction.atomic():
        details = check_open(found, actor=actor)
        must_say_why(reason)
        case = Case(
            pk=bulk.next_pk(Case), kind=found.kind, details=details, ticket=ticket, maker=actor,
            opened_at=timezone.now(),
        )  # fmt: skip
        facts = {"kind": found.kind, "numbers": len(found.listed), "case": case.pk}
        with recorder.act("case.opened", actor=actor, reason=reason, ticket=ticket, subject=case, facts=facts) as act:
            sealed_text.begin(case, found.what, act)
            _write_numbers(act, case, found.numbers)
            _write_evidence(act, case, found.evidence, found.files, actor)
    return case


# Adding to one that is open


def locked(case: Case) -> Case:
    return Case.objects.select_for_update(no_key=True).get(pk=case.pk)


def check_work(case: Case, *, actor: Staff, right: str = HANDLE) -> None:
    """May this person work on this case now?"""
    if not actor.has_perm(right) and not (right == OPEN_CASE and actor.has_perm(HANDLE)):
        raise Refused(gettext_noop("Your role may not work on cases."))
    if not cases(actor).filter(pk=case.pk).exists():
        raise Refused(OF_OWN)
    if case.state != Case.State.OPEN:
        raise Invalid(_("This case is closed. Nothing was done."))


def add_evidence(
    case: Case, evidence: Iterable[str] = (), files: Sequence[int] = (), *, actor: Staff, reason: str, ticket: str = ""
) -> Case:
    """Facts and files; whoever opens cases may bring more of them."""
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.evidence"}), transaction.atomic():
        case = locked(case)
        check_work(case, actor=actor, right=OPEN_CASE)
        must_say_why(reason)
        said = check_evidence(evidence, files)
        facts = {"n": len(said) + len(files)}
        with recorder.act(
            "case.evidence_added", actor=actor, reason=reason, ticket=ticket, subject=case, facts=facts
        ) as act:
            _write_evidence(act, case, said, files, actor)
    return case


def check_evidence(evidence: Iterable[str], files: Sequence[int]) -> list[str]:
    """The facts, each as one line of the case."""
    said = [text for text in map(str.strip, evidence) if text]
    if not said and not files:
        raise Invalid(_("Name the evidence, or bring a file."))
    no_personal_data(*said)
    return said


def add_numbers(
    case: Case, numbers: Mapping[str, Sequence[int]], *, actor: Staff, reason: str, ticket: str = ""
) -> Case:
    listed = [number for some in numbers.values() for number in some]
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.numbers"}), transaction.atomic():
        case = locked(case)
        check_work(case, actor=actor)
        check_more(case, numbers, actor=actor)
        must_say_why(reason)
        facts = {"numbers": len(listed)}
        with recorder.act(
            "case.numbers_added", actor=actor, reason=reason, ticket=ticket, subject=case, facts=facts
        ) as act:
            _write_numbers(act, case, numbers)
    return case


def check_more(case: Case, numbers: Mapping[str, Sequence[int]], *, actor: Staff) -> None:
    """Which numbers may be added: known ones, that are not in it already."""
    listed = [number for some in numbers.values() for number in some]
    if not listed:
        raise Invalid(_("Name the number concerned."))
    _check_numbers(CaseKind(case.kind), numbers, actor=actor)
    if there := CaseNumber.objects.filter(case=case, number__in=listed).order_by("number").first():
        raise Invalid(_("Number %(number)d is in this case already. Nothing was done.") % {"number": there.number_id})


def amend(case: Case, details: Mapping[str, Any], *, actor: Staff, reason: str, ticket: str = "") -> Case:
    """Say the details anew: a sample was looked at, a report turned out not to be in good faith."""
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.amend"}), transaction.atomic():
        case = locked(case)
        check_work(case, actor=actor)
        case.details = check_details(case, details)
        must_say_why(reason)
        save(case, "case.amended", ["details"], actor=actor, reason=reason, ticket=ticket)
    return case


def check_details(case: Case, given: Mapping[str, Any]) -> dict[str, Any]:
    if not DETAILS[CaseKind(case.kind)]:
        raise Invalid(_("A case of this kind has no details."))
    return amended(case, given)


# Closing


def check_close(case: Case, *, actor: Staff) -> None:
    check_work(case, actor=actor)
    if case.kind in CAUSED and not case.cause_agreed_by_id:
        raise Invalid(
            _(
                "A case of this kind closes with a root cause that a second person has agreed to (9.2): propose one"
                " first, or wait for the answer."
            )
        )
    if left := still_stands(list(case.details.get("decisions", ()))) if "strike_out" in case.details else []:
        named = ", ".join(f"#{pk}" for pk in left[:NAMED])
        raise Invalid(_("Decisions without a ground still stand: %(decisions)s. Decide on them first (12.7).")
                      % {"decisions": named})  # fmt: skip


def close(case: Case, conclusion: str, *, actor: Staff, reason: str, ticket: str = "") -> Case:
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.close"}), transaction.atomic():
        case = locked(case)
        check_close(case, actor=actor)
        _must_say(_("Say what came of it."), conclusion)
        must_say_why(reason)
        case.state, case.closed_at = Case.State.CLOSED, timezone.now()
        (case.conclusion,) = sealed_text.sealed(case, sealed_text.CONCLUSION, [conclusion])
        save(case, "case.closed", ["state", "closed_at", "conclusion"], actor=actor, reason=reason, ticket=ticket)
    return case


# Writing


def save(
    case: Case, verb: str, columns: list[str], *, actor: Staff, reason: str, ticket: str = "",
    facts: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    with recorder.act(verb, actor=actor, reason=reason, ticket=ticket, subject=case, facts=facts) as act:
        case.save(update_fields=columns)
        act.wrote(recorder.history_model(Case))


def _check_numbers(kind: CaseKind, numbers: Mapping[str, Sequence[int]], *, actor: Staff) -> None:
    listed = [number for some in numbers.values() for number in some]
    if unfit := [
        str(Party(p).label) for p in numbers if numbers[p] and p not in (Party.SUBJECT, *BESIDES.get(kind, ()))
    ]:
        raise Invalid(_("A case of this kind names nobody as “%(party)s”.") % {"party": _(", ").join(unfit)})
    if len(set(listed)) != len(listed):
        raise Invalid(_("A number stands in a case once."))
    refuse_own(actor, listed)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(g.id ORDER BY g.id) FROM unnest(%s::bigint[]) AS g(id)"
            " WHERE NOT EXISTS (SELECT FROM accounts_number n WHERE n.id = g.id)",
            [listed],
        )
        unknown: list[int] = cursor.fetchone()[0] or []
    if unknown:
        more = " …" if len(unknown) > NAMED else ""
        raise Invalid(
            _("These numbers are unknown: %(numbers)s. Nothing was done.")
            % {"numbers": ", ".join(map(str, unknown[:NAMED])) + more}
        )


def _write_numbers(act: recorder.Act, case: Case, numbers: Mapping[str, Sequence[int]]) -> None:
    for party, some in numbers.items():
        if some:
            given: dict[str, Any] = {"case": case.pk, "party": str(party), "event": act.event_id, "numbers": list(some)}
            with connection.cursor() as cursor:
                cursor.execute(_ADD_NUMBERS, given)
                act.wrote(CaseNumber, rows=cursor.rowcount)


def _write_evidence(act: recorder.Act, case: Case, evidence: Iterable[str], files: Sequence[int], actor: Staff) -> None:
    said = [text for text in evidence if text.strip()]
    statements = sealed_text.sealed(case, sealed_text.EVIDENCE, said) if said else []
    rows = [CaseEvidence(case=case, statement=statement, event_id=act.event_id) for statement in statements]
    rows += [
        CaseEvidence(case=case, file=one, event_id=act.event_id)
        for one in cited_files(files, actor=actor, case=case.pk)
    ]
    if rows:
        CaseEvidence.objects.bulk_create(rows)
        act.wrote(CaseEvidence, rows=len(rows))


def _must_say(otherwise: str, text: str) -> None:
    if not text.strip():
        raise Invalid(otherwise)
    if len(text) > TEXT_MAX:
        raise Invalid(_("The text is too long (%(n)d characters).") % {"n": TEXT_MAX})
    no_personal_data(text)
