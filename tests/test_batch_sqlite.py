"""Loops over SQLite that ask once: the same answers on any rows, counted by SQLite itself."""

from __future__ import annotations

import sqlite3
from textwrap import dedent

import pytest
from batching import Pair, outcome, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import rewritten

HEAD = "import sqlite3\n\n\n"
SIGNATURE = "def main(conn: sqlite3.Connection, tenant: int, owners: list[int]) -> list:\n"
ASKS = {
    "a count": """
        found = []
        for owner in owners:
            row = conn.execute(
                "SELECT COUNT(*) FROM leads WHERE owner = ? AND tenant = ?", (owner, tenant)
            ).fetchone()
            found.append((owner, row[0]))
        return found
        """,
    "a count at once": """
        return [
            conn.execute("SELECT count(*) FROM leads WHERE owner = ?", (owner,)).fetchone()[0]
            for owner in owners
        ]
        """,
    "sums that may be of nothing": """
        sql = "SELECT SUM(amount), COALESCE(MAX(id), 0) FROM leads WHERE tenant = ? AND owner = ?"
        found = {}
        for owner in owners:
            total, most = conn.execute(sql, (tenant, owner)).fetchone()
            found[owner] = (total, most)
        return list(found.items())
        """,
    "the latest row": """
        found = []
        for owner in owners:
            row = conn.execute(
                "SELECT name, amount FROM leads WHERE owner = ? AND tenant = ? "
                "ORDER BY amount DESC, id DESC LIMIT 1",
                (owner, tenant),
            ).fetchone()
            found.append(row[0] if row else None)
        return found
        """,
    "all rows of an item": """
        found = []
        for owner in owners:
            rows = conn.execute(
                "SELECT owner, name FROM leads WHERE owner = ? ORDER BY name, id", (owner,)
            ).fetchall()
            found.append([tuple(row) for row in rows])
        return found
        """,
    "rows that are gone through": """
        found = []
        for owner in owners:
            for row in conn.execute(
                "SELECT id, owner FROM leads WHERE owner = ? AND tenant = ? ORDER BY id",
                (owner, tenant),
            ):
                found.append(row[0])
        return found
        """,
    "a row by its key, through a cursor": """
        found = []
        cursor = conn.cursor()
        for owner in owners:
            cursor.execute("SELECT id, name, amount FROM leads WHERE id = ?", (owner,))
            row = cursor.fetchone()
            if row is None:
                continue
            found.append(row)
        return found
        """,
    "the first few": """
        found = []
        for owner in owners:
            rows = conn.execute(
                "SELECT name FROM leads WHERE owner = ? ORDER BY amount, id LIMIT 2", (owner,)
            ).fetchall()
            found.append(rows)
        return found
        """,
    "a key made in the loop": """
        found = []
        for number, owner in enumerate(owners):
            key = int(owner)
            row = conn.execute("SELECT name FROM leads WHERE id = ?", (key,)).fetchone()
            found.append((number, row[0] if row is not None else "?"))
        return found
        """,
    "a helper that counts": """
        return {owner: count(conn, tenant, owner) for owner in owners}


        def count(conn: sqlite3.Connection, tenant: int, owner: int) -> int:
            row = conn.execute(
                "SELECT COUNT(*) FROM leads WHERE owner = ? AND tenant = ?", (owner, tenant)
            ).fetchone()
            return row[0]
        """,
    "a helper with several ways out": """
        found = []
        for owner in owners:
            found.append(told(conn, owner))
        return found


        def told(conn: sqlite3.Connection, owner: int) -> str | None:
            row = conn.execute(
                "SELECT name, amount FROM leads WHERE owner = ? ORDER BY id DESC", (owner,)
            ).fetchone()
            if row is None:
                return None
            if row[1]:
                return f"{row[0]}: {row[1]}"
            number = conn.execute(
                "SELECT COUNT(*) FROM leads WHERE owner = ?", (owner,)
            ).fetchone()[0]
            if number > 1:
                return f"{number}"
        """,
}
KEYS = st.integers(-1, 6)
ROWS = st.lists(
    st.tuples(
        st.none() | KEYS,
        st.none() | st.sampled_from(["", "Ann", "b'o", "ß"]),
        st.none() | st.integers(-3, 3),
        st.integers(1, 2),
    ),
    max_size=12,
)


@pytest.fixture(scope="module", params=ASKS)
def asked(request: pytest.FixtureRequest) -> Pair:
    body, _, rest = ASKS[request.param].partition("\n\n\n")
    code = HEAD + SIGNATURE + "    " + dedent(body).strip().replace("\n", "\n    ")
    return pair(code + "\n\n\n" + dedent(rest))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, owners=st.lists(KEYS, max_size=8))
def test_the_answers_are_the_same_for_any_rows_and_one_statement_gives_them(
    asked: Pair, rows: list[tuple[object, ...]], owners: list[int]
):
    conn = sqlite3.connect(":memory:")
    conn.execute(
        "CREATE TABLE leads "
        "(id INTEGER PRIMARY KEY, owner INTEGER, name TEXT, amount INTEGER, tenant INTEGER)"
    )
    conn.executemany("INSERT INTO leads (owner, name, amount, tenant) VALUES (?, ?, ?, ?)", rows)
    told: list[str] = []
    conn.set_trace_callback(told.append)
    before = outcome(asked.before["main"], conn, 1, list(owners))
    told.clear()
    after = outcome(asked.after["main"], conn, 1, list(owners))
    assert after == before
    assert len(told) <= asked.code.count("execute(") - asked.code.count("def told(") * 2


def test_of_several_rows_with_one_id_the_first_counts_as_before():
    body = dedent(ASKS["a key made in the loop"]).strip().replace("\n", "\n    ")
    made = pair(f"{HEAD}{SIGNATURE}    {body}\n")
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE leads (id INTEGER, name TEXT)")
    conn.executemany("INSERT INTO leads VALUES (?, ?)", [(1, "Ann"), (1, "Bob"), (2, "Cyd")])
    expected = [(0, "Ann"), (1, "Cyd"), (2, "?")]
    assert made.before["main"](conn, 1, [1, 2, 3]) == expected
    assert made.after["main"](conn, 1, [1, 2, 3]) == expected


def test_many_thousand_keys_are_one_parameter():
    body = dedent(ASKS["a count"]).strip().replace("\n", "\n    ")
    made = pair(f"{HEAD}{SIGNATURE}    {body}\n")
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE leads (owner INTEGER, tenant INTEGER)")
    assert len(made.after["main"](conn, 1, list(range(300_000)))) == 300_000


STORE = """
import sqlite3


class Store:
    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def name_of(self, number: int):
        row = self.connection.execute(
            "SELECT name FROM items WHERE id = ?", (number,)
        ).fetchone()
        return row[0] if row else None


def names(connection: sqlite3.Connection, numbers: list[int]):
    store = Store(connection)
    return [store.name_of(number) for number in numbers]
"""


def test_a_class_that_a_test_replaces_gets_no_other_method():
    test = 'from unittest.mock import patch\n\n\ndef test_names():\n    with patch("app.Store"):\n'
    plain = rewritten({"app.py": STORE}, group="batching")

    faked = rewritten(
        {"app.py": STORE, "tests/test_app.py": f"{test}        pass\n"}, group="batching"
    )

    assert plain.fixes
    assert not faked.fixes
    assert "`Store` is replaced by something else in tests/test_app.py" in faked.refused
