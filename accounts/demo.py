"""Demo numbers and holders: deterministic, with a realistic spread of states, tiers, logins and open cases."""

import datetime
import tempfile
from pathlib import Path

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.corrections import services as correct
from accounts.disclosures import services as disclosures
from accounts.disclosures.services import Shown
from accounts.dormancy import services as dormancy
from accounts.dormancy.policy import Terms
from accounts.identity.demo import person
from accounts.identity.queries import standing
from accounts.identity.services import Proof, Told, record
from accounts.lifecycle import PREMIUM_FROM_TIER, Lifecycle, Protection
from accounts.lists.feed import Feed
from accounts.logins.queries import covered_until
from accounts.logins.services import import_logins
from accounts.models import (
    Campaign,
    CorrectionDemand,
    Disclosure,
    DormancyPolicy,
    Number,
    NumberRange,
    ResourceProposal,
    Tenure,
)
from accounts.premium.policy import FUNCTION
from accounts.protection.services import protect
from accounts.resources import services as resources
from accounts.resources.policy import Pool
from accounts.resources.services import campaigns, ranges
from accounts.retention import holds
from accounts.rights import services as rights
from accounts.rights.policy import PAPERS
from accounts.rulebook.queries import version_in_force
from accounts.rulebook.services import load_summaries
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.boot import demo
from qqops.staff.models import Staff

CHUNK = 50_000
DEMANDS = 3
WITHOUT_IDENTITY = 30  # every 30th tenure has no identity

# k → a number, one to one: multiplication modulo a prime scatters 1, 2, 3 … over the 9- and 10-digit numbers;
# every 50th is a short, old one.
_NUMBERS = """
WITH seed AS (
  SELECT k, CASE WHEN k % 50 = 0 THEN 10001 + (k / 50 * 104729) % 999983 ELSE 10001 + (k * 2654435761) % 4294957291 END
            AS id,
         (k * 7919) % 1000 AS dice, (k * 104729) % 3650 AS age
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) k),
fresh AS (
  SELECT DISTINCT ON (s.id) s.*, CASE WHEN dice < 20 THEN 'allocated' WHEN dice < 35 THEN 'cancel_pending'
           WHEN dice < 45 THEN 'quarantined' WHEN dice < 50 THEN 'reserved' ELSE 'in_use' END AS lifecycle,
         now() - (age + 30) * interval '1 day' AS started
  FROM seed s WHERE NOT EXISTS (SELECT FROM accounts_number n WHERE n.id = s.id) ORDER BY s.id),
tenure AS (
  INSERT INTO accounts_tenure (number_id, seq, channel, channel_ref, paid, paid_until, rules_version_id, acceptance,
    started_at)
  SELECT id, 1, (ARRAY['client','client','client','web','web','sms','ivr','campaign'])[1 + dice % 8],
         CASE WHEN dice % 8 = 7 THEN 'demo-campaign' ELSE '' END, dice % 20 = 0,
         CASE WHEN dice % 20 = 0 THEN now() + (dice - 300) * interval '1 day' END, %(rules)s, 'by_use', started
  FROM fresh WHERE lifecycle IN ('allocated', 'cancel_pending', 'in_use') RETURNING *),
tenure_history AS ({tenure_history}),
login AS (
  INSERT INTO accounts_loginfact (tenure_id, service, first_at, last_at)
  SELECT t.id, 'qq', t.started_at + interval '1 hour',
         greatest(t.started_at + interval '1 hour', now() - (f.dice % 97) ^ 3 / 400 * interval '1 hour')
  FROM tenure t JOIN fresh f ON f.id = t.number_id WHERE f.lifecycle <> 'allocated'),
number AS (
  INSERT INTO accounts_number (id, lifecycle, tier, tenure_id, legal_hold, protection,
    reclaim_exempt_reason, revision, due_at)
  SELECT f.id, f.lifecycle, {tier}(f.id), t.id, f.dice = 999, '', '', 0,
         CASE f.lifecycle WHEN 'cancel_pending' THEN now() + (1 + f.dice % 14) * interval '1 day'
           WHEN 'quarantined' THEN now() + (f.dice - 35) * 18 * interval '1 day' END
  FROM fresh f LEFT JOIN tenure t ON t.number_id = f.id RETURNING *),
number_history AS ({number_history})
SELECT (SELECT count(*) FROM number), (SELECT count(*) FROM tenure)"""


