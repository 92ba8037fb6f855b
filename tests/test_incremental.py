"""An edit: what is looked at again gives what a run from the start gives."""

import os
from dataclasses import replace
from random import Random

import pytest

from asyncfix import engine
from asyncfix.config import Config
from asyncfix.project.callees import Callees

# of each file the states that edits bring it to; the first one is where they start
STATES = {
    "app/__init__.py": [
        "",
        "from app.clients import *\n",
        "LIMIT = 3\n",
    ],
    "app/clients.py": [
        "import time\nclass Client:\n    def get(self, url):\n        time.sleep(1)\n",
        "import time\nclass Client:\n    def get(self, url):\n        return url\n",
        "import time\nclass Client:\n    async def get(self, url):\n        time.sleep(1)\n",
        (
            "import time\n"
            "\n"
            "# moved\n"
            "\n"
            "class Client:\n"
            "    def fetch(self, url):\n"
            "        time.sleep(1)\n"
        ),
        "class Client(Base):\n    pass\n",
        "def broken(:\n",
    ],
    "app/make.py": [
        "from app.clients import Client\ndef make():\n    return Client()\n",
        "from app.clients import Client\ndef make():\n    return None\n",
        "import requests\ndef make():\n    return requests.Session()\n",
        (
            "from app.clients import Client\n"
            "def other():\n"
            "    return 1\n"
            "def make():\n"
            "    return Client()\n"
        ),
        ("from app.clients import Client\ndef make() -> Client: ...\ndef pause():\n    return 1\n"),
    ],
    "app/service.py": [
        (
            "from app.make import make\n"
            "class Service:\n"
            "    def __init__(self):\n"
            "        self.client = make()\n"
            "    def load(self):\n"
            "        return self.client.get('x')\n"
        ),
        (
            "from app.make import make\n"
            "class Service:\n"
            "    def __init__(self):\n"
            "        self.client = make()\n"
            "    @property\n"
            "    def load(self):\n"
            "        return self.client.get('x')\n"
        ),
        (
            "from app.make import make\n"
            "class Service:\n"
            "    def __init__(self, client=None):\n"
            "        self.client = client\n"
            "    def load(self):\n"
            "        return self.client.fetch('x')\n"
        ),
    ],
    "app/run.py": [
        (
            "from app.service import Service\n"
            "SERVICES = {}\n"
            "def each(call):\n"
            "    return call()\n"
            "async def main(service: Service):\n"
            "    service.load\n"
            "    each(service.load)\n"
            "    SERVICES['a'].load()\n"
        ),
        (
            "from app.service import Service\n"
            "SERVICES = {}\n"
            "def each(call, quick=False):\n"
            "    if not quick:\n"
            "        return call()\n"
            "async def main(service: Service):\n"
            "    service.load()\n"
            "    each(service.load, quick=True)\n"
        ),
    ],
    "app/fill.py": [
        (
            "from app.run import SERVICES\n"
            "from app.service import Service\n"
            "SERVICES['a'] = Service()\n"
        ),
        "from app.run import SERVICES\nSERVICES['a'] = None\n",
        "from app.service import Service\nfrom app.make import make\nService(make())\n",
        (
            "import time\n"
            "from app.run import each\n"
            "async def go():\n"
            "    each(lambda: time.sleep(1))\n"
        ),
    ],
    "app/wrap.py": [
        (
            "def aside(function):\n"
            "    async def inner():\n"
            "        return function()\n"
            "    return inner\n"
        ),
        "def aside(function):\n    return function\n",
    ],
    "app/wrapped.py": [
        "import time\nfrom app.wrap import aside\n@aside\ndef work():\n    time.sleep(1)\n",
        ("import time\nfrom app.wrap import aside\n@aside\nasync def work():\n    time.sleep(1)\n"),
        "from app import *\nasync def work():\n    Client().get(LIMIT)\n",
        (
            "import time\n"
            "def work(clock):\n"
            "    clock.tick()\n"
            "class Clock:\n"
            "    def tick(self):\n"
            "        time.sleep(1)\n"
            "async def go():\n"
            "    work(Clock())\n"
        ),
    ],
    "app/web.py": [
        (
            "from fastapi import FastAPI\n"
            "from app.service import Service\n"
            "app = FastAPI()\n"
            "@app.get('/a')\n"
            "async def a():\n"
            "    return Service().load()\n"
        ),
        (
            "from fastapi import APIRouter\n"
            "from app.service import Service\n"
            "app = APIRouter(prefix='/p')\n"
            "@app.get('/b')\n"
            "async def a():\n"
            "    return Service().load()\n"
        ),
    ],
    "app/shared.py": [
        "",
        (
            "from app.make import make\n"
            "_client = None\n"
            "async def client():\n"
            "    global _client\n"
            "    if _client is None:\n"
            "        _client = make()\n"
            "    return _client\n"
        ),
        (
            "from app.service import Service\n"
            "_service = None\n"
            "async def service():\n"
            "    global _service\n"
            "    if not _service:\n"
            "        service = Service()\n"
            "        await service.load()\n"
            "        _service = service\n"
            "    return _service\n"
        ),
        (
            "from app.service import Service\n"
            "class Shared:\n"
            "    _one = None\n"
            "    @classmethod\n"
            "    def one(cls):\n"
            "        if cls._one is None:\n"
            "            cls._one = Service()\n"
            "        return cls._one\n"
        ),
    ],
    "app/rows.py": [
        "def row(session, key):\n    return session.get(int, key)\n",
        "def row(session, key):\n    return session.get(int, 1)\n",
        "def row(session, key):\n    return key\n",
        "from app.deep import deep\ndef row(session, key):\n    return deep(session, key)\n",
        "async def row(session, key):\n    return session.get(int, key)\n",
    ],
    "app/deep.py": [
        "def deep(session, key):\n    session.commit()\n    return session.get(int, key)\n",
        "def deep(session, key):\n    return key\n",
        "import requests\ndef deep(session, key):\n    return requests.get(key)\n",
    ],
    "app/loop.py": [
        (
            "from sqlalchemy.orm import Session\n"
            "from app.rows import row\n"
            "def rows(session: Session, keys):\n"
            "    return [row(session, key) for key in keys]\n"
        ),
        (
            "from sqlalchemy.orm import Session\n"
            "from app.rows import row\n"
            "def rows(session: Session, keys):\n"
            "    for key in (1, 2):\n"
            "        row(session, key)\n"
            "    for key in keys:\n"
            "        session.add(key)\n"
            "        session.commit()\n"
        ),
    ],
    "app/mount.py": [
        "",
        (
            "from fastapi import FastAPI\n"
            "from app.web import app\n"
            "main = FastAPI()\n"
            "main.include_router(app, prefix='/v1')\n"
        ),
    ],
    "app/jobs.py": [
        (
            "import threading\n"
            "from contextlib import contextmanager\n"
            "LOCK = threading.Lock()\n"
            "@contextmanager\n"
            "def guarded():\n"
            "    with LOCK:\n"
            "        yield\n"
            "async def save():\n"
            "    return 1\n"
        ),
        (
            "import asyncio\n"
            "from contextlib import contextmanager\n"
            "LOCK = asyncio.Lock()\n"
            "@contextmanager\n"
            "def guarded():\n"
            "    yield LOCK\n"
            "def save():\n"
            "    return 1\n"
        ),
        (
            "import threading\n"
            "from app.wrap import aside\n"
            "LOCK = threading.RLock()\n"
            "@aside\n"
            "async def save():\n"
            "    return 1\n"
        ),
        "import asyncio\ndef save():\n    asyncio.get_running_loop()\n    return 1\n",
    ],
    "app/uses.py": [
        (
            "import asyncio, functools\n"
            "from app import jobs\n"
            "async def use():\n"
            "    jobs.save()\n"
            "    with jobs.guarded():\n"
            "        await asyncio.sleep(1)\n"
            "    with jobs.LOCK:\n"
            "        await asyncio.sleep(1)\n"
            "once = functools.lru_cache(jobs.save)\n"
            "@functools.cache\n"
            "def kept():\n"
            "    return jobs.save()\n"
        ),
        (
            "import time\n"
            "from fastapi import FastAPI\n"
            "from app.jobs import save\n"
            "app = FastAPI()\n"
            "@app.get('/use')\n"
            "async def use():\n"
            "    time.sleep(1)\n"
            "    save()\n"
        ),
        (
            "from app.jobs import save\n"
            "class Store:\n"
            "    async def load(self):\n"
            "        return 1\n"
            "    async def use(self):\n"
            "        self.load()\n"
            "        if save():\n"
            "            pass\n"
        ),
    ],
    "app/below.py": [
        "",
        "from app.uses import Store\nclass Plain(Store):\n    def load(self):\n        return 1\n",
        (
            "from app.uses import Store\n"
            "class Other(Store):\n"
            "    async def load(self):\n"
            "        return 1\n"
        ),
    ],
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make the project, for which even a call graph this small is kept."""
    monkeypatch.setattr(engine, "_KEPT", 0)
    for path, states in STATES.items():
        change(tmp_path / path, states[0])
    return tmp_path


def change(path, text):
    path.parent.mkdir(exist_ok=True)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def checked(project, cache, **settings):
    config = Config(project=str(project), **settings)
    report = engine.check([project], config, cache=cache).report
    return replace(report, seconds=0, cached=0)


@pytest.mark.parametrize("seed", range(4))
def test_an_edit_gives_what_a_run_from_the_start_gives(project, tmp_path_factory, seed):
    cache = tmp_path_factory.mktemp("cache")
    random = Random(seed)  # noqa: S311 - the same edits in every run
    found = set()
    for step in range(40):
        path = random.choice(sorted(STATES))
        change(project / path, random.choice(STATES[path]))
        report = checked(project, cache)
        assert report == checked(project, None), f"step {step}: {path}"
        found.add(report.findings)

    assert len(found) > 3


@pytest.mark.parametrize("seed", [0, 2])
def test_an_edit_is_seen_by_what_is_noted_of_single_places(project, tmp_path_factory, seed):
    cache = tmp_path_factory.mktemp("cache")
    random = Random(seed)  # noqa: S311 - as above
    rules = set()
    for step in range(20):
        path = random.choice(["app/jobs.py", "app/uses.py", "app/below.py", "app/wrap.py"])
        change(project / path, random.choice(STATES[path]))
        report = checked(project, cache)
        assert report == checked(project, None), f"step {step}: {path}"
        rules |= {finding.rule for finding in report.findings}

    assert {"unawaited-coroutine", "lock-across-await", "cached-coroutine"} <= rules


SERVICE = {
    "app/clients.py": STATES["app/clients.py"][3],
    "app/service.py": STATES["app/service.py"][2],
    "app/run.py": STATES["app/run.py"][1],
    "app/fill.py": "",
}
JOBS = "from app.service import Service\nJOBS = []\nJOBS.append({0})\n"
JOB = "from app.fill import JOBS\nasync def job():\n    JOBS[0].load()\n"
TICK = "async def go(clock):\n    clock.tick()\n"


@pytest.mark.parametrize(
    ("start", "path", "text"),
    [
        (SERVICE, "app/fill.py", STATES["app/fill.py"][2]),
        (
            {"app/fill.py": JOBS.format("1"), "app/wrap.py": JOB},
            "app/fill.py",
            JOBS.format("Service()"),
        ),
        ({"app/wrap.py": TICK}, "app/fill.py", "def tick(): ...\n"),
        (
            {"app/wrap.py": "from app.fill import *\nasync def go():\n    tick()\n"},
            "app/fill.py",
            "import time\ndef tick():\n    time.sleep(1)\n",
        ),
    ],
    ids=["a call", "an element", "a name", "a star"],
)
def test_what_a_file_gives_to_others_from_afar_is_seen(project, start, path, text):
    for name, state in start.items():
        change(project / name, state)
    before = checked(project, project / "cache")
    change(project / path, text)
    after = checked(project, project / "cache")

    assert after == checked(project, None)
    assert after != before


@pytest.fixture
def read(monkeypatch):
    """Return the names of the functions whose calls are read, as long as a test runs."""
    names = []
    original = Callees.read

    def noted(callees, here, *place):
        names.append(callees.graph.function(here[0]).name)
        original(callees, here, *place)

    monkeypatch.setattr(Callees, "read", noted)
    return names


MORE = "\n\nasync def more():\n    print()\n"
SLOWER = STATES["app/clients.py"][0].replace("sleep(1)", "sleep(2)")


@pytest.mark.parametrize(
    ("path", "text", "again"),
    [
        ("app/web.py", STATES["app/web.py"][0] + MORE, {"a", "more"}),
        ("app/clients.py", SLOWER, {"get"}),
        ("app/make.py", STATES["app/make.py"][1], {"load", "__init__"}),
        ("app/mount.py", "import time\n", set()),
    ],
)
def test_only_what_can_see_an_edit_is_read_again(project, read, path, text, again):
    cache = project / "cache"
    checked(project, cache)
    read.clear()
    change(project / path, text)
    checked(project, cache)

    assert set(read) == again
