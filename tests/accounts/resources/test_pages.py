"""The doors of number resources: ranges, numbers, campaigns, proposals; what is refused says why and makes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Campaign, CampaignUse, Number, NumberRange, ResourceProposal
from accounts.resources import services as resources
from accounts.resources.services import numbers, ranges
from qqops.staff.models import Staff
from tests.enforcement.acts import broken
from tests.pages import confirm, preview, queries, text, told, verbs
from tests.supply import WHY, carry_out

pytestmark = pytest.mark.django_db
Desk = Callable[[str], Any]  # a test client, whose answers mypy knows too little of
Supply = Callable[..., NumberRange]
RANGE = {
    "first": "２84,000,000".replace(",", ""),
    "last": "QQ: 284000999",
    "pool": "public",
    "purpose": "growth of the second half",
    "plan": "a hundred a day",
    "opens_on": "2026-12-01",
    "price": "8.88",
    "channels": ["web", "campaign"],
    "reason": "release plan of this quarter",
    "ticket": "T-9",
}
WHY_SAID = {"reason": "release plan of this quarter", "ticket": ""}


def go(client: Client, url: str, said: dict[str, Any]) -> Any:
    """Through both steps; the answer to the second, or to the first where that is as far as it goes."""
    shown = preview(client, url, said)
    if "token" not in shown.context:
        return shown
    return confirm(client, url, said, shown.context["token"])


def ruling(proposal: ResourceProposal) -> str:
    return reverse("admin:resource_ruling", args=[proposal.pk])


def rule(client: Client, proposal: ResourceProposal, answer: str = "agree", content_hash: str = "") -> Any:
    said = {"content_hash": content_hash or proposal.content_hash, "reason": "seen and agreed", answer: "1"}
    return client.post(ruling(proposal), said)


def test_a_range_is_opened_by_its_form_with_digits_as_staff_write_them(desk: Desk) -> None:
    done = go(desk("resources"), reverse("admin:open_range"), RANGE)
    assert done.status_code == 302, text(done)
    made = NumberRange.objects.get()
    assert (made.first, made.last, made.pool, made.state) == (284_000_000, 284_000_999, "public", "reserved")
    assert (made.price, str(made.opens_on), made.channels) == (888, "2026-12-01", ["campaign", "web"])
    page = text(desk("auditor").get(reverse("admin:accounts_numberrange_change", args=[made.pk])))
    for said in ("8.88 yuan", "a hundred a day", "2026-12-01", "≤ 1,000", "Premium numbers"):
        assert said in page
    assert verbs()[-2:] == ["resource.proposed", "range.opened"]
    assert broken() == []


def test_before_a_range_is_opened_what_is_wanted_is_read_once_and_who_else_agrees(desk: Desk) -> None:
    shown = preview(desk("resources"), reverse("admin:open_range"), RANGE)
    page = text(shown)
    for said in (
        "284000000–284000999", "Size 1,000", "growth of the second half", "a hundred a day", "2026-12-01", "8.88 yuan",
        "campaign, website", WHY_SAID["reason"], "T-9",
    ):  # fmt: skip
        assert page.count(said) == 1, said
    assert "It is done at once: nobody else has to agree." in page
    assert (shown.context["preview"].button, shown.context["preview"].danger) == ("Confirm", False)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"first": "284000999", "last": "284000000"}, "reversed"),
        ({"first": "9999"}, "is not a number"),
        ({"last": "100000000000"}, "is not a number"),
        ({"first": "200000500", "last": "200001500"}, "overlaps 200000000–200000999"),
        ({"price": "0"}, "more than nothing"),
        ({"price": "8.888"}, "2 decimal places"),
        ({"reason": "why"}, "at least 6 characters"),
    ],
)
def test_what_is_no_range_comes_back_with_its_sentence_and_nothing_is_made(
    desk: Desk, supply: Supply, said: dict[str, str], why: str
) -> None:
    supply(200_000_000, 200_000_999)
    before = ResourceProposal.objects.count()
    answer = go(desk("resources"), reverse("admin:open_range"), RANGE | said)
    assert answer.status_code == 200
    assert why in text(answer)
    assert (NumberRange.objects.count(), ResourceProposal.objects.count()) == (1, before)


def test_one_form_makes_one_range_however_often_it_is_sent(desk: Desk) -> None:
    browser, url = desk("resources"), reverse("admin:open_range")
    token = preview(browser, url, RANGE).context["token"]
    first, second = (confirm(browser, url, RANGE, token) for _time in range(2))
    proposal = ResourceProposal.objects.get()
    assert first.url == second.url == reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])
    assert "already submitted" in told(browser.get(second.url))[-1]
    assert NumberRange.objects.count() == 1


def test_a_range_moves_on_by_two_people_through_the_inbox_of_the_second(desk: Desk, cast: dict[str, Staff]) -> None:
    go(desk("resources"), reverse("admin:open_range"), RANGE)
    made = NumberRange.objects.get()
    url = reverse("admin:move_range", args=[made.pk])
    assert "available" not in [
        choice for choice, _label in desk("resources").get(url).context["form"].fields["to"].choices
    ]
    shown = preview(desk("resources"), url, WHY_SAID | {"to": "pre_release"})
    assert "A supervisor has to agree before anything is done." in text(shown)
    done = go(desk("resources"), url, WHY_SAID | {"to": "pre_release"})
    proposal = ResourceProposal.objects.latest("pk")
    assert done.url == reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])
    made.refresh_from_db()
    assert made.state == "reserved"
    boss = desk("supervisor")
    assert ruling(proposal) in boss.get("/admin/").content.decode()
    assert ruling(proposal) not in desk("privacy").get("/admin/").content.decode()
    page = text(boss.get(ruling(proposal)))
    for said in ("284000000–284000999", "Becomes pre-release", WHY_SAID["reason"], "Yours is the last agreement",
                 "If you refuse, nothing is changed."):  # fmt: skip
        assert said in page
    answer = boss.get(rule(boss, proposal).url)
    assert told(answer) == [f"Proposal #{proposal.pk} is done."]
    made.refresh_from_db()
    assert made.state == "pre_release"
    assert ruling(proposal) not in boss.get("/admin/").content.decode()
    assert verbs()[-3:] == ["resource.proposed", "resource.approved", "range.moved"]
    assert broken() == []


def test_nobody_rules_on_his_own_proposal_or_on_another_than_he_saw_or_twice(
    desk: Desk, cast: dict[str, Staff], supply: Supply
) -> None:
    opened = supply(200_000_000, 200_000_999)
    waiting = resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=WHY)
    assert desk("resources").get(ruling(waiting)).status_code == 403
    assert desk("privacy").get(ruling(waiting)).status_code == 200  # may rule, on other proposals
    refused = rule(desk("privacy"), waiting)
    assert (refused.status_code, "Your role may not rule" in text(refused)) == (403, True)
    boss = desk("supervisor")
    stale = rule(boss, waiting, content_hash="0" * 64)
    assert (stale.status_code, "not the one you saw" in text(stale)) == (409, True)
    both = boss.post(
        ruling(waiting), {"content_hash": waiting.content_hash, "reason": "seen it", "agree": 1, "refuse": 1}
    )
    assert "press one of the two" in text(both)
    assert NumberRange.objects.get().state == "available"
    no = rule(boss, waiting, "refuse")
    assert told(boss.get(no.url)) == [f"Proposal #{waiting.pk} was refused; nothing was changed."]
    again = rule(boss, waiting)
    assert (again.status_code, "is not waiting" in text(again)) == (409, True)
    assert (NumberRange.objects.get().state, broken()) == ("available", [])


def test_the_plan_of_a_range_is_changed_whole_and_shows_what_it_was(desk: Desk, supply: Supply) -> None:
    opened = supply(200_000_000, 200_000_999, price=888, channels=("web",), plan="a hundred a day")
    url = reverse("admin:plan_range", args=[opened.pk])
    form = desk("resources").get(url).context["form"]
    assert (form["price"].value(), form["channels"].value(), form["plan"].value()) == (
        "8.88",
        ["web"],
        "a hundred a day",
    )
    said = WHY_SAID | {"plan": "", "opens_on": "", "price": "", "channels": ["sms", "ivr"]}
    assert "Release plan none" in text(preview(desk("resources"), url, said))
    go(desk("resources"), url, said)
    proposal = ResourceProposal.objects.latest("pk")
    rule(desk("supervisor"), proposal)
    opened.refresh_from_db()
    assert (opened.plan, opened.price, opened.channels) == ("", None, ["ivr", "sms"])


def test_numbers_are_moved_from_their_list_and_a_free_one_gets_its_row(desk: Desk, supply: Supply) -> None:
    supply(284_000_000, 284_000_999)
    browser = desk("resources")
    for number in (284_000_017, 284_000_018):
        assert not Number.objects.filter(pk=number).exists()
    url = reverse("admin:move_numbers") + "?number=284000017&number=284000018"
    shown = text(browser.get(url))
    assert "now available 2" in shown
    assert "Numbers 284000017, 284000018 Reason" in text(preview(browser, url, WHY_SAID | {"to": "reserved"}))
    done = go(browser, url, WHY_SAID | {"to": "reserved"})
    assert done.status_code == 302, text(done)
    assert list(Number.objects.values_list("pk", "lifecycle").order_by("pk")) == [
        (284_000_017, "reserved"),
        (284_000_018, "reserved"),
    ]
    assert verbs()[-2:] == ["resource.proposed", "number.moved"]
    again = go(browser, url, WHY_SAID | {"to": "available"})
    assert again.status_code == 200  # no choice of that form
    assert broken() == []


def test_a_held_number_is_neither_moved_nor_given_a_tier(desk: Desk, numbers: Callable[..., list[int]]) -> None:
    (held,) = numbers(1)
    browser = desk("resources")
    page = browser.get(reverse("admin:accounts_number_change", args=[held])).content.decode()
    assert reverse("admin:move_numbers") not in page
    assert reverse("admin:tier_numbers") not in page
    assert "None of these numbers may be moved" in text(browser.get(reverse("admin:move_numbers") + f"?number={held}"))
    answer = go(browser, reverse("admin:tier_numbers") + f"?number={held}", WHY_SAID | {"tier": "3"})
    assert f"Somebody holds these numbers, or did: {held} (in use)" in text(answer)
    assert not ResourceProposal.objects.exists()


def test_a_tier_is_set_with_a_reason_by_two_and_stays(desk: Desk, supply: Supply) -> None:
    supply(284_000_000, 284_000_999)
    url = reverse("admin:tier_numbers") + "?number=284000175"
    done = go(desk("resources"), url, WHY_SAID | {"tier": "3"})
    proposal = ResourceProposal.objects.latest("pk")
    assert done.url == reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])
    page = text(desk("supervisor").get(ruling(proposal)))
    assert "284000175" in page
    assert "no row yet" in page
    rule(desk("supervisor"), proposal)
    one = Number.objects.get(pk=284_000_175)
    assert (one.tier, one.tier_set_at is not None, one.lifecycle) == (3, True, "available")
    page = text(desk("agent").get(reverse("admin:accounts_number_change", args=[one.pk])))
    assert "set by hand" in page
    assert "By its digits 0" in page
    assert broken() == []


def test_a_campaign_is_opened_by_two_and_its_page_says_what_is_used(desk: Desk) -> None:
    said = WHY_SAID | {
        "code": "spring-2027",
        "organiser": "Futian youth association",
        "authorisation": "letter 2026-118",
        "quota": "500",
        "starts_at": "2027-02-01T09:00",
        "ends_at": "2027-03-01T09:00",
    }
    backwards = go(desk("resources"), reverse("admin:open_campaign"), said | {"ends_at": "2027-01-01T09:00"})
    assert "ends before it starts" in text(backwards)
    go(desk("resources"), reverse("admin:open_campaign"), said)
    assert not Campaign.objects.exists()
    proposal = ResourceProposal.objects.get()
    rule(desk("supervisor"), proposal)
    made = Campaign.objects.get()
    CampaignUse.objects.filter(pk=made.pk).update(used=125)
    page = text(desk("auditor").get(reverse("admin:accounts_campaign_change", args=[made.pk])))
    for told_there in ("Futian youth association", "letter 2026-118", "125 · 25.0%", "to come"):
        assert told_there in page
    listed = text(desk("officer").get(reverse("admin:accounts_campaign_changelist") + "?state=to_come"))
    assert "spring-2027" in listed


def test_a_number_without_a_row_has_a_page_and_the_jump_box_leads_to_it(desk: Desk, supply: Supply) -> None:
    supply(284_917_000, 284_917_999)
    browser = desk("agent")
    free = reverse("admin:free_number", args=[284_917_059])
    assert browser.post("/admin/jump/", {"q": "QQ: ２84917059"}).url == free
    assert browser.get("/admin/accounts/number/?q=284917059").url == free
    page = text(browser.get(free))
    for said in ("nobody, and nobody ever was", "available", "284917000–284917999", "an ordinary number"):
        assert said in page
    fine = text(browser.get(reverse("admin:free_number", args=[284_917_888])))
    assert "premium 2" in fine
    assert "ends in three of one digit" in fine
    for odd in ("０284917059", "0284917059", "284918000", "1" * 40, "x"):
        assert browser.get(f"/admin/number/{odd}/free/").status_code == 404
    go(desk("resources"), reverse("admin:move_numbers") + "?number=284917059", WHY_SAID | {"to": "reserved"})
    assert browser.get(free).url == reverse("admin:accounts_number_change", args=[284_917_059])


def test_what_is_left_in_each_pool_stands_on_the_overview_of_who_may_see_ranges(desk: Desk, supply: Supply) -> None:
    supply(284_000_000, 284_000_999)
    supply(285_000_000, 285_000_099, "premium", state="pre_release")
    page = text(desk("resources").get("/admin/"))
    assert "public 1 1,000 0 0.0% ≤ 1,000" in page
    assert "premium 1 100 0 0.0% 0" in page
    assert "Use of the pools" not in text(desk("agent").get("/admin/"))


def test_the_list_and_the_page_cost_the_same_with_two_ranges_and_with_sixty(desk: Desk, cast: dict[str, Staff]) -> None:
    def opened(start: int, count: int) -> NumberRange:
        for at in range(start, start + count):
            made = carry_out(
                ranges.wanted(300_000_000 + at * 100, 300_000_099 + at * 100, "public", "x"), cast["resources"]
            )
        found: NumberRange = made.range
        return found

    def cost(url: str, login: str = "supervisor") -> int:
        browser = desk(login)
        with queries() as statements:
            assert browser.get(url).status_code == 200
        return len(statements)

    one = opened(0, 2)
    pages = (
        reverse("admin:accounts_numberrange_changelist"),
        reverse("admin:accounts_numberrange_change", args=[one.pk]),
        reverse("admin:accounts_resourceproposal_changelist"),
        reverse("admin:accounts_campaign_changelist"),
        "/admin/",
    )
    few = [cost(url) for url in pages]
    opened(2, 58)
    assert [cost(url) for url in pages] == few
    assert max(few[:4]) <= 9
    assert few[4] <= 12


def test_an_officer_sees_ranges_and_proposes_nothing(desk: Desk, supply: Supply) -> None:
    opened = supply(284_000_000, 284_000_999)
    browser = desk("officer")
    assert browser.get(reverse("admin:accounts_numberrange_change", args=[opened.pk])).status_code == 200
    assert "Open a range" not in text(browser.get(reverse("admin:accounts_numberrange_changelist")))
    for name, args in (
        ("open_range", []), ("move_range", [opened.pk]), ("plan_range", [opened.pk]), ("open_campaign", []),
        ("move_numbers", []), ("tier_numbers", []), ("resource_ruling", [opened.proposal_id]),
    ):  # fmt: skip
        assert browser.post(reverse(f"admin:{name}", args=args), RANGE).status_code == 403
    assert desk("agent").get(reverse("admin:accounts_numberrange_changelist")).status_code == 403


def test_a_long_list_of_numbers_is_shown_in_part(desk: Desk, cast: dict[str, Staff], supply: Supply) -> None:
    supply(284_000_000, 284_000_999)
    waiting = resources.propose(
        numbers.moved(range(284_000_000, 284_000_300), "retired"), actor=cast["resources"], reason=WHY
    )
    page = text(desk("supervisor").get(ruling(waiting)))
    assert "Numbers: the first 50 of 300" in page
    history = text(desk("supervisor").get(reverse("admin:accounts_resourceproposal_history", args=[waiting.pk])))
    assert "284000299" not in history


def test_the_list_of_proposals_shows_what_waits_what_is_mine_and_one_by_its_number(
    desk: Desk, cast: dict[str, Staff], supply: Supply
) -> None:
    opened = supply(284_000_000, 284_000_999)
    waiting = resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=WHY)
    url = reverse("admin:accounts_resourceproposal_changelist")

    def listed(login: str, query: str) -> list[int]:
        return [row["key"] for row in desk(login).get(url + query).context["table"]]

    everything = list(ResourceProposal.objects.order_by("-pk").values_list("pk", flat=True))
    assert len(everything) == 4
    assert listed("auditor", "") == everything
    assert listed("auditor", "?state=waiting") == listed("supervisor", "?whose=inbox") == [waiting.pk]
    assert listed("resources", "?whose=mine") == everything
    assert listed("privacy", "?whose=inbox") == listed("supervisor", "?whose=mine") == []
    assert listed("auditor", f"?q=%23{waiting.pk}") == [waiting.pk]
    assert listed("auditor", "?kind=range") == [opened.proposal_id]
    assert "284000000–284000999" in text(desk("auditor").get(url))
    assert "no way back" in text(desk("supervisor").get(ruling(waiting)))


def test_what_changed_between_the_two_steps_is_shown_and_nothing_is_done(
    desk: Desk, cast: dict[str, Staff], supply: Supply
) -> None:
    opened = supply(284_000_000, 284_000_999)
    browser, url, said = desk("resources"), reverse("admin:move_range", args=[opened.pk]), WHY_SAID | {"to": "reserved"}
    token = preview(browser, url, said).context["token"]
    carry_out(ranges.moved(opened, "pre_release"), cast["resources"])
    before = ResourceProposal.objects.count()
    answer = confirm(browser, url, said, token)
    assert answer.status_code == 409
    assert "has changed meanwhile" in text(answer)
    assert ResourceProposal.objects.count() == before
