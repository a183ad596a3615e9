"""A role for an hour: told, bounded by the database, reviewed by another."""

import datetime
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.breaches.services import Finding, take
from accounts.breaches.services import register as register_breach
from accounts.disclosures import services as disclosures
from accounts.disclosures.queries import disclosures as visible
from accounts.reveals.services import reveal as reveal_one
from accounts.reveals.services import shown
from accounts.rights.answer import download
from accounts.rights.services import read
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.emergency.services import break_glass, review_glass
from qqops.staff.models import GlassReview, Holding, Staff
from qqops.staff.people import services as people
from qqops.staff.policy import GLASS_ROLES, ROLES
from qqops.staff.tasks import remind, remind_of_reviews
from tests.accounts.disclosures.asking import register, release, review
from tests.accounts.reveals.test_reveal import frozen, restricted, wanted
from tests.accounts.rights.steps import answer, ask, through
from tests.enforcement.acts import broken
from tests.enforcement.runs.test_races import together
from tests.identities import ADULT
from tests.qqops.staff.acts import emergency, held, in_time, leaves, now_of, reviewed
from tests.qqops.staff.signin.steps import head, told, verbs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def test_an_emergency_is_told_ends_by_itself_and_is_reviewed_by_another(
    officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    since = head()
    holding = emergency(officer, "supervisor", minutes=30)
    ((verb, actor, _subject, facts),) = told(since)
    assert (verb, actor, facts["role"], facts["login"]) == ("staff.broke_glass", "officer", "supervisor", "officer")
    assert Event.objects.latest("seq").rows == {"staff_historicalholding": 1, "alerts_alert": 1}
    assert Alert.objects.get().code == "break_glass"
    assert now_of(officer).has_perm("enforcement.approve_decision")
    with pytest.raises(Invalid, match="is over"):
        review_glass(holding, actor=supervisor, justified=True, remarks="it was needed")
    with in_time(31 * HOUR / 60):
        assert now_of(officer).roles == {"officer"}
        with pytest.raises(Refused, match="has not been reviewed"):
            emergency(officer, "privacy")
        for nobody in (officer,):
            with pytest.raises(Refused):
                review_glass(holding, actor=nobody, justified=True, remarks="it was needed")
        review = review_glass(holding, actor=supervisor, justified=False, remarks="could have waited")
        with pytest.raises(Invalid, match="reviewed already"):
            review_glass(holding, actor=supervisor2, justified=True, remarks="I think otherwise")
        assert GlassReview.objects.get() == review and broken() == []
        with pytest.raises(Refused, match="not justified"):
            emergency(officer, "privacy")


def test_nobody_reviews_his_own_and_the_database_says_so_too(supervisor: Staff, supervisor2: Staff) -> None:
    holding = emergency(supervisor, "officer")
    access.revoke(supervisor, "officer", actor=supervisor2, reason="the fire is out")
    holding.refresh_from_db()
    with pytest.raises(Refused, match="yourself"):
        review_glass(holding, actor=supervisor, justified=True, remarks="it was needed")

    def review(staff: Staff, reviewer: Staff) -> None:
        with transaction.atomic():
            GlassReview.objects.bulk_create([
                GlassReview(
                    holding=holding, staff=staff, reviewer=reviewer, justified=True, remarks="x", at=timezone.now(),
                    event_id=Event.objects.latest("seq").pk,
                )
            ])  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="glass_review_by_another"):
        review(supervisor, supervisor)
    with pytest.raises(IntegrityError, match="staff_id_is_the_parents"):
        review(supervisor2, supervisor)


