"""An object as it was at a time, and what differs between two: by whoever sees it, as far as he sees it."""

import datetime
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.declarations.services import declare
from accounts.models import Identity, Number, Tenure
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.templatetags.ops import plain
from qqops.web.pages.as_of import in_form
from tests.accounts.quarantine.steps import quarantined
from tests.cast import succeeded
from tests.enforcement.acts import approve, broken, decide
from tests.enforcement.reclaiming import adopt
from tests.identities import ADULT, tell
from tests.pages import queries, text


def url_of(obj, *moments):
    meta = obj._meta
    query = urlencode(dict(zip(("at", "against"), map(in_form, moments), strict=False)))
    return f"{reverse(f'admin:{meta.app_label}_{meta.model_name}_asof', args=[obj.pk])}?{query}"


def told(value):
    return value if value is None or isinstance(value, datetime.datetime) else str(value)


def differs(page):
    with translation.override("en"):
        return {
            str(change.label): tuple(map(told, (change.before, change.after))) for change in page.context["differs"]
        }


def facts(page, title):
    (panel,) = [panel for then in page.context["times"] for panel in then.panels if panel.title == title]
    with translation.override("en"):
        return {str(fact.label): plain(fact.value) for fact in panel.context["facts"]}


def test_a_number_is_shown_as_it_was_with_its_tenure_and_measures(desk, number, officer):
    one = number()
    free = timezone.now()
    frozen = decide(Kind.FREEZE, one, officer).decision
    browser = desk("auditor")
    then, now = (browser.get(url_of(one, at)) for at in (free, timezone.now()))
    assert facts(then, "What it showed") == {"State": "in use"} and facts(now, "What it showed") == {"State": "frozen"}
    assert facts(then, "Measures then") == {}
    assert list(facts(now, "Measures then")) == [f"violation freeze · #{frozen.pk}"]
    assert facts(then, "Its tenure")["registration channel"] == "software client"
    for part in ("built 1 demo numbers", "So since", "frozen until"):
        assert (part in text(then)) is (part != "frozen until"), part
    assert "filed the decision" in text(now) or "applied the decision" in text(now)
    ((label, value),) = [(act.label, act.url) for act in now.context["acts"] if "/answers/" in act.url]
    assert label == "Who answers for a day" and f"number={one.pk}&day={timezone.localdate()}" in value


def test_two_times_are_compared_in_either_order_with_labels_in_both_languages(desk, number, officer):
    one = number(tier=2)
    free = timezone.now()
    decide(Kind.FREEZE, one, officer)
    now = timezone.now()
    for pair in ((free, now), (now, free)):
        page = desk("auditor").get(url_of(one, *pair))
        found = differs(page)
        assert found["frozen until"][0] is None and found["frozen until"][1] > now
        assert found["What it showed, State"] == ("in use", "frozen")
        (measure,) = set(found) - {"frozen until", "What it showed, State"}  # neither the revision nor a link
        assert measure.startswith("Measures then, violation freeze") and found[measure][0] is None
        assert "before:" in text(page) and "after:" in text(page)  # in words, not in colour alone
    assert "冻结" in text(desk("auditor", "zh-hans").get(url_of(one, free, now)))
    same = desk("auditor").get(url_of(one, free, free - datetime.timedelta(milliseconds=1)))
    assert "at both times it was the same" in text(same)


def test_before_it_existed_and_after_it_was_deleted_there_is_a_sentence(desk, number, setup_actor):
    before = timezone.now()
    one = number()
    page = desk("auditor").get(url_of(one, before, timezone.now()))
    assert "It did not exist yet: it begins with" in text(page) and "there is nothing to compare" in text(page)
    with recorder.act("demo.built", actor=setup_actor, reason="it goes", facts={"numbers": 1}) as act:
        act.history(Number, [one.pk], "-")
    assert "It did not exist any more" in text(desk("auditor").get(url_of(one, timezone.now())))


@pytest.mark.parametrize(
    "query",
    [
        "at=nonsense",
        "at=",
        "at=2999-01-01T00:00",
        "at=2026-01-01T00:00&against=2999-01-01T00:00",
        "at=%00",
        "against=x",
    ],
)
def test_a_time_that_is_none_or_not_yet_is_asked_for_again(desk, number, query):
    page = desk("auditor").get(f"{url_of(number()).partition('?')[0]}?{query}")
    assert page.status_code == 200
    assert ("Give a date and a time in the past." in text(page)) is (query != "at=")
    assert ("times" in page.context) is (query == "at=")  # without one it is now


def test_the_first_days_of_the_calendar_are_before_everything(desk, number):
    assert "It did not exist yet" in text(
        desk("auditor").get(url_of(number()).partition("?")[0] + "?at=0001-01-01T00:00")
    )


