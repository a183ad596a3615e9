from django.utils.translation import gettext_lazy as _

from qqops.audit.event_catalogue import declare
from qqops.staff.policy import ROLE_LABELS
from qqops.web.panels import LISTS

ROLES = ROLE_LABELS | {"system": _("system actor"), "": _("nobody")}
ACCESS = {"join": _("let in as"), "grant": _("role"), "reset": _("a new way in")}
FACTORS = {
    "password": _("password"),
    "code": _("one-time code"),
    "mfa": _("second factor"),
    "totp": _("authenticator app"),
    "webauthn": _("passkey"),
    "recovery_codes": _("recovery codes"),
    "access": _("may not enter"),
}
ENDS = {
    "own": _("by the person"),
    "ended": _("by somebody entitled to"),
    "address": _("used from another address"),
}
LIMITS = {
    "search": _("searches"),
    "people": _("searches for persons in a day"),
    "export": _("exports"),
    "cancel": _("cancellations in a day"),
    "import": _("imports"),
}

declare("staff.joined", _("%(login)s joined as %(role)s"), role=ROLES)
declare("staff.password_reset", _("set a new password for %(login)s"))
declare("staff.token_issued", _("issued a command token"))
declare("staff.token_revoked", _("revoked command tokens"))

ASKED = {"kind": ACCESS, "role": ROLE_LABELS}
declare("staff.access_requested", _("asked for access of %(login)s: %(kind)s %(role)s"), **ASKED)
declare("staff.access_approved", _("approved access of %(login)s: %(kind)s %(role)s"), **ASKED)
declare("staff.access_refused", _("refused access of %(login)s: %(kind)s %(role)s"), **ASKED)
declare("staff.role_ended", _("ended the role %(role)s of %(login)s"), role=ROLES)
declare("staff.deactivated", _("deactivated %(login)s"))
declare("staff.broke_glass", _("took the role %(role)s in an emergency, until %(until)s"), role=ROLES)
declare("staff.glass_reviewed", _("reviewed the emergency access of %(login)s to %(role)s"), role=ROLES)
declare("staff.report_exported", _("exported the access review: %(rows)s rows"))
declare(
    "staff.review_overdue",
    _("found the emergency access of %(who)s to %(role)s not reviewed in time"),
    role=ROLES,
)

declare("staff.signed_in", _("signed in: %(how)s"), how=FACTORS)
declare("staff.signed_out", _("signed out"))
declare("staff.sign_in_failed", _("a sign-in as %(login)s failed: %(how)s"), how=FACTORS)
declare("staff.locked_out", _("too many attempts to sign in as %(login)s: locked for a while"))
declare(
    "staff.locked_out_code",
    _("too many wrong codes by somebody who gave the right password of %(login)s: locked for a while"),
)
declare("staff.locked_out_address", _("too many attempts to sign in from one address: locked for a while"))
declare("staff.unlocked", _("unlocked the sign-in of %(login)s"))
declare("staff.session_ended", _("sessions ended (%(n)s): %(why)s"), why=ENDS)
declare("staff.proved", _("proved who it is: %(how)s"), how=FACTORS)
declare("staff.factor_added", _("added a second factor: %(factor)s"), factor=FACTORS)
declare("staff.factor_removed", _("removed a second factor: %(factor)s"), factor=FACTORS)
declare("staff.codes_made", _("made new recovery codes"))
declare("staff.limit_reached", _("reached the limit of: %(what)s"), what=LIMITS)

declare("filter.shared", _("shared the filter “%(filter)s” of a list: %(page)s"), page=LISTS)
declare("filter.withdrawn", _("withdrew the shared filter “%(filter)s” of a list: %(page)s"), page=LISTS)
