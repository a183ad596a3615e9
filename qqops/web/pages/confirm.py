"""The page of an act, in two steps: fill in, then see exactly what will happen and press one button.

The second step carries a signed token that binds the person, the form's content and the fingerprint of what the
act would touch. Whatever changed in between shows the page again; nothing is done. The rules are the service's.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core import signing
from django.http import HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid, Refused
from qqops.staff.signin import recent_auth
from qqops.templatetags.ops import spoken
from qqops.web.pages.base import Page
from qqops.web.panels import Fact, Panel

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

OURS = ("csrfmiddlewaretoken", "step", "token")
EMPTY: tuple[Any, ...] = (None, "", [], ())
TOKEN_LIFE = 3600  # seconds; long enough to read, too short to leave lying about


@dataclass(frozen=True)
class Preview:
    """What would happen. The fingerprint changes whenever it would be something else."""

    fingerprint: str
    button: "StrOrPromise"
    danger: bool = False
    panels: Sequence[Panel] = ()
    consequences: Sequence["StrOrPromise"] = ()
    blocked: bool = False
    carries: Callable[[], Any] | None = None  # JSON that was dear to find: the token brings it to the second step


class ConfirmPage(Page):
    template = "ops/confirm.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    form_class: type[forms.BaseForm] = forms.Form
    aside_template: str = ""
    carried: Any = None  # what the page that was confirmed carried

    def form_kwargs(self) -> dict[str, Any]:
        return {}

    def initial(self) -> dict[str, Any]:
        return {}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        raise NotImplementedError

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase | str:
        raise NotImplementedError

    def earlier(self, nonce: str) -> str:
        """Where the first press of this button led, if there was one: what it did may forbid to do it again."""
        return ""

    def unproven(self) -> HttpResponseBase:
        """What was filled in stays on the page, and only there: prove it in another tab, then press again."""
        if self.request.method != "POST":
            return super().unproven()
        return self.fill_in(self.form(self.request.POST), status=403, prove=recent_auth.link(self.request))

    # The two steps

    def respond(self) -> HttpResponseBase:
        post = self.request.method == "POST"
        step = self.request.POST.get("step", "preview") if post else ""
        if not post:
            return self.fill_in(self.form())
        form = self.form(self.request.POST)
        nonce, seen, problem = self.token() if step == "confirm" else ("", "", "")
        if step == "edit" or not form.is_valid():
            return self.again(nonce) or self.fill_in(form)
        try:
            preview = self.preview(form.cleaned_data)
            if step != "confirm":
                return self.show(form, preview)
            if not problem and (seen != preview.fingerprint or preview.blocked):
                if answer := self.again(nonce):
                    return answer
                problem = _("What this would do has changed meanwhile. Nothing was done: see the new figures.")
            if problem:
                return self.show(form, preview, problem=problem)
            done = self.enact(form.cleaned_data, nonce=nonce)
        except (Invalid, Refused) as error:
            if answer := self.again(nonce):
                return answer
            form.add_error(None, str(error))
            return self.fill_in(form, status=403 if isinstance(error, Refused) else 200)
        return HttpResponseRedirect(done) if isinstance(done, str) else done

    def again(self, nonce: str) -> HttpResponseBase | None:
        """A second click on one button is led to what the first one did."""
        url = self.earlier(nonce) if nonce else ""
        return HttpResponseRedirect(url) if url else None

    def form(self, data: Any = None) -> forms.BaseForm:
        return self.form_class(data, initial=self.initial(), **self.form_kwargs())

    def fill_in(self, form: forms.BaseForm, *, status: int = 200, prove: str = "") -> HttpResponseBase:
        """Step one; the right column already says what would happen, as far as it is known."""
        preview, problem = None, ""
        try:
            preview = self.preview(None)
        except (Invalid, Refused) as error:
            problem = str(error)
            status = 403 if isinstance(error, Refused) else status
            if problem in form.non_field_errors():
                problem = ""  # said once is enough
        return self.render(status=status, form=form, preview=preview, problem=problem, frozen=False, prove=prove)

    def show(self, form: forms.BaseForm, preview: Preview, *, problem: str = "") -> HttpResponseBase:
        """Step two; with a problem it is shown again, and its button counts as a new one."""
        return self.render(
            status=409 if problem else 200,
            form=form,
            preview=preview,
            problem=problem,
            frozen=True,
            summary=self.summary(form),
            kept=[(name, value) for name, values in self.posted() for value in values],
            token=self.sign(preview, nonce=uuid.uuid4().hex),
        )

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """The form's content in words; what was left empty is left out, and what was made empty says so."""
        facts = []
        for bound in form.visible_fields():
            value = form.cleaned_data.get(bound.name)
            if value not in EMPTY:
                facts.append(Fact(bound.label, self.in_words(bound.field, value)))
            elif bound.initial not in EMPTY:
                facts.append(Fact(bound.label, _("emptied")))
        return facts

    @staticmethod
    def in_words(field: forms.Field, value: Any) -> Any:
        if language := field.widget.attrs.get("lang"):
            return spoken(value, language)
        choices = getattr(field, "choices", None)
        if not choices or isinstance(field, forms.ModelChoiceField):
            return value
        labels: dict[str, Any] = {}
        for key, label in choices:
            labels |= {str(k): text for k, text in label} if isinstance(label, list | tuple) else {str(key): label}
        if isinstance(value, list | tuple):
            return [labels.get(str(one), one) for one in value]
        return labels.get(str(value), value)

    # The token

    def posted(self) -> list[tuple[str, list[Any]]]:
        return [(name, values) for name, values in sorted(self.request.POST.lists()) if name not in OURS]

    def content(self) -> str:
        """Digest of the form as posted; browsers may turn line ends over in a hidden field."""
        flat = [[name, [str(v).replace("\r\n", "\n") for v in values]] for name, values in self.posted()]
        return hashlib.sha256(json.dumps([self.request.get_full_path(), flat]).encode()).hexdigest()

    @property
    def salt(self) -> str:
        return f"qqops.confirm.{type(self).__module__}.{type(self).__qualname__}"

    def sign(self, preview: Preview, *, nonce: str) -> str:
        bound = {"content": self.content(), "set": preview.fingerprint, "by": self.user.pk, "nonce": nonce}
        bound |= {"carried": preview.carries()} if preview.carries else {}
        return signing.dumps(bound, salt=self.salt)

    def token(self) -> tuple[str, str, str]:
        """Return the nonce and the fingerprint that were shown; or, when the token is not for this, a sentence."""
        try:
            bound = signing.loads(self.request.POST.get("token", ""), salt=self.salt, max_age=TOKEN_LIFE)
        except signing.SignatureExpired:
            return "", "", _("This page was open for too long. Nothing was done: read it again and confirm.")
        except signing.BadSignature:
            return "", "", _("This confirmation is not valid. Nothing was done: read the page again and confirm.")
        if bound["by"] != self.user.pk or bound["content"] != self.content():
            return "", "", _("The form was changed after the preview. Nothing was done: read it again and confirm.")
        self.carried = bound.get("carried")
        return bound["nonce"], bound["set"], ""
