"""The breach register on the staff web: the list, the page of a breach, its people and the notice to them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.breaches.act_pages import breach_url, may_register, steps_for
from accounts.breaches.queries import breaches, item_label, items_of, people_of
from accounts.identity.formats import Field
from accounts.identity.pages import declared_badge, identity_url, standing_badges
from accounts.identity.queries import identity_of, masked
from accounts.models import Breach, BreachPerson
from accounts.people.queries import is_own
from qqops.audit.models import Event
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Act, Entry, Fact, Panel

VIEW, LIST = "accounts.view_breach", "admin:accounts_breach_changelist"
SHOWN = 10  # people on the breach's own page
EVENTS = (
    "breach.registered", "breach.assessed", "breach.reported", "breach.people_told", "breach.closed", "breach.overdue",
)  # fmt: skip


def clock(breach: Breach) -> Any:
    """Return the badge of the reporting deadline."""
    if breach.report_due_at is None:
        return badge(_("need not be reported"), "quiet")
    if breach.reported_at:
        late = breach.reported_at > breach.report_due_at
        return badge(_("reported late"), "warn") if late else badge(_("reported in time"), "good")
    if breach.report_due_at <= timezone.now():
        return badge(_("report overdue"), "bad")
    return badge(_("to be reported"), "warn")


def clock_times(breach: Breach) -> list[Any]:
    """Return the time of the report, or the time by which it is due."""
    at = (breach.reported_at or breach.report_due_at) if breach.report_due_at else None
    return [when(at)] if at else []


def standing(breach: Breach) -> Any:
    return badge(_("closed"), "quiet") if breach.closed_at else badge(_("open"), "info")


def _overdue() -> Q:
    return Q(report_due_at__lte=timezone.now(), reported_at__isnull=True)


class BreachList(KeysetList):
    page = "breaches"
    title = gettext_lazy("Breach register")
    template = "accounts/breach_list.html"
    model = Breach
    columns = (
        Column(gettext_lazy("Breach"), str),
        Column(gettext_lazy("Level"), lambda b: b.get_level_display()),
        Column(gettext_lazy("Standing"), standing),
        Column(gettext_lazy("Reporting clock"), lambda b: [clock(b), *clock_times(b)]),
        Column(gettext_lazy("People told"), lambda b: when(b.people_told_at)),
        Column(gettext_lazy("Whose viewing"), lambda b: b.staff),
        Column(gettext_lazy("Found"), lambda b: when(b.found_at)),
    )
    filters = (
        Filter(
            gettext_lazy("Standing"),
            "standing",
            (
                ("open", gettext_lazy("open"), Q(closed_at__isnull=True)),
                ("overdue", gettext_lazy("report overdue"), _overdue),
                ("closed", gettext_lazy("closed"), Q(closed_at__isnull=False)),
            ),
        ),
        Filter(
            gettext_lazy("Level"), "level", tuple((one.value, one.label, Q(level=one.value)) for one in Breach.Level)
        ),
    )
    order = ("-id",)
    empty = gettext_lazy("No breach matches.")

    def queryset(self) -> QuerySet[Breach]:
        return breaches()


class BreachPage(ObjectPage):
    page = "breach"
    model = Breach

    def queryset(self) -> QuerySet[Breach]:
        return breaches()

    def heading(self, obj: Breach) -> str:
        return _("Breach %(breach)s") % {"breach": obj}

    def badges(self, obj: Breach) -> list[Any]:
        return [standing(obj), clock(obj)]

    def facts(self, obj: Breach) -> list[Fact]:
        facts = [
            Fact(_("Level"), obj.get_level_display()),
            Fact(_("What happened"), obj.what),
            Fact(_("Found"), when(obj.found_at, exact=True)),
            Fact(_("Taken in by"), obj.maker),
        ]
        if obj.staff:
            facts += [
                Fact(_("Whose viewing"), obj.staff),
                Fact(_("Viewing from"), when(obj.viewed_from, exact=True)),
                Fact(_("Viewing to"), when(obj.viewed_to, exact=True)),
            ]
        if obj.report_due_at:
            facts.append(Fact(_("To be reported by"), when(obj.report_due_at, exact=True)))
        if obj.reported_at:
            facts += [Fact(_("Reported"), when(obj.reported_at, exact=True)), Fact(_("Reported to"), obj.reported_to)]
        if obj.people_told_at:
            facts.append(Fact(_("People told"), when(obj.people_told_at, exact=True)))
        if obj.not_told_because:
            facts.append(Fact(_("People not told because"), obj.not_told_because))
        if obj.closed_at:
            facts.append(Fact(_("Closed"), when(obj.closed_at, exact=True)))
        return facts


@admin.register(Breach)
class BreachAdmin(OpsModelAdmin):
    list_page = BreachList
    object_page = BreachPage


# The people concerned, masked


def items_seen(person: BreachPerson) -> list[str]:
    return [item_label(item) for item in person.fields]


def mask_people(people: Iterable[BreachPerson]) -> None:
    """Set `shown` and `badges` on each person. Open only the items that are shown, once."""
    for person in people:
        one: Any = person
        if is_own(person):
            one.shown, one.badges = {}, [declared_badge()]
            continue
        identity = identity_of(person.tenure)
        one.shown = masked(identity, (Field.NAME, Field.MOBILE)) if identity else {}
        one.badges = standing_badges(identity)


PEOPLE = (
    Column(gettext_lazy("Number"), lambda p: digits(p.tenure.number_id)),
    Column(gettext_lazy("Items seen"), items_seen),
    Column(gettext_lazy("Name"), lambda p: p.shown.get(Field.NAME)),
    Column(gettext_lazy("Mobile"), lambda p: p.shown.get(Field.MOBILE)),
    Column(gettext_lazy("Standing"), lambda p: p.badges),
)


class PeoplePage(KeysetList):
    """A list of all people of a breach, for notifying them."""

    page = "breachpeople"
    permission = VIEW
    model = BreachPerson
    columns = PEOPLE
    order = ("id",)
    nav = LIST
    none = empty = gettext_lazy("The record names nobody.")

    def setup(self) -> None:
        found = breaches().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.breach: Breach = found

    def heading_title(self) -> str:
        return _("People of breach %(breach)s") % {"breach": self.breach}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(BreachList.title, reverse(LIST)), (str(self.breach), breach_url(self.breach))]

    def queryset(self) -> QuerySet[BreachPerson]:
        return people_of(self.breach, self.user)

    def url(self, row: BreachPerson) -> str:
        return identity_url(row.tenure_id)

    def cut(self, rows: QuerySet[Any]) -> None:
        super().cut(rows)
        mask_people(self.rows)


def _people(request: HttpRequest, breach: Breach) -> Panel:
    first = list(people_of(breach, panels.staff_at(request)).order_by("pk")[:SHOWN])
    mask_people(first)
    rows = [[link(identity_url(p.tenure_id), PEOPLE[0].value(p)), *(c.value(p) for c in PEOPLE[1:])] for p in first]
    context = {
        "count": breach.people.count(),
        "all": reverse("admin:breach_people", args=[breach.pk]),
        "head": [column.label for column in PEOPLE],
        "rows": rows,
        "empty": PeoplePage.empty,
    }
    return Panel(_("People concerned, from the record"), "accounts/breach_people.html", context)


def _notice(request: HttpRequest, breach: Breach) -> Panel:
    """Show the notice to the people concerned (PIPL 57) in both languages. Texts of staff are not translated."""
    seen, notices = items_of(breach), []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            facts = [
                Fact(_("What happened"), breach.what),
                Fact(_("Which of your information"), _(", ").join(str(label) for label in seen)),
                Fact(_("Cause"), breach.cause),
                Fact(_("Possible harm"), breach.harm),
                Fact(_("What was done, and what you can do"), breach.remedy),
                Fact(_("Whom to ask"), breach.contact),
            ]
            title = _("Notice of a personal information breach")
            close = _("Where the person is a minor, this notice is for the guardian too.")
        shown = [(str(fact.label), fact.value) for fact in facts if fact.value]
        notices.append({"language": language, "title": title, "facts": shown, "close": close})
    return Panel(_("Notice to the people"), "accounts/breach_notice.html", {"notices": notices}, side="right")


def _story(request: HttpRequest, breach: Breach) -> list[Entry]:
    about = {"subject_type": Breach._meta.label_lower, "subject_id": str(breach.pk)}
    return [
        Entry(e.at, e.sentence, who=e.actor_label, text=e.reason, request_id=str(e.request_id))
        for e in Event.objects.filter(verb__in=EVENTS, **about).order_by("-seq")[:50]
    ]


def _open(_staff: Staff) -> QuerySet[Breach]:
    return Breach.objects.filter(closed_at=None)


def _acts(request: HttpRequest, breach: Breach | None) -> list[Act]:
    actor = panels.staff_at(request)
    return may_register(actor) if breach is None else steps_for(actor, breach)


panels.page("breaches/<int:pk>/people/", "breach_people", PeoplePage)
panels.toolbar("breaches", _acts)
panels.toolbar("breach", _acts)
panels.register("breach", _people)
panels.register("breach", _notice)
panels.timeline("breach", _story)
panels.sidebar("enforcement", BreachList.title, LIST, VIEW, count=_open, order=10)
