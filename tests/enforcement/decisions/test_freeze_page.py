"""An officer freezes numbers through the web door: the form, what will happen, one button, the rows."""

import datetime

import pytest
from django.utils import timezone

from accounts.models import Number
from enforcement.models import Decision, Evidence, Ground, Measure, Notice, Outcome, Target
from qqops.audit.models import Event
from tests.pages import FREEZE, RESTRICT, act, act_url, confirm, decision_url, number_url, preview, text, told, verbs

DAY = datetime.timedelta(days=1)


def test_an_officer_freezes_one_number_and_every_row_says_so(desk, number, officer):
    n = number()
    browser = desk("officer")
    page = browser.get(number_url(n.pk))
    url = act_url("freeze", n.pk)
    assert f'href="{url}"' in page.content.decode()
    form = browser.get(url)
    assert form.status_code == 200 and "will be changed 1" in text(form) and "Freeze: 88880001" in text(form)
    before = len(verbs())
    shown = preview(browser, url, FREEZE)
    assert shown.status_code == 200
    assert "Kind of freeze violation freeze" in text(shown) and "Clause 10.1" in text(shown)
    assert "It acts at once; nobody else is needed." in text(shown)
    assert (shown.context["preview"].button, Decision.objects.count()) == ("Confirm freeze", 0)

    start = timezone.now()
    done = confirm(browser, url, FREEZE, shown.context["token"])
    assert done["Location"] == number_url(n.pk)
    decision = Decision.objects.get()
    assert told(browser.get(done["Location"])) == [f"Freeze: 1 done, 0 skipped. Decision #{decision.pk}."]
    assert (decision.maker, decision.state, decision.effect, decision.rule, decision.target_count) == (
        officer, "applied", "at_once", "alone", 1)  # fmt: skip
    assert (decision.facts, decision.reason, decision.ticket) == (FREEZE["facts"], FREEZE["reason"], "T-17")
    assert list(Ground.objects.values_list("basis", "clause__number", "citation")) == [("10.1", "10.1", "")]
    assert list(Evidence.objects.order_by("pk").values_list("statement", flat=True)) == [
        "screenshot set 7", "chat log 9"]  # fmt: skip
    assert list(Target.objects.values_list("number_id", "tenure_id", "revision")) == [(n.pk, n.tenure_id, 0)]
    assert list(Outcome.objects.values_list("number_id", "why", "before")) == [
        (n.pk, "", {"lifecycle": "in_use", "measures": None, "frozen_until": None, "restricted_until": None})
    ]
    measure = Measure.objects.get()
    assert (measure.kind, measure.freeze_kind, measure.tenure_id, measure.ended_at) == (
        "freeze", "violation", n.tenure_id, None)  # fmt: skip
    assert measure.until and start + 7 * DAY <= measure.until <= timezone.now() + 7 * DAY
    n.refresh_from_db()
    assert (n.frozen_until, n.restricted_until, n.lifecycle, n.revision) == (measure.until, None, "in_use", 1)
    assert list(Notice.objects.values_list("tenure_id", "state")) == [(n.tenure_id, "pending")]
    assert [h.frozen_until for h in n.history.order_by("history_id")] == [None, measure.until]
    assert (measure.history.count(), decision.history.count()) == (1, 1)

    assert verbs()[before:] == ["decision.proposed", "decision.applied"]
    first, second = Event.objects.order_by("seq")[before:]
    assert first.facts == {"act": "freeze", "rule": "alone", "clauses": ["10.1"], "targets": 1}
    assert second.facts == {"act": "freeze", "applied": 1, "skipped": {}}
    for event in (first, second):
        assert (event.actor, event.source, event.address, event.os_user) == (officer, "web", "127.0.0.1", "")
        assert (str(event.request_id), event.reason) == (done["X-Request-ID"], FREEZE["reason"])


