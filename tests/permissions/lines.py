"""The words of each command, and of each of its doings, when it is asked for by the tests."""

from pathlib import Path

from django.utils import timezone

from accounts.models import NumberRange, ResourceProposal
from accounts.resources import services as resources
from accounts.resources.services import ranges
from accounts.retention import erasure_list
from enforcement.policy import Kind
from qqops.staff.access.services import request_role
from tests.accounts.imports.files import csv_of, put
from tests.cast import make_numbers
from tests.enforcement.acts import decide
from tests.permissions.samples import COVER, DESK, Cast, dormant
from tests.story import Story
from tests.supply import open_range

WHAT = ("--fact", "sold forged tickets", "--evidence", "screenshot 7", "--reason", "fraud report upheld")
GRADED = ("--severity", "serious", "--departure", "less than others who did the same")
GROUNDS = ("--clause", "10.1", *WHAT, *GRADED)
SAY = ("--reason", COVER)


def command_lines(cast: Cast, story: Story, folder: Path) -> dict[str, tuple[str, ...]]:
    """For each command, and each of its doings, words that are right."""
    free, ended, frozen, ending = 20_001, 20_002, 20_003, 20_004
    make_numbers([free, frozen, ending])
    make_numbers([ended], "terminated")
    retires = _retires(cast)
    decide(Kind.FREEZE, [frozen], cast["officer2"])
    waiting = decide(Kind.TERMINATE, [ending], cast["officer2"]).decision
    asked = request_role(cast["officer2"], "agent", actor=cast["sysadmin"], reason=COVER)
    rules = folder / "rules.txt"
    rules.write_text((Path(__file__).parents[1] / "data" / "rules-sample.txt").read_text())
    person, number = ("officer2",), str(free)
    receipt = story.cases.law.released.receipt
    released = [put(folder, content, name) for name, content in story.cases.released_files()]
    told = put(folder, csv_of([[number, "王小明", "", "", "13812345678", "", ""]]))
    gone = put(folder, "\n".join(map(str, erasure_list.lines())).encode(), "erasures.jsonl")
    return {
        "enforce restrict": ("enforce", "restrict", number, *GROUNDS, "--scope", "mail", "--for", "1d"),
        "enforce freeze": ("enforce", "freeze", number, *GROUNDS, "--for", "1d"),
        "enforce freeze security": (
            "enforce", "freeze", number, *WHAT, "--clause", "6.2", "--freeze-kind", "security", "--for", "1d",
        ),
        "enforce terminate": ("enforce", "terminate", number, *GROUNDS),
        "enforce lift": ("enforce", "lift", str(frozen), *GROUNDS, "--what", "freeze"),
        "enforce adjust": ("enforce", "adjust", str(frozen), *GROUNDS, "--what", "freeze", "--for", "1h"),
        "enforce restore": ("enforce", "restore", str(ended), *GROUNDS),
        "approve": ("approve", str(waiting.pk), *SAY),
        **_enforces(story, folder),
        **_hears(story, folder),
        "decisions show": ("decisions", "show", str(waiting.pk)),
        "decisions run": ("decisions", "run", str(waiting.pk)),
        "number": ("number", number),
        "expire": ("expire",),
        "audit_checkpoint": ("audit_checkpoint",),
        "audit_verify": (),
        **{
            f"audit_report {name}": ("audit_report", name, *SAY)
            for name in ("activity", "approvals", "conflicts", "gaps", "reveals")
        },
        "demo": (),
        "migrate": (),
        "import_rules": ("import_rules", str(rules), "--version", "9", "--effective", "2099-01-01", *SAY),
        "declare": ("declare", number, "--relation", "own", *SAY),
        "protect": ("protect", number, "--kind", "vip", *SAY),
        "identity import": ("identity", "import", str(told), *SAY),
        "identity purge_expired": ("identity", "purge_expired"),
        "identity erasures": ("identity", "erasures"),
        "identity reapply": ("identity", "reapply", str(gone)),
        "holder": ("holder", str(story.people.adult.tenure.number_id), "--on", "2026-06-01", *SAY),
        "disclosures list": ("disclosures", "list", *SAY),
        "disclosures show": ("disclosures", "show", receipt, *SAY),
        "disclosures verify": ("disclosures", "verify", *map(str, released), *SAY),
        **_ranges(retires),
        **_reclaims(cast, number, folder),
        **_allocates(cast, folder),
        "cancel": ("cancel", number, "--confirmed", "all", *SAY),
        "import_logins": (
            "import_logins", str(put(folder, f"{number},2026-05-01 12:00:00,qq\n".encode(), "logins.csv")),
        ),
        "purge": ("purge",),
        "purge confirm": (
            "purge", "confirm", str(put(folder, f"{number},mail,2026-05-01 12:00:00\n".encode(), "cleared.csv")),
        ),
        "release": ("release",),
        "seal_rotate": ("seal_rotate",),
        "staff invite": ("staff", "invite", "newcomer", "--name", "New Comer", "--role", "agent", *SAY),
        "staff grant": ("staff", "grant", *person, "privacy", *SAY),
        "staff reset": ("staff", "reset", *person, *SAY),
        "staff approve": ("staff", "approve", str(asked.pk), *SAY),
        "staff refuse": ("staff", "refuse", str(asked.pk), *SAY),
        "staff revoke": ("staff", "revoke", *person, "officer", *SAY),
        "staff deactivate": ("staff", "deactivate", *person, *SAY),
        "staff unlock": ("staff", "unlock", *person, *SAY),
        "staff sessions": ("staff", "sessions", *person, "--end", *SAY),
        "staff report": ("staff", "report", *SAY),
        "staff found": ("staff", "found", "first", "second"),
        "changepassword": ("changepassword",),
        "createsuperuser": ("createsuperuser",),
    }  # fmt: skip


