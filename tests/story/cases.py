"""What is asked for and shown: reveals, disclosures by law, rights of the person, holds, a breach."""

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from django.utils import timezone

from accounts.breaches import services as breaches
from accounts.declarations.services import declare
from accounts.disclosures import services as disclosures
from accounts.disclosures.package import content_of
from accounts.disclosures.policy import Period
from accounts.models import Breach, DataRequest, Disclosure, Erasure, Hold, Identity, Reveal, RevealRequest
from accounts.retention import holds
from accounts.reveals import minors
from accounts.reveals import services as reveals
from accounts.reveals.services import Wanted
from accounts.rights.answer import download
from accounts.rights.services import read
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures import asking
from tests.accounts.rights.steps import answer, ask, do, end
from tests.enforcement.acts import decide
from tests.story.canary import CORRECTED, PLEA, SCAN, SCOPE, STATEMENT
from tests.story.people import WHY, People

Cast = Mapping[str, Staff]
HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Shows:
    """Of reveals."""

    decision: Decision  # the officer's case, with the adult and the minor in it
    reveal: Reveal  # the adult's mobile, to the officer
    minors: Reveal  # the minor's name, to the officer
    waiting: RevealRequest
    used: RevealRequest
    refused: RevealRequest


@dataclass(frozen=True)
class Law:
    """Disclosures in every state."""

    waiting: Disclosure
    reviewed: Disclosure
    released: Disclosure
    secret: Disclosure  # released
    refused: Disclosure
    foreign: Disclosure


@dataclass(frozen=True)
class Rights:
    """Data requests in every state."""

    waiting: DataRequest  # a correction, whose new value is sealed
    decided: DataRequest
    copied: DataRequest  # carried out: there is a file
    locked: DataRequest  # a deletion that something keeps
    deleted: DataRequest
    refused: DataRequest
    certificate: Erasure


@dataclass(frozen=True)
class Cases:
    shows: Shows
    law: Law
    rights: Rights
    hold: Hold  # open
    breach: Breach  # open
    closed: Breach

    def released_files(self) -> list[tuple[str, bytes]]:
        """What was released under the disclosure, and its proof, each with a name."""
        made = self.law.released.release
        return [("released.json", content_of(made)), ("proof.txt", made.proof.encode())]


def cases(cast: Cast, people: People) -> Cases:
    shows = _revealed(cast, people)
    law = _disclosed(cast, people)
    hold = _held(cast, people)
    rights = _rights(cast, people)
    open_one, closed = _breached(cast)
    _refused(cast, people)
    return Cases(shows, law, rights, hold, open_one, closed)


def wanted(identity: Identity, field: str, case: Decision, whose: str = "holder") -> Wanted:
    return Wanted(identity.tenure, whose, field, "decision", "decision", f"#{case.pk}", WHY)


def _revealed(cast: Cast, people: People) -> Shows:
    officer, privacy = cast["officer"], cast["privacy"]
    numbers = [people.adult.tenure.number_id, people.minor.tenure.number_id]
    case = decide(Kind.FREEZE, numbers, officer).decision
    shown = reveals.reveal(wanted(people.adult, "mobile", case), actor=officer, nonce=uuid.uuid4())
    assert reveals.shown(shown, actor=officer)
    asked = {
        field: minors.ask(wanted(people.minor, field, case), actor=officer) for field in ("name", "mobile", "document")
    }
    for field, rule in (("name", minors.approve), ("mobile", minors.refuse)):
        asked[field] = rule(asked[field], actor=privacy, reason=WHY, content_hash=asked[field].content_hash)
    minors_one = reveals.reveal(wanted(people.minor, "name", case), actor=officer, nonce=uuid.uuid4())
    assert reveals.shown(minors_one, actor=officer)
    asked["name"].refresh_from_db()
    return Shows(case, shown, minors_one, asked["document"], asked["name"], asked["mobile"])


