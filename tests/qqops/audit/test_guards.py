"""Two walls around the record: triggers stop mistakes, privileges stop the application. Read from the catalogues."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel
from django.utils import timezone

from accounts.models import Number
from enforcement.policy import Kind
from qqops.audit.checkpoints import services as checkpoints
from qqops.audit.history import APPEND_ONLY
from qqops.audit.models import Event
from qqops.audit.privileges import record_tables
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, decide
from tests.qqops.alerts.raising import raised, seen_to
from tests.qqops.audit.rows import rows
from tests.qqops.staff.acts import emergency, grant, reviewed
from tests.story import tell_story

Make = Callable[..., Number]
PROTECTED: list[Any] = sorted([*record_tables(), Event], key=lambda m: m._meta.db_table)
TABLES = [m._meta.db_table for m in PROTECTED]
ROLE = settings.DATABASES["default"]["USER"]


def test_the_protected_tables_are_these() -> None:
    assert TABLES == [
        "accounts_breachperson",
        "accounts_clause",
        "accounts_clearance",
        "accounts_disclosurepaper",
        "accounts_disclosureruling",
        "accounts_disclosurescan",
        "accounts_disclosuretarget",
        "accounts_erasure",
        "accounts_historicalbreach",
        "accounts_historicalcampaign",
        "accounts_historicalcorrectiondemand",
        "accounts_historicaldatarequest",
        "accounts_historicaldeclarednumber",
        "accounts_historicaldisclosure",
        "accounts_historicaldormancypolicy",
        "accounts_historicalhold",
        "accounts_historicalidentity",
        "accounts_historicalnumber",
        "accounts_historicalnumberrange",
        "accounts_historicalresourceproposal",
        "accounts_historicalrevealrequest",
        "accounts_historicaltenure",
        "accounts_holdercorrection",
        "accounts_purgecertificate",
        "accounts_registrant",
        "accounts_registration",
        "accounts_release",
        "accounts_resourceapproval",
        "accounts_reveal",
        "accounts_revealapproval",
        "accounts_ruledocument",
        "accounts_ruleversion",
        "accounts_verification",
        "alerts_alert",
        "alerts_alertseen",
        "alerts_delivery",
        "appeals_appealevidence",
        "appeals_historicalappeal",
        "appeals_historicaldispute",
        "appeals_historicalruling",
        "appeals_message",
        "appeals_portalfiling",
        "appeals_rulingapproval",
        "appeals_rulingground",
        "appeals_skip",
        "appeals_weighing",
        "audit_checkpoint",
        "audit_event",
        "enforcement_approval",
        "enforcement_caseevidence",
        "enforcement_casenumber",
        "enforcement_evidence",
        "enforcement_evidencefile",
        "enforcement_ground",
        "enforcement_historicalcase",
        "enforcement_historicaldecision",
        "enforcement_historicalhalt",
        "enforcement_historicalmeasure",
        "enforcement_outcome",
        "enforcement_strikeout",
        "enforcement_target",
        "enforcement_targetlist",
        "enforcement_templateapproval",
        "staff_accessapproval",
        "staff_glassreview",
        "staff_historicalaccessrequest",
        "staff_historicalholding",
        "staff_historicalstaff",
    ]


def test_every_model_that_changes_has_history_and_every_history_is_protected() -> None:
    for model in apps.get_models():
        if hasattr(model, "history"):
            assert model.history.model in PROTECTED


def test_a_column_that_came_to_the_record_later_is_null_where_nothing_is_said() -> None:
    """A digest leaves NULLs out: so those of older rows hold, and no upgrade breaks the record."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    tables = {(m._meta.app_label, m._meta.model_name) for m in PROTECTED}
    late = []
    for (app, name), migration in loader.disk_migrations.items():
        made = {op.name_lower for op in migration.operations if isinstance(op, CreateModel)}
        for op in migration.operations:
            if isinstance(op, AddField) and (app, op.model_name_lower) in tables and op.model_name_lower not in made:
                late.append((app, name, op.model_name, op.name, op.field.null))
    assert late and [one for one in late if not one[-1]] == []


