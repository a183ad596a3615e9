"""Taking appeals in hand and hearing them: the next one, this one, and the steps until it is decided."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.hearing import services as hearing
from appeals.hearing.forms import (
    AgainForm,
    AnswerForm,
    AskForm,
    ConvertForm,
    ReasonForm,
    TransferForm,
    WithdrawForm,
    WriteForm,
)
from appeals.lifecycle import Act as Step
from appeals.lifecycle import Kind
from appeals.messages import resend
from appeals.messages import text as letters
from appeals.messages.sealed_text import sha256_of
from appeals.models import Appeal, Delivery
from appeals.pages import OfAppeal, SeenPage, StepPage
from appeals.policy import FILE, HEAR, HEAR_AGAIN
from appeals.queries import hearers, said_since
from appeals.queue import services as queue
from appeals.rulings import second_review as again
from appeals.text import LIST, appeal_url, may
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import Page, Preview
from qqops.web.panels import Act, Panel

HEARS = (HEAR, HEAR_AGAIN)


class TakeNextPage(Page):
    """The oldest due of those that are his to hear. By a button; whoever is led here otherwise comes to the list."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    proof = True  # what was said is seen on the page that it leads to
    nav = LIST
    user: Staff

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, HEARS))

    def respond(self) -> HttpResponseBase:
        return HttpResponseRedirect(next_url(self) if self.request.method == "POST" else reverse(LIST))


def next_url(page: Page) -> str:
    """Take the next one, and say so where there is none."""
    try:
        appeal = queue.take_next(actor=page.user)
    except Invalid as told:
        page.say(str(told), messages.WARNING)
        return reverse(LIST)
    if appeal is None:
        page.say(_("Nothing waits for you: whatever is to be heard is in other hands, or not yours to hear."))
        return reverse(LIST)
    return appeal_url(appeal)


class TakePage(OfAppeal, Page):
    """This one, from its page."""

    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    proof = True
    title = gettext_lazy("Take it")

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, HEARS))

    def respond(self) -> HttpResponseBase:
        back = HttpResponseRedirect(appeal_url(self.appeal))
        if self.request.method == "POST":
            try:
                queue.take(self.appeal, actor=self.user)
            except Invalid as told:
                self.say(str(told), messages.WARNING)
            except Refused as refused:
                self.template = "appeals/read.html"
                return self.render(problem=str(refused), back=appeal_url(self.appeal), status=403)
        return back


