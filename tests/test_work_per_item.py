"""Work per item: which loops ask a store once per item, and which only look like it.

`store` has a pool of asyncpg, a session of SQLAlchemy and an HTTP client, so that every test
shows what is found beside what is left alone.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity
from asyncfix.project.reach import Reach

STORE = """
    import asyncpg
    import httpx
    from sqlalchemy.orm import Session

    pool: asyncpg.Pool
    session: Session
    client: httpx.AsyncClient

    async def load(key):
        return await pool.fetchrow("SELECT * FROM users WHERE id = $1", key)

    async def constant():
        return await pool.fetchrow("SELECT * FROM settings")

    def count(key):
        return session.query(int).filter_by(key=key).count()
"""


@pytest.fixture
def found(check, tmp_path):
    """Return a function that checks `app.py` and tells rule and code of what is found."""

    def run(app, others=None, **settings):
        texts = {"store.py": STORE, "app.py": app, **(others or {})}
        files = {name: dedent(text) for name, text in texts.items()}
        each = check(files, select=("batching",), **settings)
        return [(finding.rule, code_at(finding.location, tmp_path)) for finding in each]

    return run


def code_at(location, folder):
    data = (folder / location.path).read_bytes()
    return data[location.start : location.end].decode()


def asked(code):
    return [("n-plus-one-query", code)]


# What varies per item


@pytest.mark.parametrize(
    ("loop", "key"),
    [
        ("for item in items", "item"),
        ("for item in items", "item['id']"),
        ("for item in items", "item.user.id"),
        ("for item in items", "f'user-{item}'"),
        ("for item in items", "item + 1"),
        ("for item in items", "'%s' % item"),
        ("for item in items", "str(item)"),
        ("for item in items", "{'id': item}"),
        ("for name, item in items.items()", "item"),
        ("for number, item in enumerate(items)", "item"),
        ("for item, other in zip(items, keys)", "other"),
        ("for number in range(len(items))", "items[number]"),
        ("for item in sorted(set(items))", "item"),
    ],
)
def test_an_argument_depends_on_the_item_in_many_forms(found, loop, key):
    app = f"""
        from store import load

        async def get(items, keys):
            {loop}:
                await load({key})
    """

    assert found(app) == asked(f"load({key})")


def test_a_value_that_is_computed_from_the_item_is_followed_through_names(found):
    app = """
        from store import load

        async def get(items):
            for item in items:
                first, last = item.name.split()
                key = f"{first}.{last}".lower()
                await load(key)
    """

    assert found(app) == asked("load(key)")


def test_a_dict_that_is_filled_with_the_item_depends_on_it(found):
    app = """
        from store import load

        async def get(items):
            for item in items:
                query = {}
                query["id"] = item
                await load(query)
    """

    assert found(app) == asked("load(query)")


def test_starred_arguments_count(found):
    app = """
        from store import pool

        async def get(items):
            for item in items:
                values = (item, 1)
                await pool.fetchrow("SELECT 1 WHERE $1 = $2", *values)
    """

    assert found(app) == asked('pool.fetchrow("SELECT 1 WHERE $1 = $2", *values)')


def test_a_comprehension_is_a_loop(found):
    app = """
        from store import count, load

        async def get(items):
            loaded = [await load(item) for item in items]
            counted = {item: count(item) for item in items}
            return loaded, counted
    """

    assert [code for _, code in found(app)] == ["load(item)", "count(item)"]


def test_a_gather_over_one_asks_as_many_queries(found):
    app = """
        import asyncio
        from store import load

        async def get(items):
            return await asyncio.gather(*[load(item) for item in items])
    """

    assert found(app) == asked("load(item)")


# Chains


def test_a_query_is_found_through_await_threads_and_methods(found):
    app = """
        import asyncio
        from store import count, load

        class Users:
            async def one(self, key):
                return await self._row(key)

            async def _row(self, key):
                return await load(key)

            def number(self, key):
                return count(key)

        async def get(items):
            users = Users()
            for item in items:
                await users.one(item)
                await asyncio.to_thread(users.number, item)
                await asyncio.get_running_loop().run_in_executor(None, users.number, item)
    """

    assert [code for _, code in found(app)] == [
        "users.one(item)",
        "asyncio.to_thread(users.number, item)",
        "asyncio.get_running_loop().run_in_executor(None, users.number, item)",
    ]


def test_the_chain_is_told_down_to_the_query(check):
    files = {
        "store.py": dedent(STORE),
        "app.py": dedent("""
            from store import load

            async def get(items):
                for item in items:
                    await load(item)
        """),
    }

    (finding,) = check(files, select=("batching",))

    assert [step.text for step in finding.trace] == [
        "`app.get` awaits `store.load`",
        "`store.load` calls `asyncpg.Pool.fetchrow`",
    ]
    assert "SELECT * FROM users WHERE id = $1" in finding.help


def test_recursion_over_children_is_found(found):
    app = """
        from store import load

        async def walk(node):
            await load(node.id)
            for child in node.children:
                await walk(child)
    """

    assert found(app) == asked("walk(child)")


def test_a_decorator_of_the_project_hides_nothing(found):
    app = """
        import functools
        from store import load

        def timed(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)
            return wrapper

        @timed
        async def user(key):
            return await load(key)

        async def get(items):
            for item in items:
                await user(item)
    """

    assert found(app) == asked("user(item)")


def test_synchronous_code_is_judged_as_well(found):
    app = """
        from store import session

        def get(items):
            for item in items:
                session.get(int, item)
    """

    assert found(app) == asked("session.get(int, item)")


def test_a_helper_that_ignores_the_item_is_no_query_per_item(found):
    app = """
        from store import constant, load

        async def same(key):
            return await constant()

        async def get(items):
            for item in items:
                await same(item)
                await load(7)
    """

    assert found(app) == []


# Rules


def test_statements_tell_reading_from_inserting(found):
    app = """
        from store import pool

        INSERT = "INSERT INTO users VALUES ($1)"

        async def get(items):
            for item in items:
                await pool.execute(INSERT, item)
                await pool.execute("UPDATE users SET seen = true WHERE id = $1", item)
    """

    assert [rule for rule, _ in found(app)] == ["insert-in-loop", "n-plus-one-query"]


def test_a_statement_is_followed_to_the_caller_that_says_it(found):
    app = """
        from store import pool

        async def run(statement, *values):
            return await pool.execute(statement, *values)

        async def get(items):
            for item in items:
                await run("INSERT INTO users VALUES ($1)", item)
    """

    assert [rule for rule, _ in found(app)] == ["insert-in-loop"]


def test_adding_is_only_wrong_where_each_item_is_saved(found):
    app = """
        from store import session

        def one_by_one(items):
            for item in items:
                session.add(item)
                session.commit()

        def together(items):
            for item in items:
                session.add(item)
            session.commit()
    """

    assert found(app) == [
        ("insert-in-loop", "session.add(item)"),
        ("commit-in-loop", "session.commit()"),
    ]


def test_requests_are_told_apart_from_queries(found):
    app = """
        from store import client

        async def get(items):
            for item in items:
                await client.get(f"https://example.com/{item}")
    """

    assert [rule for rule, _ in found(app)] == ["n-plus-one-request"]


def test_requests_that_are_gathered_do_not_wait_for_one_another(found):
    app = """
        import asyncio
        from store import client

        async def one(item):
            return await client.get(f"https://example.com/{item}")

        async def get(items):
            await asyncio.gather(*[client.get(item) for item in items])
            await asyncio.gather(*(one(item) for item in items))
            for item in items:
                asyncio.create_task(one(item))
            for item in items:
                await asyncio.wait_for(client.get(item), 5)
    """

    assert found(app) == [
        ("unbounded-gather", "client.get(item)"),
        ("unbounded-gather", "one(item)"),
        ("n-plus-one-request", "client.get(item)"),
    ]


def test_a_gather_is_limited_by_threads_by_a_slice_and_by_what_blocks(found):
    app = """
        import asyncio, requests
        from store import client

        def ask(item):
            return requests.get(item, timeout=5)

        async def in_a_thread(item):
            return await asyncio.get_running_loop().run_in_executor(None, ask, item)

        async def blocking(item):
            return ask(item)

        async def get(items):
            await asyncio.gather(*(in_a_thread(item) for item in items))
            await asyncio.gather(*(asyncio.to_thread(ask, item) for item in items))
            await asyncio.gather(*(blocking(item) for item in items))
            await asyncio.gather(*(client.get(item) for item in items[:5]))
            await asyncio.gather(*(client.get(item) for item in items[-5:]))
            for at in range(0, len(items), SIZE):
                await asyncio.gather(*(client.get(item) for item in items[at : at + SIZE]))
            await asyncio.gather(*(client.get(item) for item in items[5:]))
    """

    assert found(app) == [("unbounded-gather", "client.get(item)")]


def test_a_gather_under_a_semaphore_is_left_alone(found):
    app = """
        import asyncio
        from store import client

        LIMIT = asyncio.Semaphore(5)

        class Pages:
            def __init__(self):
                self._slots = asyncio.Semaphore(3)

            async def one(self, item):
                async with self._slots:
                    return await client.get(item)

            async def get(self, items):
                return await asyncio.gather(*(self.one(item) for item in items))

        async def one(item):
            async with LIMIT:
                return await client.get(item)

        async def get(items):
            await asyncio.gather(*(one(item) for item in items))
            await asyncio.gather(*(client.get(item) for item in ("a", "b", "c", "d")))
    """

    assert found(app) == []


# Look-alikes


@pytest.mark.parametrize(
    "loop",
    [
        "for attempt in range(3)",
        "for page in range(1, 100)",
        "for start in range(0, len(items), 100)",
        "for kind in ('a', 'b', 'c')",
        "for kind in ['a', 'b']",
        "for kind in KINDS",
        "for kind in chunks(items, 100)",
        "while items",
    ],
)
def test_tries_pages_chunks_and_short_literals_are_left_alone(found, loop):
    app = f"""
        from store import load

        KINDS = ("a", "b")

        def chunks(items, size):
            return [items[at : at + size] for at in range(0, len(items), size)]

        async def get(items):
            page = start = kind = attempt = items
            {loop}:
                await load([page, start, kind, attempt])
    """

    assert found(app) == []


@pytest.mark.parametrize(
    "body",
    [
        "user = await load(item)\nif user:\n    return user",
        "user = await load(item)\nif user is not None:\n    break",
        "return await load(item)",
        "if item.wanted:\n    await load(item)\n    return",
        "if item.wanted:\n    await load(item)\n    break",
        "try:\n    return await load(item)\nexcept OSError:\n    continue",
        "await load(item)\nawait asyncio.sleep(1)",
        "await load(item)\nawait pause()",
        "if item not in known:\n    known[item] = await load(item)",
        "user = known.get(item)\nif user is None:\n    user = known[item] = await load(item)",
        "if len(known) > 100:\n    await load(item)",
        "await cached(item)",
        "await memo(item)",
        "handlers.append(lambda: load(item))",
        "try:\n    item()\nexcept OSError:\n    await load(item)",
        "user = await load(item)\ntry:\n    return user.name\nexcept OSError:\n    pass",
        "await given(item, item)",
    ],
)
def test_first_hits_pauses_and_memory_are_left_alone(found, body):
    app = """
        import asyncio
        from functools import cache
        from store import load

        seen = {}

        async def pause():
            await asyncio.sleep(1)

        @cache
        def cached(key):
            return load(key)

        async def memo(key):
            if key in seen:
                return seen[key]
            user = await load(key)
            seen[key] = user
            return user

        async def given(key, user=None):
            if user is None:
                user = await load(key)
            return user

        async def get(items, known, handlers):
            for item in items:
    """
    indented = "\n".join(" " * 16 + line for line in body.splitlines())

    assert found(app.rstrip() + "\n" + indented + "\n") == []


def test_an_early_return_for_what_is_missing_does_not_excuse_the_loop(found):
    app = """
        from store import load

        async def get(items):
            for item in items:
                user = await load(item)
                if user is None:
                    return None
            return 1
    """

    assert found(app) == asked("load(item)")


def test_what_a_loop_runs_over_is_asked_once(found):
    app = """
        from store import load

        async def get(key):
            for row in await load(key):
                print(row)
            return [row for row in await load(key)]
    """

    assert found(app) == []


def test_the_inner_query_of_a_nested_loop_is_found(found):
    app = """
        from store import load

        async def get(groups):
            for group in groups:
                for row in await load(group):
                    print(row)
    """

    assert found(app) == asked("load(group)")


def test_messages_and_events_that_come_one_by_one_are_left_alone(found):
    app = """
        from store import load

        async def get(websocket, queue):
            async for message in websocket:
                await load(message)
            while True:
                await load(await queue.get())
    """

    assert found(app) == []


def test_dictionaries_named_like_stores_are_left_alone(found):
    app = """
        async def get(items, session: dict, redis=None):
            redis = {}
            for item in items:
                session.get(item)
                redis.get(item)
    """

    assert found(app) == []


def test_any_and_next_ask_until_they_find_something(found):
    app = """
        from store import count

        def get(items):
            return any(count(item) for item in items), next((i for i in items if count(i)), None)
    """

    assert found(app) == []


def test_a_commit_for_many_items_is_left_alone(found):
    app = """
        from store import session

        def get(items):
            for number, item in enumerate(items):
                item.seen = True
                if number % 100 == 0:
                    session.commit()
    """

    assert found(app) == []


def test_an_argument_that_decides_against_the_query_is_believed(found):
    app = """
        from store import load

        async def user(key, deep=False):
            if deep:
                return await load(key)
            return key

        async def get(items):
            for item in items:
                await user(item)
            for item in items:
                await user(item, deep=True)
    """

    assert found(app) == asked("user(item, deep=True)")


def test_an_imported_constant_is_as_long_as_it_is(found):
    app = """
        from store import load
        from tables import FEW, NAMES

        async def get():
            for name in FEW:
                await load(name)
            for name in NAMES:
                await load(name)
    """
    tables = "FEW = ('a', 'b')\nNAMES = [name.upper() for name in open('names')]\n"
    assert found(app, others={"tables.py": tables}) == asked("load(name)")


def test_a_literal_of_some_items_is_of_low_confidence(check):
    app = """
        from store import load

        async def get():
            for kind in ("a", "b", "c", "d", "e"):
                await load(kind)
    """

    files = {"store.py": dedent(STORE), "app.py": dedent(app)}
    (finding,) = check(files, select=("batching",), severity=Severity.INFO)

    assert (finding.confidence, finding.severity) == ("low", "info")


def test_tests_and_scripts_are_information(found):
    loop = """
        from store import load

        async def get(items):
            for item in items:
                await load(item)
    """

    assert found("", {"tests/test_users.py": loop, "scripts/seed.py": loop}) == []


def test_an_object_of_the_loop_must_bring_something_to_the_query(found):
    app = """
        from store import load, session

        class Hook:
            def __init__(self, name):
                self.name, self.session = name, session

            async def run(self, key):
                return self.session.get(int, key)

            async def own(self):
                return self.session.get(int, self.name)

        async def get(hooks: list[Hook], key):
            for hook in hooks:
                await hook.run(key)
            for hook in hooks:
                await hook.own()
    """

    assert found(app) == asked("hook.own()")


def test_an_item_that_is_the_table_has_no_query_for_many(found):
    app = """
        from sqlalchemy import insert, select, text
        from store import pool, session

        async def get(tables, keys):
            for table in tables:
                session.execute(select(table))
                session.execute(table.delete())
                session.execute(insert(table), [{"id": 1}])
                await pool.execute(f"TRUNCATE TABLE {table}")
                await pool.execute(f"DELETE FROM {table}")
            for key in keys:
                await pool.execute(f"DELETE FROM users WHERE id = {key}")
    """

    assert found(app) == asked('pool.execute(f"DELETE FROM users WHERE id = {key}")')


def test_an_add_that_is_only_saved_when_asked_to(found):
    app = """
        from store import session

        def update(row, *, flush=False):
            session.add(row)
            if flush:
                session.flush()

        def get(rows):
            for row in rows:
                update(row)
            for row in rows:
                update(row, flush=True)
    """

    assert found(app) == [("insert-in-loop", "update(row, flush=True)")]


# Relationships

MODELS = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

    class Base(DeclarativeBase):
        pass

    class Town(Base):
        name: Mapped[str]

    class User(Base):
        name: Mapped[str]
        towns: Mapped[list["Town"]] = relationship()
        home: Mapped["Town"] = relationship(lazy="joined")
"""


