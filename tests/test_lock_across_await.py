"""Locks of threads that are held while a coroutine awaits, and what looks like them."""

from textwrap import dedent

import pytest

HEAD = "import asyncio, threading\nfrom contextlib import contextmanager\n"


@pytest.fixture
def held(check):
    """Return a function that checks code, and gives its findings."""

    def run(code):
        return check({"app.py": HEAD + dedent(code)}, select=("lock-across-await",))

    return run


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"])
@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(1)",
        "async for each in items: print(each)",
        "async with items: pass",
        "print([each async for each in items])",
        "yield 1",
    ],
)
def test_every_lock_and_every_pause_counts(held, kind, body):
    app = (
        f"lock = threading.{kind}()\n\nasync def handler(items):\n    with lock:\n        {body}\n"
    )

    (finding,) = held(app)

    assert finding.code == "lock"
    assert finding.sink.qualname == f"threading.{kind}"


def test_an_attribute_a_factory_and_a_dictionary_of_locks(held):
    app = """
        def make():
            return threading.Lock()

        class Cache:
            def __init__(self):
                self.lock = make()
                self.locks: dict[str, threading.Lock] = {}

            async def load(self, name):
                with self.lock:
                    await asyncio.sleep(1)
                with self.locks[name]:
                    await asyncio.sleep(1)
    """

    assert [finding.code for finding in held(app)] == ["self.lock", "self.locks[name]"]


def test_acquired_and_released_by_hand(held):
    app = """
        lock = threading.Lock()

        async def handler():
            lock.acquire()
            try:
                await asyncio.sleep(1)
            finally:
                lock.release()
    """

    assert [finding.code for finding in held(app)] == ["lock.acquire()"]


def test_a_manager_of_the_project_that_takes_a_lock(held):
    app = """
        lock = threading.Lock()

        @contextmanager
        def guarded():
            with lock:
                yield

        async def handler():
            with guarded():
                await asyncio.sleep(1)
    """

    assert [finding.code for finding in held(app)] == ["guarded()"]


@pytest.mark.parametrize(
    "manager",
    [
        """
        @contextmanager
        def guarded():
            lock.acquire()
            try:
                yield
            finally:
                lock.release()
        """,
        """
        class guarded:
            def __enter__(self):
                lock.acquire()
            def __exit__(self, *_):
                lock.release()
        """,
    ],
)
def test_a_manager_that_acquires_and_releases(held, manager):
    handler = "async def handler():\n    with guarded():\n        await asyncio.sleep(1)\n"
    app = f"lock = threading.Lock()\n{dedent(manager)}\n{handler}"

    assert [finding.code for finding in held(app)] == ["guarded()"]
    assert held(app.replace("lock.acquire()", "lock.acquire(); lock.release()")) == []


def test_the_help_says_when_plain_functions_need_the_lock(held):
    app = """
        class Cache:
            def __init__(self):
                self.lock = threading.Lock()

            async def load(self):
                with self.lock:
                    await asyncio.sleep(1)

            def get(self):
                with self.lock:
                    return 1
    """

    (finding,) = held(app)

    assert "`Cache.get`" in finding.help
    assert "cannot replace" in finding.help


def test_the_help_names_the_lock_of_asyncio_where_only_coroutines_use_it(held):
    app = "lock = threading.Semaphore(4)\nasync def f():\n    with lock:\n        await g()\n"

    (finding,) = held(app)

    assert "asyncio.Semaphore" in finding.help


def test_an_rlock_keeps_no_task_out(held):
    app = "lock = threading.RLock()\nasync def f():\n    with lock:\n        await g()\n"

    (finding,) = held(app)

    assert "lets in every task of this thread" in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "with lock: print(1)\n    await asyncio.sleep(1)",
        "with lock:\n        async def later(): await asyncio.sleep(1)\n    return later",
        "with lock:\n        return [lambda: (yield)]",
        "async with asyncio.Lock():\n        await asyncio.sleep(1)",
        "with open('x') as file: await asyncio.sleep(file.fileno())",
        "with unknown.lock: await asyncio.sleep(1)",
        "with threading.Lock(): await asyncio.sleep(1)",
        "lock.acquire()\n    lock.release()\n    await asyncio.sleep(1)",
        "if not lock.acquire(blocking=False): return await asyncio.sleep(1)\n    lock.release()",
    ],
)
def test_what_holds_no_lock_over_a_pause_is_silent(held, body):
    app = f"lock = threading.Lock()\n\nasync def handler(unknown):\n    {body}\n"

    assert held(app) == []


def test_a_plain_generator_is_silent(held):
    assert held("lock = threading.Lock()\ndef rows():\n    with lock:\n        yield 1\n") == []
