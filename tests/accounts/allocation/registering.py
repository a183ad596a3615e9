"""What the tests of `manage.py register` have in common: lines of a file of the upstream system."""

import datetime
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.models import NumberRange, Registration, RuleVersion
from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import parse
from accounts.rulebook.summaries import DOCUMENT
from qqops.staff.backend import at_desk
from tests.accounts.imports.files import csv_of
from tests.enforcement.acts import DAY

Supply = Callable[..., NumberRange]
Register = Callable[..., Any]  # `register(content, "--apply")`: what the command says
HEADING = ("registration", "number", "pool", "channel", "reference", "accepted", "registered_at")
NOON = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) - DAY
AT = f"{NOON:%Y-%m-%d %H:%M}"  # yesterday
PLAIN = ("", "test", "client", "9.9", "explicit", AT)


def publish_rules(version: str, since: datetime.datetime) -> RuleVersion:
    """A text of the Rules that is in force from then on."""
    found = parse("甲规则\n\n【首部】\n\n导言。\n\n# 一、【甲】\n\n  * 1.1 号码可以冻结。\n")
    actor = at_desk().get(username="resources")
    said: dict[str, Any] = {"actor": actor, "reason": "notice of the law", "ticket": "", "source_sha256": "0" * 64}
    return rulebook.publish(DOCUMENT, found.title, version, since, found.clauses, **said)


def plain(*ids: str) -> bytes:
    return csv_of([(one, *PLAIN) for one in ids], HEADING)


def on_record() -> dict[str, int]:
    return dict(Registration.objects.values_list("registration_id", "tenure__number"))
