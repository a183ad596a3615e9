"""3.1: by which channels a number is registered, and what each of them leaves on the tenure."""

import datetime
import threading
from collections.abc import Callable

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.allocation.terms import Charge
from accounts.models import Campaign, CampaignUse, NumberRange, RuleVersion, Tenure
from accounts.resources.services import campaigns
from qqops.audit import origin
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, terms, wish
from tests.enforcement.acts import head, verbs
from tests.supply import carry_out
from tests.terminal import Terminal

Supply = Callable[..., NumberRange]
pytestmark = pytest.mark.usefixtures("english")
DAY = datetime.timedelta(days=1)


def campaign(cast: dict[str, Staff], quota: int, *, starts: int = -1, ends: int = 1) -> str:
    now = timezone.now()
    code = f"spring-{quota}-{starts + 10}"
    wanted = campaigns.wanted(code, "Students' union", "letter 7", quota, now + starts * DAY, now + ends * DAY)
    carry_out(wanted, cast["resources"], cast["supervisor"])
    return code


def by(channel: str, reference: str, actor: Staff, count: int = 1) -> list[tuple[str, str]]:
    allocate(wish(terms=terms(channel, reference=reference), count=count), actor=actor, reason=WHY)
    return list(Tenure.objects.order_by("-pk").values_list("channel", "channel_ref")[:1])


def test_3_1_head_free_or_paid_with_order_price_and_end(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    until = timezone.now() + 30 * DAY
    allocate(wish(), actor=resources, reason=WHY)
    allocate(wish(terms=terms(charge=Charge("O-7", 1250, until))), actor=resources, reason=WHY)
    assert list(Tenure.objects.order_by("pk").values_list("paid", "order_ref", "price", "paid_until")) == [
        (False, None, None, None),
        (True, "O-7", 1250, until),
    ]
    for charge in (Charge("", 1250, until), Charge("O-8", 0, until), Charge("O-8", 1, timezone.now() - DAY)):
        with pytest.raises(Invalid):
            allocate(wish(terms=terms(charge=charge)), actor=resources, reason=WHY)
    assert Tenure.objects.count() == 2


def test_3_1_1_and_2_client_and_website_with_what_they_say_of_themselves(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    assert by("client", "9.9.15", resources) == [("client", "9.9.15")]
    assert by("web", "", resources) == [("web", "")]


def test_3_1_3_text_message_and_telephone_with_port_and_carrier_and_never_with_a_persons_line(
    supply: Supply, resources: Staff
) -> None:
    supply(203_164_000, 203_164_999, "test")
    assert by("sms", "10690 carrier A", resources) == [("sms", "10690 carrier A")]
    assert by("ivr", "16812345 carrier B", resources) == [("ivr", "16812345 carrier B")]
    with pytest.raises(Invalid, match="personal data"):
        by("sms", "13812345678", resources)
    assert Tenure.objects.count() == 2


def test_3_1_4_a_campaign_hands_out_its_quota_in_its_time_and_nothing_beyond(
    supply: Supply, cast: dict[str, Staff], resources: Staff
) -> None:
    supply(203_164_000, 203_164_999, "test")
    code = campaign(cast, 3)
    assert by("campaign", code, resources, 2) == [("campaign", code)]
    with pytest.raises(Invalid, match="1 numbers left of its quota"):
        by("campaign", code, resources, 2)
    by("campaign", code, resources)
    with pytest.raises(Invalid, match="0 numbers left"):
        by("campaign", code, resources)
    for other in (campaign(cast, 5, starts=1, ends=2), "nobody-knows"):
        with pytest.raises(Invalid, match="not running then|no campaign"):
            by("campaign", other, resources)
    with pytest.raises(Refused, match="without its reference"):
        by("campaign", "  ", resources)
    assert (Tenure.objects.count(), CampaignUse.objects.get(campaign__code=code).used) == (3, 3)


def test_3_1_4_a_campaigns_time_has_its_first_moment_in_it_and_its_last_not(
    supply: Supply, cast: dict[str, Staff], resources: Staff
) -> None:
    supply(203_164_000, 203_164_999, "test")
    code = campaign(cast, 3)
    found = Campaign.objects.get(code=code)
    moment = datetime.timedelta(microseconds=1)
    with time_machine.travel(found.ends_at + DAY, tick=False):
        for at in (found.starts_at - moment, found.ends_at):
            with pytest.raises(Invalid, match="was not running then"):
                allocate(wish(terms=terms("campaign", reference=code, at=at)), actor=resources, reason=WHY)
        for at in (found.starts_at, found.ends_at - moment):
            allocate(wish(terms=terms("campaign", reference=code, at=at)), actor=resources, reason=WHY)
    assert Tenure.objects.count() == CampaignUse.objects.get(campaign=found).used == 2


@pytest.mark.parametrize(
    ("asked", "why"), [("autumn", "no campaign"), ("late", "not running then"), ("", "1 numbers left")]
)
def test_3_1_4_the_dry_run_refuses_what_a_campaign_would_not_give(
    supply: Supply, cast: dict[str, Staff], terminal: Terminal, asked: str, why: str
) -> None:
    supply(203_164_000, 203_164_999, "test")
    code = {"late": campaign(cast, 5, starts=1, ends=2), "": campaign(cast, 1)}.get(asked, asked)
    words = ("allocate", "--channel", "campaign", "--ref", code, "--pool", "test", "--accepted", "explicit")
    before = head()
    for apply in ((), ("--apply",)):
        said = terminal("resources", *words, "--count", 2, "--reason", WHY, *apply)
        assert said.code == 2 and why in said.error
    assert set(verbs(before)) == {"staff.token_issued"} and not Tenure.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_3_1_4_two_at_once_do_not_pass_the_quota(
    supply: Supply, cast: dict[str, Staff], resources: Staff, rulebook: RuleVersion
) -> None:
    supply(203_164_000, 203_164_999, "test")
    code = campaign(cast, 10)
    said = terms("campaign", reference=code)
    ready, done, refused = threading.Barrier(4), [], []

    def ask() -> None:
        try:
            with origin.origin(origin.COMMAND, os_user="tester"):
                ready.wait(timeout=30)
                for _round in range(2):
                    try:
                        done.extend(allocate(wish(terms=said, count=2), actor=resources, reason=WHY))
                    except Invalid as error:
                        refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (len(done), len({one.number for one in done}), len(refused)) == (10, 10, 3)
    assert Tenure.objects.count() == CampaignUse.objects.get().used == 10
    assert list(verify()) == []


def test_3_1_5_another_way_only_with_its_written_authorisation(supply: Supply, resources: Staff) -> None:
    supply(203_164_000, 203_164_999, "test")
    assert by("other", "letter 2026-7", resources) == [("other", "letter 2026-7")]
    for blank in ("", "   "):
        with pytest.raises(Refused, match="without its reference"):
            by("other", blank, resources)
    assert Tenure.objects.count() == 1
