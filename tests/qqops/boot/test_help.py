"""The help of every command of the house is in the language of the house: what is not typed has been put into words."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.utils.translation import override

from qqops.core.commands import HouseCommand
from tests.cast import LOGINS
from tests.hunt.languages import HAN, LATIN, stray_lines

HOUSES = ("qqops", "accounts", "enforcement", "appeals")
OF_DJANGO = {"migrate"}  # its own, in the owner's hands
# The columns of files and what stands in them, and what the examples name: typed as it is in either language.
TYPED = {
    *LOGINS, "free", "screenshot.png", "log.txt", "list.csv", "more.csv", "accepted", "registered_at", "paid_until",
    "registration", "reference", "channel", "rules", "explicit", "by_use", "order", "pool", "name", "document_kind",
    "document", "mobile", "email", "born", "mobile_verified_method", "mobile_verified_at", "mobile_verified_source",
    "basis", "portal_id", "ground", "statement", "contact", "agreement", "decision", "relation", "past_passwords",
    "recovery", "objection", "enquiry", "others", "upto", "heard", "hotline", "reported_on", "good_faith", "yes",
    "cluster", "sampled", "wrong", "contract", "JSON Lines", "docs/appeals.md",
}  # fmt: skip


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


def every_parser() -> list[argparse.ArgumentParser]:
    """Of each command and of each of its acts."""
    ours = {config.name for config in apps.get_app_configs() if config.name.split(".")[0] in HOUSES}
    found: list[argparse.ArgumentParser] = []
    for name, app in get_commands().items():
        if app in ours and name not in OF_DJANGO:
            command = load_command_class(str(app), name)
            assert isinstance(command, HouseCommand), name
            found += parsers(command.create_parser("manage.py", name))
    return found


def typed(found: list[argparse.ArgumentParser]) -> list[str]:
    """The words of the command line itself: names of commands and acts, of options and of what they take."""
    words = {word for one in found for word in one.prog.split()} | TYPED
    for action in (action for one in found for action in one._actions):
        words |= {*action.option_strings, *map(str, action.choices or ())}
        words |= {str(action.metavar or ""), action.dest, action.dest.upper()}
    return [word for word in sorted(words, key=len, reverse=True) if LATIN.search(word)]


def prose(text: str, words: list[str]) -> str:
    return re.sub(rf"(?<![\w-])({'|'.join(map(re.escape, words))})(?![\w-])", " ", text)


def test_help_is_in_chinese_but_for_what_is_typed() -> None:
    with override("zh-hans"):
        found = every_parser()
        words = typed(found)
        said = {one.prog: stray_lines(prose(one.format_help(), words), "zh-hans", []) for one in found}
        assert {name: lines for name, lines in said.items() if lines} == {}
        assert {one.prog for one in found if one.description and not HAN.search(str(one.description))} == set()
    assert len(said) > 60


def test_help_is_in_english_without_a_chinese_word() -> None:
    with override("en"):
        assert [one.prog for one in every_parser() if HAN.search(one.format_help())] == []


@pytest.mark.parametrize("language, usage", [("zh-hans", "用法："), ("en", "usage: ")])
def test_a_shell_is_told_in_the_language_of_the_settings(language: str, usage: str) -> None:
    told = subprocess.run(
        [sys.executable, "manage.py", "enforce", "--help"],
        env=os.environ | {"QQOPS_LANGUAGE": language}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.startswith(usage)
    assert bool(HAN.search(told.stdout)) is (language == "zh-hans")
