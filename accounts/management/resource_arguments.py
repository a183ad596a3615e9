"""What somebody at the terminal wants done to number resources, out of the words he typed."""

import datetime
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from accounts.models import NumberRange
from accounts.numbers import parsing as given
from accounts.resources.services import Wanted, campaigns, numbers, ranges
from qqops.core.errors import Invalid


def wanted(do: str, options: dict[str, Any]) -> Wanted:
    match do:
        case "open":
            return _opened(options)
        case "move":
            return ranges.moved(range_by_id(options["range"]), options["to"])
        case "plan":
            return _planned(options)
        case "numbers":
            return numbers.moved(_listed(options), options["to"])
        case "tier":
            return numbers.tiered(_listed(options), options["tier"])
        case _:
            return _campaign(options)


def range_by_id(pk: int) -> NumberRange:
    found = NumberRange.objects.filter(pk=pk).first()
    if found is None:
        raise Invalid(_("There is no such range."))
    return found


def _listed(options: dict[str, Any]) -> list[int]:
    source = options["numbers"]
    if bool(source) == bool(options["number"]):
        raise Invalid(_("Give numbers, or a list with --numbers; not both, not neither."))
    if source == "-":
        return list(given.read_bytes(sys.stdin.buffer.read()))
    return list(given.read_file(Path(source)) if source else given.parse_list(options["number"]))


def _opened(options: dict[str, Any]) -> Wanted:
    first, last = given.parse(options["first"]), given.parse(options["last"])
    plan = _plan(options, {"plan": "", "opens_on": None, "price": None, "channels": ()})
    return ranges.wanted(first, last, options["pool"], options["purpose"], **plan)


def _planned(options: dict[str, Any]) -> Wanted:
    found = range_by_id(options["range"])
    before = {"plan": found.plan, "opens_on": found.opens_on, "price": found.price, "channels": tuple(found.channels)}
    return ranges.planned(found, **_plan(options, before))


def _plan(options: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What was given, over what is so already."""
    plan = dict(before)
    if options["plan"] is not None:
        plan["plan"] = options["plan"]
    if options["opens_on"] is not None:
        plan["opens_on"] = None if options["opens_on"] == "none" else _day(options["opens_on"])
    if options["price"] is not None:
        plan["price"] = None if options["price"] == "free" else _fen(options["price"])
    if options["channel"]:
        plan["channels"] = () if "every" in options["channel"] else tuple(dict.fromkeys(options["channel"]))
    return plan


def _fen(text: str) -> int:
    try:
        fen = Decimal(text) * 100
    except ArithmeticError:
        fen = Decimal("NaN")
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise Invalid(_("Write a price in yuan as 8.88."))
    return int(fen)


def _day(text: str) -> datetime.date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("Write a day as 2026-01-31."))
    return found


def _campaign(options: dict[str, Any]) -> Wanted:
    return campaigns.wanted(
        options["code"],
        options["organiser"],
        options["authorisation"],
        options["quota"],
        _moment(options["starts"]),
        _moment(options["ends"]),
    )


def _moment(text: str) -> datetime.datetime:
    """In Shanghai, where no zone is written; a date is its 00:00."""
    try:
        found = parse_datetime(text if len(text) > 10 else f"{text} 00:00")
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("Write a time as 2026-01-31 18:00."))
    return timezone.make_aware(found) if timezone.is_naive(found) else found
