"""A record with something in it."""

from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import ParsedClause
from enforcement.policy import Kind
from qqops.audit.checkpoints import services as checkpoints
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide
from tests.qqops.alerts.raising import raised, seen_to
from tests.qqops.staff.acts import emergency, grant, reviewed


def acted(cast: dict[str, Staff]) -> list[int]:
    """Two rows of different acts in every table of the house's record, and a whole record; two numbers of it."""
    officer, supervisor, reviewer = cast["officer"], cast["supervisor"], cast["reviewer"]
    ids = [88_880_001, 88_880_002, 88_880_003]
    make_numbers(ids)
    for _round in range(2):
        approve(decide(Kind.FREEZE, ids, officer, indefinite=True), supervisor)
        approve(decide(Kind.LIFT, ids[:2], reviewer), cast["supervisor2"])
        seen_to(raised(), supervisor)
        checkpoints.make_now()
        ids = ids[:2]
    for login, role in (("agent", "privacy"), ("officer", "resources")):
        grant(cast[login], role, cast["sysadmin"], supervisor)
    for person in (officer, reviewer):
        reviewed(emergency(person, "privacy"), supervisor)
    clauses = [ParsedClause("1.1", "正文")]
    rulebook.publish(
        "other-rules", "其他规则", "1", rulebook.effective("2026-01-01"), clauses, actor=cast["resources"],
        reason="另一份规则", ticket="", source_sha256="0" * 64,
    )  # fmt: skip
    assert list(verify()) == []
    return ids
