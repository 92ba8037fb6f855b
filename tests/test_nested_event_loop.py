"""Loops started on the loop: where they are reported, and which tests rule them out."""

from textwrap import dedent

import pytest

from asyncfix.findings import Severity

WORK = """
import asyncio
import inspect
import threading
import anyio
import uvicorn
from asgiref.sync import async_to_sync, sync_to_async

async def work():
    return 1

"""


@pytest.fixture
def nested(places):
    """Return a function that checks code, and gives the places where a loop is nested."""

    def run(code, **settings):
        app = WORK + dedent(code)
        return places({"app.py": app}, select=("nested-event-loop",), **settings)

    return run


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.run(work())",
        "asyncio.get_event_loop().run_until_complete(work())",
        "asyncio.new_event_loop().run_until_complete(work())",
        "asyncio.new_event_loop().run_forever()",
        "anyio.run(work)",
        "anyio.from_thread.run(work)",
        "async_to_sync(work)()",
        "uvicorn.run('app:app')",
        "uvicorn.Server(config).run()",
    ],
)
def test_what_starts_a_loop_is_reported_in_a_coroutine(nested, call):
    assert nested(f"async def handler(config):\n    return {call}\n") == [call]


def test_a_helper_is_reported_where_the_coroutine_calls_it(nested):
    app = """
        def inner():
            return asyncio.run(work())

        def outer():
            return inner()

        async def handler():
            return outer()
    """

    assert nested(app) == ["outer()"]


def test_a_blocking_call_at_the_same_place_is_reported_as_well(check):
    app = WORK + dedent("""
        import time

        def both():
            time.sleep(1)
            return asyncio.run(work())

        async def handler():
            return both()
    """)

    rules = {finding.rule for finding in check({"app.py": app})}

    assert rules == {"blocking-sleep", "nested-event-loop"}


@pytest.mark.parametrize(
    "body",
    [
        (
            "try:\n    asyncio.get_running_loop()\n"
            "except RuntimeError:\n    return asyncio.run(work())"
        ),
        (
            "try:\n    loop = asyncio.get_running_loop()\nexcept RuntimeError:\n    loop = None\n"
            "if loop is None:\n    return asyncio.run(work())"
        ),
        (
            "try:\n    asyncio.get_running_loop()\n    running = True\nexcept RuntimeError:\n"
            "    running = False\nif not running:\n    return asyncio.run(work())"
        ),
        (
            "running = False\ntry:\n    asyncio.get_running_loop()\n    running = True\n"
            "except RuntimeError:\n    pass\n"
            "if running:\n    return None\nreturn asyncio.run(work())"
        ),
        (
            "try:\n    asyncio.get_running_loop()\n    return None\n"
            "except RuntimeError:\n    pass\n"
            "return asyncio.run(work())"
        ),
        (
            "loop = asyncio.get_event_loop()\nif loop.is_running():\n    return None\n"
            "return loop.run_until_complete(work())"
        ),
        (
            "loop = asyncio.get_event_loop()\nif loop and loop.is_running():\n    return None\n"
            "else:\n    return loop.run_until_complete(work())"
        ),
        (
            "loop = asyncio._get_running_loop()\nif loop is not None:\n    return loop\n"
            "return asyncio.run(work())"
        ),
        (
            "loop = asyncio.get_event_loop()\nrunning = loop.is_running()\nif running:\n"
            "    return None\nreturn loop.run_until_complete(work())"
        ),
        (
            "loop = asyncio.get_event_loop()\ntry:\n    running = loop.is_running()\n"
            "except NotImplementedError:\n    running = False\nif running:\n    return None\n"
            "else:\n    return loop.run_until_complete(work())"
        ),
        (
            "def running_loop():\n    try:\n        return asyncio.get_running_loop()\n"
            "    except RuntimeError:\n        return None\n"
            "loop: Final = running_loop()\nif loop is None:\n    return asyncio.run(work())"
        ),
        "return None if asyncio.get_event_loop().is_running() else asyncio.run(work())",
        "try:\n    return asyncio.run(work())\nexcept RuntimeError:\n    return None",
        "threading.Thread(target=lambda: asyncio.run(work())).start()",
    ],
)
def test_code_that_asks_whether_a_loop_runs_is_silent(nested, body):
    indented = body.replace("\n", "\n    ")

    assert nested(f"def helper():\n    {indented}\n\nasync def handler():\n    helper()\n") == []


@pytest.mark.parametrize(
    "body",
    [
        (
            "try:\n    loop = asyncio.get_running_loop()\nexcept RuntimeError:\n"
            "    loop = asyncio.new_event_loop()\nreturn loop.run_until_complete(work())"
        ),
        (
            "try:\n    asyncio.get_running_loop()\nexcept RuntimeError:\n    pass\n"
            "return asyncio.run(work())"
        ),
        "loop = asyncio.get_event_loop()\nif loop.is_running():\n    return asyncio.run(work())",
        (
            "def some_loop():\n    try:\n        return asyncio.get_running_loop()\n"
            "    except RuntimeError:\n        return asyncio.new_event_loop()\n"
            "loop = some_loop()\nif loop is None:\n    return None\n"
            "return loop.run_until_complete(work())"
        ),
        (
            "def some_loop():\n    try:\n        return asyncio.get_running_loop()\n"
            "    except RuntimeError:\n        return None\n"
            "loop = some_loop()\nif loop is None:\n    return None\n"
            "return loop.run_until_complete(work())"
        ),
        (
            "loop = asyncio.get_event_loop()\nrunning = loop.is_running()\n"
            "if running:\n    asyncio.run(work())"
        ),
        "try:\n    return asyncio.run(work())\nexcept Exception:\n    return None",
    ],
)
def test_code_that_asks_and_takes_the_wrong_turn_is_reported(nested, body):
    indented = body.replace("\n", "\n    ")
    app = f"def helper():\n    {indented}\n\nasync def handler():\n    helper()\n"

    assert nested(app) == ["helper()"]


def test_a_branch_without_a_loop_is_silent_for_other_rules_too(places):
    app = """
import asyncio, time

def pause():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        time.sleep(1)

async def handler():
    pause()
"""

    assert places({"app.py": app}) == []


def test_only_for_a_coroutine_is_information(nested):
    app = """
        def settle(value):
            if inspect.iscoroutine(value):
                return asyncio.run(value)
            return value

        async def handler(value):
            return settle(value)
    """

    assert nested(app) == []
    assert nested(app, severity=Severity.INFO) == ["settle(value)"]


def test_a_patched_loop_is_a_warning(check):
    app = WORK + "import nest_asyncio\nnest_asyncio.apply()\n"
    app += "async def handler():\n    return asyncio.run(work())\n"

    (finding,) = check({"app.py": app})

    assert finding.severity == Severity.WARNING
    assert "only nest_asyncio lets it" in finding.message


def test_a_thread_may_have_a_loop_of_its_own(nested):
    app = """
        def in_thread():
            return asyncio.run(work())

        @sync_to_async
        def decorated():
            return asyncio.run(work())

        async def handler():
            await asyncio.to_thread(in_thread)
            await asyncio.get_running_loop().run_in_executor(None, in_thread)
            await decorated()

        if __name__ == "__main__":
            asyncio.run(handler())
    """

    assert nested(app) == []
