"""Faults of a file, as they are told at the terminal: by line and column, never with what stands there."""

from django.utils.translation import gettext as _

from accounts.imports.lines import Wrong


def line_of(one: Wrong) -> str:
    if not one.column:
        return _("line %(line)d: %(why)s") % {"line": one.line, "why": one.why}
    return _("line %(line)d, %(column)s: %(why)s") % {"line": one.line, "column": one.column, "why": one.why}
