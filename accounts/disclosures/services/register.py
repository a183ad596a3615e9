"""The first step: a request from outside is put on the register, with its papers, or is not taken at all."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.disclosures import policy as disclosing
from accounts.disclosures.policy import ASKERS, LOGINS, PAPERS, Paper, Period
from accounts.disclosures.queries import is_unseen
from accounts.disclosures.services.steps import REGISTER, REQUEST_HOLD, State
from accounts.models import (
    DataClass,
    Disclosure,
    DisclosureKey,
    DisclosurePaper,
    DisclosureTarget,
    Tenure,
)
from accounts.retention import holds
from qqops.audit import recorder
from qqops.core import bulk, receipts
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.staff.models import Staff

AT_ONCE = 200  # numbers in one request


@dataclass(frozen=True)
class Shown:
    """A paper that lies on the desk."""

    kind: str
    number: str = ""
    dated: datetime.date | None = None
    deadline: datetime.date | None = None
    stamped: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came in. `scope` and `statement` are sealed: they may name people."""

    asked_by: str
    wants: tuple[str, ...]
    scope: str
    statement: str
    numbers: tuple[int, ...] = ()
    papers: tuple[Shown, ...] = ()
    authority: str = ""
    legal_basis: str = ""
    period: Period = Period()
    secret: bool = False
    form_key: uuid.UUID = field(default_factory=uuid.uuid4)


class PapersMissing(Refused):
    """No paper, or one without the stamp: 4.2(c) lets nothing be registered. The record keeps their codes."""

    def __init__(self, missing: Sequence[str]) -> None:
        message = gettext_noop("Without its papers, stamped where they must be, a request is not taken.")
        super().__init__(message, missing=list(missing))

    def __str__(self) -> str:
        named = _(", ").join(str(PAPERS[code].label) for code in self.params["missing"])
        return _("%(sentence)s Missing: %(papers)s.") % {"sentence": super().__str__(), "papers": named}


def attempted(asked: Asked) -> dict[str, Any]:
    known = asked.asked_by if asked.asked_by in ASKERS else "?"
    return {"facts": {"act": "disclosure.register", "asked_by": known, "targets": len(set(asked.numbers))}}


def check_register(asked: Asked, *, actor: Staff) -> list[tuple[int, Tenure | None]]:
    """The tenures that the request reaches, by number; None where nobody held it. Raises as `register` would.

    Of what a foreign authority asks for nothing is even looked up (PIPL 41).
    """
    if not actor.has_perm(REGISTER):
        raise Refused(gettext_noop("Your role may not register disclosure requests."))
    if asked.asked_by not in ASKERS:
        raise Refused(gettext_noop("Only those whom the law names may be told anything: this is no kind of asker."))
    asker = ASKERS[asked.asked_by]
    refuse_own(actor, asked.numbers)
    _papers(asked, asker)
    _content(asked, asker)
    if asker.refused:
        return []
    if not 0 < len(set(asked.numbers)) <= AT_ONCE:
        raise Invalid(_("Name the numbers asked about, at most %(n)d.") % {"n": AT_ONCE})
    return _targets(asked.numbers, asked.period)


def _papers(asked: Asked, asker: disclosing.Asker) -> None:
    shown = {paper.kind: paper for paper in asked.papers}
    missing = [code for code in asker.papers if code not in shown or (PAPERS[code].stamped and not shown[code].stamped)]
    if missing:
        raise PapersMissing(missing)
    blank = [gap for code in asker.papers for gap in _gaps(PAPERS[code], shown[code])]
    if blank:
        raise Invalid(_("Still to be filled in: %(gaps)s.") % {"gaps": _(", ").join(blank)})
    today = timezone.localdate()
    for paper in asked.papers:
        no_personal_data(paper.number)
        _one_line(paper.number)
        if ";" in paper.number:  # between papers in the proof
            raise Invalid(_("The number of a paper has no semicolon."))
        if paper.dated and paper.dated > today:
            raise Invalid(_("The date of a paper lies in the future."))
        if paper.dated and paper.deadline and paper.deadline < paper.dated:
            raise Invalid(_("A deadline lies before the date of its paper."))


def _gaps(paper: Paper, shown: Shown) -> list[str]:
    """What must stand on this paper and was not entered, in words."""
    gaps = []
    if paper.number and not shown.number.strip():
        gaps.append(_("number of the %(paper)s") % {"paper": paper.label})
    if paper.dated and shown.dated is None:
        gaps.append(_("date of the %(paper)s") % {"paper": paper.label})
    if paper.deadline and shown.deadline is None:
        gaps.append(_("deadline of the %(paper)s") % {"paper": paper.label})
    return gaps


