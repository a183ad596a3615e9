"""Read a saved page of rules into clauses. Pure: text in, clauses and problems out.

The form: a title, `【…】` and the preamble's paragraphs, `# 一、【…】` chapters, `* 1.1 …` items, `（1）…` sub-items.

- A clause is numbered as the Rules cite it: "1.1", "3.1(1)"; an item without a number carries its chapter's ("2").
  The preamble has no numbers of its own: its paragraphs are "preamble.1", "preamble.2".
- A text is the file's own characters. Only the bullet, the number, white space around a line, the marks of
  emphasis and the addresses of links are left off: a link is its words, as a reader of the page sees it.
  An item with sub-items keeps its head; each sub-item is a clause of its own.
- Nothing disappears in silence: what is neither clause nor heading is in `left_out`, or an error when it stands
  where clauses stand.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

NUMERAL = "[一二三四五六七八九]"
CHAPTER = re.compile(rf"#+\s*(\d{{1,2}}|{NUMERAL}?十{NUMERAL}?|{NUMERAL})\s*[、.．]\s*(.*)$")
PREAMBLE = re.compile(r"【[^】]*】$")
ITEM = re.compile(r"\s*[*+-]\s+(?:(\d{1,2}(?:[.．]\d{1,2}){1,3})(?!\d)[.．、]?\s*)?(.*)$")
SUB_ITEM = re.compile(r"[（(](\d{1,2})[）)]\s*(.*)$")
LOOKS_NUMBERED = re.compile(r"\d{1,2}[.．]\d|[（(]\d{1,2}[）)]")
LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
EMPHASIS = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
END_OF_BODY = "（正文完）"
DIGITS = "零一二三四五六七八九"


class Unreadable(ValueError):
    """The bytes are no text in an encoding that the Rules are ever saved in."""


@dataclass(frozen=True)
class ParsedClause:
    number: str
    text: str
    heading: str = ""  # 12.6: for reading only
    emphasised: bool = False
    text_en: str = ""
    line: int = 0


@dataclass(frozen=True)
class Problem:
    """What is wrong on a line, as a code; accounts.rulebook.services has the sentences."""

    code: str
    line: int
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Parsed:
    title: str = ""
    clauses: list[ParsedClause] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def decode(data: bytes) -> str:
    """Return the text of a file saved as UTF-8 (with or without BOM) or GB18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\x00-\x08\x0e-\x1f\ufffd]", text):
            return text
    raise Unreadable


def parse(text: str) -> Parsed:
    reader = _Reader()
    # Not splitlines(): U+2028 and the like are characters of a text, not ends of a line.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        reader.read(number, line.rstrip())
    return reader.finish()


@dataclass
class _Open:
    """A clause whose lines are still being read."""

    number: str
    line: int
    heading: str
    lines: list[str]


