"""4.1 and 9.1 at the web door: verify, demand, tell, withdraw, the letter, and who answers for a day."""

import datetime

import pytest
import time_machine
from django.utils import timezone

from accounts.corrections.services import demand, withdraw
from accounts.declarations.services import declare
from accounts.models import CorrectionDemand, Identity, Tenure, Verification
from qqops.audit.models import Event
from qqops.staff.signin.recent_auth import PROVED
from tests.accounts.holders.test_holder import at, succeed
from tests.demands import WHY, overdue
from tests.identities import ADULT, MINOR, tell
from tests.pages import act_url, confirm, number_url, preview, queries, text, told, verbs

LIST, ANSWERS = "/admin/accounts/correctiondemand/", "/admin/answers/"
VERIFY = {"method": "registry", "result": "match", "source": "population registry", "basis": "CSL 26", "reason": "",
          "ticket": ""}  # fmt: skip
DEMAND = {"problem": "missing", "days": "15", "reason": WHY, "ticket": "T-4"}
WITHDRAW = {"reason": WHY, "ticket": ""}
TOLD = {"how": "telephone"} | WITHDRAW


def verify_url(pk, field="mobile"):
    return f"/admin/identity/{pk}/verify/{field}/"


def demand_url(pk, field="mobile"):
    return f"/admin/identity/{pk}/demand/{field}/"


def told_url(demand):
    return f"/admin/corrections/{demand.pk}/told/"


def page_of(pk):
    return f"/admin/accounts/identity/{pk}/"


