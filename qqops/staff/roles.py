"""The eight roles of the house as data (domain.md §9): what each may do, and which exclude each other.

This table is the only place where a role gets a right. Superusers do not exist: nobody stands above it.
"""

from itertools import combinations

from django.utils.translation import gettext_lazy as _

LOOK = ("accounts.view_number", "accounts.view_tenure", "accounts.view_ruleversion", "enforcement.view_decision")
SUPPLY = ("accounts.view_numberrange", "accounts.view_campaign", "accounts.view_dormancypolicy")
OWN = ("staff.issue_token", "accounts.declare_number")  # whatever the role: one's own tokens, one's own numbers
GLASS = ("staff.break_glass",)

ROLES: dict[str, tuple[str, ...]] = {
    "agent": (
        *LOOK,
        *OWN,
        "accounts.cancel_number",
        "enforcement.make_security_freeze",
        "accounts.view_identity",
        "accounts.search_identity",
        "accounts.verify_identity",
        "accounts.demand_correction",
        "accounts.view_disclosure",
        "accounts.register_disclosure",
        "accounts.view_datarequest",
        "accounts.register_datarequest",
    ),
    "reviewer": (
        *LOOK,
        *OWN,
        *GLASS,
        "enforcement.make_contested_freeze",
        "enforcement.make_lift",
        "enforcement.make_restore",
        "accounts.view_identity",
        "accounts.search_identity",
        "accounts.verify_identity",
        "accounts.reveal_identity",
    ),
    "officer": (
        *LOOK,
        *SUPPLY,
        *OWN,
        *GLASS,
        "enforcement.make_restriction",
        "enforcement.make_freeze",
        "enforcement.make_long_freeze",
        "enforcement.make_termination",
        "enforcement.make_lift",
        "enforcement.make_restore",
        "accounts.view_identity",
        "accounts.search_identity",
        "accounts.demand_correction",
        "accounts.reveal_identity",
        "accounts.view_hold",
        "accounts.place_hold",
    ),
    "supervisor": (
        *LOOK,
        *SUPPLY,
        *OWN,
        *GLASS,
        "accounts.view_resourceproposal",
        "accounts.approve_resources",
        "enforcement.make_restriction",
        "enforcement.make_freeze",
        "enforcement.approve_decision",
        "audit.view_event",
        "alerts.view_alert",
        "alerts.mark_seen",
        "accounts.view_declarednumber",
        "accounts.end_declaration",
        "accounts.protect_number",
        "accounts.end_protection",
        "staff.view_staff",
        "staff.view_accessrequest",
        "staff.approve_access",
        "staff.end_access",
        "staff.unlock",
        "staff.review_break_glass",
        "staff.view_access_report",
        "accounts.view_identity",
        "accounts.search_identity",
        "accounts.reveal_identity",
        "accounts.reveal_any_case",
        "accounts.view_revealrequest",
        "accounts.approve_privacy_reveal",
        "accounts.view_reveal",
        "accounts.view_disclosure",
        "accounts.view_secret_disclosure",
        "accounts.release_disclosure",
        "accounts.view_datarequest",
        "accounts.carry_out_datarequest",
        "accounts.view_hold",
        "accounts.lift_hold",
        "accounts.view_erasure",
        "accounts.view_breach",
    ),
    "resources": (
        *LOOK,
        *SUPPLY,
        *OWN,
        *GLASS,
        "accounts.view_resourceproposal",
        "accounts.manage_resources",
        "accounts.allocate_number",
        "accounts.register_holder",  # who registers tells of the holder, and does not see him afterwards
        "accounts.exempt_number",
        "accounts.draft_policy",
        "enforcement.make_reclaim",
        "accounts.publish_rules",
        "accounts.protect_number",
    ),
    "privacy": (
        *LOOK,
        *SUPPLY,
        *OWN,
        *GLASS,
        "accounts.view_resourceproposal",
        "accounts.approve_policy",
        "accounts.correct_holder",
        "enforcement.approve_reclaim",
        "accounts.view_identity",
        "accounts.search_identity",
        "accounts.import_identity",
        "accounts.verify_identity",
        "accounts.demand_correction",
        "accounts.reveal_identity",
        "accounts.reveal_any_case",
        "accounts.view_revealrequest",
        "accounts.approve_reveal",
        "accounts.view_reveal",
        "accounts.view_disclosure",
        "accounts.view_secret_disclosure",
        "accounts.review_disclosure",
        "accounts.view_datarequest",
        "accounts.register_datarequest",
        "accounts.decide_datarequest",
        "accounts.view_hold",
        "accounts.place_hold",
        "accounts.lift_hold",
        "accounts.view_erasure",
        "accounts.view_breach",
        "accounts.handle_breach",
        "alerts.view_alert",
        "alerts.mark_seen",
    ),
    "auditor": (
        *LOOK,
        *SUPPLY,
        *OWN,
        "accounts.view_resourceproposal",
        "audit.view_event",
        "alerts.view_alert",
        "accounts.view_declarednumber",
        "staff.view_staff",
        "staff.view_accessrequest",
        "staff.view_access_report",
        "accounts.view_identity",
        "accounts.view_revealrequest",
        "accounts.view_reveal",
        "accounts.view_disclosure",
        "accounts.view_secret_disclosure",
        "accounts.view_datarequest",
        "accounts.view_hold",
        "accounts.view_erasure",
        "accounts.view_breach",
    ),
    "sysadmin": (
        *OWN,
        "staff.view_staff",
        "staff.view_accessrequest",
        "staff.request_access",
        "staff.end_access",
        "staff.unlock",
        "staff.view_access_report",
    ),
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

# Never held together by one person (domain.md §9, 13): the auditor and the administrator stand alone, who decides a
# measure does not decide the objection to it, who manages the resources does not approve their use.
EXCLUSIVE: tuple[tuple[str, str], ...] = (
    *(pair for pair in combinations(ROLES, 2) if {"auditor", "sysadmin"} & set(pair)),
    ("reviewer", "officer"),
    ("supervisor", "resources"),
)

# What may be taken in an emergency, for an hour; the exclusive pairs hold then too.
GLASS_ROLES = tuple(role for role in ROLES if role not in ("auditor", "sysadmin"))

# What a role taken in an emergency does not bring: nothing that outlasts the hour, chooses who reviews it, or lets the
# others not be told; nothing that opens whole files about people. An emergency is for the work that cannot wait: an
# item is revealed for a case of one's own.
NOT_IN_EMERGENCY = frozenset(
    {
        "staff.approve_access",
        "staff.end_access",
        "staff.review_break_glass",
        "accounts.end_declaration",
        "accounts.end_protection",
        "accounts.import_identity",
        "accounts.reveal_any_case",
        "accounts.approve_reveal",
        "accounts.approve_privacy_reveal",
        "accounts.view_secret_disclosure",
        "accounts.review_disclosure",
        "accounts.release_disclosure",
        "accounts.decide_datarequest",
        "accounts.carry_out_datarequest",
        "accounts.lift_hold",
        "accounts.handle_breach",
        "alerts.mark_seen",
        "accounts.approve_resources",
        "accounts.approve_policy",
        "accounts.draft_policy",
        "accounts.correct_holder",
    }
)

# Named, cannot log in, never None: who acts when nobody does.
SYSTEM_ACTORS = {
    "system-audit": _("Verification (system)"),
    "system-door": _("Sign-in (system)"),
    "system-feed": _("Feeds (system)"),
    "system-expiry": _("Expiry (system)"),
    "system-keys": _("Keys (system)"),
    "system-release": _("Purge and release (system)"),
    "system-retention": _("Retention (system)"),
    "system-setup": _("Set-up (system)"),
    "system-worker": _("Worker (system)"),
}
