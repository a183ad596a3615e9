"""The page on which an appeal is filed for whoever asks for it: what is said, then what it would be taken as."""

import datetime
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import is_self_dealing, own_numbers
from accounts.declarations.services import refuse_own
from accounts.models import Number, Tenure
from accounts.numbers.pages import chosen, crumbs_of
from appeals.filing import conflicting_filings, contact
from appeals.filing import services as filing
from appeals.filing.choices import decisions_of, only_target, tenures_of
from appeals.filing.forms import FILES_LATER, ROWS, AttachedForm, FilingForm, filing_from
from appeals.filing.routing import Routed
from appeals.lifecycle import Kind
from appeals.models import Appeal
from appeals.policy import FILE, PER_WINDOW, WINDOW, Route, Why, clock_of
from appeals.queue import calendar
from appeals.text import LIST, appeal_link, appeal_url, typed_again
from enforcement.models import Decision, Target
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff import queries
from qqops.staff.people.act_pages import DONE, PressedPage
from qqops.templatetags.ops import minute
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Act, Fact, Panel

TITLE = gettext_lazy("File an appeal")
HAPPENS = (
    gettext_lazy("Whoever appeals gets a receipt number and an answer, even if the appeal is not heard."),
    gettext_lazy("While the appeal is open, nothing of this tenure is purged or released."),
)