@pytest.mark.parametrize("minutes", [0, -5, 61, 600])
def test_an_emergency_lasts_an_hour_at_most(officer: Staff, minutes: int) -> None:
    with pytest.raises(Invalid):
        emergency(officer, "supervisor", minutes=minutes)
    now = timezone.now()
    for until in (None, now + HOUR + datetime.timedelta(seconds=1)):
        with pytest.raises(IntegrityError, match="holding_glass_is_short"), transaction.atomic():
            held(officer, "privacy", since=now, until=until, glass=True)
    holding = emergency(officer, "supervisor")
    with pytest.raises(IntegrityError, match="only be shortened"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(until=now + 2 * HOUR)


def test_an_emergency_opens_neither_the_record_nor_the_house_nor_what_excludes(
    officer: Staff, agent: Staff, auditor: Staff, sysadmin: Staff
) -> None:
    assert set(ROLES) - set(GLASS_ROLES) == {"auditor", "sysadmin"}
    since = head()
    for who, role in ((officer, "auditor"), (officer, "sysadmin"), (officer, "reviewer"), (officer, "officer"),
                      (agent, "supervisor"), (auditor, "supervisor"), (sysadmin, "supervisor")):  # fmt: skip
        with pytest.raises(Refused):
            emergency(who, role)
    assert verbs(since) == ["audit.refused"] * 7 and not Holding.objects.filter(glass=True).exists()


def test_an_emergency_opens_no_file_about_people_and_decides_nothing_for_them(
    identity: Any, cast: dict[str, Staff], rulebook: Any, terminal: Any, tmp_path: Path
) -> None:
    """Night work is one item for a case of one's own; the rest waits for those whose work it is."""
    one, officer = identity(), cast["officer"]
    decision = frozen(one, officer)
    asked = register(cast["agent"], one.tenure.number_id)
    copy = through(one, cast, "copy")
    waiting = ask(one, cast["agent"], "lock")
    released = register(cast["agent"], one.tenure.number_id)
    release(review(released, cast["privacy"], "registrant"), cast["supervisor"])
    others = restricted(one, cast["officer2"])
    found = Finding("larger", "somebody sold data", timezone.now())
    hurt = register_breach(found, actor=cast["privacy"], reason="found in the log")
    file = tmp_path / "people.csv"
    file.write_text(f"number,mobile\n{one.tenure.number_id},13711111111\n")
    emergency(officer, "privacy")
    cast["officer"] = night = now_of(officer)
    doors: dict[str, Callable[[], Any]] = {
        "opens a request": lambda: disclosures.open_it(asked, "statement", actor=night),
        "takes out the file": lambda: disclosures.open_it(released, "file", actor=night),
        "reviews a request": lambda: review(asked, night, "registrant"),
        "reads what was said": lambda: read(waiting, actor=night),
        "takes out a copy": lambda: download(copy, actor=night),
        "decides": lambda: answer(waiting, night),
        "registers a breach": lambda: register_breach(found, actor=night, reason="found in the log"),
        "handles a breach": lambda: take(hurt, "assess", {}, actor=night, reason="found in the log"),
        "reveals for another's case": lambda: reveal_one(wanted(one, others), actor=night, nonce=uuid.uuid4()),
    }
    for door, opens in doors.items():
        since = head()
        with pytest.raises(Refused):
            opens()
        assert verbs(since) == ["audit.refused"], door
    for more in ((), ("--apply",)):
        said = terminal("officer", "identity", "import", file, "--reason", "server room on fire", *more)
        assert (said.code, said.error) == (5, "Your role may not import identities.")
    granted = reveal_one(wanted(one, decision), actor=night, nonce=uuid.uuid4())
    assert shown(granted, actor=night) == ADULT["mobile"]


def test_an_emergency_does_not_show_what_is_secret(
    identity: Any, cast: dict[str, Staff], rulebook: Any, officer: Staff
) -> None:
    secret = register(cast["agent"], identity().tenure.number_id, secret=True)
    assert visible(cast["supervisor"]).filter(pk=secret.pk).exists()
    emergency(officer, "supervisor")
    night = now_of(officer)
    assert night.has_perm("accounts.view_disclosure") and not visible(night).filter(pk=secret.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_emergencies_at_once_there_is_one(officer: Staff) -> None:
    found = together(lambda: emergency(officer, "supervisor"), lambda: emergency(officer, "privacy"))
    assert sorted(type(f).__name__ for f in found) == ["Holding", "Refused"]
    assert Holding.objects.filter(glass=True).count() == Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("why", ["deactivate", "revoke"])
def test_whoever_is_leaving_breaks_no_glass(officer: Staff, sysadmin: Staff, why: str) -> None:
    """The page was opened before; what counts is what he is when the act is done."""
    stale = now_of(officer)
    assert stale.has_perm("staff.break_glass")
    if why == "revoke":
        access.revoke(officer, "officer", actor=sysadmin, reason="moves to another desk")
    else:
        people.deactivate(officer, actor=sysadmin, reason="has left the house")
    with pytest.raises(Refused):
        break_glass("supervisor", actor=stale, reason="server room on fire")
    assert not Holding.objects.filter(glass=True).exists()


@pytest.mark.django_db(transaction=True)
def test_an_emergency_and_a_leaving_at_once_leave_no_role(officer: Staff, sysadmin: Staff) -> None:
    together(lambda: emergency(officer, "supervisor"), lambda: leaves(officer, sysadmin))
    assert not now_of(officer).roles and list(verify()) == []


def test_a_review_that_is_late_is_told_once_a_day(officer: Staff, reviewer: Staff, supervisor: Staff) -> None:
    mine, other = emergency(officer, "privacy"), emergency(reviewer, "privacy")
    reviewed(other, supervisor)
    with in_time(2 * DAY + 59 * HOUR / 60):
        assert remind_of_reviews() == 0
    since = head()
    with in_time(2 * DAY + HOUR):
        assert remind_of_reviews() == 1
        remind(0)
    with in_time(3 * DAY):
        remind(0)
        ((verb, actor, subject, facts),) = told(since)
        assert (verb, actor, subject, facts) == (
            "staff.review_overdue", "system-worker", "officer", {"who": "officer", "role": "privacy"}
        )  # fmt: skip
        assert Alert.objects.filter(code="break_glass_overdue").count() == 1
    with in_time(3 * DAY + 2 * HOUR):
        remind(0)
        assert Alert.objects.filter(code="break_glass_overdue").count() == 2
        review_glass(mine, actor=supervisor, justified=True, remarks="it was needed")
        assert remind_of_reviews() == 0
    assert broken() == []
