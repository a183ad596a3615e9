"""Campaigns 活动 (3.1(4)): an authorised organiser hands out so many numbers, in a time that was agreed."""

import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import Campaign, CampaignUse, ResourceProposal
from accounts.resources.policy import Case, Kind
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from accounts.rulebook.services import CODE
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff


def wanted(
    code: str, organiser: str, authorisation: str, quota: int, starts_at: datetime.datetime, ends_at: datetime.datetime
) -> Wanted:
    return Wanted(
        Kind.CAMPAIGN,
        {
            "code": code.strip(),
            "organiser": organiser.strip(),
            "authorisation": authorisation.strip(),
            "quota": quota,
            "starts_at": starts_at.isoformat(),
            "ends_at": ends_at.isoformat(),
        },
    )


def _check(wanted: Wanted, actor: Staff) -> Case:
    content = wanted.content
    if not CODE.fullmatch(content["code"]) or len(content["code"]) > 40:
        raise Invalid(_("The code must have 1 to 40 letters, digits or hyphens."))
    if not content["organiser"] or not content["authorisation"]:
        raise Invalid(_("Name the authorised organiser and the written authorisation."))
    if len(content["organiser"]) > 120 or len(content["authorisation"]) > 120:
        raise Invalid(_("At most 120 characters."))
    if not 0 < content["quota"] <= 100_000_000:
        raise Invalid(_("The quota is 1 to 100,000,000."))
    starts, ends = _moment(content, "starts_at"), _moment(content, "ends_at")
    if ends <= starts or ends <= timezone.now():
        raise Invalid(_("The campaign ends after it starts, and in the future."))
    if Campaign.objects.filter(code=content["code"]).exists():
        raise _taken(content["code"])
    return Case(Kind.CAMPAIGN, numbers=content["quota"])


def _open(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    content = wanted.content
    opened = Campaign(
        code=content["code"],
        organiser=content["organiser"],
        authorisation=content["authorisation"],
        quota=content["quota"],
        starts_at=_moment(content, "starts_at"),
        ends_at=_moment(content, "ends_at"),
        proposal=proposal,
    )
    facts = {"code": opened.code, "targets": opened.quota}
    with recorder.act(
        "campaign.opened", actor=actor, reason=proposal.reason, ticket=proposal.ticket, facts=facts
    ) as own:
        try:
            with transaction.atomic():
                Campaign.objects.bulk_create([opened])  # the pen writes its history
        except IntegrityError as clash:
            if "code" not in str(clash):
                raise
            raise _taken(opened.code) from None
        own.subject = opened
        own.history(Campaign, [opened.pk], recorder.CREATED)
        CampaignUse.objects.bulk_create([CampaignUse(campaign=opened)])


def _moment(content: Any, name: str) -> datetime.datetime:
    moment = parse_datetime(content[name])
    if moment is None:
        raise Invalid(_("Write a time as 2026-01-31 18:00."))
    return moment


def _taken(code: str) -> Invalid:
    return Invalid(_("There is a campaign “%(code)s” already.") % {"code": code})


kinds.declare(Kind.CAMPAIGN, Work(_check, _open))