class _Reader:
    def __init__(self) -> None:
        self.found = Parsed()
        self.front: list[tuple[int, str]] = []  # before the preamble: navigation, then the title
        self.loose: list[tuple[int, str]] = []  # paragraphs outside of any item: a footer, if nothing follows
        self.seen: dict[str, int] = {}
        self.open: _Open | None = None
        self.chapter = self.item = self.sub_item = 0
        self.item_number = self.heading = ""
        self.paragraphs = 0
        self.in_preamble = self.ended = self.after_blank = False
        self.chapter_line = 0  # of a chapter that has no clause yet

    def read(self, at: int, line: str) -> None:
        words = line.strip()
        if not words:
            self.after_blank = True
            return
        self._place(at, line, words)
        self.after_blank = False

    def _place(self, at: int, line: str, words: str) -> None:
        chapter, item = CHAPTER.match(words), ITEM.match(line)
        numbered = item is not None and item[1] is not None
        if self.ended:
            if chapter or numbered:
                self._error("after_end", at, text=words)
            else:
                self.found.left_out.append((at, words))
        elif chapter:
            self._start_chapter(at, _numeral(chapter[1]), chapter[2])
        elif words.startswith("#"):
            self._error("heading", at, text=words)
        elif item and (numbered or self.chapter):
            self._start_item(at, item[1], item[2])
        elif not self.chapter and not self.item_number:
            self._front(at, words)
        elif (sub_item := SUB_ITEM.match(words)) and self.item_number:
            self._start_sub_item(at, int(sub_item[1]), sub_item[2])
        elif self.open and (not self.after_blank or (line[0].isspace() and not self.loose)):
            self.open.lines += [""] * self.after_blank + [words]
        else:
            self.loose.append((at, words))
        if END_OF_BODY in words:
            self._close()
            self.ended = True

    def _front(self, at: int, words: str) -> None:
        if PREAMBLE.match(words) and not self.in_preamble:
            self.in_preamble = True
            if self.front:
                self.found.title = _plain(self.front.pop()[1])
            self.found.left_out += self.front
            self.front = []
        elif not self.in_preamble:
            self.front.append((at, words))
        elif self.open and not self.after_blank:
            self.open.lines.append(words)
        else:
            self._start_paragraph(at, words)

    def _start_paragraph(self, at: int, words: str) -> None:
        self.paragraphs += 1
        self._start(f"preamble.{self.paragraphs}", at, words)

    def _leave_front(self) -> None:
        """Without a `【…】` line the first words that are no link are the title, and the rest is the preamble."""
        for at, words in self.front:
            if not _plain(words) or LINK.match(words):
                self.found.left_out.append((at, words))
            elif not self.found.title:
                self.found.title = _plain(words)
            else:
                self._start_paragraph(at, words)
        self.front = []

    def _start_chapter(self, at: int, number: int, heading: str) -> None:
        self._leave_front()
        self._close()
        self._refuse_loose()
        self._warn_empty_chapter()
        if number != self.chapter + 1:
            self._warn_gap(at, number, self.chapter + 1)
        self.chapter, self.item, self.item_number = number, 0, ""
        self.heading = heading.removeprefix("【").removesuffix("】").strip()
        self.chapter_line = at

    def _start_item(self, at: int, number: str | None, words: str) -> None:
        self._leave_front()
        expected = f"{self.chapter}.{self.item + 1}"
        if number is None:
            number = str(self.chapter)
            if self.item and number not in self.seen:
                self._warn_gap(at, number, expected)
        else:
            number = unicodedata.normalize("NFKC", number)
            if number != expected and number not in self.seen:
                self._warn_gap(at, number, expected)
            chapter, *rest = map(int, number.split("."))
            if chapter == self.chapter:
                self.item = rest[0]
        self.item_number, self.sub_item, self.chapter_line = number, 0, 0
        self._start(number, at, words)

    def _start_sub_item(self, at: int, index: int, words: str) -> None:
        number, expected = (f"{self.item_number}({i})" for i in (index, self.sub_item + 1))
        if number != expected and number not in self.seen:
            self._warn_gap(at, number, expected)
        self.sub_item = index
        self._start(number, at, words)

    def _start(self, number: str, at: int, words: str) -> None:
        self._close()
        self._refuse_loose()
        if number in self.seen:
            self._error("duplicate", at, number=number, first=self.seen[number])
        self.seen.setdefault(number, at)
        self.open = _Open(number, at, self.heading, [words])

    def _close(self) -> None:
        if self.open is None:
            return
        source = "\n".join(self.open.lines)
        text = _plain(source)
        if not text:
            self._error("empty", self.open.line, number=self.open.number)
        self.found.clauses.append(
            ParsedClause(self.open.number, text, self.open.heading, bool(EMPHASIS.search(source)), line=self.open.line)
        )
        self.open = None

    def _refuse_loose(self) -> None:
        for at, words in self.loose:
            self._error("stray", at, text=words)
        self.loose = []

    def finish(self) -> Parsed:
        if not self.chapter:
            self._leave_front()
        self._close()
        self._warn_empty_chapter()
        for at, words in self.loose:
            if LOOKS_NUMBERED.match(words):  # a clause that lost its bullet is no footer
                self._error("stray", at, text=words)
            else:
                self.found.left_out.append((at, words))
        if all(c.number.startswith("preamble.") for c in self.found.clauses):
            self._error("no_clauses", 1)
        self.found.errors.sort(key=lambda p: p.line)
        self.found.left_out.sort()
        return self.found

    def _warn_empty_chapter(self) -> None:
        if self.chapter_line:
            self.found.warnings.append(Problem("empty_chapter", self.chapter_line, {"number": self.chapter}))
        self.chapter_line = 0

    def _warn_gap(self, at: int, number: object, expected: object) -> None:
        self.found.warnings.append(Problem("gap", at, {"number": number, "expected": expected}))

    def _error(self, code: str, at: int, **params: object) -> None:
        self.found.errors.append(Problem(code, at, params))


def _plain(words: str) -> str:
    """The words as a reader of the page sees them: links and emphasis reduced to their text."""
    return EMPHASIS.sub(r"\1", LINK.sub(r"\1", words)).strip()


def _numeral(words: str) -> int:
    if words.isdigit():
        return int(words)
    tens, ten, ones = words.rpartition("十")
    return (DIGITS.index(tens) if tens else len(ten)) * 10 + (DIGITS.index(ones) if ones else 0)
