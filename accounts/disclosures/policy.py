"""Disclosure policy (4.2(c)) as tables: kinds of asker, their papers, and the classes of information each may get.

Services enforce the tables; forms and pages show them. Counsel must review the cited laws before production.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from qqops.core.days import end_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY = datetime.timedelta(days=1)

# Classes of information by their codes (accounts.models.DataClass).
REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES = "registrant", "identity", "tenure", "logins", "measures"
HELD = (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES)


@dataclass(frozen=True)
class Paper:
    """A kind of paper, and the entries without which it is not accepted."""

    code: str
    label: "StrOrPromise"
    number: bool = False
    dated: bool = False
    deadline: bool = False
    stamped: bool = False


PAPERS = {
    paper.code: paper
    for paper in (
        Paper("retrieval_notice", _("evidence-retrieval notice"), number=True, dated=True, deadline=True, stamped=True),
        Paper("court_letter", _("court's letter or order to assist"), number=True, dated=True, stamped=True),
        Paper("court_order", _("court's investigation order"), number=True, dated=True, deadline=True, stamped=True),
        Paper("two_officers", _("credentials of two officers")),
        Paper("court_officers", _("credentials of the court's officers")),
        Paper("licence", _("lawyer's licence"), number=True),
        Paper("identity_proof", _("the asker's proof of identity")),
        Paper("guardianship", _("proof of guardianship")),
        Paper("death", _("death certificate")),
        Paper("kinship", _("proof of kinship")),
    )
}


@dataclass(frozen=True)
class Asker:
    """A kind of asker: required papers, permitted classes of information, legal basis and time limit."""

    papers: tuple[str, ...]
    may_have: tuple[str, ...]
    basis: str  # law and article, as lawyers cite it
    due: datetime.timedelta  # the time limit if no paper sets a deadline
    authority: bool = True  # the asker names an authority or law firm
    period_for_logins: bool = True  # logins are given for a named period only
    refused: bool = False  # always refused, at registration

    @property
    def basis_here(self) -> str:
        return basis_here(self.basis)


def basis_here(basis: str) -> str:
    """Return a basis of the table in the reader's language (the record has both); return any other text unchanged."""
    if basis not in {asker.basis for asker in ASKERS.values()}:
        return basis
    chinese, _paren, english = basis.partition(" (")
    return chinese if get_language() == "zh-hans" else english.removesuffix(")")


# By accounts.models.AskedBy. Other askers (an employer, an insurer, a neighbour) get no information (4.2(b)).
ASKERS = {
    "court": Asker(
        ("court_letter", "court_officers"),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "民事诉讼法第七十条 (Civil Procedure Law 70)",
        7 * DAY,
    ),
    "procuratorate": Asker(
        ("retrieval_notice", "two_officers"),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "刑事诉讼法第五十四条 (Criminal Procedure Law 54)",
        3 * DAY,
    ),
    "police": Asker(
        ("retrieval_notice", "two_officers"),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "刑事诉讼法第五十四条、公安机关办理刑事案件程序规定第六十一条至第六十二条"
        " (Criminal Procedure Law 54; MPS order 159, 61-62)",
        3 * DAY,
    ),
    "supervision": Asker(
        ("retrieval_notice", "two_officers"),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "监察法第十八条 (Supervision Law 18)",
        3 * DAY,
    ),
    "lawyer": Asker(
        ("court_order", "licence"),
        (REGISTRANT, TENURE, MEASURES),
        "民事诉讼法第七十条、法院律师调查令 (Civil Procedure Law 70; the court's investigation order)",
        7 * DAY,
    ),
    "person": Asker(
        ("identity_proof",),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "个人信息保护法第四十五条 (PIPL 45)",
        15 * DAY,
        authority=False,
        period_for_logins=False,
    ),
    "guardian": Asker(
        ("guardianship", "identity_proof"),
        (REGISTRANT, IDENTITY, TENURE, LOGINS, MEASURES),
        "个人信息保护法第三十一条、未成年人网络保护条例第三十四条 (PIPL 31; Minors Regulation 34)",
        15 * DAY,
        authority=False,
        period_for_logins=False,
    ),
    "relative": Asker(
        ("death", "kinship", "identity_proof"),
        (REGISTRANT, IDENTITY, TENURE),
        "个人信息保护法第四十九条 (PIPL 49)",
        15 * DAY,
        authority=False,
    ),
    "foreign": Asker(
        (),
        (),
        "个人信息保护法第四十一条、数据安全法第三十六条 (PIPL 41; Data Security Law 36)",
        3 * DAY,
        refused=True,
    ),
}

# The reasons in the letter when the table itself refuses.
REFUSALS = {
    "not_held": _("The operator holds no such information in this register."),
    "not_allowed": _("The law does not let this information be given to who asks in this capacity."),
}


@dataclass(frozen=True)
class Period:
    """A range of local days, both ends included. None leaves that end open."""

    start: datetime.date | None = None
    end: datetime.date | None = None

    @property
    def named(self) -> bool:
        return self.start is not None and self.end is not None

    @property
    def given(self) -> bool:
        return self.start is not None or self.end is not None

    def covers(self, day: datetime.date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def meets(self, first: datetime.date, last: datetime.date | None) -> bool:
        """Return True if a day from `first` to `last` lies in the period. A `last` of None means without end."""
        return (self.end is None or first <= self.end) and (self.start is None or last is None or last >= self.start)


def refusal_of(asked_by: str, data_class: str) -> str:
    """Return the code of REFUSALS if the table refuses this class to this asker; "" if the review decides."""
    if data_class not in HELD:
        return "not_held"
    return "" if data_class in ASKERS[asked_by].may_have else "not_allowed"


def due_at(asked_by: str, now: datetime.datetime, deadlines: Iterable[datetime.date]) -> datetime.datetime:
    """Return the end of the earliest deadline of the papers; without one, `now` plus the time limit of the table."""
    days = sorted(deadlines)
    if not days:
        return now + ASKERS[asked_by].due
    return end_of(days[0])