@demo.step
def rulebook(wish: demo.Wish) -> str:
    load_summaries(actor=wish.setup)
    return _("Rulebook: %(version)s") % {"version": version_in_force(timezone.now())}


# first, last, pool, purpose, state. Free numbers have no rows, so large ranges cost nothing.
_RANGES = (
    (10_000, 99_999, Pool.RESERVED, "演示：五位号，历史号段", Lifecycle.RESERVED),
    (100_000, 9_999_999, Pool.PREMIUM, "演示：六至七位靓号", Lifecycle.AVAILABLE),
    (10_000_000, 2_999_999_999, Pool.PUBLIC, "演示：早期号段，仅回收号", Lifecycle.PRE_RELEASE),
    (3_000_000_000, 4_294_967_295, Pool.PUBLIC, "演示：十位号", Lifecycle.AVAILABLE),
    (20_000_000_000, 29_999_999_999, Pool.PUBLIC, "演示：十一位号", Lifecycle.AVAILABLE),
    (91_734_260_000, 91_734_269_999, Pool.INTERNAL, "演示：内部用号", Lifecycle.AVAILABLE),
    (91_734_270_000, 91_734_279_999, Pool.TEST, "演示：测试用号", Lifecycle.AVAILABLE),
)


@demo.step
def supply(wish: demo.Wish) -> str:
    made = 0
    for first, last, pool, purpose, state in _RANGES:
        if NumberRange.objects.filter(numbers__contains=first).exists():
            continue
        opened = _agreed(ranges.wanted(first, last, pool, purpose)).range
        for step in (Lifecycle.PRE_RELEASE, Lifecycle.AVAILABLE):
            if opened.state != state:
                _agreed(ranges.moved(opened, step))
                opened.refresh_from_db()
        made += 1
    if not Campaign.objects.exists():
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        spring = campaigns.wanted(
            "demo-spring", "演示合作方", "演授〔2026〕3号", 5000, now, now + datetime.timedelta(days=90)
        )
        _agreed(spring)
    return _("Number ranges: %(made)d opened") % {"made": made}


@demo.step
def policies(wish: demo.Wish) -> str:
    if DormancyPolicy.objects.exists():
        return _("Dormancy policies: there")
    today, change = timezone.localdate(), datetime.date(2020, 7, 17)
    days = (
        Terms("demo-not-activated", "not_activated", 3, today, 15),
        Terms("demo-dormant", "dormant", 90, today, 30, notice_days=30, reminder_days=7),
        Terms("demo-paid-old", "paid_lapsed", 90, today, 30, registered_to=change - datetime.timedelta(days=1)),
        Terms("demo-paid", "paid_lapsed", 15, today, 30, registered_from=change),
    )
    for terms in days:
        _agreed(dormancy.wanted(terms))
    return _("Dormancy policies: %(n)d") % {"n": len(days)}


def _agreed(wanted: resources.Wanted) -> ResourceProposal:
    """Propose as the resource manager, and approve as the people that the rule requires."""
    maker, *others = (Staff.objects.get(username=login) for login in ("resources", "supervisor", "privacy"))
    proposal = resources.propose(wanted, actor=maker, reason="演示数据：号码资源")
    for other in others:
        if proposal.state == State.PROPOSED:
            proposal = resources.approve(
                proposal, actor=other, reason="演示数据：同意", content_hash=proposal.content_hash
            )
    return proposal


@demo.step
def numbers(wish: demo.Wish) -> str:
    have = Number.objects.count()  # a demo is small enough to count
    version = version_in_force(timezone.now())
    sql = _NUMBERS.replace(" % ", " %% ").format(
        tenure_history=recorder.history_insert(Tenure, recorder.CREATED, source="tenure live"),
        number_history=recorder.history_insert(Number, recorder.CREATED, source="number live"),
        tier=FUNCTION,
    )
    assert version is not None
    made = 0
    # A few seeds give the same number and are skipped. Without the margin each run would write an empty event.
    if have < 0.99 * wish.numbers:
        for first in range(1, wish.numbers + 1, CHUNK):
            last = min(first + CHUNK - 1, wish.numbers)
            with recorder.act("demo.built", actor=wish.setup, reason="demo") as act, connection.cursor() as cursor:
                cursor.execute(sql, act.params | {"first": first, "last": last, "rules": version.pk})
                numbers, tenures = cursor.fetchone()
                act.facts.update(numbers=numbers)
                act.wrote(recorder.history_model(Number), rows=numbers)
                act.wrote(recorder.history_model(Tenure), rows=tenures)
            made += numbers
    return _("Numbers: %(have)d there, %(made)d made") % {"have": have, "made": made}


