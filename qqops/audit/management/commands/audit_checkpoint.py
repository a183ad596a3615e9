"""`manage.py audit_checkpoint`: signs the head of the record and prints it, to be kept outside (docs/record.md)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit.checkpoints import services, text
from qqops.core.commands import Exit, OpsCommand
from qqops.core.errors import Invalid


class Command(OpsCommand):
    help = gettext_noop(
        "Sign the head of the record as it stands, put it on the record, send it as alerts are sent, and print it."
    )
    opens = False  # it signs with a key of its own

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", metavar="FILE", type=Path, help=_("write it to a new file instead"))
        parser.add_argument(
            "--public-key", action="store_true", help=_("print only the public key, for QQOPS_CHECKPOINT_PUBLIC")
        )

    def act(self, **options: Any) -> int:
        if options["public_key"]:
            key = text.public_key()
            if options["json"]:
                self.say_json({"public_key": key})
            else:
                self.say(key)
            return Exit.DONE
        out: Path | None = options["out"]
        if out and out.exists():
            raise Invalid(_("%(file)s is there already: a checkpoint is never written over another.") % {"file": out})
        kept = services.make_now()
        if out:
            _write(out, kept.text)
        if options["json"]:
            self.say_json({**vars(text.read(kept.text)), "text": kept.text})
        elif not out:
            self.stdout.write(kept.text, ending="")
        return Exit.DONE


def _write(out: Path, content: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise Invalid(
            _("The checkpoint is on the record, but %(file)s cannot be written: %(error)s. Make another.")
            % {"file": out, "error": error.strerror}
        ) from error
