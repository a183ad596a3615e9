"""How the facts of an event or an alert read one by one: names and codes in words, moments in local time."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qqops.audit import event_catalogue

# What is not named here is shown by its own name: a reader of the record may need it, and it is no sentence.
NAMES = {
    "accepted": _("rules accepted by use"),
    "act": _("act"),
    "activated": _("activated"),
    "applied": _("changed"),
    "appeals": _("appeals"),
    "asked": _("reveal request"),
    "asked_by": _("asked by"),
    "basis": _("basis"),
    "blockers": _("what stands against it"),
    "breach": _("breach"),
    "case": _("case"),
    "case_kind": _("kind of case"),
    "case_ref": _("case"),
    "cause": _("cause"),
    "channel": _("registration channel"),
    "channels": _("registration channels"),
    "claimed": _("login"),
    "clause": _("clause"),
    "clauses": _("clauses"),
    "cleared": _("made unreadable"),
    "code": _("code"),
    "command": _("command"),
    "confirmed": _("confirmed"),
    "covers": _("up to"),
    "data_class": _("information"),
    "day": _("day"),
    "declared": _("declared"),
    "dormancy": _("dormancy"),
    "dry_run": _("dry run"),
    "ended": _("ended"),
    "factor": _("second factor"),
    "faults": _("faults"),
    "field": _("item"),
    "fields": _("items"),
    "filter": _("filter"),
    "found": _("found"),
    "from": pgettext_lazy("state", "from"),
    "granted": _("granted"),
    "groundless": _("left without a ground"),
    "how": _("how"),
    "justified": _("justified"),
    "key": _("key"),
    "identities": _("tenures"),
    "kind": _("kind"),
    "kinds": _("kinds"),
    "label": _("what"),
    "letter": _("letter"),
    "level": _("level"),
    "line": _("line"),
    "lines": _("lines"),
    "list": _("list"),
    "lists": _("lists"),
    "login": _("login"),
    "logins": _("logins"),
    "made": _("made anew"),
    "measures": _("measures"),
    "method": _("method"),
    "minutes": _("minutes"),
    "missing": _("missing"),
    "near": _("near the deadline"),
    "name": _("what"),
    "n": _("how many"),
    "numbers": _("numbers"),
    "outcome": _("outcome"),
    "own": _("declared as own"),
    "owner": _("owner"),
    "page": _("page"),
    "paper": _("paper"),
    "papers": _("papers"),
    "past": _("past the deadline"),
    "people": _("tenures concerned"),
    "policy": _("dormancy policy"),
    "pool": _("pool"),
    "pools": _("pools"),
    "problem": _("problem"),
    "purpose": _("purpose"),
    "query": _("chosen"),
    "reader": _("reader"),
    "record": _("record"),
    "recorded": _("recorded"),
    "reference": _("reference"),
    "refused": _("refused"),
    "relation": _("relation"),
    "report": _("report"),
    "request": _("access request"),
    "result": _("result"),
    "reveal": _("reveal"),
    "role": _("role"),
    "rows": _("rows"),
    "rule": _("rule"),
    "secret": _("secret"),
    "sha256": _("SHA-256"),
    "sent_by": _("sent by"),
    "seq": _("up to event"),
    "since": _("since"),
    "size": _("bytes"),
    "skipped": _("skipped"),
    "stage": _("stage"),
    "standing": _("stand on another ground"),
    "state": _("state"),
    "step": _("step"),
    "tables": _("tables"),
    "targets": _("targets"),
    "to": _("to"),
    "type": _("type"),
    "unsent": _("not sent"),
    "until": _("until"),
    "waits": _("waits for"),
    "wants": _("information asked for"),
    "what": _("what"),
    "who": _("who"),
    "whose": _("whose"),
    "why": _("why"),
    "withdrawn": _("cancellations withdrawn"),
}


def in_words(facts: Mapping[str, Any], labels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is empty says nothing, and is left out."""
    return {
        str(NAMES.get(name, name)): _value(value, labels.get(name, {}))
        for name, value in facts.items()
        if value not in ("", {}, [])
    }


def _value(value: Any, labels: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):  # how many of each code
        return {str(labels.get(code, code)): n for code, n in value.items()}
    return event_catalogue.in_words(value, labels)


def of_event(verb: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an event. Why something was refused is its sentence; what that sentence names is a fact."""
    known = event_catalogue.declared()
    if verb != "audit.refused":
        return in_words(facts, known[verb].labels if verb in known else {})
    told = {name: value for name, value in facts.items() if name not in ("why", "params")}
    labels: dict[str, dict[str, Any]] = {}
    for one in known.values():  # an attempt has the facts of the act that was tried, whichever that was
        for name, more in one.labels.items():
            labels.setdefault(name, {}).update(more)
    return in_words(told | (facts.get("params") or {}), labels)