def _content(asked: Asked, asker: disclosing.Asker) -> None:
    if not asked.wants or not set(asked.wants) <= set(DataClass.values):
        raise Invalid(_("Choose the information asked for."))
    if not asked.scope.strip() or not asked.statement.strip():
        raise Invalid(_("Write down what is asked for in the paper's own words, and who asks."))
    if asker.authority and not asked.authority.strip():
        raise Invalid(_("Name the authority or law firm."))
    no_personal_data(asked.authority, asked.legal_basis)
    _one_line(asked.authority, asked.legal_basis)
    period = asked.period
    if period.start and period.end and period.end < period.start:
        raise Invalid(_("The period ends before it begins."))
    if period.start and period.start > timezone.localdate():
        raise Invalid(_("The period lies in the future."))
    if LOGINS in asked.wants and asker.period_for_logins and not asker.refused and not period.named:
        raise Invalid(_("Logins are given for a named period only: enter its first and last day."))


def _one_line(*texts: str) -> None:
    """They stand in letters and in the signed proof, where a line more says something else."""
    for text in texts:
        if any(map(is_unseen, text.strip())):
            raise Invalid(_("Write authority, legal basis and the numbers of papers on one line each."))


def _targets(numbers: Sequence[int], period: Period) -> list[tuple[int, Tenure | None]]:
    """By the tenures that the period falls into; without a period only the live one: never a former holder's."""
    found: dict[int, list[Tenure | None]] = {number: [] for number in sorted(set(numbers))}
    for tenure in Tenure.objects.filter(number__in=list(found)).order_by("number", "seq"):
        first, last = timezone.localdate(tenure.started_at), None
        if tenure.ended_at is not None:
            last = timezone.localdate(tenure.ended_at)
        if period.meets(first, last) if period.given else tenure.ended_at is None:
            found[tenure.number_id].append(tenure)
    return [(number, tenure) for number, tenures in found.items() for tenure in tenures or [None]]


def register(asked: Asked, *, actor: Staff) -> Disclosure:
    """Put the request on the register; its tenures are held until it is over. A foreign one is refused in the same
    act (PIPL 41). The same form twice is one request."""
    with recorder.refusals(actor=actor, **attempted(asked)):
        try:
            with transaction.atomic():
                first = Disclosure.objects.filter(form_key=asked.form_key, maker=actor).first()
                return first or _register(asked, check_register(asked, actor=actor), actor)
        except IntegrityError as clash:
            if "form_key" not in str(clash):
                raise
            return Disclosure.objects.get(form_key=asked.form_key)


def _register(asked: Asked, targets: list[tuple[int, Tenure | None]], actor: Staff) -> Disclosure:
    asker, now = ASKERS[asked.asked_by], timezone.localtime()
    given = [paper for paper in asked.papers if paper.kind in asker.papers]
    pk = bulk.next_pk(Disclosure)
    cipher, key = DisclosureKey.fresh(pk)
    disclosure = Disclosure(
        pk=pk,
        receipt=receipts.new("J"),
        asked_by=asked.asked_by,
        state=State.REFUSED if asker.refused else State.REGISTERED,
        authority=asked.authority.strip(),
        legal_basis=asked.legal_basis.strip() or asker.basis,
        scope=cipher.seal(asked.scope.encode(), f"disclosure:{pk}:scope"),
        statement=cipher.seal(asked.statement.encode(), f"disclosure:{pk}:statement"),
        wants=[one for one in DataClass.values if one in asked.wants],
        period_from=asked.period.start,
        period_to=asked.period.end,
        secret=asked.secret,
        due_at=disclosing.due_at(asked.asked_by, now, [p.deadline for p in given if p.deadline]),
        registered_at=now,
        closed_at=now if asker.refused else None,
        maker=actor,
        form_key=asked.form_key,
    )
    facts = {"asked_by": asked.asked_by, "wants": disclosure.wants, "numbers": len(set(asked.numbers))}
    if asker.refused:
        facts["numbers"] = 0
    with recorder.act("disclosure.registered", actor=actor, reason="", subject=disclosure, facts=facts) as act:
        disclosure.save(force_insert=True)
        key.save(force_insert=True)
        act.wrote(recorder.history_model(Disclosure))
        papers = [
            DisclosurePaper(
                event_id=act.event_id,
                disclosure=disclosure,
                kind=paper.kind,
                number=paper.number.strip(),
                dated=paper.dated,
                deadline=paper.deadline,
                stamped=paper.stamped,
            )
            for paper in given
        ]
        if papers:
            DisclosurePaper.objects.bulk_create(papers)
            act.wrote(DisclosurePaper, rows=len(papers))
        if targets:
            DisclosureTarget.objects.bulk_create(
                [
                    DisclosureTarget(event_id=act.event_id, disclosure=disclosure, number=number, tenure=tenure)
                    for number, tenure in targets
                ]
            )
            act.wrote(DisclosureTarget, rows=len(targets))
        if held := [tenure.pk for _number, tenure in targets if tenure is not None]:
            holds.place(held, REQUEST_HOLD, disclosure.receipt, actor=actor, act=act)
        if asker.refused:
            _refuse_at_once(disclosure, actor)
    return disclosure


def _refuse_at_once(disclosure: Disclosure, actor: Staff) -> None:
    facts = {"asked_by": disclosure.asked_by, "step": "register"}
    with recorder.act("disclosure.refused", actor=actor, reason="", subject=disclosure, facts=facts):
        pass
