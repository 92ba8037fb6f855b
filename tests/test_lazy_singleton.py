"""Lazy singletons: the shapes that they have, and what only looks like one."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncfix.findings import Severity

SERVICES = """
    import asyncpg
    import httpx
    from dataclasses import dataclass
    from pydantic import BaseModel

    class Service:
        def __init__(self, url=""):
            self.url = url

        async def connect(self): ...

        def work(self): ...

    class Settings(BaseModel):
        url: str = ""

        def shown(self):
            return self.url

    @dataclass
    class Point:
        x: int = 0

        def moved(self):
            return Point(self.x + 1)

    class Empty:
        def __init__(self):
            self.count = 0

    def build():
        return Service()
"""
HEAD = """
import asyncio, re, threading
import asyncpg, httpx
from services import Empty, Point, Service, Settings, build
_x = None
_ready = False
_all = {}
_lock = threading.Lock()
_alock = asyncio.Lock()
"""


@pytest.fixture
def found(check):
    """Return a function that checks `app.py`."""

    def run(app, path="app.py", **settings):
        files = {"services.py": dedent(SERVICES), path: HEAD + dedent(app)}
        return check(files, select=("lazy-singleton",), **settings)

    return run


SHAPES = {
    "is None": """
        def get():
            global _x
            if _x is None:
                _x = Service()
            return _x
    """,
    "not": """
        def get():
            global _x
            if not _x:
                _x = Service()
            return _x
    """,
    "annotated": """
        _y: Service | None = None
        def get() -> Service:
            global _y
            if _y is None:
                _y: Service = Service()
            return _y
    """,
    "inverted": """
        def get():
            global _x
            if _x is not None:
                return _x
            settings = Settings()
            _x = Service(settings.url)
            return _x
    """,
    "or": """
        def get(new=False):
            global _x
            if new or _x is None:
                _x = Service()
            return _x
    """,
    "flag": """
        def get():
            global _x, _ready
            if not _ready:
                _x = Service()
                _ready = True
            return _x
    """,
    "mark of failure": """
        def get():
            global _x
            if _x is None:
                try:
                    _x = Service()
                except OSError:
                    _x = False
            return _x or None
    """,
    "new": """
        class One:
            _one = None
            def __new__(cls):
                if cls._one is None:
                    cls._one = super().__new__(cls)
                return cls._one
            def work(self): ...
    """,
    "new, with properties": """
        class One:
            _one = None
            def __new__(cls):
                if cls._one is None:
                    cls._one = super().__new__(cls)
                return cls._one
            @property
            def model(self):
                return load("model")
    """,
    "class": """
        class Holder:
            _one = None
            @classmethod
            def one(cls):
                if cls._one is None:
                    cls._one = cls()
                return cls._one
            def work(self): ...
    """,
    "what another accessor gives": """
        class One:
            one = Service()
            @classmethod
            def given(cls): return known(cls.one)
        def known(one) -> Service:
            return one
        def get():
            global _x
            if _x is None:
                _x = One.given()
            return _x
    """,
    "a factory of sessions": """
        from sqlalchemy.orm import sessionmaker
        def get():
            global _x
            if _x is None:
                _x = sessionmaker()
            return _x
    """,
    "class by name": """
        class Holder:
            _one = None
            @staticmethod
            def one():
                if Holder._one is None:
                    Holder._one = Service()
                return Holder._one
    """,
    "class of the instance": """
        class Holder:
            _one = None
            def one(self):
                if self.__class__._one is None:
                    type(self)._one = None
                    self.__class__._one = Service()
                return self.__class__._one
    """,
    "registry": """
        def get(key):
            if key not in _all:
                _all[key] = Service()
            return _all[key]
    """,
    "registry by get": """
        def get(key):
            if (found := _all.get(key)) is None:
                found = _all[key] = Service()
            return found
    """,
    "registry inverted": """
        def get(key):
            if key in _all:
                return _all[key]
            _all[key] = Service()
            return _all[key]
    """,
    "function attribute": """
        def get():
            if not hasattr(get, "one"):
                get.one = Service()
            return get.one
    """,
    "getattr": """
        def get():
            if getattr(get, "one", None) is None:
                get.one = Service()
            return get.one
    """,
    "double check": """
        def get():
            global _x
            if _x is None:
                with _lock:
                    if _x is None:
                        _x = Service()
            return _x
    """,
    "application": """
        def get(request):
            if not hasattr(request.app.state, "one"):
                request.app.state.one = httpx.AsyncClient()
            return request.app.state.one
    """,
    "by a function": """
        def get():
            global _x
            if _x is None:
                _x = build()
            return _x
    """,
    "of a third party": """
        from vectors import VectorStore
        def get():
            global _x
            if _x is None:
                _x = VectorStore("path")
            return _x
    """,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_found_once(found, shape):
    each = found("async def main(): ...\n" + dedent(SHAPES[shape]))

    assert [finding.severity for finding in each] == [Severity.WARNING]


RACES = {
    "global": """
        async def get():
            global _x
            if _x is None:
                _x = await asyncpg.create_pool()
            return _x
    """,
    "prepared": """
        async def get():
            global _x
            if _x is None:
                service = Service()
                await service.connect()
                _x = service
            return _x
    """,
    "inverted": """
        async def get():
            global _x
            if _x:
                return _x
            await asyncio.sleep(0)
            _x = Service()
            return _x
    """,
    "instance": """
        class Store:
            _pool = None
            async def pool(self):
                if not self._pool:
                    self._pool = await asyncpg.create_pool()
                return self._pool
    """,
}


@pytest.mark.parametrize("race", RACES)
def test_an_await_between_test_and_assignment_is_an_error(found, race):
    each = found(RACES[race])

    assert [finding.severity for finding in each] == [Severity.ERROR]
    assert each[0].message.endswith("; whoever comes while it awaits builds another one")


def test_an_await_of_what_was_just_set_hands_it_out_too_early(found):
    each = found("""
        async def get():
            global _x
            if _x is None:
                _x = Service()
                await _x.connect()
            return _x
    """)

    assert each[0].severity is Severity.ERROR
    assert each[0].message.endswith("; whoever comes while it awaits gets one that is not ready")


@pytest.mark.parametrize("lock", ["async with _alock", "if _x is None:\n        async with _alock"])
def test_a_lock_keeps_the_race_away(found, lock):
    app = """
