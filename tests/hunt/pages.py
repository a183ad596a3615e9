"""What one answer of the house carries to whoever asked, in all its parts; and the further objects of an address."""

from collections.abc import Iterator
from copy import copy
from typing import Any

from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.disclosures.policy import ASKERS
from accounts.identity.formats import Field
from accounts.models import Breach, CorrectionDemand, DataRequest, Disclosure, Hold, Identity, Reveal, RevealRequest
from appeals.models import Appeal, AppealEvidence, Ruling
from tests.campaign import FULL
from tests.hunt.disguises import found_in, unpacked
from tests.permissions.addresses import Address, routes

LAST = 10_000 if FULL else 12  # of events there are very many


def asked(browser: Client, method: str, url: str) -> tuple[Any, set[str]]:
    """One request that leaves nothing behind: its answer, and what stands in it."""
    cookies = copy(browser.cookies)
    with transaction.atomic():
        answer = getattr(browser, method)(url)
        session = str(dict(browser.session))
        transaction.set_rollback(True)
    browser.cookies = cookies  # a sign-out is forgotten too
    return answer, parts_of(answer) | found_in(session)


def is_page(answer: Any) -> bool:
    return bool(not answer.streaming and answer.content and answer["Content-Type"].startswith("text/html"))


def carried(browser: Client, method: str, url: str) -> set[str]:
    return asked(browser, method, url)[1]


def parts_of(answer: Any) -> set[str]:
    """Body, headers (a redirect's address among them) and cookies, these unpacked."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    parts = [body, str(answer.headers), str(answer.reason_phrase), answer.cookies.output()]
    packed = [piece for morsel in answer.cookies.values() for piece in unpacked(morsel.value)]
    return found_in(*parts, *packed, *unpacked(answer.headers.get("Location", "")))


def further() -> Iterator[Address]:
    """Each address that is about one thing, for all the things of its kind that the story has left."""
    for name, route in routes():
        app_and_model, _under, page = name.removeprefix("admin:").rpartition("_")
        if page not in ("change", "history", "asof") or "<" not in route:
            continue
        model = apps.get_model(app_and_model.replace("_", ".", 1))
        for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:LAST]:
            yield Address(name, reverse(name, args=[pk]))
    for name, arguments in _arguments():
        yield Address(name, reverse(name, args=arguments))


def _arguments() -> Iterator[tuple[str, list[Any]]]:
    for pk in _pks(Identity):
        yield "admin:data_request", [pk]
        for field in Field.values if FULL else (Field.NAME, Field.MOBILE):
            yield "admin:identity_verify", [pk, field]
            yield "admin:identity_demand", [pk, field]
            yield "admin:linked", [pk, field]
            for whose in Reveal.Whose.values:
                yield "admin:reveal", [pk, whose, field]
    for kind in ASKERS:
        yield "admin:disclosure_register", [kind]
    for one in Disclosure.objects.order_by("pk"):
        papers = [paper.kind for paper in one.papers.order_by("pk")]
        yield "admin:disclosure_review", [one.pk]
        yield "admin:disclosure_release", [one.pk]
        for what in ("statement", "file", "proof", *papers):
            yield "admin:disclosure_open", [one.pk, what]
        for paper in papers:
            yield "admin:disclosure_scan", [one.pk, paper]
    for name, model in {
        "correction_told": CorrectionDemand,
        "correction_withdraw": CorrectionDemand,
        "lift_hold": Hold,
        "reveal_shown": Reveal,
        "reveal_ruling": RevealRequest,
        **{f"data_request_{step}": DataRequest for step in ("decide", "carry_out", "statement", "copy")},
        "appeals_read": Appeal,
        "appeals_file": AppealEvidence,
        "appeals_ruling": Ruling,
        **{f"breach_{step}": Breach for step in ("assess", "report", "tell", "close", "people")},
    }.items():
        for pk in _pks(model):
            yield f"admin:{name}", [pk]


def _pks(model: Any) -> list[Any]:
    return list(model.objects.order_by("pk").values_list("pk", flat=True))
