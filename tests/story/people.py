"""Identities told, imported, verified, demanded to be put right, searched for."""

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accounts.corrections.services import demand, withdraw
from accounts.identity.services import Told, record
from accounts.identity.verification import verify
from accounts.imports import services as intake
from accounts.imports.files import File
from accounts.models import CorrectionDemand, Identity, Number
from accounts.people.services import search
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.identities import tell
from tests.story.canary import ADULT, IMPORTED, MINOR

Cast = Mapping[str, Staff]
WHY = "as the case file says"


@dataclass(frozen=True)
class People:
    adult: Identity
    minor: Identity
    imported: Identity
    leaving: Identity  # of whom everything is to be deleted
    demanded: CorrectionDemand  # still open
    withdrawn: CorrectionDemand


def people(cast: Cast, numbers: list[Number]) -> People:
    one, two, three, four = numbers
    privacy = cast["privacy"]
    tell(one, privacy, verified=("document",), **_told(ADULT))
    minor = tell(two, privacy, **_told(MINOR))
    imported = _imported(three, privacy)
    leaving = tell(four, privacy, **_told(ADULT))
    adult = tell(one, privacy, email=None)
    adult = tell(one, privacy, email=ADULT["email"])
    _verified(adult, cast)
    demanded, withdrawn = _demanded(adult, cast["agent"])
    _searched(cast["agent"])
    return People(adult, minor, imported, leaving, demanded, withdrawn)


def _told(values: Mapping[str, str]) -> dict[str, Any]:
    return dict(values)


def _imported(number: Number, privacy: Staff) -> Identity:
    """By the file, once with a fault in it, which is told without the value."""
    heading = ("number", "name", "document_kind", "document", "mobile")
    line = (number.pk, IMPORTED["name"], "resident", IMPORTED["document"], IMPORTED["mobile"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([heading, line])
        with File(path) as file:
            checked = intake.check(file.rows(), actor=privacy, figures=True)
            assert checked.wrongs == 0
            intake.apply(file.rows(), checked, actor=privacy, reason=WHY, ticket="", source=file.sha256)
    return Identity.objects.select_related("tenure__identity_key", "tenure__registrant").get(tenure__number=number)


def _verified(identity: Identity, cast: Cast) -> None:
    for who, field, result in (("agent", "mobile", "match"), ("reviewer", "name", "mismatch")):
        verify(identity, field, method="registry", result=result, source="population registry", actor=cast[who])


def _demanded(identity: Identity, agent: Staff) -> tuple[CorrectionDemand, CorrectionDemand]:
    taken_back = demand(identity.tenure, "email", "wrong", actor=agent, reason=WHY)
    met = demand(identity.tenure, "mobile", "wrong", actor=agent, reason=WHY)
    record([Told(identity.pk, {"mobile": "+8613987650422"})], actor=agent, reason=WHY)
    record([Told(identity.pk, {"mobile": ADULT["mobile"]})], actor=agent, reason=WHY)
    met.refresh_from_db()
    assert met.closed == CorrectionDemand.Closed.MET
    return demand(identity.tenure, "name", "wrong", actor=agent, reason=WHY), withdraw(
        taken_back, actor=agent, reason=WHY
    )


def _searched(agent: Staff) -> None:
    for item, value in ADULT.items():
        if item != "born":
            assert search(item, value, actor=agent, document_kind="resident" if item == "document" else "").identities
    assert not search("mobile", "13987650499", actor=agent).identities
    for wrong in (ADULT["document"][:-1] + "1", ADULT["mobile"] + "99"):
        with pytest.raises(Invalid) as told:
            search("document", wrong, actor=agent, document_kind="resident")
        assert wrong not in str(told.value)
