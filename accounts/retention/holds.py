"""Holds 保留事由: while one is in force, its tenure is neither purged, erased nor released. Set-based."""

import datetime
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import Hold, Number, Tenure
from accounts.protection.services import attempted
from accounts.rights.queries import open_holds
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

PLACED_IT = conflict(gettext_noop("You placed this hold: another person must lift it."))

PLACE, LIFT = "accounts.place_hold", "accounts.lift_hold"
LEGAL = Hold.Kind.LEGAL

# Placing a hold again under the same reference prolongs it and never shortens it.
_PLACE = """
WITH hold AS (
  INSERT INTO accounts_hold (tenure_id, kind, reference, until, placed_at, placed_by_id)
  SELECT t, %(kind)s, r, %(until)s::timestamptz, statement_timestamp(), %(pen_user)s
  FROM unnest(%(tenures)s::bigint[], %(references)s::text[]) g(t, r)
  ON CONFLICT (tenure_id, kind, reference) WHERE lifted_at IS NULL DO UPDATE SET until = EXCLUDED.until
    WHERE accounts_hold.until < coalesce(EXCLUDED.until, 'infinity') RETURNING *, xmax = 0 AS fresh),
created AS ({created}),
prolonged AS ({prolonged})
SELECT count(*) FROM hold"""

# `Number.legal_hold` is true while a legal hold of the live tenure is not lifted.
_MARK = """
WITH number AS (
  UPDATE accounts_number n SET legal_hold = f.held, revision = n.revision + 1
  FROM (SELECT t AS tenure_id, EXISTS (
          SELECT FROM accounts_hold h WHERE h.tenure_id = t AND h.kind = 'legal' AND h.lifted_at IS NULL) AS held
        FROM unnest(%(tenures)s::bigint[]) t) f
  WHERE n.tenure_id = f.tenure_id AND n.legal_hold <> f.held RETURNING n.*),
history AS ({history})
SELECT count(*) FROM number"""


def held(tenures: Iterable[int]) -> set[int]:
    """Return those of these tenures that have a hold in force."""
    return set(Hold.objects.filter(open_holds(), tenure__in=list(tenures)).values_list("tenure_id", flat=True))


def lock(tenures: Collection[int]) -> list[Tenure]:
    """Lock the tenures and their numbers: numbers first, each in key order, as every act does."""
    # Two steps, by key: for one statement the planner may scan all numbers.
    numbers = list(Tenure.objects.filter(pk__in=tenures).values_list("number_id", flat=True).distinct())
    list(Number.objects.filter(pk__in=numbers).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return list(Tenure.objects.filter(pk__in=tenures).order_by("pk").select_for_update(no_key=True))


def check_place(tenures: Iterable[Tenure], reference: str, until: datetime.datetime | None, *, actor: Staff) -> None:
    """Raise Refused or Invalid unless the actor may place this legal hold."""
    if not actor.has_perm(PLACE):
        raise Refused(gettext_noop("Your role may not place a legal hold."))
    refuse_own(actor, [tenure.number_id for tenure in tenures])
    if not reference.strip():
        raise Invalid(_("Say by which case or order: a hold has a reference."))
    no_personal_data(reference)
    if until and until <= timezone.now():
        raise Invalid(_("The end lies in the past."))


def place(
    tenures: Collection[int],
    kind: str,
    reference: str,
    *,
    actor: Staff,
    reason: str = "",
    ticket: str = "",
    until: datetime.datetime | None = None,
    act: recorder.Act | None = None,
) -> int:
    """Place holds on these tenures. Return how many are new under this reference, or prolonged.

    With `act` (the registration of a request), write the holds as part of that act, without checks. Without `act`,
    place legal holds in an act of their own; raise Invalid if none is new or prolonged.
    """
    if act is not None:
        lock(tenures)
        return _place(act, tenures, kind, [reference] * len(tenures), until)
    found = list(Tenure.objects.filter(pk__in=tenures))
    tried = attempted("place_hold", [tenure.number_id for tenure in found], len(found), kind=kind)
    with recorder.refusals(actor=actor, **tried), transaction.atomic():
        check_place(lock(tenures), reference, until, actor=actor)
        must_say_why(reason)
        facts: dict[str, Any] = {"kind": kind, "reference": reference, "targets": len(found)}
        facts |= {"until": until.isoformat()} if until else {}
        with recorder.act(
            "number.hold_placed", actor=actor, reason=reason, ticket=ticket, subject=tried["subject"], facts=facts
        ) as own:
            placed = _place(own, tenures, kind, [reference] * len(tenures), until)
            if not placed:
                raise Invalid(_("They are held under this reference already. Nothing was done."))
            return placed


def place_each(act: recorder.Act, references: Collection[tuple[int, str]], kind: str) -> int:
    """Place a hold on each tenure under its own reference, within `act`. The caller has locked the tenures."""
    return _place(act, [tenure for tenure, _r in references], kind, [reference for _t, reference in references], None)


def _place(
    act: recorder.Act, tenures: Collection[int], kind: str, references: Collection[str], until: datetime.datetime | None
) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE.format(
                created=recorder.history_insert(Hold, recorder.CREATED, source="hold live WHERE live.fresh"),
                prolonged=recorder.history_insert(Hold, recorder.CHANGED, source="hold live WHERE NOT live.fresh"),
            ),
            act.params | {"tenures": list(tenures), "kind": kind, "references": list(references), "until": until},
        )
        (placed,) = cursor.fetchone()
    act.wrote(recorder.history_model(Hold), rows=placed)
    if kind == LEGAL:
        _mark(act, tenures)
    return int(placed)


