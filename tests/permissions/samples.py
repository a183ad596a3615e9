"""What each address is about, when it is asked for by the tests."""

import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import DeclaredNumber, DormancyPolicy
from accounts.resources import services as resources
from accounts.resources.services import campaigns, ranges
from accounts.rulebook.queries import version_in_force
from enforcement.models import Notice
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import cancelled
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
PAGES = ("change", "history", "asof")
Cast = dict[str, Staff]


def samples(cast: Cast, story: Story) -> dict[str, Any]:
    """For each route with parameters its arguments, or a function that gives its addresses."""
    known = _of_the_house(cast) | _of_identities(story) | _of_tenures(story) | _of_desk(cast) | _of_reclaim(cast)
    return known | _of_life(cast) | _of_enforcing(story) | _of_appeals(story)


def _of_the_house(cast: Cast) -> dict[str, Any]:
    make_numbers([ONE])
    waiting = decide(Kind.TERMINATE, [ONE], cast["officer2"]).decision
    asked = request_role(cast["agent"], "resources", actor=cast["sysadmin"], reason=COVER)
    taken = break_glass("supervisor", actor=cast["officer2"], reason="nobody else at the desk tonight")
    alert = Alert.objects.latest("pk")  # of the emergency
    access.revoke(cast["officer2"], "supervisor", actor=cast["supervisor"], reason="another supervisor has come")
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
            for page, chosen in (("numbers", "protection=vip"), ("events", "kind=refusals"))
        ],
        "admin:audit_export": ["csv"],
        "admin:audit_report": ["activity"],
        "admin:audit_report_csv": ["activity"],
        "admin:staff_activity": [somebody],
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
        told.closed: ("again", "negotiate", "sue", "resend"),
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


def dormant(cast: Cast) -> DormancyPolicy:
    feed_covers()
    found = DormancyPolicy.objects.filter(code="dormant-90").first()
    return found or adopt(cast, "dormant-90", "dormant", threshold_days=90)


def _of_reclaim(cast: Cast) -> dict[str, Any]:
    """A dormancy policy in force, and who is due under it."""
    policy, at = dormant(cast), f"?number={ONE}"
    return {
        **{f"admin:accounts_dormancypolicy_{page}": [policy.pk] for page in PAGES},
        "admin:end_policy": [policy.pk],
        "admin:reclaim": [policy.pk],
        "admin:exempt": lambda: [Address("admin:exempt", reverse("admin:exempt") + at)],
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
