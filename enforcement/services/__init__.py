"""The acts of enforcement. Every door calls these and nothing else."""

from enforcement.services.apply import Busy, apply, would
from enforcement.services.approve import approve, capacity_of, refuse
from enforcement.services.check import check, may_order
from enforcement.services.decide import AlreadyFiled, Report, decide, in_words
from enforcement.services.expire import Swept, due, expire
from enforcement.services.preview import Preview, glance, preview

__all__ = [
    "AlreadyFiled",
    "Busy",
    "Preview",
    "Report",
    "Swept",
    "apply",
    "approve",
    "capacity_of",
    "check",
    "decide",
    "due",
    "expire",
    "glance",
    "in_words",
    "may_order",
    "preview",
    "refuse",
    "would",
]
