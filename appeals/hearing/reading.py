"""Reading what was said in an appeal without having it in hand: an act of its own, that goes on the record.

Whoever takes an appeal reads it, and that he took it is on the record already.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence
from appeals.policy import APPROVE, HEAR, HEAR_AGAIN
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff

READ = (HEAR, HEAR_AGAIN, APPROVE)


def may_read(appeal: Appeal, actor: Staff) -> None:
    if not actor.may_enter or not any(map(actor.has_perm, READ)):
        raise Refused(gettext_noop("Your role may not read what was said in an appeal."))
    refuse_own(actor, [appeal.number_id])


def read(appeal: Appeal, *, actor: Staff) -> Words:
    """The words, to be shown in the answer to this and nowhere else."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "read_appeal"}):
        may_read(appeal, actor)
    with recorder.act("appeal.read", actor=actor, reason="", subject=appeal, facts={"kind": appeal.kind}):
        return Words(appeal)


def open_file(item: AppealEvidence, *, actor: Staff) -> bytes:
    """What a file that was brought holds; Invalid where it is no longer kept."""
    appeal = item.appeal
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "open_appeal_file"}):
        may_read(appeal, actor)
    content = Words(appeal).file(item)
    if content is None:
        raise Invalid(_("There is no file here, or it is no longer kept."))
    with recorder.act("appeal.file_opened", actor=actor, reason="", subject=appeal, facts={"kind": appeal.kind}):
        return content
