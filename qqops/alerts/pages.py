"""Alerts on the staff web: the list, one alert, the page to mark it as seen, and what hangs on the overview."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from qqops.alerts import catalogue, services, watch
from qqops.alerts.models import Alert
from qqops.alerts.queries import unseen
from qqops.audit.models import Event
from qqops.audit.review.facts_text import in_words
from qqops.core.errors import Invalid, Refused
from qqops.staff import queries
from qqops.staff.models import Staff
from qqops.staff.policy import ROLE_LABELS
from qqops.templatetags.ops import badge, link, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin, Page
from qqops.web.panels import Act, Fact, Panel

LIST = "admin:alerts_alert_changelist"
VIEW, MARK = "alerts.view_alert", "alerts.mark_seen"
PERSON = "staff.staff"
LOCKED = ("locked_out", "locked_out_code")  # alerts about a person that an unlocking answers
TONES = {catalogue.Level.INFO: "info", catalogue.Level.WARNING: "warn", catalogue.Level.CRITICAL: "bad"}


def urgency(alert: Alert) -> Any:
    return badge(alert.get_level_display(), TONES.get(catalogue.Level(alert.level), "quiet"))


def standing(alert: Alert) -> Any:
    return badge(alert.seen.staff, "good") if hasattr(alert, "seen") else badge(_("unseen"), "warn")


def alert_url(alert: Alert) -> str:
    return reverse("admin:alerts_alert_change", args=[alert.pk])


class AlertList(KeysetList):
    page = "alerts"
    title = gettext_lazy("Alerts")
    model = Alert
    columns = (
        Column(gettext_lazy("No."), lambda a: a.pk, numeric=True),
        Column(gettext_lazy("Time"), lambda a: when(a.at)),
        Column(gettext_lazy("Urgency"), urgency),
        Column(gettext_lazy("Alert"), lambda a: a.sentence),
        Column(gettext_lazy("Seen by"), standing),
    )
    order = ("-id",)
    empty = gettext_lazy("No alert matches.")

    @property
    def filters(self) -> Sequence[Filter]:  # type: ignore[override]
        """By seen or not, and by each kind of the catalogue as it stands."""
        kinds = tuple((kind.code, kind.name, Q(code=kind.code)) for kind in catalogue.declared().values())
        seen = (("no", gettext_lazy("unseen"), Q(seen=None)), ("yes", gettext_lazy("seen"), ~Q(seen=None)))
        return (Filter(gettext_lazy("Seen"), "seen", seen), Filter(gettext_lazy("Kind"), "kind", kinds))

    def queryset(self) -> QuerySet[Alert]:
        return Alert.objects.select_related("seen__staff")


class AlertPage(ObjectPage):
    page = "alert"
    model = Alert

    def queryset(self) -> QuerySet[Alert]:
        return Alert.objects.select_related("seen__staff")

    def heading(self, obj: Alert) -> str:
        return _("Alert %(id)d: %(kind)s") % {"id": obj.pk, "kind": catalogue.name(obj.code)}

    def badges(self, obj: Alert) -> list[Any]:
        return [urgency(obj), badge(_("seen"), "good") if hasattr(obj, "seen") else standing(obj)]

    def subject(self, obj: Alert) -> Any:
        if obj.subject_type == PERSON and self.user.has_perm("staff.view_staff"):
            return link(reverse("admin:staff_staff_change", args=[obj.subject_id]), obj.subject_label)
        return obj.subject_label

    def facts(self, obj: Alert) -> list[Fact]:
        facts = [
            Fact(_("Alert"), obj.sentence),
            Fact(_("Time"), when(obj.at, exact=True)),
            Fact(_("Subject"), self.subject(obj)),
            Fact(_("Facts"), _facts(obj)),
        ]
        if self.user.has_perm("audit.view_event"):
            facts.append(Fact(_("Event"), _event(obj)))
        if hasattr(obj, "seen"):
            facts += [
                Fact(_("Seen by"), obj.seen.staff),
                Fact(_("Seen"), when(obj.seen.at, exact=True)),
                Fact(_("Note"), obj.seen.note),
            ]
        return facts


def _facts(alert: Alert) -> dict[str, Any]:
    said = {k: gettext(v) if k in catalogue.MESSAGES and v else v for k, v in alert.facts.items()}
    return in_words(said, {"role": ROLE_LABELS})


def _event(alert: Alert) -> Any:
    event = Event.objects.get(pk=alert.event_id)
    return link(reverse("admin:audit_event_change", args=[event.pk]), f"{event.seq} · {event.sentence}")


@admin.register(Alert)
class AlertAdmin(OpsModelAdmin):
    list_page = AlertList
    object_page = AlertPage


class SeenForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("What you did about it"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=services.NOTE_MAX,
    )


class SeenPage(Page):
    template = "alerts/seen.html"
    permission = MARK
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = LIST
    user: Staff

    def setup(self) -> None:
        found = Alert.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.alert: Alert = found

    def heading_title(self) -> str:
        return _("Mark alert %(id)d as seen") % {"id": self.alert.pk}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Alerts"), reverse(LIST)), (f"#{self.alert.pk}", alert_url(self.alert))]

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.render(form=SeenForm())
        form = SeenForm(self.request.POST)
        if not form.is_valid():
            return self.render(form=form)
        try:
            services.mark_seen(self.alert, actor=self.user, note=form.cleaned_data["note"])
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.render(form=form, status=403 if isinstance(error, Refused) else 409)
        self.say(_("Alert %(id)d is marked as seen.") % {"id": self.alert.pk})
        return HttpResponseRedirect(alert_url(self.alert))

    def context(self) -> dict[str, Any]:
        facts = [Fact(_("Alert"), self.alert.sentence), Fact(_("Time"), when(self.alert.at, exact=True))]
        return {"facts": facts, "blocked": _blocked(self.alert, self.user)}


def _blocked(alert: Alert, actor: Staff) -> str:
    """Why this person cannot mark the alert as seen, if he cannot."""
    try:
        services.check_seen(alert, actor)
    except (Invalid, Refused) as error:
        return str(error)
    return ""


def _acts(request: HttpRequest, alert: Alert | None) -> Iterable[Act]:
    if alert is None:
        return
    if not _blocked(alert, panels.staff_at(request)):
        yield Act(_("Mark as seen"), reverse("admin:alert_seen", args=[alert.pk]), key="s", primary=True)
    about_lock = alert.code in LOCKED and alert.subject_type == PERSON
    if about_lock and request.user.has_perm("staff.unlock") and queries.locked(alert.facts.get("login", "")):
        yield Act(_("Unlock"), reverse("admin:staff_unlock", args=[alert.subject_id]))


def _deliveries(request: HttpRequest, alert: Alert) -> Panel:
    rows = [
        (
            d.get_channel_display(),
            badge(_("delivered"), "good") if d.delivered else badge(_("given up: %(why)s") % {"why": d.why}, "bad"),
            when(d.at),
        )
        for d in alert.deliveries.order_by("pk")
    ]
    head = [_("Channel"), _("Outcome"), _("Time")]
    return Panel(_("Sent to"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")}, side="right")


def _late(request: HttpRequest) -> Panel | None:
    """What should have come by now is asked for here and now: a dead worker cannot send an alert."""
    late = watch.late() if request.user.has_perm(VIEW) else []
    rows = [(badge(_("late"), "bad"), one.label, when(one.since) if one.since else _("never")) for one in late]
    head = [_("Urgency"), _("Alert"), _("Time")]
    return Panel(_("Alerts"), "ops/panel_table.html", {"head": head, "rows": rows}) if rows else None


def _called(pk: int, said: str) -> tuple[str, str]:
    told = json.loads(said)
    return catalogue.sentence(told["code"], told["facts"]), reverse("admin:alerts_alert_change", args=[pk])


def _to_mark(staff: Staff) -> QuerySet[Alert]:
    """What is counted is a to-do; who only reads has none."""
    return unseen() if staff.has_perm(MARK) else Alert.objects.none()


panels.page("alerts/<int:pk>/seen/", "alert_seen", SeenPage)
panels.toolbar("alert", _acts)
panels.register("alert", _deliveries)
panels.dashboard(_late)
overview.work(_to_mark, _called, what=JSONObject(code="code", facts="facts"), who="", since="at", until=None)
overview.figure(
    gettext_lazy("Alerts nobody has seen to"), LIST, VIEW, lambda _staff: unseen(), order=8, tone="bad", always=False
)
panels.sidebar("enforcement", gettext_lazy("Alerts"), LIST, VIEW, count=_to_mark, order=8)
