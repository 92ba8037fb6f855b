"""Coroutines that are dropped or taken for their result, and those that only look so."""

from textwrap import dedent

import pytest

HEAD = """
import asyncio, functools, random
from typing import Any
import celery, click, tenacity

async def save(name=""):
    return name

async def rows():
    yield 1

"""


@pytest.fixture
def dropped(places):
    """Return a function that checks code, and gives the places of coroutines that are lost."""

    def run(code, **others):
        files = {"app.py": HEAD + dedent(code), **others}
        return places(files, select=("unawaited-coroutine",))

    return run


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("save()", "save()"),
        ("if save(): pass", "save()"),
        ("while not save(): pass", "save()"),
        ("print(save() and 1)", "save()"),
        ("assert save()", "save()"),
        ("x = 1 if save() else 2", "save()"),
        ("x = save() == 'a'", "save()"),
        ("x = 'a' + save()", "save()"),
        ("x = 0\n    x += save()", "save()"),
        ("x = f'{save()}'", "save()"),
        ("x = save().upper()", "save().upper()"),
        ("x = save().name", "save().name"),
        ("x = save()[0]", "save()[0]"),
        ("x = save()\n    x.upper()", "x.upper()"),
        ("for x in save(): pass", "save()"),
        ("x = [y for y in save()]", "save()"),
        ("x = list(save())", "list(save())"),
        ("x = ','.join(save())", "','.join(save())"),
        ("x = 'a' in save()", "save()"),
        ("with save(): pass", "save()"),
        ("async with save(): pass", "save()"),
        ("async for x in save(): pass", "save()"),
        ("rows()", "rows()"),
    ],
)
def test_every_use_that_cannot_work_is_reported(dropped, statement, place):
    assert dropped(f"async def handler():\n    {statement}\n") == [place]


def test_a_coroutine_is_told_where_it_is_used_first(dropped):
    code = """
        async def handler():
            x = save()
            print(x[0], x[1])
            return x.name
    """

    assert dropped(code) == ["x[0]"]


def test_a_call_that_cannot_be_made_gives_none(dropped):
    code = """
        async def store(name, /, *values, key, size=1, **more):
            pass

        class Store:
            async def put(self, name):
                pass

        async def handler(store_: Store):
            store("a")
            store(key=1)
            store_.put()
            Store.put(store_)
            store(*[], key=1)
            store("a", **{})
            store("a", key=1)
            store_.put("a")
    """

    kept = ["store(*[], key=1)", 'store("a", **{})', 'store("a", key=1)', 'store_.put("a")']
    assert dropped(code) == kept


def test_a_plain_function_can_drop_one_too(dropped):
    assert dropped("def handler():\n    save()\n") == ["save()"]


@pytest.mark.parametrize(
    "statement",
    [
        "await save()",
        "return save()",
        "x = save()\n    await x",
        "x = [save(), save()]\n    await asyncio.gather(*x)",
        "asyncio.create_task(save())",
        "x = save()\n    x.close()",
        "x = save()\n    if random.random() < 1: x = await x\n    print(x.name)",
        "print((await save()).upper())",
        "async for x in rows(): pass",
        "await rows().__anext__()",
        "print([x async for x in rows()])",
        "functools.partial(save)",
        "lambda: save()",
    ],
)
def test_a_coroutine_that_goes_somewhere_is_silent(dropped, statement):
    assert dropped(f"async def handler():\n    {statement}\n") == []


@pytest.mark.parametrize(
    "decorator",
    [
        "celery.shared_task",
        "click.command()",
        "unknown",
        "started",
        "app.task(bind=True)",
    ],
)
def test_a_decorator_that_may_start_it_is_silent(dropped, decorator):
    app = f"""
        from elsewhere import unknown

        app = celery.Celery()

        def started(function):
            def wrapper(*args):
                return asyncio.ensure_future(function(*args))
            return wrapper

        @{decorator}
        async def job():
            pass

        async def handler():
            job()
    """

    assert dropped(app) == []


@pytest.mark.parametrize(
    "decorator", ["tenacity.retry", "functools.wraps(save)", "timed", "timed_by('x')", "noted"]
)
def test_a_decorator_that_keeps_it_a_coroutine_is_seen_through(dropped, decorator):
    app = f"""
        def timed(function):
            @functools.wraps(function)
            async def wrapper(*args):
                return await function(*args)
            return wrapper

        def timed_by(name):
            def decorate(function):
                async def wrapper(*args):
                    return await function(*args)
                return wrapper
            return decorate

        def noted(function):
            print(function)
            return function

        @{decorator}
        async def job():
            pass

        async def handler():
            job()
    """

    assert dropped(app) == ["job()"]


def test_a_method_that_a_subclass_makes_plain_is_silent(dropped):
    app = """
        class Store:
            async def save(self): ...
            async def load(self):
                return 1
            async def run(self):
                self.save()
                self.load()

        class Plain(Store):
            def save(self):
                return 1
    """

    assert dropped(app) == ["self.load()"]


def test_a_receiver_that_is_not_fully_known_is_silent(dropped):
    app = """
        class Client:
            async def send(self): return 1

        class Service:
            def __init__(self, client=None):
                self.client = client or Client()
                self.own = Client()

            async def run(self, other, typed: Client):
                self.client.send()
                other.send()
                self.own.send()
                typed.send()
    """

    assert dropped(app) == ["self.own.send()", "typed.send()"]


def test_a_receiver_that_a_test_has_narrowed_is_silent(dropped):
    app = """
        class Plain:
            def save(self): return 1

        class Later:
            async def save(self): return 1

        class Other(Later):
            pass

        async def handler(db: Later, is_later):
            if isinstance(db, Later):
                await db.save()
            else:
                db.save()
            if not hasattr(db, "save"):
                db.save()
            if not isinstance(db, Other):
                db.save()
    """

    assert dropped(app) == ["db.save()"]


def test_a_name_with_two_definitions_is_silent_unless_both_are_async(dropped):
    app = """
        if random.random():
            async def one(): ...
        else:
            def one(): ...

        if random.random():
            async def two(): return 1
        else:
            async def two(): return 2

        async def handler():
            one()
            two()
    """

    assert dropped(app) == ["two()"]


def test_a_call_that_raises_before_there_is_a_coroutine_is_silent(dropped):
    code = """
        async def two(first, *, second=0): ...
        async def many(first, **others): ...

        async def main(given):
            two()
            two(1, third=2)
            two(1, second=2)
            two(**given)
            many(1, third=2)
    """

    assert dropped(code) == ["two(1, second=2)", "two(**given)", "many(1, third=2)"]


def test_dead_code_is_silent(dropped):
    assert dropped("async def f(x):\n    if False and x:\n        save()\n") == []


def test_the_help_tells_a_plain_function_from_a_coroutine(check):
    app = HEAD + "async def one():\n    save()\n\ndef two():\n    save()\n"

    first, second = check({"app.py": app}, select=("unawaited-coroutine",))

    assert first.help == "await it"
    assert "`two` is no coroutine" in second.help
