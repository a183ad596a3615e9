"""Publish a version of the rules from a saved page."""

import hashlib
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import RuleVersion
from accounts.rulebook import diff
from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import Parsed
from accounts.rulebook.queries import version_in_force
from accounts.rulebook.summaries import DOCUMENT
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid

MARKS = {diff.SAME: "%s", diff.ADDED: "{+%s+}", diff.REMOVED: "[-%s-]"}


class Command(StaffCommand):
    help = gettext_noop("Publish a version of the rules from a saved page.")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own --version (of Django) gives way to the version of the rules.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help=_("the saved page, or - for standard input"))
        parser.add_argument("--title", default="", help=_("title of the rules (default: the file's own)"))
        parser.add_argument("--version", required=True, help=_("name of this version; it cannot be changed later"))
        parser.add_argument(
            "--effective", required=True, metavar="DATE", help=_("in force from 00:00 in Shanghai, YYYY-MM-DD")
        )
        parser.add_argument("--document", default=DOCUMENT, metavar="CODE", help=_("which rules"))

    def act_for(self, **options: Any) -> int:
        source = self._source(options["file"])
        since = rulebook.effective(options["effective"])
        found = rulebook.read(source)
        title = options["title"] or found.title
        rulebook.check(options["document"], title, options["version"], found.clauses, actor=self.actor)
        before = version_in_force(since, options["document"])
        changes = diff.compare(list(before.clauses.order_by("position")) if before else [], found.clauses)
        digest = hashlib.sha256(source).hexdigest()
        if options["apply"]:
            rulebook.publish(
                options["document"],
                title,
                options["version"],
                since,
                found.clauses,
                actor=self.actor,
                reason=options["reason"],
                ticket=options["ticket"],
                source_sha256=digest,
            )
        answer = {
            "document": options["document"],
            "title": title,
            "version": options["version"].strip(),
            "effective_from": since.isoformat(),
            "source_sha256": digest,
            "clauses": [c.number for c in found.clauses],
            "left_out": [{"line": line, "text": text} for line, text in found.left_out],
            "warnings": [rulebook.sentence(w) for w in found.warnings],
            "before": before and {"version": before.version, "is_summary": before.is_summary},
            "added": [c.number for c in changes.added],
            "removed": [c.number for c in changes.removed],
            "changed": [] if before and before.is_summary else _pieces(changes),
            "published": options["apply"],
        }
        if options["json"]:
            self.say_json(answer)
        else:
            self._show(found, answer, before, changes)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _source(self, name: str) -> bytes:
        if name == "-":
            return sys.stdin.buffer.read()
        try:
            return Path(name).read_bytes()
        except OSError as error:
            raise Invalid(_("Cannot read %(file)s: %(error)s") % {"file": name, "error": error.strerror}) from error

    def _show(self, found: Parsed, answer: dict[str, Any], before: RuleVersion | None, changes: diff.Diff) -> None:
        self.say(f"{answer['title']} · {answer['version']} · {answer['effective_from']}")
        self.say(f"SHA-256 {answer['source_sha256']}")
        self.say(_("Clauses found: %(count)d") % {"count": len(found.clauses)})
        self.say("  " + " ".join(answer["clauses"]))
        for line, text in found.left_out:
            self.say(_("Not a clause, line %(line)d: %(text)s") % {"line": line, "text": text})
        for warning in answer["warnings"]:
            self.say(_("Warning. %(warning)s") % {"warning": warning})
        self._show_changes(before, changes)
        self.say()
        if answer["published"]:
            self.say(_("Published. It cannot be edited; a change is a new version."))
        else:
            self.say(_("Dry run: nothing was changed. Add --apply to publish."))

    def _show_changes(self, before: RuleVersion | None, changes: diff.Diff) -> None:
        self.say()
        if before is None:
            self.say(_("The first version of these rules: nothing to compare with."))
            return
        if before.is_summary:  # our words against theirs: only the numbers can be compared
            self.say(
                _("The first full text; until now there were summaries (%(version)s).") % {"version": before.version}
            )
            lacks = _("Warning. There is a summary of clause %(number)s, but the file lacks it.")
            for clause in changes.removed:
                self.say(lacks % {"number": clause.number})
            return
        self.say(
            _("Against %(version)s: %(added)d added, %(removed)d removed, %(changed)d changed, %(same)d the same.")
            % {
                "version": before.version,
                "added": len(changes.added),
                "removed": len(changes.removed),
                "changed": len(changes.changed),
                "same": changes.same,
            }
        )
        for clause in changes.removed:
            self.say(f"- {clause.number}  {clause.text}")
        for clause in changes.added:
            self.say(f"+ {clause.number}  {clause.text}")
        for change in changes.changed:
            self.say(f"~ {change.number}  " + "".join(MARKS[p.op] % p.text for p in change.pieces))


def _pieces(changes: diff.Diff) -> list[dict[str, Any]]:
    return [{"number": c.number, "pieces": [[p.op, p.text] for p in c.pieces]} for c in changes.changed]
