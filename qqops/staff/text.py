"""Texts and panels of staff pages for roles, people and access requests."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from qqops.approvals.models import State
from qqops.staff.models import AccessRequest, Holding, Staff
from qqops.staff.policy import ROLE_LABELS
from qqops.templatetags.ops import badge, link, when
from qqops.web.panels import Panel

REQUEST_TONES = {"proposed": "warn", "applied": "good", "refused": "bad"}


def role_text(role: str) -> str:
    return str(ROLE_LABELS.get(role, role))


def roles_text(roles: Any) -> str:
    return _(", ").join(role_text(role) for role in ROLE_LABELS if role in roles)


def roles_of(staff: Staff) -> str:
    return roles_text(staff.roles)


def factor_text(has_factor: bool) -> str:
    return _("set up") if has_factor else _("not set up yet")


def standing(staff: Staff) -> Any:
    if staff.is_system:
        return badge(_("system actor"), "info")
    return badge(_("active"), "good") if staff.is_active else badge(_("deactivated"), "quiet")


def staff_url(staff_id: int) -> str:
    return reverse("admin:staff_staff_change", args=[staff_id])


def request_url(request: AccessRequest) -> str:
    return reverse("admin:staff_accessrequest_change", args=[request.pk])


def request_state(request: AccessRequest) -> Any:
    if request.state == State.PROPOSED and request.has_lapsed:
        return badge(State.LAPSED.label, "quiet")
    if request.state == State.APPLIED:  # approval applies the request at once
        return badge(_("approved"), REQUEST_TONES[State.APPLIED])
    return badge(request.get_state_display(), REQUEST_TONES.get(request.state, "quiet"))


def asked_for(request: AccessRequest) -> str:
    """Return the kind and the role of a request, in one line."""
    kind = str(request.get_kind_display())
    return f"{kind} · {role_text(request.role)}" if request.role else kind


def given_by(holding: Holding) -> str:
    """Return the maker and the approver of a role held, or its other origin."""
    if holding.glass:
        return _("emergency access")
    if holding.request is None:
        return _("set-up")
    agreed: list[Any] = holding.request.agreed  # type: ignore[attr-defined]  # queries.holdings fetches them
    people = {"maker": holding.request.maker, "approver": agreed[0].approver if agreed else "–"}
    return _("%(maker)s, approved by %(approver)s") % people


def held_role(holding: Holding) -> Any:
    return badge(role_text(holding.role), "warn" if holding.glass else "info")


def holdings_panel(held: list[Holding], *, links: bool) -> Panel:
    """Return a panel of roles held. With `links`, link to the requests that gave them."""
    head = [_("Role"), _("Since"), _("Until"), _("Given by")]
    rows = []
    for holding in held:
        given: Any = given_by(holding)
        if links and holding.request is not None:
            given = link(request_url(holding.request), given)
        rows.append((held_role(holding), when(holding.since, exact=True), until_text(holding), given))
    return Panel(_("Roles held"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def until_text(holding: Holding) -> Any:
    return when(holding.until, exact=True) if holding.until else _("without end")


def requests_panel(title: str, found: Any, *, links: bool, url_name: str = "admin:staff_accessrequest_change") -> Panel:
    rows = []
    for request in found:
        what: Any = f"#{request.pk} {asked_for(request)}"
        if links:
            what = link(reverse(url_name, args=[request.pk]), what)
        rows.append((what, request.staff, request.maker, when(request.expires_at)))
    head = [_("Access request"), _("For"), _("Maker"), _("Lapses")]
    return Panel(title, "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def sees_requests(request: HttpRequest) -> bool:
    return request.user.has_perm("staff.view_accessrequest")
