"""Ranges: opened by one or two people, moved by the table, tallied at any size; overlap is refused by the database."""

from collections.abc import Callable

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.utils import timezone

from accounts.models import NumberRange, RangeTally, ResourceProposal
from accounts.resources import services as resources
from accounts.resources.services import ranges
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import DAY, HOUR, broken, head, verbs
from tests.supply import WHY, carry_out, open_range

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.django_db
def test_a_range_up_to_10_000_numbers_is_set_aside_by_one_person_and_a_longer_one_by_two(
    cast: dict[str, Staff], resources_: Staff
) -> None:
    small = resources.propose(ranges.wanted(700_000_001, 700_010_000, "public", "spare"), actor=resources_, reason=WHY)
    assert (small.state, small.range.state, small.range.size) == (State.APPLIED, "reserved", 10_000)
    large = resources.propose(ranges.wanted(710_000_000, 720_000_000, "public", "spare"), actor=resources_, reason=WHY)
    assert large.state == State.PROPOSED
    assert not NumberRange.objects.filter(proposal=large).exists()
    with pytest.raises(Refused, match="another person"):
        resources.approve(large, actor=resources_, reason="agreed", content_hash=large.content_hash)
    done = resources.approve(large, actor=cast["supervisor"], reason="agreed", content_hash=large.content_hash)
    assert (done.state, done.range.size) == (State.APPLIED, 10_000_001)
    assert broken() == []


@pytest.fixture
def resources_(cast: dict[str, Staff]) -> Staff:
    return cast["resources"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (70_000_100, 70_000_000, "reversed"),
        (9_999, 20_000, "lies within"),
        (99_999_999_990, 100_000_000_000, "lies within"),
        (70_000_500, 70_000_999, "overlaps 70000000–70000999"),
    ],
)
def test_what_is_no_range_is_refused_with_its_reason(
    cast: dict[str, Staff], resources_: Staff, first: int, last: int, why: str
) -> None:
    resources.propose(ranges.wanted(70_000_000, 70_000_999, "public", "spare"), actor=resources_, reason=WHY)
    with pytest.raises(Invalid, match=why):
        resources.propose(ranges.wanted(first, last, "public", "spare"), actor=resources_, reason=WHY)
    assert NumberRange.objects.count() == 1


@pytest.mark.django_db
def test_overlap_is_refused_by_the_database_itself(cast: dict[str, Staff], resources_: Staff) -> None:
    resources.propose(ranges.wanted(70_000_000, 70_000_999, "public", "spare"), actor=resources_, reason=WHY)
    waiting = resources.propose(ranges.wanted(80_000_000, 89_999_999, "public", "more"), actor=resources_, reason=WHY)
    with pytest.raises(IntegrityError, match="range_no_overlap"), connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO accounts_numberrange (numbers, pool, state, purpose, plan, channels, multiplier, "offset",'
            " proposal_id) SELECT int8range(70000999, 70001500), pool, state, purpose, plan, channels, 1, 0, %s"
            " FROM accounts_numberrange",
            [waiting.pk],
        )


@pytest.mark.django_db
def test_ten_thousand_million_numbers_cost_as_many_rows_as_a_hundred(cast: dict[str, Staff]) -> None:
    large = open_range(cast, 20_000_000_000, 29_999_999_999, state="reserved")
    small = open_range(cast, 30_000_000_000, 30_000_000_099, state="reserved")
    for one in (large, small):
        cursors = list(one.cursors.order_by("slot"))
        assert len(cursors) == 16
        assert (cursors[0].start, cursors[-1].end) == (0, one.size)
        assert all(a.end == b.start for a, b in zip(cursors, cursors[1:], strict=False))


@pytest.mark.django_db
def test_the_tally_counts_what_was_there_before_the_range_and_what_comes_after(
    cast: dict[str, Staff], numbers: Callable[..., list[int]]
) -> None:
    make_numbers([88_000_001, 88_000_002], "in_use")
    make_numbers([99_000_001], "in_use")
    opened = open_range(cast, 88_000_000, 88_009_999)
    make_numbers([88_000_003], "quarantined")

    def counted() -> dict[str, int]:
        found: dict[str, int] = {}
        for lifecycle, n in RangeTally.objects.filter(range=opened).values_list("lifecycle", "n"):
            found[lifecycle] = found.get(lifecycle, 0) + n
        return {lifecycle: n for lifecycle, n in found.items() if n}

    assert counted() == {"in_use": 2, "quarantined": 1}
    ranges.add_up()
    assert counted() == {"in_use": 2, "quarantined": 1}
    assert RangeTally.objects.filter(range=opened).count() == 2