@pytest.mark.django_db
def test_each_has_its_triggers_in_the_database_and_they_are_on() -> None:
    found = rows(
        "SELECT c.relname, t.tgname, t.tgenabled, t.tgtype FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND c.relname = ANY(%s)",
        TABLES,
    )
    guards = {(table, name.rsplit("_", 1)[0], state) for table, name, state, _type in found}
    wanted = {t.name for t in APPEND_ONLY}
    for table in TABLES:
        assert {(table, f"pgtrigger_{name}", "O") for name in wanted} <= guards
    assert ("audit_event", "chain", "O") in {(table, name, state) for table, name, state, _type in found}


@pytest.mark.django_db
def test_the_application_may_read_and_insert_there_and_no_more() -> None:
    found = rows(
        "SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type::text) FROM"
        " information_schema.table_privileges WHERE grantee = %s AND table_name = ANY(%s) GROUP BY 1",
        ROLE,
        TABLES,
    )
    assert dict(found) == {table: ["INSERT", "SELECT"] for table in TABLES}
    columns = rows(
        "SELECT DISTINCT table_name FROM information_schema.column_privileges WHERE grantee = %s"
        " AND privilege_type = 'UPDATE' AND table_name = ANY(%s)",
        ROLE,
        TABLES,
    )
    assert columns == []


@pytest.mark.django_db
def test_the_application_is_no_owner_and_defines_nothing() -> None:
    assert rows("SELECT current_user")[0][0] == ROLE
    attributes = rows(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, pg_has_role(rolname, %s, 'MEMBER') FROM pg_roles"
        " WHERE rolname = current_user",
        settings.DATABASES["owner"]["USER"],
    )
    assert attributes == [(False,) * 5]
    assert rows("SELECT tablename FROM pg_tables WHERE tableowner = current_user") == []
    for statement in ("CREATE TABLE mine (x int)", "ALTER TABLE audit_event DISABLE TRIGGER ALL"):
        with pytest.raises(DatabaseError, match="denied|owner"), transaction.atomic():
            rows(statement)


