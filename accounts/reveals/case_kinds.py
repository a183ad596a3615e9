"""The registry of the kinds of case for which an item may be revealed.

Each app registers its kinds with two functions: one parses a reference, the other finds the case and checks that it
covers a tenure. The result tells whether the case is open and whether a staff member works on it.
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

STILL_OPEN_FOR = datetime.timedelta(days=30)  # a closed case may be used for this long after it


@dataclass(frozen=True)
class Case:
    """A case that covers the given tenure. `mine` returns True if the staff member works on the case."""

    kind: str
    ref: str
    url_name: str
    pk: int
    open: bool
    mine: Callable[[Staff], bool]
    alone: Callable[[Staff], bool] = lambda staff: False  # True if only this staff member took part in it

    @property
    def url(self) -> str:
        return reverse(self.url_name, args=[self.pk])


@dataclass(frozen=True)
class Kind:
    code: str
    label: "StrOrPromise"
    purposes: tuple[str, ...]
    read: Callable[[str], str | None]  # text → normal form of a reference, or None
    find: Callable[[str, Tenure], Case | None]  # by normal form; None if it does not cover the tenure


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
    """Return the normal form of the reference. Raise Invalid, without repeating the text, if it is none."""
    ref = kind_of(code).read(text)
    if ref is None:
        raise Invalid(_("This is no reference of such a case."))
    return ref


def find(code: str, ref: str, tenure: Tenure) -> Case | None:
    return kind_of(code).find(ref, tenure)


def read_serial(text: str) -> str | None:
    """Return `12` or `#12` as `#12`; return None for other text."""
    digits = text.strip().removeprefix("#")
    return f"#{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def serial(ref: str) -> int:
    return int(ref.removeprefix("#"))


def takes_part(request: Disclosure | DataRequest, staff: Staff, review: str, close: str) -> bool:
    """Return True if this person took a step of the request, or may take the next one."""
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
