"""How a history of this app reads where its rows keep codes: as the page of the object itself says it."""

from collections import Counter
from typing import Any

from enforcement.cases.pages.register import details_in_words
from enforcement.decisions.preview import steps_in_words
from enforcement.models import Case, Decision
from enforcement.policy import RULES
from qqops.web.pages.rows import say

_RULES = {rule.code: rule.label for rule in RULES}


def _details(row: Any) -> dict[str, Any]:
    return {str(fact.label): fact.value for fact in details_in_words(row)}


say(Decision, "rule", lambda row: _RULES.get(row.rule, row.rule))
say(Decision, "suggestion", lambda row: steps_in_words(Counter(row.suggestion)))
say(Case, "details", _details)
