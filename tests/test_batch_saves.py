"""Rows that are written in one go, and commits that are shown behind the loop."""

from __future__ import annotations

import sqlite3
from textwrap import dedent

import pytest
from batching import loaded, outcome, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import plans, rewritten

from asyncfix.findings import Applicability

SQLITE = """
import sqlite3


def main(conn: sqlite3.Connection, rows: list[dict]) -> list:
    for row in rows:
        conn.execute("INSERT INTO t (a, b) VALUES (?, ?)", (row["a"], row.get("b", 0)))
    return conn.execute("SELECT a, b FROM t ORDER BY rowid").fetchall()
"""
ASYNCPG = """
import asyncpg


async def main(conn: asyncpg.Connection, names: list[str]) -> int:
    count = 0
    for name in names:
        await conn.execute("INSERT INTO t (name) VALUES ($1)", name)
        count += 1
    return count
"""
COMMITS = """
from sqlalchemy.orm import Session


def main(session: Session, leads: list) -> None:
    for lead in leads:
        lead.status = "stale"
        session.commit()
"""


ROWS = st.fixed_dictionaries({"a": st.none() | st.integers(-3, 3)}, optional={"b": st.text("x")})


@pytest.fixture(scope="module")
def of_sqlite():
    return pair(SQLITE)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(ROWS, min_size=1))
def test_sqlite_gets_all_rows_and_fails_where_it_failed(of_sqlite, rows):
    def run(names):
        conn = sqlite3.connect(":memory:")
        conn.execute("CREATE TABLE t (a INTEGER NOT NULL, b TEXT)")
        found = outcome(names["main"], conn, rows)
        return found, conn.execute("SELECT a, b FROM t").fetchall(), conn.in_transaction

    assert "executemany(" in of_sqlite.code
    assert run(of_sqlite.after) == run(of_sqlite.before)


def test_postgresql_gets_a_list_and_the_rest_of_the_loop_stays():
    assert rewritten({"app.py": ASYNCPG}, group="batching").files["app.py"] == dedent("""
        import asyncpg


        async def main(conn: asyncpg.Connection, names: list[str]) -> int:
            count = 0
            await conn.executemany("INSERT INTO t (name) VALUES ($1)", [(name,) for name in names])
            for name in names:
                count += 1
            return count
        """)


def test_a_commit_behind_the_loop_is_shown_and_never_made():
    (plan,) = [plan for _, plan in plans({"app.py": COMMITS}, "batching")]
    (fix,) = plan.fixes

    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert [edit.text for edit in fix.edits if edit.text] == ["    session.commit()\n"]


ADDS = """
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Lead(Base):
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None]


def main(session: Session, titles: list) -> None:
    for title in titles:
        lead = Lead(title=title)
        session.add(lead)
        session.commit()


def run(titles: list) -> tuple:
    engine, told = create_engine("sqlite://"), []
    Base.metadata.create_all(engine)
    event.listen(engine, "commit", told.append)
    with Session(engine) as session:
        main(session, titles)
        rows = [(each.id, each.title) for each in session.query(Lead).order_by(Lead.id)]
    return rows, len(told)
"""


@settings(max_examples=15, deadline=None)
@given(titles=st.lists(st.none() | st.sampled_from(["", "a", "a"]), max_size=5))
def test_rows_that_are_only_added_are_committed_once(titles: list):
    pytest.importorskip("sqlalchemy", reason="needs SQLAlchemy")
    made = rewritten({"app.py": ADDS}, group="batching").files["app.py"]
    before, commits = loaded(ADDS)["run"](titles)
    after, told = loaded(made)["run"](titles)
    assert after == before
    assert (commits, told <= 1) == (len(titles), True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lead = Lead(title=title)", "lead = made(title)"),
        ("session.add(lead)", "session.add(lead)\n        session.flush()"),
        ("session.commit()", "session.commit()\n        print(lead.id)"),
        ("session.add(lead)", "if title:\n            session.add(lead)"),
    ],
    ids=["made elsewhere", "flushed", "read again", "for some"],
)
def test_a_commit_that_something_else_may_need_is_only_shown(old: str, new: str):
    code = ADDS.replace(old, new)
    assert rewritten({"app.py": code}, group="batching").files["app.py"] == code


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("if key:\n            conn.execute(ADD, (key,))", "not every item does this"),
        ("found = conn.execute(ADD, (key,))", "something becomes of what the call gives"),
        ("size = len(key)\n        conn.execute(ADD, (size,))", "what the loop finds out"),
    ],
    ids=["for some", "used", "made in the loop"],
)
def test_writes_that_are_more_than_rows_are_left(body, reason):
    code = f"""
import sqlite3

ADD = "INSERT INTO t (a) VALUES (?)"


def main(conn: sqlite3.Connection, keys: list[str]) -> None:
    for key in keys:
        {body}
"""  # noqa: S608 - no statement
    made = rewritten({"app.py": code}, group="batching")
    assert (made.fixes, [reason in each for each in made.refused]) == ((), [True])


def test_a_statement_on_several_rows_stays_what_it_was():
    code = """
import sqlite3


def main(conn: sqlite3.Connection, rows):
    if rows:
        for row in rows:
            conn.execute(
                '''
                INSERT INTO t
                    VALUES (?, ?)
                ''',
                (row, "it's"),
            )
"""
    made = rewritten({"app.py": code}, group="batching")

    text = made.files["app.py"]
    assert "executemany(" in text
    assert (
        text.partition("'''")[2].partition("'''")[0]
        == (code.partition("'''")[2].partition("'''")[0])
    )
