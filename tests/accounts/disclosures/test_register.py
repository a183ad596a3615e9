"""The first step (4.2(c)): with its papers a request is registered and its tenures held; without them it is not."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone, translation

from accounts.declarations.services import declare
from accounts.disclosures import services
from accounts.disclosures.policy import ASKERS, PAPERS, Period
from accounts.disclosures.services import PapersMissing, Shown
from accounts.models import AskedBy, DataClass, Disclosure, DisclosureKey, Hold, Number
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.crypto.seal import CannotOpen
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import SCOPE, STATEMENT, asked, last_year, notice, register
from tests.accounts.identity.test_record import whole
from tests.cast import succeeded
from tests.enforcement.acts import head, verbs

Make = Callable[..., Number]
TODAY = timezone.localdate


def test_a_police_request_is_registered_sealed_due_and_its_tenures_are_held(number: Make, agent: Staff) -> None:
    one, two = number(), number()
    before = head()
    made = register(agent, one.pk, two.pk, two.pk)
    assert (made.state, made.maker, made.asked_by) == ("registered", agent, "police")
    assert made.receipt[9] == "J" and "Criminal Procedure Law" in made.legal_basis
    # The paper's deadline and not the table's.
    assert timezone.localdate(made.due_at) == TODAY() + datetime.timedelta(days=5)
    assert sorted(made.targets.values_list("number", "tenure")) == [(n.pk, n.tenure_id) for n in (one, two)]
    assert sorted(made.papers.values_list("kind", flat=True)) == ["retrieval_notice", "two_officers"]
    holds = Hold.objects.order_by("tenure")
    assert [(h.tenure_id, h.kind, h.reference, h.lifted_at) for h in holds] == [
        (n.tenure_id, "request", made.receipt, None) for n in (one, two)
    ]
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.actor, event.subject_label, event.reason) == (
        "disclosure.registered", agent, made.receipt, "",
    )  # fmt: skip
    assert event.facts == {"asked_by": "police", "wants": ["registrant", "messages"], "numbers": 2}
    assert {table: n for table, n in event.rows.items() if n} == {
        "accounts_historicaldisclosure": 1, "accounts_disclosurepaper": 2, "accounts_disclosuretarget": 2,
        "accounts_historicalhold": 2,
    }  # fmt: skip
    assert whole()


def test_what_it_says_of_people_is_sealed_for_this_request_and_place_only(number: Make, agent: Staff) -> None:
    made, other = register(agent, number().pk), register(agent, number().pk)
    for text in (SCOPE, STATEMENT):
        assert text.encode() not in bytes(made.scope or b"") + bytes(made.statement or b"")
    key = DisclosureKey.objects.get(pk=made.pk).in_hand()
    assert key.open(bytes(made.statement or b""), f"disclosure:{made.pk}:statement").decode() == STATEMENT
    for moved in (made.statement, other.scope):
        with pytest.raises(CannotOpen):
            key.open(bytes(moved or b""), f"disclosure:{made.pk}:scope")


@pytest.mark.parametrize(
    ("papers", "missing"),
    [
        ((), ["retrieval_notice", "two_officers"]),
        ((Shown("two_officers"),), ["retrieval_notice"]),
        ((notice(stamped=False), Shown("two_officers")), ["retrieval_notice"]),
        ((notice(),), ["two_officers"]),
    ],
)
def test_an_attempt_without_its_paper_or_its_stamp_is_refused_on_the_record(
    number: Make, agent: Staff, papers: tuple[Shown, ...], missing: list[str]
) -> None:
    one, before = number(), head()
    with translation.override("en"), pytest.raises(PapersMissing) as refused:
        register(agent, one.pk, papers=papers)
    with translation.override("en"):
        assert all(str(PAPERS[code].label) in str(refused.value) for code in missing)
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts["params"], event.facts["act"]) == (
        "audit.refused", {"missing": missing}, "disclosure.register",
    )  # fmt: skip
    assert not Disclosure.objects.exists() and not Hold.objects.exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"papers": (notice(number=" "), Shown("two_officers"))}, "number of the evidence-retrieval notice"),
        ({"papers": (notice(dated=None), Shown("two_officers"))}, "date of the evidence-retrieval notice"),
        ({"papers": (notice(deadline=None), Shown("two_officers"))}, "deadline of the evidence-retrieval notice"),
        ({"papers": (notice(dated=TODAY() + datetime.timedelta(days=9)), Shown("two_officers"))}, "future"),
        (
            {"papers": (notice(deadline=TODAY() - datetime.timedelta(days=1)), Shown("two_officers"))},
            "before the date of its paper",
        ),
        ({"papers": (notice(number="13812345678"), Shown("two_officers"))}, "looks like an ID number"),
        ({"authority": " "}, "Name the authority"),
        ({"authority": "李四 13812345678"}, "looks like an ID number"),
        ({"wants": ()}, "Choose the information"),
        ({"wants": ("registrant", "everything")}, "Choose the information"),
        ({"authority": "某市公安局\n\nYour request is granted in full."}, "on one line"),
        ({"authority": "某市\u202e公安局"}, "on one line"),
        ({"legal_basis": "PIPL 45\x0bsha256: 00"}, "on one line"),
        ({"legal_basis": "PIPL 45\u2028by: privacy"}, "on one line"),
        ({"papers": (notice(number="1号\nsha256: 00"), Shown("two_officers"))}, "on one line"),
        (
            {"papers": (notice(number="1号; court's letter or order to assist no. 9"), Shown("two_officers"))},
            "semicolon",
        ),
        ({"scope": " "}, "own words"),
        ({"statement": ""}, "who asks"),
        ({"wants": ("logins",)}, "named period only"),
        ({"wants": ("logins",), "period": Period(TODAY() - datetime.timedelta(days=9))}, "named period only"),
        ({"period": Period(TODAY(), TODAY() - datetime.timedelta(days=1))}, "ends before it begins"),
        ({"period": Period(TODAY() + datetime.timedelta(days=9))}, "future"),
    ],
)
def test_what_is_left_out_or_impossible_is_named_and_leaves_no_trace(
    number: Make, agent: Staff, more: dict[str, object], said: str
) -> None:
    one, before = number(), head()
    with translation.override("en"), pytest.raises(Invalid, match=said):
        register(agent, one.pk, **more)
    assert verbs(before) == [] and not Disclosure.objects.exists()


def test_a_request_names_its_numbers(agent: Staff) -> None:
    with pytest.raises(Invalid):
        register(agent)
    with pytest.raises(Invalid):
        register(agent, *range(90_000, 90_201))


def test_a_foreign_authority_is_refused_at_the_register_and_nothing_is_looked_up(number: Make, agent: Staff) -> None:
    one, before = number(), head()
    made = register(agent, one.pk, asked_by="foreign", papers=(), authority="A Foreign Court", wants=("identity",))
    assert made.state == "refused" and made.closed_at is not None
    assert not made.targets.exists() and not made.papers.exists()
    assert not Hold.objects.exists()
    assert verbs(before) == ["disclosure.registered", "disclosure.refused"]
    assert Event.objects.get(seq=before + 1).facts["numbers"] == 0
    with translation.override("en"):
        assert "Article 41" in services.letter(made, "en") and str(one.pk) not in services.letter(made, "en")
    assert whole()


def test_who_is_in_no_row_of_the_table_has_no_way_in(number: Make, agent: Staff) -> None:
    before = head()
    with pytest.raises(Refused):
        register(agent, number().pk, asked_by="employer")
    assert verbs(before)[-1:] == ["audit.refused"] and not Disclosure.objects.exists()


def test_only_agents_register_and_nobody_about_his_own_number(
    number: Make, cast: dict[str, Staff], agent: Staff
) -> None:
    one = number()
    for login in ("reviewer", "officer", "supervisor", "privacy", "auditor", "sysadmin", "resources", "outsider"):
        with pytest.raises(Refused):
            register(cast[login], one.pk)
    declare(agent, [one.pk], "relative", actor=agent)
    before = head()
    with pytest.raises(Refused):
        register(agent, number().pk, one.pk)
    assert "audit.refused" in verbs(before) and not Disclosure.objects.exists()


def test_the_period_picks_the_tenure_and_without_one_no_former_holder_is_reached(
    number: Make, agent: Staff, setup_actor: Staff
) -> None:
    one, today = number(), TODAY()
    first, second = succeeded(one, setup_actor)

    def reached(*days: int) -> list[int | None]:
        period = Period(*(today - datetime.timedelta(days=n) for n in days))
        made = register(agent, one.pk, period=period)
        return list(made.targets.order_by("tenure").values_list("tenure", flat=True))

    assert reached() == [second.pk]
    assert reached(200, 150) == [first.pk]
    assert reached(200, 10) == [first.pk, second.pk]
    assert reached(100, 100) == [first.pk]
    assert reached(99, 51) == [None]
    assert reached(50) == [second.pk]


def test_a_number_that_nobody_held_is_registered_and_says_so(agent: Staff) -> None:
    made = register(agent, 987_654_321)
    target = made.targets.get()
    assert target.number == 987_654_321 and target.tenure is None


def test_the_same_form_twice_is_one_request(number: Make, agent: Staff) -> None:
    form = asked(number().pk)
    first = services.register(form, actor=agent)
    before = head()
    assert services.register(form, actor=agent) == first
    assert verbs(before) == [] and Disclosure.objects.count() == 1


def test_every_kind_of_asker_and_every_class_has_its_row() -> None:
    assert list(ASKERS) == AskedBy.values
    for asker in ASKERS.values():
        assert set(asker.papers) <= set(PAPERS)
        assert set(asker.may_have) <= set(DataClass.values) - {"messages", "contacts", "payments"}
        assert bool(asker.papers) != asker.refused and bool(asker.may_have) != asker.refused


@pytest.mark.parametrize("kind", [code for code, asker in ASKERS.items() if not asker.refused])
def test_each_kind_is_taken_with_exactly_its_papers_and_refused_without_any_one(
    number: Make, agent: Staff, kind: str
) -> None:
    one, asker = number(), ASKERS[kind]
    shown = tuple(map(_shown, asker.papers))
    for left_out in asker.papers:
        with pytest.raises(PapersMissing):
            register(agent, one.pk, asked_by=kind, papers=tuple(p for p in shown if p.kind != left_out))
    made = register(agent, one.pk, asked_by=kind, papers=shown, wants=("tenure", "logins"), period=last_year())
    assert made.state == "registered" and made.papers.count() == len(asker.papers)
    if not any(PAPERS[code].deadline for code in asker.papers):
        assert made.due_at - made.registered_at == asker.due


def _shown(code: str) -> Shown:
    """Filled in as far as the table asks, and no further."""
    paper, today = PAPERS[code], TODAY()
    return Shown(
        code,
        number="2026-7" if paper.number else "",
        dated=today if paper.dated else None,
        deadline=today + datetime.timedelta(days=5) if paper.deadline else None,
        stamped=paper.stamped,
    )
