"""Reads that wait for one another: which need not, and which must."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import workspace_of

from asyncfix.checks import sequential_awaits
from asyncfix.findings import Applicability, Severity
from asyncfix.rewrites import fixes

STORE = """
    import asyncpg
    import httpx
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import AsyncSession

    pool: asyncpg.Pool
    connection: asyncpg.Connection
    session: AsyncSession
    client: httpx.AsyncClient

    async def user(key):
        return await pool.fetchrow("SELECT * FROM users WHERE id = $1", key)

    async def page(key):
        answer = await client.get(f"https://example.org/{key}")
        answer.raise_for_status()
        return answer.json()

    async def row(key):
        return (await session.execute(text("SELECT 1"))).scalar()

    async def seen(key):
        await pool.execute("UPDATE users SET seen = now() WHERE id = $1", key)
        return await pool.fetchval("SELECT seen FROM users WHERE id = $1", key)
"""


@pytest.fixture
def found(check, tmp_path):
    """Return a function that checks the body of a coroutine and gives the code of what is found."""

    def run(body, folder=""):
        rows = "".join(f"    {row}\n" for row in dedent(body).splitlines())
        app = f"from store import *\n\nasync def get(key, other, lock, store):\n{rows}"
        files = {"store.py": dedent(STORE), f"{folder}app.py": app}
        each = check(files, select=("sequential-awaits",), severity=Severity.INFO)
        return [_code(finding.location, tmp_path) for finding in each]

    return run


def _code(location, folder):
    return (folder / location.path).read_bytes()[location.start : location.end].decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("one = await user(key)\ntwo = await user(other)\nreturn one, two", "user(other)"),
        ("one = await user(key)\ntwo = await page(key)\nreturn one, two", "page(key)"),
        ("return await user(key), await page(key)", "page(key)"),
        ("return {'one': await user(key), 'two': await page(key)}", "page(key)"),
        (
            "if key:\n    one = await user(key)\n    two = await page(key)\n    print(one, two)",
            "page(key)",
        ),
        (
            "one = await client.get('a')\ntwo = await client.get('b')\nreturn one, two",
            "client.get('b')",
        ),
        ("one = (await page(key))['a']\ntwo = await page(other)\nreturn one, two", "page(other)"),
    ],
)
def test_two_reads_of_their_own_connections_could_be_waited_for_at_once(found, body, code):
    assert found(body) == ([code])


@pytest.mark.parametrize(
    "body",
    [
        # the second needs the first
        "one = await user(key)\nreturn await user(one['boss'])",
        "key = await user(key)\ntwo = await user(key)\nreturn two",
        "return await user(await page(key))",
        # one connection for both
        "one = await row(key)\ntwo = await row(other)\nreturn one, two",
        "one = await connection.fetch('A')\ntwo = await connection.fetch('B')\nreturn one, two",
        "one = await user(key)\ntwo = await row(key)\nreturn one, two",
        # what is written has an order
        "one = await seen(key)\ntwo = await user(key)\nreturn one, two",
        "one = await client.post('a')\ntwo = await client.get('a')\nreturn one, two",
        "one = await user(key)\nawait pool.execute('DELETE FROM users')\nreturn one",
        # something happens in between, or only one of them
        "one = await user(key)\nif one is None:\n    raise KeyError(key)\nreturn await page(key)",
        "one = await user(key)\nprint(one)\ntwo = await page(key)\nreturn one, two",
        "one = await user(key) or await page(key)\nreturn one",
        "one = await user(key)\ntwo = await page(key) if one else None\nreturn one, two",
        "try:\n    one = await user(key)\nexcept KeyError:\n    one = await page(key)\nreturn one",
        "async with lock:\n    one = await user(key)\ntwo = await page(key)\nreturn one, two",
        # called for what they do, or of things of which nothing is known
        "await user(key)\ntwo = await page(key)\nreturn two",
        "one = await store.get(key)\ntwo = await store.get(other)\nreturn one, two",
        # started together already
        "import asyncio\nreturn await asyncio.gather(user(key), page(key))",
    ],
)
def test_what_needs_its_order_or_its_connection_is_left_alone(found, body):
    assert found(body) == []


def test_tests_may_take_their_time(found):
    assert found("one = await user(key)\ntwo = await user(other)\nreturn one, two", "tests/") == []


def test_the_form_is_shown_and_never_written():
    app = """
        import httpx


        async def both(client: httpx.AsyncClient, user: int) -> tuple[object, object]:
            profile = await client.get(f"https://example.org/users/{user}")
            orders = await client.get(f"https://example.org/orders/{user}")
            return profile, orders
    """

    workspace = workspace_of({"app.py": dedent(app)})
    rule = workspace.project.packs.rules["sequential-awaits"]

    (finding,) = sequential_awaits.find(rule, workspace.project)
    (fix,) = fixes(rule, finding, workspace).fixes

    assert fix.applicability is Applicability.DISPLAY_ONLY
    assert fix.edits[0].text == dedent("""\
        profile, orders = await asyncio.gather(
                client.get(f"https://example.org/users/{user}"),
                client.get(f"https://example.org/orders/{user}"),
            )""")
