"""A person is found by an exact value and nothing near it, on the record without the value; links are hints."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.translation import override as speaking

from accounts.declarations.services import declare
from accounts.identity.formats import Field
from accounts.identity.queries import identities, masked, of_minor
from accounts.identity.sealing import HASHED, search_hash
from accounts.models import Identity, IdentityKey, Number
from accounts.people.queries import LINKS_MAX, Link, Strength, bearers, linked, linked_by
from accounts.people.services import FOUND_MAX, guesses, search
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.crypto.seal import DataKey
from qqops.staff.models import Staff, Throttle
from qqops.staff.signin.throttle import LIMITS
from tests.accounts.identity.test_record import whole
from tests.identities import ADULT, MINOR, tell

Make = Callable[..., Number]
Told = Callable[..., Identity]
DAY = timedelta(days=1)
PEOPLE = [
    ({"name": "𠮷田明"}, "name", ["𠮷田明", " 𠮷 田 明 "]),
    ({"name": "John Smith"}, "name", ["JOHN  smith", "Ｊｏｈｎ Ｓｍｉｔｈ"]),
    ({"document": "11010519491231002X"}, "document", ["11010519491231002x", "１１０１０５ 1949-1231 002ｘ"]),
    ({"document": "E12345678", "document_kind": "passport"}, "document", ["e12345678", "E 1234 5678"]),
    ({"document": "91110000600037341L", "document_kind": "credit_code"}, "document", ["91110000600037341l"]),
    ({"mobile": "+8613812345678"}, "mobile", ["13812345678", "+86 138-1234-5678", "008613812345678", "１３８12345678"]),
    ({"email": "Zhang.wm@example.com"}, "email", ["Zhang.wm@EXAMPLE.com", "zhang.wm@example.com"]),
    ({"name": "3M中国有限公司", "document": "91110000600037341L", "document_kind": "credit_code"},
     "name", ["3M中国有限公司"]),
]  # fmt: skip


@pytest.mark.parametrize(("told", "field", "typed"), PEOPLE)
def test_each_item_is_found_however_it_is_typed_and_whether_or_not_it_is_named(
    identity: Told, agent: Staff, told: dict[str, Any], field: str, typed: list[str]
) -> None:
    wanted, _other = identity(**told), identity(**MINOR)
    for text in typed:
        for named, kind in ((field, told.get("document_kind", "resident")), ("", "")):
            found = search(named, text, actor=agent, document_kind=kind if named == "document" else "")
            assert ([one.pk for one in found.identities], found.field, found.more) == ([wanted.pk], field, False), text
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor, event.facts) == ("identity.searched", agent, {"field": field, "found": 1})
    assert (event.reason, event.subject_type, event.rows) == ("", "", {})
    assert Event.objects.filter(verb="identity.searched").count() == 2 * len(typed)
    assert whole()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("110101199003071234", "check character of the resident ID"),
        ("11010519900230001X", "no such date of birth"),
        ("110105491231002", "15 digits"),
        ("91110000600037341M", "check character of the unified social credit code"),
        ("1064812345678", "those of devices"),
        ("12812345678", "begins with 13 to 19"),
        ("+1 202 555 0123", "mainland China"),
        ("nobody@nowhere", "not an e-mail address"),
        ("张😀", "A name has 2 to 50"),
        ("张", "A name has 2 to 50"),
        ("123456789", "choose it"),
        ("١٣٨١٢٣٤٥٦٧٨", "A name has 2 to 50"),
        ("", "A name has 2 to 50"),
        ("张" * 500, "too long"),
        ("\0", "A name has 2 to 50"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it_and_nothing_is_recorded(
    agent: Staff, text: str, sentence: str
) -> None:
    before = Event.objects.count()
    with speaking("en"), pytest.raises(Invalid, match=sentence) as wrong:
        search("", text, actor=agent)
    assert len(text) < 2 or text not in str(wrong.value)
    assert Event.objects.count() == before


def test_nobody_is_found_by_what_is_near_and_nobody_by_a_date_of_birth(identity: Told, agent: Staff) -> None:
    identity(name="张伟民", born="2001-02-03", mobile="+8613812345678")
    for text in ("张伟", "13812345679", "13812345678@example.com"):
        assert search("", text, actor=agent).identities == []
    assert Event.objects.latest("seq").facts == {"field": "email", "found": 0}
    with speaking("en"), pytest.raises(Invalid, match="by this item"):
        search("born", "2001-02-03", actor=agent)
    with speaking("en"), pytest.raises(Invalid, match="kind of document"):
        search("document", "E12345678", actor=agent)


def test_who_may_not_search_is_refused_on_the_record(identity: Told, auditor: Staff, resources: Staff) -> None:
    identity()
    for person in (auditor, resources):
        with speaking("en"), pytest.raises(Refused):
            search("mobile", ADULT["mobile"], actor=person)
        event = Event.objects.latest("seq")
        assert (event.verb, event.actor, event.facts["act"]) == ("audit.refused", person, "identity.search")
    assert not Event.objects.filter(verb="identity.searched").exists()


def test_searches_are_counted_and_the_value_is_nowhere_on_the_record(identity: Told, agent: Staff) -> None:
    identity()
    for _n in range(LIMITS["search"].hits):
        search("", ADULT["mobile"], actor=agent)
    with speaking("en"), pytest.raises(Refused, match="limit"):
        search("", ADULT["mobile"], actor=agent)
    search("", ADULT["mobile"], actor=agent, counted=True)  # the jump box has counted it
    verbs = list(Event.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs.count("identity.searched") == LIMITS["search"].hits + 1 and "staff.limit_reached" in verbs
    kept = str(list(Event.objects.values())) + str(list(Throttle.objects.values()))
    assert not [value for value in ADULT.values() if value.removeprefix("+86") in kept]


def test_past_a_days_worth_of_persons_it_stops_until_the_next_day_and_somebody_is_told(
    identity: Told, agent: Staff, officer: Staff
) -> None:
    one, minute, spent = identity(), timedelta(seconds=61), 0
    while spent < LIMITS["people"].hits:
        for _n in range(min(LIMITS["search"].hits, LIMITS["people"].hits - spent)):
            search("mobile", f"138{spent:08d}", actor=agent)
            spent += 1
        _later(minute)
    before = Event.objects.latest("seq").seq
    for counted in (False, True):  # typed into the form, or into the jump box
        with speaking("en"), pytest.raises(Refused, match="limit"):
            search("mobile", ADULT["mobile"], actor=agent, counted=counted)
    with speaking("en"), pytest.raises(Invalid, match="not an e-mail address"):
        search("email", "nobody@nowhere", actor=agent)
    assert [e.verb for e in Event.objects.filter(seq__gt=before)] == ["staff.limit_reached"]
    (alert,) = Alert.objects.all()
    assert (alert.code, alert.subject_id, alert.facts["what"]) == (
        "quota", str(agent.pk), "searches for persons in a day",
    )  # fmt: skip
    assert [found.pk for found in search("mobile", ADULT["mobile"], actor=officer).identities] == [one.pk]
    _later(DAY)
    assert [found.pk for found in search("mobile", ADULT["mobile"], actor=agent).identities] == [one.pk]


def _later(by: timedelta) -> None:
    """For the counters."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE staff_throttle SET since = since - %s", [by])  # type: ignore[list-item]


