"""What each address and each command is about, when it is asked for by the tests."""

import datetime
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import DeclaredNumber, DormancyPolicy, NumberRange, ResourceProposal
from accounts.queries.rulebook import version_in_force
from accounts.services import erasure_list, resources
from accounts.services.declared import declare
from accounts.services.resources import campaigns, ranges
from enforcement.models import Notice
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.staff import services
from qqops.staff.models import Staff
from tests.accounts.intake.files import csv_of, put
from tests.accounts.life.flows import cancelled
from tests.cast import make_numbers
from tests.enforcement.acts import decide
from tests.enforcement.reclaiming import adopt
from tests.permissions.addresses import Address, acts
from tests.story import Story
from tests.supply import carry_out, feed_covers, open_range

ONE = 10_001
LEAVING, LEFT = 284_917_061, 284_917_063
DESK = (384_917_000, 384_917_999)  # a range
COVER = "covers for a colleague on leave"
WHAT = ("--fact", "sold forged tickets", "--evidence", "screenshot 7", "--reason", "fraud report upheld")
GRADED = ("--severity", "serious", "--departure", "less than others who did the same")
GROUNDS = ("--clause", "10.1", *WHAT, *GRADED)
SAY = ("--reason", COVER)
PAGES = ("change", "history")
Cast = dict[str, Staff]


def samples(cast: Cast, story: Story) -> dict[str, Any]:
    """For each route with parameters its arguments, or a function that gives its addresses."""
    known = _of_the_house(cast) | _of_identities(story) | _of_tenures(story) | _of_desk(cast) | _of_reclaim(cast)
    return known | _of_life(cast) | _of_enforcing(story) | _of_appeals(story)


def _of_the_house(cast: Cast) -> dict[str, Any]:
    make_numbers([ONE])
    waiting = decide(Kind.TERMINATE, [ONE], cast["officer2"]).decision
    asked = services.request_role(cast["agent"], "resources", actor=cast["sysadmin"], reason=COVER)
    taken = services.break_glass("supervisor", actor=cast["officer2"], reason="nobody else at the desk tonight")
    alert = Alert.objects.latest("pk")  # of the emergency
    services.revoke(cast["officer2"], "supervisor", actor=cast["supervisor"], reason="another supervisor has come")
    declare(cast["agent"], [77_777], "own", actor=cast["agent"])
    declaration = DeclaredNumber.objects.get(number=77_777)
    somebody, at = cast["agent"].pk, f"?number={ONE}"
    rules = version_in_force(waiting.proposed_at)
    assert rules is not None
    objects = {
        "accounts_number": ONE,
        "accounts_declarednumber": declaration.pk,
        "alerts_alert": alert.pk,
        "accounts_ruleversion": rules.pk,
        "enforcement_decision": waiting.pk,
        "audit_event": Event.objects.latest("seq").pk,
        "staff_staff": somebody,
        "staff_accessrequest": asked.pk,
    }
    return {
        "admin:act": lambda: acts(ONE),
        "admin:ruling": [waiting.pk],
        "admin:access_ruling": [asked.pk],
        "admin:alert_seen": [alert.pk],
        "admin:emergency_review": [taken.pk],
        "admin:end_declaration": [declaration.pk],
        **{
            f"admin:{name}": lambda name=name: [Address(f"admin:{name}", reverse(f"admin:{name}") + at)]
            for name in ("protect", "place_hold")
        },
        "admin:filters": lambda: [
            Address(f"admin:filters {page}", reverse("admin:filters", args=[page]) + f"?{chosen}")
            for page, chosen in (("numbers", "protection=vip"), ("events", "kind=refused"))
        ],
        "welcome": ["MQ", "no-such-token"],
        "mfa_remove_webauthn": [1],
        "/admin/<path:url>": lambda: [Address("anything else", "/admin/auth/user/add/")],
        **{f"admin:{model}_{page}": [pk] for model, pk in objects.items() for page in PAGES},
        **{
            f"admin:staff_{act}": [somebody]
            for act in ("grant", "revoke", "reset", "deactivate", "end_sessions", "unlock")
        },
    }