async def get():
    global _x
    LOCK:
            if _x is None:
                _x = await asyncpg.create_pool()
    return _x
"""
    each = found(app.replace("LOCK", lock))

    assert [finding.severity for finding in each] == [Severity.WARNING]


def test_arguments_of_the_first_call_are_told(found):
    each = found("""
        async def main(): ...
        def get(url, size=1):
            global _x
            if _x is None:
                _x = Service(url)
            return _x
    """)

    assert each[0].message.endswith("; `url` counts on the first call only")


def test_arguments_that_are_looked_at_again_are_not_told(found):
    each = found("""
        async def main(): ...
        _url = None
        def get(url):
            global _x, _url
            if _x is None or _url != url:
                _x = Service(url)
                _url = url
            return _x
    """)

    assert each[0].message.endswith("kept in the module's `_x`")


def test_what_resets_and_configures_it_is_told(found):
    each = found(
        "async def main(): ...\n"
        + dedent(SHAPES["is None"])
        + dedent("""
            def reset():
                global _x
                _x = None
            def configure(url):
                global _x
                _x = Service(url)
        """)
    )

    assert each[0].help.endswith("; with it go `configure`, `reset`")


SILENT = {
    "values": """
        def get():
            global _x
            if _x is None:
                _x = {VALUE}
            return _x
    """.replace("{VALUE}", '{"a": 1}'),
    "a pattern": """
        def get():
            global _x
            if _x is None:
                _x = re.compile("a")
            return _x
    """,
    "a lock": """
        def get():
            global _x
            if _x is None:
                _x = asyncio.Lock()
            return _x
    """,
    "settings": """
        def get():
            global _x
            if _x is None:
                _x = Settings()
            return _x
    """,
    "a dataclass": """
        def get():
            global _x
            if _x is None:
                _x = Point()
            return _x
    """,
    "a record": """
        def get():
            global _x
            if _x is None:
                _x = Empty()
            return _x
    """,
    "a local": """
        def get(x=None):
            if x is None:
                x = Service()
            return x
    """,
    "one for each key": """
        def get(key):
            if key not in _all:
                _all[key] = Service(key)
            return _all[key]
    """,
    "a connection for each address": """
        def get(url):
            if url in _all:
                return _all[url]
            client = httpx.AsyncClient(base_url=url)
            _all[url] = client
            return client
    """,
    "a record that makes itself": """
        class Flags:
            _one = None
            def __new__(cls):
                if cls._one is None:
                    cls._one = super().__new__(cls)
                    cls._one.shown = None
                return cls._one
    """,
    "an attribute of an instance": """
        class Holder:
            def service(self):
                if self._service is None:
                    self._service = Service()
                return self._service
    """,
    "the state of a request": """
        def get(request):
            if not hasattr(request.state, "one"):
                request.state.one = Service()
            return request.state.one
    """,
    "no singleton in new": """
        class Many:
            def __new__(cls, *args):
                made = super().__new__(cls)
                if cls.count is None:
                    cls.count = 0
                return made
    """,
    "set elsewhere": """
        def get():
            if _x is None:
                raise RuntimeError("not started")
            return _x
    """,
    "start-up": """
        from fastapi import FastAPI
        app = FastAPI()
        @app.on_event("startup")
        async def start():
            global _x
            if _x is None:
                _x = await asyncpg.create_pool()
    """,
}


@pytest.mark.parametrize("kind", SILENT)
def test_what_only_looks_like_one_is_left_alone(found, kind):
    each = found("async def main(): ...\n" + dedent(SILENT[kind]))

    assert [finding.message for finding in each] == []


@pytest.mark.parametrize("path", ["tests/test_app.py", "scripts/run.py"])
def test_tests_and_scripts_are_left_alone(found, path):
    assert found("async def main(): ...\n" + dedent(SHAPES["is None"]), path=path) == []


def test_a_program_without_async_code_is_left_alone(check):
    service = "class Service:\n    def work(self): ...\n_x = None\n"

    assert check({"app.py": service + dedent(SHAPES["is None"])}) == []
