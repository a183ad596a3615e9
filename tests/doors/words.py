"""What is said where the first of every choice will not do, who says it, and the buttons of pages with several."""

from collections.abc import Callable, Mapping
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.breaches import services as breaches
from accounts.models import Breach, ResourceProposal
from accounts.quarantine.policy import Confirmation
from accounts.rulebook.queries import version_in_force
from enforcement.letters.shipped import SHIPPED
from enforcement.models import LetterTemplate, Notice
from enforcement.runs import services as runs
from enforcement.runs.services import stop_all
from qqops.approvals.models import State
from qqops.audit.review.exports import FORMS
from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token
from tests.accounts.allocation import test_pages as test_allocation
from tests.accounts.disclosures import steps as disclosing
from tests.accounts.holders import test_pages as test_holder_correction
from tests.accounts.resources.test_pages import RANGE
from tests.appeals.filing.test_pages import SAID as APPEAL
from tests.cast import PASSWORD
from tests.doors.more import ENDED, FREE, FROZEN, STOLEN, WHY, More
from tests.pages import FREEZE, RESTRICT, SAID, act_url
from tests.permissions.lines import GROUNDS, SAY
from tests.permissions.samples import ONE
from tests.qqops.staff.people.acting import NEWCOMER
from tests.story import Story
from tests.story.canary import ADULT, ITEM

# Command → what must have happened before it has something to do, and its words where they are others.
First = Mapping[str, tuple[Callable[[], Any] | None, tuple[str, ...]]]
Variants = Mapping[str, Mapping[str, Mapping[str, Any]]]  # page → button → its words

# Not the first role that may send it, but the one to which the act is.
SENDERS = {
    "admin:act freeze": "officer",
    "admin:filters events": "auditor",
    "admin:halt": "supervisor",
    "admin:identity_demand": "agent",
    "admin:lift_hold": "privacy",
    "admin:reveal": "officer",
    "admin:reveal_ruling": "privacy",
    "admin:undo": "officer",
    "admin:appeals_ruling": "supervisor2",
    **{
        f"admin:appeals_{step}": "reviewer2"
        for step in ("ask", "convert", "skip", "transfer", "rule", "weigh", "contest")
    },
}
NEW = "staple battery horse correct 7"
RULED = {"agreed": {"agree": "1"}, "refused": {"refuse": "1"}}
RULINGS = (
    "ruling", "access_ruling", "resource_ruling", "letter_ruling", "case_cause_ruling", "case_faith_ruling",
    "reveal_ruling", "disclosure_release", "data_request_decide", "data_request_carry_out", "appeals_ruling",
)  # fmt: skip
UNGRADED = {name: said for name, said in SAID.items() if name not in ("severity", "departure")}
ASSESSED = {"cause": "a password was told", "harm": "calls by strangers", "remedy": "the account is shut",
            "contact": "kf.qq.com"}  # fmt: skip


def variants(story: Story, more: More, cast: Mapping[str, Staff]) -> Variants:
    one = {
        **_of_the_house(story, cast),
        **_of_supply(),
        **_of_people(story, cast["privacy"]),
        **_of_enforcing(story, more),
        **_of_appeals(story, more, cast),
    }
    several: dict[str, Mapping[str, Mapping[str, Any]]] = {
        **{f"admin:{name}": RULED for name in RULINGS},
        "admin:tokens": {"": {}, "revoked": {"revoke": "1", "before": lambda: issue_token(cast["agent"])}},
        "admin:filters events": {
            "kept": {"name": "mine", "who": "own"},
            "shared": {"name": "ours", "who": "shared"},
            "deleted": {"delete": str(more.shared.pk)},
        },
        "admin:run": {
            "paused": {"url": _run(more, "pause")},
            "resumed": {"url": _run(more, "resume"), "before": lambda: _pause(more, cast)},
            "slowed": {"url": _run(more, "limit"), "rate": "500"},
            "stopped": {"url": _run(more, "stop")},
        },
        "admin:halt": {"all stopped": {}, "all go on": {"before": lambda: _stop_all(cast)}},
        "admin:audit_export": {form: {"url": reverse("admin:audit_export", args=[form])} for form in FORMS},
    }
    return {**{name: {"": said} for name, said in one.items()}, **several}


