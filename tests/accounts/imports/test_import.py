"""`identity import`: a file sets and updates sealed identities by tenure; any fault refuses all of it (4.1)."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.identity.verification import verify
from accounts.models import Identity, IdentityKey, Number, Registrant, Tenure, Verification
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.imports.files import HEADING, PERSON, csv_of, jsonl_of, xlsx_of
from tests.accounts.imports.typed import REASON, Run, of, tried, verbs
from tests.enforcement.acts import broken, head
from tests.identities import ADULT, tell

Make = Callable[..., Number]
Many = Callable[..., list[int]]
STORED = dict(zip(("name", "document", "mobile", "email", "born"), PERSON[:1] + PERSON[2:], strict=True)) | {
    "mobile": "+8613987654321"
}
EXTENSION_B = "张𠮷"  # U+20BB7


@pytest.mark.parametrize(("make", "name"), [(csv_of, "p.csv"), (xlsx_of, "p.xlsx"), (jsonl_of, "p.jsonl")])
def test_a_file_is_tried_recorded_and_recorded_again_without_a_change(
    numbers: Many, run: Run, make: Any, name: str
) -> None:
    one, two, three = numbers(3)
    tell(Number.objects.get(pk=two), Staff.objects.get(username="privacy"), **ADULT)
    content = make(
        [(one, *PERSON), (f"{two}/1", "", "", "", "139 8765 4321", "-", ""), (three, "", "", "", "", "", "")]
    )
    sha, before = hashlib.sha256(content).hexdigest(), head()
    figures = {"lines": 3, "new": 1, "changed": 1, "same": 1}
    fields = {"name": 1, "document": 1, "mobile": 2, "email": 2, "born": 1}
    dry = run(content, "--json", name=name)
    assert (dry.code, dry.json) == (4, {"applied": False, "sha256": sha, **figures, "fields": fields})
    assert tried(before) == [{"sha256": sha, "lines": 3}] and Identity.objects.count() == 1
    before = head()
    done = run(content, "--apply", "--json", name=name)
    assert (done.code, done.json) == (0, {"applied": True, "sha256": sha, **figures, "fields": fields})
    assert of(one) == STORED
    assert of(two) == {k: v for k, v in ADULT.items() if k != "email"} | {"mobile": "+8613987654321"}
    (event,) = Event.objects.filter(seq__gt=before).exclude(verb="staff.token_issued")
    assert (event.verb, event.reason) == ("identity.recorded", REASON)
    assert event.facts == {"identities": 2, "fields": fields, "source": sha}
    assert event.rows == {"accounts_historicalidentity": 2, "accounts_registrant": 1}
    again = run(content, "--apply", name=name)
    assert (again.code, "new: 0, changed: 0, same: 3" in again.out, sha in again.out) == (0, True, True)
    assert verbs(before) == ["identity.recorded", "identity.import_tried"] and broken() == []
    assert Registrant.objects.count() == 2


def test_what_was_verified_elsewhere_is_taken_over_once(number: Make, run: Run, agent: Staff) -> None:
    one = number()
    heading = ("number", "mobile", *(f"mobile_verified_{part}" for part in ("method", "at", "source")), "basis")
    content = csv_of([(one.pk, PERSON[3], "carrier", "2026-01-31 18:00", "billing system", "CSL 26")], heading)
    assert "new: 1" in run(content, "--apply").out
    proof = Verification.objects.get()
    assert (proof.field, proof.method, proof.result, proof.source, proof.basis) == (
        "mobile", "carrier", "match", "billing system", "CSL 26",
    )  # fmt: skip
    assert timezone.localtime(proof.at).isoformat() == "2026-01-31T18:00:00+08:00"
    assert Identity.objects.get().mobile_verified_at == proof.at
    assert "same: 1" in run(content, "--apply").out and Verification.objects.count() == 1
    later = csv_of([(one.pk, "registry", "2026-02-01", "population registry")], (heading[0], *heading[2:5]))
    assert "changed: 1" in run(later).out
    assert "changed: 1" in run(later, "--apply").out and Verification.objects.count() == 2
    verify(Identity.objects.get(), "mobile", method="carrier", result="mismatch", source="carrier", actor=agent)
    for flags in ((), ("--apply",)):  # what was so before it did not match says nothing of it now
        assert "same: 1" in run(later, *flags).out and Identity.objects.get().mobile_mismatch_at
    assert of(one) == {"mobile": "+8613987654321"} and broken() == []


NUMBER = "88880001"  # what `number()` makes first
HEADINGS = (*HEADING, "mobile_verified_method", "mobile_verified_at", "mobile_verified_source", "basis")


def line(**cells: str) -> list[str]:
    return [({"number": NUMBER} | cells).get(name, "") for name in HEADINGS]


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"document": "110101199003071234", "document_kind": "resident"}, "document", "check character"),
        ({"document": "11010519900230001X", "document_kind": "resident"}, "document", "no such date of birth"),
        ({"document": "110105900230001", "document_kind": "resident"}, "document", "15 digits"),
        ({"document": PERSON[2]}, "document", "Choose the kind"),
        ({"document": PERSON[2], "document_kind": PERSON[3]}, "document_kind", "no such kind of document"),
        ({"mobile": "1064912345678"}, "mobile", "those of devices"),
        ({"mobile": "+1 202 555 0123"}, "mobile", "mainland China"),
        ({"mobile": "1.3987654321E10"}, "mobile", "11 digits"),
        ({"mobile": "=" + PERSON[3]}, "mobile", "formula"),
        ({"mobile": '="13987654321"'}, "mobile", "formula"),
        ({"name": "张😀"}, "name", "2 to 50 characters"),
        ({"name": "张\0三"}, "name", "2 to 50 characters"),
        ({"name": PERSON[0] * 101}, "name", "too long"),
        ({"email": PERSON[4] + "\0"}, "email", "not an e-mail"),
        ({"email": PERSON[0]}, "email", "not an e-mail"),
        ({"born": "1990/03/07"}, "born", "year-month-day"),
        ({"born": "2190-03-07"}, "born", "in the future"),
        ({"number": "", "name": "李四"}, "number", "no number here"),
        ({"number": PERSON[4]}, "number", "no number here"),
        ({"number": PERSON[2]}, "number", "no number here"),
        ({"number": PERSON[3]}, "number", "Nobody holds"),
        ({"number": f"{NUMBER}/2"}, "number", "Nobody holds"),
        ({"number": f"{NUMBER}/x"}, "number", "no number here"),
        ({"number": f"{NUMBER}/" + "9" * 40}, "number", "Nobody holds"),
        ({"number": "9" * 30_000}, "number", "no number here"),
        ({"mobile": PERSON[3], "mobile_verified_method": "carrier"}, "mobile_verified_at", "as in 2026-01-31"),
    ],
)
def test_a_value_that_cannot_be_right_is_named_by_line_and_column(
    number: Make, run: Run, cells: dict[str, str], column: str, said: str
) -> None:
    number()
    before = head()
    found = run(csv_of([line(name="李四"), line(**cells)], HEADINGS), "--json", "--apply").json
    assert (found["applied"], found["lines"]) == (False, 2)
    mine = [one for one in found["errors"] if one["column"] == column]
    assert [(one["line"], said in one["why"]) for one in mine[:1]] == [(3, True)]
    assert [facts["lines"] for facts in tried(before)] == [2] and not Identity.objects.exists()


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"mobile_verified_method": "guess"}, "mobile_verified_method"),
        ({"mobile_verified_at": "2026-02-30"}, "mobile_verified_at"),
        ({"mobile_verified_at": "0001-01-01"}, "mobile_verified_at"),
        ({"mobile_verified_at": "9999-12-31"}, "mobile_verified_at"),
        ({"mobile_verified_at": "yesterday"}, "mobile_verified_at"),
        ({"mobile_verified_source": ""}, "mobile_verified_source"),
        ({"mobile_verified_source": "x" * 81}, "mobile_verified_source"),
        ({"mobile_verified_source": "a\0b"}, "mobile_verified_source"),
        ({"mobile_verified_source": f"told by {PERSON[3]}"}, "mobile_verified_source"),
        ({"basis": PERSON[4]}, "basis"),
        ({"mobile": ""}, "mobile_verified_method"),
        ({"mobile": "-"}, "mobile_verified_method"),
    ],
)
def test_a_proof_that_proves_nothing_is_named(number: Make, run: Run, cells: dict[str, str], column: str) -> None:
    number()
    proof = {
        "mobile": PERSON[3], "mobile_verified_method": "carrier", "mobile_verified_at": "2026-01-31",
        "mobile_verified_source": "billing system",
    }  # fmt: skip
    assert run(csv_of([line(**proof)], HEADINGS)).code == 4
    found = run(csv_of([line(**(proof | cells))], HEADINGS), "--json").json
    assert [one["column"] for one in found["errors"]] == [column]


def test_names_in_rare_characters_and_full_width_values_are_taken(number: Make, run: Run) -> None:
    one = number()
    content = csv_of(
        [(one.pk, EXTENSION_B, "身份证", "１１０１０１１９９００３０７１２３３", "１３９８７６５４３２１", "", "")]
    )
    assert run(content, "--apply").code == 0
    assert of(one) == {"name": EXTENSION_B, "document": PERSON[2], "mobile": "+8613987654321"}
    assert "same: 1" in run(csv_of([(one.pk, EXTENSION_B, "", "", "", "", "")], encoding="gb18030"), "--apply").out


def test_an_organisations_name_is_read_by_the_kind_of_document_on_file(number: Make, run: Run) -> None:
    one = number()
    unnamed = (one.pk, "", "credit_code", "91350100M000100Y43", "", "", "")
    assert run(csv_of([unnamed]), "--apply").code == 0
    assert run(csv_of([(one.pk, "北京1号科技(集团)公司", "", "", "", "", "")]), "--apply").code == 0
    assert Identity.objects.get().document_kind == "credit_code"


def test_to_take_a_document_away_twice_changes_nothing_the_second_time(number: Make, run: Run, privacy: Staff) -> None:
    one = number()
    tell(one, privacy, **ADULT)
    content = csv_of([(one.pk, "", "resident", "-", "", "", "")])
    assert "changed: 1" in run(content).out and "changed: 1" in run(content, "--apply").out
    assert "same: 1" in run(content).out and "same: 1" in run(content, "--apply").out
    assert Identity.objects.get().document_kind == ""


def test_who_holds_it_no_more_or_is_closed_to_change_is_named(
    numbers: Many, run: Run, privacy: Staff, setup_actor: Staff
) -> None:
    ended, erased, locked, fine = numbers(4)
    for number in (erased, locked, fine):
        tell(Number.objects.get(pk=number), privacy)
    now = timezone.now()
    with recorder.act("demo.built", actor=setup_actor, reason="states of a test", facts={"numbers": 1}) as act:
        Tenure.objects.filter(number=ended).update(ended_at=now)
        act.history(Tenure, list(Tenure.objects.filter(number=ended).values_list("pk", flat=True)))
        Identity.objects.filter(tenure__number=erased).update(
            name=None, document=None, mobile=None, email=None, erased_at=now
        )
        Identity.objects.filter(tenure__number=locked).update(locked_at=now)
        act.history(Identity, list(Identity.objects.exclude(tenure__number=fine).values_list("pk", flat=True)))
        IdentityKey.objects.filter(tenure__number=erased).delete()
    before = head()
    rows = [(n, *PERSON) for n in (fine, ended, f"{ended}/1", erased, locked)]
    found = run(csv_of(rows), "--json", "--apply").json
    assert [(one["line"], one["column"], one["why"].rpartition(":")[0] or one["why"]) for one in found["errors"]] == [
        (3, "number", "Nobody holds this number, or it has no such tenure."),
        (4, "number", "This tenure has ended."),
        (5, "number", "This identity information was erased"),
        (6, "number", "Processing of this identity information is stopped"),
    ]
    assert [facts["lines"] for facts in tried(before)] == [5]


def test_a_tenure_twice_in_one_file_is_named_with_both_lines(numbers: Many, run: Run) -> None:
    one, two = numbers(2)
    rows = [(one, *PERSON), (two, *PERSON), (f"QQ:{one}", *PERSON), (f"{one}/1", *PERSON)]
    said = run(csv_of(rows), "--apply")
    assert said.code == 2 and not Identity.objects.exists()
    assert said.out.splitlines()[1:] == [
        "line 4, number: The same tenure stands on line 2.",
        "line 5, number: The same tenure stands on line 2.",
    ]
    assert said.error == "The file was refused, nothing was done. Faults: 2, lines: 4."


def test_of_many_faults_fifty_are_shown_and_json_has_them_all(number: Make, run: Run) -> None:
    content = csv_of([(number().pk, *PERSON), *((20_000 + n, *PERSON) for n in range(60))])
    said = run(content)
    assert said.code == 2 and len(said.out.splitlines()) == 52
    assert said.out.splitlines()[-1] == "… and 10 more" and "Faults: 60, lines: 61" in said.error
    said = run(content, "--json")
    assert said.code == 2 and (said.json["wrong"], len(said.json["errors"])) == (60, 60)


def test_nobody_imports_for_his_own_number_and_the_attempt_is_on_the_record(
    numbers: Many, run: Run, privacy: Staff
) -> None:
    own, other = numbers(2)
    declare(privacy, [own], "relative", actor=privacy)
    before = head()
    for more in ((), ("--apply", "--json")):
        said = run(csv_of([(other, *PERSON), (own, *PERSON)]), *more)
        assert (said.code, "another person must act" in said.error) == (5, True)
        assert "line 3, number" in said.out or said.json["errors"][0]["line"] == 3
    assert verbs(before) == ["identity.import_tried", "audit.refused"] * 2
    assert not Identity.objects.exists()


def test_only_the_privacy_officer_imports_and_says_why(number: Make, run: Run, cast: dict[str, Staff]) -> None:
    content = csv_of([(number().pk, *PERSON)])
    for login in ("agent", "reviewer", "officer", "supervisor", "resources", "auditor", "sysadmin"):
        before = head()
        said = run(content, "--apply", login=login)
        assert (said.code, "may not import" in said.error) == (5, True), login
        assert verbs(before) == ["audit.refused"]
        assert Event.objects.latest("seq").facts["command"] == "identity import"
    before = head()
    assert run(content, "--apply", "--reason", "no").code == 2
    assert run(content, "--apply", "--ticket", PERSON[3]).code == 2
    assert run(b"number,name\n").code == 2 and run(b"").code == 2
    assert verbs(before) == [] and not Identity.objects.exists()


def test_what_changes_between_the_check_and_the_act_stops_it(
    numbers: Many, run: Run, monkeypatch: pytest.MonkeyPatch, setup_actor: Staff, settings: Any
) -> None:
    from accounts.imports import services as intake

    settings.QQOPS_CHUNK = 1
    one, two = numbers(2)
    check = intake.check

    def checked(*args: Any, **more: Any) -> Any:
        found = check(*args, **more)
        with recorder.act("demo.built", actor=setup_actor, reason="meanwhile", facts={"numbers": 1}) as act:
            Tenure.objects.filter(number=two).update(ended_at=timezone.now())
            act.history(Tenure, list(Tenure.objects.filter(number=two).values_list("pk", flat=True)))
        return found

    monkeypatch.setattr(intake, "check", checked)
    said = run(csv_of([(one, *PERSON), (two, *PERSON)]), "--apply")
    assert (said.code, said.error) == (
        2,
        "Line 3 has changed since it was checked: Nobody holds this number, or it has no such tenure.",
    )
    assert Identity.objects.count() == 1 and broken() == []
