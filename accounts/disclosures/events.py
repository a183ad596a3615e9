from django.utils.translation import gettext_lazy as _

from accounts.disclosures.policy import PAPERS
from accounts.models import AskedBy, DataClass
from qqops.alerts.catalogue import Level
from qqops.alerts.catalogue import declare as declare_alert
from qqops.audit import event_catalogue

ASKED_BY = dict(AskedBy.choices)
CLASSES = dict(DataClass.choices)
PAPER_LABELS = {code: paper.label for code, paper in PAPERS.items()}
STEPS = {"register": _("at the register"), "review": _("in the review"), "release": _("at the release")}
WHAT = {"statement": _("statement"), "file": _("released file"), "proof": _("electronic proof"), **PAPER_LABELS}

event_catalogue.declare(
    "disclosure.registered",
    _("registered a disclosure request (%(asked_by)s); numbers: %(numbers)s"),
    asked_by=ASKED_BY,
    wants=CLASSES,
    missing=PAPER_LABELS,
)
event_catalogue.declare("disclosure.scan_added", _("added the scan of a paper: %(paper)s"), paper=PAPER_LABELS)
event_catalogue.declare(
    "disclosure.reviewed",
    _("reviewed a disclosure request; granted: %(granted)s; refused: %(refused)s"),
    granted=CLASSES,
    refused=CLASSES,
    data_class=CLASSES,
)
event_catalogue.declare(
    "disclosure.refused", _("refused a disclosure request %(step)s (%(asked_by)s)"), asked_by=ASKED_BY, step=STEPS
)
event_catalogue.declare("disclosure.released", _("released what was granted of a disclosure request"))
event_catalogue.declare("disclosure.opened", _("opened a sealed part of a disclosure request: %(what)s"), what=WHAT)
event_catalogue.declare("disclosure.downloaded", _("downloaded from a disclosure request: %(what)s"), what=WHAT)
event_catalogue.declare("request.overdue", _("found request %(receipt)s not answered in time"))

declare_alert(
    "request_overdue",
    _("Request %(receipt)s should have been answered by %(until)s, and is not."),
    Level.WARNING,
    name=_("request not answered in time"),
)
