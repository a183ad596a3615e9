"""Who may be told what, and on which papers: 4.2(c) as tables, to be read beside the law (domain.md §3).

Tables and nothing else: services ask them, forms and pages show them. The law named here must be looked at again by
counsel before production.
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
    """A paper and what must stand on it, without which it is none."""

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
    """Who asks: what has to be shown, what may be given at all, by which law, and until when it is answered."""

    papers: tuple[str, ...]
    may_have: tuple[str, ...]
    basis: str  # of the register: law and article, as lawyers cite it
    due: datetime.timedelta  # where no paper sets a deadline
    authority: bool = True  # an office or a firm is named
    period_for_logins: bool = True  # logins only for a named period: less is asked for than “all”
    refused: bool = False  # at the register already, whatever is shown

    @property
    def basis_here(self) -> str:
        return basis_here(self.basis)


def basis_here(basis: str) -> str:
    """A basis of the table in the reader's language; on the record it stands in both. Any other as it was written."""
    if basis not in {asker.basis for asker in ASKERS.values()}:
        return basis
    chinese, _paren, english = basis.partition(" (")
    return chinese if get_language() == "zh-hans" else english.removesuffix(")")


# By accounts.models.AskedBy. Who is not here (an employer, an insurer, a neighbour) has no way in: 4.2(b).
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

# What is written back where the table itself refuses.
REFUSALS = {
    "not_held": _("The operator holds no such information in this register."),
    "not_allowed": _("The law does not let this information be given to who asks in this capacity."),
}


@dataclass(frozen=True)
class Period:
    """Local days, both of them in it; None is open on that side."""

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
        """Does any day between these two lie in it? Without a last one they go on."""
        return (self.end is None or first <= self.end) and (self.start is None or last is None or last >= self.start)


def refusal_of(asked_by: str, data_class: str) -> str:
    """Why the table itself refuses a class to this asker, as a code of REFUSALS; "" where the review decides."""
    if data_class not in HELD:
        return "not_held"
    return "" if data_class in ASKERS[asked_by].may_have else "not_allowed"


def due_at(asked_by: str, now: datetime.datetime, deadlines: Iterable[datetime.date]) -> datetime.datetime:
    """The end of the earliest day a paper sets; else what the table gives."""
    days = sorted(deadlines)
    if not days:
        return now + ASKERS[asked_by].due
    return end_of(days[0])
