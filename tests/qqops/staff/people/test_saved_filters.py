"""Saved filters: what is chosen in a list is kept under a name, shared with who may see that list, and deleted."""

import re

import pytest
from django.urls import reverse
from django.utils import translation

from enforcement.lists import pages as batch
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.staff.models import SavedFilter
from qqops.staff.people.services import deactivate
from qqops.staff.saved_filters import services as filters
from qqops.web.pages import lists
from tests.enforcement.acts import broken, head, verbs
from tests.pages import queries, text, told

pytestmark = pytest.mark.django_db
NUMBERS = "/admin/accounts/number/"


def page_of(listed="numbers", query="?protection=vip"):
    return f"{reverse('admin:filters', args=[listed])}{query}"


def save(browser, name="VIP numbers", *, who="own", url=None):
    return browser.post(url or page_of(), {"name": name, "who": who})


def test_what_is_chosen_is_saved_opened_and_paged_under_its_name(desk, numbers):
    numbers(60, protection="vip")
    browser, before = desk("officer"), head()
    shown = browser.get(f"{NUMBERS}?protection=vip&lifecycle=nonsense&other=1").content.decode()
    assert f'href="{page_of()}">Save this filter…</a>' in shown
    form = browser.get(page_of(query="?protection=vip&other=1"))
    assert "Protection VIP" in text(form) and "You have saved none for this list" in text(form)
    done = save(browser, "  VIP   numbers ", url=page_of(query="?protection=vip&state=nonsense&other=1"))
    one = SavedFilter.objects.get()
    assert (one.name, one.page, one.query, one.shared) == ("VIP numbers", "numbers", {"protection": "vip"}, False)
    opened = f"{NUMBERS}?protection=vip&saved={one.pk}"
    assert done["Location"] == opened and told(browser.get(opened)) == ["The filter is saved."]
    listed = browser.get(opened).content.decode()
    link = opened.replace("&", "&amp;")
    assert listed.count(f'<a href="{link}" aria-current="true">VIP numbers</a>') == 2  # on a desk and on a phone
    assert re.search(
        rf'rel="next" href="[^"]*after=\d+&amp;saved={one.pk}"', listed
    )  # the next page is still the same filter
    assert f"tier=premium&amp;saved={one.pk}" not in listed  # another choice is not
    altered = browser.get(f"{NUMBERS}?protection=vip&tier=premium&saved={one.pk}").content.decode()
    assert f'<a href="{link}">VIP numbers</a>' in altered
    assert "VIP numbers" in text(browser.get(NUMBERS)) and "VIP numbers" in text(browser.get(page_of(query="")))
    assert verbs(before) == []  # how he likes to look at a list is his


def test_a_shared_one_is_seen_by_who_may_see_the_list_and_sharing_is_on_the_record(desk, cast):
    browser, before = desk("officer"), head()
    save(browser, "mine")
    save(browser, who="shared")
    event = Event.objects.latest("seq")
    assert event.facts == {"filter": "VIP numbers", "page": "numbers", "query": {"protection": "vip"}}
    with translation.override("en"):
        assert event.sentence == "shared the filter “VIP numbers” of a list: Numbers"
    seen = text(desk("agent").get(NUMBERS))
    assert "VIP numbers (by officer)" in seen and "mine" not in seen
    shared = SavedFilter.objects.get(shared=True)
    other = desk("agent").post(page_of(), {"delete": str(shared.pk)})
    assert "You have no such filter" in text(other) and SavedFilter.objects.count() == 2
    with pytest.raises(Invalid, match="no such filter"), translation.override("en"):
        filters.delete_filter(shared, actor=cast["agent"])
    assert "VIP numbers" not in text(desk("agent").get(page_of()))  # the page names one's own
    for url in (page_of(), page_of("events", "?source=web")):
        barred = desk("sysadmin" if "numbers" in url else "officer")
        assert barred.get(url).status_code == 403 and save(barred, url=url).status_code == 403
    for pk in ("", "x", "99999999999999999999", "1\0"):
        assert "You have no such filter" in text(browser.post(page_of(), {"delete": pk}))
    gone = browser.post(page_of(), {"delete": str(shared.pk)})
    assert gone["Location"] == page_of() and "VIP numbers (by" not in text(desk("agent").get(NUMBERS))
    mine = SavedFilter.objects.get()
    browser.post(page_of(), {"delete": str(mine.pk)})
    assert not SavedFilter.objects.exists()
    assert verbs(before) == ["filter.shared", "audit.refused", "audit.refused", "filter.withdrawn"] and broken() == []


def test_what_somebody_shared_who_has_left_is_withdrawn_by_whoever_may_see_the_list(desk, cast):
    browser = desk("agent")
    gone = filters.save_filter("numbers", "old VIPs", {"protection": "vip"}, shared=True, actor=cast["officer"])
    stays = filters.save_filter("numbers", "VIPs", {"protection": "vip"}, shared=True, actor=cast["officer2"])
    kept = filters.save_filter("numbers", "his own", {"protection": "vip"}, shared=False, actor=cast["officer"])
    before = head()
    refused = browser.post(page_of(), {"withdraw": str(gone.pk)})
    assert "Nobody who has left shares such a filter" in text(refused)  # he is still here
    deactivate(cast["officer"], actor=cast["supervisor"], reason="has left the house")
    form = browser.get(page_of())
    assert "Shared by people who have left" in text(form)
    assert [f'name="withdraw" value="{one.pk}"' in form.content.decode() for one in (gone, stays, kept)] == [
        True, False, False,
    ]  # fmt: skip
    for one in (stays, kept):
        assert "Nobody who has left" in text(browser.post(page_of(), {"withdraw": str(one.pk)}))
        with pytest.raises(Invalid):
            filters.withdraw_filter(one, actor=cast["agent"])
    assert desk("sysadmin").post(page_of(), {"withdraw": str(gone.pk)}).status_code == 403
    assert browser.post(page_of(), {"withdraw": str(gone.pk)})["Location"] == page_of()
    assert list(SavedFilter.objects.filter(shared=True)) == [stays] and SavedFilter.objects.count() == 3
    event = Event.objects.latest("seq")
    assert (event.actor, event.facts["filter"], event.facts["owner"]) == (cast["agent"], "old VIPs", "officer")
    assert [verb for verb in verbs(before) if not verb.startswith("staff.")] == ["audit.refused", "filter.withdrawn"]
    assert "old VIPs (by" not in text(browser.get(NUMBERS)) and broken() == []


def test_a_list_shows_so_many_saved_filters_ones_own_first_and_opens_any(desk, cast, monkeypatch):
    shared = [
        filters.save_filter("numbers", f"a{n}", {"protection": "vip"}, shared=True, actor=cast["officer"])
        for n in range(3)
    ]
    filters.save_filter("numbers", "z mine", {"protection": "vip"}, shared=False, actor=cast["agent"])
    for module in (lists, batch):
        monkeypatch.setattr(module, "SAVED_SHOWN", 2)
    page = text(desk("agent").get(NUMBERS))
    assert "Saved filters (the first 2)" in page and "z mine" in page and "a0 (by officer)" in page
    assert "a1" not in page and "a2" not in page
    start = text(desk("officer2").get("/admin/batch/"))
    assert "a0" in start and "a1" in start and "a2" not in start
    beyond = f"?protection=vip&saved={shared[2].pk}"
    assert f"saved={shared[2].pk}" in desk("officer2").get(NUMBERS + beyond).content.decode()
    assert "Saved filter a2" in text(desk("officer2").get("/admin/batch/" + beyond))


def test_what_was_searched_for_is_never_saved_nor_what_looks_personal(desk, monkeypatch):
    browser, before = desk("officer"), head()
    found = browser.get(f"{NUMBERS}?protection=vip&q=888").content.decode()
    with_search = page_of(query="?q=888&amp;protection=vip")
    assert f'href="{with_search}"' in found
    for url, name, sentence in (
        (page_of(query="?q=888&protection=vip"), "VIP", "What was typed into the search box is not saved"),
        (page_of(), "13800138000", "what looks like an ID number"),
        (page_of(query=""), "VIP", "Choose a filter and give it a name"),
        (page_of(query="?q=888"), "VIP", "What was typed into the search box is not saved"),
        (page_of(), "   ", "This field is required"),
    ):
        answer = save(browser, name, who="shared", url=url)
        assert answer.status_code == 200 and sentence in text(answer), (url, name, text(answer))
    assert not SavedFilter.objects.exists() and verbs(before) == []
    save(browser)
    assert "a filter of this name already" in text(save(browser))
    monkeypatch.setattr(filters, "MOST", 1)
    assert "You keep 1 filters of this list" in text(save(browser, "another"))
    assert SavedFilter.objects.count() == 1
    for listed in ("nonsense", "inbox", "linked", "breachpeople"):
        assert browser.get(page_of(listed)).status_code == 404


def test_the_audit_review_keeps_filters_too_and_the_list_costs_the_same_with_one_and_with_twenty(desk):
    browser = desk("auditor")
    url = page_of("events", "?kind=refusals")
    assert save(browser, "refusals", url=url)["Location"].startswith("/admin/audit/event/?kind=refusals&saved=")
    with queries() as few:
        assert "refusals" in text(browser.get("/admin/audit/event/"))
    for n in range(20):
        save(browser, f"refusals {n}", url=url)
    with queries() as many:
        browser.get("/admin/audit/event/")
    assert len(many) == len(few)
