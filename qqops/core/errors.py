"""The two ways an act can end before it begins; every door translates them."""

from typing import Any

from django.utils.translation import gettext


class Invalid(Exception):
    """The request itself is wrong: exit code 2, or a form error. Nothing was done or recorded."""


class Refused(Exception):
    """The request is well formed but not allowed: exit code 5, HTTP 403. The refusal is on the record.

    `message` is a message id (gettext_noop) with its parameters, so that the record keeps codes and every reader
    has it in his own language.
    """

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message, self.params = message, params
        self.recorded = False  # several layers may see it pass; one records it

    def __str__(self) -> str:
        return gettext(self.message) % self.params if self.params else gettext(self.message)


CONFLICTS: set[str] = set()


def conflict(message: str) -> str:
    """The message id of a refusal because of one's own part or stake in it: a declared number, one's own proposal.

    Declared where it is raised; whoever reviews the record looks for those who tried it (separation of duties).
    """
    CONFLICTS.add(message)
    return message
