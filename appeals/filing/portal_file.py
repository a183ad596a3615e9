"""The file of the portal: appeals that were filed there, each once. All of it is checked first, then filed by the act
that files at the desk. A portal id that is known changes nothing, so a run that was killed is finished by the next."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.columns import Row, Sheet
from accounts.imports.files import changed
from accounts.imports.lines import Wrong, target_of
from accounts.lists.chunks import chunks, digest
from appeals.filing import filing_validation
from appeals.filing import services as filing
from appeals.filing.filing_validation import PORTAL_MAX
from appeals.filing.services import Filed
from appeals.lifecycle import Kind
from appeals.policy import EvidenceKind, Relation
from enforcement.models import Decision
from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal
from qqops.staff.models import Staff

AT_ONCE = 2_000  # lines in hand at a time, each with what is said in it and the key of that
SEQ_MAX = 32_767
EVIDENCE = tuple(EvidenceKind.values)
SAID = ("portal_id", "number", "kind", "decision", "ground", "statement", "contact", "relation", "agreement")


class _Sheet(Sheet):
    """Who somebody is, is not told here: he is whoever holds the number."""

    def column(self, name: str) -> str:
        found = super().column(name)
        return found if found in self.columns else ""


PORTAL = _Sheet(
    (*SAID, *EVIDENCE),
    {
        "portal": "portal_id", "申诉编号": "portal_id", "门户编号": "portal_id",
        "qq": "number", "号码": "number",
        "申诉类型": "kind", "类型": "kind",
        "决定": "decision", "决定编号": "decision",
        "申诉理由": "ground", "理由": "ground",
        "申诉内容": "statement", "陈述": "statement",
        "联系方式": "contact",
        "申诉人": "relation",
        "协议版本": "agreement",
        "历史密码": "past_passwords",
        "注册信息": "registration",
        "密保手机": "mobile", "绑定手机": "mobile", "手机": "mobile",
        "密保问题": "secret",
        "实名信息": "identity",
        "常用设备": "devices",
        "付费记录": "payments",
        "登录地点": "places",
        "好友辅助": "friends",
        "报警回执": "police",
        "其他材料": "other",
    },
    {
        "portal_id": gettext_lazy("The heading has no column for the portal's id."),
        "number": gettext_lazy("The heading has no column for the number."),
        "kind": gettext_lazy("The heading has no column for the kind of appeal."),
        "ground": gettext_lazy("The heading has no column for the ground."),
        "statement": gettext_lazy("The heading has no column for the statement."),
        "contact": gettext_lazy("The heading has no column for the contact."),
    },
    wants_items=False,
)  # fmt: skip


class Line:
    """What a line says, in its one form, and what in it cannot be read; `check` finds all else that is wrong."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.wrong = [Wrong(row.line, column, why) for column, why in row.wrong]
        cells = row.cells
        number, seq = self._target(cells.get("number", ""))
        self.filing = filing_validation.formed(
            self.fault,
            number=number,
            seq=seq,
            kind=_code(cells.get("kind", "")),
            decision=self._decision(cells.get("decision", "")),
            ground=_code(cells.get("ground", "")),
            statement=cells.get("statement", ""),
            contact=cells.get("contact", ""),
            relation=_code(cells.get("relation", Relation.HOLDER)),
            agreement=cells.get("agreement", ""),
            evidence=[(kind, cells[kind]) for kind in EVIDENCE if kind in cells],
            portal=cells.get("portal_id", ""),
        )

    def check(self) -> None:
        portal = self.filing.portal
        if not portal or len(portal) > PORTAL_MAX or not portal.isprintable():
            self.fault("portal_id", _("Name the portal's id, in at most %(n)d characters.") % {"n": PORTAL_MAX})
        elif looks_personal(portal):
            self.fault("portal_id", _("A reference holds no personal data."))
        filing_validation.check(self.filing, self.fault)

    def fault(self, column: str, why: str) -> None:
        if not any(one.column == column for one in self.wrong):  # what could not be read is not missing too
            self.wrong.append(Wrong(self.row.line, column, why))

    def _target(self, text: str) -> tuple[int, int | None]:
        found = target_of(text)
        if found is None or not 0 < (found[1] or 1) <= SEQ_MAX:
            self.fault("number", _("There is no number here, nor a tenure as in 10001/2."))
            return 0, None
        return found

    def _decision(self, text: str) -> int | None:
        if not text:
            return None
        digits = unicodedata.normalize("NFKC", text).lstrip("#")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
            self.fault("decision", _("Write the number of the decision, as in 17."))
            return 0
        return int(digits)