@pytest.mark.parametrize(
    "rows",
    [
        "session.query(User).all()",
        "session.query(User).filter(User.name == name)",
        "session.execute(select(User)).scalars()",
        "session.scalars(select(User).where(User.name == name)).all()",
        "users(name)",
        "Users(session).every()",
    ],
)
def test_a_relationship_is_loaded_per_row_wherever_the_rows_come_from(found, rows):
    app = f"""
        from sqlalchemy import select
        from models import User
        from store import session

        class Users:
            model = User

            def __init__(self, session):
                self.session = session

            def every(self):
                return self.session.query(self.model).all()

        def users(name):
            return session.query(User).filter(User.name == name).all()

        def get(name):
            for user in {rows}:
                print(user.name, user.home, user.towns)
    """  # noqa: S608 - no statement

    lazy = [each for each in found(app, {"models.py": MODELS}) if "lazy" in each[0]]

    assert lazy == [("n-plus-one-lazy-load", "user.towns")]


@pytest.mark.parametrize(
    "rows",
    [
        "session.query(User).options(selectinload(User.towns)).all()",
        "session.execute(select(User).options(joinedload(User.towns))).unique().scalars()",
        "users()",
        "names",
        "[session.get(User, 1)]",
    ],
)
def test_relationships_that_came_with_the_rows_are_left_alone(found, rows):
    app = f"""
        from sqlalchemy import select
        from sqlalchemy.orm import joinedload, selectinload
        from models import User
        from store import session

        def users():
            query = session.query(User)
            query = query.options(selectinload(User.towns))
            return query.all()

        def get(names):
            for user in {rows}:
                print(user.towns)
    """  # noqa: S608 - no statement

    assert found(app, {"models.py": MODELS}) == []


