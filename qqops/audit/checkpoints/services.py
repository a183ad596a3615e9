"""Acts on checkpoints: make one, send it out of the house, say what became of that."""

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

from qqops.alerts import channels
from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.audit.checkpoints import text
from qqops.audit.checkpoints.models import Checkpoint
from qqops.audit.checkpoints.text import UNVERIFIED, Head
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.delivery import webhook
from qqops.staff.models import Staff

SEND, QUEUE = "audit.send_checkpoint", "acts"
_jobs = JobManager(DjangoConnector())  # queued with the act, as alerts are


def make(*, house: str, seq: int, hash: str, at: str, record: str) -> Checkpoint:
    """Sign the head of a snapshot, put it on the record and queue its sending; Invalid without a key."""
    made = timezone.now().isoformat(timespec="seconds")
    signed = text.sign(Head(house, seq, hash, at, made, record, text.signing()))
    actor = Staff.objects.system("system-audit")
    with recorder.act("audit.checkpoint", actor=actor, reason="", facts={"seq": seq, "record": record}) as act:
        kept = Checkpoint.objects.create(event_id=act.event_id, seq=seq, text=signed)
        act.wrote(Checkpoint)
        for channel in channels.open_channels():
            job = configure_task(name=SEND, job_manager=_jobs, queue=QUEUE, lock=f"checkpoint:{kept.pk}:{channel}")
            job.defer(checkpoint_id=kept.pk, channel=channel.value)
    return kept


def make_now() -> Checkpoint:
    """Of the head as it stands, which nobody has verified."""
    first, last = Event.objects.order_by("seq").first(), Event.objects.order_by("-seq").first()
    if first is None or last is None:
        raise Invalid(_("The record is empty: there is no head to sign."))
    at = last.at.isoformat()
    return make(house=str(first.pk), seq=last.seq, hash=bytes(last.hash).hex(), at=at, record=UNVERIFIED)


def send(checkpoint: Checkpoint, channel: str) -> None:
    """Send it now; whatever goes wrong raises. It may come twice: the same text, and no harm."""
    channels.tell(channel, _subject(checkpoint), f"{_words()}\n\n{checkpoint.text}", _body(checkpoint))
    _record(checkpoint, channel, "audit.checkpoint_sent", "")


def give_up(checkpoint: Checkpoint, channel: str, error: Exception) -> None:
    _record(checkpoint, channel, "audit.checkpoint_unsent", webhook.fault(error))


def _record(checkpoint: Checkpoint, channel: str, verb: str, why: str) -> None:
    facts = {"channel": channel, "seq": checkpoint.seq} | ({"why": why} if why else {})
    worker = Staff.objects.system("system-worker")
    with recorder.act(verb, actor=worker, reason="", subject=checkpoint, facts=facts) as act:
        if why:
            raise_alert(act, "checkpoint_unsent", checkpoint, channel=channel, seq=checkpoint.seq, why=why)


def _body(checkpoint: Checkpoint) -> dict[str, str]:
    return {"kind": "checkpoint", "level": "info", "text": checkpoint.text, "event": str(checkpoint.event_id)}


def _subject(checkpoint: Checkpoint) -> str:
    said = []
    for language in channels.LANGUAGES:
        with translation.override(language):
            said.append(_("checkpoint of the record, event %(seq)d") % {"seq": checkpoint.seq})
    return f"[qqops] {' / '.join(said)}"


def _words() -> str:
    said = []
    for language in channels.LANGUAGES:
        with translation.override(language):
            said.append(_("Keep this where nobody who administers the database can change it (docs/record.md)."))
    return "\n".join(said)
