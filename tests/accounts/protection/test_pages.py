"""Protection at the web door: set by two roles, ended by one, and what it then does to an act."""

from accounts.declarations.services import declare
from accounts.models import Number
from enforcement.models import Decision
from qqops.audit.models import Event
from tests.pages import FREEZE, act, act_url, confirm, number_url, preview, rule, text, told, verbs

LIST = "/admin/accounts/number/"


def url(*numbers):
    return "/admin/protect/?" + "&".join(f"number={n}" for n in numbers)


def said(kind):
    return {"kind": kind, "reason": "the founder's number", "ticket": ""}


def through(browser, address, kind):
    shown = preview(browser, address, said(kind))
    assert shown.status_code == 200, text(shown)
    return shown, confirm(browser, address, said(kind), shown.context["token"])


def test_a_number_is_protected_says_so_and_waits_for_a_supervisor_from_then_on(desk, number, resources):
    n, browser = number(), desk("resources")
    page = browser.get(number_url(n.pk)).content.decode()
    assert url(n.pk) in page and 'data-key="v"' in page
    shown, done = through(browser, url(n.pk), "vip")
    assert "will be changed 1" in text(shown) and done["Location"] == number_url(n.pk)
    page = browser.get(number_url(n.pk))
    assert told(page) == ["Protection changed: 1."]
    for part in ("protected: VIP", "nobody acts on it without a supervisor", "Change protection",
                 "put numbers under protection: 1", "the founder"):  # fmt: skip
        assert part in text(page), part
    officer = desk("officer")
    assert url(n.pk) not in officer.get(number_url(n.pk)).content.decode()
    form = preview(officer, act_url("freeze", n.pk), FREEZE)
    assert form.context["preview"].button == "Send for approval"
    assert "Rule: A protected number (system, VIP)" in text(form) and "protected 1" in text(form)
    decision = act(officer, "freeze", n.pk, said=FREEZE)
    assert (decision.state, decision.rule) == ("proposed", "protected")
    assert rule(desk("supervisor"), decision).status_code == 302
    assert Decision.objects.get().state == "applied"


def test_only_a_supervisor_ends_it_and_the_attempt_of_another_is_recorded_once(desk, number, resources):
    n, browser = number(protection="system"), desk("resources")
    before = len(verbs())
    refused = preview(browser, url(n.pk), said("none"))
    assert refused.status_code == 403 and "Only a supervisor may end or weaken a protection." in text(refused)
    assert verbs()[before:] == ["audit.refused"]
    assert Event.objects.latest("seq").actor == resources
    nothing = preview(browser, url(n.pk), said("system"))
    assert (
        "Nothing would change: it is so already." in text(nothing) and 'value="confirm"' not in nothing.content.decode()
    )
    shown, done = through(desk("supervisor"), url(n.pk), "none")
    assert shown.context["preview"].button == "End protection" and done.status_code == 302
    assert Number.objects.get(pk=n.pk).protection == ""


def test_several_are_protected_from_the_list_and_found_by_its_filter(desk, numbers):
    ids, browser = numbers(3), desk("supervisor")
    assert 'formaction="/admin/protect/"' in browser.get(LIST).content.decode()
    _shown, done = through(browser, url(*ids[:2]), "vip")
    assert done["Location"] == LIST
    through(browser, url(ids[2]), "system")
    for choice, expected in (("any", ids), ("vip", ids[:2]), ("system", ids[2:]), ("none", ids)):
        assert [r.pk for r in browser.get(f"{LIST}?protection={choice}").context["page"].rows] == expected, choice


def test_a_change_after_the_preview_is_shown_again_and_nothing_is_done(desk, number):
    n, browser = number(), desk("supervisor")
    token = preview(browser, url(n.pk), said("vip")).context["token"]
    through(desk("supervisor2"), url(n.pk), "vip")
    again = confirm(browser, url(n.pk), said("vip"), token)
    assert again.status_code == 409 and Number.objects.get(pk=n.pk).revision == 1


def test_a_number_of_ones_own_is_not_protected_by_oneself(desk, number, resources):
    n, browser = number(), desk("resources")
    declare(resources, [n.pk], "own", actor=resources)
    assert url(n.pk) not in browser.get(number_url(n.pk)).content.decode()
    assert browser.get(url(n.pk)).status_code == 403
    before = len(verbs())
    assert preview(browser, url(n.pk), said("vip")).status_code == 403
    assert verbs()[before:] == ["audit.refused"]


def test_bad_addresses_are_not_there_and_unknown_numbers_are_named(desk):
    browser = desk("supervisor")
    for address in ("/admin/protect/", "/admin/protect/?number=abc", url(*range(20_000, 20_201))):
        assert browser.get(address).status_code == 404
    assert "Unknown numbers: 77777." in text(preview(browser, url(77_777), said("vip")))
    assert preview(browser, url(77_777), {"kind": "gold", "reason": "x"}).status_code == 200
