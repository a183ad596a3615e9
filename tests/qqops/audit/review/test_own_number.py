"""What happened to a number of one's own: others look at it, in the review and event by event."""

from accounts.declarations.services import declare
from accounts.models import Hold
from accounts.retention.holds import place
from enforcement.cases.policy import CaseKind
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.review import lookups
from tests.accounts.disclosures import asking as disclosures
from tests.appeals.heard import objection
from tests.enforcement.acts import decide, head
from tests.enforcement.cases.opening import opened
from tests.pages import text
from tests.qqops.audit.review.searching import URL, seen


def test_what_happened_to_ones_own_number_is_for_others_to_look_at(desk, cast, number, supervisor, officer, agent):
    own = number()
    appeal = objection(own, decide(Kind.FREEZE, own, officer), agent)
    declare(supervisor, [own.pk], "own", actor=supervisor)
    browser, before = desk("supervisor"), head()
    for asked in ({"number": own.pk}, {"tenure": f"{own.pk}/1"}, {"appeal": appeal.receipt}):
        page = browser.get(URL, asked)
        assert "another person must act" in text(page) and page.context["page"].rows == []
    assert [e.verb for e in Event.objects.filter(seq__gt=before)] == ["audit.refused"] * 3
    assert seen(desk("auditor"), number=own.pk) > seen(desk("auditor"), appeal=appeal.receipt) > set()


def test_an_event_about_ones_own_number_its_holder_or_their_affair_is_for_others_to_open(
    desk, cast, number, supervisor, officer, officer2, agent
):
    own, other = number(), number()
    frozen = decide(Kind.FREEZE, own, officer2)
    appeal, paper = objection(own, frozen, agent), disclosures.register(agent, own.pk)
    case = opened(CaseKind.TRANSFER, agent, own.pk)

    def page_about(subject):
        with recorder.act("demo.built", actor=officer, reason="", subject=subject, facts={"numbers": 1}):
            pass
        return f"{URL}{Event.objects.latest('seq').pk}/"

    kept = list(map(page_about, (own, own.tenure, appeal, paper, case)))
    left = list(map(page_about, (frozen.decision, other, other.tenure, officer, None)))  # a decision is of many
    declare(supervisor, [own.pk], "own", actor=supervisor)
    reader, auditor, before = desk("supervisor"), desk("auditor"), head()
    for page in kept:
        answer = reader.get(page)
        assert answer.status_code == 403 and "another person must act" in text(answer), page
        assert "demo.built" not in text(answer) and "demo.built" in text(auditor.get(page))
    told = [(e.verb, e.actor, e.facts["act"]) for e in Event.objects.filter(seq__gt=before)]
    assert told == [("audit.refused", supervisor, "audit_review")] * len(kept)
    assert [reader.get(page).status_code for page in left] == [200] * len(left)
    lookups.may_open(supervisor, Event(subject_type="accounts.number", subject_id="tampered with"))  # it is to be seen


def test_an_event_keeps_what_its_objects_page_keeps_from_a_reader(desk, cast, number, privacy, supervisor):
    """A hold for a request about a number that he declared is on no page for him, nor what its event changed."""
    own = number()
    facts = {"kind": "request", "reference": "R-17", "targets": 1}
    with recorder.act("number.hold_placed", actor=privacy, reason="", facts=facts) as made:
        place([own.tenure_id], "request", "R-17", actor=privacy, act=made)
    event = Event.objects.get(verb="number.hold_placed")
    row = f"Hold {Hold.objects.get().pk}"
    assert row in text(desk("supervisor").get(f"{URL}{event.pk}/"))
    declare(supervisor, [own.pk], "own", actor=supervisor)
    assert row not in text(desk("supervisor").get(f"{URL}{event.pk}/"))