def test_the_time_of_another_holder_is_the_auditors_alone(desk, number, setup_actor):
    one = number()
    first = timezone.now()
    succeeded(one, setup_actor)
    assert "not under its present holder" in text(desk("agent").get(url_of(one, first)))
    assert "not under its present holder" not in text(desk("agent").get(url_of(one, timezone.now())))
    assert "not under its present holder" not in text(desk("auditor").get(url_of(one, first)))
    two = number()  # which nobody holds any more
    held = timezone.now()
    quarantined([two.pk])
    assert "not under its present holder" in text(desk("agent").get(url_of(two, held)))
    assert "quarantine" in text(desk("agent").get(url_of(two, timezone.now())))


def test_an_identity_is_masked_as_it_was_and_what_is_sealed_is_never_shown(desk, identity, setup_actor):
    one = identity()
    then = timezone.now()
    tell(one.tenure, setup_actor, mobile="+8613700001111")
    page = desk("agent").get(url_of(one, then, timezone.now()))
    label = "Items, masked, mobile"
    assert set(differs(page)) >= {label, "mobile given"}
    before, after = differs(page)[label]
    assert before != after and before.startswith("138") and after.startswith("137")
    shown = page.content.decode()
    assert not any(value in shown for value in (*ADULT.values(), "13700001111", "memory at", "b&#x27;"))


def test_what_today_shows_nothing_shows_nothing_of_then(desk, identity, agent, setup_actor):
    one = identity()
    then = timezone.now()

    def page():
        return desk("agent").get(url_of(one, then))

    assert "138" in text(page())
    with recorder.act("demo.built", actor=setup_actor, reason="processing stops", facts={"numbers": 1}) as act:
        Identity.objects.filter(pk=one.pk).update(locked_at=timezone.now())
        act.history(Identity, [one.pk])
    assert "138" not in text(page()) and "processing stopped" in text(page())
    with recorder.act("demo.built", actor=setup_actor, reason="it goes on", facts={"numbers": 1}) as act:
        Identity.objects.filter(pk=one.pk).update(locked_at=None)
        act.history(Identity, [one.pk])
    assert "138" in text(page())
    declare(agent, [one.tenure.number_id], "own", actor=agent)
    assert "138" not in text(page()) and "a number you declared" in text(page())


def test_a_tenure_a_decision_and_a_policy_have_their_past_too(desk, cast, number, officer, supervisor, rulebook):
    one = number()
    waits = decide(Kind.TERMINATE, one, officer).decision
    proposed = timezone.now()
    approve(waits, supervisor)
    page = desk("officer").get(url_of(waits, proposed, timezone.now()))
    found = differs(page)
    assert found["state"] == ("waiting for approval", "applied")
    assert found["Approvals by then, supervisor"] == (None, "agreed")
    assert text(page).count("officer") >= 2  # the maker by name, not by key
    tenure = Tenure.objects.get(number=one.pk)
    shown = text(desk("agent").get(url_of(tenure, proposed)))
    assert str(tenure.rules_version) in shown and "The identity information as it was" not in shown
    policy = adopt(cast)
    shown = text(desk("auditor").get(url_of(policy, timezone.now())))
    assert f"from {timezone.localdate()}" in shown and "15" in shown


def test_only_who_sees_the_object_finds_the_page_by_its_object_and_its_history(desk, number):
    one = number()
    own = url_of(one).partition("?")[0]
    assert desk("sysadmin").get(own).status_code == 403
    assert desk("agent").get(own.replace(str(one.pk), "99999999999")).status_code == 404
    assert desk("agent").post(own).status_code == 405
    for page in ("change", "history"):
        assert (
            f'href="{own}"'
            in desk("agent").get(reverse(f"admin:accounts_number_{page}", args=[one.pk])).content.decode()
        )


def test_a_look_back_writes_nothing_and_costs_the_same_however_long_the_history(desk, number, setup_actor, officer):
    one = number()
    decide(Kind.FREEZE, one, officer)
    browser, costs = desk("auditor"), []
    url = url_of(one, timezone.now(), timezone.now())
    for _round in range(2):
        before = Event.objects.count()
        with queries() as statements:
            browser.get(url)
        costs.append(len(statements))
        assert Event.objects.count() == before
        for n in range(30):
            with recorder.act("number.protected", actor=setup_actor, reason="again", facts={"numbers": 1}) as act:
                Number.objects.filter(pk=one.pk).update(protection="vip" if n % 2 else "")
                act.history(Number, [one.pk])
        url = url_of(one, timezone.now() - datetime.timedelta(seconds=0), timezone.now())
    assert costs[0] == costs[1] <= 20, costs
    assert broken() == [] and Decision.objects.exists()
