"""Accessors beside functions that set what they give, and dicts of services by name."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from rewriting import printed
from serving import lifecycle

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = """
class Service:
    made = 0

    def __init__(self, url="a"):
        self.url = url
        self.is_closed = False
        Service.made += 1

    def work(self):
        return self.url

    def close(self):
        self.is_closed = True
"""
HEAD = """
from fastapi import FastAPI

from services import Service

app = FastAPI()


@app.get("/work")
async def read():
    return 1


"""
SET = '''
_x: Service | None = None


def get() -> Service:
    """Return the one."""
    global _x
    if _x is None:
        _x = Service()
    return _x


def configure(url):
    global _x
    reset()
    _x = Service(url)  # at once
    return _x


def reset():
    global _x
    if _x is not None:
        _x.close()
    _x = None


def is_there():
    return _x is not None
'''
TRIED = """
import json
import app
from services import Service

told = [app.is_there(), app.get() is app.get(), app.is_there(), Service.made]
first = app.get()
second = app.configure("b")
told += [first.is_closed, second is app.get(), second.url, app.is_there(), Service.made]
app.reset()
told += [second.is_closed, app.is_there(), app.get().url, app.get() is not second, Service.made]
third = app.configure("c")
app.reset()
told += [third.is_closed, app.is_there()]
print(json.dumps(told))
"""


@pytest.fixture
def fixed(tmp_path):
    """Return a function that fixes `app.py` and gives its new text, or why it stays."""

    def run(code: str, **files: str) -> tuple[str, list[str]]:
        every = {"services.py": SERVICE, "app.py": HEAD + dedent(code).lstrip("\n"), **files}
        done = lifecycle(tmp_path, every, strategy="cached")
        return done.files["app.py"].removeprefix(HEAD), done.reasons

    return run


def same(folder: Path, files: dict[str, str], script: str) -> str:
    """Fix files, run a script beside them before and after; return the new text of `app.py`."""
    done = lifecycle(folder / "fixed", files, strategy="cached")
    assert done.fixes, done.reasons
    before = printed(folder / "before", {**files, "main.py": script})
    assert printed(folder / "after", {**done.files, "main.py": script}) == before
    return done.files["app.py"]


def test_what_was_configured_is_given_first_and_clears_the_cache(fixed):
    text, reasons = fixed(SET)

    assert not reasons
    assert text.endswith('''_x: Service | None = None


@functools.lru_cache(maxsize=1)
def get() -> Service:
    """Return the one."""
    if _x is not None:
        return _x
    return Service()


def configure(url):
    global _x
    reset()
    _x = Service(url)  # at once
    get.cache_clear()
    return get()


def reset():
    global _x
    if _x is not None or get.cache_info().currsize:
        get().close()
    _x = None
    get.cache_clear()


def is_there():
    return bool(_x is not None or get.cache_info().currsize)
''')


def test_a_configured_accessor_gives_closes_and_builds_as_it_did(tmp_path):
    files = {"services.py": SERVICE, "app.py": HEAD + SET.lstrip("\n")}

    assert same(tmp_path, files, TRIED)


def test_a_setter_that_unsets_lets_the_accessor_build_again(tmp_path):
    code = """
        _x = None


        def get():
            global _x
            if _x is None:
                _x = Service()
            return _x


        def set_service(service):
            global _x
            _x = service
    """
    script = """
        import app
        from services import Service

        mine = Service("mine")
        app.set_service(mine)
        print(app.get() is mine)
        app.set_service(None)
        print(app.get().url, app.get() is app.get())
    """
    files = {"services.py": SERVICE, "app.py": HEAD + dedent(code).lstrip("\n")}

    assert "    _x = service\n    get.cache_clear()\n" in same(tmp_path, files, dedent(script))


DICT = """
makers = {"a": Service, "b": lambda: Service("b")}
_services: dict[str, Service] = {}


def get(name: str) -> Service:
    if name not in _services:
        _services[name] = makers[name]()
    return _services[name]


def reset():
    _services.clear()


def use():
    return get("a")
"""


def test_a_dict_of_services_becomes_a_cache_by_name(fixed):
    text, reasons = fixed(DICT)

    assert not reasons
    assert text.endswith("""
makers = {"a": Service, "b": lambda: Service("b")}


@functools.cache
def get(name: str) -> Service:
    return makers[name]()


def reset():
    get.cache_clear()


def use():
    return get("a")
""")


def test_a_dict_that_is_asked_in_another_order_becomes_one_too(fixed):
    text, reasons = fixed("""
        makers = {"a": Service}
        _services = {}


        def get(name):
            if name in _services:
                return _services[name]
            service = makers[name]()
            _services[name] = service
            return _services[name]


        def renew():
            global _services
            _services = {}
    """)

    assert not reasons
    assert text.endswith("""
@functools.cache
def get(name):
    service = makers[name]()
    return service


def renew():
    get.cache_clear()
""")


def test_a_service_under_a_constant_is_a_single_one(fixed):
    text, reasons = fixed("""
        _services = {}


        def get():
            if "one" not in _services:
                _services["one"] = Service()
            return _services["one"]
    """)

    assert not reasons
    assert text.endswith("""
@functools.lru_cache(maxsize=1)
def get():
    return Service()
""")


REFUSED = {
    "set in another module": (
        SET,
        {"other.py": "import app\n\n\ndef plant(one):\n    app._x = one\n"},
        "is set to something else",
    ),
    "set in a test": (
        SET,
        {"tests/test_app.py": "import app\n\n\ndef test_one():\n    app._x = object()\n"},
        "is set to something else",
    ),
    "read where it may be unset": (
        SET + "\n\ndef peek():\n    return _x\n",
        {},
        "`_x` is read in app.py",
    ),
    "deleted": (SET.replace("    _x = None\n\n\ndef is", "    del _x\n\n\ndef is"), {}, "`_x` is"),
    "closed one by one": (
        DICT + "\n\ndef close():\n    for each in _services.values():\n        each.close()\n",
        {},
        "`_services` is used in app.py",
    ),
    "asked by name": (
        DICT.replace('get("a")', 'get(name="a")'),
        {},
        "asks `get` in a way of its own",
    ),
    "kept for a part of what is asked": (
        DICT.replace("get(name: str)", "get(name: str, again: bool = False)"),
        {},
        "keeps a service under `name`",
    ),
    "counted": (
        DICT.replace(
            "    return _services[name]", "    print(len(_services))\n    return _services[name]"
        ),
        {},
        "does more than build on each call",
    ),
    "two accessors of one dict": (
        DICT.replace("def use", "def again(name):\n    return _services[name]\n\n\ndef use"),
        {},
        "`_services` is used in app.py",
    ),
}


@pytest.mark.parametrize(("code", "files", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_a_cache_does_not_equal_stays(fixed, code, files, reason):
    text, reasons = fixed(code, **files)

    assert dedent(code).lstrip("\n") in text
    assert any(reason in each for each in reasons), reasons