def test_three_ticked_numbers_are_frozen_by_one_decision_and_one_that_cannot_be_is_named(desk, numbers, officer):
    three, free = numbers(3), numbers(1, "available")[0]
    browser = desk("officer")
    page = browser.get("/admin/accounts/number/").content.decode()
    assert page.count('type="checkbox" name="number"') == 4 and 'formaction="/admin/act/freeze/"' in page
    url = act_url("freeze", *three, free)
    shown = preview(browser, url, FREEZE)
    assert "will be changed 3" in text(shown) and "skipped: nobody holds it 1" in text(shown)
    done = confirm(browser, url, FREEZE, shown.context["token"])
    decision = Decision.objects.get()
    assert done["Location"] == decision_url(decision)
    assert told(browser.get(done["Location"])) == [f"Freeze: 3 done, 1 skipped. Decision #{decision.pk}."]
    assert list(Outcome.objects.order_by("number_id").values_list("number_id", "why")) == [
        *((n, "") for n in three),
        (free, "no_tenure"),
    ]
    assert Number.objects.filter(frozen_until__isnull=False).count() == 3 == Measure.objects.count()


@pytest.mark.parametrize(
    "kind, said, button, effect",
    [
        ("freeze", FREEZE, "Confirm freeze", "It acts at once; nobody else is needed."),
        ("freeze", FREEZE | {"term": "30"}, "Send for approval", "It acts at once, provisionally, and ends by itself"),
        ("restrict", RESTRICT, "Confirm restriction", "It acts at once; nobody else is needed."),
        ("restrict", RESTRICT | {"scopes": ["login"]}, "Send for approval", "provisionally"),
        ("terminate", FREEZE, "Send for approval", "Nothing happens yet: it waits for 1 approver."),
    ],
)
def test_the_button_says_what_its_click_does(desk, number, kind, said, button, effect):
    n = number()
    shown = preview(desk("officer"), act_url(kind, n.pk), said)
    assert shown.context["preview"].button == button and effect in text(shown)
    assert 'value="confirm"' in shown.content.decode() and button in text(shown)


def test_a_long_freeze_acts_at_once_but_ends_with_its_proposal(desk, number):
    n, browser = number(), desk("officer")
    decision = act(browser, "freeze", n.pk, said=FREEZE | {"term": "indefinite"})
    assert (decision.state, decision.effect) == ("proposed", "provisional")
    n.refresh_from_db()
    assert n.frozen_until == decision.expires_at == Measure.objects.get().until
    assert told(browser.get(number_url(n.pk))) == [
        f"Freeze: 1 done, 0 skipped. Decision #{decision.pk}.",
        f"Decision #{decision.pk} waits for approval.",
    ]


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"clauses": ["10.2"]}, "10.2"),
        ({"clauses": []}, "This field is required."),
        ({"evidence": " \n "}, "This field is required."),
        ({"reason": "no"}, "Give a reason of at least 6 characters."),
        ({"term": "until", "until": "2020-01-01T00:00"}, "The end lies in the past."),
        ({"term": "until", "until": ""}, "Give the time."),
        ({"freeze_kind": "owner"}, "Clause 10.1 does not allow this kind of freeze."),
        ({"clauses": ["law"], "freeze_kind": "legal"}, "Name the law and article, or the order and its number."),
        ({"facts": "caller was 13800138000"}, "Leave personal data out."),
    ],
)
def test_a_wrong_form_is_shown_again_with_a_sentence_and_nothing_on_the_record(desk, number, change, sentence):
    n, browser = number(), desk("officer")
    before = verbs()
    shown = preview(browser, act_url("freeze", n.pk), FREEZE | change)
    assert shown.status_code == 200 and sentence in text(shown)
    assert not shown.context["frozen"] and "token" not in shown.context
    assert FREEZE["ticket"] in shown.content.decode()  # what was typed is still there
    assert (verbs(), Decision.objects.count()) == (before, 0)


def test_an_unknown_number_and_a_malformed_one_get_no_form_to_confirm(desk, number):
    browser = desk("officer")
    unknown = preview(browser, act_url("freeze", 99_999_999_999), FREEZE)
    assert unknown.status_code == 200 and "unknown" in text(unknown) and not unknown.context["frozen"]
    for wrong in ("04123", "1234", "12a45", ""):
        assert browser.get(f"/admin/act/freeze/?number={wrong}").status_code == 404
    assert browser.get("/admin/act/freeze/").status_code == 404
    assert browser.get(act_url("freeze", *range(10_000, 10_201))).status_code == 404
    assert browser.get(act_url("banish", number().pk)).status_code == 404
