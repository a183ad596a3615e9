"""One object as it was at a time, and what differs between any two times. Read from its history; nothing is changed."""

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import Model
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.audit.models import Event
from qqops.audit.review import as_of as asof
from qqops.templatetags.ops import minute, when
from qqops.web import panels
from qqops.web.pages.base import Crumb, Page
from qqops.web.pages.history import KINDS, HistoryPage
from qqops.web.pages.rows import changes, facts_changed, labels_of, state
from qqops.web.panels import Act, Change, Fact, Panel

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOMENT = "%Y-%m-%dT%H:%M:%S"


def _moment(**more: Any) -> forms.DateTimeField:
    """To the second: several acts may lie within a minute."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "any"}, format=MOMENT)
    return forms.DateTimeField(widget=widget, input_formats=(MOMENT, "%Y-%m-%dT%H:%M", f"{MOMENT}.%f"), **more)


class MomentForm(forms.Form):
    """Both by the house's clock; the second is there to be compared with."""

    at = _moment(label=gettext_lazy("As it was at"), help_text=gettext_lazy("Date and time in Shanghai."))
    against = _moment(
        label=gettext_lazy("Compared with"),
        required=False,
        help_text=gettext_lazy("Another time; what differs between the two is shown."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, moment in list(cleaned.items()):
            if moment is not None and moment > timezone.now():
                self.add_error(name, _("Nobody knows yet how it will be then."))
        return cleaned


def as_of_url(model: type[Model], pk: Any, at: datetime.datetime) -> str:
    """The page of one object as it was; the object needs a history page."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_asof"
    return f"{reverse(name, args=[pk])}?{urlencode({'at': in_form(at)})}"


def in_form(at: datetime.datetime) -> str:
    """As a browser takes it, to the millisecond: the next one, so that what was written by then is in it."""
    local = timezone.localtime(at + datetime.timedelta(microseconds=999))
    return local.replace(tzinfo=None).isoformat(timespec="milliseconds")


@dataclass
class Then:
    """An object at a moment: its history row, or a sentence why there is none to show."""

    object: Any
    at: datetime.datetime
    row: Any = None
    why_not: "StrOrPromise" = ""
    facts: list[Fact] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)

    @property
    def title(self) -> str:
        return _("At %(time)s") % {"time": f"{timezone.localtime(self.at):%Y-%m-%d %H:%M:%S}"}


class AsOfPage(Page):
    """Whoever may see the object may see it as it was, as far as he may see its history.

    Apps hang what else belongs to it in `panels` under the page's name and `:as_of`, each given the `Then`; of the
    facts that two times have there, what differs is told with the rest.
    """

    template = "ops/as_of.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        history_page: type[HistoryPage] = kwargs.pop("history_page")
        object_page, self.nav = kwargs.pop("object_page"), kwargs.pop("nav")
        super().__init__(*args, **kwargs)
        self.history = history_page(self.site, self.request, object_page=object_page, nav=self.nav, **self.kwargs)
        self.of = self.history.of
        self.model: Any = self.of.model

    def allowed(self) -> bool:
        return self.history.allowed()

    def setup(self) -> None:
        self.history.setup()
        self.object = self.history.object

    @cached_property
    def hooks(self) -> str:
        return f"{self.of.page}:as_of"

    def heading_title(self) -> str:
        return _("%(object)s as it was") % {"object": self.of.heading(self.object)}

    def crumbs(self) -> list[Crumb]:
        return self.history.crumbs()

    def respond(self) -> HttpResponseBase:
        given = {name: self.request.GET[name] for name in ("at", "against") if self.request.GET.get(name)}
        now = timezone.now()
        form = MomentForm(given) if given else MomentForm(initial={"at": timezone.localtime(now).strftime(MOMENT)})
        if given and not form.is_valid():
            return self.render(form=form, problem=_("Give a date and a time in the past."))
        moments = sorted({m for m in (form.cleaned_data.values() if given else [now]) if m is not None})
        times = self.times(moments)
        found: dict[str, Any] = {"times": times, "compared": len(times) == 2, "differs": self.differs(times)}
        return self.render(form=form, acts=self.acts(times), **found)

    def times(self, moments: list[datetime.datetime]) -> list[Then]:
        found = [self.at(moment) for moment in moments]
        rows = [then.row for then in found if then.row is not None]
        labels, events = labels_of(self.model, rows), Event.objects.in_bulk({row.event_id for row in rows})
        for then in found:
            if then.row is not None:
                then.facts = [*state(self.model, then.row, labels), *_since(then.row, events.get(then.row.event_id))]
                then.panels = panels.panels_for(self.hooks, self.request, then)
        self.labels = labels
        return found

    def at(self, moment: datetime.datetime) -> Then:
        then = Then(self.object, moment)
        row = asof.row_at(self.model, self.object.pk, moment)
        if row is None:
            first = asof.first_row(self.model, self.object.pk)
            then.why_not = (
                _("It did not exist yet: it begins with %(time)s.") % {"time": minute(first.history_date)}
                if first
                else _("Nothing of it is on record.")
            )
        elif row.history_type == asof.DELETED:
            then.why_not = _("It did not exist any more: it ends with %(time)s.") % {"time": minute(row.history_date)}
        elif not self.history.rows().filter(history_date=row.history_date, history_id=row.history_id).exists():
            then.why_not = _("It was not under its present holder then: your role does not see that.")
        else:
            then.row = row
        return then

    def differs(self, times: list[Then]) -> list[Change]:
        """Before → after of all that differs; of a time without a row there is nothing to compare."""
        if len(times) < 2 or any(then.row is None for then in times):
            return []
        first, second = times
        found = changes(self.model, first.row, second.row, self.labels)
        was, now = ({str(p.title): p.context.get("facts", []) for p in then.panels} for then in times)
        for title in dict.fromkeys((*was, *now)):
            found += facts_changed(was.get(title, []), now.get(title, []), under=title)
        return found

    def acts(self, times: list[Then]) -> list[Act]:
        own = Act(_("History"), reverse(f"{self.of.url_base}_history", args=[self.object.pk]), key="h")
        return [*panels.acts_for(self.hooks, self.request, times[-1]), own]


def _since(row: Any, event: Event | None) -> list[Fact]:
    """By what it had become so, and when."""
    said = event.sentence if event else KINDS[row.history_type]
    facts = [Fact(_("So since"), when(row.history_date, exact=True)), Fact(_("Act"), said)]
    if event:
        facts.append(Fact(_("Actor"), event.actor_label))
    return facts