def _mark(act: recorder.Act, tenures: Collection[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK.format(history=recorder.history_insert(Number, recorder.CHANGED, source="number live")),
            act.params | {"tenures": list(tenures)},
        )
        (marked,) = cursor.fetchone()
    act.wrote(recorder.history_model(Number), rows=marked)


def check_lift(hold: Hold, *, actor: Staff) -> None:
    """Raise Refused or Invalid unless the actor may lift this hold now."""
    if not actor.has_perm(LIFT):
        raise Refused(gettext_noop("Your role may not lift a legal hold."))
    refuse_own(actor, [hold.tenure.number_id])
    if hold.kind != LEGAL:
        raise Refused(gettext_noop("This hold ends with the request or appeal that it belongs to."))
    if hold.placed_by_id == actor.pk:
        raise Refused(PLACED_IT)
    if hold.lifted_at is not None:
        raise Invalid(_("This hold is lifted already."))


def lift(hold: Hold, *, actor: Staff, reason: str, ticket: str = "") -> Hold:
    """Lift one legal hold. The person who placed it cannot lift it."""
    with recorder.refusals(actor=actor, subject=hold, facts={"act": "lift_hold"}), transaction.atomic():
        lock([hold.tenure_id])
        hold = Hold.objects.select_related("tenure").select_for_update(of=("self",)).get(pk=hold.pk)
        check_lift(hold, actor=actor)
        must_say_why(reason)
        facts = {"kind": hold.kind, "reference": hold.reference, "targets": 1}
        number = Number(pk=hold.tenure.number_id)
        with recorder.act(
            "number.hold_lifted", actor=actor, reason=reason, ticket=ticket, subject=number, facts=facts
        ) as act:
            _lift(act, [hold], actor)
    hold.refresh_from_db()
    return hold


def release_holds(kind: str, reference: str, *, actor: Staff, act: recorder.Act) -> int:
    """Lift the holds of a request or an appeal, within the act that closes it. Return how many."""
    found = list(Hold.objects.filter(kind=kind, reference=reference, lifted_at=None))
    lock([hold.tenure_id for hold in found])
    _lift(act, found, actor)
    return len(found)


def lift_expired(*, actor: Staff) -> int:
    """Lift the legal holds whose end has passed, which clears `Number.legal_hold`. Return how many."""
    due = Hold.objects.filter(kind=LEGAL, lifted_at=None, until__lte=timezone.now())
    lifted = 0
    while tenures := list(due.order_by("tenure_id").values_list("tenure_id", flat=True)[: settings.QQOPS_CHUNK]):
        with transaction.atomic():
            lock(tenures)
            if found := list(due.filter(tenure__in=tenures).order_by("pk").select_for_update(of=("self",))):
                facts = {"kind": LEGAL.value, "targets": len(found)}
                with recorder.act("number.hold_expired", actor=actor, reason="", facts=facts) as act:
                    _lift(act, found, actor)
        lifted += len(found)
    return lifted


def _lift(act: recorder.Act, holds: list[Hold], actor: Staff) -> None:
    if not holds:
        return
    pks = [hold.pk for hold in holds]
    Hold.objects.filter(pk__in=pks).update(lifted_at=timezone.now(), lifted_by=actor)
    act.history(Hold, pks)
    if legal := [hold.tenure_id for hold in holds if hold.kind == LEGAL]:
        _mark(act, legal)
