"""The three steps of a disclosure as browsers go through them."""

import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.disclosures.services import content_hash
from accounts.models import Disclosure
from tests.accounts.disclosures.asking import scanned
from tests.pages import confirm, preview, text

LIST = "/admin/accounts/disclosure/"
KINDS = "/admin/disclosures/register/"
SECRETS = ("张伟民", "李建国")  # whom the request names
REASON = "the notice is in order"


def said(*numbers: int, **more: Any) -> dict[str, Any]:
    """The form of a police request, filled in; None leaves a field out."""
    today = timezone.localdate()
    filled = {
        "numbers": " ".join(map(str, numbers)),
        "wants": ["registrant", "logins", "messages"],
        "period_from": str(today - datetime.timedelta(days=365)),
        "period_to": str(today),
        "scope": "张伟民所用号码的注册资料、登录记录及全部聊天记录",
        "statement": "民警李建国，市局刑侦支队",
        "authority": "某市公安局",
        "legal_basis": "",
        "retrieval_notice-seen": "on",
        "retrieval_notice-number": "京公调证字〔2026〕118号",
        "retrieval_notice-dated": str(today),
        "retrieval_notice-deadline": str(today + datetime.timedelta(days=5)),
        "retrieval_notice-stamped": "on",
        "two_officers-seen": "on",
    } | more
    return {name: value for name, value in filled.items() if value is not None}


def of(act: str, disclosure: Disclosure, *more: str) -> str:
    return reverse(f"admin:disclosure_{act}", args=[disclosure.pk, *more])


def page_of(disclosure: Disclosure) -> str:
    return reverse("admin:accounts_disclosure_change", args=[disclosure.pk])


def both_steps(browser: Client, url: str, filled: dict[str, Any]) -> Any:
    shown = preview(browser, url, filled)
    assert shown.status_code == 200 and "token" in shown.context, text(shown)
    done = confirm(browser, url, filled, shown.context["token"])
    assert done.status_code == 302, text(done)
    return done


def register(browser: Client, *numbers: int, kind: str = "police", **more: Any) -> Disclosure:
    both_steps(browser, f"{KINDS}{kind}/", said(*numbers, **more))
    return Disclosure.objects.latest("pk")


def rulings(**more: Any) -> dict[str, Any]:
    """Grants what the house holds and may give, and refuses the chats."""
    return {
        "registrant-ruling": "grant",
        "registrant-reason": "",
        "logins-ruling": "grant",
        "logins-reason": "",
        "messages-ruling": "refuse",
        "messages-reason": "not held here, and over-broad",
        "reason": REASON,
    } | more


def review(browser: Client, disclosure: Disclosure, **more: Any) -> None:
    both_steps(browser, of("review", disclosure), rulings(**more))
    disclosure.refresh_from_db()


def release(browser: Client, disclosure: Disclosure, answer: str = "agree") -> Any:
    scanned(disclosure)
    said = {"content_hash": content_hash(disclosure), "reason": REASON, answer: "1"}
    return browser.post(of("release", disclosure), said)


def scan(content: bytes = b"%PDF-1.7 the paper") -> SimpleUploadedFile:
    return SimpleUploadedFile("notice.pdf", content, content_type="application/pdf")
