"""Short words for access in tests: a role asked for and given, an emergency and its review."""

import datetime
from typing import Any

import time_machine
from django.utils import timezone

from qqops.staff.access import services as access
from qqops.staff.access.services import Ruled, request_role
from qqops.staff.backend import at_desk
from qqops.staff.emergency.services import break_glass, review_glass
from qqops.staff.models import AccessRequest, GlassReview, Holding, Staff
from qqops.staff.people import services as people

WHY = "needed for the night shift"
codes: dict[str, str] = {}  # what the maker of a request told the person, by the link that goes with it


def now_of(staff: Staff) -> Staff:
    """The person as he is at this moment, as the next request meets him."""
    return at_desk().get(pk=staff.pk)


def agree(request: AccessRequest, approver: Staff) -> Ruled:
    ruled = access.approve(request, actor=approver, reason="known to me", content_hash=request.content_hash)
    codes[ruled.link] = request.code
    return ruled


def grant(staff: Staff, role: str, maker: Staff, approver: Staff, until: datetime.datetime | None = None) -> Holding:
    """Give a role by two people."""
    request = request_role(staff, role, actor=maker, reason=WHY, until=until)
    agree(request, approver)
    return Holding.objects.get(request=request)


def let_in(login: str, role: str, maker: Staff, approver: Staff) -> tuple[Staff, str]:
    """Let a new person in; return him and the path of his link."""
    ruled = agree(access.invite(login, role, name="", actor=maker, reason=WHY), approver)
    return now_of(ruled.request.staff), ruled.link


def leaves(staff: Staff, by: Staff) -> bool:
    people.deactivate(staff, actor=by, reason="has left the house")
    return True


def emergency(actor: Staff, role: str, **more: Any) -> Holding:
    return break_glass(role, actor=now_of(actor), reason="server room on fire", **more)


def reviewed(holding: Holding, by: Staff) -> GlassReview:
    """End an emergency access and review it."""
    access.revoke(holding.staff, holding.role, actor=by, reason="the fire is out")
    holding.refresh_from_db()
    return review_glass(holding, actor=by, justified=True, remarks="it was needed")


def in_time(span: datetime.timedelta) -> Any:
    return time_machine.travel(timezone.localtime() + span, tick=True)  # keeps the zone, which links are timed in


def held(staff: Staff, role: str, **more: Any) -> Holding:
    """A role held, written past the services by the application."""
    since = more.pop("since", timezone.now())
    (made,) = Holding.objects.bulk_create([Holding(staff=staff, role=role, since=since, **more)])
    return made