def test_rows_that_are_passed_are_followed_to_who_loads_them(found):
    app = """
        from models import User
        from store import session

        def show(users: list[User]):
            return [user.towns for user in users]

        def get():
            return show(session.query(User).all())
    """

    assert found(app, {"models.py": MODELS}) == [("n-plus-one-lazy-load", "user.towns")]


def test_a_lazy_load_in_asynchronous_code_is_an_error(check):
    app = """
        from sqlalchemy import select
        from sqlalchemy.ext.asyncio import AsyncSession
        from models import User

        async def get(session: AsyncSession):
            for user in (await session.execute(select(User))).scalars():
                print(user.towns)
    """

    files = {"models.py": dedent(MODELS), "app.py": dedent(app)}
    (finding,) = check(files, select=("batching",))

    assert finding.severity == "error"
    assert "fails in asynchronous code" in finding.message


# What is told of one loop does not depend on which others were looked at before


def test_functions_that_call_each_other_lead_to_what_either_asks(found):
    assert found("""
        from store import load

        async def first(keys):
            for key in keys:
                await down(key)

        async def second(keys):
            for key in keys:
                await up(key)

        async def down(key, deeper=False):
            if deeper:
                await up(key)
            return await load(key)

        async def up(key):
            return await down(key)
    """) == [*asked("down(key)"), *asked("up(key)")]


