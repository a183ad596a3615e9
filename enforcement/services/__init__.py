"""The acts of enforcement. Every door calls these and nothing else."""

from enforcement.services.apply import Busy, apply, may_run, would
from enforcement.services.approve import approve, capacity_of, refuse
from enforcement.services.check import check, may_order
from enforcement.services.decide import AlreadyFiled, Report, decide, in_words
from enforcement.services.expire import Swept, due, expire
from enforcement.services.notices import announce, ready
from enforcement.services.preview import Preview, glance, preview
from enforcement.services.reclaim import Due, excluded_in_words, look, reclaim

__all__ = [
    "AlreadyFiled",
    "Busy",
    "Due",
    "Preview",
    "Report",
    "Swept",
    "announce",
    "apply",
    "approve",
    "capacity_of",
    "check",
    "decide",
    "due",
    "excluded_in_words",
    "expire",
    "glance",
    "in_words",
    "look",
    "may_order",
    "may_run",
    "preview",
    "ready",
    "reclaim",
    "refuse",
    "would",
]