@pytest.mark.django_db
def test_stopping_needs_nobody_and_opening_again_needs_a_supervisor(
    cast: dict[str, Staff], supply: Callable[..., NumberRange]
) -> None:
    opened = supply(88_000_000, 88_009_999)
    assert carry_out(ranges.moved(opened, "pre_release"), cast["resources"]).state == State.APPLIED
    opened = NumberRange.objects.get(pk=opened.pk)
    assert opened.state == "pre_release"
    assert carry_out(ranges.moved(opened, "available"), cast["resources"]).state == State.PROPOSED
    with pytest.raises(Invalid, match="cannot become"):
        resources.propose(ranges.moved(opened, "pre_release"), actor=cast["resources"], reason=WHY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last"),
    [(13_000_000_000, 13_000_000_009), (19_999_999_990, 20_000_000_000), (12_999_999_999, 13_000_000_000),
     (12_000_000_000, 21_000_000_000)],
)  # fmt: skip
def test_a_range_has_no_number_that_looks_like_a_mobile(resources_: Staff, first: int, last: int) -> None:
    with pytest.raises(Invalid, match="13000000000 to 19999999999 look like mobile numbers"):
        resources.propose(ranges.wanted(first, last, "public", "spare"), actor=resources_, reason=WHY)
    for first_, last_ in ((12_999_999_990, 12_999_999_999), (20_000_000_000, 20_000_000_009)):
        resources.propose(ranges.wanted(first_, last_, "public", "spare"), actor=resources_, reason=WHY)
    assert NumberRange.objects.count() == 2


@pytest.mark.django_db
def test_what_one_person_opens_alone_within_a_day_counts_together(cast: dict[str, Staff], resources_: Staff) -> None:
    def opened(first: int, size: int, maker: Staff = resources_) -> tuple[str, str]:
        wanted = ranges.wanted(first, first + size - 1, "internal", "growth")
        assert resources.check(wanted, actor=maker).code == ("alone" if opens_alone else "supervisor")
        made = resources.propose(wanted, actor=maker, reason=WHY)
        return str(made.rule), str(made.state)

    opens_alone = True
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + 2 * DAY
    with time_machine.travel(midnight - HOUR):
        assert opened(300_000_000, 9_000) == ("alone", "applied")
    with time_machine.travel(midnight):  # another day
        assert opened(300_100_000, 6_000) == opened(300_200_000, 4_000) == ("alone", "applied")
    with time_machine.travel(midnight + 23 * HOUR):
        opens_alone = False
        assert opened(300_300_000, 1) == ("supervisor", "proposed")
        assert opened(300_400_000, 20_000) == ("supervisor", "proposed")
    waiting = ResourceProposal.objects.get(content__first=300_300_000)
    with time_machine.travel(midnight + 25 * HOUR):  # by now he could open it alone: a supervisor's yes is no less
        opens_alone = True
        done = resources.approve(
            waiting, actor=cast["supervisor"], reason="agreed to it", content_hash=waiting.content_hash
        )
        assert done.state == State.APPLIED
        assert opened(300_500_000, 10_000) == ("alone", "applied")  # what another agreed to does not count
    assert broken() == []


@pytest.mark.django_db
def test_what_a_range_is_for_is_planned_anew_by_two(cast: dict[str, Staff], resources_: Staff) -> None:
    opened, before = open_range(cast, 740_000_000, 740_000_999), head()
    done = carry_out(
        ranges.planned(opened, plan="a hundred a day", price=888, channels=("web",)), resources_, cast["supervisor"]
    )
    opened.refresh_from_db()
    assert (done.state, opened.plan, opened.price, opened.channels) == (State.APPLIED, "a hundred a day", 888, ["web"])
    assert verbs(before) == ["resource.proposed", "resource.approved", "range.planned"]
    assert broken() == []
