"""`manage.py evidence add FILE…`: take in files as evidence; what they are is printed, and with --apply their ids."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.evidence import services as evidence
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid


class Command(StaffCommand):
    help = gettext_noop(
        "Take in files as evidence: sealed, known by their SHA-256. Dry run unless --apply.\n\n"
        "  evidence add screenshot.png log.txt --actor officer --reason '…' --apply\n"
        "  enforce freeze 88812345 --evidence-file 17 …\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("add",), metavar="{add}")
        parser.add_argument("file", nargs="+", type=Path, metavar="FILE")
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        paths: list[Path] = options["file"]
        found = [self._look(path) for path in paths]  # at all, before the first is taken in
        if options["apply"]:
            for one, path in zip(found, paths, strict=True):
                taken = evidence.take_in(path.name, _read(path), actor=self.actor)
                one |= {"id": taken.pk, "sha256": taken.sha256}
        if options["json"]:
            self.say_json({"applied": options["apply"], "files": found})
        else:
            self._print(found)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _look(self, path: Path) -> dict[str, Any]:
        content = _read(path)
        kind = evidence.check_file(content, actor=self.actor)
        return {"file": path.name, "type": kind, "size": len(content), "id": None}

    def _print(self, found: list[dict[str, Any]]) -> None:
        for one in found:
            about = _("%(file)s: %(type)s, %(size)d bytes") % one
            self.say(f"{one['id']}  {about}  {one['sha256']}" if one["id"] else about)
        if not any(one["id"] for one in found):
            self.say(_("Dry run: nothing was taken in."))


def _read(path: Path) -> bytes:
    """Its size is asked first: what is too large is not read."""
    try:
        evidence.must_fit(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise Invalid(_("Cannot read the file: %(error)s") % {"error": error.strerror}) from error
