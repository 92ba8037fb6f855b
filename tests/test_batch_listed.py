"""Numbers that a loop asks for each row of a list in SQLite: asked with the list, all in one go."""

from __future__ import annotations

from textwrap import dedent

import pytest
from batching import Pair, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import rewritten

STORE = """
import json
import sqlite3


class Store:
    table = ""
    parsed = ()

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def find(self, where="1 = 1", params=(), order="id", limit=-1) -> list[dict]:
        query = f"SELECT * FROM {self.table} WHERE {where} ORDER BY {order} LIMIT ?"
        rows = self.connection.execute(query, (*params, limit)).fetchall()
        return [self._dict(row) for row in rows]

    def _dict(self, row: sqlite3.Row) -> dict:
        record = dict(row)
        for name in self.parsed:
            if isinstance(record.get(name), str):
                record[name] = json.loads(record[name])
        return record


class Owners(Store):
    table = "owners"
    parsed = ("tags",)

    def owners(self, least: int = 0, limit: int = -1) -> list[dict]:
        return self.find("id >= ?", (least,), order="mark DESC, id", limit=limit)

    def every_owner(self) -> list[dict]:
        rows = self.connection.execute("SELECT * FROM owners ORDER BY mark, id").fetchall()
        return [dict(row) for row in rows]

    def lead_number(self, mark: object) -> int:
        row = self.connection.execute(
            "SELECT ASKED FROM leads WHERE owner = ? AND state = 'open'", (mark,)
        ).fetchone()
        return row[0]
"""
RUN = """

def run(kind: str, owners: list, leads: list, least: int) -> tuple:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute(f"CREATE TABLE owners (id INTEGER PRIMARY KEY, mark {kind}, tags TEXT)")
    connection.execute("CREATE TABLE leads (owner ASIS, amount, state TEXT)".replace("ASIS", OF))
    connection.executemany("INSERT INTO owners (mark, tags) VALUES (?, '[1]')", owners)
    connection.executemany("INSERT INTO leads VALUES (?, ?, ?)", leads)
    told = []
    connection.set_trace_callback(told.append)
    return main(Owners(connection), least), len(told)
"""
LOOPS = {
    "a method that passes on": """
        def main(store: Owners, least: int) -> list:
            found = []
            rows = store.owners(least)
            answer = {}
            for row in rows:
                row["number"] = store.lead_number(row["mark"])
                found.append({**row})
            return [found, rows, answer]
        """,
    "a method that sends": """
        def main(store: Owners, least: int) -> list:
            return [(row["id"], store.lead_number(row["mark"])) for row in store.every_owner()]
        """,
}
KINDS = ["", "INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "TEXT COLLATE NOCASE"]
VALUES = st.sampled_from(
    [None, 1, 2, 1.0, 1.5, "1", "01", "a", "A", "a ", "", b"1", b"a", -(2**62)]
)
AMOUNTS = st.none() | st.integers(-3, 3) | st.sampled_from([0.5, "x"])
LEADS = st.lists(st.tuples(VALUES, AMOUNTS, st.sampled_from(["open", "lost"])), max_size=8)


@pytest.fixture(scope="module", params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return dedent(LOOPS[request.param])


@pytest.fixture(scope="module", params=["COUNT(*)", "SUM(amount)", "MAX(amount)"])
def made(request: pytest.FixtureRequest, loop: str) -> Pair:
    code = STORE.replace("ASKED", request.param) + "\n" + loop
    return pair(f"{code}{RUN}")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    owners=st.lists(st.tuples(VALUES), max_size=6),
    leads=LEADS,
    least=st.integers(0, 3),
)
def test_one_statement_gives_what_one_for_each_row_gave(
    made: Pair, kinds: tuple[str, str], owners: list, leads: list, least: int
):
    for names in (made.before, made.after):
        names["OF"] = kinds[1]
    before, _ = made.before["run"](kinds[0], owners, leads, least)
    after, told = made.after["run"](kinds[0], owners, leads, least)
    assert repr(after) == repr(before)
    assert told == 1


CHANGES = {
    "another parameter": ("AND state = 'open'\", (mark,)", "AND state = ?\", (mark, 'open')"),
    "another connection": ("self.connection.execute(query", "sqlite3.connect('x').execute(query"),
    "the key is parsed": ('parsed = ("tags",)', 'parsed = ("tags", "mark")'),
    "the column is parsed": ('parsed = ("tags",)', 'parsed = ("lead_number",)'),
    "what is parsed is made": ('parsed = ("tags",)', 'parsed = tuple(["tags"])'),
    "a class below": ("class Owners(Store):", "class Mine(Owners): ...\n\n\nclass Owners(Store):"),
    "the same table": ("FROM leads", "FROM owners"),
    "rows that become something else": ("return record", "return Row(**record)"),
    "groups": ("ORDER BY {order}", "GROUP BY id ORDER BY {order}"),
    "the row is handed on": ('row["number"]', 'answer.update(row)\n        row["number"]'),
    "not every row": ('row["number"] = store', "if row['id']: row[\"number\"] = store"),
    "rows that are left": ('row["number"]', "if row['id']: continue\n        row[\"number\"]"),
    "a query between": ("answer = {}", "answer = store.every_owner()"),
    "a column of that name": ('"id >= ?"', '"id >= ? AND lead_number > 1"'),
    "more than a number": ("return row[0]", "print(mark)\n        return row[0]"),
    "types of SQLite's own": ("import json", "import json\n# sqlite3.connect(detect_types=1)"),
    "values that are cast": ('row["mark"])', 'str(row["mark"]))'),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_what_may_differ_is_asked_in_a_query_of_its_own(old: str, new: str):
    code = STORE.replace("ASKED", "COUNT(*)") + "\n" + dedent(LOOPS["a method that passes on"])
    assert code.count(old) >= 1
    changed = rewritten({"app.py": code.replace(old, new)}, group="batching")
    assert "owners_with_" not in changed.files["app.py"]
    assert "owners_with_" in rewritten({"app.py": code}, group="batching").files["app.py"]


def test_a_test_that_replaces_a_method_keeps_it():
    code = STORE.replace("ASKED", "COUNT(*)") + "\n" + dedent(LOOPS["a method that passes on"])
    fake = "def test(monkeypatch):\n    monkeypatch.setattr('app.Owners.find', lambda self: [])\n"
    made = rewritten({"app.py": code, "tests/test_app.py": fake}, group="batching")
    assert "owners_with_" not in made.files["app.py"]
