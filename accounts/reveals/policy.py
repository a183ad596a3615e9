"""The purposes of a reveal, and the roles that may reveal for each (docs/permissions.md)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Purpose(TextChoices):
    CALLER = "caller", _("verify the person who asks")
    DECISION = "decision", _("prepare or review a decision")
    APPEAL = "appeal", _("decide an appeal")
    LAW = "law", _("answer a lawful request")
    RIGHTS = "rights", _("serve a right of the person")
    BREACH = "breach", _("tell people of a breach")


# The roles that may reveal for each purpose.
ROLES_FOR: dict[str, frozenset[str]] = {
    Purpose.CALLER: frozenset({"reviewer", "supervisor", "privacy"}),
    Purpose.DECISION: frozenset({"reviewer", "officer", "supervisor", "privacy"}),
    Purpose.APPEAL: frozenset({"reviewer", "supervisor"}),
    Purpose.LAW: frozenset({"supervisor", "privacy"}),
    Purpose.RIGHTS: frozenset({"supervisor", "privacy"}),
    Purpose.BREACH: frozenset({"supervisor", "privacy"}),
}
