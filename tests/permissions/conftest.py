"""What there is to stand on: one object for each address that is about one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import DeclaredNumber
from accounts.services.declared import declare
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.staff import services
from qqops.staff.models import Staff
from tests.enforcement.acts import decide
from tests.permissions.addresses import Address, acts, addresses

WHAT = ("--fact", "sold forged tickets", "--evidence", "screenshot 7", "--reason", "fraud report upheld")
GROUNDS = ("--clause", "10.1", *WHAT)
SAY = ("--reason", "covers for a colleague on leave")


@pytest.fixture
def places(cast: dict[str, Staff], number: Any, rulebook: Any) -> list[Address]:
    one = number(id=10_001)
    waiting = decide(Kind.TERMINATE, one, cast["officer2"]).decision
    asked = services.request_role(
        cast["agent"], "resources", actor=cast["sysadmin"], reason="covers for a colleague on leave"
    )
    taken = services.break_glass("supervisor", actor=cast["officer2"], reason="nobody else at the desk tonight")
    services.revoke(cast["officer2"], "supervisor", actor=cast["supervisor"], reason="another supervisor has come")
    declare(cast["agent"], [77_777], "own", actor=cast["agent"])
    declaration = DeclaredNumber.objects.get()
    alert = Alert.objects.latest("pk")  # of the emergency
    event = Event.objects.latest("seq")
    somebody = cast["agent"].pk
    samples: dict[str, Any] = {
        "admin:act": lambda: acts(one.pk),
        "admin:ruling": [waiting.pk],
        "admin:access_ruling": [asked.pk],
        "admin:alert_seen": [alert.pk],
        "admin:emergency_review": [taken.pk],
        "admin:end_declaration": [declaration.pk],
        "admin:protect": lambda: [Address("admin:protect", f"{reverse('admin:protect')}?number={one.pk}")],
        "welcome": ["MQ", "no-such-token"],
        "mfa_remove_webauthn": [1],
        "/admin/<path:url>": lambda: [Address("anything else", "/admin/auth/user/add/")],
    }
    objects = {
        "accounts_number": one.pk,
        "accounts_declarednumber": declaration.pk,
        "alerts_alert": alert.pk,
        "accounts_ruleversion": rulebook.pk,
        "enforcement_decision": waiting.pk,
        "audit_event": event.pk,
        "staff_staff": somebody,
        "staff_accessrequest": asked.pk,
    }
    for model, pk in objects.items():
        for page in ("change", "history"):
            samples[f"admin:{model}_{page}"] = [pk]
    for act in ("grant", "revoke", "reset", "deactivate", "end_sessions", "unlock"):
        samples[f"admin:staff_{act}"] = [somebody]
    return addresses(samples)


@pytest.fixture
def reader(cast: dict[str, Staff]) -> Callable[[str], Client]:
    """`reader("officer")`: a browser signed in just now; `nobody` is not."""

    def open_for(login: str) -> Client:
        client = Client()
        if login != "nobody":
            client.force_login(cast[login])
        return client

    return open_for


@pytest.fixture
def lines(cast: dict[str, Staff], number: Any, rulebook: Any, tmp_path: Path) -> dict[str, tuple[str, ...]]:
    """For each command, and each of its doings, words that are right."""
    free, ended, frozen = number(id=20_001), number("terminated", id=20_002), number(id=20_003)
    decide(Kind.FREEZE, frozen, cast["officer2"])
    waiting = decide(Kind.TERMINATE, number(id=20_004), cast["officer2"]).decision
    asked = services.request_role(cast["officer2"], "agent", actor=cast["sysadmin"], reason=SAY[1])
    rules = tmp_path / "rules.txt"
    rules.write_text((Path(__file__).parents[1] / "data" / "rules-sample.txt").read_text())
    person = ("officer2",)
    return {
        "enforce restrict": ("enforce", "restrict", str(free.pk), *GROUNDS, "--scope", "mail", "--for", "1d"),
        "enforce freeze": ("enforce", "freeze", str(free.pk), *GROUNDS, "--for", "1d"),
        "enforce freeze security": (
            "enforce", "freeze", str(free.pk), *WHAT, "--clause", "6.2", "--freeze-kind", "security", "--for", "1d",
        ),
        "enforce terminate": ("enforce", "terminate", str(free.pk), *GROUNDS),
        "enforce terminate 10.3": ("enforce", "terminate", str(free.pk), *WHAT, "--clause", "10.3"),
        "enforce lift": ("enforce", "lift", str(frozen.pk), *GROUNDS, "--what", "freeze"),
        "enforce restore": ("enforce", "restore", str(ended.pk), *GROUNDS),
        "approve": ("approve", str(waiting.pk), *SAY),
        "decisions show": ("decisions", "show", str(waiting.pk)),
        "decisions run": ("decisions", "run", str(waiting.pk)),
        "number": ("number", str(free.pk)),
        "expire": ("expire",),
        "audit_verify": (),
        "demo": (),
        "migrate": (),
        "import_rules": ("import_rules", str(rules), "--version", "9", "--effective", "2099-01-01", *SAY),
        "declare": ("declare", str(free.pk), "--relation", "own", *SAY),
        "protect": ("protect", str(free.pk), "--kind", "vip", *SAY),
        "staff invite": ("staff", "invite", "newcomer", "--name", "New Comer", "--role", "agent", *SAY),
        "staff grant": ("staff", "grant", *person, "privacy", *SAY),
        "staff reset": ("staff", "reset", *person, *SAY),
        "staff approve": ("staff", "approve", str(asked.pk), *SAY),
        "staff refuse": ("staff", "refuse", str(asked.pk), *SAY),
        "staff revoke": ("staff", "revoke", *person, "officer", *SAY),
        "staff deactivate": ("staff", "deactivate", *person, *SAY),
        "staff unlock": ("staff", "unlock", *person, *SAY),
        "staff sessions": ("staff", "sessions", *person, "--end", *SAY),
        "staff report": ("staff", "report", *SAY),
        "staff found": ("staff", "found", "first", "second"),
        "changepassword": ("changepassword",),
        "createsuperuser": ("createsuperuser",),
    }  # fmt: skip
