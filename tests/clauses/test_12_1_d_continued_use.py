"""12.1(d): whoever goes on using a number after the rules changed has accepted them, at his first use since."""

import datetime
import hashlib
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from accounts.models import Number, RuleVersion, Tenure
from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import parse
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.logins.files import ago, logins
from tests.enforcement.acts import broken
from tests.terminal import Terminal

Make = Callable[..., Number]
TEXT = "甲规则\n\n【首部】\n\n导言。\n\n# 一、【甲】\n\n  * 1.1 号码可以冻结。\n"


def publish(version: str, since: datetime.datetime, actor: Staff) -> RuleVersion:
    text = TEXT.replace("冻结", version)
    found = parse(text)
    return rulebook.publish(
        "qq-number-rules", found.title, version, since, found.clauses, actor=actor, reason="notice of the law office",
        ticket="LAW-1", source_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip


def accepted(number: int) -> tuple[str, str, datetime.datetime | None]:
    tenure = Tenure.objects.select_related("rules_version").get(number=number)
    return tenure.rules_version.version, tenure.acceptance, tenure.accepted_at


def test_12_1_d_the_first_login_since_a_version_is_in_force_accepts_it(
    numbers: Callable[..., list[int]], rulebook: RuleVersion, resources: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    before, after, silent = numbers(3)
    publish("九", ago(days=10), resources)
    second = publish("十", ago(days=5), resources)
    first_use = ago(days=4)
    used = [(after, ago(days=8), "qq"), (after, ago(days=2), "mail"), (after, first_use, "qq")]
    lines = [(before, ago(days=11), "qq"), *used]
    said = terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json
    assert said["accepted"] == 1
    assert accepted(after) == ("十", "by_use", first_use) and second.version == "十"
    assert accepted(before) == accepted(silent) == (rulebook.version, "by_use", None)
    event = Event.objects.get(verb="logins.imported")
    assert event.rows == {"accounts_historicaltenure": 1} and broken() == []


def test_12_1_d_the_version_is_that_of_the_login_whenever_its_line_comes(
    number: Make, rulebook: RuleVersion, resources: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    one = number()
    publish("九", ago(days=10), resources)
    publish("十", ago(days=5), resources)
    ninth, tenth, early = ago(days=7), ago(days=3), ago(days=8)
    for at, expected in ((ninth, ("九", ninth)), (tenth, ("十", tenth)), (early, ("十", tenth))):
        terminal(None, "import_logins", logins(tmp_path, [(one.pk, at, "qq")]), "--apply")
        assert accepted(one.pk) == (expected[0], "by_use", expected[1])
    history = Tenure.history.filter(number_id=one.pk).order_by("history_id")
    assert list(history.values_list("rules_version__version", flat=True)) == [rulebook.version, "九", "十"]


def test_12_1_d_a_version_that_is_not_in_force_yet_is_accepted_by_nobody(
    number: Make, rulebook: RuleVersion, resources: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    one = number()
    publish("九", timezone.now() + datetime.timedelta(days=3), resources)
    terminal(None, "import_logins", logins(tmp_path, [(one.pk, ago(hours=1), "qq")]), "--apply")
    assert accepted(one.pk) == (rulebook.version, "by_use", None)
