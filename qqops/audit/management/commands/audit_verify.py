"""`manage.py audit_verify`: says that the record is whole, or names what is not, raises the alarm and exits 7."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit.checkpoints import audit_checks as proof
from qqops.audit.checkpoints import text
from qqops.audit.checkpoints.text import Head
from qqops.audit.verify import Broken, alarm, snapshot
from qqops.audit.verify.snapshot import Snapshot
from qqops.core.commands import Exit, OpsCommand
from qqops.core.errors import Invalid
from qqops.core.progress import bar
from qqops.staff.models import Staff


class Command(OpsCommand):
    help = gettext_noop("Recompute the hash chain and the row digests, and compare live rows with their history.")
    opens = False  # the record needs no key
    chain_broken = False

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since",
            metavar="CHECKPOINT",
            help=_("file with a checkpoint (- for standard input): hold the record against it, and go on from there"),
        )
        parser.add_argument(
            "--jobs",
            type=_some,
            default=snapshot.cores(),
            metavar="N",
            help=_("connections to the database at once (default: the cores of this machine, at most 4)"),
        )

    def act(self, **options: Any) -> int:
        since = text.read(_content(options["since"])) if options["since"] else None
        found, jobs = alarm.Findings(), options["jobs"]
        say = self.say_object if options["json"] else self.say_lines
        with snapshot.snapshot(since, jobs=jobs) as shot, bar(self.stderr, _("verifying"), shot.rows) as advance:
            say(shot, since, found, shot.broken(jobs, advance))
        if found.rows:
            self.raise_alarm(found)
        return Exit.BROKEN if found.rows else Exit.DONE

    def say_lines(self, shot: Snapshot, since: Head | None, found: alarm.Findings, broken: Any) -> None:
        for row in self.counted(found, broken):
            if found.rows == 1:
                self.say(_("The record is BROKEN. Tell the auditor; do not repair anything by hand:"))
                if since and shot.misfit:
                    self.say(f"  {_misfit(shot.misfit, since)}")
            self.say(f"  {row.what}  {row.table}  {row.row}")
        seq, hashed, _at = shot.head or (0, "–", "")
        if not found.rows:
            self.say(_("The record is whole: %(n)d events, head %(hash)s.") % {"n": seq, "hash": hashed[:16]})
        if since and not (shot.misfit or self.chain_broken):  # else some of them may be others
            self.say(_before(since))

    def say_object(self, shot: Snapshot, since: Head | None, found: alarm.Findings, broken: Any) -> None:
        """One object, written as it is found: there may be any number of broken rows."""
        self.stdout.write('{"broken": [', ending="")
        for row in self.counted(found, broken):
            self.stdout.write(", " * (found.rows > 1) + json.dumps(row.as_json(), ensure_ascii=False), ending="")
        seq, hashed, _at = shot.head or (0, None, "")
        rest: dict[str, Any] = {"whole": not found.rows, "events": seq, "head": hashed}
        if since:
            rest["since"] = {"seq": since.seq, "record": since.record, "fits": not shot.misfit, "why": shot.misfit}
        self.stdout.write(f"], {json.dumps(rest)[1:]}")

    def counted(self, found: alarm.Findings, broken: Any) -> Any:
        row: Broken
        for row in broken:
            found.add(row)
            self.chain_broken |= row.what == "chain"
            yield row

    def raise_alarm(self, found: alarm.Findings) -> None:
        """Tell everybody; whoever broke the record may have seen to it that this fails, and that must not hide it."""
        try:
            alarm.sound(found)
        except (DatabaseError, Staff.DoesNotExist) as error:
            said = str(error).strip().splitlines()[0]
            self.stderr.write(_("The alert could not be raised: %(error)s") % {"error": said})


def _some(given: str) -> int:
    jobs = int(given)
    if not 1 <= jobs <= 64:
        raise argparse.ArgumentTypeError(_("from 1 to 64"))
    return jobs


def _content(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Invalid(_("Cannot read the checkpoint: %(error)s") % {"error": error.strerror}) from error


def _misfit(why: str, since: Head) -> str:
    said = {
        proof.HOUSE: _(
            "The checkpoint is of another house, or this whole record was put in the place of ours: it begins with"
            " another event."
        ),
        proof.CUT: _(
            "The checkpoint is of event %(seq)d, and the record ends before it: its end was cut off, or it was restored"
            " from an older backup."
        ),
        proof.REWRITTEN: _(
            "Event %(seq)d is not the one that was signed: up to it events were changed or taken away, and every hash"
            " after them computed anew. The last older checkpoint that fits says from where."
        ),
    }
    return f"{said[why] % {'seq': since.seq}} {_('Everything was computed from the beginning.')}"


def _before(since: Head) -> str:
    said = {
        text.WHOLE: _("The events up to %(seq)d are those of the checkpoint; it says that the record was whole then."),
        text.BROKEN: _(
            "The events up to %(seq)d are those of the checkpoint; it says that the record was BROKEN then."
        ),
        text.UNVERIFIED: _(
            "The events up to %(seq)d are those of the checkpoint; nobody had verified the record when it was made."
        ),
    }
    more = _("What those events wrote was not computed anew: run it without --since for that.")
    return f"{said.get(since.record, said[text.UNVERIFIED]) % {'seq': since.seq}} {more}"
