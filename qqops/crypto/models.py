"""The keys that lie in the database: each wrapped by a key of the environment, none of any use without it.

None has history, and those of the house are never deleted. To delete a wrapped key is to make every copy of what it
sealed unreadable, in history and in backups of the rest too (DESIGN §6).
"""

import os
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.crypto import seal


class SealingKey(models.Model):
    """密钥: one of QQOPS_SEAL_KEYS under which something lies here; by its check value a wrong one is told at start.

    Wrapped keys refer to it, so that none is left behind when it is retired.
    """

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    check_value = models.BinaryField()
    since = models.DateTimeField(_("in use since"))

    fleeting = True

    class Meta:
        verbose_name = _("sealing key")
        verbose_name_plural = _("sealing keys")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class RetiredKey(models.Model):
    """A key that was changed for another: it must not seal again."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("retired"))

    fleeting = True

    class Meta:
        verbose_name = _("retired key")
        verbose_name_plural = _("retired keys")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class WrappedKey(models.Model):
    """A key of its own for one thing: the key of the subclass's row says for which."""

    # Not indexed: a change of keys goes through all rows anyway, and an update of it stays on its page.
    master = models.ForeignKey(SealingKey, models.PROTECT, related_name="+", db_column="master", db_index=False)
    wrapped = models.BinaryField()

    fleeting = True

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def purpose(cls, pk: Any) -> str:
        """A wrapped key that was moved to another row does not open there."""
        return f"{cls._meta.db_table}:{pk}"

    @classmethod
    def draw(cls, pk: Any) -> tuple[seal.DataKey, str, bytes]:
        """A new key, in hand and wrapped, with the name of the one that wraps it."""
        raw = os.urandom(seal.KEY)
        name, wrapped = seal.wrap(raw, cls.purpose(pk))
        return seal.DataKey(raw), name, wrapped

    @classmethod
    def fresh(cls, pk: Any, **more: Any) -> tuple[seal.DataKey, Self]:
        """A new key, in hand and as the row to be saved."""
        key, name, wrapped = cls.draw(pk)
        return key, cls(pk=pk, master_id=name, wrapped=wrapped, **more)

    def raw(self) -> bytes:
        return seal.unwrap(self.master_id, bytes(self.wrapped), self.purpose(self.pk))

    def in_hand(self) -> seal.DataKey:
        return seal.DataKey(self.raw())


class HouseKey(WrappedKey):
    """A key of the house itself, made once: it outlives every change of the keys that wrap it."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)

    fleeting = False
    changeable_columns = ("master", "wrapped")

    class Meta(WrappedKey.Meta):
        verbose_name = _("house key")
        verbose_name_plural = _("house keys")