class FilePage(PressedPage):
    permission = FILE
    form_class = FilingForm
    template = "appeals/filing.html"
    nav = LIST

    def setup(self) -> None:
        numbers = chosen(self.request)
        if len(numbers) != 1:
            raise Http404
        (self.number,) = numbers
        found, wanted = tenures_of(self.number), self.request.GET.get("tenure", "")
        # From the page of one tenure, or of what was done to it, nothing is shown of any other (9.1).
        self.tenures = [tenure for tenure in found if wanted in ("", str(tenure.seq))]
        if wanted and not self.tenures:
            raise Http404
        self.decisions = decisions_of(self.number, self.tenures)

    def heading_title(self) -> str:
        return _("File an appeal about %(number)d") % {"number": self.number}

    def crumbs(self) -> list[tuple[Any, str]]:
        return crumbs_of([self.number] if self.tenures else [])

    def initial(self) -> dict[str, Any]:
        given = self.request.GET
        return {
            "kind": given.get("kind", ""),
            "decision": given.get("decision", ""),
            "agreement": settings.QQOPS_APPEAL_AGREEMENT,
        }

    def form_kwargs(self) -> dict[str, Any]:
        return {
            "tenures": [(tenure.seq, _tenure_in_words(tenure)) for tenure in self.tenures],
            "decisions": [(target.decision_id, _decision_in_words(target)) for target in self.decisions],
        }

    # The two steps

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            refuse_own(self.user, [self.number])
            return Preview("", "", consequences=[*HAPPENS, FILES_LATER])
        with recorder.refusals(actor=self.user, facts={"act": "file_appeal"}):
            found = filing.look(filing_from(self.number, cleaned), actor=self.user)
        return Preview(
            fingerprint=_fingerprint(found),
            button=_button(found),
            panels=[Panel(_("Taken as"), "ops/panel_facts.html", {"facts": _facts(found)})],
            consequences=[*_sentences(found), *(HAPPENS if _is_new(found) else ())],
            blocked=found.open_receipt is not None,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        attached = AttachedForm(self.request.POST, self.request.FILES)
        if not attached.is_valid():
            raise Invalid(_("A file cannot be read, or its kind is not known. Nothing was done: file it again."))
        said = filing_from(self.number, cleaned, files=attached.brought(), form_key=uuid.UUID(nonce.partition(":")[0]))
        appeal = filing.file_one(said, actor=self.user, ticket=cleaned["ticket"])
        if appeal is None:
            self.say(_("It was received and is kept, and a person will look at it."))
            return self.number_url()
        if appeal.why:
            told = {"receipt": appeal.receipt, "why": appeal.get_why_display()}
            self.say(_("Registered, and not heard: %(why)s. Receipt number: %(receipt)s") % told, messages.WARNING)
        else:
            self.say(_("Filed. Receipt number: %(receipt)s") % {"receipt": appeal.receipt})
        return appeal_url(appeal)

    def earlier(self, nonce: str) -> str:
        key, _colon, seq = nonce.partition(":")
        form_key = uuid.UUID(key)
        first = Appeal.objects.filter(form_key=form_key).first() or self._asked_again_since(int(seq))
        if first is None and not conflicting_filings.is_kept(form_key):
            return ""
        self.say(DONE, messages.WARNING)
        return appeal_url(first) if first else self.number_url()

    def _asked_again_since(self, seq: int) -> Appeal | None:
        """A second review opens what was filed before: it has that form's key, not this one's."""
        done = queries.own_event_since(seq, self.user, "appeal.asked_again")
        return Appeal.objects.filter(pk=done.subject_id, number=self.number).first() if done else None

    def number_url(self) -> str:
        return reverse("admin:accounts_number_change", args=[self.number])

    def posted(self) -> list[tuple[str, list[Any]]]:
        """Files come with the second step, so what is said of them is not what was previewed."""
        return [(name, values) for name, values in super().posted() if not name.startswith("file_")]

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """What is personal is not written out again: the statement by its length, the contact masked; of evidence only
        what looks so."""
        said = form.cleaned_data
        hidden = {
            form["statement"].label: _("%(n)d characters") % {"n": len(said["statement"])},
            form["contact"].label: contact.masked(contact.normal(said["contact"])),
            **{form[name].label: typed_again(said[name]) for name in (f"evidence_text_{n}" for n in ROWS)},
        }
        return [fact._replace(value=hidden.get(fact.label, fact.value)) for fact in super().summary(form)]

    def context(self) -> dict[str, Any]:
        return {"attached": AttachedForm()}


def _tenure_in_words(tenure: Tenure) -> str:
    told = {"seq": tenure.seq, "from": _day(tenure.started_at)}
    if tenure.ended_at is None:
        return _("no. %(seq)d, since %(from)s") % told
    return _("no. %(seq)d, %(from)s to %(to)s") % (told | {"to": _day(tenure.ended_at)})


def _day(at: datetime.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}"


def _decision_in_words(target: Target) -> str:
    decision = target.decision
    told = {
        "decision": decision,
        "act": decision.get_kind_display(),
        "day": _day(decision.proposed_at),
        "seq": target.tenure.seq if target.tenure else "–",
    }
    return _("%(decision)s %(act)s, %(day)s, tenure no. %(seq)s") % told


def _fingerprint(found: Routed) -> str:
    told = (found.kind, found.tenure, found.decision, found.why, found.open_receipt, found.again, found.gated)
    return ":".join(map(str, (*told, found.open_of_other, found.cools)))


def _is_new(found: Routed) -> bool:
    """Has it a receipt number and a clock of its own?"""
    return not found.open_receipt and not found.open_of_other


def _button(found: Routed) -> str:
    if found.open_of_other:
        return _("Keep what is said")
    return _("File it all the same") if found.why else _("File the appeal")


def _facts(found: Routed) -> list[Fact]:
    facts = [Fact(_("Kind"), found.kind.label)]
    if found.decision:
        decision = Decision.objects.get(pk=found.decision)
        facts.append(Fact(_("Decision objected to"), f"{decision} {decision.get_kind_display()}"))
    if not found.why and _is_new(found):
        clock = clock_of(found.timed)
        facts.append(Fact(_("Answer due"), minute(calendar.due(clock, timezone.now())), str(clock.label)))
    return facts


def _sentences(found: Routed) -> Iterable[Any]:
    if found.open_receipt:
        known = Appeal.objects.get(receipt=found.open_receipt)
        yield format_html("{} {}", _("The same is open already:"), appeal_link(known))
        return
    if found.open_of_other:
        yield _(
            "The same is open already, under another contact. What is said now is kept for whoever hears that appeal,"
            " as from somebody else, and gets no receipt number; in a recovery both are heard (7)."
        )
        if found.cools:
            yield _(
                "That was upheld, and takes effect all the same when its waiting period is over. Whoever is bound to"
                " the number and does not agree can have it stopped, on the page of that appeal (7)."
            )
        yield _(
            "If it is the same person with a new contact, that person has the receipt number of that appeal: add what"
            " is said on its page."
        )
        return
    if found.route == Route.OBJECTION:
        yield _("It is taken as an objection and not as a recovery: a decision froze the number, or ended its use (7).")
    if found.why:
        yield _("It will not be heard: %(why)s. It is registered, and the answer says so.") % {
            "why": Why(found.why).label}  # fmt: skip
    if found.again:
        yield _("It is taken as the second review of %(receipt)s, and others hear it.") % {"receipt": found.again}
    if found.over:
        yield _("The measure has ended already: whether it was right is decided all the same.")
    if found.gated:
        yield _("More than %(n)d appeals about the same within %(days)d days: a supervisor hears it.") % {
            "n": PER_WINDOW, "days": WINDOW.days}  # fmt: skip


# The ways to it


def _url(number: int, **more: Any) -> str:
    return f"{reverse('admin:file_appeal')}?{urlencode({'number': number, **more})}"


def _may(request: HttpRequest) -> bool:
    return request.user.has_perm(FILE)


def _about_number(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if number is not None and _may(request) and not is_self_dealing(number):
        yield Act(TITLE, _url(number.pk), key="a")


def _about_tenure(request: HttpRequest, tenure: Tenure | None) -> Iterable[Act]:
    if tenure is not None and _may(request) and not _is_own(request, tenure.number_id):
        yield Act(TITLE, _url(tenure.number_id, tenure=tenure.seq), key="a")


def _about_decision(request: HttpRequest, decision: Decision | None) -> Iterable[Act]:
    """From a decision on many a number is chosen first: its own page has the same way."""
    target = only_target(decision) if decision is not None and _may(request) else None
    if target is None or target.tenure is None or _is_own(request, target.number_id):
        return
    about = {"tenure": target.tenure.seq, "decision": target.decision_id, "kind": Kind.OBJECTION.value}
    yield Act(_("Object to this"), _url(target.number_id, **about), key="b",
              consequence=_("Files an objection for the holder (11)."))  # fmt: skip


def _is_own(request: HttpRequest, number: int) -> bool:
    return own_numbers(panels.staff_at(request)).filter(number=number).exists()


panels.page("appeals/file/", "file_appeal", FilePage)
panels.toolbar("number", _about_number, order=4)
panels.toolbar("free_number", _about_number, order=4)
panels.toolbar("tenure", _about_tenure)
panels.toolbar("decision", _about_decision, order=3)
