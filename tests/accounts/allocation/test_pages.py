"""Registering a number at the web door (T4): from the form to the number's page, and what is refused on the way."""

from django.urls import reverse
from django.utils import timezone

from accounts.allocation.terms import rules_of
from accounts.declarations.services import declare
from accounts.models import Identity, Number, ResourceProposal, Tenure
from accounts.resources.queries import fineness
from qqops.audit.models import Event
from tests.enforcement.acts import broken
from tests.pages import confirm, number_url, preview, told, verbs
from tests.pages import text as text_of

URL = "/admin/register/"
PERSON = {
    "name": "王小芳",
    "document_kind": "resident",
    "document": "110101199003071233",
    "mobile": "13912345670",
    "verified": ["document", "mobile"],
    "method": "registry",
    "source": "population registry",
}
SAID = {
    "channel": "web",
    "reference": "",
    "pool": "public",
    "number": "",
    "order": "",
    "price": "",
    "paid_until": "",
    "accepted": "explicit",
    "reason": "asked for at the desk",
    "ticket": "T-4",
}


def text(response):
    return text_of(response).replace("\u202f", "")


def test_a_number_is_registered_with_its_holder_and_a_second_press_finds_it(desk, supply):
    supply(203_164_000, 203_164_999)
    browser = desk("resources")
    assert URL in browser.get("/admin/").content.decode()
    assert browser.get(URL).status_code == 200
    shown = preview(browser, URL, SAID | PERSON)
    seen = text(shown)
    assert shown.status_code == 200, seen
    for part in ("王**", "139****5670", "at most 1,000 left", "Register the number", "The right of use begins when",
                 "How the rules are accepted accepted explicitly"):  # fmt: skip
        assert part in seen, part
    assert "王小芳" not in seen and "13912345670" not in seen
    before = len(verbs())
    done = confirm(browser, URL, SAID | PERSON, shown.context["token"])
    number = Number.objects.select_related("tenure").get()
    assert done["Location"] == number_url(number.pk)
    assert verbs()[before:] == ["number.allocated", "identity.recorded"]
    again = confirm(browser, URL, SAID | PERSON, shown.context["token"])
    assert again["Location"] == done["Location"] and Tenure.objects.count() == 1
    page = browser.get(done["Location"])
    assert told(page) == [f"Number {number.pk} is registered."]
    assert Identity.objects.get().tenure == number.tenure
    assert broken() == []


def test_without_acceptance_identity_or_a_reference_nothing_is_registered(desk, supply):
    supply(203_164_000, 203_164_999)
    browser = desk("resources")

    def refused(**more):
        shown = preview(browser, URL, SAID | PERSON | more)
        assert "token" not in (shown.context or {}) and not Tenure.objects.exists()
        return text(shown)

    assert "This field is required." in refused(accepted="")
    assert "The registration lacks: mobile." in refused(mobile="")
    assert "Not verified: document" in refused(verified=["mobile"])
    assert "without its reference" in refused(channel="other")
    assert "There is no campaign “x”" in refused(channel="campaign", reference="x")
    assert "is not a number" in refused(number="012")
    assert "Write the price as" in refused(order="O-1")
    assert "at most ten years" in refused(order="O-1", price="1", paid_until="9999-12-31")
    assert "No range of this pool is open" in refused(pool="premium")


def test_a_fine_number_goes_to_a_supervisor_who_sees_its_holder_masked(desk, supply, cast):
    found = supply(284_911_000, 284_911_999, "premium")
    fine = next(n for n in range(found.first, found.last) if fineness(n)[0] == 3)
    browser, said = desk("resources"), SAID | PERSON | {"number": str(fine)}
    shown = preview(browser, URL, said)
    assert shown.context["preview"].button == "Send for approval"
    done = confirm(browser, URL, said, shown.context["token"])
    proposal = ResourceProposal.objects.get(kind="allocate")
    assert done["Location"] == reverse("admin:accounts_resourceproposal_change", args=[proposal.pk])
    assert confirm(browser, URL, said, shown.context["token"])["Location"] == done["Location"]
    assert "王**" not in text(browser.get(done["Location"]))  # who told of the holder does not see him afterwards
    supervisor = desk("supervisor")
    declare(cast["supervisor2"], [fine], "relative", actor=cast["supervisor2"])
    for where in (done["Location"], reverse("admin:resource_ruling", args=[proposal.pk])):
        assert "王**" not in text(desk("supervisor2").get(where))
    page = text(supervisor.get(done["Location"]))
    assert "王**" in page and "王小芳" not in page and "website" in page
    assert f"Rules {rules_of('', timezone.now())} How the rules are accepted accepted explicitly" in page
    yes = {"content_hash": proposal.content_hash, "reason": "fits the price list", "agree": "1"}
    assert supervisor.post(reverse("admin:resource_ruling", args=[proposal.pk]), yes).status_code == 302
    assert Number.objects.get(pk=fine).lifecycle == "allocated"
    assert "王**" not in text(supervisor.get(done["Location"]))
    assert broken() == []


def test_another_role_does_not_come_in_and_the_attempt_is_recorded(desk, supply):
    browser = desk("officer")
    assert browser.get(URL).status_code == 403
    before = len(verbs())
    assert preview(browser, URL, SAID | PERSON).status_code == 403
    assert verbs()[before:] == ["audit.refused"]
    assert "王小芳" not in str(Event.objects.latest("seq").facts)
