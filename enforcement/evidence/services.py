"""Evidence that is a file: taken in, sealed, cited, opened. Its type is what it begins with, whatever it is called."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.disclosures.queries import on_one_line
from enforcement.cases.queries import citable, openable
from enforcement.evidence.media import ENDINGS, TAKEN, media_type, refused_as
from enforcement.evidence.retention import UNUSED, over_since
from enforcement.models import CaseKey, Evidence, EvidenceFile, EvidenceKey
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused
from qqops.crypto.models import WrappedKey
from qqops.staff.models import Staff

ADD, OPEN = "enforcement.add_evidence", "enforcement.open_evidence"
NAME_MAX = 200
# Two presses of one button take a file in once: what one person brings waits in line.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7172, %s::int)"


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# Taking in


def must_fit(size: int) -> None:
    """Asked before anything is read. `size` in bytes."""
    most: int = settings.QQOPS_EVIDENCE_MAX_MB
    if size > most * 1024 * 1024:
        raise Invalid(_("An evidence file has at most %(n)d MB. Nothing was done.") % {"n": most})


def check_file(content: bytes, *, actor: Staff) -> str:
    """The type of the file; raises as `take_in` would."""
    if not actor.has_perm(ADD):
        raise Refused(gettext_noop("Your role may not take in evidence files."))
    return media_of(content)


def media_of(content: bytes) -> str:
    """The type of what may be evidence; Invalid says why it is none."""
    must_fit(len(content))
    if not content:
        raise Invalid(_("The file is empty. Nothing was done."))
    if found := media_type(content):
        return found
    if what := refused_as(content):
        raise Invalid(
            _("This is %(what)s, whatever its name says. An evidence file is %(taken)s. Nothing was done.")
            % {"what": what, "taken": TAKEN}
        )
    raise Invalid(
        _("This file is of no type that is taken in. An evidence file is %(taken)s. Nothing was done.")
        % {"taken": TAKEN}
    )


def take_in(name: str, content: bytes, *, actor: Staff) -> EvidenceFile:
    """Seal a file and keep it; the same content brought again by the same person is the file he brought before."""
    with recorder.refusals(actor=actor, facts={"act": "evidence.take_in"}), transaction.atomic():
        kind, digest = check_file(content, actor=actor), hashlib.sha256(content).hexdigest()
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME, [actor.pk])
        if first := citable(actor).filter(sha256=digest).order_by("pk").first():
            return first
        pk = bulk.next_pk(EvidenceFile)
        key, row = EvidenceKey.fresh(pk)
        taken = EvidenceFile(
            pk=pk,
            name=key.seal(_base_name(name).encode(), _purpose(pk, "name")),
            content=key.seal(content, _purpose(pk, "content")),
            media_type=kind,
            size=len(content),
            sha256=digest,
            taken_by=actor,
            at=timezone.now(),
        )
        facts = {"sha256": digest, "size": taken.size, "type": kind}
        with recorder.act("evidence.taken_in", actor=actor, reason="", subject=taken, facts=facts) as act:
            taken.event_id = act.event_id
            EvidenceFile.objects.bulk_create([taken])
            row.save(force_insert=True)
            act.wrote(EvidenceFile)
    return taken


def _base_name(name: str) -> str:
    """Without the folders of whoever sent it, on one line: it is a name in a header later."""
    return PurePath(on_one_line(name).replace("\\", "/")).name[-NAME_MAX:]


def _purpose(pk: int, what: str) -> str:
    return f"evidence:{pk}:{what}"


# Citing


def evidence_files(ids: Sequence[int], *, actor: Staff, case: int | None = None) -> list[Evidence]:
    """Files taken in before, as evidence of a decision to be filed: those that this person took in, and those of the
    case that leads to it. Within the transaction that cites them, so that no sweep drops their keys meanwhile."""
    return [
        Evidence(statement=f"#{one.pk} SHA-256 {one.sha256}", sha256=one.sha256, file=one)
        for one in cited_files(ids, actor=actor, case=case)
    ]


def cited_files(ids: Sequence[int], *, actor: Staff, case: int | None = None) -> list[EvidenceFile]:
    """These files, their keys locked until the transaction ends; Invalid when one may not be cited."""
    if not ids:
        return []
    found = list(citable(actor, case).filter(pk__in=ids).order_by("pk"))
    if len(found) == len(set(ids)):
        keys = EvidenceKey.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        if len(keys.values_list("pk")) == len(found):
            return found
    raise Invalid(_("An evidence file is not there, or somebody else took it in. Nothing was done."))


# Opening


@dataclass(frozen=True)
class Opened:
    name: str
    media_type: str
    content: bytes


def check_open(file: EvidenceFile, *, actor: Staff) -> None:
    if not actor.has_perm(OPEN):
        raise Refused(gettext_noop("Your role may not open evidence files."))
    if not openable(actor).filter(pk=file.pk).exists():
        raise Refused(gettext_noop("You have no part in what rests on this file."))


def open_file(file: EvidenceFile, *, actor: Staff) -> Opened:
    """Unseal a file for who has part in what rests on it; each time is on the record."""
    with recorder.refusals(actor=actor, subject=file, facts={"act": "evidence.open"}):
        check_open(file, actor=actor)
        key = file.key.in_hand()
        sealed = EvidenceFile.objects.values_list("content", flat=True).get(pk=file.pk)
        content = key.open(bytes(sealed), _purpose(file.pk, "content"))
        with recorder.act("evidence.opened", actor=actor, reason="", subject=file, facts={"sha256": file.sha256}):
            return Opened(name_of(file), file.media_type, content)


def name_of(file: EvidenceFile) -> str:
    """The name it came with, or one made of its number, under the ending of what it is."""
    name = file.key.in_hand().open(bytes(file.name), _purpose(file.pk, "name")).decode()
    stem = PurePath(name).stem.strip() or f"evidence-{file.pk}"
    return f"{stem}.{ENDINGS[file.media_type]}"


# Dropping: the retention act. A row is never deleted; without its key it says that there was a file, and which, or
# that there was a case, and of which numbers.

_OVER = """
(d.state NOT IN ('proposed', 'approved')
 AND coalesce((SELECT max(e.at) FROM audit_event e WHERE e.decision_id = d.id), d.proposed_at) < %(over)s
 AND NOT EXISTS (SELECT FROM enforcement_measure m WHERE m.decision_id = d.id
   AND coalesce(m.ended_at, m.until, 'infinity') >= %(over)s)
 AND NOT EXISTS (SELECT FROM enforcement_target t JOIN accounts_hold h ON h.tenure_id = t.tenure_id
   WHERE t.decision_id = d.id AND h.lifted_at IS NULL AND (h.until IS NULL OR h.until > %(now)s)))"""
# What led to a decision, and what came back from one for review.
_CASE_OVER = f"""
(c.state = 'closed' AND c.closed_at < %(over)s
 AND NOT EXISTS (SELECT FROM enforcement_decision d WHERE d.case_id = c.id AND NOT {_OVER})
 AND NOT EXISTS (SELECT FROM enforcement_decision d WHERE d.id IN (
   SELECT x::bigint FROM jsonb_array_elements_text(
     coalesce(c.details -> 'decisions', '[]') || coalesce(c.details -> 'decision', '[]')) x) AND NOT {_OVER})
 AND NOT EXISTS (SELECT FROM enforcement_casenumber n JOIN accounts_hold h ON h.tenure_id = n.tenure_id
   WHERE n.case_id = c.id AND h.lifted_at IS NULL AND (h.until IS NULL OR h.until > %(now)s)))"""
_DUE = f"""
SELECT f.id FROM enforcement_evidencefile f JOIN enforcement_evidencekey k ON k.file_id = f.id
WHERE f.at < %(unused)s AND f.id > %(after)s AND (%(only)s::bigint[] IS NULL OR f.id = ANY(%(only)s::bigint[]))
 AND CASE WHEN EXISTS (SELECT FROM enforcement_evidence e WHERE e.file_id = f.id)
   OR EXISTS (SELECT FROM enforcement_caseevidence e WHERE e.file_id = f.id)
 THEN f.at < %(over)s
   AND NOT EXISTS (SELECT FROM enforcement_evidence e JOIN enforcement_decision d ON d.id = e.decision_id
     WHERE e.file_id = f.id AND NOT {_OVER})
   AND NOT EXISTS (SELECT FROM enforcement_caseevidence e JOIN enforcement_case c ON c.id = e.case_id
     WHERE e.file_id = f.id AND NOT {_CASE_OVER})
 ELSE true END