def _of_life(cast: Cast) -> dict[str, Any]:
    make_numbers([LEAVING, LEFT])
    cancelled([LEFT], cast["agent"])
    return {
        f"admin:{name}": lambda name=name, n=number: [
            Address(f"admin:{name}", f"{reverse(f'admin:{name}')}?number={n}")
        ]
        for name, number in (("cancel", LEAVING), ("withdraw_cancellation", LEFT))
    }


def _of_enforcing(story: Story) -> dict[str, Any]:
    told = story.enforcing
    waiting = told.ended.pk
    objects = {
        "case": (told.case.pk, PAGES),
        "lettertemplate": (told.letter.pk, ("change",)),
        "notice": (Notice.objects.latest("pk").pk, ("change",)),
        "strikeout": (told.struck.pk, ("change",)),
    }
    steps = ("evidence", "numbers", "details", "cause", "cause_ruling", "close")
    return {
        **{f"admin:enforcement_{model}_{page}": [pk] for model, (pk, pages) in objects.items() for page in pages},
        "admin:open_case": ["theft"],
        **{f"admin:case_{step}": [told.case.pk] for step in steps},
        "admin:case_doubt": [told.found.pk],
        "admin:case_faith_ruling": [told.doubted.pk],
        "admin:open_evidence": [told.file.pk],
        "admin:draft_letter": ["freeze"],
        "admin:letter_ruling": [told.letter.pk],
        "admin:run": [waiting, "pause"],
        "admin:undo": [waiting],
        "admin:withdraw": [told.waits.pk],
        "admin:progress": [waiting],
        "admin:report": [waiting, "csv"],
    }


def _of_appeals(story: Story) -> dict[str, Any]:
    told = story.hearing
    at = f"?number={told.filed.number_id}"
    by = {
        told.filed: ("take",),
        told.in_hand: (
            "ask",
            "write",
            "withdraw",
            "convert",
            "skip",
            "transfer",
            "rule",
            "read",
            "weigh",
            "contest",
            "evidence",
        ),
        told.waiting: ("answer",),
        told.cooling: ("stop",),
        told.closed: ("again", "negotiate", "sue"),
        told.sued: ("judge",),
    }
    return {
        **{f"admin:appeals_{step}": [appeal.pk] for appeal, steps in by.items() for step in steps},
        **{f"admin:appeals_appeal_{page}": [told.in_hand.pk] for page in PAGES},
        "admin:appeals_ruling": [told.ruling.pk],
        "admin:appeals_file": [told.item.pk],
        "admin:file_appeal": lambda: [Address("admin:file_appeal", reverse("admin:file_appeal") + at)],
    }


def _of_tenures(story: Story) -> dict[str, Any]:
    tenure = story.people.adult.tenure
    at = f"?number={tenure.number_id}"
    return {
        **{f"admin:accounts_tenure_{page}": [tenure.pk] for page in PAGES},
        "admin:correct_holder": lambda: [Address("admin:correct_holder", reverse("admin:correct_holder") + at)],
    }


def _of_desk(cast: Cast) -> dict[str, Any]:
    """Number resources: a range that is open, one that waits for a supervisor, a campaign, a number without a row."""
    opened = open_range(cast, *DESK)
    retires = resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=COVER)
    now = timezone.now()
    wanted = campaigns.wanted("spring", "youth association", "letter 118", 100, now, now + datetime.timedelta(days=9))
    campaign = carry_out(wanted, cast["resources"], cast["supervisor"]).campaign
    free = opened.first + 59
    objects = {"numberrange": opened.pk, "resourceproposal": retires.pk, "campaign": campaign.pk}
    return {
        **{f"admin:accounts_{model}_{page}": [pk] for model, pk in objects.items() for page in PAGES},
        "admin:free_number": [free],
        "admin:resource_ruling": [retires.pk],
        "admin:move_range": [opened.pk],
        "admin:plan_range": [opened.pk],
        **{
            f"admin:{name}": lambda name=name: [Address(f"admin:{name}", f"{reverse(f'admin:{name}')}?number={free}")]
            for name in ("move_numbers", "tier_numbers")
        },
    }