def test_what_was_erased_is_not_found_and_what_is_only_kept_has_no_mask(identity: Told, agent: Staff) -> None:
    gone, kept = identity(mobile="+8613700000000"), identity(mobile="+8613700000000")
    IdentityKey.objects.filter(pk=gone.pk).delete()
    Identity.objects.filter(pk=kept.pk).update(locked_at=timezone.now())
    (found,) = search("mobile", "13700000000", actor=agent).identities
    assert (found.pk, masked(found)) == (kept.pk, {})


def test_of_many_the_newest_fifty_are_found_in_one_query_with_those_on_ones_own_list(
    numbers: Callable[..., list[int]], agent: Staff, setup_actor: Staff, django_assert_num_queries: Any
) -> None:
    ids = numbers(FOUND_MAX + 1)
    for number in Number.objects.filter(pk__in=ids).select_related("tenure"):
        tell(number, setup_actor, mobile="+8613812345678", name="张伟民")
    declare(agent, ids[-1:], "relative", actor=agent)
    found = search("mobile", "13812345678", actor=agent)
    assert len(found.identities) == FOUND_MAX and found.more
    tenures = [one.pk for one in found.identities]
    assert tenures == sorted(tenures, reverse=True)
    assert [one.tenure.number_id for one in found.identities if getattr(one, "own", False)] == ids[-1:]
    assert Event.objects.latest("seq").facts == {"field": "mobile", "found": f"{FOUND_MAX}+"}
    with django_assert_num_queries(1):
        rows = list(bearers(Field.MOBILE, search_hash("mobile", "+8613812345678"), agent)[:FOUND_MAX])
        assert {masked(one)[Field.NAME] for one in rows} == {"张**"} and {one.tenure.number.lifecycle for one in rows}


@pytest.mark.parametrize("field", HASHED)
def test_a_value_is_looked_up_by_its_index_and_not_searched_for(identity: Told, agent: Staff, field: Field) -> None:
    one = identity()
    with connection.cursor() as cursor:
        # The tables of a test are too small to be worth an index, or any index will do to read all of them: only a
        # bitmap is made by a condition alone.
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for rows in (
            bearers(field, search_hash(field, ADULT[field]), agent)[:51],
            *([linked_by(one, field, agent)[:51]] if field != Field.NAME else []),
        ):
            sql, params = rows.query.sql_with_params()
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(line for (line,) in cursor)
            assert f"identity_by_{field}" in plan and "Seq Scan" not in plan, plan


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("13812345678", ["mobile"]),
        ("138 1234 5678", ["mobile"]),
        ("a@b", ["email"]),
        ("12345", []),
        ("123456789012", []),
        ("#12", []),
        ("张伟民", ["name", "name"]),
        ("Smith", ["name", "name"]),
        ("E12345678", ["document"]),
        ("110105491231002", ["document", "document"]),
    ],
)
def test_the_form_tells_what_a_text_is_or_it_does_not(text: str, first: list[str]) -> None:
    assert [field for field, _kind in guesses(text)] == first


