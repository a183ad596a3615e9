"""Compile, update and check the Chinese message catalogue.

    python -m qqops.boot.translations compile | update | check

The compiled file is not in version control. `compile` needs polib only, since a fresh machine has no msgfmt. `update`
needs xgettext. `check` compares the catalogue with the sources only where xgettext is installed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

BASE_DIR = Path(__file__).resolve().parents[2]
PO = Path("qqops/locale/zh_Hans/LC_MESSAGES/django.po")
NOT_SOURCES = (".*", "__pycache__", "tests", "docs", "node_modules")
HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": "zh_Hans",
    "Plural-Forms": "nplurals=1; plural=0;",
}


def compile() -> None:
    """Build the .mo beside the .po if it is missing or older."""
    po, mo = BASE_DIR / PO, (BASE_DIR / PO).with_suffix(".mo")
    if not po.exists() or (mo.exists() and mo.stat().st_mtime > po.stat().st_mtime):
        return
    draft = mo.with_suffix(f".{os.getpid()}")  # renamed when complete: another process may be reading
    polib.pofile(str(po)).save_as_mofile(str(draft))
    draft.rename(mo)


def compiled() -> bool:
    return (BASE_DIR / PO).with_suffix(".mo").exists()


def update(base_dir: Path = BASE_DIR) -> None:
    """Collect the messages of the sources into the catalogue. New messages are untranslated."""
    po = base_dir / PO
    if not po.exists():
        po.parent.mkdir(parents=True, exist_ok=True)
        empty = polib.POFile()
        empty.metadata = HEADER
        empty.save(str(po))
    command = [sys.executable, "manage.py", "makemessages", "--locale", "zh_Hans", "--add-location", "file"]
    command += [part for pattern in NOT_SOURCES for part in ("--ignore", pattern)]
    subprocess.run([*command, "--no-obsolete", "--verbosity", "0"], cwd=base_dir, check=True)


def problems() -> list[str]:
    """Return one line for each message that is missing, fuzzy, untranslated or obsolete."""
    po = BASE_DIR / PO
    if not po.exists():
        return [f"{PO} is missing: run make translations"]
    entries = polib.pofile(str(po))
    found = [f"fuzzy: {one.msgid!r}" for one in entries if one.fuzzy]
    found += [f"not translated: {one.msgid!r}" for one in entries if not one.fuzzy and not one.translated()]
    if shutil.which("xgettext"):
        found += _differences(entries)
    return found


def _differences(entries: polib.POFile) -> list[str]:
    """Compare the catalogue with freshly collected messages. Collect in a copy, so that a check changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "sources"
        shutil.copytree(BASE_DIR, copy, ignore=shutil.ignore_patterns(*NOT_SOURCES))
        update(copy)
        fresh = {_key(one) for one in polib.pofile(str(copy / PO)) if not one.obsolete}
    known = {_key(one) for one in entries if not one.obsolete}
    found = [f"in the sources but not in the catalogue: {key[1]!r}" for key in sorted(fresh - known)]
    return found + [f"in the catalogue but not in the sources: {key[1]!r}" for key in sorted(known - fresh)]


def _key(entry: polib.POEntry) -> tuple[str, str, str]:
    return (entry.msgctxt or "", entry.msgid, entry.msgid_plural or "")


def main(what: str) -> None:
    if what == "compile":
        compile()
    elif what == "update":
        if not shutil.which("xgettext"):
            sys.exit("Collecting messages needs xgettext (Debian: apt-get install gettext).")
        update()
    elif found := problems():
        sys.exit("\n".join(["The catalogue is not whole; run make translations and translate:", *found]))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "check")
