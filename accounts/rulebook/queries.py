"""Reads of the rulebook: what is in force, what was, and what each version changed."""

import datetime
from collections.abc import Callable, Iterable
from functools import cache

from django.db import connection
from django.db.models import Count, Q, QuerySet

from accounts.models import Clause, RuleVersion
from accounts.rulebook import diff
from accounts.rulebook.summaries import DOCUMENT


def version_in_force(at: datetime.datetime, document: str = DOCUMENT) -> RuleVersion | None:
    """Return the version in force at a moment, or None; a summary only where no real text was in force."""
    return _in_force(at, document).select_related("document").first()


def is_in_force(version: RuleVersion, at: datetime.datetime) -> bool:
    """Is it the one of its document in force at a moment? Every registration asks: the statement is made once."""
    with connection.cursor() as cursor:
        cursor.execute(_key_in_force(), [version.document_id, at])
        return bool(cursor.fetchone() == (version.pk,))


@cache
def _key_in_force() -> str:
    """The key of the version in force, by the document's key and a moment."""
    any_moment = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    keys = _ordered(RuleVersion.objects.filter(document=0, effective_from__lte=any_moment)).values("pk")[:1]
    sql, params = keys.query.sql_with_params()
    assert params == (0, any_moment)
    return str(sql)


def versions_in_force(document: str = DOCUMENT) -> Callable[[datetime.datetime], RuleVersion | None]:
    """Return `version_in_force` for any number of moments, by one query: there are few versions."""
    versions = list(_by_precedence(document))
    return lambda at: next((one for one in versions if one.effective_from <= at), None)


def clauses_in_force(
    at: datetime.datetime, numbers: Iterable[str] | None = None, document: str = DOCUMENT
) -> QuerySet[Clause]:
    """Return clauses of the version in force, in the Rules' order and with their version, in one query."""
    clauses = Clause.objects.filter(version=_in_force(at, document).values("pk")[:1])
    if numbers is not None:
        clauses = clauses.filter(number__in=list(numbers))  # 12.6: by number, never by heading
    return clauses.select_related("version").order_by("position")


def versions(document: str | None = None) -> QuerySet[RuleVersion]:
    """Return every published version, the latest in force first, each with `clause_count`."""
    found = RuleVersion.objects.select_related("document").annotate(clause_count=Count("clauses"))
    if document is not None:
        found = found.filter(document__code=document)
    return found.order_by("document__code", "is_summary", "-effective_from", "-published_at", "-pk")


def previous(version: RuleVersion) -> RuleVersion | None:
    """Return the version that this one replaced; a summary and a text are never each other's predecessor."""
    earlier = Q(effective_from__lt=version.effective_from) | Q(
        effective_from=version.effective_from, published_at__lt=version.published_at
    )
    same_line = RuleVersion.objects.filter(document=version.document_id, is_summary=version.is_summary)
    return same_line.filter(earlier).order_by("-effective_from", "-published_at", "-pk").first()


def diff_with_previous(version: RuleVersion) -> tuple[RuleVersion | None, diff.Diff]:
    """Return the version before and what changed since; without one, every clause is an addition."""
    before = previous(version)
    texts = Clause.objects.filter(version__in=[v.pk for v in (before, version) if v]).order_by("position")
    old = [c for c in texts if c.version_id != version.pk]
    return before, diff.compare(old, [c for c in texts if c.version_id == version.pk])


def _in_force(at: datetime.datetime, document: str) -> QuerySet[RuleVersion]:
    return _by_precedence(document).filter(effective_from__lte=at)


def _by_precedence(document: str) -> QuerySet[RuleVersion]:
    """Every version, each before those that it goes before once it has taken effect."""
    return _ordered(RuleVersion.objects.filter(document__code=document))


def _ordered(found: QuerySet[RuleVersion]) -> QuerySet[RuleVersion]:
    return found.order_by("is_summary", "-effective_from", "-published_at", "-pk")
