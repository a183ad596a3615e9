"""What a case of its kind says, read by the table (enforcement/cases/policy.py) from a form or from words."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from enforcement.cases.policy import DETAILS, CaseKind, Detail
from enforcement.models import Case
from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data

DETAIL_MAX = 120  # characters of a text
DOUBTED_BY = "doubted_by"  # beside “good_faith”: who proposes to take it back (case_faith.py)
RULED = "faith_ruled_on"  # two people have agreed that it was not in good faith


def read_details(kind: CaseKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a case as its kind has them, from a form or from words; what is empty is left out."""
    known = {detail.name: detail for detail in DETAILS[kind]}
    if unknown := sorted(set(given) - set(known)):
        raise Invalid(_("A case of this kind has no “%(name)s”.") % {"name": ", ".join(unknown)})
    details = {name: _read(detail, given.get(name)) for name, detail in known.items()}
    if missing := [str(d.label) for d in known.values() if d.required and details[d.name] in (None, "", [])]:
        raise Invalid(_("The case does not say: %(missing)s.") % {"missing": _(", ").join(missing)})
    no_personal_data(*(value for value in details.values() if isinstance(value, str)))
    details = {name: value for name, value in details.items() if value not in (None, "", [])}
    if details.get("wrong", 0) > details.get("sampled", 0):
        raise Invalid(_("More were found wrong than were looked at."))
    incident = details.get("incident")
    if incident and not Case.objects.filter(pk=incident, kind=CaseKind.INCIDENT).exists():
        raise Invalid(_("There is no security incident #%(id)d.") % {"id": incident})
    return details


def in_good_faith(case: Case) -> bool:
    """Was it reported in good faith, as far as it is known (8.3)?"""
    return case.kind == CaseKind.FINDER and case.details.get("good_faith") is True


def amended(case: Case, given: Mapping[str, Any]) -> dict[str, Any]:
    """The details of this case said anew; on good faith two people have the word, not whoever amends them."""
    details = read_details(CaseKind(case.kind), given)
    if case.details.get(RULED):
        if details.get("good_faith"):
            raise Invalid(_("Two people have agreed that it was not in good faith: an amendment does not change that."))
        return details | {RULED: True}
    if not in_good_faith(case):
        return details
    if not details.get("good_faith"):
        raise Invalid(
            _("That a report was made in good faith is taken back by two people: doubt it, and another rules on that.")
        )
    return details | {name: case.details[name] for name in (DOUBTED_BY,) if name in case.details}


def _read(detail: Detail, value: Any) -> Any:
    try:
        return _value(detail, value)
    except (ValueError, TypeError):
        raise Invalid(_("“%(name)s” cannot be read.") % {"name": detail.label}) from None


def _value(detail: Detail, value: Any) -> Any:
    """As it is kept: a text, a whole number, true or false, a day as YYYY-MM-DD, or codes of the choices."""
    if value is None or value == "":
        return False if detail.kind is bool else None
    if detail.kind is bool:
        if str(value).lower() not in ("true", "false", "yes", "no"):
            raise ValueError(value)
        return str(value).lower() in ("true", "yes")
    if detail.kind is int:
        number = int(value)
        if not 0 <= number < 10**12:
            raise ValueError(value)
        return number
    if detail.kind is datetime.date:
        day = value if isinstance(value, datetime.date) else parse_date(str(value))
        if day is None or day > timezone.localdate():
            raise ValueError(value)
        return day.isoformat()
    several = [str(one) for one in (value if isinstance(value, list | tuple) else str(value).split(","))]
    wanted = several if detail.kind is list else [str(value).strip()]
    if detail.choices and set(wanted) - set(detail.choices.values):
        raise ValueError(value)
    if any(len(one) > DETAIL_MAX for one in wanted):
        raise ValueError(value)
    return wanted if detail.kind is list else wanted[0]