def _dormant(cast: Cast) -> DormancyPolicy:
    feed_covers()
    found = DormancyPolicy.objects.filter(code="dormant-90").first()
    return found or adopt(cast, "dormant-90", "dormant", threshold_days=90)


def _of_reclaim(cast: Cast) -> dict[str, Any]:
    """A dormancy policy in force, and who is due under it."""
    policy, at = _dormant(cast), f"?number={ONE}"
    return {
        **{f"admin:accounts_dormancypolicy_{page}": [policy.pk] for page in PAGES},
        "admin:end_policy": [policy.pk],
        "admin:reclaim": [policy.pk],
        "admin:exempt": lambda: [Address("admin:exempt", reverse("admin:exempt") + at)],
    }


def _reclaims(cast: Cast, number: str, folder: Path) -> dict[str, tuple[str, ...]]:
    code = _dormant(cast).code
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


def _of_identities(story: Story) -> dict[str, Any]:
    people, cases = story.people, story.cases
    adult, law, rights, shows = people.adult.pk, cases.law, cases.rights, cases.shows
    objects = {
        "identity": adult,
        "correctiondemand": people.demanded.pk,
        "reveal": shows.reveal.pk,
        "revealrequest": shows.waiting.pk,
        "disclosure": law.released.pk,
        "datarequest": rights.waiting.pk,
        "hold": cases.hold.pk,
        "erasure": rights.certificate.pk,
        "breach": cases.breach.pk,
    }
    return {
        "admin:identity_verify": [adult, "document"],
        "admin:identity_demand": [adult, "document"],
        **{f"admin:correction_{step}": [people.demanded.pk] for step in ("told", "withdraw")},
        "admin:linked": [adult, "document"],
        "admin:reveal": [adult, "holder", "mobile"],
        "admin:reveal_shown": [shows.reveal.pk],
        "admin:reveal_ruling": [shows.waiting.pk],
        "admin:disclosure_register": ["police"],
        "admin:disclosure_scan": [law.waiting.pk, "two_officers"],
        "admin:disclosure_review": [law.waiting.pk],
        "admin:disclosure_release": [law.reviewed.pk],
        "admin:disclosure_open": [law.released.pk, "file"],
        "admin:data_request": [adult],
        "admin:data_request_decide": [rights.waiting.pk],
        "admin:data_request_carry_out": [rights.decided.pk],
        "admin:data_request_statement": [rights.waiting.pk],
        "admin:data_request_copy": [rights.copied.pk],
        "admin:lift_hold": [cases.hold.pk],
        **{f"admin:breach_{step}": [cases.breach.pk] for step in ("assess", "report", "tell", "close", "people")},
        **{f"admin:accounts_{model}_{page}": [pk] for model, pk in objects.items() for page in PAGES},
    }


def command_lines(cast: Cast, story: Story, folder: Path) -> dict[str, tuple[str, ...]]:
    """For each command, and each of its doings, words that are right."""
    free, ended, frozen, ending = 20_001, 20_002, 20_003, 20_004
    make_numbers([free, frozen, ending])
    make_numbers([ended], "terminated")
    retires = _retires(cast)
    decide(Kind.FREEZE, [frozen], cast["officer2"])
    waiting = decide(Kind.TERMINATE, [ending], cast["officer2"]).decision
    asked = services.request_role(cast["officer2"], "agent", actor=cast["sysadmin"], reason=COVER)
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
        "audit_verify": (),
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


def _hears(story: Story, folder: Path) -> dict[str, tuple[str, ...]]:
    line = f"p-1,{story.numbers[0]},enquiry,help,how is secret protection set up,wei@example.com"
    filed = put(folder, f"portal_id,number,kind,ground,statement,contact\n{line}\n".encode(), "portal.csv")
    return {
        "appeals file": ("appeals", "file", str(filed)),
        "appeals show": ("appeals", "show", story.hearing.filed.receipt, *SAY),
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
