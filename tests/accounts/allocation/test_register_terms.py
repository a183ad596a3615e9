"""`manage.py register`: the terms of each line, as they were at its time: a campaign, the Rules, names, a price."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.allocation import registration as registering
from accounts.allocation.services import allocate
from accounts.imports.columns import REGISTRATIONS
from accounts.imports.files import File
from accounts.models import Campaign, CampaignUse, Registration, RuleVersion, Tenure
from accounts.resources.services import campaigns
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.accounts.allocation.registering import (
    AT,
    HEADING,
    NOON,
    PLAIN,
    Register,
    Supply,
    on_record,
    publish_rules,
)
from tests.accounts.allocation.wishes import WHY, terms, wish
from tests.accounts.imports.files import csv_of, put
from tests.enforcement.acts import DAY, broken, head, verbs
from tests.supply import carry_out


@pytest.fixture
def spring(supply: Supply, cast: dict[str, Staff]) -> Campaign:
    """A campaign of two days before now and a day after it, for three numbers."""
    supply(203_164_000, 203_164_999, "test")
    now = timezone.now()
    wanted = campaigns.wanted("spring", "Students' union", "letter 7", 3, now - 2 * DAY, now + DAY)
    carry_out(wanted, cast["resources"], cast["supervisor"])
    return Campaign.objects.get()


def of_campaign(*rows: tuple[str, datetime.datetime], code: str = "spring") -> list[tuple[str, ...]]:
    return [(one, "", "test", "campaign", code, "explicit", at.isoformat()) for one, at in rows]


def test_a_campaign_is_spent_by_the_file_for_registrations_of_its_time_only(
    spring: Campaign, register: Register
) -> None:
    starts, moment = spring.starts_at, datetime.timedelta(microseconds=1)
    unknown = of_campaign(("R-2", starts), code="autumn")
    early = csv_of([*of_campaign(("R-1", starts - moment)), *unknown, *of_campaign(("R-3", starts))], HEADING)
    for words in ((), ("--apply",)):
        said = register(early, *words)
        assert (said.code, [(one["line"], one["column"], one["why"]) for one in said.json["errors"]]) == (
            Exit.USAGE,
            [(2, "reference", "Campaign spring was not running then."),
             (3, "reference", "There is no campaign “autumn”.")],
        )  # fmt: skip
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (0, 0)
    assert register(csv_of(of_campaign(("R-1", starts), ("R-2", starts)), HEADING), "--apply").json["new"] == 2
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (2, 2)
    assert broken() == []


def test_the_lines_of_a_file_count_together_against_a_quota_and_those_that_are_known_do_not(
    spring: Campaign, register: Register, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    rows = of_campaign(*((f"R-{k}", timezone.now()) for k in range(5)))
    for words in ((), ("--apply",)):
        said = register(csv_of(rows, HEADING), *words)
        assert (said.code, [(one["line"], one["why"]) for one in said.json["errors"]]) == (
            Exit.USAGE, [(line, "Campaign spring has 3 numbers left of its quota.") for line in (5, 6)],
        )  # fmt: skip
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (0, 0)
    assert register(csv_of(rows[:2], HEADING), "--apply").json["new"] == 2
    assert register(csv_of(rows[:3], HEADING)).json["known"] == 2
    assert register(csv_of(rows[:3], HEADING), "--apply").json["new"] == 1
    (said,) = register(csv_of(rows[:4], HEADING)).json["errors"]
    assert (said["line"], said["why"]) == (5, "Campaign spring has 0 numbers left of its quota.")
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (3, 3)
    assert broken() == []


@pytest.mark.usefixtures("english")
def test_a_quota_that_others_spend_meanwhile_stops_the_file_and_it_is_said_what_stays(
    spring: Campaign, cast: dict[str, Staff], tmp_path: Path, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    rows = of_campaign(*((f"R-{k}", timezone.now()) for k in range(3)))
    with File(put(tmp_path, csv_of(rows, HEADING)), REGISTRATIONS) as file:
        checked = registering.check(file.rows())
        allocate(wish(terms=terms("campaign", reference="spring")), actor=cast["resources"], reason=WHY)
        before = head()
        done = registering.apply(file.rows(), checked, actor=Staff.objects.system("system-feed"), source=file.sha256)
    assert (done.known, dict(done.opened)) == ({}, on_record())
    assert done.stopped == (
        "Lines 4 to 4 were not recorded: Campaign spring has 0 numbers left of its quota. Registrations of this file"
        " that are recorded and stay: 2. Run the command again with the same file to continue: none of them is"
        " recorded twice."
    )
    assert verbs(before) == ["number.registered"]
    assert list(Registration.objects.order_by("pk").values_list("registration_id", flat=True)) == ["R-0", "R-1"]
    assert (Tenure.objects.count(), CampaignUse.objects.get().used) == (3, 3) and broken() == []


def test_the_version_of_the_rules_that_a_line_names_was_in_force_then(supply: Supply, register: Register) -> None:
    supply(203_164_000, 203_164_999, "test")
    publish_rules("2", NOON - 3 * DAY)
    publish_rules("3", NOON)
    heading = (*HEADING, "rules")
    before = (NOON - DAY / 24).isoformat()
    rows = [("R-1", *PLAIN[:5], before, "2"), ("R-2", *PLAIN, "3"), ("R-3", *PLAIN, "")]
    wrong = [("R-4", *PLAIN, "2"), ("R-5", *PLAIN[:5], before, "3"), ("R-6", *PLAIN, "9")]
    said = register(csv_of([*rows, *wrong], heading), "--apply")
    assert (said.code, [(one["line"], one["column"], one["why"]) for one in said.json["errors"]]) == (
        Exit.USAGE,
        [(line, "rules", f"Not this version of the rules was in force then, but {version}.")
         for line, version in ((5, "3"), (6, "2"), (7, "3"))],
    )  # fmt: skip
    assert not Tenure.objects.exists()
    assert register(csv_of(rows, heading), "--apply").json["new"] == 3
    assert list(Tenure.objects.order_by("pk").values_list("rules_version__version", flat=True)) == ["2", "3", "3"]
    # What is known was right when it was recorded, whatever has been published since for that time.
    publish_rules("2b", NOON - DAY)
    assert register(csv_of(rows, heading), "--apply").json["known"] == 3


@pytest.mark.usefixtures("english")
def test_a_version_that_is_published_during_a_file_counts_from_its_next_lines_on(
    supply: Supply, tmp_path: Path, settings: LazySettings, rulebook: RuleVersion
) -> None:
    settings.QQOPS_CHUNK = 1
    supply(203_164_000, 203_164_999, "test")
    rows = [(f"R-{k}", *PLAIN, named) for k, named in enumerate((rulebook.version, "", rulebook.version))]
    with File(put(tmp_path, csv_of(rows, (*HEADING, "rules"))), REGISTRATIONS) as file:
        checked = registering.check(file.rows())

        def publish(_lines: int) -> None:
            if Tenure.objects.count() == 1:
                publish_rules("2", NOON - DAY)

        feed = Staff.objects.system("system-feed")
        done = registering.apply(file.rows(), checked, actor=feed, source=file.sha256, step=publish)
    versions = list(Tenure.objects.order_by("pk").values_list("rules_version__version", flat=True))
    assert versions == [rulebook.version, "2"] and list(on_record()) == ["R-0", "R-1"]
    assert done.stopped.startswith(
        "Lines 4 to 4 were not recorded: Line 4 has changed since it was checked: Not this version of the rules was in"
        " force then, but 2. Registrations of this file"
    )
    assert broken() == []


def test_what_happened_before_the_law_wanted_names_is_not_registered_now_without_one(
    supply: Supply, register: Register, cast: dict[str, Staff]
) -> None:
    supply(203_164_000, 203_164_999)
    heading = (*HEADING, "mobile")

    def told(at: str) -> Any:
        return register(csv_of([("R-1", "", "public", *PLAIN[2:5], at, "13987654321")], heading), "--apply")

    (long_ago,) = told("2016-01-01 10:00").json["errors"]
    assert (long_ago["column"], "within 7 days" in long_ago["why"]) == ("registered_at", True)
    (bare,) = told(AT).json["errors"]
    assert "lacks: name, document" in bare["why"] and not Tenure.objects.exists()


def test_each_line_pays_the_price_of_the_range_that_it_is_handed_out_of(supply: Supply, register: Register) -> None:
    supply(203_164_000, 203_164_999, "test", price=1_000)
    until = timezone.localdate() + 365 * DAY
    heading = (*HEADING, "order", "price", "paid_until")
    rows = [("R-1", *PLAIN, "O-1", "12", until), ("R-2", "203164113", *PLAIN[1:], "O-2", "10", until)]
    cheap = ("R-3", "203164115", *PLAIN[1:], "O-3", "9.99", until)
    (said,) = register(csv_of([*rows, cheap], heading), "--apply").json["errors"]
    assert (said["line"], said["column"]) == (4, "number")
    cheap = ("R-4", *PLAIN, "O-4", "9", until)
    assert "No range of this pool is open" in register(csv_of([cheap], heading), "--apply").error
    assert register(csv_of(rows, heading), "--apply").json["new"] == 2
