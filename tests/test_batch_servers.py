"""Loops over real servers that ask once: the same answers on any rows, each statement counted."""

from __future__ import annotations

import asyncio
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from batching import Pair, pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HOST = "127.0.0.1"
POSTGRESQL = f"postgresql://postgres@{HOST}:5432/postgres"
MARIADB = {"host": HOST, "user": "root", "database": "mysql", "charset": "utf8mb4"}
TABLE = "CREATE TEMPORARY TABLE leads (id {serial}, owner {key}, name TEXT, amount INT, tenant INT)"
ASKS = {
    "a count": """
        for owner in owners:
            row = {fetchrow}(
                "SELECT COUNT(*), MAX(amount) FROM leads WHERE owner = {1} AND tenant = {2}"{given}
            )
            found.append((owner, row[0], row[1]))
        """,
    "the latest": """
        for owner in owners:
            row = {fetchrow}(
                "SELECT name, amount FROM leads WHERE owner = {1} AND tenant = {2} "
                "ORDER BY amount DESC, id DESC LIMIT 1"{given}
            )
            found.append((row[0], row[1]) if row else None)
        """,
    "all rows": """
        for owner in owners:
            rows = {fetch}(
                "SELECT owner, id FROM leads WHERE owner = {1} AND tenant = {2} ORDER BY id"{given}
            )
            found.append([row[1] for row in rows])
        """,
}
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-1, 5),
        st.none() | st.sampled_from(["", "Ann", "b'o", "ß"]),
        st.integers(-3, 3),
        st.integers(1, 2),
    ),
    max_size=10,
)
KEYS = st.lists(st.integers(-1, 5), max_size=7)
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refuse_strangers(library: str, enter: Callable[[ModuleType], object]) -> None:
    """Skip where a library is not there, or no server that lets anybody in."""
    driver = pytest.importorskip(library, reason=f"needs {library}")
    try:
        enter(driver)
    except Exception as error:  # noqa: BLE001 - each driver has exceptions of its own
        pytest.skip(f"{library} finds no server to enter at {HOST}: {error}")


def written(body: str, **words: str) -> str:
    for name, word in words.items():
        body = body.replace(f"{{{name.lstrip('_')}}}", word)
    return dedent(body).strip().replace("\n", "\n    ")


# asyncpg: the server sends its own log of statements to the client


@pytest.fixture(scope="module", params=ASKS)
def of_asyncpg(request: pytest.FixtureRequest) -> Pair:
    async def enter(driver: ModuleType) -> None:
        await (await driver.connect(POSTGRESQL)).close()

    refuse_strangers("asyncpg", lambda driver: asyncio.run(enter(driver)))
    words = {"fetchrow": "await conn.fetchrow", "fetch": "await conn.fetch"}
    body = written(ASKS[request.param], **words, _1="$1", _2="$2", given=", owner, tenant")
    head = "async def main(conn: asyncpg.Connection, tenant: int, owners: list[int]) -> list:\n"
    return pair(f"import asyncpg\n\n\n{head}    found = []\n    {body}\n    return found\n")


@FEW
@given(rows=ROWS, owners=KEYS)
def test_postgresql_is_asked_once_by_asyncpg(of_asyncpg: Pair, rows: list[Any], owners: list[int]):
    import asyncpg  # noqa: PLC0415 - may be absent

    async def run(names: dict[str, Any]) -> tuple[str, int]:
        conn = await asyncpg.connect(POSTGRESQL)
        try:
            await conn.execute(TABLE.format(serial="SERIAL", key="INT"))
            query = "INSERT INTO leads (owner, name, amount, tenant) VALUES ($1, $2, $3, $4)"
            await conn.executemany(query, rows)
            told: list[str] = []
            conn.add_log_listener(lambda _, message: told.append(message.message))
            await conn.execute("SET log_statement = 'all'")
            await conn.execute("SET client_min_messages = 'log'")
            found = await names["main"](conn, 1, owners)
            await conn.execute("SET client_min_messages = 'notice'")
            return repr(found), sum("FROM leads" in each for each in told)
        finally:
            await conn.close()

    before, was = asyncio.run(run(of_asyncpg.before))
    after, now = asyncio.run(run(of_asyncpg.after))
    assert (after, was, now) == (before, len(owners), 1)


# cursors: MariaDB counts its statements itself


@pytest.fixture(scope="module", params=ASKS)
def of_pymysql(request: pytest.FixtureRequest) -> Pair:
    refuse_strangers("pymysql", lambda driver: driver.connect(**MARIADB).close())
    return of_cursor(request.param, "pymysql", "pymysql.connections.Connection")


