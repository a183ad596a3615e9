"""How ranges, their use and proposals about them read on a terminal and as JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from accounts.lifecycle import L
from accounts.models import NumberRange, ResourceProposal
from accounts.resources.policy import Kind, Rule
from accounts.resources.queries import Density, FreeNumber, PoolUse, Use
from accounts.resources.services import Wanted
from accounts.resources.services.shown_holder import holder_shown
from accounts.resources.text import channels_text, percent, tenure_that_ends, wanted_facts, whole, yuan
from qqops.approvals.models import State
from qqops.staff.models import Staff
from qqops.templatetags.ops import minute
from qqops.web.panels import Fact

SHOWN = 50  # numbers, as on the page of the proposal


def left_text(use: Use) -> str:
    """An upper bound, and said to be one: where nothing is left, it is exact."""
    return _("at most %(n)s") % {"n": whole(use.left)} if use.left else "0"


def pool_line(one: PoolUse) -> str:
    use = one.use
    line = _("%(pool)s: %(ranges)d ranges, %(size)s numbers, held %(held)s (%(share)s), left in open ranges: %(left)s")
    return line % {
        "pool": one.pool.label,
        "ranges": one.ranges,
        "size": whole(use.size),
        "held": whole(use.held),
        "share": percent(use.share),
        "left": left_text(use),
    }


def range_line(found: NumberRange, use: Use) -> str:
    return _("#%(id)d  %(range)s  %(pool)s  %(state)s  held %(held)s (%(share)s)  left: %(left)s") % {
        "id": found.pk,
        "range": found,
        "pool": found.get_pool_display(),
        "state": found.get_state_display(),
        "held": whole(use.held),
        "share": percent(use.share),
        "left": left_text(use),
    }


def range_lines(found: NumberRange, use: Use, density: Density) -> Iterator[str]:
    yield range_line(found, use)
    facts = [
        Fact(_("Purpose"), found.purpose),
        Fact(_("Release plan"), found.plan),
        Fact(_("Opens on"), found.opens_on),
        Fact(_("Price"), yuan(found.price)),
        Fact(_("Channels"), channels_text(found.channels)),
        *(Fact(state.label, whole(use.rows[state])) for state in L if use.rows.get(state)),
        Fact(_("Without a row"), whole(use.without_row)),
        Fact(_("Premium numbers"), percent(density.share)),
    ]
    yield from fact_lines(facts)


def free_lines(free: FreeNumber) -> Iterator[str]:
    yield str(free.number)
    facts = [
        Fact(_("Holder"), _("nobody, and nobody ever was")),
        Fact(_("State"), free.range.get_state_display()),
        Fact(_("Range"), f"#{free.range.pk} {free.range}"),
        Fact(_("Pool"), free.range.get_pool_display()),
        Fact(_("Tier"), free.tier),
        Fact(_("Pattern"), _(", ").join(free.patterns) or _("an ordinary number")),
    ]
    yield from fact_lines(facts)


def dry_lines(wanted: Wanted, rule: Rule) -> Iterator[str]:
    yield _("Dry run: nothing is changed. With --apply: %(kind)s.") % {"kind": wanted.kind.label}
    yield from fact_lines(wanted_facts(wanted.kind, wanted.content, len(wanted.numbers)))
    yield f"  {rule.label}"


def proposal_lines(proposal: ResourceProposal, viewer: Staff) -> Iterator[str]:
    """The whole content, as its page shows it to him, and the hash by which an approver says that he has read it."""
    yield _("Proposal #%(id)d: %(kind)s, %(state)s") % {
        "id": proposal.pk,
        "kind": Kind(proposal.kind).label,
        "state": State.LAPSED.label if proposal.has_lapsed else proposal.get_state_display(),
    }
    facts = [
        Fact(_("Numbers"), _first_numbers(proposal)),
        *wanted_facts(proposal.kind, proposal.content),
        *(Fact(item.label, shown) for item, shown in holder_shown(proposal, viewer).items()),
        Fact(_("Reason"), proposal.reason),
        Fact(_("Ticket"), proposal.ticket),
        Fact(_("Maker"), f"{proposal.maker}, {minute(proposal.proposed_at)}"),
        *(
            Fact(_("agreed") if a.agreed else _("refused"), f"{a.approver}, {minute(a.at)}: {a.reason}")
            for a in proposal.approvals.select_related("approver").order_by("pk")
        ),
        Fact(_("Lapses"), minute(proposal.expires_at) if proposal.expires_at else ""),
        Fact(_("Content"), proposal.content_hash),
    ]
    yield from fact_lines(facts)


def _first_numbers(proposal: ResourceProposal) -> str:
    """The first of them, and how many more there are."""
    first = ", ".join(map(str, proposal.numbers[:SHOWN]))
    more = len(proposal.numbers) - SHOWN
    return f"{first} {_('… and %(n)d more') % {'n': more}}" if more > 0 else first


def fact_lines(facts: Iterable[Fact]) -> Iterator[str]:
    return (f"  {fact.label}: {fact.value}" for fact in facts if fact.value not in ("", None))


def use_json(use: Use) -> dict[str, Any]:
    return {
        "size": use.size,
        "held": use.held,
        "share": round(use.share, 6),
        "left_at_most": use.left,
        "rows": use.rows,
    }


def pool_json(one: PoolUse) -> dict[str, Any]:
    return {"pool": one.pool.value, "ranges": one.ranges, "use": use_json(one.use)}


def range_json(found: NumberRange, use: Use) -> dict[str, Any]:
    return {
        "range": found.pk,
        "first": found.first,
        "last": found.last,
        "pool": found.pool,
        "state": found.state,
        "purpose": found.purpose,
        "plan": found.plan,
        "opens_on": found.opens_on,
        "price_fen": found.price,
        "channels": found.channels,
        "use": use_json(use),
    }


def density_json(density: Density) -> dict[str, Any]:
    return {"looked_at": density.looked_at, "premium": density.premium, "exact": density.exact}


def free_json(free: FreeNumber) -> dict[str, Any]:
    return {
        "number": free.number,
        "state": free.range.state,
        "range": free.range.pk,
        "pool": free.range.pool,
        "tier": free.tier,
        "patterns": free.patterns,
    }


def dry_json(wanted: Wanted, rule: Rule) -> dict[str, Any]:
    return {
        "proposal": None,
        "kind": wanted.kind.value,
        "state": "dry_run",
        "rule": rule.code,
        "approvers": list(rule.approvers),
        "content": dict(wanted.content),
        "numbers": len(wanted.numbers),
    }


def proposal_json(proposal: ResourceProposal, viewer: Staff) -> dict[str, Any]:
    shown = holder_shown(proposal, viewer)
    ends = {"tenure": tenure_that_ends(proposal.content)} if proposal.kind == Kind.CORRECTION else {}
    holder = {"holder": {item.value: masked for item, masked in shown.items()}} if shown else {}
    return {
        "proposal": proposal.pk,
        "kind": proposal.kind,
        "state": State.LAPSED.value if proposal.has_lapsed else str(proposal.state),
        "rule": proposal.rule,
        "approvers": proposal.approvers,
        "agreed": [a.capacity for a in proposal.approvals.order_by("pk") if a.agreed],
        "content": proposal.content,
        "numbers": len(proposal.numbers),
        "first_numbers": proposal.numbers[:SHOWN],
        **ends,
        **holder,
        "reason": proposal.reason,
        "ticket": proposal.ticket,
        "maker": proposal.maker.username,
        "content_hash": proposal.content_hash,
    }
