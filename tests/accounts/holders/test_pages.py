"""Correcting a holder at the web door, and what the page of a number and of each tenure then shows (8.2(b), 9.1)."""

from django.urls import reverse

from accounts.models import Number, ResourceProposal, Tenure
from qqops.audit.models import Event
from tests.identities import tell
from tests.pages import confirm, number_url, preview, text, verbs

SAID = {
    "paper_licence": "L-2026-7",
    "paper_before": "D-11",
    "paper_after": "D-12",
    "name": "王小芳",
    "document_kind": "resident",
    "document": "110101199003071233",
    "mobile": "13912345670",
    "email": "",
    "verified": ["document", "mobile"],
    "method": "registry",
    "source": "population registry",
    "reason": "the operator licensed it on paper",
    "ticket": "T-8",
}


def url(number):
    return f"{reverse('admin:correct_holder')}?number={number.pk}"


def tenure_url(tenure):
    return reverse("admin:accounts_tenure_change", args=[tenure.pk])


def agree(browser, proposal):
    said = {"content_hash": proposal.content_hash, "reason": "papers are in order", "agree": "1"}
    return browser.post(reverse("admin:resource_ruling", args=[proposal.pk]), said)


def test_two_people_pass_a_number_on_and_its_page_then_shows_nothing_of_the_first(desk, number, setup_actor):
    sold = number()
    tell(sold, setup_actor)
    first, browser = sold.tenure, desk("privacy")
    assert url(sold) in browser.get(number_url(sold.pk)).content.decode()
    shown = preview(browser, url(sold), SAID)
    seen = text(shown)
    assert shown.status_code == 200 and "王**" in seen and "139****5670" in seen
    assert not shown.context["preview"].danger and "A supervisor has to agree before anything is done." in seen
    done = confirm(browser, url(sold), SAID, shown.context["token"])
    proposal = ResourceProposal.objects.get()
    assert done["Location"] == reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])
    again = confirm(browser, url(sold), SAID, shown.context["token"])
    assert again["Location"] == done["Location"] and ResourceProposal.objects.count() == 1

    ruling = reverse("admin:resource_ruling", args=[proposal.pk])
    for where in (ruling, done["Location"]):
        seen = text(desk("supervisor").get(where))
        for part in ("王**", "139****5670", f"{sold.pk}/1", "L-2026-7", "D-11", "D-12"):
            assert part in seen, part
        assert "王小芳" not in seen

    assert agree(desk("supervisor"), proposal).status_code == 302
    page = text(browser.get(number_url(sold.pk)))
    assert "王**" in page and "张**" not in page and "Earlier tenures" in page
    second = Tenure.objects.get(number=sold, ended_at=None)
    now, before = text(browser.get(tenure_url(second))), text(browser.get(tenure_url(first)))
    assert "L-2026-7" in now and f"{sold.pk}/1" in now and "corrected the holder" in now
    assert "ended" in before and "王" not in before and "L-2026-7" not in before


def test_a_wrong_role_meets_no_door_and_what_lacks_is_named(desk, number):
    sold = number()
    for login in ("agent", "resources", "supervisor", "officer", "auditor"):
        assert desk(login).get(url(sold)).status_code == 403
    before = len(verbs())
    browser = desk("privacy")
    lacking = preview(browser, url(sold), SAID | {"paper_after": "", "document": "110101199003071234"})
    assert "This field is required." in text(lacking) and "110101199003071234" in lacking.content.decode()
    unproved = preview(browser, url(sold), SAID | {"verified": ["mobile"]})
    assert "Not verified" in text(unproved)
    personal = preview(browser, url(sold), SAID | {"paper_licence": "13912345670"})
    assert personal.status_code == 200 and not ResourceProposal.objects.exists()
    assert len(verbs()) == before
    assert Number.objects.get(pk=sold.pk).tenure_id == sold.tenure_id
    assert not Event.objects.filter(verb="resource.proposed").exists()
