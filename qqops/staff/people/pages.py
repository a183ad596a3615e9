"""Who works here: the list, and a person with the roles held, the ways in, and what was done about them."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.audit.models import Event
from qqops.staff import queries
from qqops.staff.backend import at_desk
from qqops.staff.models import Holding, Staff
from qqops.staff.policy import ROLE_LABELS
from qqops.staff.text import factor_text, holdings_panel, requests_panel, roles_of, sees_requests, standing
from qqops.templatetags.ops import link, minute, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Entry, Fact, Panel

LOCKS = ("staff.locked_out", "staff.locked_out_code", "staff.unlocked")

STANDINGS = (
    ("active", gettext_lazy("active"), Q(is_active=True, is_system=False)),
    ("gone", gettext_lazy("deactivated"), Q(is_active=False, is_system=False)),
    ("system", gettext_lazy("system actors"), Q(is_system=True)),
)


def _holding(role: str) -> Any:
    return lambda: Q(pk__in=Holding.objects.live().filter(role=role).values("staff"))


class StaffList(KeysetList):
    page = "staff"
    title = gettext_lazy("Staff")
    template = "staff/list.html"
    model = Staff
    columns = (
        Column(gettext_lazy("Login"), lambda s: s.username),
        Column(gettext_lazy("Name"), lambda s: s.name),
        Column(gettext_lazy("Role"), roles_of),
        Column(gettext_lazy("Second factor"), lambda s: None if s.is_system else factor_text(s.has_factor)),
        Column(gettext_lazy("Standing"), standing),
    )
    filters = (
        Filter(gettext_lazy("Standing"), "standing", STANDINGS),
        Filter(gettext_lazy("Role"), "role", tuple((r, label, _holding(r)) for r, label in ROLE_LABELS.items())),
    )
    order = ("username",)
    search_label = gettext_lazy("Login")
    search_help = gettext_lazy(
        "A whole login opens that person's page; its first letters list the logins that begin so."
    )

    def queryset(self) -> QuerySet[Staff]:
        return at_desk()

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        hit = rows.filter(username=text).first()
        return HttpResponseRedirect(self.url(hit)) if hit else rows.filter(username__istartswith=text)


class StaffPage(ObjectPage):
    page = "staffmember"
    model = Staff

    def queryset(self) -> QuerySet[Staff]:
        return at_desk()

    def badges(self, obj: Staff) -> list[Any]:
        return [standing(obj)]

    def facts(self, obj: Staff) -> list[Fact]:
        last = queries.last_act(obj)
        facts = [
            Fact(_("Login"), obj.username),
            Fact(_("Name"), obj.name),
            Fact(_("Role"), roles_of(obj)),
            Fact(_("Joined"), when(obj.date_joined, exact=True)),
            Fact(_("Last act"), when(last.at, exact=True) if last else None),
        ]
        if self.user.has_perm("audit.view_event"):
            did = f"{reverse('admin:audit_event_changelist')}?{urlencode({'staff': obj.username})}"
            facts.append(Fact(_("Audit review"), link(did, _("everything this person did"))))
        if obj.is_system:
            return facts
        entered, locked = queries.last_event(obj, "staff.signed_in"), queries.locked(obj.username)
        sessions = list(queries.sessions_of(obj))
        return [
            *facts,
            Fact(_("Last sign-in"), when(entered.at, exact=True) if entered else None),
            Fact(_("Second factor"), factor_text(obj.has_factor)),  # type: ignore[attr-defined]  # at_desk brings it
            Fact(_("Sign-in locked"), _("until %(at)s") % {"at": minute(locked)} if locked else False),
            Fact(_("Sessions"), len(sessions)),
            Fact(_("Last seen"), when(sessions[0].seen_at, exact=True) if sessions else None),
        ]


@admin.register(Staff)
class StaffAdmin(OpsModelAdmin):
    list_page = StaffList
    object_page = StaffPage


def _acts(request: HttpRequest, staff: Staff | None) -> Iterable[Act]:
    user = panels.staff_at(request)
    if staff is None:
        if user.has_perm("staff.request_access"):
            yield Act(
                _("Invite"),
                reverse("admin:staff_invite"),
                key="i",
                primary=True,
                consequence=_("Proposes to let somebody in; another person approves."),
            )
        return
    if staff.is_system:
        return
    if not staff.is_active:
        if user.has_perm("staff.request_access"):
            known = urlencode({"login": staff.username, "name": staff.name})
            yield Act(_("Invite again"), f"{reverse('admin:staff_invite')}?{known}", key="i")
        return
    asks, ends, own = user.has_perm("staff.request_access"), user.has_perm("staff.end_access"), staff == user
    if asks and not own:
        yield Act(_("Give a role"), _url("staff_grant", staff), key="g")
    if ends and staff.roles:
        yield Act(_("End a role"), _url("staff_revoke", staff), key="e", danger=True)
    if asks and not own:
        yield Act(
            _("New way in"),
            _url("staff_reset", staff),
            consequence=_("For somebody who lost the password or the second factor."),
        )
    if ends:
        yield Act(_("End sessions"), _url("staff_end_sessions", staff), danger=True)
    if user.has_perm("staff.unlock") and queries.locked(staff.username):
        yield Act(_("Unlock"), _url("staff_unlock", staff), consequence=_("After too many failed sign-ins."))
    if ends and not own:
        yield Act(_("Deactivate"), _url("staff_deactivate", staff), danger=True)


def _url(name: str, staff: Staff) -> str:
    return reverse(f"admin:{name}", args=[staff.pk])


def _roles(request: HttpRequest, staff: Staff) -> Panel | None:
    if staff.is_system:
        return None
    return holdings_panel(queries.held_by(staff), links=sees_requests(request))


def _requests(request: HttpRequest, staff: Staff) -> Panel | None:
    if staff.is_system or not sees_requests(request):
        return None
    return requests_panel(_("Open requests"), queries.open_requests(staff), links=True)


def _locks(staff: Staff) -> QuerySet[Event]:
    """Lock-outs and unlockings change no row of the person's: they are found by their few verbs."""
    about = {"subject_type": Staff._meta.label_lower, "subject_id": str(staff.pk)}
    return Event.objects.filter(verb__in=LOCKS, **about).order_by("-seq")[:20]


def _story(request: HttpRequest, staff: Staff) -> list[Entry]:
    return [
        Entry(e.at, e.sentence, who=e.actor_label, text=e.reason, request_id=str(e.request_id))
        for e in (*queries.story(staff), *_locks(staff))
    ]


def _overview(request: HttpRequest) -> Panel | None:
    """What one has asked for oneself, and nobody has answered yet."""
    if not request.user.has_perm("staff.request_access"):
        return None
    mine = list(queries.requests().filter(queries.is_open(), maker=panels.staff_at(request)).order_by("-pk")[:10])
    return requests_panel(_("My open requests"), mine, links=sees_requests(request)) if mine else None


panels.toolbar("staff", _acts)
panels.toolbar("staffmember", _acts)
panels.register("staffmember", _roles)
panels.register("staffmember", _requests)
panels.timeline("staffmember", _story)
panels.dashboard(_overview, order=2)
panels.sidebar("system", gettext_lazy("Staff"), "admin:staff_staff_changelist", "staff.view_staff")
