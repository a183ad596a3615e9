"""A page is called what the button is called that leads to it, and is as red: of every step of an appeal, in both
languages."""

import re
from html import unescape
from itertools import product

from django.urls import resolve
from django.utils import translation

from tests.appeals.pages import page_of
from tests.story.hearing import hearing_room

CALLED = {"en": "{act}: {receipt}", "zh-hans": "{act}：{receipt}"}
STEPS = {
    "again", "answer", "ask", "contest", "convert", "evidence", "judge", "negotiate", "read", "resend", "rule",
    "ruling", "skip", "stop", "sue", "transfer", "weigh", "withdraw", "write",
}  # fmt: skip
WHO_SEES = {
    "agent": ("waiting", "closed", "cooling"),
    "reviewer2": ("in_hand", "closed"),
    "supervisor2": ("ruled",),
    "privacy": ("closed", "sued"),
}
OF_EVERY_OBJECT = {"appeals_appeal_history", "appeals_appeal_asof"}  # the object comes first where that reads better


def test_every_act_on_an_appeal_leads_to_a_page_of_its_name(desk, cast, rulebook):
    told = hearing_room(cast, 88_880_000)
    seen, others = set(), []
    for (login, states), language in product(WHO_SEES.items(), CALLED):
        browser, appeals = desk(login, language), [getattr(told, state) for state in states]
        for appeal, act in [(one, act) for one in appeals for act in browser.get(page_of(one)).context["acts"]]:
            name = resolve(act.url).url_name
            if (name, language) in seen:
                continue
            seen.add((name, language))
            page = browser.get(act.url)
            (title,) = re.findall(r"<h1[^>]*>(.*?)</h1>", page.content.decode(), re.DOTALL)
            if (shown := page.context.get("preview")) and shown.danger != act.danger:
                others.append((act.url, shown.danger, act.danger))
            with translation.override(language):
                wanted = CALLED[language].format(act=act.label, receipt=appeal.receipt)
                if unescape(title) != wanted and (
                    name not in OF_EVERY_OBJECT or str(act.label).casefold() not in title.casefold()
                ):
                    others.append((act.url, title, wanted))
    assert others == []
    assert seen == set(product({f"appeals_{step}" for step in STEPS} | OF_EVERY_OBJECT, CALLED))
