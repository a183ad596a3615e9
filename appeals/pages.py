"""What the pages about one appeal share: which appeal, who may take this step now, and what a second press leads to."""

from contextlib import suppress
from typing import Any, ClassVar

from django.forms import BaseForm
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from appeals.hearing.services import not_stale
from appeals.models import Appeal
from appeals.queries import appeals
from appeals.queue.pages import AppealList
from appeals.text import LIST, appeal_facts, appeal_url
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.staff.people.act_pages import PressedPage
from qqops.web.pages import Preview
from qqops.web.panels import Panel


class OfAppeal:
    """A page about one appeal: 404 for who may not see it, as if there were none."""

    user: Staff
    kwargs: dict[str, Any]
    nav = LIST
    title: Any
    appeal: Appeal

    def setup(self) -> None:
        found = appeals(self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.appeal = found

    def heading_title(self) -> str:
        return _("%(act)s: %(receipt)s") % {"act": self.title, "receipt": self.appeal.receipt}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(AppealList.title, reverse(LIST)), (self.appeal.receipt, appeal_url(self.appeal))]


class StepPage(OfAppeal, PressedPage):
    """One step in the hearing of an appeal, in two: fill in, then see and confirm."""

    rights: ClassVar[tuple[str, ...]]
    button: Any = ""  # the title, unless it says more
    danger = False
    consequence: Any = ""
    form_class: type[BaseForm]
    tried = False

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, self.rights))

    def about(self) -> dict[str, str]:
        return {"subject_type": Appeal._meta.label_lower, "subject_id": str(self.appeal.pk)}

    def done_url(self, facts: dict[str, Any]) -> str:
        return appeal_url(self.appeal)

    def check(self) -> None:
        """Raise what the act would raise: may it be done now, by this person?"""
        raise NotImplementedError

    def take(self, cleaned: dict[str, Any]) -> str:
        """Do it, and return the sentence that says so."""
        raise NotImplementedError

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if self.request.method != "POST":
            self.check()
        elif self.tried and cleaned is None:  # the same form is shown again: what was refused is on the record
            self.may_go_on()
        else:
            self.tried = True
            with recorder.refusals(actor=self.user, subject=self.appeal, facts={"act": self.verb}):
                self.may_go_on() if cleaned is None else self.check()
        now = Panel(_("Now"), "ops/panel_facts.html", {"facts": appeal_facts(self.appeal)})
        button = self.button or self.title
        return Preview(str(self.appeal.revision), button, self.danger, [now], self.leads_to(cleaned))

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        """What will happen, of what was said; None: nothing yet."""
        return [self.consequence]

    def may_go_on(self) -> None:
        """Where it may not be done now the form is not drawn; once it was sent it is: what was typed is not lost."""
        with suppress(Invalid):
            self.check()

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase | str:
        self.say(self.take(cleaned))
        return appeal_url(self.appeal)


class SeenPage(StepPage):
    """A step that is bound to the state of the appeal in which its form was made (`SeenForm`)."""

    def initial(self) -> dict[str, Any]:
        return {"revision": self.appeal.revision}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        found = super().preview(cleaned)
        if cleaned is not None:
            not_stale(self.appeal, cleaned["revision"])
        return found

    def fill_in(self, form: BaseForm, *, status: int = 200, prove: str = "") -> HttpResponseBase:
        """Whoever was told that it has changed has it before him as it is now, and what he typed."""
        if form.is_bound:
            sent: Any = form.data
            form.data = now = sent.copy()
            now["revision"] = str(self.appeal.revision)
        return super().fill_in(form, status=status, prove=prove)
