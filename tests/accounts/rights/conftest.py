"""Data requests are tested beside erasure and share its fixtures."""

from tests.accounts.retention.conftest import _in_english, former, listed, retention

__all__ = ["_in_english", "former", "listed", "retention"]
