"""The trail as a file: a file too many is refused before anything was counted for it."""

import pytest
from django.test import Client

from accounts.disclosures.events import CLASSES
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.review import exports
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from qqops.staff.signin.throttle import LIMITS
from tests.enforcement.acts import head, verbs
from tests.pages import queries, text


def test_past_the_limit_nothing_is_counted_and_that_is_on_the_trail(auditor: Staff) -> None:
    for _n in range(LIMITS["export"].hits):
        exports.export(Event.objects.all(), "csv", {}, actor=auditor)
    before = head()
    with queries() as told, pytest.raises(Refused):
        exports.export(Event.objects.all(), "csv", {}, actor=auditor)
    assert [sql for sql in told if "COUNT(" in sql] == []
    assert verbs(before) == ["staff.limit_reached"]


@pytest.mark.usefixtures("english")
def test_an_empty_list_leaves_no_hole_in_a_sentence_on_a_page_or_in_a_file(auditor: Staff, client: Client) -> None:
    told = {"granted": [], "refused": ["messages", "registrant"], "secret": False}
    for verb, facts in (("disclosure.reviewed", told), ("audit.exported", {"what": "csv", "rows": 2, "query": {}})):
        with recorder.act(verb, actor=auditor, reason="", facts=facts):
            pass
    reviewed, exported = Event.objects.order_by("-seq")[:2][::-1]
    sentence = f"reviewed a disclosure request; granted: none; refused: {CLASSES['messages']}, {CLASSES['registrant']}"
    cells = exports.row(reviewed)
    assert (reviewed.sentence, cells[3]) == (sentence, sentence)
    assert cells[-1] == f"secret: no; {sentence.rpartition('; ')[2]}"
    assert exports.row(exported)[-1] == "rows: 2; what: csv"
    client.force_login(auditor)
    client.cookies["django_language"] = "en"
    for page in map(client.get, (f"/admin/audit/event/{reviewed.pk}/", "/admin/audit/event/")):
        assert sentence in text(page)


@pytest.mark.usefixtures("english")
def test_how_many_of_each_stand_in_a_file_as_words(auditor: Staff) -> None:
    with recorder.act("appeal.filed", actor=auditor, reason="", facts={"n": 3, "kinds": {"recovery": 2, "enquiry": 1}}):
        pass
    assert exports.row(Event.objects.latest("seq"))[-1] == "how many: 3; kinds: enquiry: 1, recovery: 2"
