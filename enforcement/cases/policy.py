"""The kinds of case and what each must say, as tables (domain.md §6.1: 6.2, 6.3, 8.1 to 8.3, 9.2, 9.4). Pure data."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CaseKind(TextChoices):
    FINDER = "finder", _("report by a finder")  # 8.3
    CLUSTER = "cluster", _("malicious registration")  # 8.1
    TRANSFER = "transfer", _("suspected transfer")  # 8.2, 9.4
    INCIDENT = "incident", _("security incident of ours")  # 6.2
    THEFT = "theft", _("account theft")  # 9.2
    ADVICE = "advice", _("security advice given")  # 6.3
    REDRESS = "redress", _("what is owed instead")  # 9.2: an upheld objection that cannot be made good by restoring
    REVIEW = "review", _("left for review by hand")  # by a decision: its measure ended, or a target was left out


class Party(TextChoices):
    SUBJECT = "subject", _("concerned")
    FROM = "from", _("gave it away")
    TO = "to", _("took it")
    FINDER = "finder", _("reported it")


class RootCause(TextChoices):
    OPERATOR = "operator", _("ours")
    OTHER = "other", _("not ours")
    UNDETERMINED = "undetermined", _("undetermined")


class Way(TextChoices):
    """How a number changed hands (8.2(b))."""

    GIFT = "gift", _("gift")
    LOAN = "loan", _("loan")
    RENT = "rent", _("rent")
    TRANSFER = "transfer", _("transfer")
    SALE = "sale", _("sale")


class Heard(TextChoices):
    """How a report reached us."""

    HOTLINE = "hotline", _("by telephone")
    ONLINE = "online", _("online")
    DESK = "desk", _("at the desk")
    LETTER = "letter", _("by letter")


class Advice(TextChoices):
    PASSWORD = "password", _("change the password")  # noqa: S105
    ANTIVIRUS = "antivirus", _("look for trojans")
    PROTECTION = "protection", _("set up secret protection")
    DEVICES = "devices", _("sign out of other devices")


@dataclass(frozen=True)
class Detail:
    """One thing a case of its kind says; `choices` where it is one of a list."""

    name: str
    label: Any
    kind: type = str  # str, int, bool, date, or list (several of the choices)
    choices: type[TextChoices] | None = None
    required: bool = True
    help: Any = ""

    def in_words(self, value: Any) -> Any:
        labels = dict(self.choices.choices) if self.choices else {}
        return [labels.get(one, one) for one in value] if isinstance(value, list) else labels.get(value, value)


DETAILS: dict[CaseKind, tuple[Detail, ...]] = {
    CaseKind.FINDER: (
        Detail("heard", _("reported through"), choices=Heard),
        Detail("reported_on", _("day of the report"), kind=datetime.date),
        Detail("good_faith", _("in good faith"), kind=bool, required=False),
        Detail("used_first", _("had used the number before"), kind=bool, required=False),
    ),
    CaseKind.CLUSTER: (
        Detail("cluster", _("cluster")),
        Detail("devices", _("same device"), kind=int, required=False),
        Detail("addresses", _("same address"), kind=int, required=False),
        Detail("sims", _("same SIM card"), kind=int, required=False),
        Detail("rate", _("registrations an hour"), kind=int, required=False),
        Detail("detected_by", _("found by rule or model"), required=False),
        Detail("sampled", _("looked at by hand"), kind=int, required=False),
        Detail("wrong", _("of these not malicious"), kind=int, required=False),
    ),
    CaseKind.TRANSFER: (
        Detail("way", _("how it changed hands"), choices=Way),
        Detail("paid", _("for money"), kind=bool, required=False),
        Detail("legal_referral", _("to be pursued at law"), kind=bool, required=False),
    ),
    CaseKind.INCIDENT: (
        Detail("began_on", _("day it began"), kind=datetime.date),
        Detail("system", _("system concerned")),
    ),
    CaseKind.THEFT: (
        Detail("reported_on", _("day of the report"), kind=datetime.date),
        Detail("incident", _("security incident of ours"), kind=int, required=False),
    ),
    CaseKind.ADVICE: (
        Detail("advice", _("advice"), kind=list, choices=Advice),
        Detail("protected", _("secret protection is set up"), kind=bool, required=False),
    ),
    CaseKind.REDRESS: (Detail("receipt", _("appeal")),),
    CaseKind.REVIEW: (),
}

# By people; a review comes of a decision, and what is owed instead of a ruling.
OPENED = tuple(kind for kind in CaseKind if kind not in (CaseKind.REVIEW, CaseKind.REDRESS))

# Whom a case of its kind may name besides those concerned, whom it needs among its numbers, and the clause it leads to.
BESIDES: dict[CaseKind, tuple[Party, ...]] = {
    CaseKind.FINDER: (Party.FINDER,),
    CaseKind.TRANSFER: (Party.FROM, Party.TO),
}
PARTIES: dict[CaseKind, tuple[Party, ...]] = {
    CaseKind.FINDER: (Party.SUBJECT,),
    CaseKind.CLUSTER: (Party.SUBJECT,),
    CaseKind.TRANSFER: (Party.SUBJECT,),
    CaseKind.INCIDENT: (),
    CaseKind.THEFT: (Party.SUBJECT,),
    CaseKind.ADVICE: (Party.SUBJECT,),
    CaseKind.REDRESS: (Party.SUBJECT,),
    CaseKind.REVIEW: (),
}
LEADS_TO: dict[CaseKind, tuple[str, ...]] = {
    CaseKind.FINDER: ("8.3",),
    CaseKind.CLUSTER: ("8.1",),
    CaseKind.TRANSFER: ("8.2", "9.4"),
    CaseKind.INCIDENT: ("6.2",),
    CaseKind.THEFT: ("6.2",),
    CaseKind.ADVICE: (),
    CaseKind.REDRESS: (),
    CaseKind.REVIEW: ("10.1",),
}
CAUSED = (
    CaseKind.INCIDENT,
    CaseKind.THEFT,
    CaseKind.REDRESS,
)  # these close with a root cause that a second person agreed to (9.2)
