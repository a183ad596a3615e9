"""A deletion that only a secret disclosure request stands against waits: any answer would give that request away."""

from collections.abc import Callable

import pytest

from accounts.disclosures import services as disclosures
from accounts.models import DataRequest, Disclosure, Hold, Identity
from accounts.retention.holds import lift, place
from accounts.rights.queries import letter
from qqops.core.errors import Invalid
from tests.accounts.disclosures.asking import REASON, last_year, register, review
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, answer, ask, do, through
from tests.enforcement.acts import head, verbs

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db


def end(secret: Disclosure, cast: Cast) -> None:
    ruled = review(Disclosure.objects.get(pk=secret.pk), cast["privacy"], "registrant", secret=True)
    seen = disclosures.content_hash(ruled)
    disclosures.decline(ruled, actor=cast["supervisor"], reason=REASON, content_hash=seen)


def test_it_waits_as_one_that_nobody_has_looked_at_and_is_answered_when_the_secret_is_over(
    former: Make, cast: Cast
) -> None:
    one = former()
    secret = register(cast["agent"], one.tenure.number_id, secret=True, period=last_year())
    request, before = ask(one, cast["agent"]), head()
    for outcome in ("granted", "locked"):
        with pytest.raises(Invalid, match="tell nobody why"):
            answer(request, cast["privacy"], outcome)
    waiting = DataRequest.objects.get(pk=request.pk)
    assert (waiting.state, waiting.outcome, waiting.due_at) == ("registered", "", request.due_at)
    assert verbs(before) == [] and Identity.objects.get(pk=one.pk).locked_at is None
    for language, words in (("en", "It is being dealt with."), ("zh-hans", "正在办理")):
        assert words in letter(waiting, language) and secret.receipt not in letter(waiting, language)
    end(secret, cast)
    assert do(answer(waiting, cast["privacy"]), cast["supervisor"]).outcome == "granted"
    assert whole()


def test_it_may_be_refused_for_another_reason(former: Make, cast: Cast) -> None:
    one = former()
    register(cast["agent"], one.tenure.number_id, secret=True, period=last_year())
    assert answer(ask(one, cast["agent"]), cast["privacy"], "refused").state == "refused"


def test_what_everybody_may_know_of_answers_it_as_ever(former: Make, cast: Cast) -> None:
    one, other = former(), former()
    register(cast["agent"], one.tenure.number_id, secret=True, period=last_year())
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    assert through(one, cast).outcome == "locked"
    register(cast["agent"], other.tenure.number_id, period=last_year())
    assert through(other, cast).outcome == "locked"


def test_a_secret_that_came_after_the_decision_has_the_next_step_wait(former: Make, cast: Cast) -> None:
    one = former()
    request = answer(ask(one, cast["agent"]), cast["privacy"])
    secret = register(cast["agent"], one.tenure.number_id, secret=True, period=last_year())
    with pytest.raises(Invalid, match="tell nobody why"):
        do(request, cast["supervisor"])
    assert DataRequest.objects.get(pk=request.pk).state == "reviewed"
    end(secret, cast)
    assert do(request, cast["supervisor"]).outcome == "granted"


def test_what_was_to_be_locked_waits_when_only_the_secret_is_left(former: Make, cast: Cast) -> None:
    one = former()
    register(cast["agent"], one.tenure.number_id, secret=True, period=last_year())
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    request = answer(ask(one, cast["agent"]), cast["privacy"])
    lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
    with pytest.raises(Invalid, match="tell nobody why"):
        do(request, cast["supervisor"])
