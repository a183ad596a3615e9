"""Scenario 8: a foreign court asks by e-mail. It is refused where it is registered, with a letter that says where to
turn; no data are looked at, and nobody can make it go on (PIPL 41)."""

import re

import pytest
from django.db import IntegrityError, transaction

from accounts.disclosures import services
from accounts.models import Disclosure, DisclosureTarget, Hold, Release
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from tests.accounts.disclosures.asking import REASON
from tests.accounts.disclosures.steps import KINDS, of, page_of
from tests.desk import desk  # noqa: F401  # a fixture
from tests.identities import tell
from tests.pages import confirm, preview, queries, text

ASKED = {
    "authority": "District Court of Elsewhere",
    "wants": ["registrant", "identity", "messages"],
    "scope": "all data of user 88880001, served by e-mail",
    "statement": "clerk of the court, by e-mail",
    "legal_basis": "",
}
TOUCHED = re.compile(r"accounts_(tenure|identity|identitykey|registrant|loginfact|number)\b")


def test_a_foreign_court_is_refused_at_the_register_and_referred_and_no_data_are_touched(
    desk,  # noqa: F811
    number,
    setup_actor,
    privacy,
    supervisor,
):
    one, agent = number(id=88_880_001), desk("agent")
    tell(one, setup_actor)
    url = f"{KINDS}foreign/"
    assert "no data are looked at (PIPL 41)" in text(agent.get(url))
    before = Event.objects.count()
    with queries() as asked:
        shown = preview(agent, url, ASKED)
        done = confirm(agent, url, ASKED, shown.context["token"])
    assert done.status_code == 302 and [sql for sql in asked if TOUCHED.search(sql)] == []

    made = Disclosure.objects.get()
    assert (made.state, made.reviewer, made.closer) == ("refused", None, None)
    assert list(Event.objects.order_by("seq").values_list("verb", flat=True))[before:] == [
        "disclosure.registered", "disclosure.refused",
    ]  # fmt: skip
    assert not DisclosureTarget.objects.exists() and not Hold.objects.exists()

    page = text(agent.get(page_of(made)))
    assert "Article 41 of the Personal Information Protection Law" in page
    assert "central authority for judicial assistance" in page and "District Court of Elsewhere" in page

    # There is no way on: not by a page, not by a service, not by hand.
    for login, act in (("privacy", "review"), ("supervisor", "release")):
        assert of(act, made) not in desk(login).get(page_of(made)).content.decode()
    seen = services.content_hash(made)
    rulings = dict.fromkeys(made.wants, (False, "refused by law"))
    with pytest.raises(Invalid):
        services.review(made, rulings, secret=False, reason=REASON, actor=privacy, content_hash=seen)
    with pytest.raises(Invalid):
        services.release(made, actor=supervisor, reason=REASON, content_hash=seen)
    with pytest.raises(IntegrityError), transaction.atomic():
        Disclosure.objects.filter(pk=made.pk).update(state="registered")
    assert not Release.objects.exists()