def test_what_is_too_far_from_one_loop_may_be_near_to_another(found):
    steps = "".join(
        f"async def step{at}(key):\n    await step{at + 1}(key)\n\n" for at in range(11)
    )
    loops = "".join(
        f"async def loop{at}(keys):\n    for key in keys:\n        await step{at}(key)\n\n"
        for at in (0, 9)
    )

    text = f"from store import load\n\n{loops}{steps}"
    assert found(text + "async def step11(key):\n    await load(key)\n") == asked("step9(key)")


def test_a_statement_about_another_table_each_time_is_no_work_per_item(found):
    app = """
        import asyncpg
        from sqlalchemy import insert
        from sqlalchemy.engine import Connection

        def restore(connection: Connection, tables: dict, data: dict) -> None:
            for name, rows in data.items():
                connection.execute(insert(tables[name]), clean(rows))

        def clean(rows):
            return rows

        async def vacuum(pool: asyncpg.Pool, names: list[str]) -> None:
            for name in names:
                await pool.execute(f"DELETE FROM {name} WHERE age > $1", len(name))
    """

    assert found(app) == []


def test_what_is_looked_up_with_a_default_is_there(found):
    app = """
        import asyncpg

        async def shown(pool: asyncpg.Pool, ids: list[int], known: dict[int, list]) -> list:
            return [await grants(pool, key, known.get(key, [])) for key in ids]

        async def asked(pool: asyncpg.Pool, ids: list[int], known: dict[int, list]) -> list:
            return [await grants(pool, key, known.get(key)) for key in ids]

        async def grants(pool: asyncpg.Pool, key: int, known: list | None = None) -> list:
            return known if known is not None else await pool.fetch("SELECT $1", key)
    """

    assert found(app) == [("n-plus-one-query", "grants(pool, key, known.get(key))")]


