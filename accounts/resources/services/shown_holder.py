"""What a proposal says of a person, masked: who sees it is the same at every door."""

from accounts.declarations.queries import own_numbers
from accounts.holders.new_holder import Holder, masked_items
from accounts.identity.formats import Field
from accounts.models import ResourceProposal
from accounts.resources.services.proposals import wanted_by
from qqops.staff.models import Staff

SEE = "accounts.view_identity"


def holder_shown(proposal: ResourceProposal, viewer: Staff) -> dict[Field, str]:
    """Who is to hold the number, while the proposal waits; nothing of him for whoever may not see identities, or has
    declared the number as his own or a relative's."""
    if proposal.sealed is None or not hasattr(proposal, "key") or not viewer.has_perm(SEE):
        return {}
    if own_numbers(viewer).filter(number__in=proposal.numbers).exists():
        return {}
    said = wanted_by(proposal).holder
    return masked_items(Holder.of_json(said)) if said else {}
