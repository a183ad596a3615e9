"""Cases by the web: opened, worked on, led to a decision, agreed to by another, closed; and grounds struck out."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from enforcement.cases.policy import CaseKind
from enforcement.models import Case, Decision, EvidenceFile, StrikeOut
from enforcement.policy import Kind
from tests.enforcement.acts import decide
from tests.enforcement.cases.opening import opened
from tests.enforcement.evidence.test_pages import sent
from tests.pages import FREEZE, confirm, decision_url, number_url, preview, text, told, verbs

pytestmark = pytest.mark.django_db
LIST = "/admin/enforcement/case/"
WHY = {"reason": "told at the desk", "ticket": "T-9"}


def both_steps(browser, url, said):
    shown = preview(browser, url, said)
    assert shown.status_code == 200 and "token" in shown.context, text(shown)
    done = confirm(browser, url, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return done


def of(name, case):
    return reverse(f"admin:{name}", args=[case.pk])


def page_of(case):
    return reverse("admin:enforcement_case_change", args=[case.pk])


def test_a_case_is_opened_with_its_numbers_parties_and_evidence_and_stands_on_their_pages(desk, number):
    sold, giver, taker, browser = number(), number(), number(), desk("agent")
    assert reverse("admin:case_kinds") in browser.get(LIST).content.decode()
    url = reverse("admin:open_case", args=["transfer"])
    kinds = browser.get(reverse("admin:case_kinds"))
    assert url in kinds.content.decode() and "(may be left empty)" in text(kinds)
    said = WHY | {
        "what": "offered in two chat groups",
        "way": "sale",
        "paid": "on",
        "subject": str(sold.pk),
        "from": f"{giver.pk}",
        "to": f"QQ:{taker.pk}",
        "evidence": "the offer\nthe payment",
    }
    shown = preview(browser, url, said | {"upload": sent()})
    one = EvidenceFile.objects.get()
    assert one.sha256 in text(shown) and "does nothing to any number" in text(shown)
    done = confirm(browser, url, said | {"evidence_files": [one.pk]}, shown.context["token"])
    case = Case.objects.get()
    assert done["Location"] == page_of(case) and case.details == {"way": "sale", "paid": True, "legal_referral": False}
    page = text(browser.get(page_of(case)))
    for words in ("offered in two chat groups", "sale", "gave it away", "took it", "the payment", one.sha256, "open"):
        assert words in page
    assert told(browser.get(page_of(case))) == []
    for n in (sold, giver, taker):
        found = text(browser.get(number_url(n.pk)))
        assert f"#{case.pk}" in found and "suspected transfer" in found
        tenure = browser.get(reverse("admin:accounts_tenure_change", args=[n.tenure_id]))
        assert f"#{case.pk}" in text(tenure)
    assert "Cases" not in text(desk("resources").get(number_url(sold.pk)))
    assert f"#{case.pk}" in text(browser.get(f"{LIST}?state=open&kind=transfer"))
    assert f"#{case.pk}" not in text(browser.get(f"{LIST}?kind=finder"))


@pytest.mark.parametrize("kind", [kind.value for kind in CaseKind])
def test_each_kind_has_its_own_form_and_what_comes_of_a_decision_or_a_ruling_has_none(desk, kind):
    url = reverse("admin:open_case", args=[kind])
    assert desk("agent").get(url).status_code == (404 if kind in ("review", "redress") else 200)
    assert desk("reviewer").get(url).status_code == 403


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"subject": "12345678901234"}, "is not a number"),
        ({"subject": "99999"}, "unknown: 99999"),
        ({"what": "caller was 13800138000"}, "Leave personal data out"),
        ({"reason": "no"}, "at least 6 characters"),
        ({"reported_on": "2999-01-01"}, "cannot be read"),
        ({"heard": ""}, "This field is required."),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_opens_nothing(desk, number, change, sentence):
    said = WHY | {"what": "found it", "subject": str(number().pk), "heard": "desk", "reported_on": "2026-11-02"}
    url, browser, before = reverse("admin:open_case", args=["finder"]), desk("agent"), verbs()
    shown = preview(browser, url, said | change)
    assert sentence in text(shown) and not shown.context["frozen"]
    assert (verbs(), Case.objects.count()) == (before, 0)
    assert preview(browser, url, said).context["frozen"]


def test_a_second_press_opens_no_second_case(desk, number):
    url, browser = reverse("admin:open_case", args=["theft"]), desk("agent")
    said = WHY | {"what": "password was guessed", "subject": str(number().pk), "reported_on": "2026-11-02"}
    token = preview(browser, url, said).context["token"]
    first, second = confirm(browser, url, said, token), confirm(browser, url, said, token)
    assert first["Location"] == second["Location"] == page_of(Case.objects.get())


def test_freeze_these_numbers_brings_the_case_its_ground_and_its_evidence_to_the_form(desk, cast, number):
    mine, other, finder = number(), number(), number()
    numbers = {"subject": [mine.pk, other.pk], "finder": [finder.pk]}
    case = opened(CaseKind.FINDER, cast["agent"], evidence=("call of 2 November",), numbers=numbers)
    browser = desk("officer")
    page = browser.get(page_of(case))
    acts = {act.label: act.url for act in page.context["acts"]}
    assert "Restrict these numbers" not in acts and "Terminate these numbers" not in acts  # 8.3 allows a freeze only
    query = parse_qs(urlsplit(acts["Freeze these numbers"]).query)
    assert query == {"case": [str(case.pk)], "number": [str(mine.pk), str(other.pk)]}
    form = browser.get(acts["Freeze these numbers"])
    assert form.context["form"].initial["clauses"] == ["8.3"]
    assert form.context["form"].initial["freeze_kind"] == "security"
    assert "call of 2 November" in text(form) and page_of(case) in form.content.decode()
    said = {"clauses": ["8.3"], "facts": "found", "evidence": "the call", "reason": "protect it now",
            "freeze_kind": "security", "term": "1"}  # fmt: skip
    both_steps(browser, acts["Freeze these numbers"], said)
    made = Decision.objects.get()
    assert made.case_id == case.pk and made.target_count == 2
    assert page_of(case) in browser.get(decision_url(made)).content.decode()
    assert f"#{made.pk}" in text(browser.get(page_of(case)))
    at_him = f"{reverse('admin:act', args=['freeze'])}?case={case.pk}&number={finder.pk}"
    refused = preview(browser, at_him, said)
    assert refused.status_code == 403 and "reported in good faith" in text(refused)
    assert "in good faith: not penalised" in text(browser.get(number_url(finder.pk)))
    for wrong in ("0", "x", "99999", ""):
        wrong_url = f"{reverse('admin:act', args=['freeze'])}?case={wrong}&number={mine.pk}"
        assert browser.get(wrong_url).status_code == (404 if wrong else 200)


def test_the_steps_of_a_case_each_by_its_page(desk, cast, number):
    one, more = number(), number()
    case = opened(CaseKind.THEFT, cast["agent"], one.pk)
    officer, supervisor = desk("officer"), desk("supervisor")
    before = len(verbs())
    both_steps(desk("agent"), of("case_evidence", case), WHY | {"evidence": "the log"})
    both_steps(officer, of("case_numbers", case), WHY | {"subject": str(more.pk)})
    both_steps(officer, of("case_details", case), WHY | {"reported_on": "2026-11-03"})
    assert "closes with a root cause" in text(officer.get(of("case_close", case)))
    both_steps(officer, of("case_cause", case), WHY | {"cause": "operator"})
    assert of("case_cause_ruling", case) in supervisor.get(page_of(case)).content.decode()
    assert of("case_cause_ruling", case) not in officer.get(page_of(case)).content.decode()
    seen = supervisor.get(of("case_cause_ruling", case)).context["form"].initial["content_hash"]
    stale = supervisor.post(
        of("case_cause_ruling", case), {"content_hash": "other:1", "reason": "seen and agreed", "agree": "1"}
    )
    assert stale.status_code == 409
    agreed = supervisor.post(
        of("case_cause_ruling", case), {"content_hash": seen, "reason": "seen and agreed", "agree": "1"}
    )
    assert agreed["Location"] == page_of(case)
    assert "refer it for compensation" in text(officer.get(page_of(case)))
    both_steps(officer, of("case_close", case), WHY | {"conclusion": "we answer for it"})
    assert verbs()[before:] == [
        "case.evidence_added",
        "case.numbers_added",
        "case.amended",
        "case.cause_proposed",
        "case.cause_agreed",
        "case.closed",
    ]
    page = officer.get(page_of(case))
    assert "we answer for it" in text(page) and len(page.context["acts"]) == 2  # its history, and as it was
    assert "closed" in text(officer.get(f"{page_of(case)}history/"))
    assert "This case is closed" in text(officer.get(of("case_numbers", case)))


def test_a_sample_shows_how_right_the_judgement_is(desk, cast, number):
    case = opened(CaseKind.CLUSTER, cast["agent"], number().pk)
    said = WHY | {"cluster": "c-17", "sampled": "50", "wrong": "2"}
    both_steps(desk("officer"), of("case_details", case), said)
    page = text(desk("auditor").get(page_of(case)))
    assert "Precision 96.0 %" in page and "c-17" in page
    emptied = text(preview(desk("officer"), of("case_details", case), WHY | {"cluster": "c-17", "sampled": "50"}))
    assert "of these not malicious emptied" in emptied and "same device" not in emptied


def test_a_case_about_his_own_number_is_none_of_his(desk, cast, number):
    from accounts.declarations.services import declare

    one = number()
    case = opened(CaseKind.THEFT, cast["agent"], one.pk)
    declare(cast["officer"], [one.pk], "own", actor=cast["officer"])
    browser = desk("officer")
    assert browser.get(page_of(case)).status_code == browser.get(of("case_close", case)).status_code == 404
    assert f"#{case.pk}" not in text(browser.get(LIST))
    assert f"#{case.pk}" in text(desk("officer2").get(LIST))


def test_a_ground_is_struck_out_and_what_is_left_without_one_is_listed_until_it_is_decided(
    desk, cast, rulebook, number
):
    one, both = number(), number()
    alone = decide(Kind.FREEZE, one, cast["officer"]).decision
    also = decide(Kind.FREEZE, both, cast["officer"], clauses=("8.1", "10.1")).decision
    browser, url = desk("privacy"), reverse("admin:strike_out")
    said = WHY | {"version": rulebook.pk, "clause": "10.1", "citation": ""}
    assert "This version has no such clause." in text(preview(browser, url, said | {"clause": "77"}))
    shown = preview(browser, url, said)
    assert "left without a ground 1" in text(shown) and f"#{alone.pk}" in text(shown)
    both_steps(browser, url, said)
    row = StrikeOut.objects.get()
    page = browser.get(reverse("admin:enforcement_strikeout_change", args=[row.pk]))
    case = Case.objects.get(kind="review")
    assert "no ground left: decide on it" in text(page) and page_of(case) in page.content.decode()
    assert reverse("admin:enforcement_strikeout_change", args=[row.pk]) in browser.get(page_of(case)).content.decode()
    listed = browser.get(reverse("admin:groundless"))
    assert f"#{alone.pk}" in text(listed) and f"#{also.pk}" not in text(listed)
    assert "no ground left: decide on it" in text(browser.get(decision_url(alone)))
    assert "It stands on 8.1" in text(browser.get(decision_url(also)))
    decide(Kind.LIFT, one, cast["officer2"], clauses=("11",))
    assert "Every decision stands on a ground" in text(browser.get(reverse("admin:groundless")))
    assert "Struck out" in text(desk("agent").get(reverse("admin:enforcement_strikeout_changelist")))
    assert desk("officer").get(url).status_code == 403
    again = preview(browser, url, said)
    assert "struck out already" in text(again)


def test_an_act_with_a_case_is_bound_to_it(desk, cast, number):
    one = number()
    case = opened(CaseKind.CLUSTER, cast["agent"], one.pk)
    browser, act = desk("officer"), reverse("admin:act", args=["freeze"])
    token = preview(browser, f"{act}?case={case.pk}&number={one.pk}", FREEZE).context["token"]
    assert confirm(browser, f"{act}?number={one.pk}", FREEZE, token).status_code == 409
    assert not Decision.objects.exists()


def test_what_a_citation_finds_is_shown_before_it_is_struck_out(desk, cast, rulebook, number):
    law = {"clauses": ("law",), "freeze_kind": "legal"}
    made = decide(Kind.FREEZE, number(), cast["officer"], citation="《电信条例》 第62条", **law).decision
    said = WHY | {"version": "", "clause": "", "citation": "电信条例第６２条"}
    shown = preview(desk("privacy"), reverse("admin:strike_out"), said)
    assert "Cited as “《电信条例》 第62条”: 1" in text(shown) and decision_url(made) in shown.content.decode()
    assert not StrikeOut.objects.exists()
