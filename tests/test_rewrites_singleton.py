"""Lazily built services: accessors that cache, resets, tests that are ported, what is refused."""

from __future__ import annotations

from textwrap import dedent

import pytest
from serving import lifecycle

SERVICE = """
class Service:
    def __init__(self, url="a"):
        self.url = url

    def work(self):
        return self.url

    async def connect(self): ...

    def close(self): ...


def maybe():
    if Service:
        return Service()
    return None
"""
HEAD = """
import asyncio
import threading

from fastapi import FastAPI

from services import Service, maybe

app = FastAPI()


@app.get("/work")
async def read():
    return 1

"""


@pytest.fixture
def cached(tmp_path):
    """Return a function that fixes `app.py` and gives its new text, or why it stays."""

    def run(code: str, **files: str) -> tuple[str, list[str]]:
        every = {"services.py": SERVICE, "app.py": HEAD + dedent(code), **files}
        done = lifecycle(tmp_path, every, strategy="cached")
        return done.files["app.py"].removeprefix(HEAD), done.reasons

    return run


BUILT = """
@functools.lru_cache(maxsize=1)
def get() -> Service:
    return Service()
"""
SHAPES = {
    "is None": """
        _x: Service | None = None


        def get() -> Service:
            global _x
            if _x is None:
                _x = Service()
            return _x
    """,
    "early return": """
        _x = None


        def get() -> Service:
            global _x
            if _x is not None:
                return _x
            _x = Service()
            return _x
    """,
    "flag": """
        _x = None
        _ready = False


        def get() -> Service:
            global _x, _ready
            if not _ready:
                _x = Service()
                _ready = True
            return _x
    """,
    "a lock and two tests": """
        _x = None
        _lock = threading.Lock()


        def get() -> Service:
            global _x
            if not _x:
                with _lock:
                    if not _x:
                        _x = Service()
            return _x
    """,
    "a parameter that nobody passes": """
        _x = None


        def get(force_new: bool = False) -> Service | None:
            global _x
            if force_new or _x is None:
                _x = Service()
            return _x
    """,
    "an attribute of the function": """
        def get() -> Service:
            if not hasattr(get, "kept"):
                get.kept = Service()
            return get.kept
    """,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_accessor_keeps_its_name_and_only_builds(cached, shape):
    text, reasons = cached(shape)

    assert BUILT in text
    assert "_x" not in text
    assert "_lock" not in text
    assert not reasons


def test_comments_and_what_precedes_building_stay(cached):
    text, _ = cached('''
        _x = None


        def get():
            """Return the service."""
            global _x
            if _x is None:
                # from the settings
                url = "b"
                _x = Service(url)  # shared
                _x.work()
            return _x
    ''')

    assert text.endswith('''
@functools.lru_cache(maxsize=1)
def get():
    """Return the service."""
    # from the settings
    url = "b"
    x = Service(url)  # shared
    x.work()
    return x
''')


def test_resets_and_shutdown_ask_the_cache(cached):
    text, reasons = cached("""
        _x = None
        _other = 1


        def get():
            global _x
            if _x is None:
                _x = Service()
            return _x


        def reset():
            global _x, _other
            _other = 2
            if _x is not None:
                _x.close()
            _x = None


        def is_there():
            return _x is not None
    """)

    assert not reasons
    assert text.endswith("""
def reset():
    global _other
    _other = 2
    if get.cache_info().currsize:
        get().close()
    get.cache_clear()


def is_there():
    return bool(get.cache_info().currsize)
""")


def test_tests_that_unset_the_variable_clear_the_cache(tmp_path):
    done = lifecycle(
        tmp_path,
        {
            "services.py": SERVICE,
            "app.py": HEAD + dedent(SHAPES["is None"]),
            "tests/test_app.py": dedent("""
                import app


                def test_one(monkeypatch):
                    monkeypatch.setattr(app, "_x", None)
                    assert app._x is None
                    app._x = None
                    assert app.get() is app.get()
            """),
        },
        strategy="cached",
    )

    assert not done.reasons
    assert done.files["tests/test_app.py"].endswith("""
def test_one(monkeypatch):
    app.get.cache_clear()
    assert not app.get.cache_info().currsize
    app.get.cache_clear()
    assert app.get() is app.get()
""")


def test_an_async_accessor_is_cached_by_what_awaits(tmp_path):
    done = lifecycle(
        tmp_path,
        {
            "requirements.txt": "fastapi\n",
            "services.py": SERVICE,
            "app.py": HEAD
            + dedent("""
                _x = None


                async def get():
                    global _x
                    if _x is None:
                        made = Service()
                        await made.connect()
                        _x = made
                    return _x


                async def close():
                    global _x
                    if _x is not None:
                        _x.close()
                        _x = None
            """),
        },
        strategy="cached",
    )

    assert done.files["app.py"].endswith("""
@alru_cache(maxsize=1)
async def get():
    made = Service()
    await made.connect()
    return made


async def close():
    if get.cache_info().currsize:
        (await get()).close()
        get.cache_clear()
""")
    assert done.fixes[0].requires == ("async-lru>=2.0",)


def test_a_class_keeps_its_accessor_and_shares_with_its_subclasses(cached):
    text, reasons = cached("""
        class Base:
            _x = None

            @classmethod
            def get(cls):
                if cls._x is None:
                    cls._x = Service()
                return cls._x

            def work(self):
                return self.get()


        class Below(Base):
            pass
    """)

    assert not reasons
    assert text.endswith("""
class Base:
    @staticmethod
    @functools.lru_cache(maxsize=1)
    def get():
        return Service()

    def work(self):
        return self.get()


class Below(Base):
    pass
""")


REFUSED = {
    "an argument of the first call": (
        """
        _x = None
        def get(url):
            global _x
            if _x is None:
                _x = Service(url)
            return _x
        def use():
            return get("b")
        """,
        "count on the first call only",
    ),
    "a mark of failure": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                try:
                    _x = Service()
                except OSError:
                    _x = False
            return _x
        """,
        "marks a failure",
    ),
    "a failure that is tried again": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                try:
                    _x = Service()
                except OSError:
                    print("later")
            return _x
        """,
        "may return without a service",
    ),
    "a factory that may give None": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                _x = maybe()
            return _x
        """,
        "may return None",
    ),
    "another variable beside it": (
        """
        _x = None
        _y = None
        def get():
            global _x, _y
            if _x is None:
                _y = Service()
                _x = Service()
            return _x
        """,
        "sets `_y` as well",
    ),
    "work on each call": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                _x = Service()
            _x.work()
            return _x
        """,
        "does more than build on each call",
    ),
    "somebody who sets another one": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                _x = Service()
            return _x
        def use(other):
            global _x
            _x = kept = other
        """,
        "is set with others",
    ),
    "a reader who counts on None": (
        """
        _x = None
        def get():
            global _x
            if _x is None:
                _x = Service()
            return _x
        def peek():
            return _x
        """,
        "`_x` is read in app.py",
    ),
    "one for each subclass": (
        """
        class Base:
            _x = None
            @classmethod
            def get(cls):
                if cls._x is None:
                    cls._x = cls()
                return cls._x
            def work(self): ...
        class Below(Base): ...
        """,
        "builds another one for each subclass",
    ),
}


@pytest.mark.parametrize(("code", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_a_cache_does_not_equal_is_refused_with_its_reason(cached, code, reason):
    text, reasons = cached(code)

    assert dedent(code) in text
    assert any(reason in each for each in reasons), reasons


def test_a_test_that_plants_another_one_is_a_reason_to_refuse(tmp_path):
    done = lifecycle(
        tmp_path,
        {
            "services.py": SERVICE,
            "app.py": HEAD + dedent(SHAPES["is None"]),
            "tests/test_app.py": "import app\n\n\ndef test_one():\n    app._x = object()\n",
        },
    )

    assert not done.fixes
    assert any("is set to something else in tests/test_app.py:5" in each for each in done.reasons)


def test_a_coroutine_that_awaits_nothing_asks_a_plain_cached_function(cached):
    text, reasons = cached('''
        _x: Service | None = None


        async def get() -> Service | None:
            """Return the service."""
            global _x
            if _x is None:
                _x = Service()
            return _x


        def reset():
            global _x
            _x = None
    ''')

    assert not reasons
    assert text.endswith('''
@functools.lru_cache(maxsize=1)
def _x() -> Service:
    return Service()


async def get() -> Service:
    """Return the service."""
    return _x()


def reset():
    _x.cache_clear()
''')


NEW = """
import threading


