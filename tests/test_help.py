"""What a finding says to do: the very call, in the words of the project's framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncfix import engine
from asyncfix.checks.blocking_call import spelled
from asyncfix.config import Config
from asyncfix.findings import Location
from asyncfix.syntax import Syntax

SERVICE = """
import time


class Service:
    @property
    def state(self):
        time.sleep(1)

    def load(self, id, *, again=False):
        time.sleep(1)
"""


@pytest.fixture
def helped(check):
    """Return a function that gives the help of each finding in the body of a coroutine."""

    def run(line, head="", **settings):
        app = f"from service import Service\nimport pymongo\n{head}\n"
        app += f"async def handler(service: Service, id, db: pymongo.MongoClient):\n    {line}\n"
        found = check({"service.py": SERVICE, "app.py": app}, **settings)
        return [each.help for each in found if each.location.path == "app.py"]

    return run


def test_a_chain_is_handed_to_a_thread_as_it_stands(helped):
    assert helped("service.load(id, again=True)") == [
        "run it in a thread: `await asyncio.to_thread(service.load, id, again=True)`"
    ]


def test_long_arguments_are_left_out(helped):
    assert helped(f"service.load({'id + ' * 20}1)") == [
        "run it in a thread: `await asyncio.to_thread(service.load, …)`"
    ]


@pytest.mark.parametrize(
    ("call", "handed"),
    [
        ("load(1, )", "load, 1"),
        ("load('a', b=2)", "load, 'a', b=2"),
        ("load(f(1), *x)", "load, f(1), *x"),
        ("load(x for x in y)", "load, (x for x in y)"),
        ("make().load()", "make().load"),
        ("load(\n    1,\n    2,\n)", "load, 1, 2"),
        ("a + b", "function, …"),
    ],
)
def test_a_call_becomes_arguments(call, handed):
    syntax = Syntax(call.encode())
    place = Location("a.py", 0, len(call))

    assert syntax.handed_over(place, keywords=True, longest=60) == handed
    assert syntax.runs(place)


@pytest.mark.parametrize("head", ["import fastapi", "from starlette.requests import Request"])
def test_fastapi_and_starlette_have_a_thread_pool_of_their_own(helped, head):
    assert helped("service.load(id)", head) == [
        "run it in a thread: `await run_in_threadpool(service.load, id)`"
    ]


def test_the_configuration_names_what_starts_threads(helped):
    assert helped("service.load(id, again=True)", "import fastapi", thread_api="anyio") == [
        "run it in a thread: `await "  # noqa: ISC004 - one text
        "anyio.to_thread.run_sync(functools.partial(service.load, id, again=True))`"
    ]


def test_a_property_is_named(helped):
    assert helped("service.state") == [
        "the property `state` blocks; read it in a thread: `await asyncio.to_thread(function)`"
    ]


@pytest.mark.parametrize(
    ("replacement", "name", "told"),
    [
        ("asyncio.sleep", "time.sleep", "asyncio.sleep"),
        ("x.AsyncCollection.*", "x.Collection.find_one", "x.AsyncCollection.find_one"),
        ("django.db.models.QuerySet.a*", "x.QuerySet.first", "django.db.models.QuerySet.afirst"),
        ("stripe.Charge.*_async", "stripe.Charge.create", "stripe.Charge.create_async"),
        ("x.AsyncCursor.*", "x.Cursor.__iter__", "x.AsyncCursor"),
        ("", "x.f", ""),
    ],
)
def test_a_star_stands_for_the_called_member(replacement, name, told):
    assert spelled(replacement, name) == told


def test_the_member_is_named_in_the_help(helped):
    [told] = helped('db["a"].users.find_one({})')

    assert told == "await `pymongo.asynchronous.collection.AsyncCollection.find_one` instead"


def test_stdin_replaces_a_file_and_only_that_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("clock.py").write_text(
        "import time\ndef pause():\n    pass\nasync def f():\n    time.sleep(1)\n"
    )
    Path("app.py").write_text("import clock\nasync def g():\n    clock.pause()\n")
    text = "import time\ndef pause():\n    time.sleep(1)\nasync def f():\n    pause()\n"
    config = Config(project=str(tmp_path))
    cache = tmp_path / "cache"
    outcome = engine.check([Path("clock.py")], config, replaced={"clock.py": text}, cache=cache)

    assert [each.location.path for each in outcome.report.findings] == ["clock.py"]
    assert outcome.text("clock.py").text == text
    before = engine.check([Path()], config, cache=cache).report.findings
    assert [each.code for each in before] == ["time.sleep(1)"]

    added = engine.check([Path("new.py")], config, replaced={"new.py": "import app\n"})
    assert added.report.findings == ()


def test_calls_without_a_type_are_listed_in_order(tmp_path):
    (tmp_path / "app.py").write_text(
        "import requests, sqlite3\n"
        "def wait():\n    pass\n"
        "async def f(x, y):\n"
        "    y.wait()\n    x.get(1)\n    x.post(1)\n    x.execute(y)\n    x.items()\n    y.put(2)\n"
        "    y.chunks()\n"
    )
    outcome = engine.check([tmp_path], Config(project=str(tmp_path)), unresolved=True)
    found = outcome.report.unresolved_at
    data = outcome.text("app.py").data
    codes = [data[each.location.start : each.location.end] for each in found]

    assert codes == [b"x.execute(y)", b"x.get(1)", b"x.post(1)", b"y.put(2)", b"y.wait()"]
    assert [each.rank for each in found] == [0, 0, 0, 0, 2]
    assert found[0].like.startswith("sqlite3.")
    assert found[-1].like == ""
    assert outcome.report.unresolved == 5


def test_a_replacement_is_told_in_the_form_in_which_it_is_used(helped):
    [walk] = helped("[path for path in Path(id).glob('*')]", "from pathlib import Path")
    [read] = helped("open(id)")

    assert walk == "iterate with `async for` over `anyio.Path.glob` instead (needs anyio)"
    assert read == "enter with `async with` `aiofiles.open` instead (needs aiofiles)"
