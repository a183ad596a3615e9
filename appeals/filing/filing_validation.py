"""What somebody appeals for, as it was said: what is missing or wrong in it, and its one form. Nothing is looked up.

A fault names its place and never repeats what stands there: it is a person's.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from appeals.filing import contact
from appeals.filing.routing import Asked
from appeals.lifecycle import Kind
from appeals.policy import GROUNDS, EvidenceKind, Relation
from enforcement.evidence.services import media_of
from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal

STATEMENT_MIN, STATEMENT_MAX, EVIDENCE_MAX, ITEMS_MAX = 6, 4000, 2000, 30
AGREEMENT_MAX, PORTAL_MAX = 40, 64
# What the sign-in system compared: only how many of how many. A password, or an answer, never comes in (6.1).
COUNTED = (EvidenceKind.PAST_PASSWORDS, EvidenceKind.SECRET)
# A class of choices makes its list of values anew each time that it is asked, and a file asks for every cell.
_KINDS, _RELATIONS, _EVIDENCE = (frozenset(choices.values) for choices in (Kind, Relation, EvidenceKind))
_COUNT = re.compile(r"([0-9]{1,2})\s*/\s*([0-9]{1,2})")

Fault = Callable[[str, str], None]  # takes the column and the sentence


@dataclass(frozen=True)
class Filing:
    """What somebody appeals for, as it was said; `tidy` has it in order."""

    number: int
    kind: str
    ground: str
    statement: str
    contact: str
    agreement: str = ""
    relation: str = Relation.HOLDER
    seq: int | None = None  # which tenure of the number; None: the latest that fits
    decision: int | None = None  # of an objection
    evidence: Sequence[tuple[str, str]] = ()  # (kind, what it says)
    files: Sequence[tuple[str, bytes]] = ()  # (kind, what it holds): its name may be a person's, and is not taken in
    portal: str | None = None
    form_key: uuid.UUID | None = field(default=None, compare=False)  # of the desk: a second click brings it again

    @property
    def line(self) -> str | None:
        """By what it is known when it comes again: the portal's id, or the key of the desk's form."""
        return self.portal or (str(self.form_key) if self.form_key else None)

    @property
    def asked(self) -> Asked:
        return Asked(self.number, Kind(self.kind), self.seq, self.decision)


def tidy(filing: Filing) -> Filing:
    """In its one form; Invalid says what is missing or wrong."""
    said = formed(_first, **vars(filing))
    check(said, _first)
    return said


def brought(
    evidence: Sequence[tuple[str, str]], files: Sequence[tuple[str, bytes]]
) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, bytes]]]:
    """More evidence, of an appeal that is filed, in its one form; Invalid says what is missing or wrong."""
    if not 0 < len(evidence) + len(files) <= ITEMS_MAX:
        raise Invalid(_("Bring 1 to %(n)d items of evidence.") % {"n": ITEMS_MAX})
    for kind, content in files:
        _check_file(kind, content, _first)
    return [(kind, item(kind, text)) for kind, text in evidence], files


def item(kind: str, text: str) -> str:
    """An item of evidence in words, in its one form; Invalid says what is wrong with it."""
    said = text.strip()
    _check_item(kind, said, _first)
    return said


def _first(_column: str, why: str) -> None:
    raise Invalid(why)


def formed(
    fault: Fault, *, kind: str, statement: str, contact: str, agreement: str, evidence: Sequence[tuple[str, str]],
    **more: Any,
) -> Filing:  # fmt: skip
    """What was said, in its one form; `fault` is told of a contact that has none. What else is wrong, `check` tells."""
    return Filing(
        kind=kind,
        statement=statement.strip(),
        contact=_contact(contact, fault),
        agreement=agreement.strip() if kind != Kind.ENQUIRY else "",
        evidence=[(each, text.strip()) for each, text in evidence],
        **more,
    )


def check(filing: Filing, fault: Fault) -> None:
    """Tell `fault` what is missing or wrong in what is in its one form."""
    if filing.kind in _KINDS:
        _of_its_kind(filing, Kind(filing.kind), fault)
    else:
        fault("kind", _("Say what it is: a recovery, an objection or an enquiry."))
    if filing.relation not in _RELATIONS:
        fault("relation", _("Say who appeals: the holder, a guardian or an agent."))
    if not STATEMENT_MIN <= len(filing.statement) <= STATEMENT_MAX:
        told = {"least": STATEMENT_MIN, "most": STATEMENT_MAX}
        fault("statement", _("Write down what is said, in %(least)d to %(most)d characters.") % told)
    if not _is_version(filing.agreement):
        fault("agreement", _("Name the agreement by its version only, in at most %(n)d characters.") % {
            "n": AGREEMENT_MAX})  # fmt: skip
    if len(filing.evidence) + len(filing.files) > ITEMS_MAX:
        fault("", _("At most %(n)d items of evidence come with an appeal.") % {"n": ITEMS_MAX})
    for kind, text in filing.evidence:
        _check_item(kind, text, fault)
    for kind, content in filing.files:
        _check_file(kind, content, fault)


def _of_its_kind(filing: Filing, kind: Kind, fault: Fault) -> None:
    if filing.ground not in GROUNDS[kind]:
        fault("ground", _("Say why: this ground does not belong to such an appeal."))
    if kind != Kind.ENQUIRY and not filing.agreement:
        fault("agreement", _("Name the version of the appeal agreement that was accepted (7)."))
    if kind == Kind.OBJECTION and filing.decision is None:
        fault("decision", _("Name the decision that is objected to."))
    if kind != Kind.OBJECTION and filing.decision is not None:
        fault("decision", _("Only an objection names a decision."))


def _is_version(text: str) -> bool:
    return len(text) <= AGREEMENT_MAX and text.isprintable() and not looks_personal(text)


def _contact(text: str, fault: Fault) -> str:
    try:
        return contact.normal(text)
    except Invalid as error:
        fault("contact", str(error))
        return ""


def _check_item(kind: str, said: str, fault: Fault) -> None:
    _kind_is_known(kind, fault)
    if kind in COUNTED:
        count = _COUNT.fullmatch(said)
        if count is None or int(count[1]) > int(count[2]):
            fault(
                kind,
                _(
                    "Say how many of how many were right, as the sign-in system counted them, as in 3/5: never a"
                    " password or an answer (6.1)."
                ),
            )
    elif not 0 < len(said) <= EVIDENCE_MAX:
        fault(kind, _("An item of evidence has 1 to %(n)d characters.") % {"n": EVIDENCE_MAX})


def _check_file(kind: str, content: bytes, fault: Fault) -> None:
    _kind_is_known(kind, fault)
    try:
        media_of(content)
    except Invalid as error:
        fault(kind, str(error))


def _kind_is_known(kind: str, fault: Fault) -> None:
    if kind not in _EVIDENCE:
        known = ", ".join(EvidenceKind.values)
        fault("", _("There is no such kind of evidence; there are: %(kinds)s.") % {"kinds": known})
