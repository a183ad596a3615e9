"""The second person's page: the whole case, what would happen now, one reason, two buttons."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.http import HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.core.errors import Invalid, Refused
from qqops.staff.signin import recent_auth as proof
from qqops.web.pages.base import Page

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class RulingForm(forms.Form):
    content_hash = forms.CharField(widget=forms.HiddenInput)  # of what was seen: an answer is to that and nothing else
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class RulingPage(Page):
    template = "ops/ruling.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    proof = True
    case_title: "StrOrPromise" = ""

    def content_hash(self) -> str:
        raise NotImplementedError

    def barred(self) -> None:
        """Raise Refused or Invalid when this person may not answer this."""
        raise NotImplementedError

    def rule(self, *, agree: bool, reason: str, content_hash: str) -> HttpResponseBase | str:
        """Answer by the service; return where to go, or the page to show."""
        raise NotImplementedError

    def unproven(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return super().unproven()
        return self.answer_with(RulingForm(self.request.POST), status=403, prove=proof.link(self.request))

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.answer_with(self.start())
        form = RulingForm(self.request.POST)
        if not form.is_valid():
            return self.answer_with(form)
        try:
            done = self.rule(agree=self.agrees(), **form.cleaned_data)
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.answer_with(form, status=403 if isinstance(error, Refused) else 409)
        return HttpResponseRedirect(done) if isinstance(done, str) else done

    def start(self) -> RulingForm:
        """The form before anything is said."""
        return RulingForm(initial={"content_hash": self.content_hash()})

    def agrees(self) -> bool:
        """By the one button that was pressed: what is not said is neither yes nor no."""
        agree, refuse = (button in self.request.POST for button in ("agree", "refuse"))
        if agree == refuse:
            raise Invalid(_("Say yes or no: press one of the two buttons. Nothing was done."))
        return agree

    def answer_with(self, form: RulingForm, status: int = 200, prove: str = "") -> HttpResponseBase:
        blocked: Any = ""
        try:
            self.barred()
        except (Invalid, Refused) as error:
            blocked = str(error)
        return self.render(status=status, form=form, blocked=blocked, prove=prove)
