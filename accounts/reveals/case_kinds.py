"""Cases for which an item may be revealed. Each app registers its kinds: how a reference is read, whom a case covers.

The app of a kind knows its cases; this one only asks whether a case covers a tenure, is open, and whose it is.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Breach, DataRequest, Disclosure, Tenure
from accounts.reveals.policy import Purpose
from qqops.core import receipts
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

STILL_OPEN_FOR = datetime.timedelta(days=30)  # a case that is done is looked into for a while


@dataclass(frozen=True)
class Case:
    """One case that covers the tenure asked about."""

    kind: str
    ref: str
    url_name: str
    pk: int
    open: bool
    mine: Callable[[Staff], bool]
    alone: Callable[[Staff], bool] = lambda staff: False  # nobody else has looked at what he registered

    @property
    def url(self) -> str:
        return reverse(self.url_name, args=[self.pk])


@dataclass(frozen=True)
class Kind:
    code: str
    label: "StrOrPromise"
    purposes: tuple[str, ...]
    read: Callable[[str], str | None]  # the one form of a reference, or None
    find: Callable[[str, Tenure], Case | None]  # by its one form; None where it does not cover the tenure


_kinds: dict[str, Kind] = {}
LABELS: dict[str, Any] = {}  # code → label, for the record


def register(
    code: str,
    label: "StrOrPromise",
    *,
    purposes: Sequence[str],
    read: Callable[[str], str | None],
    find: Callable[[str, Tenure], Case | None],
) -> None:
    if _kinds.setdefault(code, kind := Kind(code, label, tuple(purposes), read, find)) != kind:
        raise ValueError(f"kind of case {code!r} is registered twice")
    LABELS[code] = label


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kind_of(code: str) -> Kind:
    if code not in _kinds:
        raise Invalid(_("Unknown kind of case."))
    return _kinds[code]


def read(code: str, text: str) -> str:
    """The reference in its one form; what cannot be one is never repeated."""
    ref = kind_of(code).read(text)
    if ref is None:
        raise Invalid(_("This is no reference of such a case."))
    return ref


def find(code: str, ref: str, tenure: Tenure) -> Case | None:
    return kind_of(code).find(ref, tenure)


def read_serial(text: str) -> str | None:
    """`12` or `#12`, as `#12`."""
    digits = text.strip().removeprefix("#")
    return f"#{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def serial(ref: str) -> int:
    return int(ref.removeprefix("#"))


def takes_part(request: Disclosure | DataRequest, staff: Staff, review: str, close: str) -> bool:
    """Who has had a step of it, and whoever may take the next one."""
    if staff.pk in (request.maker_id, request.reviewer_id, request.closer_id):
        return True
    following = {request.State.REGISTERED: review, request.State.REVIEWED: close}.get(request.State(request.state))
    return following is not None and staff.has_perm(following)


def _own_word(request: Disclosure | DataRequest, staff: Staff) -> bool:
    return {request.maker_id, request.reviewer_id, request.closer_id} - {None} == {staff.pk}


def _waits(request: Disclosure | DataRequest) -> bool:
    return request.state in (request.State.REGISTERED, request.State.REVIEWED)


def _disclosure(ref: str, tenure: Tenure) -> Case | None:
    one = Disclosure.objects.filter(receipt=ref, targets__tenure=tenure).first()
    if one is None:
        return None
    rights = ("accounts.review_disclosure", "accounts.release_disclosure")
    return Case("disclosure", ref, "admin:accounts_disclosure_change", one.pk, _waits(one),
                lambda staff: takes_part(one, staff, *rights), lambda staff: _own_word(one, staff))  # fmt: skip


def _data_request(ref: str, tenure: Tenure) -> Case | None:
    one = DataRequest.objects.filter(receipt=ref, tenure=tenure).first()
    if one is None:
        return None
    rights = ("accounts.decide_datarequest", "accounts.carry_out_datarequest")
    return Case("data_request", ref, "admin:accounts_datarequest_change", one.pk, _waits(one),
                lambda staff: takes_part(one, staff, *rights), lambda staff: _own_word(one, staff))  # fmt: skip


def _breach(ref: str, tenure: Tenure) -> Case | None:
    one = Breach.objects.filter(pk=serial(ref), people__tenure=tenure).first()
    if one is None:
        return None
    return Case("breach", ref, "admin:accounts_breach_change", one.pk, one.closed_at is None,
                lambda staff: one.maker_id == staff.pk or staff.has_perm("accounts.handle_breach"))  # fmt: skip


register(
    "disclosure", gettext_lazy("disclosure request"), purposes=(Purpose.LAW,), read=receipts.read, find=_disclosure
)
register(
    "data_request",
    gettext_lazy("data request"),
    purposes=(Purpose.CALLER, Purpose.RIGHTS),
    read=receipts.read,
    find=_data_request,
)
register("breach", gettext_lazy("breach"), purposes=(Purpose.BREACH,), read=read_serial, find=_breach)