# What a reading of findings in other projects has shown to be no work per item


def test_jobs_that_nobody_waits_for_are_no_queries_of_the_loop(found):
    app = """
        import asyncio
        from store import load

        async def started(items):
            for item in items:
                asyncio.create_task(load(item))

        async def waited(items):
            tasks = [asyncio.create_task(load(item)) for item in items]
            return await asyncio.gather(*tasks)
    """

    assert found(app) == asked("load(item)")
    assert found(app.replace("gather(*tasks)", "wait(tasks)")) == asked("load(item)")


def test_jobs_that_a_helper_lets_go_are_no_queries_of_the_loop_either(found):
    app = """
        import asyncio
        from store import load

        async def told(item):
            asyncio.create_task(load(item))

        async def asked(item):
            return await asyncio.create_task(load(item))

        async def get(items):
            for item in items:
                await told(item)
            for item in items:
                await asked(item)
    """

    assert found(app) == asked("asked(item)")


def test_two_keys_without_duplicates_are_two(found):
    app = """
        from store import load

        async def get(one, two, many):
            for item in tuple(dict.fromkeys((one, two))):
                await load(item)
            for item in dict.fromkeys(many):
                print(await load(item))
    """

    assert found(app) == asked("load(item)")


def test_a_helper_that_is_told_the_table_asks_of_another_one_each_time(found):
    app = """
        from store import session

        def cleared(table, key):
            for row in session.query(table).filter_by(key=key):
                session.delete(row)

        def counted(table, key):
            return session.query(table).filter(table.key == key).count()

        def named(table, **names):
            return session.query(table).filter_by(**names).count()

        async def get(tables, keys, table):
            for each in tables:
                cleared(each, 1)
            for key in keys:
                print(counted(table, key))
            for key in keys:
                print(named(table, key=key))
    """

    assert found(app) == [*asked("counted(table, key)"), *asked("named(table, key=key)")]


