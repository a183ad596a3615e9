"""The eight roles of the house as data (domain.md §9). A group of the same name holds each role's permissions.

Superusers do not exist (a constraint of the staff table): nobody stands above the separation of duties.
"""

from django.utils.translation import gettext_lazy as _

LOOK = ("accounts.view_number", "accounts.view_tenure", "accounts.view_ruleversion", "enforcement.view_decision")
TOKEN = ("staff.issue_token",)

ROLES = {
    "agent": (*LOOK, *TOKEN, "enforcement.make_security_freeze"),
    "reviewer": (
        *LOOK,
        *TOKEN,
        "enforcement.make_contested_freeze",
        "enforcement.make_lift",
        "enforcement.make_restore",
    ),
    "officer": (
        *LOOK,
        *TOKEN,
        "enforcement.make_restriction",
        "enforcement.make_freeze",
        "enforcement.make_long_freeze",
        "enforcement.make_termination",
        "enforcement.make_lift",
        "enforcement.make_restore",
    ),
    "supervisor": (
        *LOOK,
        *TOKEN,
        "enforcement.make_restriction",
        "enforcement.make_freeze",
        "enforcement.approve_decision",
        "audit.view_event",
    ),
    "resources": (*LOOK, *TOKEN, "enforcement.make_reclaim", "accounts.publish_rules"),
    "privacy": (*LOOK, *TOKEN, "enforcement.approve_reclaim"),
    "auditor": (*LOOK, *TOKEN, "audit.view_event", "staff.view_staff"),
    "sysadmin": (*TOKEN, "staff.view_staff"),
}

ROLE_LABELS = {
    "agent": _("support agent"),
    "reviewer": _("appeals reviewer"),
    "officer": _("enforcement officer"),
    "supervisor": _("supervisor"),
    "resources": _("number-resource manager"),
    "privacy": _("privacy officer"),
    "auditor": _("auditor"),
    "sysadmin": _("system administrator"),
}

# Named, cannot log in, never None: who acts when nobody does.
SYSTEM_ACTORS = {
    "system-expiry": _("Expiry (system)"),
    "system-setup": _("Set-up (system)"),
    "system-worker": _("Worker (system)"),
}