class Cache:
    \"\"\"One for all.\"\"\"

    _one = None

    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
            # who waits
            cls._one._lock = threading.Lock()
            cls._one.hits = 0
        return cls._one

    def get(self) -> "Cache":
        return self
"""


def test_a_class_that_is_its_own_singleton_is_given_by_a_function(tmp_path):
    app = """
        from fastapi import Depends
        from cache import Cache

        FACTORIES = {"cache": Cache}


        def plain(given: Cache) -> bool:
            return isinstance(given, Cache)


        @app.get("/cache")
        async def read(cache: Cache = Depends(Cache)):
            return Cache().get() is cache
    """
    files = {"cache.py": NEW, "services.py": SERVICE, "app.py": HEAD + dedent(app)}

    done = lifecycle(tmp_path, files)

    assert not done.reasons
    assert (
        done.files["cache.py"]
        == '''
import functools
import threading


class Cache:
    """One for all."""

    def __init__(self) -> None:
        # who waits
        self._lock = threading.Lock()
        self.hits = 0

    def get(self) -> "Cache":
        return self


@functools.lru_cache(maxsize=1)
def get_cache() -> Cache:
    return Cache()
'''
    )
    text = done.files["app.py"]
    assert "from cache import Cache, get_cache\n" in text
    assert 'FACTORIES = {"cache": get_cache}' in text
    assert "def plain(given: Cache) -> bool:\n    return isinstance(given, Cache)" in text
    assert "async def read(cache: Cache = Depends(get_cache)):" in text
    assert "return get_cache().get() is cache" in text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "def get(self)",
            "def __init__(self):\n        self.n = 0\n\n    def get(self)",
            "runs anew",
        ),
        ("def __new__(cls)", "def __new__(cls, url)", "takes arguments"),
        (
            "def get(self)",
            "def reset(self):\n        Cache._one = None\n\n    def get(self)",
            "is used in",
        ),
        (
            '"Cache":\n        return self\n',
            '"Cache":\n        return self\n\n\nclass Below(Cache): ...\n',
            "has subclasses",
        ),
    ],
)
def test_a_class_that_does_more_stays_as_it_is(tmp_path, old, new, reason):
    files = {"services.py": SERVICE, "app.py": HEAD, "cache.py": NEW.replace(old, new)}

    done = lifecycle(tmp_path, files)

    assert done.files["cache.py"] == files["cache.py"]
    assert any(reason in each for each in done.reasons), done.reasons


def test_a_mark_that_new_sets_for_init_becomes_one_of_the_class(tmp_path):
    code = """
class Cache:
    _one = None

    def __new__(cls):
        if cls._one is None:
            cls._one = super().__new__(cls)
            cls._one._initialized = False
        return cls._one

    def __init__(self):
        if self._initialized:
            return
        self.hits = 0
        self._initialized = True

    def get(self):
        return self.hits
"""
    files = {"services.py": SERVICE, "app.py": HEAD, "cache.py": code}

    done = lifecycle(tmp_path, files)

    assert (
        "class Cache:\n    _initialized = False\n\n    def __init__(self):"
        in done.files["cache.py"]
    )


def test_a_client_that_nothing_closes_is_closed_behind_the_lifespan(tmp_path):
    app = """
        import httpx

        _client = None


        def get_client() -> httpx.AsyncClient:
            global _client
            if _client is None:
                _client = httpx.AsyncClient()
            return _client


        @app.get("/client")
        async def client():
            return (await get_client().get("https://example.com")).json()
    """

    done = lifecycle(tmp_path, {"services.py": SERVICE, "app.py": HEAD + dedent(app)})

    assert (
        dedent("""
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            get_client()
            yield
            await get_client().aclose()
            get_client.cache_clear()
    """)
        in done.files["app.py"]
    )
