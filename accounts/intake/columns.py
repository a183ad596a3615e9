"""The columns that a file of identity information may have, and one line of it."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.identity.formats import Field
from qqops.errors import Invalid

PROOF = ("method", "at", "source")  # of each item: `<item>_verified_method` …
COLUMNS = frozenset(
    ("number", "document_kind", "basis", *Field, *(f"{item}_verified_{part}" for item in Field for part in PROOF))
)
_SAME = {
    "tenure": "number",
    "qq": "number",
    "号码": "number",
    "持有期": "number",
    "姓名": "name",
    "证件类型": "document_kind",
    "证件号码": "document",
    "手机": "mobile",
    "手机号": "mobile",
    "手机号码": "mobile",
    "邮箱": "email",
    "电子邮箱": "email",
    "出生日期": "born",
    "依据": "basis",
    "法律依据": "basis",
}
_PROOF = {"核验方式": "method", "核验时间": "at", "核验来源": "source"}  # 手机核验方式 …


@dataclass
class Row:
    """One line: its cells by column, those with nothing in them left out, and what is wrong with it: (column, why)."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def column(name: str) -> str:
    """The column of this name, or "" for none."""
    folded = "_".join(unicodedata.normalize("NFKC", name).lower().split())
    for ending, part in _PROOF.items():
        if folded.endswith(ending):
            item = folded.removesuffix(ending)
            folded = f"{_SAME.get(item, item)}_verified_{part}"
    folded = _SAME.get(folded, folded)
    return folded if folded in COLUMNS else ""


def heading(names: Iterable[str]) -> list[str]:
    """The columns of a heading; "" for those without a name. An unknown name is told by its place: in a file without
    a heading it is somebody's."""
    found: list[str] = []
    for at, name in enumerate(names, 1):
        known = column(name)
        if name.strip() and not known:
            raise Invalid(_("The heading names no known column at place %(n)d.") % {"n": at})
        if known and known in found:
            raise Invalid(_("The heading names the column %(column)s twice.") % {"column": known})
        found.append(known)
    if "number" not in found:
        raise Invalid(_("The heading has no column for the number."))
    if set(found) <= {"number", "document_kind", "basis", ""}:
        raise Invalid(_("The heading has no column with an item of identity information."))
    return found


def row(line: int, columns: list[str], texts: Iterable[str]) -> Row:
    """The line with its cells under their columns."""
    found = Row(line)
    for at, text in enumerate(texts):
        if not text.strip():
            continue
        if at >= len(columns) or not columns[at]:
            found.wrong.append(("", _("There is something under no column, at place %(n)d.") % {"n": at + 1}))
        else:
            found.cells[columns[at]] = text.strip()
    return found
