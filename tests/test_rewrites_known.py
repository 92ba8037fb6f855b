"""Answers that are known already: the code before and after gives and raises the same."""

from __future__ import annotations

import sqlite3
from textwrap import dedent

import pytest
from batching import loaded, outcome
from hypothesis import given
from hypothesis import strategies as st
from rewriting import rewritten

STORE = """
    import sqlite3


    def rate(connection: sqlite3.Connection, name: str) -> float | None:
        row = connection.execute("SELECT value FROM rates WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise LookupError(name)
        return row[0]


    def priced(connection: sqlite3.Connection, items: list[int], name: str) -> list[float]:
        found = []
        for item in items:
            value = rate(connection, name)
            found.append(item * (value or 0))
        return found


    def dear(connection: sqlite3.Connection, items: list[int], name: str) -> list[float]:
        found = []
        for item in items:
            if item > 3:
                found.append(rate(connection, name) or item)
        return found


    def both(connection: sqlite3.Connection, items: list[int], name: str) -> tuple[object, ...]:
        first = rate(connection, name)
        if len(items) > 2:
            return first, rate(connection, name)
        return (first,)


    async def reached(connection: sqlite3.Connection, items: list[int]) -> object:
        return both(connection, items, "vat")
"""
MADE = rewritten({"app.py": dedent(STORE)}, group="batching")
BEFORE, AFTER = loaded(dedent(STORE)), loaded(MADE.files["app.py"])


def test_the_first_item_asks_and_the_answer_is_kept():
    code = MADE.files["app.py"]

    assert (
        """
    value = None
    for item in items:
        if value is None:
            value = rate(connection, name)
        found.append(item * (value or 0))
"""
        in code
    )
    assert (
        """
    answer = None
    for item in items:
        if item > 3:
            if answer is None:
                answer = rate(connection, name)
            found.append(answer or item)
"""
        in code
    )
    assert "return first, first" in code
    assert len(MADE.fixes) == 3


@given(
    st.sampled_from(("priced", "dear", "both")),
    st.lists(st.integers(0, 6), max_size=5),
    st.sampled_from(("vat", "none", "missing")),
)
def test_results_and_errors_are_the_same_and_questions_fewer(function, items, name):
    told, counts = [], []
    for names in (BEFORE, AFTER):
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE rates (name TEXT, value REAL)")
        connection.execute("INSERT INTO rates VALUES ('vat', 0.2), ('none', NULL)")
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        told.append(outcome(names[function], connection, items, name))
        counts.append(len(statements))
        connection.close()

    assert told[0] == told[1]
    assert counts[1] <= counts[0]
    if name == "vat" or not items:
        assert counts[1] <= 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "for item in items:\n    found.append((item(), rate(connection, name)))",
            "the query is not the first thing that its statement does",
        ),
        (
            "found = [rate(connection, name) for item in items]",
            "the loop has no statements among which the answer could be kept",
        ),
        (
            "found.append(rate(connection, name))\nfound.append(rate(connection, name))",
            "no variable holds the first answer",
        ),
        (
            "one = rate(connection, name)\none = one + 1\nfound = one + rate(connection, name)",
            "`one` holds something else than the answer",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(body, reason):
    rows = "".join(f"    {row}\n" for row in ("found = []", *body.splitlines(), "return found"))
    store = dedent(STORE).partition("def priced")[0]
    code = f"{store}async def get(connection, items, name):\n{rows}"

    assert rewritten({"app.py": code}, group="batching").refused == (reason,)


def test_a_cursor_that_is_read_once_is_not_kept():
    code = """
        import sqlite3


        def get(connection: sqlite3.Connection, items: list[int]) -> list[object]:
            found = []
            for item in items:
                rows = connection.execute("SELECT * FROM rates")
                found.append([(item, row) for row in rows])
            return found
    """

    made = rewritten({"app.py": dedent(code)}, group="batching")

    assert made.refused == ("the answer is a cursor that can be read only once",)
