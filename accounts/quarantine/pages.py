"""The re-release checklist of a number in quarantine, and the purge certificate of a tenure, on the staff web."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.lifecycle import L
from accounts.models import Clearance, Number, PurgeCertificate, Tenure
from accounts.quarantine.policy import Service, Waits
from accounts.quarantine.purge import RIGHT_OF_USE
from accounts.quarantine.queries import checklists
from accounts.retention.policy import CLASSES
from qqops.templatetags.ops import badge, minute, when
from qqops.web import panels
from qqops.web.panels import Fact, Panel

ITEMS = {
    Waits.QUARANTINE: gettext_lazy("The quarantine and the time for objections are over"),
    Waits.HOLD: gettext_lazy("Nothing holds it: no objection, no request, no legal hold"),
    Waits.CERTIFICATE: gettext_lazy("There is a purge certificate"),
    Waits.RANGE: gettext_lazy("It lies in a range"),
}


def _checklist(request: HttpRequest, number: Number) -> Panel | None:
    if number.lifecycle != L.QUARANTINED:
        return None
    found = checklists([number.pk])[number.pk]
    standing = {code: _done(code.value not in found.waits) for code in ITEMS}
    if number.due_at is not None and Waits.QUARANTINE in found.waits:
        standing[Waits.QUARANTINE] = when(number.due_at, exact=True)
    if not found.had_holder:
        standing[Waits.CERTIFICATE] = badge(_("nobody ever held it"), "quiet")
    rows: list[tuple[Any, Any]] = [(label, standing[code]) for code, label in ITEMS.items()]
    for one in Service if found.had_holder else ():
        rows.append((_("Cleared: %(service)s") % {"service": one.label}, _done(one not in found.missing)))
    table = {"head": [_("Condition"), _("Standing")], "rows": rows}
    return Panel(_("Re-release checklist"), "ops/panel_table.html", table)


def _certificate(request: HttpRequest, tenure: Tenure) -> Panel | None:
    """Show what was cleared when the tenure ended, and what the law keeps until when (10.4)."""
    found = PurgeCertificate.objects.filter(tenure=tenure).first()
    if found is None:
        return None
    names = {RIGHT_OF_USE: _("right of use"), **{code: one.label for code, one in CLASSES.items()}}
    facts = [
        Fact(_("Purged"), when(found.at, exact=True)),
        Fact(_("Cleared"), [names[code] for code in found.cleared]),
        *(Fact(_("Kept by law"), names[code], _kept(code, until)) for code, until in found.kept.items()),
    ]
    for one in Clearance.objects.filter(tenure=tenure).order_by("service"):
        facts.append(Fact(_("Cleared: %(service)s") % {"service": one.get_service_display()}, when(one.cleared_at)))
    return Panel(_("Purge certificate"), "ops/panel_facts.html", {"facts": facts}, side="right")


def _kept(code: str, until: str) -> str:
    law = CLASSES[code].basis
    return f"{_('until %(when)s') % {'when': minute(datetime.fromisoformat(until))}} · {law}" if until else str(law)


def _done(over: bool) -> Any:
    return badge(pgettext("checklist", "done"), "good") if over else badge(_("waits"), "warn")


panels.register("number", _checklist, order=1)
panels.register("tenure", _certificate, order=4)
