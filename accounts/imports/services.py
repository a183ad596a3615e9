"""A file of identity information: all of it is checked first, then recorded by the act that records one (4.1)."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.identity.formats import Field
from accounts.identity.queries import compared_at, identity_of, opened
from accounts.identity.services import Recorded, Told, record
from accounts.imports.columns import Row
from accounts.imports.files import changed
from accounts.imports.lines import Wrong, lines_of
from accounts.lists.chunks import chunks, digest
from accounts.models import Tenure
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff import limits
from qqops.staff.models import Staff

IMPORT = "accounts.import_identity"
PARTS = 16
AT_ONCE = 2_000  # lines in hand at a time, each with its identity and the key of it


@dataclass
class Checked:
    """What a file holds: all that is wrong with it, or else what it would change."""

    lines: int = 0
    own: int = 0
    wrongs: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # the first of them, by line
    would: Recorded = field(default_factory=Recorded)
    digests: list[bytes] = field(default_factory=list)  # of each chunk: what is recorded is what was checked


def may(actor: Staff, reason: str, ticket: str) -> None:
    """Before a million lines are read."""
    if not actor.has_perm(IMPORT):
        raise Refused(gettext_noop("Your role may not import identities."))
    must_say_why(reason)
    no_personal_data(reason, ticket)


def check(rows: Iterable[Row], *, actor: Staff, figures: bool, named: int | None = None) -> Checked:
    """Look at every line; with `figures`, at what is known already too. At most `named` faults are told one by one.

    What comes of it tells something of the people in the file: it is done so often a day, and where nothing is
    recorded after it, `tried` is.
    """
    limits.spend("import", actor)
    found = Checked()
    wrong: list[Wrong] = []
    tenures, lines = array("q"), array("q")

    def fault(one: Wrong) -> None:
        found.wrongs += 1
        if named is None or len(wrong) < named:
            wrong.append(one)

    for chunk in chunks(rows, min(settings.QQOPS_CHUNK, AT_ONCE)):
        found.digests.append(digest(chunk))
        for one in lines_of(chunk, actor):
            found.lines += 1
            found.own += one.own
            for each in one.wrong:
                fault(each)
            if one.tenure:
                tenures.append(one.tenure.pk)
                lines.append(one.row.line)
            if one.told and one.tenure and figures:
                _count(one.told, one.tenure, found.would)
    for one_line, first in _twice(tenures, lines):
        fault(Wrong(one_line, "number", _("The same tenure stands on line %(line)d.") % {"line": first}))
    if not found.lines:
        raise Invalid(_("There is nothing below the heading."))
    found.wrong = sorted(wrong, key=lambda each: each.line)
    return found


def tried(checked: Checked, *, actor: Staff, reason: str, ticket: str, source: str) -> None:
    """Nothing came of it but what it told: which file it was, and how long; not what it told."""
    facts = {"sha256": source, "lines": checked.lines}
    with recorder.act("identity.import_tried", actor=actor, reason=reason, ticket=ticket, facts=facts):
        pass


def apply(
    rows: Iterable[Row],
    checked: Checked,
    *,
    actor: Staff,
    reason: str,
    ticket: str,
    source: str,
    step: Callable[[int], None] = lambda lines: None,
) -> Recorded:
    """Record a file that was checked, in chunks; what was recorded before is left as it is, so a run that was killed
    is finished by another. It stops where the rows are not those that were checked. `step` is told how many lines
    come next."""
    may(actor, reason, ticket)
    done, digests = Recorded(), iter(checked.digests)
    for chunk in chunks(rows, min(settings.QQOPS_CHUNK, AT_ONCE)):
        if digest(chunk) != next(digests, None):
            raise changed()
        lines = list(lines_of(chunk, actor))
        for one in lines:
            for each in one.wrong[:1]:
                facts = {"line": each.line, "why": each.why}
                raise Invalid(_("Line %(line)d has changed since it was checked: %(why)s") % facts)
        step(len(lines))
        told = [one.told for one in lines if one.told]
        part = record(told, actor=actor, reason=reason, ticket=ticket, source=source)
        done.new += part.new
        done.changed += part.changed
        done.same += part.same
        done.fields += part.fields
    if next(digests, None) is not None:
        raise changed()
    if not done.new and not done.changed:  # as a dry run it told what is known
        tried(checked, actor=actor, reason=reason, ticket=ticket, source=source)
    return done


def _twice(tenures: "array[int]", lines: "array[int]") -> Iterator[tuple[int, int]]:
    """Each line whose tenure has been named before, with the line that did. In parts: a million numbers to be sorted
    take more memory than all the rest."""
    for part in range(PARTS):
        order = [at for at, tenure in enumerate(tenures) if tenure % PARTS == part]
        order.sort(key=tenures.__getitem__)  # lines stay in their order
        for _tenure, same in groupby(order, key=tenures.__getitem__):
            first, *others = same
            yield from ((lines[at], lines[first]) for at in others)


def _count(told: Told, tenure: Tenure, would: Recorded) -> None:
    """What `record` would make of it."""
    identity = identity_of(tenure)
    known = opened(identity, told.values) if identity else {}
    given = [
        name
        for name, value in told.values.items()
        if known.get(Field(name)) != value
        or (name == Field.DOCUMENT and identity is not None and identity.document_kind != told.document_kind)
    ]
    proved = [
        name
        for name, proof in told.proofs.items()
        if name in given or (before := compared_at(identity, name)) is None or before < proof.at
    ]
    if not given and not proved:
        would.same += 1
    elif identity is None:
        would.new += 1
    else:
        would.changed += 1
    would.fields.update(str(name) for name in given)