@pytest.fixture(scope="module", params=ASKS)
def of_psycopg(request: pytest.FixtureRequest) -> Pair:
    refuse_strangers("psycopg", lambda driver: driver.connect(POSTGRESQL).close())
    return of_cursor(request.param, "psycopg", "psycopg.Connection")


def of_cursor(which: str, library: str, kind: str) -> Pair:
    body = ASKS[which].replace("row = {fetchrow}(", "cursor.execute(")
    body = body.replace("rows = {fetch}(", "cursor.execute(")
    last = "rows = cursor.fetchall()" if "all" in which else "row = cursor.fetchone()"
    rows = written(body, _1="%s", _2="%s", given=", (owner, tenant)").split("\n")
    at = next(n for n, row in enumerate(rows) if "found.append" in row)
    rows.insert(at, f"        {last}")
    head = f"def main(conn: {kind}, tenant: int, owners: list[int]) -> list:\n"
    text = "\n".join(rows)
    code = f"import {library}\n\n\n{head}    found = []\n    with conn.cursor() as cursor:\n"
    body = text.replace("\n", "\n    ")
    return pair(f"{code}        {body}\n    return found\n")


@FEW
@given(rows=ROWS, owners=KEYS)
def test_mariadb_is_asked_once_by_pymysql(of_pymysql: Pair, rows: list[Any], owners: list[int]):
    import pymysql  # noqa: PLC0415 - may be absent

    def run(names: dict[str, Any]) -> tuple[str, int]:
        conn = pymysql.connect(**MARIADB)
        with conn, conn.cursor() as cursor:
            cursor.execute(TABLE.format(serial="INT AUTO_INCREMENT PRIMARY KEY", key="INT"))
            query = "INSERT INTO leads (owner, name, amount, tenant) VALUES (%s, %s, %s, %s)"
            cursor.executemany(query, rows)
            before = selects(cursor)
            found = names["main"](conn, 1, owners)
            return repr(found), selects(cursor) - before

    def selects(cursor: Any) -> int:
        cursor.execute("SHOW SESSION STATUS LIKE 'Com_select'")
        return int(cursor.fetchone()[1])

    before, was = run(of_pymysql.before)
    after, now = run(of_pymysql.after)
    assert (after, was, now) == (before, len(owners), 1)


@FEW
@given(rows=ROWS, owners=KEYS)
def test_postgresql_is_asked_once_by_psycopg(of_psycopg: Pair, rows: list[Any], owners: list[int]):
    import psycopg  # noqa: PLC0415 - may be absent

    def run(names: dict[str, Any]) -> tuple[str, int]:
        with psycopg.connect(POSTGRESQL) as conn:
            conn.execute(TABLE.format(serial="SERIAL", key="INT"))
            query = "INSERT INTO leads (owner, name, amount, tenant) VALUES (%s, %s, %s, %s)"
            conn.cursor().executemany(query, rows)
            told: list[str] = []
            conn.add_notice_handler(lambda message: told.append(message.message_primary or ""))
            conn.execute("SET log_statement = 'all'")
            conn.execute("SET client_min_messages = 'log'")
            found = names["main"](conn, 1, owners)
            conn.execute("SET client_min_messages = 'notice'")
            return repr(found), sum("FROM leads" in each for each in told)

    before, was = run(of_psycopg.before)
    after, now = run(of_psycopg.after)
    assert (after, was, now) == (before, len(owners), 1)


# Redis: the client notes what it sends, for other clients may use the server meanwhile

REDIS = """
import redis


def main(client: redis.Redis, names: list[str]) -> list:
    found = []
    for name in names:
        value = client.get(f"asyncfix-batch:{name}")
        if value is None:
            continue
        found.append((name, value))
    return found
"""


@pytest.fixture(scope="module")
def of_redis() -> Pair:
    refuse_strangers("redis", lambda driver: driver.Redis(host=HOST).ping())
    return pair(REDIS)


@FEW
@given(known=st.sets(st.sampled_from("abcdef")), names=st.lists(st.sampled_from("abcdefgh")))
def test_redis_is_asked_once(of_redis: Pair, known: set[str], names: list[str]):
    import redis  # noqa: PLC0415 - may be absent

    sent: list[object] = []

    class Noting(redis.Redis):
        def execute_command(self, *args: object, **options: object) -> object:
            sent.append(args[0])
            return super().execute_command(*args, **options)

    with Noting(host=HOST) as client:
        everything = [f"asyncfix-batch:{name}" for name in "abcdef"]
        client.delete(*everything)
        for name in known:
            client.set(f"asyncfix-batch:{name}", name, ex=60)
        sent.clear()
        before = of_redis.before["main"](client, list(names))
        assert sent == ["GET"] * len(names)
        sent.clear()
        assert of_redis.after["main"](client, list(names)) == before
        assert sent == ["MGET"]
        client.delete(*everything)
