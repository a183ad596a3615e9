"""Lists of numbers taken in on the staff web: fixed, sealed, looked at as often as needed, then forgotten.

What is filed from a list is the decision's own targets; the list itself is needed only between the two, so its key
goes after two days, and with it what it holds. Its name, hash and length stay on the record.
"""

import datetime
import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.identity.minors import minors_among
from accounts.lists.given_list import GivenList
from accounts.models import Number
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.preview import COUNTED_MAX
from enforcement.lists.number_set import Listed
from enforcement.models import ListKey, TargetList
from enforcement.policy import BATCH_LIFE, Kind
from qqops.audit import recorder
from qqops.core.bulk import next_pk
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.staff.models import Staff

KEPT = BATCH_LIFE  # as long as a proposal made from it would live
MATCHED_MAX = 100_000  # numbers of a filter
SWEPT = 1_000  # keys in one transaction


def take_in(given: GivenList, *, actor: Staff) -> TargetList:
    """Seal the list under a key of its own. It is the taker's: nobody else acts by it."""
    facts = {"act": "list.taken_in"}
    with recorder.refusals(actor=actor, facts=facts), transaction.atomic():
        if not any(may_order(kind, actor) for kind in Kind):
            raise Refused(gettext_noop("Your role may not do this."))
        no_personal_data(given.name)
        listed = Listed(given.numbers)
        if not listed.count:
            raise Invalid(_("The list holds no numbers."))
        pk = next_pk(TargetList)
        cipher, key = ListKey.fresh(pk)
        taken = TargetList(
            pk=pk,
            name=given.name,
            sha256=given.sha256,
            given=listed.given,
            count=listed.count,
            numbers=cipher.seal(array("q", listed).tobytes(), _purpose(pk)),
            taken_by=actor,
            at=timezone.now(),
        )
        told = {"list": taken.name, "sha256": taken.sha256, "lines": taken.given, "numbers": taken.count}
        with recorder.act("list.taken_in", actor=actor, reason="", subject=taken, facts=told) as act:
            taken.event_id = act.event_id
            TargetList.objects.bulk_create([taken])
            act.wrote(TargetList)
            key.save(force_insert=True)
    return taken


def matched(rows: "QuerySet[Number]", *, name: str) -> GivenList:
    """What a filter finds now, read in key order."""
    return gathered(rows.order_by("pk").values_list("pk", flat=True)[: MATCHED_MAX + 1].iterator(), name=name)


def gathered(numbers: Iterable[int], *, name: str) -> GivenList:
    """Numbers that we know ourselves; the hash is that of the numbers, one to a line."""
    found = array("q", numbers)
    if len(found) > MATCHED_MAX:
        raise Invalid(
            _("More than %(most)d numbers match: narrow the filter, or use a file at the terminal. Nothing was done.")
            % {"most": MATCHED_MAX}
        )
    if not found:
        raise Invalid(_("No number matches. Nothing was done."))
    text = "".join(f"{number}\n" for number in found)
    return GivenList(name, hashlib.sha256(text.encode()).hexdigest(), found)


def list_of(pk: int, actor: Staff) -> TargetList | None:
    """This person's own list, or none."""
    return TargetList.objects.filter(pk=pk, taken_by=actor).first()


def open_list(taken: TargetList) -> Listed:
    """The numbers, each once; Invalid when the list has been forgotten."""
    key = ListKey.objects.filter(pk=taken.pk).first()
    if key is None or taken.at <= timezone.now() - KEPT:
        raise Invalid(_("The list was kept for two days and is forgotten: take it in again. Nothing was done."))
    words = array("q")
    words.frombytes(key.in_hand().open(bytes(taken.numbers), _purpose(taken.pk)))
    listed = Listed(words)
    listed.given = taken.given
    return listed


def digits_of(numbers: Iterable[int]) -> Counter[int]:
    """How many numbers have how many digits: one digit lost is other people's numbers (domain.md §10, 5)."""
    return Counter(len(str(number)) for number in numbers)


def minors_of(listed: Listed) -> int | None:
    """How many are held by minors; None of a list too long to open so many."""
    return sum(map(minors_among, listed.chunks())) if listed.count <= COUNTED_MAX else None


def forget(*, actor: Staff, now: datetime.datetime | None = None) -> int:
    """Drop the keys of lists that nobody acts by any more; how many."""
    over = (now or timezone.now()) - KEPT
    return sum(_forget(pks, actor) for pks in _due(over))


def _due(over: datetime.datetime) -> Iterator[list[int]]:
    due = ListKey.objects.filter(targets__at__lte=over).order_by("pk").values_list("pk", flat=True)
    while pks := list(due[:SWEPT]):
        yield pks


def _forget(pks: list[int], actor: Staff) -> int:
    with recorder.act("list.forgotten", actor=actor, reason="", facts={"lists": len(pks)}):
        ListKey.objects.filter(pk__in=pks).delete()
    return len(pks)


def _purpose(pk: int) -> str:
    return f"list:{pk}"