class AskPage(SeenPage):
    title, verb, rights, form_class = gettext_lazy("Ask for more"), "appeal.asked", HEARS, AskForm
    consequence = gettext_lazy(
        "The clock stops until the answer comes; after 7 days without one the appeal is abandoned."
    )

    def check(self) -> None:
        hearing.may_take_step(self.appeal, Step.ASK, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        hearing.ask(self.appeal, cleaned["text"], actor=self.user, revision=cleaned["revision"])
        return _("The appellant is asked. The appeal comes back to the queue when the answer is in.")


class WordsPage(StepPage):
    """To or from the appellant. A second press says the same again: another message, from a page beside it, is none."""

    def as_kept(self, text: str) -> str:
        return text

    def first(self, nonce: str) -> Event | None:
        said = sha256_of(self.as_kept(self.request.POST.get("text", "").strip()))
        seq = int(nonce.partition(":")[2])
        return super().first(nonce) if said_since(self.appeal, self.user, seq, said) else None


class AnswerPage(WordsPage):
    title, verb, rights, form_class = gettext_lazy("Record an answer"), "appeal.answered", (FILE,), AnswerForm
    consequence = gettext_lazy("It is kept with the appeal; if the appeal was waiting for it, the clock goes on.")

    def check(self) -> None:
        hearing.may_speak(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        hearing.answer(self.appeal, actor=self.user, **cleaned)
        return _("Recorded.")


class WritePage(WordsPage):
    title, verb, rights, form_class = gettext_lazy("Write to the appellant"), "appeal.written", HEARS, WriteForm
    consequence = gettext_lazy(
        "The message is sent as it stands, with the receipt number; the appeal itself does not change."
    )

    def check(self) -> None:
        hearing.may_write(self.appeal, self.user)

    def as_kept(self, text: str) -> str:
        return letters.message(self.appeal, text)

    def take(self, cleaned: dict[str, Any]) -> str:
        hearing.write(self.appeal, actor=self.user, **cleaned)
        return _("The message is on its way.")


class ResendPage(StepPage):
    title, verb, rights, form_class = gettext_lazy("Send again"), "appeal.sent_again", HEARS, WithdrawForm
    consequence = gettext_lazy("Messages that did not arrive are sent again, as they were written.")
    unsent = resend.Unsent([], [])

    def check(self) -> None:
        self.unsent = resend.may_resend(self.appeal, self.user)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        found = super().preview(cleaned)
        again = [(one, one.get_state_display()) for one in self.unsent.again]
        left = [(one, why.label) for one, why in self.unsent.outdated]
        tables = [_messages(_("To be sent again"), _("Delivery"), again)]
        if left:
            tables.append(_messages(_("Not to be sent: no longer true"), _("Why"), left))
        pks = ",".join(str(one.pk) for one in self.unsent.again)
        return replace(found, fingerprint=f"{found.fingerprint}:{pks}", panels=[*found.panels, *tables])

    def take(self, cleaned: dict[str, Any]) -> str:
        n = resend.resend(self.appeal, actor=self.user, **cleaned)
        return _("Messages on their way again: %(n)d.") % {"n": n}


def _messages(title: str, about: str, rows: Sequence[tuple[Delivery, Any]]) -> Panel:
    """What kind each is, when it was written, and `about` it."""
    told = [(one.message.get_kind_display(), said, when(one.message.at)) for one, said in rows]
    return Panel(title, "ops/panel_table.html", {"head": [_("Message"), about, _("Written")], "rows": told})


class WithdrawPage(StepPage):
    title, verb, rights, form_class = (
        gettext_lazy("Record the withdrawal"),
        "appeal.withdrawn",
        (FILE,),
        WithdrawForm,
    )
    consequence = gettext_lazy("The appeal is closed for good, without a decision, and the appellant is told.")
    danger = True

    def check(self) -> None:
        hearing.may_withdraw(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        hearing.withdraw(self.appeal, actor=self.user, **cleaned)
        return _("The appeal is closed.")


class ConvertPage(SeenPage):
    title, verb, rights, form_class = gettext_lazy("Take it as another kind"), "appeal.converted", HEARS, ConvertForm
    consequence = gettext_lazy(
        "What was said is kept, and the appellant is told. The clock is that of the new kind and begins now; the latest"
        " day for an answer stays (11)."
    )

    def form(self, data: Any = None) -> BaseForm:
        return ConvertForm(data, kind=Kind(self.appeal.kind), initial=self.initial())

    def check(self) -> None:
        hearing.may_convert(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        hearing.convert(self.appeal, actor=self.user, **cleaned)
        return _("Taken as another kind.")


class SkipPage(StepPage):
    title, verb, rights, form_class = gettext_lazy("Skip"), "appeal.passed_on", HEARS, ReasonForm
    consequence = gettext_lazy(
        "The appeal goes back to the queue for somebody else; you are not given it again for 12 hours."
    )

    def check(self) -> None:
        queue.has_in_hand(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        queue.skip(self.appeal, actor=self.user, **cleaned)
        return _("Passed on to the others.")


class TransferPage(StepPage):
    title, verb, rights = gettext_lazy("Hand over"), "appeal.handed_over", HEARS
    consequence = gettext_lazy("The colleague has the appeal in hand for half an hour from then on.")

    def form(self, data: Any = None) -> BaseForm:
        return TransferForm(data, hearers=hearers(self.appeal, self.user))

    def check(self) -> None:
        queue.has_in_hand(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        queue.transfer(self.appeal, cleaned["to"], actor=self.user, reason=cleaned["reason"])
        return _("Handed to %(who)s.") % {"who": cleaned["to"]}


class AgainPage(StepPage):
    title, verb, rights, form_class = (
        gettext_lazy("Ask for the second review"),
        "appeal.asked_again",
        (FILE,),
        AgainForm,
    )
    consequence = gettext_lazy(
        "The appeal is opened again, once only: a supervisor who had no part in the first review hears it."
    )

    def check(self) -> None:
        again.check(self.appeal, self.user)

    def take(self, cleaned: dict[str, Any]) -> str:
        again.ask(self.appeal.receipt, actor=self.user, **cleaned)
        return _("The second review is asked for.")


# What may be done


def _url(name: str, appeal: Appeal) -> str:
    return reverse(f"admin:{name}", args=[appeal.pk])


def _steps(request: HttpRequest, appeal: Appeal) -> Iterable[Act]:
    user = panels.staff_at(request)
    if may(queue.has_in_hand, appeal, user):
        yield Act(AskPage.title, _url("appeals_ask", appeal), key="a", consequence=AskPage.consequence)
        yield Act(SkipPage.title, _url("appeals_skip", appeal), key="s", consequence=SkipPage.consequence)
        yield Act(TransferPage.title, _url("appeals_transfer", appeal), key="o", consequence=TransferPage.consequence)
    if may(hearing.may_convert, appeal, user):
        yield Act(ConvertPage.title, _url("appeals_convert", appeal), key="c", consequence=ConvertPage.consequence)
    if may(hearing.may_speak, appeal, user):
        yield Act(AnswerPage.title, _url("appeals_answer", appeal), key="r", consequence=AnswerPage.consequence)
    if may(hearing.may_write, appeal, user):
        yield Act(WritePage.title, _url("appeals_write", appeal), key="w", consequence=WritePage.consequence)
    if may(resend.may_resend, appeal, user):
        yield Act(ResendPage.title, _url("appeals_resend", appeal), key="m", consequence=ResendPage.consequence)
    if may(hearing.may_withdraw, appeal, user):
        yield Act(
            WithdrawPage.title,
            _url("appeals_withdraw", appeal),
            key="u",
            danger=WithdrawPage.danger,
            consequence=WithdrawPage.consequence,
        )
    if may(again.check, appeal, user):
        yield Act(AgainPage.title, _url("appeals_again", appeal), key="v", consequence=AgainPage.consequence)


panels.page("appeals/next/", "appeals_next", TakeNextPage)
panels.page("appeals/<int:pk>/take/", "appeals_take", TakePage)
panels.page("appeals/<int:pk>/ask/", "appeals_ask", AskPage)
panels.page("appeals/<int:pk>/answer/", "appeals_answer", AnswerPage)
panels.page("appeals/<int:pk>/write/", "appeals_write", WritePage)
panels.page("appeals/<int:pk>/resend/", "appeals_resend", ResendPage)
panels.page("appeals/<int:pk>/withdraw/", "appeals_withdraw", WithdrawPage)
panels.page("appeals/<int:pk>/convert/", "appeals_convert", ConvertPage)
panels.page("appeals/<int:pk>/skip/", "appeals_skip", SkipPage)
panels.page("appeals/<int:pk>/transfer/", "appeals_transfer", TransferPage)
panels.page("appeals/<int:pk>/again/", "appeals_again", AgainPage)
panels.toolbar("appeal", _steps)
