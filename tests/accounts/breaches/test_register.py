"""The breach register: who was concerned is what the reveal log says, and a larger one is on the clock (PIPL 57)."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts import tasks
from accounts.breaches import services
from accounts.breaches.queries import item_label, items_of, overdue
from accounts.breaches.services import ASSESS, CLOSE, REPORT, TELL, Finding, check_step, register, remind, take
from accounts.disclosures.services import open_it
from accounts.models import Breach, BreachPerson, Disclosure, Identity
from accounts.rights.answer import download
from accounts.rights.services import read as read_statement
from qqops.alerts.models import Alert, Beat
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.breaches.viewing import HOUR, saw
from tests.accounts.disclosures import asking as disclosing
from tests.accounts.rights.steps import Cast, ask, through
from tests.enforcement.acts import broken, head, verbs
from tests.identities import MINOR

Known = Callable[..., Identity]
REASON = "reveal log looked through"
ASSESSED = {
    "level": "ordinary",
    "cause": "one member of staff looked people up without a case",
    "harm": "calls from strangers",
    "remedy": "the account was shut; change your security questions",
    "contact": "privacy@example.com, 0755-12345678",
}


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def finding(staff: Staff | None = None, level: str = "larger", **more: Any) -> Finding:
    now = timezone.now()
    span = {"viewed_from": now - 2 * HOUR, "viewed_to": now} if staff else {}
    return Finding(level, "140 people were looked up in an hour", **({"found_at": now, "staff": staff} | span | more))


def begin(privacy: Staff, staff: Staff | None = None, **more: Any) -> Breach:
    return register(finding(staff, **more), actor=privacy, reason=REASON, ticket="T-57")


def step(breach: Breach, name: str, actor: Staff, **given: Any) -> Breach:
    return take(breach, name, given, actor=actor, reason=REASON)


def test_everybody_whom_that_person_saw_in_that_span_is_listed_with_the_items(
    identity: Known, reviewer: Staff, officer: Staff, privacy: Staff
) -> None:
    one, two, earlier, others = identity(), identity(**MINOR), identity(), identity()
    saw(reviewer, one, "holder:mobile", "holder:document", "holder:mobile", "registrant:name")
    saw(reviewer, two, "holder:name")
    saw(reviewer, earlier, "holder:mobile", ago=3 * HOUR)
    saw(officer, others, "holder:mobile")
    before = head()
    assert services.check(finding(reviewer), actor=privacy) == 2
    breach = begin(privacy, reviewer)
    assert list(BreachPerson.objects.order_by("pk").values_list("breach", "tenure", "fields")) == [
        (breach.pk, one.pk, ["holder:document", "holder:mobile", "registrant:name"]),
        (breach.pk, two.pk, ["holder:name"]),
    ]
    assert [str(field) for field in items_of(breach)] == ["name", "document", "mobile"]
    assert breach.report_due_at == breach.found_at + datetime.timedelta(hours=4)
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_type, event.subject_id, event.ticket) == (
        "breach.registered", "accounts.breach", str(breach.pk), "T-57",
    )  # fmt: skip
    assert event.facts == {
        "level": "larger", "who": "reviewer", "people": 2, "breach": breach.pk,
        "since": breach.viewed_from.isoformat(), "until": breach.viewed_to.isoformat(),  # type: ignore[union-attr]
    }  # fmt: skip
    assert event.rows == {"accounts_historicalbreach": 1, "accounts_breachperson": 2}
    assert broken() == []


def test_a_grant_that_lasted_into_the_span_counts_and_one_that_was_over_before_does_not(
    identity: Known, reviewer: Staff, privacy: Staff
) -> None:
    lasted, over, later = identity(), identity(), identity()
    saw(reviewer, lasted, "holder:mobile", ago=2 * HOUR + datetime.timedelta(minutes=9))
    saw(reviewer, over, "holder:mobile", ago=2 * HOUR + datetime.timedelta(minutes=11))
    saw(reviewer, later, "holder:mobile", ago=-HOUR)
    assert services.check(finding(reviewer), actor=privacy) == 1
    assert list(begin(privacy, reviewer).people.values_list("tenure", flat=True)) == [lasted.pk]


def test_whoevers_file_or_statement_was_opened_in_the_span_is_listed_by_its_classes(
    identity: Known, cast: Cast, rulebook: Any
) -> None:
    privacy, supervisor, deputy = cast["privacy"], cast["supervisor"], cast["supervisor2"]
    filed, read, copied, asked, revealed, untouched = (identity(mobile=f"+861381234567{k}") for k in range(6))
    nobodys = 987_654_321

    def police(one: Identity, *granted: str) -> Disclosure:
        made = disclosing.register(
            cast["agent"], one.tenure.number_id, nobodys, wants=("registrant", "tenure", "messages")
        )
        disclosing.release(disclosing.review(made, privacy, *granted), supervisor)
        return Disclosure.objects.get(pk=made.pk)

    file, paper, other = police(filed, "registrant", "tenure"), police(read, "tenure"), police(untouched, "tenure")
    copy, deletion = through(copied, cast, "copy"), ask(asked, cast["agent"])
    open_it(other, "file", actor=deputy)  # before the span
    since = timezone.now()
    for request, what in ((file, "file"), (paper, "statement"), (other, "proof")):
        open_it(request, what, actor=deputy)
    open_it(other, "file", actor=privacy)  # by somebody else
    download(copy, actor=deputy)
    read_statement(deletion, actor=deputy)
    saw(deputy, revealed, "holder:name", ago=datetime.timedelta())
    saw(deputy, filed, "holder:mobile", ago=datetime.timedelta())
    span: dict[str, Any] = {"viewed_from": since, "viewed_to": timezone.now(), "found_at": timezone.now()}
    assert services.check(finding(deputy, **span), actor=privacy) == 5
    breach = begin(privacy, deputy, **span)
    held = ["class:identity", "class:logins", "class:measures", "class:registrant", "class:tenure"]
    assert {person.tenure_id: person.fields for person in breach.people.all()} == {
        filed.pk: ["class:registrant", "class:tenure", "holder:mobile"],
        read.pk: ["class:said"],
        copied.pk: held,
        asked.pk: ["class:said"],
        revealed.pk: ["holder:name"],
    }
    assert [str(label) for label in items_of(breach)] == [
        "name", "mobile", "registration information", "current identity information", "tenure: channel, time, charge",
        "first and last logins", "measures taken", "what was said and shown with a request",
    ]  # fmt: skip
    assert item_label("class:said") == "what was said and shown with a request"
    assert item_label("registrant:name") == "name · initial registrant"
    assert Event.objects.latest("seq").rows == {"accounts_historicalbreach": 1, "accounts_breachperson": 5}
    assert broken() == []


def test_one_without_a_viewer_lists_nobody_and_an_ordinary_one_has_no_clock(privacy: Staff) -> None:
    breach = begin(privacy, level="ordinary")
    assert (breach.report_due_at, breach.people.count()) == (None, 0)
    assert Event.objects.latest("seq").rows == {"accounts_historicalbreach": 1}


def test_what_cannot_be_right_is_told_and_nothing_is_registered(reviewer: Staff, privacy: Staff) -> None:
    now, before = timezone.now(), head()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"level": "huge"}, "how grave"),
        ({"found_at": now + HOUR}, "in the future"),
        ({"staff": None}, "belong together"),
        ({"viewed_to": None}, "belong together"),
        ({"viewed_from": now + HOUR}, "ends before it begins"),
    ]
    for more, said in wrong:
        with pytest.raises(Invalid, match=said):
            register(replace(finding(reviewer), **more), actor=privacy, reason=REASON)
    for what in (" ", "he saw 13987654321"):
        with pytest.raises(Invalid):
            register(Finding("larger", what, now), actor=privacy, reason=REASON)
    with pytest.raises(Invalid):
        register(finding(), actor=privacy, reason="no")
    assert verbs(before) == [] and not Breach.objects.exists()


def test_only_the_privacy_officer_handles_breaches_and_never_that_of_his_own_viewing(
    cast: dict[str, Staff], privacy: Staff, identity: Known
) -> None:
    breach = begin(privacy)
    for login in ("agent", "reviewer", "officer", "supervisor", "resources", "auditor", "sysadmin"):
        before = head()
        with pytest.raises(Refused, match="may not handle"):
            begin(cast[login])
        with pytest.raises(Refused, match="may not handle"):
            step(breach, ASSESS, cast[login], **ASSESSED)
        assert verbs(before) == ["audit.refused"] * 2, login
    before = head()
    with pytest.raises(Refused, match="your own viewing"):
        begin(privacy, privacy)
    assert verbs(before) == ["audit.refused"] and Breach.objects.count() == 1


def test_a_larger_one_goes_through_all_its_steps(reviewer: Staff, privacy: Staff, identity: Known) -> None:
    saw(reviewer, identity(), "holder:mobile")
    before = head()
    breach = begin(privacy, reviewer)
    for name, said in ((CLOSE, "Assess the breach first"), (TELL, "Assess the breach first")):
        with pytest.raises(Invalid, match=said):
            check_step(breach, name, actor=privacy)
    with pytest.raises(Invalid, match="remains one"):
        step(breach, ASSESS, privacy, **ASSESSED)
    breach = step(breach, ASSESS, privacy, **(ASSESSED | {"level": "larger"}))
    with pytest.raises(Invalid, match="has to be reported"):
        step(breach, CLOSE, privacy, not_told_because="nobody was harmed by it")
    now = timezone.now()
    for given, said in (
        ({"to": " ", "at": now}, "to whom"),
        ({"to": "CAC of Guangdong", "at": now + HOUR}, "in the future"),
        ({"to": "CAC of Guangdong", "at": breach.found_at - HOUR}, "before the breach was found"),
        ({"to": "call 13987654321", "at": now}, "personal data"),
    ):
        with pytest.raises(Invalid, match=said):
            step(breach, REPORT, privacy, **given)
    breach = step(breach, REPORT, privacy, to="CAC of Guangdong", at=now)
    with pytest.raises(Invalid, match="reported already"):
        step(breach, REPORT, privacy, to="CAC of Guangdong", at=now)
    with pytest.raises(Invalid, match="Tell the people, or say"):
        step(breach, CLOSE, privacy, not_told_because=" ")
    breach = step(breach, TELL, privacy, at=now)
    with pytest.raises(Invalid, match="told already"):
        step(breach, TELL, privacy, at=now)
    breach = step(breach, CLOSE, privacy, not_told_because="")
    for name in (ASSESS, REPORT, TELL, CLOSE):
        with pytest.raises(Invalid, match="is closed"):
            check_step(breach, name, actor=privacy)
    assert verbs(before) == [
        "breach.registered", "breach.assessed", "breach.reported", "breach.people_told", "breach.closed",
    ]  # fmt: skip
    assert Event.objects.latest("seq").facts == {"breach": breach.pk, "level": "larger"}
    assert history_model(Breach).objects.count() == 5  # type: ignore[attr-defined]
    assert broken() == []


def test_an_ordinary_one_is_closed_untold_only_for_a_written_reason(privacy: Staff) -> None:
    breach = step(begin(privacy, level="ordinary"), ASSESS, privacy, **ASSESSED)
    for why in ("", "ask 13987654321"):
        with pytest.raises(Invalid):
            step(breach, CLOSE, privacy, not_told_because=why)
    breach = step(breach, CLOSE, privacy, not_told_because="the list was sealed and the key never left the house")
    assert breach.closed_at and breach.not_told_because


def test_raised_to_larger_its_clock_runs_from_when_it_was_found(privacy: Staff) -> None:
    breach = begin(privacy, level="ordinary", found_at=timezone.now() - 5 * HOUR)
    assert not overdue().exists()
    breach = step(breach, ASSESS, privacy, **(ASSESSED | {"level": "larger"}))
    assert breach.report_due_at == breach.found_at + 4 * HOUR and list(overdue()) == [breach]


def test_a_report_that_is_late_is_told_once(privacy: Staff) -> None:
    worker = Staff.objects.system("system-worker")
    late = begin(privacy, found_at=timezone.now() - 5 * HOUR)
    begin(privacy)
    before = head()
    assert [remind(actor=worker), remind(actor=worker)] == [1, 1]
    assert [verb for verb in verbs(before) if verb != "alert.delivered"] == ["breach.overdue"]
    (alert,) = Alert.objects.all()
    assert (alert.code, alert.subject_id, alert.level) == ("breach_overdue", str(late.pk), "critical")
    step(late, REPORT, privacy, to="CAC of Guangdong", at=timezone.now())
    assert remind(actor=worker) == 0 and broken() == []


def test_the_worker_looks_every_few_minutes_and_says_that_it_did(privacy: Staff) -> None:
    begin(privacy, found_at=timezone.now() - 5 * HOUR)
    tasks.breaches(timestamp=0)
    assert Alert.objects.get().code == "breach_overdue" and Beat.objects.filter(name="accounts.breaches").exists()
    assert Event.objects.get(verb="breach.overdue").source == "system"


def test_the_database_knows_the_rules_too(privacy: Staff, reviewer: Staff) -> None:
    breach = begin(privacy, reviewer)
    wrong: list[dict[str, Any]] = [
        {"report_due_at": None},
        {"reported_at": timezone.now()},
        {"reported_to": "CAC"},
        {"closed_at": timezone.now(), "reported_at": timezone.now(), "reported_to": "CAC"},
        {"closed_at": timezone.now(), "not_told_because": "sealed"},
    ]
    for columns in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Breach.objects.filter(pk=breach.pk).update(**columns)
