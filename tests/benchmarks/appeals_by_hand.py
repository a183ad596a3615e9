"""The reference of filing appeals from a file: the leanest hand-written way to the same rows.

One read of the file, the cipher itself, and for each chunk one statement and a COMMIT over psycopg: appeals, which
line each is of, keys, messages, deliveries, evidence, holds, both histories, the digest of what the record keeps, and
the event. Nothing is checked, routed or looked up but whose tenure it is. Its rows pass audit_verify.
"""

import csv
import datetime
import hashlib
import os
import secrets
import uuid
from itertools import islice
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone
from psycopg.types.json import Jsonb
from stdnum.iso7064 import mod_37_36

from qqops.core import receipts
from qqops.crypto import seal
from qqops.staff.models import Staff
from tests.benchmarks.ending_by_hand import _digest, _server

CHUNK = 2_000  # as the product
SHOWN = ("devices", "registration")
KEYS = """
SELECT array(SELECT nextval(pg_get_serial_sequence('appeals_appeal', 'id')) FROM generate_series(1, %(n)s)),
  array(SELECT nextval(pg_get_serial_sequence('appeals_message', 'id')) FROM generate_series(1, %(n)s))"""

_APPEAL = """id, receipt, kind, route, number_id, tenure_id, decision_id, ground, relation, agreement,
  statement, contact, form_key, maker_id,
  filed_at, state, outcome, why, round, gated, contested_at, score, due_at, escalate_at, escalated_at, waiting_since,
  waits_until, closed_at, revision"""
_HOLD = "id, tenure_id, kind, reference, until, placed_at, placed_by_id, lifted_at, lifted_by_id"
_PEN = "history_date, history_type, history_user_id"

FILE = f"""
WITH locked AS MATERIALIZED (
  SELECT id, tenure_id FROM accounts_number WHERE id = ANY(%(numbers)s) ORDER BY id FOR NO KEY UPDATE),
line AS MATERIALIZED (
  SELECT l.*, t.id AS tenure_id, %(now)s::timestamptz + CASE WHEN t.paid AND (t.paid_until IS NULL
      OR t.paid_until > %(now)s) THEN interval '8 hours' ELSE interval '72 hours' END AS due_at
  FROM unnest(%(ids)s::bigint[], %(receipts)s::text[], %(numbers)s::bigint[], %(statements)s::bytea[],
      %(contacts)s::bytea[], %(portals)s::text[], %(forms)s::uuid[], %(wrapped)s::bytea[], %(message_ids)s::bigint[],
      %(messages)s::bytea[], %(hashes)s::text[])
    AS l(id, receipt, number_id, statement, contact, portal, form_key, wrapped, message_id, message, sha256)
  JOIN locked n ON n.id = l.number_id JOIN accounts_tenure t ON t.id = n.tenure_id),
appeal AS (
  INSERT INTO appeals_appeal (id, receipt, kind, route, number_id, tenure_id, ground, relation, agreement, statement,
    contact, form_key, maker_id, filed_at, state, outcome, why, round, gated, due_at, escalate_at, revision)
  SELECT id, receipt, 'recovery', '', number_id, tenure_id, 'stolen', 'holder', '2026-01', statement, contact, form_key,
    %(actor)s, %(now)s, 'filed', '', '', 1, false, due_at, %(now)s + (due_at - %(now)s) * 0.8, 0
  FROM line ORDER BY id RETURNING *),
appeal_history AS (
  INSERT INTO appeals_historicalappeal (event, {_APPEAL}, {_PEN})
  SELECT %(event)s, {_APPEAL}, clock_timestamp(), '+', %(actor)s FROM appeal ORDER BY id RETURNING *),
of_portal AS (
  INSERT INTO appeals_portalfiling (event, portal, appeal_id, at) SELECT %(event)s, portal, id, %(now)s FROM line
  ORDER BY id RETURNING *),
key AS (
  INSERT INTO appeals_appealkey (appeal_id, master, wrapped) SELECT id, %(master)s, wrapped FROM line),
message AS (
  INSERT INTO appeals_message (id, event, appeal_id, kind, text, sha256, maker_id, at)
  SELECT message_id, %(event)s, id, 'receipt', message, sha256, %(actor)s, %(now)s FROM line ORDER BY message_id
  RETURNING *),
delivery AS (
  INSERT INTO appeals_delivery (message_id, state, due_at, attempts, channel, fault)
  SELECT message_id, 'pending', %(now)s, 0, '', '' FROM line),
evidence AS (
  INSERT INTO appeals_appealevidence (event, appeal_id, kind, statement, sha256, media_type, side, maker_id, at)
  SELECT %(event)s, e.* , '', 'appellant', %(actor)s, %(now)s
  FROM unnest(%(of)s::bigint[], %(kinds)s::text[], %(items)s::bytea[], %(item_hashes)s::text[]) e
  RETURNING *),
hold AS (
  INSERT INTO accounts_hold (tenure_id, kind, reference, placed_at, placed_by_id)
  SELECT tenure_id, 'appeal', receipt, %(now)s, %(actor)s FROM line ORDER BY id RETURNING *),
hold_history AS (
  INSERT INTO accounts_historicalhold (event, {_HOLD}, {_PEN})
  SELECT %(event)s, {_HOLD}, clock_timestamp(), '+', %(actor)s FROM hold ORDER BY id RETURNING *),
digests AS (
  SELECT {_digest("hold_history", "history_id")} AS holds, {_digest("evidence", "id")} AS evidence,
    {_digest("appeal_history", "history_id")} AS appeals, {_digest("message", "id")} AS messages,
    {_digest("of_portal", "id")} AS lines)
INSERT INTO audit_event (id, at, actor_id, actor_label, verb, subject_type, subject_id, subject_label, decision_id,
  ticket, request_id, source, address, os_user, reason, facts, rows, rows_digest)
SELECT %(event)s, clock_timestamp(), %(actor)s, %(actor_label)s, 'appeal.filed', '', '', '', NULL, '', %(request)s,
  'system', NULL, '', '', %(facts)s, %(rows)s, sha256(holds || evidence || appeals || messages || lines) FROM digests"""


