"""Notices are tested with the letters that are in use."""

from tests.enforcement.letters.conftest import templates, there

__all__ = ["templates", "there"]