# Links


def test_a_shared_document_links_strongly_and_a_line_less_the_older_it_is(identity: Told, agent: Staff) -> None:
    one, same, line, mail = (
        identity(),
        identity(**(ADULT | {"mobile": "+8613711111111", "email": "other@example.com"})),
        identity(name="王芳", mobile=ADULT["mobile"]),
        identity(name="李娜", email="ZHANG.WM@example.com"),
    )
    assert linked(one) == [
        Link(Field.DOCUMENT, Strength.STRONG, 1, False),
        Link(Field.MOBILE, Strength.MEDIUM, 1, False),
        Link(Field.EMAIL, Strength.MEDIUM, 1, False),
    ]  # fmt: skip
    old = timezone.now() - 2 * 366 * DAY
    Identity.objects.filter(pk=line.pk).update(mobile_at=old)
    assert linked(one)[1] == Link(Field.MOBILE, Strength.WEAK, 1, False)
    Identity.objects.filter(pk=line.pk).update(mobile_verified_at=timezone.now())
    assert linked(one)[1].strength == Strength.MEDIUM
    Identity.objects.filter(pk=one.pk).update(mobile_at=old)
    one = identities().get(pk=one.pk)
    assert [(link.field, link.strength) for link in linked(one)][1:] == [("mobile", "weak"), ("email", "medium")]
    assert [other.pk for other in linked_by(one, Field.DOCUMENT, agent)] == [same.pk]
    assert [other.pk for other in linked_by(one, Field.EMAIL, agent)] == [mail.pk]


def test_one_document_on_forty_numbers_is_a_hint_and_nothing_follows(
    identity: Told, numbers: Callable[..., list[int]], setup_actor: Staff, django_assert_num_queries: Any
) -> None:
    one = identity()
    for number in Number.objects.filter(pk__in=numbers(40)).select_related("tenure"):
        tell(number, setup_actor, document=ADULT["document"])
    one = identities().get(pk=one.pk)
    before = Event.objects.count(), set(Number.objects.values_list("revision", "lifecycle"))
    with django_assert_num_queries(1):
        assert linked(one) == [Link(Field.DOCUMENT, Strength.STRONG, 40, False)]
    assert before == (Event.objects.count(), set(Number.objects.values_list("revision", "lifecycle")))
    assert before[1] == {(0, "in_use")}


def test_links_are_counted_no_further_than_two_hundred(
    identity: Told, numbers: Callable[..., list[int]], setup_actor: Staff
) -> None:
    one = identity(mobile="+8613812345678")
    tenures = Number.objects.filter(pk__in=numbers(LINKS_MAX + 2)).values_list("tenure", flat=True)
    digest = search_hash("mobile", "+8613812345678")
    made = [IdentityKey.fresh(pk, mobile_hash=digest)[1] for pk in tenures]
    Identity.objects.bulk_create(Identity(tenure_id=key.pk, mobile_at=timezone.now()) for key in made)
    IdentityKey.objects.bulk_create(made)
    assert linked(one) == [Link(Field.MOBILE, Strength.MEDIUM, LINKS_MAX, True)]


def test_a_passport_links_less_than_a_card_as_two_countries_may_give_the_same_number(identity: Told) -> None:
    one, _two = (identity(document="E12345678", document_kind="passport") for _n in range(2))
    assert linked(one) == [Link(Field.DOCUMENT, Strength.MEDIUM, 1, False)]


def test_what_is_erased_or_only_kept_links_nobody(identity: Told) -> None:
    one, kept, gone = identity(), identity(), identity()
    Identity.objects.filter(pk=kept.pk).update(locked_at=timezone.now())
    IdentityKey.objects.filter(pk=gone.pk).delete()
    assert linked(one) == [] == linked(identities().get(pk=kept.pk)) == linked(identities().get(pk=gone.pk))


# Opening


def test_a_tenures_key_is_unwrapped_once_however_many_items_are_opened(
    identity: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = identity().pk
    opened: list[str] = []
    plain = DataKey.open

    def watched(self: DataKey, sealed: bytes, purpose: str) -> bytes:
        opened.append(purpose)
        return plain(self, sealed, purpose)

    monkeypatch.setattr(DataKey, "open", watched)
    one = identities().get(pk=pk)
    assert len(masked(one)) == 4 and not of_minor(one)
    assert sorted(opened) == sorted(
        [f"accounts_identitykey:{pk}", f"identity:{pk}:document"]
        + [f"identity:{pk}:{field}" for field in ("name", "document", "mobile", "email")]
    )
