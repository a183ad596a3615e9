"""2: a number is an identifier of the operator's; a person holds a right of use, and never the number itself."""

import re
from collections.abc import Callable
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, connection, transaction

from accounts.models import Number, RuleVersion, Tenure
from enforcement.policy import Kind
from qqops.audit import event_catalogue

Make = Callable[..., Number]


def test_2_a_a_number_is_its_digits_and_there_is_one_of_each(number: Make) -> None:
    one = number(id=4294967296)
    assert (one.pk, str(one)) == (4294967296, "4294967296")
    with pytest.raises(IntegrityError), transaction.atomic():
        number(id=4294967296)
    with pytest.raises(IntegrityError, match="five_digits"), transaction.atomic():
        number(id=9999)


def _second_tenure(number: Number, rules: RuleVersion, ended: str | None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_tenure (number_id, seq, channel, channel_ref, paid, rules_version_id, acceptance,"
            " started_at, ended_at) VALUES (%s, 2, 'web', '', false, %s, 'by_use', now(), %s)",
            [number.pk, rules.pk, ended],
        )


def test_2_a_a_number_has_one_live_tenure_at_most(number: Make, rulebook: RuleVersion) -> None:
    one = number()
    with pytest.raises(IntegrityError, match="tenure_one_live"):
        _second_tenure(one, rulebook, None)
    _second_tenure(one, rulebook, "2020-01-01")
    assert Tenure.objects.filter(number=one, ended_at=None).count() == 1


def test_2_a_a_number_that_someone_holds_has_a_tenure(number: Make) -> None:
    assert all(number(state).tenure_id for state in ("allocated", "in_use", "cancel_pending", "terminated"))
    assert number("quarantined").tenure_id is None
    with pytest.raises(IntegrityError, match="held_has_tenure"), transaction.atomic():
        Number.objects.bulk_create([Number(pk=77001, lifecycle="in_use")])


def test_2_b_no_act_gives_or_takes_ownership() -> None:
    words = set(re.split(r"[^a-z]+", " ".join([*Kind.values, *event_catalogue.declared()])))
    assert not words & {"own", "owner", "owned", "transfer", "transferred", "sell", "sold"}
    for model in (Number, Tenure):
        for name in ("owner", "ownership"):
            with pytest.raises(FieldDoesNotExist):
                model._meta.get_field(name)


def test_2_b_the_staff_web_never_says_that_a_holder_owns_a_number() -> None:
    catalogue = polib.pofile(str(Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    for entry in catalogue:
        said = " ".join([entry.msgstr, *entry.msgstr_plural.values()])
        assert "所有权" not in said and "号主" not in said, entry.msgid
        assert "ownership" not in entry.msgid.lower()
