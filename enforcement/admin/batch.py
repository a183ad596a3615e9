"""New batch: a list is taken in, pasted, as a file, or as what a filter finds; then it is an act like any other."""

import hashlib
import io
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.number import NumberList, begins_numbers
from accounts.intake.lists import GivenList, read
from accounts.models import Number
from accounts.numbers import parse_text, prefix_ranges
from enforcement import services
from enforcement.admin.acts import TITLES
from enforcement.policy import AUTHORITIES
from enforcement.services import lists
from qqops import panels
from qqops.errors import Invalid, Refused
from qqops.pages import Page
from qqops.panels import Act, Fact
from qqops.staff.models import Staff
from qqops.staff.signin import proof

FILE_MAX = 5 * 1024 * 1024
PASTED_MAX = 2_000_000  # characters
MAKES = tuple(dict.fromkeys(a.permission for a in AUTHORITIES if a.kind in TITLES))


class BatchForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Act"), widget=forms.RadioSelect)
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

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], filtered: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = kinds
        self.filtered = filtered
        if filtered:
            del fields["pasted"], fields["file"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.filtered or self.errors:
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

    def allowed(self) -> bool:
        return bool(self.kinds())

    def kinds(self) -> list[tuple[str, Any]]:
        return [(kind.value, label) for kind, label in TITLES.items() if services.may_order(kind, self.user)]

    def setup(self) -> None:
        self.asked = filter_of(self.request)

    def form(self) -> BatchForm:
        sent = self.request.method == "POST"
        return BatchForm(
            self.request.POST if sent else None,
            self.request.FILES if sent else None,
            kinds=self.kinds(),
            filtered=bool(self.asked),
        )

    def unproven(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return super().unproven()
        return self.render(status=403, form=self.form(), prove=proof.link(self.request))

    def respond(self) -> HttpResponseBase:
        form = self.form()
        if not form.is_bound or not form.is_valid():
            return self.render(form=form)
        try:
            taken = lists.take_in(self.given(form.cleaned_data), actor=self.user)
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.render(form=form, status=403 if isinstance(error, Refused) else 200)
        act = reverse("admin:act", args=[form.cleaned_data["kind"]])
        return HttpResponseRedirect(f"{act}?{urlencode({'list': taken.pk})}")

    def given(self, cleaned: dict[str, Any]) -> GivenList:
        if self.asked:
            name = _("filter: %(filter)s") % {"filter": self.asked_in_words()}
            return lists.matched(self.matching(), name=name)
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

    def asked_in_words(self) -> str:
        return _(", ").join(f"{fact.label} {fact.value}" for fact in self.asked_facts())

    def asked_facts(self) -> list[Fact]:
        facts = []
        for choice in NumberList.filters:
            value = self.asked.get(choice.parameter, "")
            facts += [Fact(choice.label, label) for code, label, _condition in choice.choices if code == value]
        if begins := self.asked.get("q"):
            facts.append(Fact(_("Begins with"), begins))
        return facts

    def context(self) -> dict[str, Any]:
        return {"asked": self.asked_facts(), "most": lists.MATCHED_MAX}


def filter_of(request: HttpRequest) -> dict[str, str]:
    """The filters and first digits that an address names, as the numbers list reads them; nothing else of it."""
    asked = {
        choice.parameter: value
        for choice in NumberList.filters
        if choice.condition(value := request.GET.get(choice.parameter, "")) is not None
    }
    begins = request.GET.get("q", "").strip()
    return asked | ({"q": begins} if begins_numbers(begins) else {})


def _on_all_that_match(request: HttpRequest, numbers: NumberList | None) -> Iterable[Act]:
    asked = filter_of(request)
    if asked and any(map(request.user.has_perm, MAKES)):
        yield Act(_("Act on all that match"), f"{reverse('admin:batch')}?{urlencode(asked)}")


panels.page("batch/", "batch", BatchPage)
panels.sidebar("enforcement", gettext_lazy("New batch"), "admin:batch", MAKES, order=-1)
panels.toolbar("numbers:matching", _on_all_that_match)