def test_a_second_try_is_the_same_work(found):
    app = """
        from store import client

        async def get(items):
            for item in items:
                page = await client.get(item)
                if page is None:
                    page = await client.get(item)
                print(page)
    """

    assert found(app) == [("n-plus-one-request", "client.get(item)")]


def test_another_kind_of_item_is_no_second_try(found):
    app = """
        from store import load

        async def get(items):
            for item in items:
                if item.kind == "a":
                    print("a", await load(item))
                elif item.kind == "b":
                    print("b", await load(item))
    """

    assert found(app) == [*asked("load(item)"), *asked("load(item)")]


def test_statements_that_are_items_are_sent_one_by_one(found):
    app = """
        from sqlalchemy import text
        from store import session

        async def run(statements, keys):
            for statement in statements:
                session.execute(text(statement))
            for key in keys:
                session.execute(text("SELECT * FROM users WHERE id = :key"), {"key": key})
    """

    code = 'session.execute(text("SELECT * FROM users WHERE id = :key"), {"key": key})'
    assert found(app) == asked(code)


def test_a_cast_list_of_three_has_three_items(found):
    app = """
        from typing import cast
        from store import load

        async def get(many):
            for item in cast(list, [1, 2, 3]):
                await load(item)
            for item in cast(list, many):
                print(await load(item))
    """

    assert found(app) == asked("load(item)")