def file(path: Path, actor: Staff) -> int:
    """File all lines; how many."""
    name, master = _master()
    drawn: set[str] = set()
    done, source = 0, hashlib.sha256(path.read_bytes()).hexdigest()
    with _server() as server, path.open(newline="") as lines:
        rows = csv.DictReader(lines)
        while chunk := list(islice(rows, CHUNK)):
            ids, message_ids = server.execute(KEYS, {"n": len(chunk)}).fetchone() or ([], [])
            params = _sealed(chunk, ids, message_ids, master, drawn)
            counts = {"accounts_historicalhold": 1, "appeals_appealevidence": len(SHOWN),
                      "appeals_historicalappeal": 1, "appeals_message": 1, "appeals_portalfiling": 1}  # fmt: skip
            server.execute(
                FILE,
                params
                | {
                    "actor": actor.pk, "actor_label": str(actor), "now": timezone.now(), "master": name,
                    "event": uuid.uuid4(), "request": uuid.uuid4(),
                    "facts": Jsonb({"n": len(chunk), "sha256": source, "kinds": {"recovery": len(chunk)},
                                    "declined": {}}),
                    "rows": Jsonb({table: n * len(chunk) for table, n in counts.items()}),
                },
            )  # fmt: skip
            server.commit()
            done += len(chunk)
    return done


def _master() -> tuple[str, AESGCM]:
    name, raw = next(iter(seal.read_keys(settings.QQOPS_SEAL_KEYS).items()))
    return name, AESGCM(raw)


def _sealed(
    chunk: list[dict[str, str]], ids: list[int], message_ids: list[int], master: AESGCM, drawn: set[str]
) -> dict[str, Any]:
    """The columns of a chunk, what is said in them sealed."""
    columns: dict[str, list[Any]] = {
        "receipts": [], "numbers": [], "statements": [], "contacts": [], "portals": [], "forms": [], "wrapped": [],
        "messages": [], "hashes": [], "of": [], "kinds": [], "items": [], "item_hashes": [],
    }  # fmt: skip
    day = f"{timezone.localdate():%Y%m%d}"
    until = f"{timezone.localtime() + datetime.timedelta(hours=72):%Y-%m-%d %H:%M}"
    for pk, line in zip(ids, chunk, strict=True):
        raw, receipt = os.urandom(32), _receipt(day, drawn)
        cipher = AESGCM(raw)
        letter = _letter(receipt, line["number"], until).encode()
        add = {
            "receipts": receipt,
            "numbers": int(line["number"]),
            "statements": _seal(cipher, line["statement"].encode(), f"appeal:{pk}:statement"),
            "contacts": _seal(cipher, f"+86{line['contact']}".encode(), f"appeal:{pk}:contact"),
            "portals": line["portal_id"],
            "forms": uuid.uuid4(),
            "wrapped": _seal(master, raw, f"appeals_appealkey:{pk}"),
            "messages": _seal(cipher, letter, f"appeal:{pk}:message"),
            "hashes": hashlib.sha256(letter).hexdigest(),
        }
        for name, value in add.items():
            columns[name].append(value)
        for kind in SHOWN:
            said = line[kind].encode()
            columns["of"].append(pk)
            columns["kinds"].append(kind)
            columns["items"].append(_seal(cipher, said, f"appeal:{pk}:evidence"))
            columns["item_hashes"].append(hashlib.sha256(said).hexdigest())
    return columns | {"ids": ids, "message_ids": message_ids}


def _seal(cipher: AESGCM, content: bytes, purpose: str) -> bytes:
    nonce = os.urandom(12)
    return nonce + cipher.encrypt(nonce, content, purpose.encode())


def _receipt(day: str, drawn: set[str]) -> str:
    """One that this run has not drawn: of 10,000 two are the same in one run of twenty."""
    while True:
        body = f"R{day}A{''.join(secrets.choice(receipts.ALPHABET) for _n in range(6))}"
        check = mod_37_36.calc_check_digit(body)
        if check in receipts.ALPHABET and body not in drawn:
            drawn.add(body)
            return body + check


def _letter(receipt: str, number: str, until: str) -> str:
    """As long as the product's, in one piece."""
    zh = (
        f"回执编号：{receipt}\n号码：{number}\n\n您的申诉已按账号找回申诉（第 7 条）受理，"
        f"将在 {until}（北京时间） 前答复；需要您补充材料的时间不计入。结果不能预先告知。\n\n"
        f"{settings.QQOPS_SIGNED_AT}\n{settings.QQOPS_OPERATOR}"
    )
    en = (
        f"Receipt number: {receipt}\nNumber: {number}\n\nIt was taken as an account recovery (clause 7). You will have"
        f" an answer by {until} (Beijing time), not counting the time in which we wait for something from you. Its"
        f" outcome cannot be told beforehand.\n\n{settings.QQOPS_SIGNED_AT_EN}\n{settings.QQOPS_OPERATOR}"
    )
    return f"{zh}\n\n————\n\n{en}"