def _of_the_house(story: Story, cast: Mapping[str, Staff]) -> Mapping[str, Mapping[str, Any]]:
    return {
        "admin:password_change": {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
        "admin:staff_invite": NEWCOMER,
        "admin:filters numbers": {"name": "mine"},
        "admin:me": {"end": "others", "before": lambda: Client().force_login(cast["agent"])},
        "admin:jump": {"q": str(ONE)},
    }


def _of_supply() -> Mapping[str, Mapping[str, Any]]:
    return {
        "admin:register_number": test_allocation.SAID | test_allocation.PERSON,
        "admin:open_range": RANGE,
        "admin:open_campaign": {"code": "autumn-2098", "ends_at": "2099-01-01T09:00"},
        "admin:cancel": {"confirmed": list(Confirmation.values)},
        "admin:exempt": {"because": "linked to a phone line"},
        "admin:correct_holder": test_holder_correction.SAID
        | {"url": f"{reverse('admin:correct_holder')}?number={FREE}"},
        "admin:draft_policy": {
            "code": "lapsed-3",
            "kind": "paid_lapsed",
            "threshold_days": "3",
            "effective_from": "2099-01-01",
        },
    }


def _of_people(story: Story, privacy: Staff) -> Mapping[str, Mapping[str, Any]]:
    shows, breach = story.cases.shows, story.cases.breach
    return {
        "admin:breach_assess": ASSESSED,
        **{
            f"admin:breach_{step}": said | {"before": lambda: _assess(breach, privacy)}
            for step, said in {"tell": {}, "close": {"not_told_because": "nobody was concerned"}}.items()
        },
        "admin:declared": {"numbers": "10077"},
        "admin:people": {"value": ADULT["mobile"]},
        "admin:disclosure_register": disclosing.said(story.numbers[0]),
        "admin:reveal": {"purpose": "decision", "case_kind": "decision", "case_ref": str(shows.decision.pk)},
        "admin:data_request": {"kind": "lock"},
    }


def _of_enforcing(story: Story, more: More) -> Mapping[str, Mapping[str, Any]]:
    rules = version_in_force(timezone.now())
    assert rules is not None
    letter = next(one for one in SHIPPED if one.code == "freeze")
    case = {"url": reverse("admin:case_close", args=[more.explained.pk]), "conclusion": "we do not answer for it"}
    return {
        "admin:act freeze": FREEZE,
        "admin:act restrict": RESTRICT,
        "admin:act terminate": SAID,
        "admin:act lift": UNGRADED | {"url": act_url("lift", FROZEN)},
        "admin:act adjust": UNGRADED
        | {"url": act_url("adjust", FROZEN), "measures": [str(more.frozen.pk)], "term": "1"},
        "admin:act restore": UNGRADED | {"url": act_url("restore", ENDED)},
        "admin:batch": {"kind": "freeze", "pasted": str(FREE)},
        "admin:open_case": {"subject": str(FREE), "reported_on": "2026-11-02"},
        "admin:case_evidence": {"evidence": "the log"},
        "admin:case_numbers": {"subject": str(FREE)},
        "admin:case_close": case,
        "admin:draft_letter": {"body_en": f"{letter.body_en}\nWe answer in writing."},
        "admin:strike_out": {"version": str(rules.pk), "clause": "10.1", "citation": ""},
        "admin:resend_notices": {"state": "failed", "before": _undelivered},
        "admin:undo": {"url": reverse("admin:undo", args=[more.ended.pk])},
    }


def _of_appeals(story: Story, more: More, cast: Mapping[str, Staff]) -> Mapping[str, Mapping[str, Any]]:
    told = story.hearing
    return {
        # None leaves it out: no decision is open to an objection there.
        "admin:file_appeal": APPEAL | {"url": f"{reverse('admin:file_appeal')}?number={STOLEN}", "decision": None},
        "admin:appeals_lookup": {"receipt": told.filed.receipt},
        "admin:appeals_evidence": {"kind": "payments", "said": ITEM},
        "admin:appeals_convert": {"kind": "enquiry", "ground": "help"},
        "admin:appeals_transfer": {"to": str(cast["reviewer"].pk)},
        "admin:appeals_weigh": {f"item_{told.item.pk}": "match"},
        "admin:appeals_rule": {"outcome": "rejected", "text": "登录记录显示该时段由他人操作，原处置依据不成立。"},
    }


def _assess(breach: Breach, privacy: Staff) -> None:
    breaches.take(breach, breaches.ASSESS, ASSESSED | {"level": breach.level}, actor=privacy, reason=WHY)


def _run(more: More, do: str) -> str:
    return reverse("admin:run", args=[more.batch.pk, do])


def _pause(more: More, cast: Mapping[str, Staff]) -> None:
    runs.pause(more.batch, actor=cast["officer"], reason=WHY)


def _stop_all(cast: Mapping[str, Staff]) -> None:
    stop_all(actor=cast["officer"], reason=WHY)


def told_first(lines: Mapping[str, tuple[str, ...]], more: More, cast: Mapping[str, Staff]) -> First:
    """What must have happened before a command has something to do, and its words where they are others."""
    batch = str(more.batch.pk)
    seen = ("--seen", ResourceProposal.objects.get(pk=lines["ranges approve"][2]).content_hash)
    return {
        "enforce restore": (None, ("enforce", "restore", str(ENDED), *GROUNDS)),
        "decisions pause": (None, ("decisions", "pause", batch, *SAY)),
        "decisions resume": (lambda: _pause(more, cast), ("decisions", "resume", batch, *SAY)),
        "decisions stop": (None, ("decisions", "stop", batch, *SAY)),
        "decisions limit": (None, ("decisions", "limit", batch, "--rate", "500", *SAY)),
        "decisions run": (None, ("decisions", "run", batch)),
        "decisions go_on": (lambda: _stop_all(cast), ()),
        "cases close": (
            None,
            ("cases", "close", str(more.explained.pk), "--conclusion", "we do not answer for it", *SAY),
        ),
        "notices load": (_withdrawn, ()),
        "notices resend": (_undelivered, ()),
        **{f"ranges {answer}": (None, (*lines[f"ranges {answer}"], *seen)) for answer in ("approve", "refuse")},
    }


def _withdrawn() -> None:
    LetterTemplate.objects.filter(code="ended").update(state=State.REFUSED)


def _undelivered() -> None:
    Notice.objects.update(state=Notice.State.FAILED, fault="HTTP 500")
