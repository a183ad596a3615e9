"""Searching for a person at the web door: found masked, the value in no address, no form and no record."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.breaches.services import Finding, register
from accounts.declarations.services import declare
from accounts.models import Identity, IdentityKey, Number, Tenure
from qqops.audit.models import Event
from qqops.crypto.seal import DataKey
from qqops.staff.models import Throttle
from qqops.staff.signin.throttle import LIMITS
from tests.accounts.breaches.viewing import saw
from tests.identities import ADULT, MINOR, tell, tell_many
from tests.pages import number_url, queries, text, told, verbs

PEOPLE, JUMP = "/admin/people/", "/admin/jump/"
VALUES = (*ADULT.values(), "13812345678")


def identity_url(identity):
    return reverse("admin:accounts_identity_change", args=[identity.pk])


def links_url(identity, field):
    return reverse("admin:linked", args=[identity.pk, field])


def bare(response):
    """No value of the person stands anywhere in the answer, its headers and its address."""
    whole = response.content.decode() + str(response.headers) + str(getattr(response, "redirect_chain", ""))
    return not [value for value in VALUES if value in whole]


@pytest.mark.parametrize(
    ("what", "value", "masked"),
    [
        ("", "11010519491231002x", "110***********002X"),
        ("resident", "１１０１０５19491231002X", "110***********002X"),
        ("", "+86 138-1234-5678", "138****5678"),
        ("mobile", "13812345678", "138****5678"),
        ("email", "zhang.wm@example.com", "z***@example.com"),
        ("name", "张伟民", "张**"),
    ],
)
def test_an_agent_finds_a_person_masked_and_the_value_is_not_repeated(desk, identity, what, value, masked):
    one, _other, browser = identity(**ADULT), identity(**MINOR), desk("agent")
    assert bare(browser.get(PEOPLE))
    page = browser.post(PEOPLE, {"value": value, "what": what})
    for part in (masked, "张**", str(one.tenure.number_id), "in use", ": 1 tenure"):
        assert part in text(page), part
    assert bare(page) and value not in page.content.decode() and "李**" not in text(page)
    for url in (identity_url(one), number_url(one.tenure.number_id)):
        assert f'href="{url}"' in page.content.decode()
    assert "no-store" in page["Cache-Control"] and 'autocomplete="off"' in page.content.decode()
    assert verbs()[-1] == "identity.searched"
    kept = str(dict(browser.session)) + str(list(Event.objects.values())) + str(list(Throttle.objects.values()))
    assert not [one for one in (*VALUES, value) if one in kept]


def test_a_wrong_value_is_told_what_is_wrong_and_comes_back_empty(desk):
    browser, before = desk("agent"), len(verbs())
    for value, sentence in (
        ("110101199003071234", "The check character of the resident ID number is wrong."),
        ("110105491231002", "15 digits are no longer valid"),
        ("1064812345678", "those of devices"),
        ("张😀", "A name has 2 to 50 characters"),
        ("张" * 401, "at most 400 characters"),
        ("张\0三", "Null characters"),
        ("", "This field is required."),
    ):
        page = browser.post(PEOPLE, {"value": value})
        assert page.status_code == 200 and sentence in text(page), value
        assert not value or value not in page.content.decode()
    assert browser.post(PEOPLE, {"value": "张三", "what": "born"}).status_code == 200
    assert len(verbs()) == before


def test_nobody_and_too_many_are_said(desk, numbers, setup_actor):
    browser = desk("agent")
    assert "Nobody has exactly this." in text(browser.post(PEOPLE, {"value": "13812345678"}))
    for number in Number.objects.filter(pk__in=numbers(51)).select_related("tenure"):
        tell(number, setup_actor, mobile="+8613812345678")
    page = browser.post(PEOPLE, {"value": "13812345678"})
    assert "By mobile: 50 tenures" in text(page) and "Only the newest 50 are shown" in text(page)


def test_who_may_not_search_finds_neither_page_nor_person(desk, identity):
    one = identity()
    for login in ("auditor", "resources", "sysadmin"):
        browser, before = desk(login), len(verbs())
        assert browser.get(PEOPLE).status_code == 403 and verbs()[before:] == []
        assert browser.post(PEOPLE, {"value": ADULT["mobile"]}).status_code == 403
        assert browser.get(links_url(one, "mobile")).status_code == 403
        assert verbs()[before:] == ["audit.refused"]
        assert "Search for a person" not in text(browser.get("/admin/"))
    event = Event.objects.latest("seq")
    assert event.facts["page"] == PEOPLE and ADULT["mobile"] not in str(event.facts)
    assert "Search for a person" in text(desk("agent").get("/admin/"))


def test_past_its_limit_a_search_is_refused_and_repeats_nothing(desk, identity):
    identity()
    browser = desk("agent")
    for _n in range(LIMITS["search"].hits):
        browser.post(PEOPLE, {"value": "13812345678"})
    page = browser.post(PEOPLE, {"value": "13812345678"})
    assert page.status_code == 403 and "You have reached the limit" in text(page) and bare(page)
    assert "138****5678" not in text(page)
    back = browser.post(JUMP, {"q": "13812345678"}, follow=True)
    assert back.redirect_chain == [("/admin/", 302)] and bare(back)


def test_ones_own_number_shows_nothing_of_its_holder(desk, identity, agent):
    one = identity()
    declare(agent, [one.tenure.number_id], "relative", actor=agent)
    browser = desk("agent")
    for page in (browser.post(PEOPLE, {"value": "13812345678"}), browser.post(JUMP, {"q": "13812345678"})):
        assert page.status_code == 200 and "a number you declared" in text(page)
        assert "张**" not in text(page) and str(one.tenure.number_id) not in page.content.decode()
    assert "张**" in text(desk("officer").post(PEOPLE, {"value": "13812345678"}))


def test_no_page_shows_the_masks_of_a_number_one_declared(desk, identity, agent, privacy, terminal, reviewer):
    one, other = identity(), identity(**MINOR)
    n = one.tenure.number_id
    for person in (agent, privacy):
        declare(person, [n], "relative", actor=person)
    saw(reviewer, one, "holder:mobile")
    now = timezone.now()
    breach = register(
        Finding("larger", "many looked up", now, reviewer, now - timedelta(hours=2), now),
        actor=privacy, reason="reveal log looked through",
    )  # fmt: skip
    asked = f"/admin/answers/?number={n}&day={timezone.localdate()}"
    lists = ("/admin/accounts/identity/", reverse("admin:breach_people", args=[breach.pk]))
    pages = (identity_url(one), number_url(n), asked, lists[0])
    for login, urls in (("agent", pages), ("privacy", (*pages, lists[1], f"/admin/accounts/breach/{breach.pk}/"))):
        for url in urls:
            page = text(desk(login).get(url))
            assert "a number you declared" in page and "138****5678" not in page and "张**" not in page, (login, url)
    assert "李**" in text(desk("agent").get(lists[0])) and "李**" in text(desk("agent").get(identity_url(other)))
    for url in (*pages, *lists[1:]):
        assert "张**" in text(desk("supervisor").get(url)), url
    on = ("--on", str(timezone.localdate()), "--reason", "who answers for it today")
    mine, anothers = terminal("agent", "holder", n, *on), terminal("officer", "holder", n, *on)
    assert "a number you declared" in mine.out and "张**" not in mine.out and "张**" in anothers.out


def test_what_is_locked_has_no_masks_and_what_is_erased_is_not_found(desk, identity):
    one, browser = identity(), desk("agent")
    Identity.objects.filter(pk=one.pk).update(locked_at=timezone.now())
    page = browser.post(PEOPLE, {"value": "13812345678"})
    assert "processing stopped" in text(page) and "张**" not in text(page) and "138*" not in text(page)
    IdentityKey.objects.filter(pk=one.pk).delete()
    assert "Nobody has exactly this." in text(browser.post(PEOPLE, {"value": "13812345678"}))


def test_a_past_tenure_leads_to_its_own_page_and_not_to_the_next_holders(desk, identity):
    one, browser = identity(), desk("agent")
    Tenure.objects.filter(pk=one.pk).update(ended_at=timezone.now())
    page = browser.post(PEOPLE, {"value": "13812345678"})
    assert "no. 1" in text(page) and number_url(one.tenure.number_id) not in page.content.decode()
    assert browser.post(JUMP, {"q": "13812345678"})["Location"] == identity_url(one)


# The jump box


def test_a_persons_value_in_the_jump_box_leads_to_the_one_number_or_to_all(desk, identity):
    one, browser = identity(), desk("agent")
    for value in ("13812345678", "11010519491231002x", "zhang.wm@example.com"):
        assert browser.post(JUMP, {"q": value})["Location"] == number_url(one.tenure.number_id)
    assert verbs()[-3:] == ["identity.searched"] * 3
    identity(mobile=ADULT["mobile"])
    page = browser.post(JUMP, {"q": "13812345678"})
    assert page.status_code == 200 and "By mobile: 2 tenures" in text(page) and bare(page)
    assert f'action="{PEOPLE}"' in page.content.decode()
    missed = browser.post(JUMP, {"q": "13900000000"})
    assert "Nobody has exactly this." in text(missed) and "13900000000" not in missed.content.decode()
    wrong = browser.post(JUMP, {"q": "110101199003071234"})
    assert "check character" in text(wrong) and "110101199003071234" not in wrong.content.decode()


def test_a_name_in_the_jump_box_is_no_search_and_nothing_typed_is_repeated(desk, identity):
    identity()
    for login, values in (("agent", ["张伟民"]), ("auditor", ["张伟民", *VALUES, "110105491231002"])):
        browser, before = desk(login), len(verbs())
        for value in values:
            back = browser.post(JUMP, {"q": value}, follow=True)
            assert back.redirect_chain == [("/admin/", 302)] and bare(back), value
            assert told(back) == ["Nothing found. Type a number or a decision."]
        assert len(verbs()) == before


def test_a_number_is_a_number_first_and_a_search_by_the_jump_box_counts_once(desk, identity, number):
    one = number(id=13_812_345_678)
    identity()
    browser = desk("agent")
    assert browser.post(JUMP, {"q": "13812345678"})["Location"] == number_url(one.pk)
    assert browser.post(JUMP, {"q": f"{one.pk}@qq.com"})["Location"] == number_url(one.pk)
    for _n in range(LIMITS["search"].hits - 2):
        assert browser.post(JUMP, {"q": ADULT["email"]}).status_code == 302
    assert Event.objects.filter(verb="identity.searched").count() == LIMITS["search"].hits - 2
    assert "staff.limit_reached" not in verbs()


@pytest.mark.parametrize("url", ["/admin/accounts/number/", "/admin/accounts/identity/"])
def test_a_list_of_numbers_does_not_repeat_what_may_be_a_persons(desk, identity, url):
    one, browser = identity(), desk("agent")
    for value in (*VALUES, "110105491231002"):
        page = browser.get(url, {"q": value}, follow=True)
        assert page.redirect_chain == [(url, 302)] and "“Search for a person”" in told(page)[0]
        assert value not in page.content.decode(), value
    assert browser.get(url, {"q": str(one.tenure.number_id)}).status_code == 302
    assert 'value="8888"' in browser.get("/admin/accounts/number/", {"q": "8888"}).content.decode()


def test_no_list_at_all_repeats_what_looks_like_a_persons(desk):
    searched = set()
    for login in ("auditor", "supervisor", "privacy", "agent"):
        browser = desk(login)
        for model, shown in admin.site._registry.items():
            if not getattr(shown, "list_page", None):
                continue
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            page = browser.get(url)
            if page.status_code != 200:
                continue
            listed = page.context["page"]
            fields = [*(["q"] if listed.search_label else []), *(one.parameter for one in listed.typed)]
            if not fields:
                continue
            searched.add(model.__name__)
            values = ("13812345678", "138 1234 5678", "11010519491231002X", "zhang.wm@example.com")
            for field, value in product(fields, values):
                away = browser.get(url, {field: value, "after": "1"})
                assert (away.status_code, away["Location"]) == (302, url), (url, field, value)
            page = browser.get(url)
            assert not [value for value in values if value in page.content.decode()], url
            sentences = [one for one in told(page) if "“Search for a person”" in one]
            assert len(sentences) == len(fields) * len(values), url
    assert {"Disclosure", "Reveal", "Hold", "Erasure", "Event", "Staff", "DeclaredNumber", "Decision"} <= searched


def test_past_its_limit_a_list_does_not_repeat_what_nobody_has_looked_at(desk):
    browser = desk("agent")
    for _n in range(LIMITS["search"].hits):
        browser.get("/admin/accounts/number/", {"q": "8888"})
    page = browser.get("/admin/accounts/number/", {"q": "张伟民"})
    assert "You have reached the limit" in text(page) and "张伟民" not in page.content.decode()


# Links


def test_the_identity_page_hints_at_other_numbers_and_lists_them_masked(desk, identity, agent):
    one, same, line = identity(), identity(**(ADULT | {"email": "other@example.com"})), identity(mobile=ADULT["mobile"])
    Identity.objects.filter(pk=line.pk).update(mobile_at=timezone.now() - timedelta(days=800))
    browser = desk("agent")
    page = browser.get(identity_url(one))
    assert "Linked numbers" in text(page) and "A hint only: nothing follows from it by itself." in text(page)
    assert "document 1 strong list" in text(page) and "mobile 2 medium list" in text(page)
    assert f'href="{links_url(one, "mobile")}"' in page.content.decode()
    listed = browser.get(links_url(one, "mobile"))
    assert [row.pk for row in listed.context["page"].rows] == [line.pk, same.pk]
    for part in ("张**", "138****5678", "weak", "medium", f"Same mobile as {one.tenure.number_id}", "A hint only"):
        assert part in text(listed), part
    assert bare(listed) and bare(page)
    declare(agent, [same.tenure.number_id], "own", actor=agent)
    listed = browser.get(links_url(one, "mobile"))
    assert "a number you declared" in text(listed) and str(same.tenure.number_id) not in listed.content.decode()
    assert browser.get(links_url(same, "mobile")).status_code == 404  # nor from one's own to the others
    assert "Linked numbers" not in text(browser.get(identity_url(same)))
    assert "Linked numbers" not in text(desk("auditor").get(identity_url(one)))


def test_there_is_no_link_by_what_does_not_link_or_is_not_there(desk, identity):
    one, browser = identity(name="张伟民", mobile=ADULT["mobile"]), desk("agent")
    for field in ("name", "born", "document", "x"):
        assert browser.get(links_url(one, field)).status_code == 404, field
    assert browser.get("/admin/identity/99999999999999999999/links/mobile/").status_code == 404
    assert "No other tenure shares this." in text(browser.get(links_url(one, "mobile")))
    assert browser.post(links_url(one, "mobile")).status_code == 405
    Identity.objects.filter(pk=one.pk).update(locked_at=timezone.now())
    assert browser.get(links_url(one, "mobile")).status_code == 404


# What it costs


@pytest.fixture
def opened(monkeypatch):
    """What is opened, by its purpose; each still opens."""
    found, plain = [], DataKey.open

    def watched(self, sealed, purpose):
        found.append(purpose)
        return plain(self, sealed, purpose)

    monkeypatch.setattr(DataKey, "open", watched)
    return found


def test_a_list_of_fifty_masked_identities_costs_nine_queries_and_opens_only_what_it_shows(
    desk, numbers, setup_actor, opened
):
    url, browser, costs = "/admin/accounts/identity/", desk("agent"), []
    for ids in (numbers(1), numbers(59)):
        tell_many(list(Number.objects.filter(pk__in=ids).values_list("tenure", flat=True)), setup_actor)
        opened.clear()
        with queries() as statements:
            page = browser.get(url)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 9
    shown = page.context["page"].rows
    given = {f"identity:{one.pk}:{field}" for one in shown for field in ("name", "mobile", "document")
             if getattr(one, field) is not None}  # fmt: skip
    assert len(shown) == 50 and len(opened) == len(set(opened))  # each once, each key too
    assert set(opened) == given | {f"accounts_identitykey:{one.pk}" for one in shown}


def test_a_search_and_an_identity_page_with_links_cost_the_same_for_one_and_for_fifty(desk, numbers, setup_actor):
    browser, costs = desk("agent"), []
    first = Number.objects.select_related("tenure").get(pk=numbers(1)[0])
    one = tell(first, setup_actor)
    for ids in (numbers(1), numbers(54)):
        for number in Number.objects.filter(pk__in=ids).select_related("tenure"):
            tell(number, setup_actor)
        row = []
        for ask in (
            lambda: browser.post(PEOPLE, {"value": "13812345678"}),
            lambda: browser.get(identity_url(one)),
            lambda: browser.get(links_url(one, "document")),
        ):
            with queries() as statements:
                assert ask().status_code == 200
            row.append(len(statements))
        costs.append(row)
    search, page, links = costs[0]
    assert costs[0] == costs[1] and search <= 9 and page <= 12 and links <= 9
