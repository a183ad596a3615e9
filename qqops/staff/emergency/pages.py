"""Emergency access (break-glass): taking a role for an hour at most, the list of them all, and the review of one."""

import datetime
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff import queries
from qqops.staff.emergency.services import break_glass, may_break_glass, may_review, review_glass
from qqops.staff.forms import EmergencyForm, ReviewForm, role_choices
from qqops.staff.models import Holding, Staff
from qqops.staff.models.access import REVIEW_WITHIN
from qqops.staff.people import services as people
from qqops.staff.people.act_pages import PressedPage
from qqops.staff.policy import GLASS_ROLES
from qqops.staff.signin import recent_auth as proof
from qqops.staff.text import held_role, role_text, staff_url
from qqops.templatetags.ops import badge, link, minute, when
from qqops.web import overview, panels
from qqops.web.pages import Column, Filter, KeysetList, Page, Preview
from qqops.web.panels import Entry, Fact

LIST = "admin:emergency_list"


class EmergencyPage(PressedPage):
    title = gettext_lazy("Emergency access")
    permission = "staff.break_glass"
    form_class = EmergencyForm
    verb = "staff.broke_glass"
    nav = "admin:me"

    def form(self, data: Any = None) -> BaseForm:
        form = super().form(data)
        role: Any = form.fields["role"]
        role.choices = role_choices(self.free())
        role.help_text = _("Roles that you hold, or that exclude one you hold, are not among them.")
        return form

    def free(self) -> list[str]:
        """The roles this person could take now."""
        return [role for role in GLASS_ROLES if not queries.clashing(role, self.user.roles)]

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("My account"), reverse("admin:me"))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [
            _("You are given the role at once; supervisors and auditors are told at once."),
            _("It ends by itself, and another person reviews it within two days; until then you cannot take another."),
            _("Everything you do meanwhile is shown to the reviewer."),
        ]
        if cleaned is None:
            may_break_glass(self.user)
            if not self.free():
                raise Invalid(_("There is no other role that you could take in an emergency."))
            return Preview("", "", consequences=happens)
        role = cleaned["role"]
        with recorder.refusals(actor=self.user, subject=self.user, facts={"page": self.request.path}):
            may_break_glass(self.user)
        people.reasoned(cleaned["reason"])
        until = timezone.now() + datetime.timedelta(minutes=cleaned["minutes"])
        told = {"role": role_text(role), "until": minute(until)[-5:]}
        return Preview(
            fingerprint=",".join(sorted(self.user.roles)),
            button=_("Take the role now"),
            danger=True,
            consequences=[_("You are %(role)s from the click until about %(until)s.") % told, *happens],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        taken = {name: cleaned[name] for name in ("reason", "minutes")}
        holding = break_glass(cleaned["role"], actor=self.user, **taken)
        assert holding.until is not None
        told = {"role": role_text(holding.role), "until": minute(holding.until)[-5:]}
        self.say(_("You are %(role)s until %(until)s. Supervisors and auditors have been told.") % told)
        return reverse("admin:me")

    def about(self) -> dict[str, str]:
        return {"facts__role": self.request.POST.get("role", "")}

    def done_url(self, facts: dict[str, Any]) -> str:
        return reverse("admin:me")


# All of them


def _span(holding: Holding) -> str:
    return f"{minute(holding.since)} – {minute(holding.until)[-5:]}" if holding.until else minute(holding.since)


def _done(holding: Any) -> Any:
    """How much the person did meanwhile."""
    done = sum(1 for at in holding.done_at if at <= holding.until)
    return f"{queries.EVENTS_SHOWN}+" if done > queries.EVENTS_SHOWN else done


def reviewed(holding: Holding) -> Any:
    if hasattr(holding, "review"):
        label = _("justified: %(who)s") if holding.review.justified else _("not justified: %(who)s")
        return badge(label % {"who": holding.review.reviewer}, "good" if holding.review.justified else "bad")
    if holding.is_live:
        return badge(_("runs"), "cold")
    due = (holding.until or holding.since) + REVIEW_WITHIN
    standing = badge(_("review overdue"), "bad") if due < timezone.now() else badge(_("to be reviewed"), "warn")
    return format_html("{} {}", standing, _("due by %(at)s") % {"at": minute(due)})


class EmergencyList(KeysetList):
    page = "emergencies"
    title = gettext_lazy("Emergency accesses")
    permission = "staff.view_staff"
    model = Holding
    columns = (
        Column(gettext_lazy("Who"), lambda h: h.staff),
        Column(gettext_lazy("Role"), held_role),
        Column(gettext_lazy("From, to"), _span),
        Column(gettext_lazy("Done meanwhile"), _done, numeric=True),
        Column(gettext_lazy("Review"), reviewed),
    )
    filters = (
        Filter(
            gettext_lazy("Review"),
            "review",
            (
                ("open", gettext_lazy("not reviewed"), Q(review=None)),
                ("done", pgettext_lazy("emergency access", "reviewed"), ~Q(review=None)),
            ),
        ),
    )
    order = ("-id",)
    nav = LIST
    none = empty = gettext_lazy("Nobody took a role in an emergency.")

    def queryset(self) -> QuerySet[Holding]:
        return queries.emergencies()

    def url(self, row: Holding) -> str:
        return reverse("admin:emergency_review", args=[row.pk])


# The review of one


REVIEW = "staff.review_break_glass"


class ReviewPage(Page):
    """Read by whoever sees the list, written by a reviewer."""

    template = "staff/review.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    nav = LIST
    proof = True
    user: Staff

    def allowed(self) -> bool:
        return self.writes if self.request.method == "POST" else self.user.has_perm("staff.view_staff")

    @property
    def writes(self) -> bool:
        return bool(self.user.has_perm(REVIEW))

    def setup(self) -> None:
        found = queries.emergencies().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.holding: Holding = found

    def heading_title(self) -> str:
        told = {"who": self.holding.staff, "role": role_text(self.holding.role)}
        return _("Emergency access: %(who)s as %(role)s") % told

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(EmergencyList.title, reverse(LIST))]

    def unproven(self) -> HttpResponseBase:
        if not self.writes:
            return self.respond()
        if self.request.method != "POST":
            return super().unproven()
        return self.answer_with(ReviewForm(self.request.POST), status=403, prove=proof.link(self.request))

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.answer_with(ReviewForm())
        form = ReviewForm(self.request.POST)
        if not form.is_valid():
            return self.answer_with(form)
        try:
            review_glass(self.holding, actor=self.user, **form.cleaned_data)
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.answer_with(form, status=403 if isinstance(error, Refused) else 409)
        self.say(_("The emergency access of %(who)s is reviewed.") % {"who": self.holding.staff})
        return HttpResponseRedirect(reverse(LIST))

    def answer_with(self, form: ReviewForm, status: int = 200, prove: str = "") -> HttpResponseBase:
        blocked = ""
        try:
            may_review(self.holding, self.user)
        except (Invalid, Refused) as error:
            blocked = str(error) if self.writes else ""
        asked = self.writes and not blocked
        return self.render(status=status, form=form, asked=asked, blocked=blocked, prove=prove, ends=self.ends())

    def ends(self) -> str:
        """Where one that runs may be ended by somebody else."""
        if (
            not self.holding.is_live
            or self.holding.staff_id == self.user.pk
            or not self.user.has_perm("staff.end_access")
        ):
            return ""
        return reverse("admin:staff_revoke", args=[self.holding.staff_id])

    def context(self) -> dict[str, Any]:
        events = queries.events_meanwhile(self.holding)
        reads = self.user.has_perm("audit.view_event")
        return {
            "facts": self.facts(events[0].reason if events else ""),
            "reads": reads,
            "more": len(events) > queries.EVENTS_SHOWN,
            "entries": [
                Entry(
                    e.at,
                    e.sentence,
                    who=e.subject_label,
                    text=e.reason,
                    url=reverse("admin:audit_event_change", args=[e.pk]),
                    request_id=str(e.request_id),
                )
                for e in events[: queries.EVENTS_SHOWN]
                if reads  # what was done is about numbers too, and not every reader sees those
            ],
        }

    def facts(self, reason: str) -> list[Fact]:
        holding = self.holding
        facts = [
            Fact(_("Who"), link(staff_url(holding.staff_id), holding.staff)),
            Fact(_("Role"), held_role(holding)),
            Fact(_("From"), when(holding.since, exact=True)),
            Fact(_("Until"), when(holding.until, exact=True)),
            Fact(_("Reason"), reason),
            Fact(_("Review"), reviewed(holding)),
        ]
        if hasattr(holding, "review"):
            facts.append(Fact(_("Remarks"), holding.review.remarks))
        return facts


def _unreviewed(staff: Staff) -> QuerySet[Holding]:
    """What waits for this person's review."""
    if not staff.has_perm(REVIEW):
        return Holding.objects.none()
    over = Holding.objects.filter(glass=True, review=None, until__lte=timezone.now())
    return over.exclude(staff=staff)


def _called(pk: int, role: str) -> tuple[str, str]:
    told = {"role": role_text(role)}
    return _("Emergency access to review: %(role)s") % told, reverse("admin:emergency_review", args=[pk])


overview.work(_unreviewed, _called, what="role", who="staff", since="since", until=None)
panels.page("emergency/", "emergency", EmergencyPage)
panels.page("emergency/list/", "emergency_list", EmergencyList)
panels.page("emergency/<int:pk>/review/", "emergency_review", ReviewPage)
panels.sidebar("system", EmergencyList.title, LIST, "staff.view_staff", count=_unreviewed, order=2)
