"""The third step: a supervisor releases what was granted, or declines; the file is built and sealed here."""

from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.disclosures import package
from accounts.disclosures.policy import PAPERS, Period
from accounts.disclosures.queries import papers_cited
from accounts.disclosures.services.steps import (
    RELEASE,
    REQUEST_HOLD,
    State,
    another,
    as_seen,
    in_state,
    locked,
    may,
    not_stopped,
    saved,
)
from accounts.models import AskedBy, DataClass, Disclosure, Release
from accounts.retention import holds
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff


def check_release(disclosure: Disclosure, *, actor: Staff) -> None:
    """May this person release or decline it now? Asked by the page and by the act."""
    may(actor, disclosure, RELEASE)
    another(actor, disclosure.maker_id, disclosure.reviewer_id)
    in_state(disclosure, State.REVIEWED)


def check_scans(disclosure: Disclosure) -> None:
    """Nothing is given on a paper that only somebody says he saw: those that must be stamped are there as scans."""
    without = disclosure.papers.filter(scan=None).order_by("pk")
    if missing := [str(PAPERS[paper.kind].label) for paper in without if PAPERS[paper.kind].stamped]:
        raise Invalid(_("Scans are missing: %(papers)s.") % {"papers": _(", ").join(missing)})


def release(disclosure: Disclosure, *, actor: Staff, reason: str, content_hash: str) -> Release:
    """Build the file of what was granted, seal it, sign its proof."""
    with (
        recorder.refusals(actor=actor, subject=disclosure, facts={"act": "disclosure.release"}),
        transaction.atomic(),
    ):
        disclosure = _ready(disclosure, actor=actor, reason=reason, content_hash=content_hash)
        not_stopped(disclosure)
        check_scans(disclosure)
        content = _package(disclosure)
        with translation.override("zh-hans"):  # a proof is read where the law of the house holds
            papers = papers_cited(disclosure)
        with recorder.act("disclosure.released", actor=actor, reason=reason, subject=disclosure) as act:
            made = package.release(
                act,
                content,
                receipt=disclosure.receipt,
                papers=papers,
                people=[person for person in (disclosure.maker, disclosure.reviewer, actor) if person],
                disclosure=disclosure,
            )
            act.facts.update(sha256=made.sha256, size=made.size)
            _close(act, disclosure, State.DONE, actor, reason)
    return made


def decline(disclosure: Disclosure, *, actor: Staff, reason: str, content_hash: str) -> Disclosure:
    """The supervisor says no to all of it; the reason is written back."""
    with (
        recorder.refusals(actor=actor, subject=disclosure, facts={"act": "disclosure.decline"}),
        transaction.atomic(),
    ):
        disclosure = _ready(disclosure, actor=actor, reason=reason, content_hash=content_hash)
        facts = {"asked_by": disclosure.asked_by, "step": "release"}
        with recorder.act("disclosure.refused", actor=actor, reason=reason, subject=disclosure, facts=facts) as act:
            _close(act, disclosure, State.REFUSED, actor, reason)
    return disclosure


def _ready(disclosure: Disclosure, *, actor: Staff, reason: str, content_hash: str) -> Disclosure:
    disclosure = locked(disclosure)
    check_release(disclosure, actor=actor)
    must_say_why(reason)
    as_seen(disclosure, content_hash)
    return disclosure


def _close(act: recorder.Act, disclosure: Disclosure, state: str, actor: Staff, reason: str) -> None:
    disclosure.state, disclosure.closer = state, actor
    disclosure.closed_at, disclosure.close_reason = timezone.now(), reason
    saved(act, disclosure, "state", "closer", "closed_at", "close_reason")
    holds.release_holds(REQUEST_HOLD, disclosure.receipt, actor=actor, act=act)


def _package(disclosure: Disclosure) -> bytes:
    rulings = list(disclosure.rulings.order_by("pk"))
    about: dict[str, Any] = {
        "receipt": disclosure.receipt,
        "asked_by": package.both_languages(AskedBy(disclosure.asked_by).label),
        "authority": disclosure.authority,
        "legal_basis": disclosure.legal_basis,
        "papers": [
            {"paper": package.both_languages(PAPERS[paper.kind].label), "number": paper.number, "date": paper.dated
             and paper.dated.isoformat()}
            for paper in disclosure.papers.order_by("pk")
        ],
        "refused": [
            {"information": package.both_languages(DataClass(one.data_class).label), "reason": one.reason}
            for one in rulings
            if not one.granted
        ],
    }  # fmt: skip
    targets = disclosure.targets.select_related("tenure__identity_key", "tenure__identity", "tenure__registrant")
    return package.package(
        about,
        [(target.number, target.tenure) for target in targets.order_by("number", "tenure__seq")],
        [one.data_class for one in rulings if one.granted],
        Period(disclosure.period_from, disclosure.period_to),
    )
