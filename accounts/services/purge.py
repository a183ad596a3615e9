"""The daily retention sweep: what has been kept for long enough goes, unless something keeps it.

Nothing is counted off: run again after a kill, it goes on with what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import DataRequest, DataRequestKey, DisclosureKey, Erasure, Hold, Identity, ReleaseKey
from accounts.queries.rights import CLOSED, kept
from accounts.retention import DATA_REQUESTS, DISCLOSURES, IDENTITY, RELEASES, over_since
from accounts.services import holds
from accounts.services.erase import erase
from qqops.audit import pen
from qqops.staff.models import Staff

WAITED = "waited"  # deletions that were granted when something still kept the information
HOLDS = "holds"
Step = Callable[[int], None]


def due() -> Counter[str]:
    """How much of each class a sweep would take away now, and how much it would leave because something keeps it."""
    now, found = timezone.now(), Counter[str]()
    for code, rows in ((IDENTITY, _over()), (WAITED, _waited())):
        for chunk in _chunks(rows):
            keeping = len(kept(chunk))
            found[code] += len(chunk) - keeping
            found["kept"] += keeping
    for code, keys in _expired().items():
        found[code] = keys.count()
    found[HOLDS] = Hold.objects.filter(kind=Hold.Kind.LEGAL, lifted_at=None, until__lte=now).count()
    return +found


def purge(*, actor: Staff, done: Step = lambda n: None) -> Counter[str]:
    """Take away what is due; return how much of each class that was."""
    found = Counter({HOLDS: holds.lift_expired(actor=actor)})
    for chunk in _chunks(_waited()):
        asked = _deletions().filter(tenure__in=chunk)
        erased = erase(chunk, basis=Erasure.Basis.REQUEST, actor=actor, reason="", waited=asked, done=done)
        found[WAITED] += erased.erased
        found["kept"] += erased.kept
    for chunk in _chunks(_over()):
        erased = erase(chunk, basis=Erasure.Basis.RETENTION, actor=actor, reason="", done=done)
        found[IDENTITY] += erased.erased
        found["kept"] += erased.kept
    for code, keys in _expired().items():
        found[code] = _destroy(code, keys, actor, done)
    return +found


def _over() -> QuerySet[Identity]:
    return Identity.objects.filter(erased_at=None, tenure__ended_at__lt=over_since(IDENTITY, timezone.now()))


def _deletions() -> QuerySet[DataRequest]:
    return DataRequest.objects.filter(
        kind=DataRequest.Kind.DELETION, outcome=DataRequest.Outcome.LOCKED, state=DataRequest.State.DONE
    ).order_by("pk")


def _waited() -> QuerySet[Identity]:
    """Asked to be deleted, and locked ever since: what kept it may be over by now."""
    asked = _deletions().order_by().filter(tenure=OuterRef("pk"), closed_at__gte=OuterRef("locked_at"))
    return Identity.objects.filter(Exists(asked), erased_at=None, locked_at__isnull=False)


def _expired() -> dict[str, QuerySet[Any]]:
    """The keys of cases whose own time is over, by class."""
    now = timezone.now()
    return {
        DATA_REQUESTS: DataRequestKey.objects.filter(
            data_request__state__in=CLOSED, data_request__closed_at__lt=over_since(DATA_REQUESTS, now)
        ),
        DISCLOSURES: DisclosureKey.objects.filter(
            disclosure__state__in=CLOSED, disclosure__closed_at__lt=over_since(DISCLOSURES, now)
        ),
        RELEASES: ReleaseKey.objects.filter(release__until__lt=now),
    }


def _destroy(code: str, keys: QuerySet[Any], actor: Staff, done: Step) -> int:
    destroyed = 0
    for chunk in _chunks(keys):
        with (
            transaction.atomic(),
            pen.act("identity.keys_expired", actor=actor, reason="", facts={"cleared": {code: len(chunk)}}) as act,
        ):
            gone, _by_table = keys.model._default_manager.filter(pk__in=chunk).delete()
            act.facts["cleared"] = {code: gone}
        destroyed += gone
        done(len(chunk))
    return destroyed


def _chunks(rows: QuerySet[Any]) -> Iterator[list[int]]:
    """Keys in order, so much at a time; what is left where it is does not come again."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[: settings.QQOPS_CHUNK]):
        yield chunk
        last = chunk[-1]
