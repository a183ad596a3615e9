"""A request that was not answered in time is told once, by the worker's hourly look."""

import datetime
from collections.abc import Callable

import pytest
import time_machine

from accounts.models import Disclosure, Identity
from accounts.tasks import overdue_requests
from qqops.alerts.models import Alert, Beat
from qqops.audit.models import Event
from tests.accounts.disclosures.asking import register, review
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import Cast, answer, ask
from tests.enforcement.acts import head, verbs

pytestmark = pytest.mark.django_db


def test_each_that_waits_too_long_is_told_once(identity: Callable[..., Identity], cast: Cast) -> None:
    one = identity()
    number = one.tenure.number_id
    disclosure, request = register(cast["agent"], number), answer(ask(one, cast["agent"], "copy"), cast["privacy"])
    review(register(cast["agent"], number), cast["privacy"])  # refused, and so over
    answer(ask(one, cast["agent"], "lock"), cast["privacy"], "refused")
    overdue_requests(0)
    assert not Alert.objects.exists()
    with time_machine.travel(disclosure.due_at + datetime.timedelta(minutes=1)):
        before = head()
        for _again in range(2):
            overdue_requests(0)
        assert verbs(before) == ["request.overdue"]
        (alert,) = Alert.objects.all()
        assert (alert.code, alert.level, alert.subject_label) == ("request_overdue", "warning", disclosure.receipt)
        due = Disclosure.objects.get(pk=disclosure.pk).due_at
        assert alert.facts == {"receipt": disclosure.receipt, "until": due.isoformat()}
        assert Event.objects.latest("seq").source == "system"
    with time_machine.travel(request.due_at + datetime.timedelta(minutes=1)):
        overdue_requests(0)
        assert list(Alert.objects.order_by("pk").values_list("subject_label", flat=True)) == [
            disclosure.receipt, request.receipt
        ]  # fmt: skip
        assert Beat.objects.filter(pk="accounts.overdue").exists() and whole()
