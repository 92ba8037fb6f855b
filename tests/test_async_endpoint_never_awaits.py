"""Endpoints that would better be plain functions, and those that need the loop."""

from textwrap import dedent

import pytest

from asyncfix.findings import Confidence

HEAD = """
import asyncio, time
from fastapi import BackgroundTasks, Depends, FastAPI
from aiohttp import web

app = FastAPI()

def pause():
    time.sleep(1)

"""


@pytest.fixture
def found(check):
    """Return a function that checks code, and gives the findings of this rule."""

    def run(code):
        files = {"app.py": HEAD + dedent(code)}
        return check(files, select=("async-endpoint-never-awaits",))

    return run


def test_one_finding_for_an_endpoint_with_several_troubles(found):
    app = """
        @app.get("/")
        async def handler():
            time.sleep(1)
            pause()
    """

    (finding,) = found(app)

    assert finding.code == "async def handler"
    assert "blocks at 2 places (`time.sleep`)" in finding.message
    assert finding.help == "write `def` instead of `async def`"


@pytest.mark.parametrize("body", ["pause()", "pause()\n    yield 1", "return [pause()]"])
def test_a_dependency_counts_also_when_it_yields(found, body):
    app = f"async def given():\n    {body}\n\n@app.get('/')\nasync def f(x=Depends(given)): ...\n"

    assert [each.code for each in found(app)] == ["async def given"]


def test_a_background_task_counts(found):
    app = """
        async def later():
            pause()

        @app.get("/")
        def handler(tasks: BackgroundTasks):
            tasks.add_task(later)
    """

    assert [each.code for each in found(app)] == ["async def later"]


@pytest.mark.parametrize(
    "body",
    [
        "pause(); await asyncio.sleep(1)",
        "pause(); asyncio.create_task(other())",
        "pause(); start()",
        "pause(); return asyncio.get_running_loop().time()",
        "return 1",
    ],
)
def test_an_endpoint_that_needs_the_loop_or_does_not_block_is_silent(found, body):
    app = f"""
        async def other(): ...

        def start():
            asyncio.ensure_future(other())

        @app.get("/")
        async def handler():
            {body}
    """

    assert found(app) == []


@pytest.mark.parametrize("head", ["", "level"])
def test_an_endpoint_that_a_decorator_of_the_project_awaits_is_silent(found, head):
    inner = """
        def counted(function):
            @functools.wraps(function)
            async def wrapper(*args, **kwargs):
                return await function(*args, **kwargs)
            return wrapper
    """
    if head:
        body = dedent(inner).replace("\n", "\n    ")
        inner = f"def counting(level):{body}\n    return counted\n"
    decorator = "@counting(1)" if head else "@counted"
    app = f"{dedent(inner)}\n@app.get('/')\n{decorator}\nasync def handler():\n    pause()\n"

    assert found(app) == []


def test_an_endpoint_that_a_decorator_registers_or_marks_is_found(found):
    app = """
        def listed(function):
            LISTED.append(function)
            return function

        @app.get("/")
        @listed
        @limiter.limit("1/minute")
        async def handler():
            pause()
    """

    assert [each.code for each in found(app)] == ["async def handler"]


def test_frameworks_that_run_plain_functions_on_the_loop_are_silent(found):
    app = """
        routes = web.RouteTableDef()

        @routes.get("/")
        async def handler(request):
            pause()
    """

    assert found(app) == []


def test_start_up_and_middleware_are_silent(found):
    app = """
        @app.on_event("startup")
        async def begin():
            pause()

        @app.middleware("http")
        async def around(request, call_next):
            pause()
    """

    assert found(app) == []


def test_an_endpoint_that_others_await_is_told_apart(found):
    app = """
        @app.get("/")
        async def handler():
            pause()

        async def report():
            return await handler()
    """

    (finding,) = found(app)

    assert finding.confidence == Confidence.MEDIUM
    assert "`app.report`" in finding.help
