"""Acts on the rulebook: publish a version. There is no act that changes one (12.1)."""

import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import Clause, RuleDocument, RuleVersion
from accounts.rulebook import parser, summaries
from accounts.rulebook.parser import ParsedClause, Problem
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff

CODE = re.compile(r"[a-z0-9-]{1,60}", re.IGNORECASE)
PERMISSION = "accounts.publish_rules"
SHANGHAI = ZoneInfo("Asia/Shanghai")  # 12.3: the Rules' own clock, whatever the server's
SUMMARIES_FROM = datetime.datetime(1999, 1, 1, tzinfo=SHANGHAI)  # before any number, so that no act lacks a clause

PROBLEMS = {
    "no_clauses": gettext_lazy("No clauses were found. Expected lines such as “# 一、【…】” and “* 1.1 …”."),
    "duplicate": gettext_lazy("Line %(line)s: clause %(number)s was already on line %(first)s."),
    "empty": gettext_lazy("Line %(line)s: clause %(number)s has no text."),
    "stray": gettext_lazy("Line %(line)s stands between clauses but is not one: %(text)s"),
    "heading": gettext_lazy("Line %(line)s: a heading without a chapter number: %(text)s"),
    "after_end": gettext_lazy("Line %(line)s comes after the end of the text: %(text)s"),
    "gap": gettext_lazy("Line %(line)s: %(number)s, where %(expected)s was expected."),
    "empty_chapter": gettext_lazy("Line %(line)s: chapter %(number)s has no clauses."),
}


def sentence(problem: Problem) -> str:
    """A parser's problem in the reader's language."""
    return str(PROBLEMS[problem.code]) % {"line": problem.line, **problem.params}


def read(source: bytes) -> parser.Parsed:
    """Parse a rules file; Invalid names every error in it at once."""
    try:
        found = parser.parse(parser.decode(source))
    except parser.Unreadable:
        raise Invalid(_("The file is not text in UTF-8 or GB18030. Save it as UTF-8 and try again.")) from None
    if found.errors:
        raise Invalid("\n".join(map(sentence, found.errors)))
    return found


def effective(date: str) -> datetime.datetime:
    """The first moment of a date, as the Rules count it."""
    try:
        day = datetime.datetime.strptime(date, "%Y-%m-%d")
    except ValueError:
        day = None
    if day is None or not 1990 <= day.year <= 2100:
        raise Invalid(
            _("%(date)s is not a date: write it as YYYY-MM-DD, for example 2026-01-31 (1990 to 2100).")
            % {"date": f"“{date}”"}
        )
    return day.replace(tzinfo=SHANGHAI)


def check(document_code: str, title: str, version: str, clauses: Sequence[ParsedClause], *, actor: Staff) -> None:
    """Refuse what publish would refuse, and change nothing; the dry run calls the same."""
    if not actor.has_perm(PERMISSION):
        raise Refused(gettext_noop("Your role may not publish rules."))
    if not title.strip() or len(title) > 200:
        raise Invalid(_("The title must have 1 to 200 characters."))
    if not version.strip() or len(version) > 40 or not version.isprintable():
        raise Invalid(_("The version must have 1 to 40 printable characters."))
    if not CODE.fullmatch(document_code):
        raise Invalid(_("The document code must have 1 to 60 letters, digits or hyphens."))
    if not clauses:
        raise Invalid(_("A version needs at least one clause."))
    if RuleVersion.objects.filter(document__code=document_code, version=version.strip()).exists():
        raise _published(version.strip())


def publish(
    document_code: str,
    title: str,
    version: str,
    effective_from: datetime.datetime,
    clauses: Sequence[ParsedClause],
    *,
    actor: Staff,
    reason: str,
    ticket: str,
    source_sha256: str,
    is_summary: bool = False,
) -> RuleVersion:
    """Publish a version for good. One that exists is refused, whatever its text: publish another."""
    attempt = {"act": "publish_rules", "document": document_code, "version": version}
    with recorder.refusals(actor=actor, facts=attempt):
        check(document_code, title, version, clauses, actor=actor)
        return _write(
            document_code,
            title.strip(),
            version.strip(),
            effective_from,
            clauses,
            actor=actor,
            reason=reason,
            ticket=ticket,
            source_sha256=source_sha256,
            is_summary=is_summary,
        )


def load_summaries(*, actor: Staff) -> RuleVersion:
    """Publish the bundled summaries unless this very wording is there already.

    Set-up does it on each start. The version is named after its content: an edited summary becomes a new version
    by itself, and decisions keep the wording they cited.
    """
    wording = json.dumps(summaries.SUMMARIES, ensure_ascii=False).encode()
    digest = hashlib.sha256(wording).hexdigest()
    version = f"summary-{digest[:8]}"
    known = RuleVersion.objects.filter(document__code=summaries.DOCUMENT, version=version).first()
    if known:
        return known
    clauses = [ParsedClause(number, zh, text_en=en) for number, (zh, en) in summaries.SUMMARIES.items()]
    return _write(
        summaries.DOCUMENT,
        summaries.TITLE,
        version,
        SUMMARIES_FROM,
        clauses,
        actor=actor,
        reason="Bundled summaries of the Rules",
        ticket="",
        source_sha256=digest,
        is_summary=True,
    )


def _write(
    document_code: str,
    title: str,
    version: str,
    effective_from: datetime.datetime,
    clauses: Sequence[ParsedClause],
    *,
    actor: Staff,
    reason: str,
    ticket: str,
    source_sha256: str,
    is_summary: bool,
) -> RuleVersion:
    facts = {
        "document": document_code,
        "version": version,
        "effective_from": effective_from.isoformat(),
        "clauses": len(clauses),
        "summary": is_summary,
        "source_sha256": source_sha256,
    }
    with recorder.act("rules.published", actor=actor, reason=reason, ticket=ticket, facts=facts) as act:
        document, new = RuleDocument.objects.get_or_create(
            code=document_code, defaults={"title": title, "event_id": act.event_id}
        )
        if new:
            act.wrote(RuleDocument)
        published = RuleVersion(
            document=document,
            version=version,
            title=title,
            effective_from=effective_from,
            published_at=timezone.now(),
            source_sha256=source_sha256,
            is_summary=is_summary,
            event_id=act.event_id,
        )
        try:
            with transaction.atomic():
                published.save(force_insert=True)
        except IntegrityError:  # another person published it since the check
            raise _published(version) from None
        act.wrote(RuleVersion)
        Clause.objects.bulk_create(
            Clause(
                version=published,
                number=clause.number,
                position=position,
                heading=clause.heading,
                text=clause.text,
                text_en=clause.text_en,
                text_sha256=hashlib.sha256(clause.text.encode()).hexdigest(),
                emphasised=clause.emphasised,
                event_id=act.event_id,
            )
            for position, clause in enumerate(clauses, 1)
        )
        act.wrote(Clause, rows=len(clauses))
        act.subject = published
    return published


def _published(version: str) -> Refused:
    return Refused(
        gettext_noop("Version %(version)s is published and cannot be edited. Publish the change as a new version."),
        version=version,
    )
