from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from enforcement.cases.policy import CaseKind, RootCause
from enforcement.models import Notice
from enforcement.policy import RULES, Kind, Letter, Why
from qqops.alerts import catalogue
from qqops.audit import event_catalogue

STAGES = dict(Notice.Stage.choices)
ACTS: dict[str, Mapping[str, Any]] = {"act": dict(Kind.choices), "rule": {rule.code: rule.label for rule in RULES}}

# What was seen of a list before it was filed, kept with it for who is to agree (lists/figures.py).
DRY_RUN = {
    "given": _("numbers given"),
    "duplicates": _("duplicates"),
    "unknown": _("unknown"),
    "unknown_lines": _("unknown lines"),
    "will": _("will be changed"),
    "skipped": _("skipped"),
    "shown": _("now"),
    "premium": _("premium"),
    "paid": _("paid"),
    "protected": _("protected"),
    "held": _("under a legal hold"),
    "suggested": _("the ladder suggests"),
    "digits": _("digits"),
    "minors": _("minors"),
    "losses": _("what is lost"),
    "sample": _("a sample"),
}
event_catalogue.declare("decision.proposed", _("filed the decision; targets: %(targets)s"), dry_run=DRY_RUN, **ACTS)
event_catalogue.declare("decision.approved", _("agreed to the decision"))
event_catalogue.declare("decision.refused", _("refused the decision"))
event_catalogue.declare(
    "decision.applied", _("applied the decision; numbers changed: %(applied)s"), skipped=dict(Why.choices), **ACTS
)
event_catalogue.declare("decision.confirmed", _("confirmed the provisional measures: %(measures)s"))
event_catalogue.declare("decision.finished", _("closed the decision"))
event_catalogue.declare("decision.withdrawn", _("withdrew the proposal"))
event_catalogue.declare("decision.lapsed", _("let the proposal lapse"))
event_catalogue.declare("measure.expired", _("ended measures whose time was over: %(measures)s"))
event_catalogue.declare("measure.dropped", _("ended provisional measures with their proposal: %(measures)s"))
event_catalogue.declare("measure.over", _("ended measures with what they were for: %(measures)s"))
event_catalogue.declare("decision.announced", _("told holders of the decision (%(stage)s): %(targets)s"), stage=STAGES)
event_catalogue.declare("decision.all_told", _("has told all holders of the decision (%(stage)s)"), stage=STAGES)
event_catalogue.declare("decision.reported", _("took out the report of the decision (%(what)s); targets: %(targets)s"))
event_catalogue.declare("list.taken_in", _("took in a list (%(list)s); numbers: %(numbers)s"))
event_catalogue.declare("list.forgotten", _("forgot lists that nobody acts by any more: %(lists)s"))
event_catalogue.declare("run.paused", _("paused the run"))
event_catalogue.declare("run.resumed", _("resumed the run"))
event_catalogue.declare("run.limited", _("set how many numbers a second are applied: %(rate)s"))
event_catalogue.declare("run.stopped", _("stopped the run for good"))
event_catalogue.declare("run.all_stopped", _("stopped all runs"))
event_catalogue.declare("run.all_resumed", _("ended the stop of all runs"))
LETTERS = {"letter": dict(Letter.choices)}
event_catalogue.declare("letter.drafted", _("drafted a letter template: %(letter)s"), **LETTERS)
event_catalogue.declare("letter.approved", _("agreed to the letter template: %(letter)s"), **LETTERS)
event_catalogue.declare("letter.refused", _("refused the letter template: %(letter)s"), **LETTERS)
event_catalogue.declare("letter.shipped", _("put the bundled letter templates in use: %(n)s"))
event_catalogue.declare("notice.sent", _("sent notices: %(n)s"), sent_by=dict(Notice.Channel.choices))
event_catalogue.declare("notice.failed", _("could not send notices: %(n)s"), unsent=dict(Notice.State.choices))
event_catalogue.declare("notice.again", _("had notices sent again: %(n)s"))
catalogue.declare(
    "notices_failed",
    _("Notices could not be delivered for three days: %(n)s. Holders do not know what was done: see “Notices”."),
    catalogue.Level.CRITICAL,
    name=_("notices not delivered"),
)
catalogue.declare(
    "notices_blocked",
    _("Notices are blocked, as their letter is incomplete: %(n)s. See “Notices” for what is missing."),
    catalogue.Level.WARNING,
    name=_("notices blocked"),
)
event_catalogue.declare("case.opened", _("opened a case: %(kind)s, numbers: %(numbers)s"), kind=dict(CaseKind.choices))
event_catalogue.declare("case.evidence_added", _("added evidence to the case: %(n)s"))
event_catalogue.declare("case.numbers_added", _("added numbers to the case: %(numbers)s"))
event_catalogue.declare("case.amended", _("said the details of the case anew"))
CAUSES = {"cause": dict(RootCause.choices)}
event_catalogue.declare("case.faith_doubted", _("proposed that the report was not made in good faith"))
event_catalogue.declare("case.faith_withdrawn", _("agreed that the report was not made in good faith"))
event_catalogue.declare("case.faith_upheld", _("found that the report was made in good faith"))
event_catalogue.declare("case.cause_proposed", _("proposed the root cause: %(cause)s"), **CAUSES)
event_catalogue.declare("case.cause_agreed", _("agreed to the root cause: %(cause)s"), **CAUSES)
event_catalogue.declare("case.cause_refused", _("sent the root cause back: %(cause)s"), **CAUSES)
event_catalogue.declare("case.closed", _("closed the case"))
event_catalogue.declare("evidence.taken_in", _("took in an evidence file; bytes: %(size)s"))
event_catalogue.declare("evidence.opened", _("opened an evidence file"))
event_catalogue.declare(
    "evidence.keys_dropped",
    _("made unreadable what was kept for long enough: %(cleared)s"),
    cleared={"evidence": _("evidence files"), "case": _("what cases say")},
)
event_catalogue.declare("ground.struck_out", _("struck out a ground: %(clause)s%(reference)s"))
event_catalogue.declare("feed.reader_began", _("began to wait for a reader of the state feed: %(reader)s"))
event_catalogue.declare("feed.reader_forgotten", _("gave up a reader of the state feed: %(reader)s"))
event_catalogue.declare("feed.behind", _("noticed that a reader of the state feed is behind: %(reader)s"))
event_catalogue.declare("feed.unfollowed", _("noticed that nobody follows the state feed"))

catalogue.declare(
    "feed_behind",
    _(
        "%(reader)s has not acknowledged the state feed since %(since)s: what was frozen or lifted since may not be"
        " enforced."
    ),
    catalogue.Level.CRITICAL,
    name=_("state feed behind"),
)
catalogue.declare(
    "feed_unfollowed",
    _("Nobody follows the state feed: what is frozen or restricted may not be enforced anywhere (docs/webhooks.md)."),
    catalogue.Level.CRITICAL,
    name=_("state feed not followed"),
)
