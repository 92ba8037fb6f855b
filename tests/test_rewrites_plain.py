"""Endpoints that never await become plain functions, unless somebody counts on the coroutine."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import rewritten

APP = """
import time

from fastapi import Depends, FastAPI

app = FastAPI()


def slow():
    time.sleep(1)
    return 1


async def current():
    return slow()


@app.get("/")
async def index(value=Depends(current)):  # the first page
    first = slow()
    return first + slow() + value


async def other():
    return 1
"""


def plain(code: str, **files: str) -> str:
    fixed = rewritten({"app.py": dedent(code), **files}, "sync")
    return fixed.files["app.py"]


def test_an_endpoint_and_its_dependency_lose_their_async_and_nothing_else():
    expected = APP.replace("async def current", "def current").replace(
        "async def index", "def index"
    )

    assert plain(APP) == expected


def test_it_is_the_first_choice_and_the_same_fix_for_all_places_of_a_function():
    fixed = rewritten({"app.py": APP})

    assert [fix.strategy for fix in fixed.fixes] == ["sync", "sync"]
    assert {fix.applicability for fix in fixed.fixes} == {"unsafe"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    first = slow()", "    first = await other()"),
        ("    first = slow()", "    first = [x async for x in value]"),
        ("    first = slow()", "    import asyncio\n\n    first = asyncio.create_task(other())"),
        ("    first = slow()", "    first = other()"),
        ("    time.sleep(1)", "    time.sleep(1)\n    asyncio.get_event_loop().stop()"),
        ("async def index(", "@cached\nasync def index("),
    ],
)
def test_an_endpoint_that_needs_the_loop_stays_a_coroutine(old, new):
    code = "import asyncio\nfrom cached import cached\n" + APP.replace(old, new)

    assert "async def index(" in plain(code)


YIELDS = """async def current(){told}:
    slow()
    {body}
"""


@pytest.mark.parametrize(
    ("told", "body", "becomes_plain"),
    [
        ("", "yield 1", True),
        (" -> Iterator[int]", "yield 1", True),
        (" -> AsyncIterator[int]", "yield 1", False),
        (" -> 'AsyncGenerator[int]'", "yield 1", False),
        ("", "with lock:\n        yield 1", False),
        ("", "with lock:\n        value = 1\n    yield value", True),
        ("", "text = open('a').read()\n    open('a', 'w').write(text)\n    yield 1", False),
        ("", "text = open('a').read()\n    open('b', 'w').write(text)\n    yield 1", True),
    ],
)
def test_what_a_dependency_yields_may_come_from_one_thread_and_go_to_another(
    told, body, becomes_plain
):
    head = "import threading\nfrom collections.abc import *\n\nlock = threading.RLock()\n"
    before = "async def current():\n    return slow()\n"
    code = plain(head + APP.replace(before, YIELDS.format(told=told, body=body)))

    assert ("async def current" not in code) == becomes_plain


@pytest.mark.parametrize(
    "use",
    [
        "async def later():\n    return await index(1)\n",
        "from app import index\n\n\nasync def test_it():\n    assert await index(1) == 3\n",
        "import app\n\n\nasync def test_it():\n    assert await app.index(1) == 3\n",
        "from app import index\n\nHANDLERS = {'index': index}\n",
        "import asyncio\n\nfrom app import index\n\n\ndef test_it():\n    asyncio.run(index(1))\n",
    ],
)
def test_an_endpoint_that_somebody_calls_or_passes_on_stays_a_coroutine(use):
    if use.startswith("async"):
        code = plain(APP + "\n\n" + use)
    else:
        code = plain(APP, **{"tests/test_app.py": use})

    assert "async def index(" in code


def test_naming_it_to_the_framework_is_no_use():
    use = "from app import app, current\n\napp.dependency_overrides[current] = lambda: 1\n"

    assert "\ndef current(" in plain(APP, **{"tests/test_app.py": use})


def test_a_framework_without_threads_keeps_its_coroutines():
    code = """
        import time

        from aiohttp import web

        routes = web.RouteTableDef()


        @routes.get("/")
        async def index(request):
            time.sleep(1)
            return web.Response()
    """

    assert "async def index(" in plain(code)
