"""Clients that nothing closes: which are reported, and how they come to an owner."""

from __future__ import annotations

from textwrap import dedent

import pytest
from serving import lifecycle, told

HEAD = """
import httpx
from fastapi import FastAPI

app = FastAPI()
"""
READ = """

@app.get("/")
async def read() -> int:
    return (await client.get("/")).status_code
"""
AT_IMPORT = (
    HEAD
    + """
# of the rates
client = httpx.AsyncClient(
    base_url="http://localhost",
    timeout=5,
)
"""
    + READ
)
KEPT = """
import httpx

class Rates:
    def __init__(self) -> None:
        self.client = httpx.AsyncClient()

    async def today(self) -> int:
        return (await self.client.get("/")).status_code
"""
RATES = (
    HEAD
    + """
from rates import Rates

rates: Rates = Rates()


@app.get("/")
async def read() -> int:
    return await rates.today()
"""
)


@pytest.fixture
def found(check):
    """Return a function that checks code, and gives the rule at each finding."""

    def run(code, **files):
        every = {"app.py": HEAD + dedent(code), **files}
        return [each.rule for each in check(every, select=("client-at-import", "unclosed-client"))]

    return run


STATE = """
from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    app.state.client = httpx.AsyncClient()
    yield

app = FastAPI(lifespan=lifespan)
"""


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("client = httpx.AsyncClient()\n", ["client-at-import"]),
        ("import aiohttp\nclient: object = aiohttp.ClientSession()\n", ["client-at-import"]),
        (KEPT, ["unclosed-client"]),
        (STATE, ["unclosed-client"]),
        # look-alikes
        ("client = httpx.Client()\n", []),
        ("client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))\n", []),
        ("client = httpx.AsyncClient()\nasync def stop():\n    await client.aclose()\n", []),
        ("def make():\n    return httpx.AsyncClient()\n", []),
        (
            "async def use():\n    async with httpx.AsyncClient() as c:\n        await c.get('')\n",
            [],
        ),
        (KEPT + "    async def __aexit__(self, *_):\n        await self.client.aclose()\n", []),
        (KEPT + "async def stop(rates):\n    await rates.client.aclose()\n", []),
        (STATE.replace("yield", "yield\n    await app.state.client.aclose()"), []),
        ("import openai\nclient = openai.AsyncOpenAI()\n", []),
        ("from sqlalchemy.ext import asyncio as sa\ndb = sa.create_async_engine('a')\n", []),
    ],
)
def test_what_nothing_closes_is_found_and_its_look_alikes_are_not(found, code, rules):
    assert found(code) == rules


@pytest.mark.parametrize("path", ["tests/test_app.py", "scripts/load.py"])
def test_tests_and_scripts_may_leave_it_to_their_end(check, path):
    files = {"app.py": HEAD, path: "import httpx\n\nclient = httpx.AsyncClient()\n"}

    assert check(files, select=("client-at-import",)) == []


def test_a_client_of_a_module_is_made_where_the_application_starts(tmp_path):
    other = (
        "from app import client\n\n\nasync def ask() -> object:\n    return await client.get('a')\n"
    )
    done = lifecycle(tmp_path, {"app.py": AT_IMPORT, "other.py": other})

    assert not done.reasons
    text = done.files["app.py"]
    assert text.endswith("""

# of the rates
@functools.lru_cache(maxsize=1)
def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url="http://localhost",
        timeout=5,
    )


@app.get("/")
async def read() -> int:
    return (await client().get("/")).status_code
""")
    assert (
        "    client()\n    yield\n    await client().aclose()\n    client.cache_clear()\n" in text
    )
    assert done.files["other.py"] == other.replace("await client.", "await client().")


def test_an_object_that_keeps_one_gets_a_close_and_an_owner(tmp_path):
    done = lifecycle(tmp_path, {"app.py": RATES, "rates.py": KEPT})

    assert not done.reasons
    assert done.files["rates.py"] == KEPT + (
        "\n    async def aclose(self) -> None:\n        await self.client.aclose()\n"
    )
    text = done.files["app.py"]
    assert "def rates() -> Rates:\n    return Rates()\n" in text
    assert "    return await rates().today()\n" in text
    assert "    yield\n    await rates().aclose()\n    rates.cache_clear()\n" in text


SERVED = """
import json
import httpx
from fastapi.testclient import TestClient
import app

made = []
old = httpx.AsyncClient.__init__
def count(self, *args, **options):
    made.append(self)
    options["transport"] = httpx.MockTransport(lambda request: httpx.Response(200))
    old(self, *args, **{"base_url": "http://localhost", **options})
httpx.AsyncClient.__init__ = count
answers = []
for _ in range(2):
    with TestClient(app.app) as client:
        answers += [client.get("/").json() for _ in range(3)]
print(json.dumps([answers, len(made), all(each.is_closed for each in made)]))
"""


@pytest.mark.parametrize(
    "files", [{"app.py": AT_IMPORT}, {"app.py": RATES, "rates.py": KEPT}], ids=["module", "object"]
)
def test_each_start_of_the_application_has_one_client_and_closes_it(tmp_path, files):
    pytest.importorskip("fastapi", reason="the applications are run")
    lifecycle(tmp_path, files)

    assert told(tmp_path, SERVED) == [[200] * 6, 2, True]


def test_what_the_state_holds_is_closed_behind_the_yield(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD.replace("app = FastAPI()\n", "") + STATE})

    assert not done.reasons
    assert "    yield\n    await app.state.client.aclose()\n" in done.files["app.py"]


LEFT = {
    "needed at import": (
        {"app.py": AT_IMPORT + "\n\nget = client.get\n"},
        "is needed while app.py:19 is imported",
    ),
    "needed as a default": (
        {"app.py": AT_IMPORT + "\n\nasync def ask(one=client):\n    await one.get('a')\n"},
        "is needed while app.py:19 is imported",
    ),
    "set anew": (
        {"app.py": AT_IMPORT + "\n\ndef renew():\n    global client\n    client = None\n"},
        "`client` is set in app.py",
    ),
    "replaced by a test": (
        {
            "app.py": AT_IMPORT,
            "tests/test_app.py": "def test_one(patch):\n    patch.setattr('app.client', None)\n",
        },
        "is replaced in tests/test_app.py:2",
    ),
    "under a condition": (
        {"app.py": HEAD + "\nif app:\n    client = httpx.AsyncClient()\n" + READ},
        "more than what one call makes",
    ),
    "no application": (
        {
            "app.py": "import httpx\n\nclient = httpx.AsyncClient()\n\n\nasync def serve():\n"
            "    return await client.get('a')\n"
        },
        "application",
    ),
    "two objects": (
        {"app.py": RATES + "\n\nothers = Rates()\n", "rates.py": KEPT},
        "`Rates` is not made once",
    ),
    "a class that others extend": (
        {"app.py": RATES, "rates.py": KEPT + "\n\nclass More(Rates): ...\n"},
        "others extend `Rates`",
    ),
    "a close that closes something else": (
        {"app.py": RATES, "rates.py": KEPT + "\n    async def aclose(self) -> None: ...\n"},
        "has a method that closes something else",
    ),
}


@pytest.mark.parametrize(("files", "reason"), LEFT.values(), ids=LEFT)
def test_what_cannot_move_stays_with_its_reason(tmp_path, files, reason):
    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons
