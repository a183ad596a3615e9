"""The breach register at the web door: the list, the clock, the people masked, what they are told, each step."""

import datetime

from django.urls import reverse
from django.utils import timezone

from accounts.breaches.services import Finding, register
from accounts.models import Breach
from qqops.audit.models import Event
from qqops.templatetags.ops import minute
from tests.accounts.breaches.viewing import HOUR, saw
from tests.identities import ADULT, MINOR
from tests.pages import confirm, number_url, preview, queries, text, told, verbs

LIST = "/admin/accounts/breach/"
REGISTER = "/admin/breaches/register/"
STEPS = ("assess", "report", "tell", "close")
WHY = {"reason": "reveal log looked through", "ticket": "T-57"}
ASSESSED = {
    "level": "larger", "cause": "looked up without a case", "harm": "calls from strangers",
    "remedy": "the account was shut", "contact": "privacy@example.com",
}  # fmt: skip


def local(ago=0 * HOUR):
    return (timezone.localtime() - ago).strftime("%Y-%m-%dT%H:%M")


def found(login="reviewer", level="larger", **more):
    soon = timezone.localtime() + datetime.timedelta(minutes=1)
    return WHY | {
        "level": level, "what": "many people were looked up", "found_at": local(), "login": login,
        "viewed_from": local(2 * HOUR), "viewed_to": soon.strftime("%Y-%m-%dT%H:%M"),
    } | more  # fmt: skip