def _code(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def checked_lines(rows: Sequence[Row]) -> list[Line]:
    """Each of some lines, with all that is wrong with it; the decisions that they name are looked up by one query."""
    lines = [Line(row) for row in rows]
    for line in lines:
        line.check()
    named = {line.filing.decision for line in lines if line.filing.decision and line.filing.kind == Kind.OBJECTION}
    known = set(Decision.objects.filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    for line in lines:
        if line.filing.decision in named - known:
            line.fault("decision", _("There is no such decision."))
    return lines


@dataclass
class Checked:
    """What a file holds: all that is wrong with it, or else what would come of it."""

    lines: int = 0
    wrongs: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # the first of them, by line
    would: Filed = field(default_factory=Filed)
    known: dict[str, str] = field(default_factory=dict)  # portal id, receipt
    digests: list[bytes] = field(default_factory=list)  # of each chunk: what is filed is what was checked


def check(rows: Iterable[Row], *, figures: bool, named: int | None = None) -> Checked:
    """Look at every line; with `figures`, at what would come of it too. At most `named` faults are told one by one."""
    found = Checked()
    ids: dict[str, int] = {}
    for chunk in chunks(rows, _size()):
        found.digests.append(digest(chunk))
        lines = checked_lines(chunk)
        for line in lines:
            at, portal = line.row.line, line.filing.portal
            if portal and (first := ids.setdefault(portal, at)) != at:
                line.fault("portal_id", _("The same portal id stands on line %(line)d.") % {"line": first})
            found.wrongs += len(line.wrong)
            left = len(line.wrong) if named is None else max(0, named - len(found.wrong))
            found.wrong += line.wrong[:left]
        found.lines += len(lines)
        if figures and not found.wrongs:
            known = filing.count([line.filing for line in lines], found.would)
            found.known |= {str(lines[at].filing.portal): receipt for at, receipt in known.items()}
    if not found.lines:
        raise Invalid(_("There is nothing below the heading."))
    return found


@dataclass
class Taken:
    """What is on the register of a file, each portal id with its receipt; `stopped`: why what is left is not."""

    filed: Filed = field(default_factory=Filed)
    receipts: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)  # portal ids that are kept under no receipt number
    refused: dict[str, str] = field(default_factory=dict)  # not taken in at this moment, by portal id, and why
    stopped: str = ""


def apply(
    rows: Iterable[Row],
    checked: Checked,
    *,
    actor: Staff,
    source: str,
    step: Callable[[int], None] = lambda lines: None,
) -> Taken:
    """File what was checked, chunk by chunk. It stops where the rows are not those that were checked, or cannot be
    filed; as long as nothing of the file is on the register, that is Invalid. The rows of a chunk being the same, what
    was found right in them is right: they are read again, and not checked again."""
    done, digests = Taken(), iter(checked.digests)
    try:
        for chunk in chunks(rows, _size()):
            if digest(chunk) != next(digests, None):
                raise changed()
            _take([Line(row) for row in chunk], done, actor=actor, source=source)
            step(len(chunk))
        if next(digests, None) is not None:
            raise changed()
    except Invalid as error:
        on_register = len(done.receipts) + len(done.others)
        if not on_register:
            raise
        done.stopped = _("%(why)s Of this file are filed, and stay: %(n)d. Run the command again to continue.") % {
            "why": error, "n": on_register}  # fmt: skip
    return done


def _take(lines: Sequence[Line], done: Taken, *, actor: Staff, source: str) -> None:
    for each in (wrong for line in lines for wrong in line.wrong):
        facts = {"line": each.line, "why": each.why}
        raise Invalid(_("Line %(line)d has changed since it was checked: %(why)s") % facts)
    filed = filing.file([line.filing for line in lines], actor=actor, source=source)
    done.filed.merge(filed)
    done.receipts |= {str(lines[at].filing.portal): receipt for at, receipt in filed.receipts.items()}
    done.others += [str(lines[at].filing.portal) for at in sorted(filed.others)]
    done.refused |= {str(lines[at].filing.portal): why for at, why in filed.refused.items()}


def _size() -> int:
    chunk: int = settings.QQOPS_CHUNK
    return min(chunk, AT_ONCE)