ORDER BY f.id LIMIT %(size)s"""
_CASES_DUE = f"""
SELECT c.id FROM enforcement_case c JOIN enforcement_casekey k ON k.case_id = c.id
WHERE c.id > %(after)s AND (%(only)s::bigint[] IS NULL OR c.id = ANY(%(only)s::bigint[])) AND {_CASE_OVER}
ORDER BY c.id LIMIT %(size)s"""


def sweep(*, actor: Staff) -> int:
    """Drop the keys of files and of cases that nothing rests on, or nothing that can still be objected to; how many."""
    return _drop("evidence", EvidenceKey, _DUE, actor) + _drop("case", CaseKey, _CASES_DUE, actor)


def _drop(what: str, keys: type[WrappedKey], sql: str, actor: Staff) -> int:
    dropped, after = 0, 0
    while chunk := _due(sql, after=after):
        with transaction.atomic():
            # Whoever is just citing one of them has its key locked: look again once that is decided.
            found = keys._default_manager.filter(pk__in=chunk).order_by("pk")
            list(found.select_for_update().values_list("pk"))
            if going := _due(sql, only=chunk):
                with recorder.act(
                    "evidence.keys_dropped", actor=actor, reason="", facts={"cleared": {what: len(going)}}
                ):
                    keys._default_manager.filter(pk__in=going).delete()
                dropped += len(going)
        after = chunk[-1]
    return dropped


def _due(sql: str, *, after: int = 0, only: list[int] | None = None) -> list[int]:
    now = timezone.now()
    given: dict[str, Any] = {"now": now, "unused": now - UNUSED, "over": over_since(now), "after": after, "only": only}
    with connection.cursor() as cursor:
        cursor.execute(sql, given | {"size": settings.QQOPS_CHUNK})
        return [pk for (pk,) in cursor.fetchall()]
