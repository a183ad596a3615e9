"""From a template and what it is about to a letter: Chinese, then English; and what a template may not hold.

A template is no program: only bare names between braces are replaced, each once, and what they bring is not read again.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _

from enforcement.letters.placeholders import IN_SUBJECT, MUST, VALUES, About, known_to
from enforcement.policy import Letter

_NAME = re.compile(r"\{([a-z_]+)\}")
_BRACED = re.compile(r"\{[^{}]*\}?|\}")
_PROMISE = re.compile(r"保证|guarante", re.IGNORECASE)  # 7: no outcome is promised, in no words
SUBJECT_MAX, BODY_MAX = 120, 10_000


def promises(text: str) -> str:
    """The word by which a text promises an outcome, which nothing does (7); empty where it promises none."""
    found = _PROMISE.search(text)
    return found[0] if found else ""


class Texts(Protocol):
    """The four texts of a version or of a draft."""

    @property
    def subject_zh(self) -> str: ...
    @property
    def body_zh(self) -> str: ...
    @property
    def subject_en(self) -> str: ...
    @property
    def body_en(self) -> str: ...


@dataclass(frozen=True)
class Draft:
    """What somebody wants a letter to say."""

    code: str
    subject_zh: str
    body_zh: str
    subject_en: str
    body_en: str

    @classmethod
    def of(cls, code: str, subject_zh: str, body_zh: str, subject_en: str, body_en: str) -> "Draft":
        """In its one form: browsers and editors end their lines in several ways."""
        said = ("\n".join(text.strip().splitlines()) for text in (subject_zh, body_zh, subject_en, body_en))
        return cls(code, *said)


@dataclass(frozen=True)
class Rendered:
    subject_zh: str
    body_zh: str
    subject_en: str
    body_en: str

    @property
    def subject(self) -> str:
        return f"{self.subject_zh} / {self.subject_en}"

    @property
    def text(self) -> str:
        return f"{self.body_zh}\n\n{self.body_en}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.subject}\n\n{self.text}".encode()).hexdigest()


class Incomplete(Exception):
    """Something that the letter needs is not known; `names` are the placeholders that stay empty."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def render(template: Texts, about: About) -> Rendered:
    """Raises Incomplete where a placeholder has nothing to stand for: such a letter is never sent."""
    texts = (template.subject_zh, template.body_zh, template.subject_en, template.body_en)
    used = {name for text in texts for name in _NAME.findall(text)}
    values = {name: VALUES[name](about) for name in VALUES if name in used}
    if empty := tuple(name for name in VALUES if name in used and not all(values[name])):
        raise Incomplete(empty)

    def fill(text: str, language: int) -> str:
        return _NAME.sub(lambda found: values[found[1]][language], text)

    subject_zh, body_zh, subject_en, body_en = texts
    return Rendered(fill(subject_zh, 0), fill(body_zh, 0), fill(subject_en, 1), fill(body_en, 1))


def problems(draft: Draft) -> list[str]:
    """Each thing wrong with a draft, as a sentence; none: it can be filled."""
    if draft.code not in Letter.values:
        return [_("There is no such letter.")]
    found: list[str] = []
    for subject, body in ((draft.subject_zh, draft.body_zh), (draft.subject_en, draft.body_en)):
        found += _of_subject(subject)
        if len(body) > BODY_MAX or not body.replace("\n", "").isprintable():
            found.append(_("A text has at most %(n)d characters, none of them a control character.") % {"n": BODY_MAX})
        found += _of_names(body, known_to(draft.code))
        missing = [f"{{{name}}}" for name in MUST[Letter(draft.code)] if f"{{{name}}}" not in body]
        if missing:
            found.append(
                _("The text “%(begins)s…” must have %(names)s.") % {"begins": body[:20], "names": _(", ").join(missing)}
            )
    for text in (draft.subject_zh, draft.body_zh, draft.subject_en, draft.body_en):
        if word := promises(text):
            found.append(_("No letter promises an outcome (7): leave out “%(word)s”.") % {"word": word})
    return list(dict.fromkeys(found))


def _of_subject(subject: str) -> list[str]:
    if not subject or len(subject) > SUBJECT_MAX or not subject.isprintable():
        return [_("A subject is one line of 1 to %(n)d characters.") % {"n": SUBJECT_MAX}]
    return _of_names(subject, IN_SUBJECT)


def _of_names(text: str, known: tuple[str, ...]) -> list[str]:
    """Only bare known names stand in braces: no attribute, no index, no conversion, no format."""
    wrong = [one for one in _BRACED.findall(text) if one[1:-1] not in known or not _NAME.fullmatch(one)]
    allowed = _(", ").join(f"{{{name}}}" for name in known)
    return [
        _("“%(wrong)s” is no placeholder that may stand here. These may: %(allowed)s.")
        % {"wrong": one, "allowed": allowed}
        for one in dict.fromkeys(wrong)
    ]
