"""Good faith of a finder by the web (8.3): doubted on one page, ruled on by another person on a second."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Number
from enforcement.cases.policy import CaseKind
from enforcement.models import Case
from qqops.staff.models import Staff
from tests.enforcement.acts import broken
from tests.enforcement.cases.opening import opened
from tests.pages import confirm, number_url, preview, text, verbs

pytestmark = pytest.mark.django_db
WHY = {"reason": "the log shows that he sold it", "ticket": "T-9"}
SPARED = "in good faith: not penalised (8.3)"


def test_it_is_doubted_by_one_and_ruled_on_by_another(
    desk: Callable[[str], Client], cast: dict[str, Staff], number: Callable[..., Number]
) -> None:
    finder = number()
    numbers = {"subject": [number().pk], "finder": [finder.pk]}
    case = opened(CaseKind.FINDER, cast["agent"], numbers=numbers)
    page = reverse("admin:enforcement_case_change", args=[case.pk])
    doubt, ruling = (reverse(f"admin:{name}", args=[case.pk]) for name in ("case_doubt", "case_faith_ruling"))
    officer, supervisor, before = desk("officer"), desk("supervisor"), len(verbs())
    assert doubt in officer.get(page).content.decode() and ruling not in supervisor.get(page).content.decode()
    assert desk("agent").get(doubt).status_code == officer.get(ruling).status_code == 403
    shown = preview(officer, doubt, WHY)
    assert "spared until a second person has agreed" in text(shown)
    assert confirm(officer, doubt, WHY, shown.context["token"])["Location"] == page
    again = confirm(officer, doubt, WHY, shown.context["token"])
    assert again["Location"] == page and verbs()[before:] == ["case.faith_doubted"]
    assert f"Doubted by {cast['officer']}" in text(officer.get(page)) and SPARED in text(
        officer.get(number_url(finder.pk))
    )
    assert ruling in supervisor.get(page).content.decode()
    seen = supervisor.get(ruling).context["form"].initial["content_hash"]
    said = {"content_hash": seen, "reason": "seen and agreed", "agree": "1"}
    assert supervisor.post(ruling, said | {"content_hash": "other"}).status_code == 409
    assert supervisor.post(ruling, said)["Location"] == page
    assert Case.objects.get().details["good_faith"] is False
    assert verbs()[before:] == ["case.faith_doubted", "case.faith_withdrawn"]
    assert SPARED not in text(officer.get(number_url(finder.pk))) and "Doubted by" not in text(officer.get(page))
    assert broken() == []
