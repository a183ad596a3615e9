"""`manage.py allocate` at the terminal."""

from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Identity, Number, NumberRange, ResourceProposal, Tenure
from accounts.resources import services as proposals
from accounts.resources.queries import fineness
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY
from tests.accounts.imports.files import csv_of, put
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.terminal import Terminal

Supply = Callable[..., NumberRange]
SAY = ("--reason", WHY)
HEADING = (
    "name", "document_kind", "document", "mobile",
    "document_verified_method", "document_verified_at", "document_verified_source",
    "mobile_verified_method", "mobile_verified_at", "mobile_verified_source",
)  # fmt: skip
PROVED = ("registry", "2026-01-31", "population registry", "carrier", "2026-01-31", "carrier")
PEOPLE = (
    ("欧阳晓月", "resident", "110101199003071233", "13987654321", *PROVED),
    ("张伟民", "resident", "11010519491231002X", "13812345678", *PROVED),
)


def test_a_dry_run_says_where_from_and_what_is_applied_prints_the_numbers(supply: Supply, terminal: Terminal) -> None:
    supply(203_164_000, 203_164_999, "test")
    words = ("allocate", "--channel", "web", "--pool", "test", "--count", 3, "--accepted", "explicit", *SAY)
    said = terminal("resources", *words)
    assert said.code == Exit.DRY_RUN and "203164000–203164999: at most 1000 left; premium:" in said.out
    said = terminal("resources", *words, "--json")
    assert said.json["ranges"][0]["left_at_most"] == 1000 and not Tenure.objects.exists()
    said = terminal("resources", *words, "--apply", "--json")
    assert said.code == Exit.DONE and len(said.json["numbers"]) == 3
    assert sorted(said.json["numbers"]) == list(Number.objects.order_by("pk").values_list("pk", flat=True))


def test_holders_come_from_a_file_and_any_fault_refuses_it_by_place(
    supply: Supply, terminal: Terminal, tmp_path: Path
) -> None:
    supply(203_164_000, 203_164_999)
    words = ("allocate", "--channel", "client", "--count", 2, "--accepted", "by_use", *SAY, "--apply")
    wrong = put(tmp_path, csv_of([PEOPLE[0], (*PEOPLE[1][:3], "139", *PROVED)], HEADING), "wrong.csv")
    said = terminal("resources", *words, "--holders", wrong)
    assert said.code == Exit.USAGE and "line 3, mobile:" in said.error and "139" not in said.error
    few = put(tmp_path, csv_of(PEOPLE[:1], HEADING), "few.csv")
    assert "Numbers: 2, holders: 1" in terminal("resources", *words, "--holders", few).error
    assert "The registration lacks: name, document, mobile" in terminal("resources", *words).error
    bare = put(tmp_path, csv_of([row[:4] for row in PEOPLE], HEADING[:4]), "bare.csv")
    assert "Not verified: document, mobile" in terminal("resources", *words, "--holders", bare).error
    assert not Tenure.objects.exists()
    said = terminal("resources", *words, "--holders", put(tmp_path, csv_of(PEOPLE, HEADING)))
    assert said.code == Exit.DONE and "Handed out: 2." in said.out
    assert Identity.objects.filter(document_verified_at__isnull=False).count() == 2
    assert broken() == []


def test_paid_ones_have_order_price_and_end(supply: Supply, terminal: Terminal) -> None:
    supply(203_164_000, 203_164_999, "test", price=1250)
    words = ("allocate", "--channel", "web", "--pool", "test", "--accepted", "explicit", *SAY, "--apply")
    assert "No range of this pool is open" in terminal("resources", *words).error
    assert "say --paid" in terminal("resources", *words, "--order", "O-1").error
    last = timezone.localdate() + 365 * DAY
    paid = ("--paid", "--order", "O-1", "--price", "12.50", "--paid-until", last)
    for price, until in (("12.49", last), ("1e999999", last), ("12.50", "9999-12-31"), ("12.50", "9998-12-31")):
        assert terminal("resources", *words, *paid[:4], price, paid[5], until).code == Exit.USAGE
    assert terminal("resources", *words, *paid[:-1], "soon").code == Exit.USAGE
    assert terminal("resources", *words, *paid).code == Exit.DONE
    tenure = Tenure.objects.get()
    assert (tenure.paid, tenure.order_ref, tenure.price) == (True, "O-1", 1250)
    assert tenure.paid_until is not None and timezone.localdate(tenure.paid_until) == last


def test_a_number_of_tier_3_waits_for_a_supervisor_and_its_holder_stays_sealed(
    supply: Supply, terminal: Terminal, supervisor: Staff, tmp_path: Path, english: None
) -> None:
    found = supply(284_911_000, 284_911_999, "premium")
    fine = next(n for n in range(found.first, found.last) if fineness(n)[0] == 3)
    people = put(tmp_path, csv_of(PEOPLE[:1], HEADING))
    words = ("allocate", "--channel", "web", "--number", fine, "--accepted", "explicit", "--holders", people, *SAY)
    assert terminal("resources", *words).code == Exit.DRY_RUN
    before = head()
    said = terminal("resources", *words, "--apply", "--json")
    assert said.code == Exit.WAITING and not Tenure.objects.exists()
    proposal = ResourceProposal.objects.get(pk=said.json["proposal"])
    assert "欧阳晓月" not in str(proposal.content) and proposal.sealed is not None
    proposals.approve(proposal, actor=supervisor, reason=WHY, content_hash=proposal.content_hash)
    assert verbs(before)[1:] == ["resource.proposed", "resource.approved", "number.allocated", "identity.recorded"]
    number = Number.objects.get(pk=fine)
    assert (number.lifecycle, number.tier) == ("allocated", 3) and Identity.objects.get().tenure_id == number.tenure_id
    assert broken() == []


def test_a_named_number_is_refused_with_what_is_in_its_way(
    supply: Supply, terminal: Terminal, resources: Staff
) -> None:
    supply(284_911_000, 284_911_999, "public")
    supply(284_888_000, 284_888_999, "premium")
    supply(284_913_000, 284_913_999, "test")
    supply(284_914_000, 284_914_999, "test", state="pre_release")

    def said(number: int) -> str:
        words = ("allocate", "--channel", "web", "--number", number, "--accepted", "explicit", *SAY, "--apply")
        found = terminal("resources", *words)
        return found.error or found.out

    assert "it is premium, and its pool hands out none" in said(284_911_515)
    assert "nobody hands out a number of its tier" in said(284_888_888)
    assert "it lies in no range" in said(300_000_001)
    assert "it is “pre-release”" in said(284_914_001)
    assert "284913005" in said(284_913_005)
    assert "it is “allocated, not activated”" in said(284_913_005)
    declare(resources, [284_913_007], "own", actor=resources)
    assert "declared as your own" in said(284_913_007)
