"""`manage.py number N`: what a number is, who holds it since when, what is in force, what happened."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.numbers.parsing import parse
from accounts.numbers.queries import numbers, shown_of, shown_until
from enforcement.decisions.queries import measures_of, timeline
from enforcement.management.decision_text import moment
from qqops.core.commands import Exit, OpsCommand
from qqops.core.errors import Invalid


class Command(OpsCommand):
    help = gettext_noop("Show a number: lifecycle, shown state, tenure, measures, timeline.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number")
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        wanted = parse(options["number"])
        number = numbers().filter(pk=wanted).first()
        if number is None:
            raise Invalid(_("%(number)d is unknown: nobody has ever touched it.") % {"number": wanted})
        measures, story, tenure = list(measures_of(number)), timeline(number), number.tenure
        if options["json"]:
            self.say_json(
                {
                    "number": number.pk,
                    "lifecycle": number.lifecycle,
                    "shown": shown_of(number),
                    "until": shown_until(number),
                    "tier": number.tier,
                    "protection": number.protection,
                    "tenure": tenure
                    and {"seq": tenure.seq, "channel": tenure.channel, "started_at": tenure.started_at},
                    "measures": [
                        {
                            "id": m.pk,
                            "kind": m.kind,
                            "freeze_kind": m.freeze_kind,
                            "scopes": m.scopes,
                            "clauses": [str(g) for g in m.decision.grounds.all()],
                            "decision": m.decision_id,
                            "starts_at": m.starts_at,
                            "until": m.until,
                            "in_force": m.in_force,
                            "end_reason": m.end_reason,
                        }
                        for m in measures
                    ],
                    "timeline": [entry.as_json() for entry in story],
                }
            )
            return Exit.DONE
        self.say(f"{number.pk}  {shown_of(number).label}")
        self.say(
            _("lifecycle: %(state)s · tier %(tier)d") % {"state": number.get_lifecycle_display(), "tier": number.tier}
        )
        if number.protection:
            self.say(_("protected: %(kind)s") % {"kind": number.get_protection_display()})
        if tenure:
            self.say(
                _("tenure %(seq)d since %(at)s, by %(channel)s")
                % {"seq": tenure.seq, "at": moment(tenure.started_at), "channel": tenure.get_channel_display()}
            )
        for m in measures:
            state = moment(m.until) if m.until else _("without end")
            mark = "●" if m.in_force else "○"
            clauses = ", ".join(str(g) for g in m.decision.grounds.all())
            self.say(f"  {mark} [{m.pk}] {m} {clauses} {moment(m.starts_at)} → {state} #{m.decision_id}")
        for entry in story:
            event = entry.event
            clauses = " ".join(f"{g} [{g.clause.version.version}]" if g.clause else str(g) for g in entry.grounds)
            case = f"#{event.decision_id} {clauses}" if event.decision_id else ""
            self.say(f"  {moment(event.at)}  {event.actor_label}  {event.sentence}  {case}".rstrip())
            if event.reason:
                self.say(f"      {event.reason}  {event.ticket}")
            for what, before, after in entry.changes:
                self.say(f"      {what}: {before or '–'} → {after or '–'}")
            self.say(f"      {event.request_id}")
        return Exit.DONE