def test_what_is_looked_for_among_the_keys_is_remembered(found):
    app = """
        from store import load

        class Users:
            def __init__(self):
                self.known = {}
                self.others = {}

            async def get(self, key):
                if key not in self.known.keys():
                    self.known[key] = await load(key)
                return self.known[key]

            async def other(self, key):
                self.others[key] = await load(key)
                return self.others[key]

            async def every(self, items):
                return [(await self.get(item), await self.other(item)) for item in items]
    """

    assert found(app) == asked("self.other(item)")


def test_a_protocol_is_kept_by_what_can_be_called_as_it_says(found):
    app = """
        from typing import Any, Protocol
        from store import client, load

        class Table(Protocol):
            async def create(self, *, data: dict) -> Any: ...

        class Chat:
            async def create(self, messages, model=None, **kwargs):
                return await client.get(messages)

        class Users:
            async def create(self, *, data, key=0):
                return await load(data)

        async def every(table: Table, items):
            for item in items:
                await table.create(data=item)
    """

    assert found(app) == asked("table.create(data=item)")


def test_a_wrapper_leads_to_what_it_was_put_on(found):
    app = """
        from functools import wraps
        from store import count

        def dispatched(other):
            def decorator(function):
                @wraps(function)
                def wrapper(*args):
                    chosen = function if args else other
                    return chosen(*args)
                return wrapper
            return decorator

        async def aplain(item):
            return item

        async def aasking(item):
            return item

        @dispatched(aplain)
        def plain(item):
            return item + 1

        @dispatched(aasking)
        def asking(item):
            return count(item)

        async def get(items):
            return [plain(item) for item in items], [asking(item) for item in items]
    """

    assert found(app) == asked("asking(item)")


def test_functions_that_all_call_one_another_are_asked_a_few_times_each(found, monkeypatch):
    asked, within = [], Reach._all_within  # noqa: SLF001 - what takes the time

    def counted(self, number, sources):
        asked.append((number, sources))
        return within(self, number, sources)

    monkeypatch.setattr(Reach, "_all_within", counted)
    names = [f"step{at}" for at in range(9)]
    bodies = [
        f"async def {name}(key):\n"
        + "".join(f"    await {other}(key)\n" for other in names if other != name)
        + "    return await load(key)\n"
        for name in names
    ]
    loop = "async def run(keys):\n    for key in keys:\n        await step0(key)\n"

    places = found("from store import load\n\n" + "\n".join(bodies) + "\n" + loop)

    assert places == [("n-plus-one-query", "step0(key)")]
    assert len(asked) < 20 * len(set(asked)), len(asked)