def through(browser, url, said):
    shown = preview(browser, url, said)
    assert shown.status_code == 200 and "token" in shown.context, text(shown)
    done = confirm(browser, url, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return browser.get(done["Location"])


def test_an_agent_verifies_an_item_from_its_identity_page_and_sees_how(desk, identity):
    one = identity()
    browser = desk("agent")
    assert verify_url(one.pk) in browser.get(page_of(one.pk)).content.decode()
    form = browser.get(verify_url(one.pk))
    assert "138****5678" in text(form) and ADULT["mobile"][3:] not in form.content.decode()
    page = through(browser, verify_url(one.pk), VERIFY)
    assert told(page) == ["Verification recorded: mobile, matches."]
    assert "population registry" in text(page) and Identity.objects.get().mobile_verified_at
    assert Event.objects.latest("seq").verb == "identity.verified"


def test_a_source_with_somebodys_mobile_in_it_is_refused_and_nothing_is_recorded(desk, identity):
    one, browser, before = identity(), desk("agent"), len(verbs())
    page = preview(browser, verify_url(one.pk), VERIFY | {"source": "the holder of 13912345670"})
    assert page.status_code == 200 and "Leave personal data out" in text(page)
    for wrong in ({"method": "guess"}, {"result": ""}, {"source": " "}):
        assert "token" not in preview(browser, verify_url(one.pk), VERIFY | wrong).context
    assert len(verbs()) == before and not Verification.objects.exists()
    for url in (verify_url(one.pk, "shoe"), verify_url(987654), demand_url(one.pk, "shoe"), demand_url(987654),
                "/admin/corrections/987654/withdraw/", "/admin/corrections/987654/told/"):  # fmt: skip
        assert browser.get(url).status_code == 404, url


def test_what_is_told_anew_between_preview_and_confirm_is_not_verified(desk, number, setup_actor):
    n, browser = number(), desk("agent")
    one = tell(n, setup_actor)
    token = preview(browser, verify_url(one.pk), VERIFY).context["token"]
    tell(n, setup_actor, mobile="+8613700000000")
    assert confirm(browser, verify_url(one.pk), VERIFY, token).status_code == 409
    assert not Verification.objects.exists() and Identity.objects.get().mobile_verified_at is None


def test_an_agent_demands_what_is_missing_from_the_number_page_and_reads_the_letter_out(desk, number):
    n, browser = number(), desk("agent")
    url = demand_url(n.tenure_id)
    page = browser.get(number_url(n.pk))
    assert "To be corrected" in text(page) and url in page.content.decode()
    assert url not in desk("supervisor").get(number_url(n.pk)).content.decode()
    page = through(browser, url, DEMAND)
    made = CorrectionDemand.objects.get()
    assert told(page) == ["Correction demanded."] and (made.field, made.problem) == ("mobile", "missing")
    due = f"{timezone.localdate() + datetime.timedelta(days=15)} 23:59"
    assert (
        due in text(page) and "restricted or refused" in text(page) and "只可能限制或者拒绝提供部分服务" in text(page)
    )
    seen = browser.get(number_url(n.pk))
    assert f"to be corrected by {due}" in text(seen) and url not in seen.content.decode()
    again = browser.get(url)
    assert "demanded already" in text(again) and 'value="preview"' not in again.content.decode()


def test_a_demand_asks_for_the_second_factor_and_refuses_what_does_not_fit(desk, identity):
    one, browser = identity(), desk("officer")
    for wrong in ({"problem": "missing"}, {"days": "2"}, {"days": "61"}, {"reason": "no"}):
        page = preview(browser, demand_url(one.pk), DEMAND | {"problem": "wrong"} | wrong)
        assert page.status_code == 200 and "token" not in page.context, wrong
    email = browser.get(demand_url(one.pk, "born"))
    assert "Nothing is missing here" in text(email)
    session = browser.session
    session[PROVED] = 0
    session.save()
    assert browser.get(demand_url(one.pk))["Location"].startswith("/account/proof/")
    assert not CorrectionDemand.objects.exists()


def test_ones_own_has_no_links_and_an_attempt_is_on_the_record(desk, identity, agent):
    one = identity()
    made = overdue_email(one, agent)
    declare(agent, [one.tenure.number_id], "own", actor=agent)
    browser, before = desk("agent"), len(verbs())
    page = browser.get(page_of(one.pk)).content.decode()
    assert verify_url(one.pk) not in page and demand_url(one.pk) not in page
    assert demand_url(one.pk) not in browser.get(number_url(one.tenure.number_id)).content.decode()
    assert "/withdraw/" not in browser.get(f"{LIST}{made.pk}/").content.decode()
    assert len(verbs()) == before
    tries = [(verify_url(one.pk), VERIFY), (demand_url(one.pk), DEMAND | {"problem": "wrong"}),
             (f"/admin/corrections/{made.pk}/withdraw/", WITHDRAW), (told_url(made), TOLD)]  # fmt: skip
    for url, said in tries:
        assert browser.get(url).status_code == 403
        assert preview(browser, url, said).status_code == 403
    assert verbs()[before:] == ["audit.refused"] * 4


def overdue_email(identity, actor):
    return overdue(identity.tenure.number, actor, "email", "wrong")


def test_that_the_holder_was_told_is_recorded_from_the_page_of_the_demand_and_seen(desk, number, agent):
    n = number()
    made = demand(n.tenure, "mobile", "missing", actor=agent, reason=WHY)
    page, url = f"{LIST}{made.pk}/", told_url(made)
    assert url not in desk("auditor").get(page).content.decode()
    browser = desk("officer")
    assert all("not told yet" in text(browser.get(one)) for one in (LIST, page, number_url(n.pk)))
    assert url in browser.get(page).content.decode()
    for wrong in ({"how": "rumour"}, {"how": ""}, {"reason": "no"}, {"reason": "told at 13912345670"}):
        assert "token" not in preview(browser, url, TOLD | wrong).context, wrong
    done = through(browser, url, TOLD)
    assert told(done) == ["It is on the record that the holder was told."]
    assert "telephone" in text(done) and url not in done.content.decode()
    assert "not told yet" not in text(browser.get(number_url(n.pk)))
    assert "told already" in text(browser.get(url))
    assert "telephone" in text(browser.get(f"{page}history/"))
    assert Event.objects.latest("seq").verb == "identity.holder_told"


@pytest.fixture
def three(number, agent, officer):
    """One overdue, one open, one withdrawn."""
    late, early, gone = number(), number(), number()
    return (
        overdue(late, agent),
        demand(early.tenure, "name", "missing", actor=officer, reason=WHY),
        withdraw(overdue(gone, agent), actor=officer, reason=WHY),
    )


def test_the_list_finds_by_standing_and_number_and_never_shows_again_what_is_no_number(desk, three):
    late, early, gone = three
    browser = desk("auditor")
    rows = lambda query: [one.pk for one in browser.get(f"{LIST}?{query}").context["page"].rows]  # noqa: E731
    assert rows("") == [gone.pk, early.pk, late.pk]
    assert rows("standing=open") == [early.pk, late.pk]
    assert (rows("standing=overdue"), rows("standing=closed")) == ([late.pk], [gone.pk])
    for standing, counted in (("open", True), ("closed", False)):  # nobody counts down to what is done
        at = timezone.localtime((late if counted else gone).due_at).isoformat(timespec="seconds")
        listed = browser.get(f"{LIST}?standing={standing}").content.decode()
        assert (f'<time datetime="{at}"' in listed) is counted
    assert (rows("told=no"), rows("told=yes")) == ([early.pk], [gone.pk, late.pk])
    assert rows(f"q={late.tenure.number_id}") == [late.pk]
    page = browser.get(LIST, {"q": "张伟民"})
    assert "Type the whole number." in text(page) and "张伟民" not in page.content.decode()
    assert "overdue" in text(browser.get(f"{LIST}{late.pk}/"))
    assert desk("resources").get(LIST).status_code == 403 == desk("sysadmin").get(f"{LIST}{late.pk}/").status_code


def test_of_the_overdue_the_most_overdue_come_first_page_by_page(desk, numbers, agent, monkeypatch):
    monkeypatch.setattr("accounts.corrections.pages.CorrectionDemandList.page_size", 2)
    made, now = [], timezone.now()
    for days_ago, pk in zip((20, 40, 30, 1, 50), numbers(5), strict=True):
        with time_machine.travel(now - datetime.timedelta(days=days_ago), tick=True):
            made.append(demand(Tenure.objects.get(number=pk), "mobile", "missing", actor=agent, reason=WHY))
    browser, url, seen = desk("auditor"), f"{LIST}?standing=overdue", []
    while url:
        page = browser.get(url).context["page"]
        seen.append([one.pk for one in page.rows])
        url = page.next
    assert seen == [[made[n].pk for n in some] for some in ((4, 1), (2, 0))]


def test_a_demand_is_withdrawn_with_a_reason_by_any_who_may_demand(desk, three):
    late, _early, gone = three
    url = f"/admin/corrections/{late.pk}/withdraw/"
    assert url not in desk("auditor").get(f"{LIST}{late.pk}/").content.decode()
    browser = desk("privacy")
    assert url in browser.get(f"{LIST}{late.pk}/").content.decode()
    assert "at least 6 characters" in text(preview(browser, url, WITHDRAW | {"reason": "no"}))
    page = through(browser, url, WITHDRAW)
    assert told(page) == ["The demand is withdrawn."] and url not in page.content.decode()
    assert "closed already" in text(browser.get(f"/admin/corrections/{gone.pk}/withdraw/"))
    assert "withdrawn" in text(browser.get(f"{LIST}{late.pk}/history/"))


def test_a_restriction_under_4_1_says_that_nothing_is_overdue_and_reaches_whom_it_may(desk, number, agent):
    late, other = number(), number()
    overdue(late, agent)
    said = {"clauses": ["4.1"], "facts": "no mobile was given", "evidence": "demand", "reason": "not corrected in time",
            "ticket": "", "scopes": ["send_msg"], "term": "30"}  # fmt: skip
    browser = desk("officer")
    shown = preview(browser, act_url("restrict", late.pk, other.pk), said)
    assert "no correction demand is overdue, or the holder was not told" in text(shown)
    done = confirm(browser, act_url("restrict", late.pk, other.pk), said, shown.context["token"])
    assert done.status_code == 302
    late.refresh_from_db()
    other.refresh_from_db()
    assert late.restricted_until and other.restricted_until is None


def test_the_pages_cost_the_same_with_one_demand_and_with_sixty(desk, numbers, agent):
    def cost(url):
        with queries() as statements:
            assert browser.get(url).status_code == 200
        return len(statements)

    browser, costs = desk("agent"), []
    for ids in (numbers(1), numbers(59)):
        for tenure in Tenure.objects.filter(number__in=ids):
            for field in ("mobile", "name"):
                demand(tenure, field, "missing", actor=agent, reason=WHY)
        costs.append((cost(LIST), cost(f"{LIST}{CorrectionDemand.objects.latest('pk').pk}/"), cost(number_url(ids[0]))))
    assert costs[0] == costs[1] and max(costs[0]) <= 9


def test_who_answers_for_a_day_is_asked_from_the_number_page_and_answered_masked(desk, number, setup_actor):
    n = number(started_at=at("2024-03-01 12:00"))
    tell(n, setup_actor)
    second = succeed(n, "2025-06-10 09:00", "2025-06-10 18:00", setup_actor)
    tell(second, setup_actor, **MINOR)
    browser, before = desk("officer"), len(verbs())
    ask = f"{ANSWERS}?number={n.pk}"
    assert f'href="{ask}"' in browser.get(number_url(n.pk)).content.decode()
    assert f'value="{n.pk}"' in browser.get(ask).content.decode()
    both = browser.get(f"{ask}&day=2025-06-10")
    assert "Tenure no. 1" in text(both) and "Tenure no. 2" in text(both)
    first = browser.get(f"{ask}&day=2025-06-09")
    assert "138****5678" in text(first) and "Tenure no. 2" not in text(first) and "李" not in text(first)
    for page in (both, first):
        assert not any(v in page.content.decode() for v in (*ADULT.values(), ADULT["mobile"][3:], MINOR["name"]))
    assert "belonged to nobody" in text(browser.get(f"{ask}&day=2024-02-29"))
    assert "Nobody knows yet" in text(browser.get(f"{ask}&day=2999-01-01"))
    bare = desk("resources").get(f"{ask}&day=2025-06-10")
    assert "Tenure no. 1" in text(bare) and "138****5678" not in text(bare) and page_of(second.pk) not in text(bare)
    assert desk("sysadmin").get(ANSWERS).status_code == 403
    assert len(verbs()) == before


@pytest.mark.parametrize("given", ["13912345670", "李小明", "1" * 50, "", "\0"])
def test_what_is_no_number_is_not_shown_again(desk, given):
    page = desk("officer").get(ANSWERS, {"number": given, "day": "2025-06-10"})
    assert page.status_code == 200 and 'role="alert"' in page.content.decode()
    assert f'value="{given}"' not in page.content.decode() and (not given.strip("\0") or given not in text(page))
    assert 'value="2025-06-10"' in page.content.decode()
