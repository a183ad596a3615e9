"""Night is one thing: to the review of the record, which asks the database, and to the log of reveals."""

import datetime

import pytest
from django.utils import timezone

from qqops.audit import triggers
from qqops.core.days import is_night
from tests.qqops.audit.rows import rows


@pytest.mark.django_db
def test_the_database_and_the_house_call_the_same_hours_night() -> None:
    begin = timezone.make_aware(datetime.datetime(2026, 11, 28))
    moments = [begin + datetime.timedelta(minutes=30 * n) for n in range(48)]
    events = "SELECT unnest(%s::timestamptz[]) AS at, 'web' AS source"
    asked = f"SELECT at FROM ({events}) audit_event WHERE {triggers.AT_NIGHT}"
    told = rows(asked, moments)
    assert {at for (at,) in told} == {moment for moment in moments if is_night(moment)}
    hours = [timezone.localtime(at).hour for (at,) in told]
    assert sorted(set(hours)) == [0, 1, 2, 3, 4, 5, 22, 23]
