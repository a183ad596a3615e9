"""What stands on a page in another language than the page's own, and is no datum.

A datum of several words, or with a digit, a capital or a mark in it, is known from the database, where the story left
it. One word in small letters could be a code that was never put into words: such a one is data only if it is named
here. What is marked `lang` or `translate="no"` is looked at as that, or not at all.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from html import unescape
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, JSONField, TextField

from qqops.staff.models import Staff
from tests.story import canary

HAN = re.compile(r"[㐀-鿿\U00020000-\U0003ffff]+")
LATIN = re.compile(r"[A-Za-z]{3,}")
OTHER = {"zh-hans": re.compile(rf"{LATIN.pattern}|你"), "en": HAN}  # the house calls nobody 你, as Django does
# The product's name and names of formats, keys, machines and marks; what is typed at the terminal; codes of acts.
ALLOWED = re.compile(
    r"\b(QQ|VIP|SIM|DEMO|PROD|CSV|TXT|XLSX|JSONL?|PDF|PNG|JPEG|WAV|SHA-256|UTF-8|Cookie|Ctrl|Enter|README)\b"
    r"|manage\.py( \w+)*|--[a-z-]+|QQOPS_\w+|audit_verify|docs/\w+\.md"
    r"|\b(application|text|image)/[\w.+-]+(; charset=\S+)?"
    r"|\b[a-z_]+(\.[a-z_]+)+\b|\{\w+\}|https?://\S+"
)
NAMED = {"spring", "partner", "tester", "outsider", "refusals"}  # a campaign, who runs it, a user, a login, a filter
TOLD = {  # what the story says that lies sealed: the database does not give it away
    *(value for value in vars(canary).values() if isinstance(value, str)),
    *canary.VALUES.values(),
    "call record 7",
    settings.QQOPS_OPERATOR,
    "举例：在群内散布诈骗链接 / example: forged links in two groups",
    "“number”“qq”",  # how a column of a list may be headed
    "“号码”",
}
MASKED = re.compile(r"\w{1,2}\*+(@\S+)?")
CODED = re.compile(
    r"\b([0-9a-f]{8}-[0-9a-f-]{27}|[A-Z0-9]{8,}|[0-9a-f]{16}|[0-9a-f]{64}|[A-Z0-9]{4}( [A-Z0-9]{4}){7})\b"
)
ELSEWHERE = {
    page: re.compile(rf'<(\w+)\b[^>]*\b(?:lang="(?!{page}")[\w-]+"|translate="no")[^>]*>.*?</\1>', re.S | re.I)
    for page in ("zh-hans", "en")
}  # an element within one of its own name would end it too early: what is in another language has none
SCRIPT = re.compile(r"<(script|style|svg)\b.*?</\1>", re.S)
SAID = re.compile(r'\b(?:title|placeholder|alt|aria-label|data-(?:some|none|done))="([^"]*)"|>([^<]+)<')


def data() -> list[str]:
    """The texts that lie in the database, the longest first; a lone word in small letters is none."""
    found = set(TOLD) | {staff.username for staff in Staff.objects.all()} | NAMED
    for model in apps.get_models():
        fields = [f.name for f in model._meta.concrete_fields if _free(f)]
        if fields:
            for row in model._base_manager.values_list(*fields):
                found |= {text for value in row for text in _texts(value) if not re.fullmatch(r"[a-z_]*", text)}
    lines = {line.strip() for text in found for line in text.splitlines()}
    return sorted((one for one in lines if HAN.search(one) or LATIN.search(one)), key=len, reverse=True)


def _free(field: Any) -> bool:
    if isinstance(field, ArrayField):
        return _free(field.base_field)
    return isinstance(field, CharField | TextField | JSONField) and not field.choices


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def strays(page: str, language: str, known: list[str]) -> set[str]:
    """The texts of the page that are not in its language, as far as they are no data."""
    body = ELSEWHERE[language].sub("", SCRIPT.sub("", page))
    other = OTHER[language]
    said = (unescape(shown or tip).strip() for tip, shown in SAID.findall(body))
    return {text for text in said if other.search(text) and other.search(_without(text, tuple(known)))}


def stray_lines(printed: str, language: str, known: list[str]) -> set[str]:
    """Of what a command printed."""
    other = OTHER[language]
    return {line for line in printed.splitlines() if other.search(_without(line, tuple(known)))}


@lru_cache(maxsize=20_000)
def _without(text: str, known: tuple[str, ...]) -> str:
    text = ALLOWED.sub(" ", CODED.sub(" ", " ".join(text.split())))
    for one in known:
        if one in text:
            text = text.replace(one, " ")
    return MASKED.sub(" ", text)
