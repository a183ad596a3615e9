"""Log filters and the JSON format of log lines.

In production each line is a JSON object with the FIELDS only. Other attributes that packages attach to a log record
(a request with its query, a job with its arguments) are left out (docs/decisions/0011-logs.md).
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
# The link to a first password is a credential until it is used.
_LINK = re.compile(r"(/account/welcome/)[^\s?'\"]+")


def without_links(text: str) -> str:
    """Return the text with the secret part of welcome links replaced by “…”."""
    return _LINK.sub(r"\1…", text)


class HideLinks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if _LINK.search(message):
            record.msg, record.args = without_links(message), ()
        return True


class Whence(logging.Filter):
    """Add the id and the source of the current request, command or job. Events carry the same id."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            current = origin.current()
        except LookupError:
            return True
        record.request_id, record.source = str(current.request_id), current.source
        return True


class JsonLine(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(["levelname", "name", "message"], rename_fields=RENAMED, timestamp="time")

    def process_log_record(self, log_data: LogData) -> LogData:
        return {name: log_data[name] for name in FIELDS if name in log_data}
