"""`manage.py ranges`: what a manager sees, proposes and has approved at the terminal, by the rules of the web."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Campaign, Number, NumberRange, ResourceProposal
from qqops.core.commands import Exit
from tests.cast import make_numbers
from tests.enforcement.acts import broken
from tests.supply import WHY
from tests.terminal import Terminal

pytestmark = pytest.mark.django_db
Supply = Callable[..., NumberRange]
SAY = ("--reason", WHY)


def test_a_range_is_opened_seen_and_moved_on_by_two_people(terminal: Terminal) -> None:
    opens = ("ranges", "open", "284000000", "284000999", "--pool", "public", "--purpose", "growth", "--price", "8.88",
             "--channel", "web", *SAY)  # fmt: skip
    dry = terminal("resources", *opens)
    assert dry.code == Exit.DRY_RUN
    assert "Within what one person may do alone" in dry.out
    assert "8.88 yuan" in dry.out
    assert not NumberRange.objects.exists()
    done = terminal("resources", *opens, "--apply", "--json")
    assert (done.code, done.json["state"], done.json["rule"]) == (Exit.DONE, "applied", "alone")
    made = NumberRange.objects.get()
    assert (made.price, made.channels) == (888, ["web"])
    assert "left in open ranges: 0" in terminal("auditor", "ranges", "list", *SAY).out
    moved = terminal("resources", "ranges", "move", made.pk, "--to", "pre_release", *SAY, "--apply", "--json")
    assert moved.code == Exit.WAITING
    which, seen = moved.json["proposal"], moved.json["content_hash"]
    shown = terminal("supervisor", "ranges", "approve", which, *SAY)
    assert shown.code == Exit.DRY_RUN
    assert seen in shown.out
    assert "284000000–284000999" in shown.out
    blind = terminal("supervisor", "ranges", "approve", which, *SAY, "--apply")
    assert (blind.code, "without --apply first" in blind.error) == (Exit.USAGE, True)
    stale = terminal("supervisor", "ranges", "approve", which, *SAY, "--apply", "--seen", "0" * 12)
    assert (stale.code, "not the one you saw" in stale.error) == (Exit.USAGE, True)
    own = terminal("resources", "ranges", "approve", which, *SAY, "--apply", "--seen", seen)
    assert (own.code, "another person" in own.error) == (Exit.REFUSED, True)
    assert NumberRange.objects.get().state == "reserved"
    agreed = terminal("supervisor", "ranges", "approve", which, *SAY, "--apply", "--seen", seen[:12])
    assert agreed.code == Exit.DONE
    assert NumberRange.objects.get().state == "pre_release"
    assert broken() == []


def test_list_and_show_say_how_full_ranges_and_pools_are(terminal: Terminal, supply: Supply) -> None:
    opened = supply(284_000_000, 284_000_999)
    make_numbers([284_000_001, 284_000_002], "in_use")
    make_numbers([284_000_003], "quarantined")
    listed = terminal("auditor", "ranges", "list", *SAY, "--json").json
    use = {"size": 1000, "held": 2, "share": 0.002, "left_at_most": 998, "rows": {"in_use": 2, "quarantined": 1}}
    assert [(one["range"], one["use"]) for one in listed["ranges"]] == [(opened.pk, use)]
    assert listed["pools"] == [{"pool": "public", "ranges": 1, "use": use}]
    plain = terminal("auditor", "ranges", "list", *SAY).out
    assert "held 2 (0.2%)" in plain and "left in open ranges: at most 998" in plain
    shown = terminal("auditor", "ranges", "show", opened.pk, *SAY, "--json").json
    assert shown["density"]["exact"] is True
    assert terminal("auditor", "ranges", "list", "--pool", "premium", *SAY, "--json").json["ranges"] == []
    refused = terminal("agent", "ranges", "list", *SAY)
    assert (refused.code, "may not see number ranges" in refused.error) == (Exit.REFUSED, True)


def test_a_number_that_has_no_row_is_told(terminal: Terminal, supply: Supply) -> None:
    opened = supply(284_917_000, 284_917_999)
    told = terminal("resources", "ranges", "show", "--number", "QQ:284917888", *SAY, "--json")
    assert told.json == {
        "number": 284_917_888, "state": "available", "range": opened.pk, "pool": "public", "tier": 2,
        "patterns": ["ends in three of one digit", "ends in 66, 88 or 99"],
    }  # fmt: skip
    plain = terminal("resources", "ranges", "show", "--number", "284917059", *SAY)
    assert (plain.code, "an ordinary number" in plain.out) == (Exit.DONE, True)
    nowhere = terminal("resources", "ranges", "show", "--number", "999999999", *SAY)
    assert (nowhere.code, "in no range" in nowhere.error) == (Exit.USAGE, True)
    both = terminal("resources", "ranges", "show", opened.pk, "--number", "284917059", *SAY)
    assert both.code == Exit.USAGE


def test_a_list_of_numbers_is_moved_or_given_a_tier(terminal: Terminal, supply: Supply, tmp_path: Path) -> None:
    supply(284_000_000, 284_000_999)
    listed = tmp_path / "list.csv"
    listed.write_text("号码,备注\n２84000010,甲\nQQ: 284000011,乙\n", encoding="gb18030")
    done = terminal("resources", "ranges", "numbers", "--numbers", listed, "--to", "reserved", *SAY, "--apply")
    assert done.code == Exit.DONE
    assert dict(Number.objects.values_list("pk", "lifecycle")) == dict.fromkeys((284_000_010, 284_000_011), "reserved")
    waiting = terminal("resources", "ranges", "tier", 284_000_175, "--tier", 3, *SAY, "--apply", "--json")
    assert (waiting.code, waiting.json["numbers"]) == (Exit.WAITING, 1)
    listed.write_text("284000010\nabc\n0284000011\n")
    wrong = terminal("resources", "ranges", "numbers", "--numbers", listed, "--to", "retired", *SAY, "--apply")
    assert wrong.code == Exit.USAGE
    assert "line 2" in wrong.error
    assert "line 3" in wrong.error
    unknown = terminal("resources", "ranges", "numbers", 999_999_999, "--to", "reserved", *SAY, "--apply")
    assert (unknown.code, "Unknown numbers: 999999999" in unknown.error) == (Exit.USAGE, True)
    assert ResourceProposal.objects.filter(kind__in=("numbers_move", "tier")).count() == 2


def test_the_plan_keeps_what_was_not_given(terminal: Terminal, supply: Supply) -> None:
    opened = supply(284_000_000, 284_000_999, plan="a hundred a day", price=888, channels=("web",))
    dry = terminal(
        "resources", "ranges", "plan", opened.pk, "--price", "free", "--opens-on", "2027-01-01", *SAY, "--json"
    )
    content = {"plan": "a hundred a day", "opens_on": "2027-01-01", "price": None, "channels": ["web"]}
    assert dry.json["content"] == {"range": opened.pk, **content}
    for wrong in (("--price", "8.888"), ("--price", "much"), ("--price", "1e999999"), ("--opens-on", "2027-02-30")):
        assert terminal("resources", "ranges", "plan", opened.pk, *wrong, *SAY).code == Exit.USAGE


def test_a_campaign_is_opened_and_another_refused(terminal: Terminal) -> None:
    opens = ("ranges", "campaign", "spring-2027", "--organiser", "youth association", "--authorisation", "2026-118",
             "--quota", 500, "--starts", "2027-02-01", "--ends", "2027-03-01 18:00", *SAY, "--apply",
             "--json")  # fmt: skip
    made = terminal("resources", *opens).json
    assert terminal(
        "supervisor", "ranges", "approve", made["proposal"], *SAY, "--apply", "--seen", made["content_hash"]
    ).code == Exit.DONE  # fmt: skip
    assert Campaign.objects.get().starts_at.isoformat() == "2027-01-31T16:00:00+00:00"  # 00:00 in Shanghai
    again = terminal("resources", *opens)
    assert (again.code, "already" in again.error) == (Exit.USAGE, True)


def test_tiers_are_recomputed_for_what_nobody_holds_and_was_not_set_by_hand(terminal: Terminal) -> None:
    make_numbers([284_917_888], "available", tier=0)
    make_numbers([284_917_777], "in_use", tier=0)
    dry = terminal("resources", "ranges", "recompute", *SAY, "--json")
    assert (dry.code, dry.json["numbers"]) == (Exit.DRY_RUN, 1)
    done = terminal("resources", "ranges", "recompute", *SAY, "--apply", "--json")
    assert (done.code, done.json["numbers"]) == (Exit.DONE, 1)
    assert dict(Number.objects.values_list("pk", "tier")) == {284_917_888: 2, 284_917_777: 0}
    assert terminal("officer", "ranges", "recompute", *SAY, "--apply").code == Exit.REFUSED
    assert broken() == []
