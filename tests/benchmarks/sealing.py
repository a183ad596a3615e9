"""Sealing identities against the bare cipher; getting to a number by the holder's mobile against by the number."""

import os
import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REQUESTS, WARM = 200, 20
# Identities that are found and never opened: one sealed row, copied, with a hash of its own for each tenure.
SEED = """
WITH key AS (
  INSERT INTO accounts_identitykey (tenure_id, master, wrapped, name_hash, document_hash, mobile_hash, email_hash)
  SELECT t.id, k.master, k.wrapped, sha256(('name:' || t.id)::bytea), sha256(('document:' || t.id)::bytea),
    sha256(('mobile:' || t.id)::bytea), sha256(('email:' || t.id)::bytea)
  FROM accounts_tenure t CROSS JOIN (SELECT * FROM accounts_identitykey LIMIT 1) k
  WHERE NOT EXISTS (SELECT FROM accounts_identity i WHERE i.tenure_id = t.id) ORDER BY t.id RETURNING tenure_id)
INSERT INTO accounts_identity (tenure_id, document_kind, name, document, mobile, email, name_at, document_at, mobile_at,
  email_at)
SELECT key.tenure_id, i.document_kind, i.name, i.document, i.mobile, i.email, i.name_at, i.document_at, i.mobile_at,
  i.email_at
FROM key CROSS JOIN (SELECT * FROM accounts_identity LIMIT 1) i"""


def told(count: int) -> list[tuple[int, dict[str, str]]]:
    from accounts.identity.demo import person

    return [(k, person(k)["values"]) for k in range(1, count + 1)]


def product(people: Sequence[tuple[int, dict[str, str]]]) -> float:
    """What the act that records an identity calls to seal it: a key of its own, wrapped, and each item under it."""
    from accounts.identity.sealing import seal_items
    from accounts.models import IdentityKey

    began = time.perf_counter()
    for tenure, values in people:
        key, _name, _wrapped = IdentityKey.draw(tenure)
        seal_items(key, tenure, values)
    return time.perf_counter() - began


def bare(people: Sequence[tuple[int, dict[str, str]]]) -> float:
    """The same calls of the cipher and of the random source, for one purpose that is ready."""
    master = AESGCM(os.urandom(32))
    began = time.perf_counter()
    for _tenure, values in people:
        raw, nonce = os.urandom(32), os.urandom(12)
        nonce + master.encrypt(nonce, raw, b"accounts_identitykey:100000")
        cipher = AESGCM(raw)
        for value in values.values():
            nonce = os.urandom(12)
            nonce + cipher.encrypt(nonce, value.encode(), b"identity:100000:document")
    return time.perf_counter() - began


def sealing(count: int, pairs: int, say: Callable[[str], None]) -> float:
    """The rate of the product ÷ that of the bare cipher."""
    say(f"seal {count:,} identities")
    people, ratios = told(count), []
    for pair in range(pairs):
        took = {}
        for side in (product, bare) if pair % 2 else (bare, product):
            took[side] = side(people)
        ratios.append(took[bare] / took[product])
        rates = ", ".join(f"{side.__name__} {count / took[side]:,.0f} a second" for side in (product, bare))
        say(f"  pair {pair + 1}: {rates}: {ratios[-1]:.2f}")
    return median(ratios)


def seed(count: int, known: int) -> None:
    """An identity for each tenure there is, `known` of them people's who can be found and shown, the rest copies."""
    from django.db import connection

    from accounts.identity.demo import person
    from accounts.identity.services import Told, record
    from accounts.models import Identity
    from qqops.audit import origin
    from qqops.staff.models import Staff

    people = ((tenure, person(k)) for k, (tenure, _number, _mobile) in enumerate(_known(known), 1))
    told = [Told(tenure, one["values"], one["document_kind"]) for tenure, one in people]
    with origin.origin(origin.COMMAND):
        record(told, actor=Staff.objects.system("system-setup"), reason="bench: those who are searched for")
    with connection.cursor() as cursor:
        cursor.execute(SEED)
    if (found := Identity.objects.count()) < count:
        raise SystemExit(f"the seed has only {found:,} identities, {count:,} are wanted")


def _known(count: int) -> list[tuple[int, int, str]]:
    """Tenures of numbers in use, scattered over all of them: key, number, mobile."""
    from accounts.identity.demo import person
    from accounts.models import Tenure

    tenures = Tenure.objects.filter(ended_at=None, number__lifecycle="in_use").order_by("pk")
    found = list(tenures.values_list("pk", "number_id"))[:: tenures.count() // count][:count]
    return [(*one, person(k)["values"]["mobile"]) for k, one in enumerate(found, 1)]


def search(pairs: int, say: Callable[[str], None]) -> dict[str, float]:
    """From the jump box to the number's page, by mobile ÷ by number: the median of warm requests, and their p95."""
    from django.test import Client

    from qqops.staff.models import Staff, Throttle
    from tests.benchmarks.house import OFFICER

    desk = Client(headers={"host": "localhost"})
    desk.force_login(Staff.objects.get(username=OFFICER))

    def jump(text: object, number: int) -> float:
        Throttle.objects.all().delete()  # nobody searches as often
        began = time.perf_counter()
        led = desk.post("/admin/jump/", {"q": str(text)})
        page = desk.get(led["Location"])
        took = time.perf_counter() - began
        assert page.status_code == 200 and led["Location"].endswith(f"/{number}/"), led["Location"]
        return took

    known = _known(pairs * REQUESTS)
    ratios: dict[str, list[float]] = {"median": [], "p95": []}
    for pair in range(pairs):
        asked = known[pair::pairs]
        by_mobile, by_number = list[float](), list[float]()
        for _tenure, number, mobile in asked[:WARM]:
            jump(mobile, number), jump(number, number)
        for n, (_tenure, number, mobile) in enumerate(asked):  # request by request: both meet the same machine
            sides: list[tuple[object, list[float]]] = [(mobile, by_mobile), (number, by_number)]
            for text, took in sides if n % 2 else reversed(sides):
                took.append(jump(text, number))
        for name, figure in (("median", median), ("p95", _p95)):
            ratios[name].append(figure(by_mobile) / figure(by_number))
        told = f"by mobile {median(by_mobile) * 1e3:.1f} ms, by number {median(by_number) * 1e3:.1f} ms"
        say(f"  pair {pair + 1}: {told}: {ratios['median'][-1]:.2f}")
    return {name: median(found) for name, found in ratios.items()}


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20)[-1]
