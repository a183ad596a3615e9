"""Emergency access (break-glass): what cannot wait for two people. An hour at most, told, reviewed by another."""

import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.staff.access.services import give_or_say_why
from qqops.staff.models import GlassReview, Holding, Staff
from qqops.staff.models.access import GLASS_LIFE
from qqops.staff.people.services import as_of_now, end_holdings, may, reasoned
from qqops.staff.policy import GLASS_ROLES

TOOK_IT = conflict(gettext_noop("You took this role yourself: another person must review it."))

MINUTES = int(GLASS_LIFE.total_seconds() // 60)
BARRED = datetime.timedelta(days=90)  # how long there is no other after one that was found not justified


def may_break_glass(actor: Staff) -> None:
    """Refused says why this person may not take a role in an emergency now."""
    may(actor, "staff.break_glass")
    last = Holding.objects.filter(staff=actor, glass=True, review=None).order_by("-until").first()
    if last is not None and last.is_live:
        raise Refused(gettext_noop("Your emergency access runs until %(until)s."), until=f"{_local(last.until):%H:%M}")
    if last is not None:
        raise Refused(gettext_noop("Your last emergency access has not been reviewed yet: ask a supervisor."))
    misused = GlassReview.objects.filter(staff=actor, justified=False, at__gt=timezone.now() - BARRED)
    if found := misused.order_by("-at").first():
        raise Refused(
            gettext_noop("An emergency access of yours was found not justified: there is no other until %(until)s."),
            until=f"{_local(found.at + BARRED):%Y-%m-%d}",
        )


def _local(moment: datetime.datetime | None) -> datetime.datetime:
    assert moment is not None  # an emergency access has an end
    return timezone.localtime(moment)


def break_glass(role: str, *, actor: Staff, reason: str, minutes: int = MINUTES) -> Holding:
    """Take a role for an hour at most, without anybody's approval; told to supervisors and auditors at once."""
    facts = {"role": role, "login": actor.username}
    with (
        recorder.refusals(actor=actor, subject=actor, facts={"act": "break_glass", "role": role}),
        transaction.atomic(),
    ):
        actor = as_of_now(actor)  # with what he holds at this moment
        may_break_glass(actor)
        if role not in GLASS_ROLES:
            raise Refused(gettext_noop("This role cannot be taken in an emergency."))
        if not 1 <= minutes <= MINUTES:
            raise Invalid(_("Emergency access lasts from 1 to 60 minutes."))
        reasoned(reason)
        until = timezone.now() + datetime.timedelta(minutes=minutes)
        with recorder.act("staff.broke_glass", actor=actor, reason=reason, subject=actor, facts=facts) as act:
            holding = give_or_say_why(actor, role, act, until=until, glass=True)
            act.facts["until"] = f"{until:%Y-%m-%dT%H:%M:%SZ}"
            raise_alert(act, "break_glass", subject=actor, who=actor.username, role=role, until=until)
    return holding


def give_back(*, actor: Staff) -> None:
    """End one's own running emergency access before its time; the session goes on with what else one holds."""
    with transaction.atomic():
        running = Holding.objects.live().filter(staff=actor, glass=True)
        role = running.values_list("role", flat=True).first()
        if role is None:
            raise _not_running()
        facts = {"login": actor.username, "role": role}
        with recorder.act("staff.role_ended", actor=actor, reason="", subject=actor, facts=facts) as act:
            if not end_holdings(running, act):
                raise _not_running()


def _not_running() -> Invalid:
    return Invalid(_("You have no emergency access that runs."))


def may_review(holding: Holding, actor: Staff) -> None:
    """Refused or Invalid says why this person may not review this emergency access."""
    may(actor, "staff.review_break_glass")
    if holding.staff_id == actor.pk:
        raise Refused(TOOK_IT)
    if not holding.glass or holding.is_live:
        raise Invalid(_("Only emergency access that is over is reviewed."))
    if GlassReview.objects.filter(holding=holding).exists():
        raise _reviewed()


def _reviewed() -> Invalid:
    return Invalid(_("This emergency access was reviewed already."))


def review_glass(holding: Holding, *, actor: Staff, justified: bool, remarks: str) -> GlassReview:
    """Say whether an emergency access was justified; another person than who took it, once."""
    facts = {"login": holding.staff.username, "role": holding.role, "justified": justified}
    with recorder.refusals(actor=actor, subject=holding.staff, facts={"act": "review_glass"}):
        may_review(holding, actor)
        reasoned(remarks)
        verb = "staff.glass_reviewed"
        with recorder.act(verb, actor=actor, reason=remarks, subject=holding.staff, facts=facts) as act:
            review = GlassReview(
                holding=holding,
                staff_id=holding.staff_id,
                reviewer=actor,
                justified=justified,
                remarks=remarks,
                at=timezone.now(),
                event_id=act.event_id,
            )
            try:
                with transaction.atomic():
                    GlassReview.objects.bulk_create([review])
            except IntegrityError as error:
                raise _reviewed() from error
            act.wrote(GlassReview)
    return review
