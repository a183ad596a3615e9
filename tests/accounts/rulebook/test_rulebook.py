"""The rulebook's pure parts: parser, summaries, diff."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rulebook import diff
from accounts.rulebook.parser import Unreadable, decode, parse
from accounts.rulebook.summaries import SUMMARIES
from tests.accounts.rulebook.files import FILES, RULES_NUMBERS, SAMPLE

CHAPTERS = "# 一、【甲】\n\n  * 1.1 一。\n  * 1.2 二。\n\n# 二、【乙】\n\n  * 三。\n"


def codes(text: str) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    found = parse(text)
    return [(p.code, p.line) for p in found.errors], [(p.code, p.line) for p in found.warnings]


@pytest.mark.parametrize(("path", "numbers"), FILES, ids=[path.stem for path, _ in FILES])
def test_every_clause_of_the_file_is_found_in_order(path: Path, numbers: str) -> None:
    found = parse(decode(path.read_bytes()))
    assert " ".join(c.number for c in found.clauses) == numbers
    assert (found.errors, found.warnings) == ([], [])
    assert found.title.endswith("规则")


@pytest.mark.parametrize(("path", "numbers"), FILES, ids=[path.stem for path, _ in FILES])
def test_the_texts_are_all_of_the_body_and_nothing_else(path: Path, numbers: str) -> None:
    text = decode(path.read_bytes())
    found = parse(text)
    body = text[text.index("】") + 1 : text.index("（正文完）") + len("（正文完）")]
    body = re.sub(r"^# .*$", "", body, flags=re.MULTILINE)
    body = re.sub(r"^ *\* (\d+\.\d+ )?|^（\d）", "", body, flags=re.MULTILINE)
    body = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", body).replace("**", "")
    assert "\n".join(c.text for c in found.clauses) == re.sub(r" *\n+", "\n", body).strip()
    # What is left out is left out by line, so that a reader of the dry run sees it.
    first, last = found.clauses[0].line, found.clauses[-1].line
    assert [line for line, _ in found.left_out if first < line < last] == []
    assert len(found.left_out) == 3


def test_a_text_keeps_its_words_and_loses_its_marks() -> None:
    by_number = {c.number: c for c in parse(decode(SAMPLE.read_bytes())).clauses}
    assert by_number["1.2"].text == "本文是《示例协议》的附件。"
    assert by_number["3.1"].text == "取得号码的办法有："
    assert by_number["3.1(2)"].text == "电话（语音）办理；"
    assert (by_number["4"].text[:14], by_number["4"].emphasised) == ("忘了密码可以申诉，不保证成功", True)
    assert by_number["5.2"].heading == "措施"


def test_the_same_text_in_other_encodings_and_line_ends_reads_the_same() -> None:
    text = decode(SAMPLE.read_bytes())
    for data in (
        text.encode("utf-8-sig"),
        text.encode("gb18030"),
        text.replace("\n", "\r\n").encode(),
    ):
        assert parse(decode(data)).clauses == parse(text).clauses


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", CHAPTERS.encode("utf-16"), b"PK\x03\x04\x00\x00", b"\x81"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


@pytest.mark.parametrize(
    ("text", "errors", "warnings"),
    [
        (CHAPTERS, [], []),
        ("", [("no_clauses", 1)], []),
        ("只有一段话。\n\n还有一段。", [("no_clauses", 1)], []),
        (CHAPTERS.replace("1.2 二", "1.1 二"), [("duplicate", 4)], []),
        (CHAPTERS.replace("1.2 二", "1.4 二"), [], [("gap", 4)]),
        (CHAPTERS.replace("# 二", "# 四"), [], [("gap", 6)]),
        (CHAPTERS.replace("# 二、【乙】", "# 附录"), [("heading", 6)], [("gap", 8)]),
        (CHAPTERS.replace("1.2 二。", "1.2"), [("empty", 4)], []),
        (CHAPTERS.replace("\n# 二", "\n夹在中间的一段。\n\n# 二"), [("stray", 6)], []),
        (CHAPTERS + "\n2.2 丢了圆点的条款。\n", [("stray", 10)], []),
        (CHAPTERS + "  * 又一条。\n", [("duplicate", 9)], []),
        (CHAPTERS + "\n# 三、【空】\n", [], [("empty_chapter", 10)]),
        (CHAPTERS + "（1）子项\n（3）子项\n", [], [("gap", 10)]),
        (CHAPTERS + "\n（正文完）\n  * 2.1 迟到。\n", [("after_end", 11)], []),
        (CHAPTERS.replace("三。", "三。（正文完）") + "  * 2.1 迟到。\n", [("after_end", 9)], []),
    ],
)
def test_what_is_wrong_is_named_by_line(
    text: str, errors: list[tuple[str, int]], warnings: list[tuple[str, int]]
) -> None:
    assert codes(text) == (errors, warnings)


def test_a_wrapped_line_belongs_to_its_clause_and_a_footer_does_not() -> None:
    found = parse(CHAPTERS.replace("三。", "三，\n续行。\n\n    缩进的一段。") + "\n某公司\n")
    assert found.clauses[-1].text == "三，\n续行。\n\n缩进的一段。"
    assert [words for _, words in found.left_out] == ["某公司"]


def test_without_a_preamble_mark_the_first_words_are_the_title() -> None:
    found = parse("[](a.html) 导航\n\n某规则\n\n一段导言。\n\n" + CHAPTERS)
    assert found.title == "某规则"
    assert [c.number for c in found.clauses] == ["preamble.1", "1.1", "1.2", "2"]


@given(st.text(st.sampled_from("#*一二.、12（）(1)【】 \n字[](x)"), max_size=120))
def test_no_line_disappears_in_silence(text: str) -> None:
    found = parse(text)
    told = {p.line for p in [*found.errors, *found.warnings]} | {line for line, _ in found.left_out}
    kept = "".join([found.title, *(c.text + c.number + c.heading for c in found.clauses)])
    for number, line in enumerate(text.split("\n"), 1):
        for character in set(line) & {"字"}:
            assert number in told or character in kept or line.lstrip().startswith("#")


def test_there_is_a_summary_of_each_clause_in_both_languages_and_own_words() -> None:
    assert " ".join(SUMMARIES) == RULES_NUMBERS
    assert all(zh and en and en.isascii() for zh, en in SUMMARIES.values())
    assert "使用权" in SUMMARIES["2"][0] and "right of use" in SUMMARIES["2"][1]
    for path, numbers in FILES:
        if numbers == RULES_NUMBERS:
            for clause in parse(decode(path.read_bytes())).clauses:
                assert SUMMARIES[clause.number][0].rstrip("。") not in clause.text


def test_a_diff_names_what_was_added_removed_and_changed() -> None:
    old = parse(CHAPTERS).clauses
    new = parse(CHAPTERS.replace("1.2 二。", "1.2 第二条 v2。\n  * 1.3 新。").replace("  * 三。\n", "")).clauses
    found = diff.compare(old, new)
    assert ([c.number for c in found.added], [c.number for c in found.removed], found.same) == (["1.3"], ["2"], 1)
    assert [(c.number, [(p.op, p.text) for p in c.pieces]) for c in found.changed] == [
        ("1.2", [("+", "第"), ("=", "二"), ("+", "条 v2"), ("=", "。")])
    ]
    assert found and not diff.compare(old, old)


def test_a_diff_keeps_words_and_composed_characters_whole() -> None:
    assert [(p.op, p.text) for p in diff.pieces("见 http://a 葛\U000e0100", "见 https://a 葛\U000e0101")] == [
        ("=", "见 "),
        ("-", "http"),
        ("+", "https"),
        ("=", "://a "),
        ("-", "葛\U000e0100"),
        ("+", "葛\U000e0101"),
    ]


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_a_diff_spell_both_texts(old: str, new: str) -> None:
    pieces = list(diff.pieces(old, new))
    assert "".join(p.text for p in pieces if p.op != diff.ADDED) == old
    assert "".join(p.text for p in pieces if p.op != diff.REMOVED) == new
