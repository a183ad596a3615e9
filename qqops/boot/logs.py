"""How lines are logged: each says whence it came, and what must not stand there is taken out.

In production each line is a JSON object of the fields named here; whatever else a package hangs on its lines (a
request with its query, a job with its arguments) stays out (docs/decisions/0011-logs.md).
"""

import logging
import re

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from qqops.audit import origin

RENAMED = {"levelname": "level", "name": "logger", "exc_info": "error"}
FIELDS = (
    "time", "level", "logger", "message", "request_id", "source", "staff", "method", "path", "status", "duration_ms",
    "error",
)  # fmt: skip
# The link to a first password is as good as a password until it is used.
_LINK = re.compile(r"(/account/welcome/)[^\s?'\"]+")


def without_links(said: str) -> str:
    return _LINK.sub(r"\1…", said)


class HideLinks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if _LINK.search(said):
            record.msg, record.args = without_links(said), ()
        return True


class Whence(logging.Filter):
    """The request, command or job that a line is about, by the id under which the record has it too."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            here = origin.current()
        except LookupError:
            return True
        record.request_id, record.source = str(here.request_id), here.source
        return True


class JsonLine(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(["levelname", "name", "message"], rename_fields=RENAMED, timestamp="time")

    def process_log_record(self, log_data: LogData) -> LogData:
        return {name: log_data[name] for name in FIELDS if name in log_data}
