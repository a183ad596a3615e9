"""The steps of a recovery (7) beyond its hearing: evidence and its weight, two who claim one number, the stop."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.filing import filing_validation
from appeals.filing.forms import FILES_LATER, AttachedForm
from appeals.hearing import services as hearing
from appeals.hearing.forms import ContestForm, EvidenceForm, WeighForm, WithdrawForm, field_of
from appeals.hearing.pages import HEARS
from appeals.messages.sealed_text import Words, sha256_of
from appeals.models import Appeal, AppealEvidence
from appeals.pages import SeenPage, StepPage
from appeals.policy import FILE, Side
from appeals.queries import brought_since, evidence
from appeals.recovery import services as recovery
from appeals.text import may, said_in_item, typed_again
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Act, Fact


class EvidencePage(StepPage):
    title, verb, rights, form_class = gettext_lazy("Add evidence"), "appeal.evidence_added", (FILE,), EvidenceForm
    template = "appeals/filing.html"  # files come with its second step
    consequence = gettext_lazy("It is sealed and stays with the appeal: it cannot be taken out again.")

    def form_kwargs(self) -> dict[str, Any]:
        return {"two_claim": recovery.two_claim(self.appeal)}

    def check(self) -> None:
        hearing.may_bring(self.appeal, self.user)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        found = super().preview(cleaned)
        if cleaned is not None:
            recovery.must_have_side(self.appeal, cleaned["side"])
            if cleaned["kind"]:
                filing_validation.item(cleaned["kind"], cleaned["said"])  # a password is not written out again
        return found

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        return [*super().leads_to(cleaned), *([FILES_LATER] if cleaned is None else [])]

    def posted(self) -> list[tuple[str, list[Any]]]:
        """Files come with the second step, so what is said of them is not what was previewed."""
        return [(name, values) for name, values in super().posted() if not name.startswith("file_")]

    def summary(self, form: BaseForm) -> list[Fact]:
        said = {form["said"].label: typed_again(form.cleaned_data["said"])}
        return [fact._replace(value=said.get(fact.label, fact.value)) for fact in super().summary(form)]

    def context(self) -> dict[str, Any]:
        return {"attached": AttachedForm()}

    @cached_property
    def hashes(self) -> list[str]:
        """Of what it brings; of files once, before the act reads them."""
        found = [sha256_of(said)] if (said := self.request.POST.get("said", "").strip()) else []
        for upload in chain.from_iterable(uploads for _name, uploads in self.request.FILES.lists()):
            found.append(sha256_of(upload.read()))
            upload.seek(0)
        return found

    def first(self, nonce: str) -> Event | None:
        """By what it brings: one person may record what both bring who claim the number, each on a page of its own."""
        side, seq = self.request.POST.get("side") or Side.APPELLANT, int(nonce.partition(":")[2])
        return super().first(nonce) if brought_since(self.appeal, self.user, seq, side, self.hashes) else None

    def take(self, cleaned: dict[str, Any]) -> str:
        attached = AttachedForm(self.request.POST, self.request.FILES)
        if not attached.is_valid():
            raise Invalid(_("A file cannot be read, or its kind is not known. Nothing was done: file it again."))
        items, files = [(cleaned["kind"], cleaned["said"])] if cleaned["kind"] else [], attached.brought()
        if not items and not files:
            raise Invalid(_("Say what it is, or bring a file with the second step. Nothing was done."))
        side, ticket = Side(cleaned["side"]), cleaned["ticket"]
        recovery.add_evidence(self.appeal, items, files, actor=self.user, side=side, ticket=ticket)
        return _("The evidence is added.")


class WeighPage(SeenPage):
    title, verb, rights = gettext_lazy("Weigh the evidence"), "appeal.evidence_weighed", HEARS
    consequence = gettext_lazy("The score follows from what the appellant brings. It advises; a human decides.")

    @cached_property
    def items(self) -> list[AppealEvidence]:
        return list(evidence(self.appeal))

    def form(self, data: Any = None) -> BaseForm:
        """What the items say is shown to whoever may weigh them; for anybody else the form is not drawn."""
        words = Words(self.appeal) if may(recovery.may_weigh, self.appeal, self.user) else None
        shown = [(item, said_in_item(words, item) if words else "") for item in self.items]
        return WeighForm(data, items=shown, initial=self.initial())

    def check(self) -> None:
        recovery.may_weigh(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        revision, weighed = cleaned["revision"], 0
        with transaction.atomic():  # all of it, or nothing
            for item in self.items:
                if match := cleaned[field_of(item)]:
                    revision = recovery.weigh(item, match, actor=self.user, revision=revision).revision
                    weighed += 1
        if not weighed:
            raise Invalid(_("Say of one item at least whether it matches. Nothing was done."))
        return _("The evidence is weighed.")


class ContestPage(SeenPage):
    title, verb, rights = gettext_lazy("Mark as contested"), "appeal.contested", HEARS
    form_class = ContestForm
    consequence = gettext_lazy(
        "The number is frozen for its security while both are heard, for ten working days at most, and whoever is bound"
        " to it is told; a supervisor must agree within 72 hours (6.2, 7)."
    )
    danger = True

    def check(self) -> None:
        recovery.may_contest(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        recovery.contest(self.appeal, actor=self.user, **cleaned)
        return _("The number is frozen while both are heard.")


class StopPage(StepPage):
    title, verb, rights, form_class = gettext_lazy("Stop the recovery"), "appeal.stopped", (FILE,), WithdrawForm
    consequence = gettext_lazy(
        "Whoever is bound to the number does not agree: the ruling does not take effect, and the appeal is heard anew."
    )
    danger = True

    def check(self) -> None:
        recovery.may_stop(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        recovery.stop(self.appeal, actor=self.user, **cleaned)
        return _("Stopped: it is heard anew.")


def _acts(request: HttpRequest, appeal: Appeal) -> Iterable[Act]:
    user = panels.staff_at(request)
    for page, name, key, check in (
        (EvidencePage, "appeals_evidence", "e", hearing.may_bring),
        (WeighPage, "appeals_weigh", "b", recovery.may_weigh),
        (ContestPage, "appeals_contest", "z", recovery.may_contest),
        (StopPage, "appeals_stop", "y", recovery.may_stop),
    ):
        if may(check, appeal, user):
            url = reverse(f"admin:{name}", args=[appeal.pk])
            yield Act(page.title, url, key=key, consequence=page.consequence, danger=page.danger)


panels.page("appeals/<int:pk>/evidence/", "appeals_evidence", EvidencePage)
panels.page("appeals/<int:pk>/weigh/", "appeals_weigh", WeighPage)
panels.page("appeals/<int:pk>/contest/", "appeals_contest", ContestPage)
panels.page("appeals/<int:pk>/stop/", "appeals_stop", StopPage)
panels.toolbar("appeal", _acts, order=2)
