"""Pages by OFFSET and missing indexes: what is read and left alone, what PostgreSQL says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import uuid
from textwrap import dedent

import pytest
from rewriting import PACKS, workspace_of

from asyncfix.checks import missing_index, offset_pagination
from asyncfix.project.keyset import after
from asyncfix.project.sql import Sort, declared, select

MODELS = """
from sqlalchemy import Column, ForeignKey, Index, Integer, String, UniqueConstraint, desc, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
class Base(DeclarativeBase): ...
class Owned:
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
class Lead(Owned, Base):
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    value: Mapped[float]
    created_at: Mapped[int]
    ARGS
"""
QUERY = (
    "db.query(Lead).filter(Lead.status == s, Lead.tenant_id == t).order_by(Lead.created_at.desc())"
)


STEPS = """q = db.query(Lead).filter(Lead.tenant_id == t)
    if s:
        q = q.filter(Lead.status == s)
    q.order_by(Lead.value).all()"""
BATCH = """from alembic import op
with op.batch_alter_table("leads") as batch:
    batch.create_index("i", ["tenant_id", "status"])"""


def found(check, rule, files):
    workspace = workspace_of({path: dedent(text) for path, text in files.items()})
    return list(check.find(PACKS.rules[rule], workspace.project))


def indexes(body, args="", **files):
    """Return the columns of the indexes that are missed for the body of a function."""
    models = MODELS.replace("ARGS", args)
    code = f"{models}\ndef f(db: Session, s, t):\n    {body}\n"
    files = {"app.py": code} | {f"{name}.py": text for name, text in files.items()}
    return [
        re.search(r"\((.*)\)$", each.message)[1]
        for each in found(missing_index, "missing-index", files)
    ]


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        (f"{QUERY}.all()", "tenant_id, status, created_at"),
        ("select(Lead).filter_by(status=s).order_by(Lead.value)", "status, value"),
        ("select(Lead).where(Lead.status.in_(s)).order_by(desc(Lead.value))", "status, value"),
        (STEPS, "tenant_id, status, value"),
    ],
)  # fmt: skip
def test_equal_columns_come_first_and_of_these_the_tenant(body, columns):
    assert indexes(body) == [columns]


@pytest.mark.parametrize(
    "body",
    [
        "db.query(Lead).filter(Lead.id == t).order_by(Lead.value).first()",
        "db.query(Lead).filter(Lead.status == s).all()",
        "db.query(Lead).order_by(Lead.value).all()",
        "db.query(Lead).filter(Lead.status == s).filter(unknown).order_by(Lead.value).all()",
        "db.query(Lead).join(Base).filter(Lead.status == s).order_by(Lead.value).all()",
        "select(Lead.status).filter(Lead.status == s).group_by(Lead.status).order_by(Lead.value)",
        "unknown.query(Lead).filter(Lead.status == s).order_by(Lead.value).all()",
    ],
)
def test_queries_that_an_index_does_not_help_or_that_are_not_understood_are_left_alone(body):
    assert indexes(body) == []


def test_a_query_of_a_script_is_information():
    models = MODELS.replace("ARGS", "")
    code = "from models import *\ndef f(db: Session, s, t):\n    " + f"{QUERY}.all()\n"
    files = {"models.py": models, "app.py": code}
    (one,) = found(missing_index, "missing-index", files)
    (other,) = found(missing_index, "missing-index", {"models.py": models, "scripts/a.py": code})

    assert (one.severity, other.severity) == ("warning", "info")


DECLARED = {
    "texts": '__table_args__ = (Index("i", "tenant_id", "status", "created_at"),)',
    "columns": '__table_args__ = (Index("i", "tenant_id", created_at.desc()),)',
    "unique": '__table_args__ = (UniqueConstraint("tenant_id", "status"), {"schema": "x"})',
    "unknown": "__table_args__ = indexes()",
    "computed": "@declared_attr\n    def __table_args__(cls): return ()",
}


@pytest.mark.parametrize("args", DECLARED)
def test_what_models_declare_is_read(args):
    assert indexes(f"{QUERY}.all()", DECLARED[args]) == []


@pytest.mark.parametrize(
    "text",
    [
        'from alembic import op\nop.create_index("i", "leads", ["tenant_id", "created_at"])',
        'from alembic import op\nop.create_index("i", "leads", names)',
        BATCH,
        'from app import Index, Lead\nIndex("i", Lead.tenant_id, Lead.status)',
        'SQL = "CREATE INDEX CONCURRENTLY i ON leads (tenant_id, created_at DESC)"',
        'SQL = f"CREATE INDEX i ON leads ({columns})"',
    ],
)  # fmt: skip
def test_what_migrations_and_sql_declare_is_read(text):
    assert indexes(f"{QUERY}.all()", more=text) == []


def test_an_index_of_other_columns_or_with_a_condition_does_not_serve():
    text = """
        A = "CREATE INDEX a ON leads (status)"
        B = "CREATE INDEX b ON leads (tenant_id, created_at) WHERE archived"
    """

    assert indexes(f"{QUERY}.all()", more=text) == ["tenant_id, status, created_at"]


def test_a_table_that_nobody_declares_is_left_alone():
    code = 'SQL = "SELECT * FROM leads WHERE status = $1 ORDER BY created_at LIMIT 5"'

    assert found(missing_index, "missing-index", {"app.py": code}) == []


@pytest.mark.parametrize(
    ("statement", "filters", "order"),
    [
        ("SELECT * FROM t WHERE a = $1 AND b > $2 ORDER BY c DESC", (("a",), ("b",)), "c-"),
        ('SELECT * FROM "s"."T" x WHERE x.a = ANY($1::int[]) ORDER BY x.c', (("a",), ()), "x.c"),
        ("SELECT a FROM t WHERE b BETWEEN ? AND ? AND c IS NULL ORDER BY d", (("c",), ("b",)), "d"),
        ("SELECT a FROM t WHERE a IN (?, ?) AND NOT b AND c <> ? ORDER BY d", (("a",), ()), "d"),
    ],
)
def test_sql_is_read(statement, filters, order):
    query = select(statement)

    assert (query.equal, query.compared) == filters
    assert query.table == "t"
    assert [each.column + "-" * each.falls for each in query.order] == [order]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM t JOIN u ON t.a = u.a WHERE t.b = 1 ORDER BY t.c",
        "SELECT * FROM t, u WHERE t.b = 1 ORDER BY t.c",
        "SELECT * FROM t WHERE a = 1 OR b = 2 ORDER BY c",
        "SELECT * FROM t WHERE {} ORDER BY c",
        "SELECT a, count(*) FROM t WHERE b = 1 GROUP BY a ORDER BY a",
        "SELECT * FROM (SELECT 1) t WHERE b = 1 ORDER BY c",
    ],
)
def test_sql_of_more_than_one_table_or_with_unknown_filters_has_no_table(statement):
    assert select(statement).table == ""


def test_keys_and_indexes_are_read_from_sql():
    text = """CREATE TABLE IF NOT EXISTS public.t (
        id int PRIMARY KEY, a numeric(9, 2) UNIQUE, b text, -- c
        CONSTRAINT k UNIQUE (a, "B")); CREATE UNIQUE INDEX i ON t USING btree (b, lower(a) DESC)"""

    assert [each.columns for each in declared(text)] == [
        (), ("id",), ("a",), ("a", "b"), ("b", "lower(a) DESC"),
    ]  # fmt: skip


# Pages


def pages(code, **files):
    files = {"app.py": MODELS.replace("ARGS", "") + dedent(code)} | files
    return [each.help for each in found(offset_pagination, "offset-pagination", files)]


@pytest.mark.parametrize(
    ("code", "form"),
    [
        (
            "select(Lead).order_by(Lead.value, Lead.id).offset(n)",
            "where(tuple_(Lead.value, Lead.id) > (last.value, last.id)).order_by(Lead.value",
        ),
        (
            "select(Lead).order_by(Lead.value.desc()).offset(n).limit(5)",
            "< (last.value, last.id)).order_by(Lead.value.desc(), Lead.id.desc())",
        ),
        (
            "select(Lead).order_by(Lead.value.desc(), Lead.id).offset(n)",
            "or_(Lead.value < last.value, and_(Lead.value == last.value, Lead.id > last.id))",
        ),
        (
            "SQL = 'SELECT * FROM t ORDER BY id DESC LIMIT ? OFFSET ?'",
            "`WHERE id < :last_id ORDER BY id DESC`",
        ),
        (
            "SQL = 'SELECT * FROM t ORDER BY a LIMIT ?, ?'",
            "`WHERE (a, id) > (:last_a, :last_id) ORDER BY a, id`",
        ),
    ],
)  # fmt: skip
def test_the_page_is_spelled_out_for_the_order_of_the_query(code, form):
    (told,) = pages(code)

    assert form in told


@pytest.mark.parametrize(
    "code",
    [
        "select(Lead).order_by(Lead.value).offset(1)",
        "select(Lead).offset(n)",
        "box.order_by(box.value).offset(n)",
        "select(rows).order_by(rows.c.rank).offset(n)",
        "SQL = 'SELECT * FROM t ORDER BY a LIMIT 1 OFFSET ?'",
        "SQL = 'SELECT * FROM t ORDER BY a LIMIT 5 OFFSET 5'",
        "SQL = 'SELECT a, sum(b) FROM t GROUP BY a ORDER BY a LIMIT 5 OFFSET ?'",
        "SQL = f'SELECT * FROM t ORDER BY {order} LIMIT ? OFFSET ?'",
        '"""Select rows from a table, in order by id, offset by one."""',
    ],
)
def test_offsets_that_do_not_grow_or_cannot_be_told_are_left_alone(code):
    assert pages(code) == []


# PostgreSQL


def psql(statement):
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def leads():
    """Make a table of 60,000 leads of 20 tenants, and return a function that asks about it."""
    if not shutil.which("psql") or psql("SELECT 1").returncode:
        pytest.skip("psql finds no PostgreSQL to connect to")
    schema = f"asyncfix_{uuid.uuid4().hex[:12]}"

    def ask(statement):
        done = psql(f"SET search_path = {schema}; {statement}")
        assert not done.returncode, done.stderr
        return done.stdout.strip()

    psql(f"CREATE SCHEMA {schema}")
    ask("""
        CREATE TABLE leads (id bigserial PRIMARY KEY, tenant_id int NOT NULL, status text NOT NULL,
                            created_at timestamp NOT NULL);
        INSERT INTO leads (tenant_id, status, created_at)
        SELECT n % 20, (ARRAY['new', 'open', 'lost'])[1 + n % 3],
               timestamp '2025-01-01' + n / 7 * interval '1 minute'
        FROM generate_series(1, 60000) n;
        CREATE INDEX leads_tenant ON leads (tenant_id);
        ANALYZE leads;
    """)
    yield ask
    psql(f"DROP SCHEMA {schema} CASCADE")


TABLE = "CREATE TABLE leads (id bigint PRIMARY KEY, tenant_id int, status text, created_at date)"
ASKED = (
    "SELECT id FROM leads WHERE status = {} AND tenant_id = {} ORDER BY created_at DESC, id DESC"
)


def plan(ask, statement):
    (tree,) = json.loads(ask(f"EXPLAIN (FORMAT JSON) {statement}"))
    return json.dumps(tree)


def test_postgresql_uses_the_index_that_is_proposed_and_sorts_no_tenant_any_more(leads):
    code = f"T = '{TABLE}; CREATE INDEX leads_tenant ON leads (tenant_id)'\nQ = '{ASKED} LIMIT 50'"
    files = {"a.py": code.format("$1", "$2"), "b.py": "import asyncpg"}
    (finding,) = found(missing_index, "missing-index", files)
    statement = re.search(r"`(CREATE INDEX CONCURRENTLY (\w+) .*?)`", finding.help)
    query = ASKED.format("'open'", 7) + " LIMIT 50"
    before = plan(leads, query)

    leads(statement[1].replace("CONCURRENTLY ", ""))  # one transaction sets the schema and makes it
    leads("ANALYZE leads")

    assert statement[2] not in before
    assert statement[2] in plan(leads, query)


@pytest.mark.parametrize(
    "order", ["created_at DESC, id DESC", "created_at DESC, id", "created_at, id"]
)
def test_the_page_after_the_last_row_is_the_page_of_the_offset(leads, order):
    sorts = [Sort(part.split()[0], "DESC" in part) for part in order.split(", ")]
    rows = "SELECT id, created_at FROM leads WHERE tenant_id = 7 AND status = 'open'"
    last = leads(f"{rows} ORDER BY {order} LIMIT 1 OFFSET 149").split("|")
    values = {"id": last[0], "created_at": f"'{last[1]}'"}
    condition = re.sub(r":last_(\w+)", lambda match: values[match[1]], after(sorts))

    by_offset = leads(f"{rows} ORDER BY {order} LIMIT 50 OFFSET 150")

    assert len(by_offset.splitlines()) == 50
    assert leads(f"{rows} AND {condition} ORDER BY {order} LIMIT 50") == by_offset
