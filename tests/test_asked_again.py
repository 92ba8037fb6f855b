"""Questions that are asked again although nothing has changed: in a loop, or in one function.

`store` has a pool of asyncpg and a session of SQLAlchemy, so that every test shows what is found
beside what is left alone.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity

STORE = """
    import asyncpg
    from sqlalchemy import select, update
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

    pool: asyncpg.Pool
    session: AsyncSession

    class Base(DeclarativeBase): ...

    class Rate(Base):
        __tablename__ = "rates"
        name: Mapped[str] = mapped_column(primary_key=True)
        value: Mapped[float]

    async def rate(name):
        return await pool.fetchval("SELECT value FROM rates WHERE name = $1", name)

    async def every():
        return await pool.fetch("SELECT * FROM rates")

    async def raised(name):
        await pool.execute("UPDATE rates SET value = value + 1 WHERE name = $1", name)

    async def locked(name):
        found = select(Rate).where(Rate.name == name).with_for_update()
        return (await session.execute(found)).scalar_one()
"""
IMPORTS = """
import asyncio
from sqlalchemy import select
from store import Rate, every, locked, pool, raised, rate, session
"""
RULES = ("loop-invariant-query", "repeated-query")


@pytest.fixture
def found(check, tmp_path):
    """Return a function that checks `app.py` and gives rule and code of what these rules find."""

    def run(app, **settings):
        files = {"store.py": dedent(STORE), "app.py": dedent(app)}
        each = check(files, select=("batching",), **settings)
        return [(one.rule, _code(one, tmp_path)) for one in each if one.rule in RULES]

    return run


def _code(finding, folder):
    data = (folder / finding.location.path).read_bytes()
    return data[finding.location.start : finding.location.end].decode()


def looped(body, head="async def get(items, name):"):
    rows = dedent(body).strip("\n").splitlines()
    lines = [
        IMPORTS,
        head,
        "    found = []",
        "    for item in items:",
        *(f"        {row}" for row in rows),
        "    return found",
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("found.append(await rate(name))", "rate(name)"),
        ("found.append(await every())", "every()"),
        ("found.append(item + await rate('vat'))", "rate('vat')"),
        (
            "found.append(await pool.fetchval('SELECT value FROM rates WHERE name = $1', name))",
            "pool.fetchval('SELECT value FROM rates WHERE name = $1', name)",
        ),
        (
            "found.append((await session.execute(select(Rate).where(Rate.name == name))).scalar())",
            "session.execute(select(Rate).where(Rate.name == name))",
        ),
        ("if item > 3:\n    found.append(await rate(name))", "rate(name)"),
        (
            "try:\n    found.append(await rate(name))\nexcept ValueError:\n    pass",
            "rate(name)",
        ),
    ],
)
def test_a_query_that_no_item_changes_is_asked_in_vain(found, body, code):
    assert found(looped(body)) == [("loop-invariant-query", code)]


@pytest.mark.parametrize(
    "body",
    [
        # the item decides
        "found.append(await rate(item))",
        "kind = 'a' if item else 'b'\nfound.append(await rate(kind))",
        "if item:\n    kind = 'a'\nelse:\n    kind = 'b'\nfound.append(await rate(kind))",
        # something is written meanwhile
        "found.append(await rate(name))\nawait raised(name)",
        "found.append(await rate(name))\nawait pool.execute('UPDATE rates SET value = 1')",
        "found.append(await rate(name))\nsession.add(Rate(name=name))",
        "found.append(await rate(name))\nitem.value = 3",
        "found.append(await rate(name))\nawait item.save()",
        # asked until it is known, or to see whether to go on
        "if not found:\n    found = await every()",
        "known = {}\nknown[name] = known.get(name) or await rate(name)",
        "found = found or await every()",
        "if await rate(name):\n    raise ValueError(name)",
        "if await rate(name):\n    break",
        "await rate(name)",
        # one more connection, lock or loop
        "async with pool.acquire() as one:\n    found.append(await one.fetchval('SELECT 1'))",
        "while True:\n    found.append(await rate(name))",
        "try:\n    found.append(item.value)\nexcept KeyError:\n    found.append(await rate(name))",
        # something else each time
        "found.append(await pool.fetchval('SELECT nextval($1)', name))",
        "import time\nfound.append(await pool.fetchval('SELECT $1', time.time()))",
        "found.append(await locked(name))",
        # answered by what the session has
        "found.append(await session.get(Rate, name))",
        "await session.refresh(name)\nfound.append(name)",
        "found.append(await rate(name))\nreturn found",
    ],
)
def test_what_may_change_from_item_to_item_is_asked_for_a_reason(found, body):
    assert found(looped(body)) == []


def test_a_comprehension_is_a_loop(found):
    app = """
        from store import rate

        async def get(items, name):
            return [item * await rate(name) for item in items], [await rate(i) for i in items]
    """

    assert found(app) == [("loop-invariant-query", "rate(name)")]


def test_a_loop_over_a_few_or_over_tries_asks_on_purpose(found):
    app = """
        from store import rate

        async def get(name):
            for _ in range(10):
                print(await rate(name))
            for each in ("a", "b"):
                print(each, await rate(name))
    """

    assert found(app) == []


def test_a_cached_helper_asks_once(found):
    app = """
        from functools import lru_cache
        from sqlalchemy.orm import Session
        from store import Rate

        @lru_cache
        def cached(session: Session):
            return session.query(Rate).all()

        def plain(session: Session):
            return session.query(Rate).all()

        def get(items, session: Session):
            return [(item, cached(session)) for item in items]

        def other(items, session: Session):
            return [(item, plain(session)) for item in items]
    """

    assert found(app) == [("loop-invariant-query", "plain(session)")]


def twice(body, head="async def get(name, flag):"):
    rows = dedent(body).strip("\n").splitlines()
    return "\n".join([IMPORTS, head, *(f"    {row}" for row in rows)]) + "\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("one = await rate(name)\ntwo = await rate(name)\nreturn one, two", "rate(name)"),
        ("one = await rate(name)\nif flag:\n    return await rate(name)\nreturn one", "rate(name)"),
        ("if await rate(name):\n    return await rate(name)", "rate(name)"),
        (
            "one = await rate(name)\nprint(one)\nreturn await rate(\n    name)",
            "rate(\n        name)",
        ),
        ("one = await rate(name)\nother = await every()\nreturn await rate(name)", "rate(name)"),
        (
            "if await rate(name) == 1:\n    return 1\nelif await rate(name) == 2:\n    return 2",
            "rate(name)",
        ),
    ],
)
def test_an_answer_that_is_at_hand_is_asked_for_again(found, body, code):
    assert found(twice(body)) == [("repeated-query", code)]


@pytest.mark.parametrize(
    "body",
    [
        # another question
        "one = await rate(name)\nname = name.lower()\ntwo = await rate(name)\nreturn one, two",
        "return await rate(name + 'a'), await rate(name + 'b')",
        "return await rate(f'{name}a'), await rate(f'{name}b')",
        # only one of the two is asked
        "if flag:\n    one = await rate(name)\nelse:\n    one = await rate(name)\nreturn one",
        "if flag:\n    return await rate(name)\nreturn await rate(name) + 1",
        "one = flag and await rate(name)\nreturn one or await rate(name)",
        "try:\n    return await rate(name)\nexcept ValueError:\n    return await rate(name)",
        # something has changed
        "one = await rate(name)\nawait raised(name)\nreturn one, await rate(name)",
        "one = await rate(name)\nawait session.commit()\nreturn one, await rate(name)",
        "one = await rate(name)\nflag.value = one\nreturn one, await rate(name)",
        "one = await rate(name)\nsetattr(flag, 'value', one)\nreturn one, await rate(name)",
        "one = await rate(name)\nawait flag.update()\nreturn one, await rate(name)",
        # or may have: a lock, a pause, a poll, another transaction
        "one = await rate(name)\nawait locked(name)\nreturn one, await rate(name)",
        "one = await rate(name)\nawait asyncio.sleep(1)\nreturn one, await rate(name)",
        "one = await rate(name)\nasync with flag:\n    return one, await rate(name)",
        "one = await rate(name)\nwhile not one:\n    one = await rate(name)\nreturn one",
        # called for what it does
        "one = await rate(name)\nawait rate(name)\nreturn one",
        # written to be asked again and again
        "async def now():\n    return await rate(name)\n\nreturn await now(), await now()",
        # the session has it already
        "return await session.get(Rate, name), await session.get(Rate, name)",
    ],
)
def test_what_is_another_question_or_another_time_is_no_repetition(found, body):
    assert found(twice(body)) == []


def test_tests_ask_again_to_see_what_has_become_of_it(check):
    app = twice("one = await rate(name)\ntwo = await rate(name)\nreturn one, two")
    files = {"store.py": dedent(STORE), "tests/test_app.py": app}

    assert check(files, select=("repeated-query",), severity=Severity.INFO) == []


def test_the_finding_tells_where_it_was_asked_first(check):
    files = {
        "store.py": dedent(STORE),
        "app.py": twice("one = await rate(name)\ntwo = await rate(name)\nreturn one, two"),
    }

    (finding,) = check(files, select=("repeated-query",))

    assert [step.text for step in finding.trace] == [
        "`app.get` asks the same here, before",
        "`app.get` awaits `store.rate`",
        "`store.rate` calls `asyncpg.Pool.fetchval`",
    ]
    assert finding.severity is Severity.WARNING
