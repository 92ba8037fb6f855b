"""An edit, for rules that follow clients, loops, queries and caches through the whole project."""

from random import Random

import pytest
from test_incremental import change, checked

from asyncfix import engine
from asyncfix.findings import Severity

# of each file the states that edits bring it to; the first one is where they start
STATES = {
    "app/__init__.py": [""],
    "app/clients.py": [
        (
            "import functools, httpx\n"
            "def client():\n"
            "    return httpx.AsyncClient()\n"
            "class Api:\n"
            "    def __init__(self, http=None):\n"
            "        self.http = http or httpx.AsyncClient()\n"
            "    def ask(self):\n"
            "        return self.http\n"
        ),
        (
            "import functools, httpx\n"
            "@functools.cache\n"
            "def client():\n"
            "    return httpx.AsyncClient()\n"
            "class Api:\n"
            "    def __init__(self, http):\n"
            "        self.http = http\n"
            "    def ask(self):\n"
            "        return self.http\n"
        ),
        (
            "import httpx\n"
            "CLIENT = httpx.AsyncClient()\n"
            "def client():\n"
            "    return CLIENT\n"
            "class Api(Base):\n"
            "    pass\n"
        ),
    ],
    "app/lazy.py": [
        (
            "from app.clients import Api\n"
            "_api = None\n"
            "def api():\n"
            "    global _api\n"
            "    if _api is None:\n"
            "        _api = Api()\n"
            "    return _api\n"
        ),
        "from app.clients import Api\ndef api():\n    return Api()\n",
        (
            "import asyncio\n"
            "from app.clients import Api\n"
            "_api = None\n"
            "async def api():\n"
            "    global _api\n"
            "    if _api is None:\n"
            "        await asyncio.sleep(0)\n"
            "        _api = Api()\n"
            "    return _api\n"
        ),
    ],
    "app/store.py": [
        (
            "import psycopg2\n"
            "conn = psycopg2.connect('')\n"
            "def load(number, quick=False):\n"
            "    if quick:\n"
            "        return None\n"
            "    cursor = conn.cursor()\n"
            "    cursor.execute('SELECT a FROM b WHERE c = %s', (number,))\n"
            "    return cursor.fetchone()\n"
        ),
        "def load(number, quick=False):\n    return number\n",
        (
            "import asyncio, psycopg2\n"
            "conn = psycopg2.connect('')\n"
            "SEEN = {}\n"
            "def load(number, quick=False):\n"
            "    if number not in SEEN:\n"
            "        SEEN[number] = conn.cursor().execute('INSERT INTO b VALUES (%s)', (number,))\n"
            "    return SEEN[number]\n"
        ),
        "import asyncio\ndef load(number, quick=False):\n    return asyncio.run(number())\n",
    ],
    "app/each.py": [
        "from app.store import load\ndef every(numbers):\n    return [load(n) for n in numbers]\n",
        (
            "from app.store import load\n"
            "def every(numbers):\n"
            "    for n in numbers:\n"
            "        load(n, quick=True)\n"
        ),
        "from app.store import load\ndef every(numbers):\n    return load(numbers)\n",
    ],
    "app/web.py": [
        (
            "from fastapi import FastAPI\n"
            "from app.clients import Api, client\n"
            "from app.each import every\n"
            "app = FastAPI()\n"
            "@app.on_event('startup')\n"
            "async def ready():\n"
            "    client()\n"
            "@app.get('/a/{number}')\n"
            "async def a(number: int, numbers: list[int]):\n"
            "    every(numbers)\n"
            "    return await client().get('/')\n"
        ),
        (
            "import asyncio\n"
            "from fastapi import FastAPI\n"
            "from app.lazy import api\n"
            "from app.store import load\n"
            "app = FastAPI()\n"
            "@app.get('/b/{number}')\n"
            "async def b(number: int):\n"
            "    await asyncio.to_thread(load, number)\n"
            "    api()\n"
            "    async with api().http as http:\n"
            "        await http.get('/')\n"
        ),
        (
            "from app.clients import Api\n"
            "from app.store import load\n"
            "async def main(numbers):\n"
            "    for number in numbers:\n"
            "        load(number)\n"
            "        await Api().http.get('/')\n"
        ),
    ],
    "app/closing.py": [
        "",
        "from app.clients import CLIENT\nasync def stop():\n    await CLIENT.aclose()\n",
        "from app.store import SEEN\ndef drop():\n    SEEN.pop(1)\n",
    ],
}
MORE = "\n\nasync def more_{0}(number):\n    import time\n\n    time.sleep({0})\n    load(number)\n"


def edited(random, path, text):
    """Return a text as an edit leaves it: another state, moved down, or with one function more."""
    kind = random.choice(["state", "state", "down", "more"])
    if kind == "state":
        return random.choice(STATES[path])
    return "# moved\n\n" + text if kind == "down" else text + MORE.format(random.randrange(5))


@pytest.mark.parametrize("seed", range(3))
def test_rules_that_follow_values_see_every_edit(tmp_path, tmp_path_factory, monkeypatch, seed):
    monkeypatch.setattr(engine, "_KEPT", 0)
    cache, now = tmp_path_factory.mktemp("cache"), {}
    for path, states in STATES.items():
        now[path] = states[0]
        change(tmp_path / path, now[path])
    random = Random(seed)  # noqa: S311 - the same edits in every run
    rules = {finding.rule for finding in checked(tmp_path, cache).findings}
    for step in range(25):
        for path in random.sample(sorted(STATES), random.choice([1, 1, 2])):
            now[path] = edited(random, path, now[path])
            change(tmp_path / path, now[path])
        report = checked(tmp_path, cache)
        assert report == checked(tmp_path, None), f"step {step}: {path}"
        rules |= {finding.rule for finding in report.findings}

    followed = {"client-per-call", "lazy-singleton", "n-plus-one-query", "blocking-database"}
    assert followed | {"startup-event", "blocking-sleep"} <= rules


def test_who_begins_to_measure_statements_is_seen_in_the_next_run(
    tmp_path, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr(engine, "_KEPT", 0)
    cache = tmp_path_factory.mktemp("cache")
    web = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def index(): ...\n"
    change(tmp_path / "web.py", web)
    change(tmp_path / "db.py", "import sqlalchemy\nengine = sqlalchemy.create_engine(URL)\n")
    for more, told in (("", True), ("import sentry_sdk\nsentry_sdk.init()\n", False), ("", True)):
        change(tmp_path / "more.py", more)
        report = checked(tmp_path, cache, min_severity=Severity.INFO)

        assert report == checked(tmp_path, None, min_severity=Severity.INFO)
        assert ("missing-slow-query-log" in {each.rule for each in report.findings}) == told
