"""The rights of a person in their own information (PIPL 44-50) as tables: who may ask for each, on which papers.

Codes are those of `DataRequest.Kind` and `AskedBy`. This module imports no other module of the project.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DUE = datetime.timedelta(days=15)  # the operator's reading of “in time” (PIPL 50)


class Paper(TextChoices):
    IDENTITY = "identity", _("own identity document")
    GUARDIANSHIP = "guardianship", _("proof of guardianship")
    DEATH = "death", _("death certificate")
    KINSHIP = "kinship", _("proof of kinship")


LAW = {44: _("PIPL 44"), 45: _("PIPL 45"), 46: _("PIPL 46"), 47: _("PIPL 47")}  # as each language cites an article


@dataclass(frozen=True)
class Right:
    article: int  # of the Personal Information Protection Law
    asked_by: tuple[str, ...]

    @property
    def law(self) -> "StrOrPromise":
        return LAW[self.article]


PERSON, GUARDIAN, RELATIVE = "person", "guardian", "relative"

# PIPL 49 gives relatives of a deceased person access, correction and deletion, but no processing lock.
RIGHTS: dict[str, Right] = {
    "copy": Right(45, (PERSON, GUARDIAN, RELATIVE)),
    "correction": Right(46, (PERSON, GUARDIAN, RELATIVE)),
    "deletion": Right(47, (PERSON, GUARDIAN, RELATIVE)),
    "lock": Right(44, (PERSON, GUARDIAN)),
    "unlock": Right(44, (PERSON, GUARDIAN)),
}

# The asker shows their own identity document, and a guardian or relative also proves that they may ask.
PAPERS: dict[str, tuple[Paper, ...]] = {
    PERSON: (Paper.IDENTITY,),
    GUARDIAN: (Paper.IDENTITY, Paper.GUARDIANSHIP),
    RELATIVE: (Paper.IDENTITY, Paper.DEATH, Paper.KINSHIP),
}