def through(browser, url, said):
    """Both steps of a page; returns the page it leads to."""
    shown = preview(browser, url, said)
    assert shown.status_code == 200 and "token" in shown.context, text(shown)
    done = confirm(browser, url, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return browser.get(done["Location"])


def step_url(breach, step):
    return reverse(f"admin:breach_{step}", args=[breach.pk])


def page_url(breach):
    return f"{LIST}{breach.pk}/"


def breach_of(privacy, staff=None, level="larger", ago=0 * HOUR):
    now = timezone.now()
    span = (now - 2 * HOUR, now) if staff else (None, None)
    return register(Finding(level, "many looked up", now - ago, staff, *span), actor=privacy, reason=WHY["reason"])


def test_each_step_says_what_follows_at_this_level_and_no_other(desk, privacy):
    browser = desk("privacy")
    reported = WHY | {"to": "the regional administration", "at": local()}
    for level, assessed, clock in (
        ("ordinary", "An ordinary breach need not be reported.", False),
        ("larger", "has to be reported within 4 hours", True),
    ):
        breach = breach_of(privacy, level=level)
        assert assessed in text(preview(browser, step_url(breach, "assess"), WHY | ASSESSED | {"level": level}))
        assert ("clock stops" in text(preview(browser, step_url(breach, "report"), reported))) is clock


def test_a_breach_is_registered_from_the_reveal_log_and_taken_through_its_steps(desk, identity, reviewer, privacy):
    one, minor = identity(), identity(**MINOR)
    saw(reviewer, one, "holder:mobile", "holder:document")
    saw(reviewer, minor, "registrant:name")
    browser = desk("privacy")
    page = browser.get(LIST)
    assert REGISTER in page.content.decode() and "No breach matches" not in text(page)
    form = found()  # once: its times are of this minute
    shown = preview(browser, REGISTER, form)
    assert "Tenures concerned 2" in text(shown) and "To be reported by" in text(shown)
    token, before = shown.context["token"], len(verbs())
    done = confirm(browser, REGISTER, form, token)
    page = browser.get(done["Location"])
    assert told(page) == ["The breach is on the register."] and verbs()[before:] == ["breach.registered"]
    again = confirm(browser, REGISTER, form, token)
    assert again["Location"] == done["Location"] and Breach.objects.count() == 1
    breach = Breach.objects.get()
    said = text(browser.get(page_url(breach)))
    assert "to be reported" in said and "2 tenures are concerned." in said
    assert "张**" in said and "138****5678" in said and "minor" in said
    assert "document · current information" in said and "name · initial registrant" in said
    assert not [value for value in (*ADULT.values(), *MINOR.values()) if value in said]
    page = through(browser, step_url(breach, "assess"), WHY | ASSESSED)
    assert told(page) == ["Recorded."]
    said = text(page)
    assert "Notice of a personal information breach" in said and "privacy@example.com" in said
    assert 'lang="zh-hans"' in page.content.decode() and 'lang="en"' in page.content.decode()
    report = WHY | {"to": "CAC of Guangdong", "at": local()}
    assert "reported in time" in text(through(browser, step_url(breach, "report"), report))
    assert "reported in time just now" in text(browser.get(LIST))  # no longer when it is due
    shown = preview(browser, step_url(breach, "tell"), WHY | {"at": local()})
    reported = Breach.objects.get().reported_at
    assert reported and f"Reported {minute(reported)}" in text(shown) and "To be reported by" not in text(shown)
    assert not shown.context["preview"].danger
    through(browser, step_url(breach, "tell"), WHY | {"at": local()})
    shown = preview(browser, step_url(breach, "close"), WHY | {"not_told_because": ""})
    assert f"Close: breach {breach}" in text(shown) and "People told" in text(shown)
    assert shown.context["preview"].danger  # it cannot be opened again
    page = through(browser, step_url(breach, "close"), WHY | {"not_told_because": ""})
    assert not [step for step in STEPS if step_url(breach, step) in page.content.decode()]
    assert [e.verb for e in Event.objects.filter(subject_type="accounts.breach").order_by("seq")] == [
        "breach.registered", "breach.assessed", "breach.reported", "breach.people_told", "breach.closed",
    ]  # fmt: skip
    assert "closed breach" in text(page)  # its story
    assert "is closed" in text(browser.get(step_url(breach, "assess")))


def test_what_is_wrong_is_said_on_the_form_and_nothing_is_registered(desk, reviewer):
    browser, before = desk("privacy"), len(verbs())
    for said, sentence in (
        (found(login="nobody"), "nobody with the login"),
        (found(login=""), "belong together"),
        (found(viewed_from=""), "belong together"),
        (found(reason="no"), "at least 6 characters"),
        (found(what="call 13987654321"), "personal data"),
        (found(level=""), "This field is required"),
    ):
        page = preview(browser, REGISTER, said)
        assert page.status_code == 200 and sentence in text(page), sentence
    assert not Breach.objects.exists() and len(verbs()) == before


def test_people_listed_between_preview_and_confirm_show_the_page_again(desk, identity, reviewer):
    browser = desk("privacy")
    said = found()
    token = preview(browser, REGISTER, said).context["token"]
    saw(reviewer, identity(), "holder:mobile")
    page = confirm(browser, REGISTER, said, token)
    assert page.status_code == 409 and "Tenures concerned 1" in text(page) and not Breach.objects.exists()


def test_a_step_out_of_turn_says_why(desk, privacy):
    breach, browser = breach_of(privacy), desk("privacy")
    page = browser.get(step_url(breach, "close"))
    assert "Assess the breach first" in text(page) and 'value="preview"' not in page.content.decode()
    assert [step for step in STEPS if step_url(breach, step) in browser.get(page_url(breach)).content.decode()] == [
        "assess", "report",
    ]  # fmt: skip
    assert browser.get(step_url(breach, "assess").replace(str(breach.pk), "999999")).status_code == 404


def test_who_watches_reads_the_register_and_only_the_privacy_officer_acts(desk, privacy, reviewer, identity):
    saw(reviewer, identity(), "holder:mobile")
    breach = breach_of(privacy, reviewer, ago=5 * HOUR)
    for login in ("supervisor", "auditor"):
        browser = desk(login)
        page = browser.get(LIST)
        assert "report overdue" in text(page) and REGISTER not in page.content.decode()
        page = browser.get(page_url(breach))
        assert "report overdue" in text(page) and step_url(breach, "report") not in page.content.decode()
        assert browser.get(step_url(breach, "report")).status_code == 403
        assert "138****5678" in text(browser.get(reverse("admin:breach_people", args=[breach.pk])))
    for login in ("agent", "reviewer", "officer", "resources", "sysadmin"):
        browser, before = desk(login), len(verbs())
        for url in (LIST, page_url(breach), REGISTER, step_url(breach, "tell"),
                    reverse("admin:breach_people", args=[breach.pk])):  # fmt: skip
            assert browser.get(url).status_code == 403, (login, url)
        assert preview(browser, REGISTER, found()).status_code == 403
        assert verbs()[before:] == ["audit.refused"]


def test_nothing_of_it_stands_on_the_number_or_identity_page(desk, privacy, reviewer, identity):
    one = identity()
    saw(reviewer, one, "holder:mobile")
    breach = breach_of(privacy, reviewer)
    for url in (number_url(one.tenure.number_id), reverse("admin:accounts_identity_change", args=[one.pk])):
        page = desk("agent").get(url)
        assert page.status_code == 200 and page_url(breach) not in page.content.decode()


def test_the_filters_find_what_is_open_overdue_and_closed(desk, privacy):
    late, fresh, ordinary = breach_of(privacy, ago=5 * HOUR), breach_of(privacy), breach_of(privacy, level="ordinary")
    browser = desk("auditor")
    for query, expected in (
        ("", [ordinary, fresh, late]),
        ("standing=open", [ordinary, fresh, late]),
        ("standing=overdue", [late]),
        ("standing=closed", []),
        ("level=ordinary", [ordinary]),
    ):
        assert browser.get(f"{LIST}?{query}").context["page"].rows == expected, query


def test_the_list_of_people_costs_the_same_however_long(desk, privacy, reviewer, identity):
    browser, counts = desk("privacy"), []
    for many in (1, 12):
        for _n in range(many):
            saw(reviewer, identity(), "holder:mobile")
        breach = breach_of(privacy, reviewer)
        for url in (page_url(breach), reverse("admin:breach_people", args=[breach.pk])):
            browser.get(url)
            with queries() as ran:
                assert browser.get(url).status_code == 200
            counts.append(len(ran))
    assert counts[:2] == counts[2:] and max(counts) <= 16
