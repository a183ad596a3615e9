"""Keeping a list's filters under a name, and dropping them again. What others see is on the record."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data
from qqops.staff.models import SavedFilter, Staff

MOST = 50  # of one person, of one list


def save_filter(page: str, name: str, query: Mapping[str, str], *, shared: bool, actor: Staff) -> SavedFilter:
    """Keep choices of the list `page`; whoever calls has asked whether this person may see it."""
    name = " ".join(name.split())
    no_personal_data(name)
    if not name or not query:
        raise Invalid(_("Choose a filter and give it a name. Nothing was saved."))
    with transaction.atomic():
        if SavedFilter.objects.filter(owner=actor, page=page).count() >= MOST:
            raise Invalid(_("You keep %(n)d filters of this list: delete one first. Nothing was saved.") % {"n": MOST})
        kept = {"query": dict(query), "shared": shared}
        saved, new = SavedFilter.objects.get_or_create(owner=actor, page=page, name=name, defaults=kept)
        if not new:
            raise Invalid(_("You have a filter of this name already. Nothing was saved."))
        if shared:
            _tell("filter.shared", saved, actor)
    return saved


def delete_filter(saved: SavedFilter, *, actor: Staff) -> None:
    """Drop one of one's own."""
    with transaction.atomic():
        gone, _rows = SavedFilter.objects.filter(pk=saved.pk, owner=actor).delete()
        if not gone:
            raise Invalid(_("You have no such filter. Nothing was deleted."))
        if saved.shared:
            _tell("filter.withdrawn", saved, actor)


def withdraw_filter(saved: SavedFilter, *, actor: Staff) -> None:
    """Unshare what somebody shared who has left and cannot; whoever calls has asked who may see the list."""
    with transaction.atomic():
        if not SavedFilter.objects.left_behind(saved.page).filter(pk=saved.pk).update(shared=False):
            raise Invalid(_("Nobody who has left shares such a filter. Nothing was withdrawn."))
        _tell("filter.withdrawn", saved, actor, owner=saved.owner.username)


def _tell(verb: str, saved: SavedFilter, actor: Staff, **more: str) -> None:
    facts = {"filter": saved.name, "page": saved.page, "query": saved.query, **more}
    with recorder.act(verb, actor=actor, reason="", subject=saved, facts=facts):
        pass
