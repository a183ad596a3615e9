"""The columns that a file with information about people may have, and one line of it."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity.formats import Field
from qqops.core.errors import Invalid

PROOF = ("method", "at", "source")  # of each item: `<item>_verified_method` …
ITEMS = ("document_kind", "basis", *Field, *(f"{item}_verified_{part}" for item in Field for part in PROOF))
_ITEMS = {
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
_NUMBER = {"qq": "number", "号码": "number"}
_PROOF = {"核验方式": "method", "核验时间": "at", "核验来源": "source"}  # 手机核验方式 …


@dataclass(frozen=True)
class Sheet:
    """Which columns a kind of file has besides the items of identity information, and under what other names."""

    columns: tuple[str, ...]
    same: Mapping[str, str]
    needs: Mapping[str, Promise]  # a column that must be there → what is said without it
    wants_items: bool = True  # a file without any item says nothing

    def column(self, name: str) -> str:
        """The column of this name, or "" for none."""
        folded = "_".join(unicodedata.normalize("NFKC", name).lower().split())
        for ending, part in _PROOF.items():
            if folded.endswith(ending):
                item = folded.removesuffix(ending)
                folded = f"{_ITEMS.get(item, item)}_verified_{part}"
        folded = self.same.get(folded, _ITEMS.get(folded, folded))
        return folded if folded in self.columns or folded in ITEMS else ""

    def heading(self, names: Iterable[str]) -> list[str]:
        """The columns of a heading; "" for those without a name. An unknown name is told by its place: in a file
        without a heading it is somebody's."""
        found: list[str] = []
        for at, name in enumerate(names, 1):
            known = self.column(name)
            if name.strip() and not known:
                raise Invalid(_("The heading names no known column at place %(n)d.") % {"n": at})
            if known and known in found:
                raise Invalid(_("The heading names the column %(column)s twice.") % {"column": known})
            found.append(known)
        for needed, why in self.needs.items():
            if needed not in found:
                raise Invalid(str(why))
        if self.wants_items and set(found) <= {*self.columns, "document_kind", "basis", ""}:
            raise Invalid(_("The heading has no column with an item of identity information."))
        return found


IDENTITY = Sheet(
    ("number",),
    {"tenure": "number", "持有期": "number", **_NUMBER},
    {"number": gettext_lazy("The heading has no column for the number.")},
)
HOLDERS = Sheet((), {}, {})  # who is to hold numbers that are handed out: one line for each
REGISTRATIONS = Sheet(
    (
        "registration",
        "number",
        "pool",
        "channel",
        "reference",
        "order",
        "price",
        "paid_until",
        "rules",
        "accepted",
        "registered_at",
    ),
    {
        "registration_id": "registration",
        "登记编号": "registration",
        "号池": "pool",
        "注册渠道": "channel",
        "channel_ref": "reference",
        "渠道凭证": "reference",
        "订单": "order",
        "价格": "price",
        "付费至": "paid_until",
        "rules_version": "rules",
        "规则版本": "rules",
        "acceptance": "accepted",
        "接受方式": "accepted",
        "登记时间": "registered_at",
        **_NUMBER,
    },
    {
        "registration": gettext_lazy("The heading has no column for the registration."),
        "channel": gettext_lazy("The heading has no column for the registration channel."),
        "accepted": gettext_lazy("The heading has no column for how the rules were accepted."),
        "registered_at": gettext_lazy("The heading has no column for when it was registered."),
    },
    wants_items=False,  # what the operator uses itself has no holder
)


@dataclass
class Row:
    """One line: its cells by column, those with nothing in them left out, and what is wrong with it: (column, why)."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def row(line: int, columns: list[str], texts: Iterable[str]) -> Row:
    """The line with its cells under their columns."""
    found = Row(line)
    for at, text in enumerate(texts):
        said = text.strip()
        if not said:
            continue
        if at >= len(columns) or not columns[at]:
            found.wrong.append(("", _("There is something under no column, at place %(n)d.") % {"n": at + 1}))
        else:
            found.cells[columns[at]] = said
    return found
