"""The staff web's rulebook: versions, their clauses, and what each changed (12.1c)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import Clause, RuleVersion
from accounts.rulebook import queries as rulebook
from qqops.templatetags.ops import badge, when
from qqops.web import panels
from qqops.web.pages import Column, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Fact, Panel


def kind_badge(version: RuleVersion) -> Any:
    return badge(_("summary, not the text"), "warn") if version.is_summary else badge(_("text of the Rules"), "good")


def clause_text(clause: Clause) -> str:
    """The clause as the reader can read it; only our summaries have English."""
    return (get_language() == "en" and clause.text_en) or clause.text


class VersionList(KeysetList):
    page = "rules"
    title = gettext_lazy("Rules")
    model = RuleVersion
    columns = (
        Column(gettext_lazy("Rules"), str),
        Column(gettext_lazy("Kind"), kind_badge),
        Column(gettext_lazy("In force from"), lambda v: when(v.effective_from)),
        Column(gettext_lazy("Published"), lambda v: when(v.published_at)),
    )
    order = ("-id",)
    none = empty = gettext_lazy("No rules yet: import them with manage.py import_rules.")


class VersionPage(ObjectPage):
    page = "ruleversion"
    model = RuleVersion
    title = gettext_lazy("Rules")

    def queryset(self) -> QuerySet[RuleVersion]:
        return RuleVersion.objects.select_related("document")

    def badges(self, obj: RuleVersion) -> list[Any]:
        return [kind_badge(obj)]

    def facts(self, obj: RuleVersion) -> list[Fact]:
        return [
            Fact(_("Version"), obj.version),
            Fact(_("In force from"), when(obj.effective_from, exact=True)),
            Fact(_("Published"), when(obj.published_at, exact=True)),
            Fact(_("SHA-256 of the source"), obj.source_sha256),
        ]


@admin.register(RuleVersion)
class RuleVersionAdmin(OpsModelAdmin):
    list_page = VersionList
    object_page = VersionPage


def _clauses(request: HttpRequest, version: RuleVersion) -> Panel:
    rows = [(clause.number, clause_text(clause)) for clause in version.clauses.order_by("position")]
    return Panel(_("Clauses"), "ops/panel_table.html", {"head": [_("Clause"), _("Text")], "rows": rows})


def _changes(request: HttpRequest, version: RuleVersion) -> Panel | None:
    before, diff = rulebook.diff_with_previous(version)
    if before is None:
        return None
    context = {"before": before, "diff": diff}
    return Panel(_("Changes against %(version)s") % {"version": before}, "accounts/rules_diff.html", context)


panels.register("ruleversion", _changes, order=1)
panels.register("ruleversion", _clauses, order=2)
panels.sidebar(
    "registry", gettext_lazy("Rules"), "admin:accounts_ruleversion_changelist", "accounts.view_ruleversion", order=5
)
