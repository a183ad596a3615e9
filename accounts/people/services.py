"""Search for a person by one exact value, through its keyed hash. The event does not hold the value."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.identity.formats import LENGTH_MAX, BadValue, DocumentKind, Field, normalise
from accounts.identity.sealing import HASHED, search_hash
from accounts.models import Identity
from accounts.people.queries import bearers
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff import limits
from qqops.staff.models import Staff

SEARCH = "accounts.search_identity"
FOUND_MAX = 50  # tenures shown for one search
PHONES = (11, 13)  # digits of a person's mobile, and of a device's
PAPERS = (15, 18)  # digits of a resident ID before and since 1999
CREDIT_CODE = 18
NAMES = ((Field.NAME, ""), (Field.NAME, DocumentKind.CREDIT_CODE))  # an organisation's name may hold digits

Guess = tuple[Field, str]  # an item, and the kind of document (of a document or a name)


@dataclass(frozen=True)
class Found:
    field: Field
    identities: Sequence[Identity]  # each with `own`: the searcher declared its number
    more: bool


def search(field: str, text: str, *, actor: Staff, document_kind: str = "", counted: bool = False) -> Found:
    """Return the tenures with exactly this value. Without a field, guess the item from the form of the value.

    Ended tenures are found, erased identities are not. `counted` says that the search limit was charged already.
    """
    with recorder.refusals(actor=actor, facts={"act": "identity.search"}):
        if not actor.has_perm(SEARCH):
            raise Refused(gettext_noop("Your role may not search for persons."))
    if not counted:
        limits.spend("search", actor)
    item, value = _read(field, text, document_kind)
    limits.spend("people", actor)  # a daily limit, so that guessing does not reveal who has which mobile
    found = list(bearers(item, search_hash(item, value), actor)[: FOUND_MAX + 1])
    more = len(found) > FOUND_MAX
    facts = {"field": item.value, "found": f"{FOUND_MAX}+" if more else len(found)}
    with recorder.act("identity.searched", actor=actor, reason="", facts=facts):
        pass
    return Found(item, found[:FOUND_MAX], more)


def guesses(text: str) -> Sequence[Guess]:
    """Return the items that a text may be by its form, the likeliest first; none if the form does not tell."""
    folded = unicodedata.normalize("NFKC", text[:LENGTH_MAX]).strip()
    bare = "".join(char for char in folded if char.isalnum())
    if "@" in folded:
        return [(Field.EMAIL, "")]
    if not bare.isascii() or not any(char.isdigit() for char in bare):
        return NAMES
    if folded.startswith(("+", "00")):
        return [(Field.MOBILE, "")]
    if len(bare) in PAPERS and bare.upper().removesuffix("X").isdigit():
        return [(Field.DOCUMENT, DocumentKind.RESIDENT), (Field.DOCUMENT, DocumentKind.CREDIT_CODE)]
    if not bare.isdigit():
        return [(Field.DOCUMENT, DocumentKind.CREDIT_CODE if len(bare) == CREDIT_CODE else DocumentKind.PASSPORT)]
    return [(Field.MOBILE, "")] if len(bare) in PHONES else []


def _read(field: str, text: str, document_kind: str) -> tuple[Field, str]:
    """Return the item and the normalised value. Raise Invalid, without repeating the value, if it fits no item."""
    if field and field not in HASHED:
        raise Invalid(_("Nobody is searched for by this item."))
    wanted: Sequence[Guess] = [(Field(field), document_kind)] if field else guesses(text)
    if field == Field.NAME and not document_kind:
        wanted = NAMES
    wrong: Invalid | None = None
    for item, kind in wanted:
        try:
            return item, normalise(item, text, kind)
        except BadValue as error:
            wrong = wrong or error  # report the error of the likeliest item
    raise wrong or Invalid(_("Its form does not tell what this is: choose it."))
