"""What must not stand in a log: the link to a first password is as good as a password until it is used."""

import logging
import re

_LINK = re.compile(r"(/account/welcome/)[^\s?'\"]+")


class HideLinks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if _LINK.search(said):
            record.msg, record.args = _LINK.sub(r"\1…", said), ()
        return True
