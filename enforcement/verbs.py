from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from enforcement.casebook import CaseKind, RootCause
from enforcement.models import Notice
from enforcement.policy import RULES, Kind, Letter, Why
from qqops.alerts import catalogue
from qqops.audit import verbs

STAGES = dict(Notice.Stage.choices)
ACTS: dict[str, Mapping[str, Any]] = {"act": dict(Kind.choices), "rule": {rule.code: rule.label for rule in RULES}}

# What was seen of a list before it was filed, kept with it for who is to agree (services/figures.py).
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
verbs.declare("decision.proposed", _("filed the decision; targets: %(targets)s"), dry_run=DRY_RUN, **ACTS)
verbs.declare("decision.approved", _("agreed to the decision"))
verbs.declare("decision.refused", _("refused the decision"))
verbs.declare(
    "decision.applied", _("applied the decision; numbers changed: %(applied)s"), skipped=dict(Why.choices), **ACTS
)
verbs.declare("decision.confirmed", _("confirmed the provisional measures: %(measures)s"))
verbs.declare("decision.finished", _("closed the decision"))
verbs.declare("decision.withdrawn", _("withdrew the proposal"))
verbs.declare("decision.lapsed", _("let the proposal lapse"))
verbs.declare("measure.expired", _("ended measures whose time was over: %(measures)s"))
verbs.declare("measure.dropped", _("ended provisional measures with their proposal: %(measures)s"))
verbs.declare("measure.over", _("ended measures with what they were for: %(measures)s"))
verbs.declare("decision.announced", _("told holders of the decision (%(stage)s): %(targets)s"), stage=STAGES)
verbs.declare("decision.all_told", _("has told all holders of the decision (%(stage)s)"), stage=STAGES)
verbs.declare("decision.reported", _("took out the report of the decision (%(what)s); targets: %(targets)s"))
verbs.declare("list.taken_in", _("took in a list (%(list)s); numbers: %(numbers)s"))
verbs.declare("list.forgotten", _("forgot lists that nobody acts by any more: %(lists)s"))
verbs.declare("run.paused", _("paused the run"))
verbs.declare("run.resumed", _("resumed the run"))
verbs.declare("run.limited", _("set how many numbers a second are applied: %(rate)s"))
verbs.declare("run.stopped", _("stopped the run for good"))
verbs.declare("run.all_stopped", _("stopped all runs"))
verbs.declare("run.all_resumed", _("ended the stop of all runs"))
LETTERS = {"letter": dict(Letter.choices)}
verbs.declare("letter.drafted", _("drafted a letter template: %(letter)s"), **LETTERS)
verbs.declare("letter.approved", _("agreed to the letter template: %(letter)s"), **LETTERS)
verbs.declare("letter.refused", _("refused the letter template: %(letter)s"), **LETTERS)
verbs.declare("letter.shipped", _("put the bundled letter templates in use: %(n)s"))
verbs.declare("notice.sent", _("sent notices: %(n)s"), sent_by=dict(Notice.Channel.choices))
verbs.declare("notice.failed", _("could not send notices: %(n)s"), unsent=dict(Notice.State.choices))
verbs.declare("notice.again", _("had notices sent again: %(n)s"))
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
verbs.declare("case.opened", _("opened a case: %(kind)s, numbers: %(numbers)s"), kind=dict(CaseKind.choices))
verbs.declare("case.evidence_added", _("added evidence to the case: %(n)s"))
verbs.declare("case.numbers_added", _("added numbers to the case: %(numbers)s"))
verbs.declare("case.amended", _("said the details of the case anew"))
CAUSES = {"cause": dict(RootCause.choices)}
verbs.declare("case.faith_doubted", _("proposed that the report was not made in good faith"))
verbs.declare("case.faith_withdrawn", _("agreed that the report was not made in good faith"))
verbs.declare("case.faith_upheld", _("found that the report was made in good faith"))
verbs.declare("case.cause_proposed", _("proposed the root cause: %(cause)s"), **CAUSES)
verbs.declare("case.cause_agreed", _("agreed to the root cause: %(cause)s"), **CAUSES)
verbs.declare("case.cause_refused", _("sent the root cause back: %(cause)s"), **CAUSES)
verbs.declare("case.closed", _("closed the case"))
verbs.declare("evidence.taken_in", _("took in an evidence file; bytes: %(size)s"))
verbs.declare("evidence.opened", _("opened an evidence file"))
verbs.declare(
    "evidence.keys_dropped",
    _("made unreadable what was kept for long enough: %(cleared)s"),
    cleared={"evidence": _("evidence files"), "case": _("what cases say")},
)
verbs.declare("ground.struck_out", _("struck out a ground: %(clause)s%(reference)s"))
verbs.declare("feed.reader_began", _("began to wait for a reader of the state feed: %(reader)s"))
verbs.declare("feed.reader_forgotten", _("gave up a reader of the state feed: %(reader)s"))
verbs.declare("feed.behind", _("noticed that a reader of the state feed is behind: %(reader)s"))
verbs.declare("feed.unfollowed", _("noticed that nobody follows the state feed"))

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
