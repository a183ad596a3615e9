"""The acts of enforcement. Every door calls these and nothing else."""

from enforcement.services.apply import Busy, Held, apply, may_run, would
from enforcement.services.approve import approve, capacity_of, refuse
from enforcement.services.check import check, may_order
from enforcement.services.decide import AlreadyFiled, Report, decide, in_words
from enforcement.services.expire import Swept, due, expire
from enforcement.services.notices import announce, ready
from enforcement.services.preview import Preview, glance, preview, step_in_words, steps_in_words
from enforcement.services.reclaim import Due, excluded_in_words, look, reclaim
from enforcement.services.runs import (
    go_on,
    halted,
    limit,
    may_go_on,
    may_run_it,
    may_stop_all,
    pause,
    resume,
    stop,
    stop_all,
)
from enforcement.services.undo import conflicts, look_at_undo, undo, undo_order
from enforcement.services.withdraw import may_withdraw, withdraw

__all__ = [
    "AlreadyFiled",
    "Busy",
    "Due",
    "Held",
    "Preview",
    "Report",
    "Swept",
    "announce",
    "apply",
    "approve",
    "capacity_of",
    "check",
    "conflicts",
    "decide",
    "due",
    "excluded_in_words",
    "expire",
    "glance",
    "go_on",
    "halted",
    "in_words",
    "limit",
    "look",
    "look_at_undo",
    "may_go_on",
    "may_order",
    "may_run",
    "may_run_it",
    "may_stop_all",
    "may_withdraw",
    "pause",
    "preview",
    "ready",
    "reclaim",
    "refuse",
    "resume",
    "step_in_words",
    "steps_in_words",
    "stop",
    "stop_all",
    "undo",
    "undo_order",
    "withdraw",
    "would",
]