def _enforces(story: Story, folder: Path) -> dict[str, tuple[str, ...]]:
    told, paper = story.enforcing, put(folder, b"%PDF-1.7 of a court", "order.pdf")
    done, case, held = str(told.ended.pk), str(told.case.pk), str(story.numbers[0])
    detail = ("--detail", "reported_on=2026-11-02", "--what", "told at the desk", "--number", held)
    return {
        **{f"decisions {do}": ("decisions", do, done, *SAY) for do in ("pause", "resume", "stop")},
        "decisions limit": ("decisions", "limit", done, "--rate", "500", *SAY),
        "decisions undo": ("decisions", "undo", done, "--clause", "10.1", *SAY),
        "decisions withdraw": ("decisions", "withdraw", str(told.waits.pk), *SAY),
        "decisions stop_all": ("decisions", "stop_all", *SAY),
        "decisions go_on": ("decisions", "go_on", *SAY),
        "cases list": ("cases", "list", *SAY),
        "cases show": ("cases", "show", case, *SAY),
        "cases open": ("cases", "open", "--kind", "theft", *detail, *SAY),
        "cases evidence": ("cases", "evidence", case, "--evidence", "call record 8", *SAY),
        "cases numbers": ("cases", "numbers", case, "--number", str(story.numbers[1]), *SAY),
        "cases details": ("cases", "details", case, "--detail", "reported_on=2026-11-03", *SAY),
        "cases cause": ("cases", "cause", case, "--cause", "other", *SAY),
        "cases doubt": ("cases", "doubt", str(told.found.pk), *SAY),
        "cases agree": ("cases", "agree", case, *SAY),
        "cases refuse": ("cases", "refuse", str(told.doubted.pk), *SAY),
        "cases close": ("cases", "close", case, "--conclusion", "nothing in it", *SAY),
        "evidence add": ("evidence", "add", str(paper), *SAY),
        "strike": ("strike", "--citation", "Order 7 of the county", *SAY),
        "notices list": ("notices", "list", *SAY),
        "notices load": ("notices", "load", *SAY),
        "notices resend": ("notices", "resend", "--state", "failed", *SAY),
        "export_states": ("export_states", "--since", "0"),
    }