@pytest.mark.django_db
def test_kept_rows_are_never_deleted_by_the_application() -> None:
    apart = ("accounts", "enforcement", "staff", "alerts", "vault")
    fleeting = {m._meta.db_table for m in apps.get_models() if getattr(m, "fleeting", False)}
    assert fleeting == {
        "accounts_datarequestkey",
        "accounts_disclosurekey",
        "accounts_identitykey",
        "accounts_loginfact",
        "accounts_rangetally",
        "accounts_releasekey",
        "accounts_resourceproposalkey",
        "appeals_appealkey",
        "appeals_lease",
        "enforcement_casekey",
        "enforcement_evidencekey",
        "enforcement_feedreader",
        "enforcement_listkey",
        "staff_cache",
        "staff_savedfilter",
        "staff_staffsession",
        "staff_throttle",
        "vault_retiredkey",
        "vault_sealingkey",
    }
    kept = [m._meta.db_table for m in apps.get_models() if m._meta.app_label in apart]
    passing = [m._meta.db_table for m in apps.get_models() if getattr(m, "passing", False)]
    assert passing == ["accounts_loginline"]
    kept = [table for table in kept if table not in fleeting and table not in passing]
    found = rows(
        "SELECT table_name FROM information_schema.table_privileges WHERE grantee = %s"
        " AND privilege_type IN ('DELETE', 'TRUNCATE') AND table_name = ANY(%s)",
        ROLE,
        kept,
    )
    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", PROTECTED, ids=TABLES)
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_application_is_stopped_by_privilege(model: type[models.Model], verb: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        rows(_raw(model, verb))


@pytest.fixture
def full(cast: dict[str, Staff], number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff) -> None:
    """A row in every protected table."""
    grant(cast["agent"], "privacy", cast["sysadmin"], supervisor)
    reviewed(emergency(officer, "supervisor"), supervisor2)
    approve(decide(Kind.FREEZE, number(), officer, indefinite=True), supervisor)
    seen_to(raised(), supervisor)
    checkpoints.make_now()
    tell_story(cast)


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_stopped_by_triggers(full: None) -> None:
    refused = pytest.raises(DatabaseError, match="append-only|append_only|Cannot (update|delete)")
    for model in PROTECTED:
        assert rows(f"SELECT count(*) FROM {model._meta.db_table}") != [(0,)], model
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            with refused:
                rows(_raw(model, verb), alias="owner")
    for month in chain(*_months().values()):
        with refused:
            rows(f"TRUNCATE {month}", alias="owner")


def _raw(model: type[models.Model], verb: str) -> str:
    table, column = model._meta.db_table, model._meta.concrete_fields[-1].column
    return {
        "UPDATE": f'UPDATE "{table}" SET "{column}" = "{column}"',
        "DELETE": f'DELETE FROM "{table}"',
        "TRUNCATE": f'TRUNCATE "{table}" CASCADE',
    }[verb]


@pytest.mark.django_db(transaction=True)
def test_pgtriggers_own_switch_does_not_open_the_record_to_the_application(full: None) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{all}', true)")
        cursor.execute("UPDATE accounts_historicalnumber SET tier = 4")


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["auth_group", "auth_group_permissions", "auth_permission", "django_content_type"])
def test_djangos_own_lists_are_only_read(table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(statement)


@pytest.mark.django_db
def test_an_event_cannot_be_inserted_outside_the_chain_or_at_another_time(officer: Staff) -> None:
    head = Event.objects.latest("seq")
    this_month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    forged = Event(
        id=uuid.uuid4(), seq=9_999_999, actor=officer, actor_label="x", verb="x", request_id=uuid.uuid4(),
        source="web", rows_digest=b"", prev_hash=b"forged", hash=b"forged",
    )  # fmt: skip
    for forged.at in (
        datetime(2001, 1, 1, tzinfo=UTC),
        this_month - timedelta(days=1),
        this_month + timedelta(days=32),
    ):
        with pytest.raises(DatabaseError, match="moving row to another partition"), transaction.atomic():
            Event.objects.bulk_create([forged])
    forged.at = this_month
    Event.objects.bulk_create([forged])
    found = Event.objects.latest("seq")
    assert (found.seq, bytes(found.prev_hash)) == (head.seq + 1, bytes(head.hash))
    assert head.at < found.at != this_month and bytes(found.hash) != b"forged"


def _months() -> dict[str, list[str]]:
    """Which tables of the record are kept by month, and in which."""
    found: dict[str, list[str]] = {}
    for parent, month in rows(
        "SELECT i.inhparent::regclass::text, i.inhrelid::regclass::text FROM pg_inherits i"
        " JOIN pg_partitioned_table p ON p.partrelid = i.inhparent ORDER BY 1, 2"
    ):
        found.setdefault(parent, []).append(month)
    return found


@pytest.mark.django_db
def test_each_month_has_the_triggers_of_its_table_and_one_of_its_own() -> None:
    months = _months()
    assert list(months) == ["accounts_historicalnumber", "audit_event"]
    for parent, parts in months.items():
        assert len(parts) >= 5
        wanted = {name for name, level in _triggers(parent) if level == "row"} | {"no_truncate"}
        assert wanted >= {"no_truncate", "chain"} or parent != "audit_event"
        assert any(name.startswith("pgtrigger_append_only") for name in wanted)
        for part in parts:
            assert {name for name, _level in _triggers(part)} == wanted, part


def _triggers(table: str) -> list[tuple[Any, ...]]:
    """Those that are on, of ours."""
    return rows(
        "SELECT tgname, CASE tgtype & 1 WHEN 1 THEN 'row' ELSE 'statement' END FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O' AND tgname !~ '^RI_'",
        table,
    )


@pytest.mark.django_db
def test_the_application_reaches_a_month_through_its_table_alone() -> None:
    for parent, parts in _months().items():
        for part in parts:
            for statement in (
                f"SELECT FROM {part}",
                f"INSERT INTO {part} SELECT * FROM {parent} LIMIT 0",
                f"UPDATE {part} SET id = id",
                f"DELETE FROM {part}",
                f"TRUNCATE {part}",
                f"DROP TABLE {part}",
                f"ALTER TABLE {parent} DETACH PARTITION {part}",
                f"ALTER TABLE {part} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(DatabaseError, match="denied|owner"), transaction.atomic():
                    rows(statement)
    granted = rows(
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a WHERE c.relispartition AND a.grantee <> c.relowner"
    )
    assert granted == []


@pytest.mark.django_db
def test_what_runs_as_the_owner_is_this_and_takes_no_word_from_its_caller() -> None:
    found = rows(
        "SELECT proname, pronargs, proconfig[1], has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1"
    )
    path = "search_path=pg_catalog, pg_temp"
    assert found == [
        ("accounts_loginline_counted", 0, "search_path=pg_catalog, public, pg_temp", True),  # a trigger
        ("record_months", 0, path, False),
        ("record_months_ahead", 0, path, False),
    ]
