"""New batch: a list is taken in, pasted, as a file, as what a filter finds or as the numbers of a case; then it is an
act like any other."""

import hashlib
import io
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lists.given_list import GivenList, read
from accounts.models import Number
from accounts.numbers.pages import NumberList, begins_numbers
from accounts.numbers.parsing import parse_text, prefix_ranges
from enforcement.cases.case_prefill import case_fact, case_in, clauses_for
from enforcement.cases.queries import count_numbers, targets_of
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.acts import TITLES
from enforcement.lists import services as lists
from enforcement.models import Case
from enforcement.policy import AUTHORITIES, MEASURES
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import SavedFilter, Staff
from qqops.staff.models.filters import SavedFilterQuerySet
from qqops.staff.signin import recent_auth as proof
from qqops.web import panels
from qqops.web.pages import SAVED_SHOWN, Page, chosen_facts, chosen_of, saved_url
from qqops.web.panels import Act, Fact

FILE_MAX = 5 * 1024 * 1024
PASTED_MAX = 2_000_000  # characters
MAKES = tuple(dict.fromkeys(a.permission for a in AUTHORITIES if a.kind in TITLES))


class BatchForm(forms.Form):
    pasted = forms.CharField(
        label=gettext_lazy("Numbers"),
        required=False,
        max_length=PASTED_MAX,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Pasted: one to a line, or with spaces or commas between them."),
    )
    file = forms.FileField(
        label=gettext_lazy("or a file"),
        required=False,
        help_text=gettext_lazy(
            "CSV, TXT or XLSX, at most 5 MB. Where the heading names a column “number”, “qq” or “号码”, only that"
            " column is read. A longer list goes through the terminal."
        ),
    )

    def __init__(self, *args: Any, known: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        fields: dict[str, Any] = self.fields
        self.known = known  # what the list holds: a filter or a case says it
        if known:
            del fields["pasted"], fields["file"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.known or self.errors:
            return cleaned
        file = cleaned.get("file")
        if file and file.size > FILE_MAX:
            self.add_error("file", _("The file has more than 5 MB: use “manage.py enforce --numbers FILE”."))
        elif bool(cleaned.get("pasted", "").strip()) == bool(file):
            self.add_error(None, _("Paste numbers or choose a file; not both, not neither."))
        return cleaned


class BatchPage(Page):
    title = gettext_lazy("New batch")
    template = "enforcement/batch.html"
    methods = ("GET", "HEAD", "POST")
    nav = "admin:batch"
    proof = True
    user: Staff
    case: Case | None = None

    def allowed(self) -> bool:
        return bool(self.kinds())

    def kinds(self) -> list[tuple[str, Any]]:
        """Of the acts that this person may order, those that the case leads to where there is one."""
        return [
            (kind.value, label)
            for kind, label in TITLES.items()
            if may_order(kind, self.user) and (self.case is None or (kind in MEASURES and clauses_for(self.case, kind)))
        ]

    def setup(self) -> None:
        self.case = case_in(self.request)
        if self.case and (self.case.state != Case.State.OPEN or not self.kinds()):
            raise Http404
        self.asked = {} if self.case else filter_of(self.request)
        self.saved = saved_in(self.request, self.asked)
        # A choice of it is gone, or something else is chosen: what is left would reach others than its name says.
        self.astray = self.case is None and bool(self.request.GET.get("saved")) and self.saved is None

    def heading_title(self) -> Any:
        return _("New batch: case %(case)s") % {"case": self.case} if self.case else self.title

    def form(self) -> BatchForm:
        sent = self.request.method == "POST"
        return BatchForm(
            self.request.POST if sent else None,
            self.request.FILES if sent else None,
            known=bool(self.case or self.asked),
        )

    def unproven(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return super().unproven()
        return self.render(status=403, form=self.form(), prove=proof.link(self.request))

    def respond(self) -> HttpResponseBase:
        form = self.form()
        if self.astray:
            return self.render(status=409)
        if not form.is_bound or not form.is_valid():
            return self.render(form=form)
        kind = self.request.POST.get("kind", "")
        if kind not in dict(self.kinds()):
            form.add_error(None, _("Press the button of the act that the list is for. Nothing was taken in."))
            return self.render(form=form)
        try:
            taken = lists.take_in(self.given(form.cleaned_data), actor=self.user)
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.render(form=form, status=403 if isinstance(error, Refused) else 200)
        act = reverse("admin:act", args=[kind])
        led = {"case": self.case.pk} if self.case else {}
        return HttpResponseRedirect(f"{act}?{urlencode(led | {'list': taken.pk})}")

    def given(self, cleaned: dict[str, Any]) -> GivenList:
        if self.case:
            found = targets_of(self.case, lists.MATCHED_MAX + 1)
            return lists.gathered(found, name=_("case %(case)s") % {"case": self.case})
        if self.asked:
            return lists.matched(self.matching(), name=self.filter_in_words())
        if file := cleaned["file"]:
            return read(io.BytesIO(file.read()), file.name)
        text = cleaned["pasted"]
        return GivenList(_("pasted list"), hashlib.sha256(text.encode()).hexdigest(), parse_text(text))

    # What the numbers list was filtered by

    def matching(self) -> QuerySet[Number]:
        rows = Number.objects.all()
        for choice in NumberList.filters:
            condition = choice.condition(self.asked.get(choice.parameter, ""))
            rows = rows if condition is None else rows.filter(condition)
        if begins := self.asked.get("q"):
            wanted = Q()
            for low, high in prefix_ranges(begins):
                wanted |= Q(pk__gte=low, pk__lte=high)
            rows = rows.filter(wanted)
        return rows

    def filter_in_words(self) -> str:
        words = _(", ").join(f"{fact.label} {fact.value}" for fact in self.asked_facts())
        if self.saved:
            return _("filter “%(name)s”: %(filter)s") % {"name": self.saved.name, "filter": words}
        return _("filter: %(filter)s") % {"filter": words}

    def asked_facts(self) -> list[Fact]:
        facts = chosen_facts(NumberList.filters, self.asked)
        if begins := self.asked.get("q"):
            facts.append(Fact(_("Begins with"), begins))
        return facts

    def context(self) -> dict[str, Any]:
        known: list[Fact] = []
        if self.case:
            known = [case_fact(self.case), Fact(_("numbers"), count_numbers(self.case))]
        elif self.asked:
            saved = [Fact(_("Saved filter"), self.saved.name)] if self.saved else []
            known = [*saved, *self.asked_facts()]
        return {"known": known, "most": lists.MATCHED_MAX, "filters": [] if known else self.saved_filters()}

    def saved_filters(self) -> list[tuple[SavedFilter, str]]:
        """A saved filter of the numbers list, and where a batch of what it finds begins."""
        return [(one, saved_url(self.request.path, one)) for one in _saved_for(self.user)[:SAVED_SHOWN]]


def filter_of(request: HttpRequest) -> dict[str, str]:
    """The filters and first digits that an address names, as the numbers list reads them; nothing else of it."""
    asked = chosen_of(NumberList.filters, request.GET.dict())
    begins = request.GET.get("q", "").strip()
    return asked | ({"q": begins} if begins_numbers(begins) else {})


def saved_in(request: HttpRequest, asked: dict[str, str]) -> SavedFilter | None:
    """The saved filter that an address opens, if that is what it asks for and this person may see it."""
    wanted = request.GET.get("saved", "")
    return _saved_for(panels.staff_at(request)).opened(wanted, asked) if wanted else None


def _saved_for(staff: Staff) -> SavedFilterQuerySet:
    seen = SavedFilter.objects.seen_by(staff, NumberList.page)
    return seen if staff.has_perm(NumberList.permission) else seen.none()


def _on_all_that_match(request: HttpRequest, numbers: NumberList | None) -> Iterable[Act]:
    asked = filter_of(request)
    if numbers and numbers.opened:
        asked["saved"] = str(numbers.opened.pk)
    if asked and any(map(request.user.has_perm, MAKES)):
        yield Act(_("Act on all that match"), f"{reverse('admin:batch')}?{urlencode(asked)}")


panels.page("batch/", "batch", BatchPage)
panels.sidebar("enforcement", gettext_lazy("New batch"), "admin:batch", MAKES, order=-1)
panels.toolbar("numbers:matching", _on_all_that_match)
