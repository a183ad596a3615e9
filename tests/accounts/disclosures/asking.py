"""Short words for the tests of disclosures: a police request that lacks nothing, and each next person's step."""

import datetime
from typing import Any

from django.utils import timezone

from accounts.disclosures import services
from accounts.disclosures.policy import PAPERS, Period
from accounts.disclosures.services import Asked, Shown
from accounts.models import Disclosure, Release
from qqops.staff.models import Staff

NOTICE = "京公调证字〔2026〕118号"
SCOPE = "调取张伟民所用号码的注册资料"
STATEMENT = "民警李建国，电话见通知书"
REASON = "经审查，符合法律规定"
BROAD = "本登记系统不保存聊天记录，且范围过宽"


def notice(**more: Any) -> Shown:
    day = timezone.localdate()
    said: dict[str, Any] = {
        "number": NOTICE,
        "dated": day,
        "deadline": day + datetime.timedelta(days=5),
        "stamped": True,
    }
    return Shown("retrieval_notice", **(said | more))


def asked(*numbers: int, **more: Any) -> Asked:
    """A request of the police for registration information and all chats; keywords change what it says."""
    said: dict[str, Any] = {
        "asked_by": "police",
        "wants": ("registrant", "messages"),
        "scope": SCOPE,
        "statement": STATEMENT,
        "numbers": numbers,
        "papers": (notice(), Shown("two_officers")),
        "authority": "某市公安局",
    }
    return Asked(**(said | more))


def last_year() -> Period:
    today = timezone.localdate()
    return Period(today - datetime.timedelta(days=365), today)


def register(actor: Staff, *numbers: int, **more: Any) -> Disclosure:
    return services.register(asked(*numbers, **more), actor=actor)


def review(disclosure: Disclosure, actor: Staff, *granted: str, secret: bool = False, **more: Any) -> Disclosure:
    """Grant these classes and refuse the others."""
    rulings = {one: (one in granted, "" if one in granted else BROAD) for one in disclosure.wants}
    said: dict[str, Any] = {"reason": REASON, "content_hash": services.content_hash(disclosure)}
    return services.review(disclosure, rulings, secret=secret, actor=actor, **(said | more))


def scanned(disclosure: Disclosure) -> Disclosure:
    """With the scan of each paper that must be stamped, as who reviews or registers it adds them."""
    for paper in disclosure.papers.filter(scan=None):
        if PAPERS[paper.kind].stamped:
            services.add_scan(paper, b"%PDF-1.7 a paper", actor=disclosure.reviewer or disclosure.maker)
    return disclosure


def release(disclosure: Disclosure, actor: Staff, **more: Any) -> Release:
    scanned(disclosure)
    said: dict[str, Any] = {"reason": REASON, "content_hash": services.content_hash(disclosure)}
    return services.release(disclosure, actor=actor, **(said | more))