@demo.step
def logins(wish: demo.Wish) -> str:
    """Import an empty login file, which states that every login up to this moment is known."""
    if covered_until() is not None:
        return _("Login feed: there")
    with tempfile.NamedTemporaryFile(suffix=".csv") as empty, Feed(Path(empty.name)) as feed:
        import_logins(feed, actor=Staff.objects.system("system-feed"), apply=True, covers=timezone.now())
    return _("Login feed: every login up to now is known")


@demo.step
def identities(wish: demo.Wish) -> str:
    bare = Tenure.objects.filter(identity=None).order_by("pk").values_list("pk", "started_at")
    values = []
    for pk, started in bare:
        if pk % WITHOUT_IDENTITY:
            one = person(pk)
            proved = [name for name in ("document", "mobile") if name in one["values"] and pk % 7]
            proofs = {name: Proof("upstream", "registration system", started) for name in proved}
            values.append(Told(pk, one["values"], one["document_kind"], proofs, started))
    made = record(values, actor=wish.setup, reason="演示数据：身份信息").new
    return _("Identities: %(made)d made") % {"made": made}


@demo.step
def protection(wish: demo.Wish) -> str:
    if Number.objects.exclude(protection="").exists():
        return _("Protected numbers: there")
    supervisor = Staff.objects.get(username="supervisor")
    few = 5
    short = Number.objects.filter(pk__lt=100_000).order_by("pk")
    premium = Number.objects.filter(tier__gte=PREMIUM_FROM_TIER, pk__gte=100_000).order_by("-tier", "pk")
    made = 0
    for kind, chosen in ((Protection.SYSTEM, short), (Protection.VIP, premium)):
        numbers = list(chosen.values_list("pk", flat=True)[:few])
        made += len(protect(numbers, kind, actor=supervisor, reason="演示数据：受保护号码").changing)
    return _("Protected numbers: %(n)d") % {"n": made}


@demo.step
def cases(wish: demo.Wish) -> str:
    if CorrectionDemand.objects.exists() or Disclosure.objects.exists():
        return _("Cases about identity information: there")
    agent, officer = (Staff.objects.get(username=login) for login in ("agent", "officer"))
    tenures = list(Tenure.objects.select_related("identity").exclude(identity=None).order_by("pk")[:200])
    incomplete = [tenure for tenure in tenures if any(item.problem for item in standing(tenure))]
    for tenure in incomplete[:DEMANDS]:
        item = next(item for item in standing(tenure) if item.problem)
        correct.demand(tenure, item.field, item.problem, actor=agent, reason="演示数据：信息不完整")
    one, two, three = tenures[0], tenures[1], tenures[2]
    today = timezone.localdate()
    notice = Shown("retrieval_notice", number="演公调证字〔2026〕1号", dated=today,
                   deadline=today + datetime.timedelta(days=5), stamped=True)  # fmt: skip
    asked = disclosures.Asked(
        asked_by="police", authority="演示市公安局", wants=("registrant", "messages"),
        scope="演示：调取注册信息和全部聊天记录", statement="演示：办案民警二人，证件已核对",
        numbers=(one.number_id,), papers=(notice, Shown("two_officers")),
    )  # fmt: skip
    disclosures.register(asked, actor=agent)
    wanted = rights.Asked(kind="copy", asked_by="person", papers=PAPERS["person"], statement="演示：本人申请复制")
    rights.register(two, wanted, actor=agent)
    holds.place([three.pk], "legal", "演示法院（2026）演01号", actor=officer, reason="演示数据：诉讼保留")
    return _("Cases about identity information: made")