def _disclosed(cast: Cast, people: People) -> Law:
    agent, privacy, supervisor = cast["agent"], cast["privacy"], cast["supervisor"]
    number = people.adult.tenure.number_id

    def registered(*wants: str, **more: object) -> Disclosure:
        said = {"wants": wants, "scope": SCOPE, "statement": STATEMENT, "period": asking.last_year()}
        made = asking.register(agent, number, **(said | more))
        disclosures.add_scan(made.papers.get(kind="retrieval_notice"), SCAN, actor=agent)
        return made

    def released(made: Disclosure, *, secret: bool) -> Disclosure:
        asking.release(asking.review(made, privacy, "registrant", "identity", secret=secret), supervisor)
        return Disclosure.objects.get(pk=made.pk)

    wide = ("registrant", "identity", "logins", "measures", "messages")
    waiting = registered(*wide)
    reviewed = asking.review(registered(*wide), privacy, "registrant", "identity")
    done, secret = released(registered(*wide), secret=False), released(registered(*wide), secret=True)
    for what in ("statement", "retrieval_notice", "file", "proof"):
        disclosures.open_it(done, what, actor=privacy)
    refused = asking.review(registered("messages"), privacy)
    foreign = disclosures.register(
        disclosures.Asked("foreign", wide, SCOPE, STATEMENT, (number,), authority="Court of Nowhere", period=Period()),
        actor=agent,
    )
    return Law(waiting, reviewed, done, secret, refused, foreign)


def _held(cast: Cast, people: People) -> Hold:
    officer, supervisor = cast["officer"], cast["supervisor"]
    tenure = people.minor.tenure
    for reference in ("（2026）粤0305民初1号", "（2026）粤0305民初2号"):
        holds.place([tenure.pk], "legal", reference, actor=officer, reason=WHY)
    first, second = Hold.objects.filter(kind="legal", tenure=tenure).order_by("pk")
    holds.lift(first, actor=supervisor, reason=WHY)
    return second


def _rights(cast: Cast, people: People) -> Rights:
    agent, privacy, supervisor = cast["agent"], cast["privacy"], cast["supervisor"]
    adult, minor, leaving = people.adult, people.minor, people.leaving
    said = {"statement": PLEA}
    fix = {"field": "mobile", "value": CORRECTED} | said
    do(answer(ask(adult, agent, "correction", **fix), privacy), supervisor)
    do(answer(ask(adult, agent, "correction", **fix | {"value": "+8613987650421"}), privacy), supervisor)
    copied = do(answer(ask(adult, agent, "copy", **said), privacy), supervisor)
    read(copied, actor=privacy)
    download(copied, actor=supervisor)
    for kind in ("lock", "unlock"):
        do(answer(ask(people.imported, agent, kind, **said), privacy), supervisor)
    refused = answer(ask(people.imported, agent, "copy", **said), privacy, "refused")
    locked = do(answer(ask(minor, agent, "deletion", "guardian", **said), privacy), supervisor)
    assert locked.outcome == "locked"
    leaving.refresh_from_db()
    end(leaving, Staff.objects.system("system-retention"))
    deleted = do(answer(ask(leaving, agent, "deletion", **said), privacy), supervisor)
    decided = answer(ask(adult, agent, "copy", **said), privacy)
    waiting = ask(adult, agent, "correction", **fix)
    return Rights(waiting, decided, copied, locked, deleted, refused, Erasure.objects.get(data_request=deleted))


def _breached(cast: Cast) -> tuple[Breach, Breach]:
    """The officer's viewing of this hour; one of them larger, and gone through to its end."""
    privacy, now = cast["privacy"], timezone.now()
    found_at = now.replace(second=0, microsecond=0)  # as a form would say it
    open_one, larger = (
        breaches.register(
            breaches.Finding(level, "an account was used by somebody else", found_at, cast["officer"], now - HOUR, now),
            actor=privacy,
            reason=WHY,
        )
        for level in (Breach.Level.ORDINARY, Breach.Level.LARGER)
    )
    assessed = {
        "cause": "a password was told", "harm": "calls by strangers", "remedy": "the account is shut",
        "contact": "kf.qq.com", "level": larger.level,
    }  # fmt: skip
    later = timezone.now()
    for step, given in (
        (breaches.ASSESS, assessed),
        (breaches.REPORT, {"to": "the provincial authority", "at": later}),
        (breaches.TELL, {"at": later}),
        (breaches.CLOSE, {"not_told_because": ""}),
    ):
        larger = breaches.take(larger, step, given, actor=privacy, reason=WHY)
    return open_one, larger


def _refused(cast: Cast, people: People) -> None:
    """Tried by the wrong role, on a number of one's own, for another's case; on the record each time."""
    reviewer2, adult = cast["reviewer2"], people.adult
    declare(reviewer2, [adult.tenure.number_id], "own", actor=reviewer2)
    for who in ("agent", "auditor", "officer2", "reviewer2"):
        with pytest.raises(Refused):
            reveals.reveal(
                Wanted(adult.tenure, "holder", "mobile", "decision", "decision", "#1", WHY),
                actor=cast[who],
                nonce=uuid.uuid4(),
            )
    with pytest.raises(Refused):
        asking.register(cast["auditor"], adult.tenure.number_id, scope=SCOPE, statement=STATEMENT)
