"""What the machine remembers of what it did, in plain Python: who had part in what, and what each decision changed.

The oracle. It asks neither conflicts_of_interest nor a policy table: a decision touched what was seen to change.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from accounts.models import Number
from appeals.models import Appeal
from enforcement.models import Measure

CHANGING = {"lift", "adjust", "restore", "undo"}  # the kinds of decision that take back or change what another did
CAME_TO_NOTHING = {"refused", "lapsed", "void"}
FOREVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Term:
    """A measure as it stood at a moment."""

    number: int
    until: datetime.datetime | None
    scopes: frozenset[str]
    over: bool
    why: str  # it is over, or does not count any more
    agreed_to: bool = field(compare=False)  # or needs nobody's agreement yet

    @property
    def counts(self) -> bool:
        """Against its holder: else it was found wrong, or came to nothing."""
        return self.agreed_to and self.why not in ("voided", "undone", "refused")

    @property
    def runs(self) -> bool:
        return not self.over and (self.until or FOREVER) > timezone.now()

    def beyond(self, other: "Term | None") -> bool:
        """Does it run, and later or further than the other did?"""
        if other is None or other.over:
            return self.runs
        return self.runs and ((self.until or FOREVER) > (other.until or FOREVER) or not self.scopes <= other.scopes)


@dataclass(frozen=True)
class World:
    """The numbers at a moment: each measure that there is, and the life of each number."""

    measures: dict[int, Term]
    lives: dict[int, str]

    @classmethod
    def now(cls) -> "World":
        rows = Measure.objects.order_by("pk").values_list(
            "pk", "number", "until", "scopes", "ended_at", "end_reason", "decision__state"
        )
        measures = {
            pk: Term(number, until, frozenset(scopes), ended is not None, why, state not in CAME_TO_NOTHING)
            for pk, number, until, scopes, ended, why, state in rows
        }
        return cls(measures, dict(Number.objects.order_by("pk").values_list("pk", "lifecycle")))

    def of(self, number: int) -> tuple[str, dict[int, Term]]:
        return self.lives[number], {pk: term for pk, term in self.measures.items() if term.number == number}


@dataclass
class Made:
    """One decision: who made and agreed to it, and what it was seen to do, by number."""

    kind: str
    people: set[str]
    undoes: int | None = None
    ruling: str = ""
    was: dict[int, dict[int, Term | None]] = field(default_factory=lambda: defaultdict(dict))  # number → measure
    ended: set[int] = field(default_factory=set)  # numbers whose right of use it ended
    restored: set[int] = field(default_factory=set)
    at: dict[int, int] = field(default_factory=dict)  # number → when, counted in effects


class Memory:
    def __init__(self) -> None:
        self.speakers: dict[str, set[str]] = defaultdict(set)  # by receipt number: who filed, answered or brought
        self.rulers: dict[tuple[str, int], set[str]] = defaultdict(set)  # by receipt number and round
        self.decisions: dict[int, Made] = {}
        self.owners: dict[int, int] = {}  # of each measure the decision that imposed it
        self.contests: dict[int, str] = {}  # freezes made because two claim the number → the recovery's receipt number
        self.cools_until: dict[str, datetime.datetime] = {}  # only of what was not stopped
        self.asked: dict[str, datetime.datetime] = {}  # since when it waits for the appellant
        self.skipped: dict[tuple[str, str], datetime.datetime] = {}  # by login and receipt number
        self._effects = 0

    def made(self, pk: int, kind: str, by: str, *, undoes: int | None = None, ruling: str = "") -> None:
        self.decisions[pk] = Made(str(kind), {by}, undoes, ruling)

    def took_effect(self, pk: int, before: World, after: World) -> None:
        """What is different now, this decision did."""
        made, self._effects = self.decisions[pk], self._effects + 1
        reached = set()
        for measure, term in after.measures.items():
            if (was := before.measures.get(measure)) == term:
                continue
            self.owners.setdefault(measure, pk)
            made.was[term.number].setdefault(measure, was)
            reached.add(term.number)
        for number, life in after.lives.items():
            if life != before.lives[number] and "terminated" in (life, before.lives[number]):
                (made.ended if life == "terminated" else made.restored).add(number)
                reached.add(number)
        for number in reached:
            made.at.setdefault(number, self._effects)

    def touched(self, pk: int, number: int) -> set[int]:
        """Measures of this number that the decision imposed or changed."""
        return set(self.decisions[pk].was.get(number, ()))

    def ended_last(self, number: int, kinds: Iterable[str]) -> int | None:
        """The decision of these kinds that ended its right of use the last time."""
        found = [(made.at[number], pk) for pk, made in self.decisions.items()
                 if number in made.ended and made.kind in kinds]  # fmt: skip
        return max(found)[1] if found else None

    # Who had part (domain.md §9, 2 and 3)

    def had_part(self, appeal: Appeal) -> set[str]:
        people = set(self.speakers[appeal.receipt])
        for earlier in range(1, appeal.round):
            people |= self.rulers[appeal.receipt, earlier]
        if appeal.decision_id is not None:
            people |= self.decided_on(appeal) | self._since(appeal.decision_id, appeal.number_id, appeal.receipt)
        return people

    def decided_on(self, appeal: Appeal) -> set[str]:
        """Who made what it objects to, and agreed; of what changes or takes back another, who made that too."""
        pk, number = appeal.decision_id, appeal.number_id
        if pk is None:
            return set()
        behind = {pk, self.decisions[pk].undoes} | {self.owners[measure] for measure in self.touched(pk, number)}
        return {login for one in behind if one is not None for login in self.decisions[one].people}

    def _since(self, pk: int, number: int, receipt: str) -> set[str]:
        """Who changed afterwards what that did, other than by a ruling on this very appeal."""
        first = self.decisions[pk]
        return {
            login
            for later, made in self.decisions.items()
            if made.kind in CHANGING and made.ruling != receipt
            and made.at.get(number, 0) > first.at.get(number, self._effects)
            and (made.undoes == pk or self.touched(later, number) & self.touched(pk, number)
                 or first.kind == "terminate" and number in made.ended | made.restored)
            for login in made.people
        }  # fmt: skip