def _reclaims(cast: Cast, number: str, folder: Path) -> dict[str, tuple[str, ...]]:
    code = dormant(cast).code
    drafted = ("--kind", "paid_lapsed", "--days", "3", "--from", "2099-01-01", "--grace", "15")
    renewed = put(folder, f"number,paid until\n{number},{timezone.localdate()}\n".encode(), "renewed.csv")
    return {
        "policies list": ("policies", "list", *SAY),
        "policies draft": ("policies", "draft", "not-activated-3", *drafted, *SAY),
        "policies end": ("policies", "end", code, "--last", "2099-01-01", *SAY),
        "exempt": ("exempt", number, "--because", "linked to a phone line", *SAY),
        "renew": ("renew", str(renewed)),
        "reclaim": ("reclaim", "--policy", code, *SAY),
        "enforce terminate 10.3": ("enforce", "terminate", number, *WHAT, "--clause", "10.3", "--policy", code),
    }


def _hears(story: Story, folder: Path) -> dict[str, tuple[str, ...]]:
    line = f"p-1,{story.numbers[0]},enquiry,help,how is secret protection set up,wei@example.com"
    filed = put(folder, f"portal_id,number,kind,ground,statement,contact\n{line}\n".encode(), "portal.csv")
    return {
        "appeals file": ("appeals", "file", str(filed)),
        "appeals show": ("appeals", "show", story.hearing.filed.receipt, *SAY),
        "appeals resend": ("appeals", "resend", story.hearing.closed.receipt, *SAY),
        "appeals escalate": ("appeals", "escalate"),
        "appeals report": ("appeals", "report", *SAY),
    }


def _retires(cast: Cast) -> ResourceProposal:
    """An open range that its manager wants to retire."""
    opened = NumberRange.objects.filter(numbers__contains=DESK[0]).first() or open_range(cast, *DESK)
    return resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=COVER)


def _ranges(retires: ResourceProposal) -> dict[str, tuple[str, ...]]:
    one, free = str(retires.content["range"]), str(DESK[0] + 60)
    other = (str(DESK[1] + 1), str(DESK[1] + 10))
    return {
        "ranges list": ("ranges", "list", *SAY),
        "ranges show": ("ranges", "show", one, *SAY),
        "ranges open": ("ranges", "open", *other, "--pool", "public", "--purpose", "growth", *SAY),
        "ranges move": ("ranges", "move", one, "--to", "pre_release", *SAY),
        "ranges plan": ("ranges", "plan", one, "--price", "8.88", *SAY),
        "ranges numbers": ("ranges", "numbers", free, "--to", "reserved", *SAY),
        "ranges tier": ("ranges", "tier", free, "--tier", "3", *SAY),
        "ranges recompute": ("ranges", "recompute", *SAY),
        "ranges campaign": (
            "ranges", "campaign", "autumn", "--organiser", "youth association", "--authorisation", "letter 119",
            "--quota", "10", "--starts", "2099-01-01", "--ends", "2099-02-01", *SAY,
        ),
        "ranges approve": ("ranges", "approve", str(retires.pk), *SAY),
        "ranges refuse": ("ranges", "refuse", str(retires.pk), *SAY),
    }  # fmt: skip


def _allocates(cast: Cast, folder: Path) -> dict[str, tuple[str, ...]]:
    open_range(cast, 3_284_170_000, 3_284_170_999, "test")
    heading = ("registration", "pool", "channel", "accepted", "registered_at")
    told = csv_of([("R-1", "test", "client", "explicit", timezone.now().isoformat())], heading)
    return {
        "allocate": ("allocate", "--channel", "web", "--pool", "test", "--accepted", "explicit", *SAY),
        "register": ("register", str(put(folder, told, "registrations.csv"))),
    }
