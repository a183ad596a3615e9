"""The daily retention sweep: erase data whose retention period is over, unless something keeps it.

The sweep stores no progress. The next run resumes an interrupted one.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import (
    DataRequest,
    DataRequestKey,
    Disclosure,
    DisclosureKey,
    DisclosureTarget,
    Erasure,
    Hold,
    Identity,
    LoginFact,
    Release,
    ReleaseKey,
    Tenure,
)
from accounts.retention import holds
from accounts.retention.erasure import erase
from accounts.retention.policy import DATA_REQUESTS, DISCLOSURES, IDENTITY, LOGINS, RELEASES, over_since
from accounts.rights.queries import CLOSED, about_kept, kept
from qqops.audit import recorder
from qqops.staff.models import Staff

WAITED = "waited"  # deletions that were agreed to while something kept the information
HOLDS = "holds"
Step = Callable[[int], None]


def due() -> Counter[str]:
    """Return how much of each class a sweep would erase now, and as "kept" how much it would leave."""
    now, found = timezone.now(), Counter[str]()
    for code, rows in ((IDENTITY, _over()), (WAITED, _waited())):
        for chunk in _chunks(rows):
            keeping = len(kept(chunk))
            found[code] += len(chunk) - keeping
            found["kept"] += keeping
    for chunk in _chunks(_logins()):
        keeping = len(kept(chunk))
        found[LOGINS] += len(chunk) - keeping
        found["kept"] += keeping
    for code, keys in _expired().items():
        for chunk in _chunks(keys):
            keeping = len(about_kept(_about(code, chunk)))
            found[code] += len(chunk) - keeping
            found["kept"] += keeping
    found[HOLDS] = Hold.objects.filter(kind=Hold.Kind.LEGAL, lifted_at=None, until__lte=now).count()
    return +found


def purge(*, actor: Staff, done: Step = lambda n: None) -> Counter[str]:
    """Erase the due data. Return how much of each class was erased, and as "kept" how much was left."""
    found = Counter({HOLDS: holds.lift_expired(actor=actor)})
    for chunk in _chunks(_waited()):
        asked = _deletions().filter(tenure__in=chunk)
        erased = erase(
            chunk, basis=Erasure.Basis.REQUEST, actor=actor, reason="", among=_waited(), waited=asked, done=done
        )
        found[WAITED] += erased.erased
        found["kept"] += erased.kept
    for chunk in _chunks(_over()):
        erased = erase(chunk, basis=Erasure.Basis.RETENTION, actor=actor, reason="", among=_over(), done=done)
        found[IDENTITY] += erased.erased
        found["kept"] += erased.kept
    for chunk in _chunks(_logins()):
        ended, left = _forget_logins(chunk, actor)
        found += Counter({LOGINS: ended, "kept": left})
        done(ended)
    for code, keys in _expired().items():
        destroyed, left = _destroy(code, keys, actor, done)
        found += Counter({code: destroyed, "kept": left})
    return +found


def _over() -> QuerySet[Identity]:
    return Identity.objects.filter(erased_at=None, tenure__ended_at__lt=over_since(IDENTITY, timezone.now()))


def _logins() -> QuerySet[Tenure]:
    """Return the tenures with logins that ended longer ago than the retention period of logins."""
    some = LoginFact.objects.filter(tenure=OuterRef("pk"))
    return Tenure.objects.filter(Exists(some), ended_at__lt=over_since(LOGINS, timezone.now()))


def _forget_logins(tenures: list[int], actor: Staff) -> tuple[int, int]:
    """Delete the logins of these tenures. Return for how many they were deleted, and how many something keeps."""
    with transaction.atomic():
        holds.lock(tenures)
        left = kept(tenures)
        going = [tenure for tenure in tenures if tenure not in left]
        if going:
            facts = {"identities": len(going)}
            with recorder.act("logins.expired", actor=actor, reason="", facts=facts):
                LoginFact.objects.filter(tenure__in=going).delete()
    return len(going), len(left)


def _deletions() -> QuerySet[DataRequest]:
    return DataRequest.objects.filter(
        kind=DataRequest.Kind.DELETION, outcome=DataRequest.Outcome.LOCKED, state=DataRequest.State.DONE
    ).order_by("pk")


def _waited() -> QuerySet[Identity]:
    """Return the identities that a deletion request locked. The grounds that kept them may have ended."""
    asked = _deletions().order_by().filter(tenure=OuterRef("pk"), closed_at__gte=OuterRef("locked_at"))
    return Identity.objects.filter(Exists(asked), erased_at=None, locked_at__isnull=False)


def _expired() -> dict[str, QuerySet[Any]]:
    """Return the keys to destroy, by class: those of requests and files whose own retention period is over.

    Includes the papers and files of a disclosure whose people are all erased: erasing the last of them leaves the keys
    if something keeps one.
    """
    now = timezone.now()
    papers_over = Q(disclosure__closed_at__lt=over_since(DISCLOSURES, now))
    return {
        DATA_REQUESTS: DataRequestKey.objects.filter(
            data_request__state__in=CLOSED, data_request__closed_at__lt=over_since(DATA_REQUESTS, now)
        ),
        DISCLOSURES: DisclosureKey.objects.filter(
            papers_over | _all_erased("disclosure", since="disclosure__registered_at"), disclosure__state__in=CLOSED
        ),
        RELEASES: ReleaseKey.objects.filter(
            Q(release__until__lt=now) | _all_erased("release__disclosure", since="release__at")
        ),
    }


def _all_erased(disclosure: str, *, since: str) -> Any:
    """Return the condition that all people of the disclosure are erased, at least one of them at or after `since`."""
    about = DisclosureTarget.objects.filter(disclosure=OuterRef(disclosure), tenure__isnull=False)
    erased = about.filter(tenure__identity__erased_at__gte=OuterRef(since))
    return Exists(erased) & ~Exists(about.filter(tenure__identity__erased_at=None))


def _about(code: str, keys: Collection[int]) -> list[tuple[int, int | None]]:
    """Return pairs of a key and a tenure, for each tenure that the request of the key is about."""
    rows: dict[str, QuerySet[Any, tuple[int, int | None]]] = {
        DATA_REQUESTS: DataRequest.objects.filter(pk__in=keys).values_list("pk", "tenure"),
        DISCLOSURES: Disclosure.objects.filter(pk__in=keys).values_list("pk", "targets__tenure"),
        RELEASES: Release.objects.filter(pk__in=keys).values_list(
            "pk", Coalesce("data_request__tenure", "disclosure__targets__tenure")
        ),
    }
    return list(rows[code])


def _destroy(code: str, keys: QuerySet[Any], actor: Staff, done: Step) -> tuple[int, int]:
    """Destroy these keys. Return how many were destroyed, and how many something keeps.

    Re-evaluate the keys once their tenures are locked, because a hold may have been placed meanwhile.
    """
    destroyed = left = 0
    for chunk in _chunks(keys):
        with transaction.atomic():
            about = _about(code, chunk)
            holds.lock({tenure for _pk, tenure in about if tenure is not None})
            held = about_kept(about)
            going = list(keys.filter(pk__in=set(chunk) - held).values_list("pk", flat=True))
            left += len(held)
            if going:
                facts = {"cleared": {code: len(going)}}
                with recorder.act("identity.keys_expired", actor=actor, reason="", facts=facts):
                    keys.model._default_manager.filter(pk__in=going).delete()
        destroyed += len(going)
        done(len(going))
    return destroyed, left


def _chunks(rows: QuerySet[Any]) -> Iterator[list[int]]:
    """Yield the primary keys in order, in chunks. A row that is left in place does not come again."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[: settings.QQOPS_CHUNK]):
        yield chunk
        last = chunk[-1]
