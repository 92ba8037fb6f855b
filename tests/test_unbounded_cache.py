"""Caches that only grow: what counts as one, whose keys requests choose, and how one is bounded."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import PACKS, applied, printed, workspace_of

from asyncfix.checks import unbounded_cache
from asyncfix.rewrites import fixes

RULE = PACKS.rules["unbounded-cache"]
HEAD = """
import asyncio, functools
from functools import cache, lru_cache
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
app = FastAPI()
def work(key): return [key]
"""
DICT = """
_known = {}
def known(key: str):
    if key not in _known:
        _known[key] = work(key)
    return _known[key]
@app.get("/")
def index(key: str):
    return known(key)
"""
SERVICE = """
class Service:
    def __init__(self):
        self.known: dict[str, list] = {}
    def get(self, key):
        if key not in self.known:
            self.known[key] = work(key)
        return self.known[key]
service = Service()
@app.get("/")
async def index(key: str):
    return await run_in_threadpool(service.get, key)
"""
DECORATED = """
@functools.lru_cache(maxsize=None)
def known(key):
    return work(key)
@app.get("/")
def index(key: str):
    return known(key.lower())
"""


def found(code, **files):
    texts = {"app.py": HEAD + dedent(code)} | {f"{n}.py": dedent(t) for n, t in files.items()}
    workspace = workspace_of(texts)
    return [each.subject for each in unbounded_cache.find(RULE, workspace.project)]


@pytest.mark.parametrize(
    "code",
    [
        DICT,
        SERVICE,
        DECORATED,
        DICT.replace("_known = {}", "_known: dict[str, list] = dict()"),
        DICT.replace("_known[key] = work(key)", "_known[f'{key}!'] = work(key)"),
        SERVICE.replace("service = Service()", "service = None").replace(
            "    return await", "    global service\n    service = Service()\n    return await"
        ),
        DECORATED.replace("functools.lru_cache(maxsize=None)", "cache"),
    ],
)  # fmt: skip
def test_what_grows_with_each_request_is_found(code):
    assert len(found(code)) == 1


NOT = {
    "emptied": DICT + "def stop(): _known.clear()\n",
    "deleted": DICT + "def stop(key):\n    del _known[key]\n",
    "measured": DICT + "def full(): return len(_known) > 9\n",
    "handed on": DICT + "def stop(): evict(_known)\n",
    "given back": DICT + "def everything(): return _known\n",
    "set anew": DICT + "def stop():\n    global _known\n    _known = {}\n",
    "filled": DICT.replace("_known = {}", "_known = {'a': [1]}"),
    "never read": DICT.replace("if key not in _known:", "if 1:").replace("return _known[key]", ""),
    "a constant": DICT.replace("known(key)\n", "known('pages')\n", 2),
    "of a kind": DICT.replace("known(key: str)", "known(key: type)"),
    "stored for others": DICT.replace("known(key: str)", "known(key, value)").replace(
        "work(key)\n    return", "str(value)\n    return"
    ),
    "of one request": SERVICE.replace("service = Service()", "").replace("service.", "Service()."),
    "bounded": DECORATED.replace("None", "64"),
    "without arguments": DECORATED.replace("known(key)", "known()").replace("(key.lower())", "()"),
    "called with constants": DECORATED.replace("key.lower()", "'a'"),
    "not served": DICT.partition("@app")[0] + "known('a')\n",
}  # fmt: skip


@pytest.mark.parametrize("why", NOT)
def test_what_is_emptied_bounded_or_of_few_keys_is_left_alone(why):
    assert found(NOT[why]) == []


def test_another_module_may_empty_it():
    code = DICT.replace("_known", "everything")

    assert found(code) == ["everything"]
    assert found(code, other="from app import everything\neverything.pop('a')\n") == []


# Rewrites


def fixed(code):
    files = {"app.py": HEAD + code}
    workspace = workspace_of(files)
    (finding,) = unbounded_cache.find(RULE, workspace.project)
    plan = fixes(RULE, finding, workspace)
    if not plan.fixes:
        return plan.refusals[0].reason
    files = applied(files, plan.fixes[0])
    assert not list(unbounded_cache.find(RULE, workspace_of(files).project))
    return files["app.py"]


def test_a_decorator_gets_a_size():
    assert "@functools.lru_cache(maxsize=1024)\ndef known" in fixed(DECORATED)
    assert "@lru_cache(maxsize=1024)\ndef known" in fixed(
        DECORATED.replace("functools.lru_cache(maxsize=None)", "cache")
    )


@pytest.mark.parametrize("code", [DICT, SERVICE])
def test_a_dict_that_threads_use_lets_go_of_the_oldest(code, tmp_path):
    bare = fixed(code).replace("from fastapi", "# ").replace("app = FastAPI()", "")
    bare = bare.replace('@app.get("/")\n', "").replace("import run_in", "# ")
    known = "known" if code is DICT else "service.get"
    size = "_known" if code is DICT else "service.known"
    text = f"{bare}\nfor n in range(3000):\n    assert {known}(n) == [n]\nprint(len({size}))\n"

    assert printed(tmp_path, {"main.py": text}) == "1024\n"


ONLY_COROUTINES = """
class Service:
    def __init__(self):
        self.known: dict[str, list] = {}
    async def get(self, key):
        if key not in self.known:
            self.known[key] = await asyncio.sleep(0, key)
        return self.known[key]
service = Service()
@app.get("/")
async def index(key: str):
    return await service.get(key)
"""


def test_a_dict_of_coroutines_becomes_a_cache_of_a_library_that_is_in_use():
    text = fixed(f"import cachetools\n{ONLY_COROUTINES}")

    assert "self.known: LRUCache[str, list] = LRUCache(maxsize=1024)" in text
    assert "from cachetools import LRUCache" in text


@pytest.mark.parametrize("value", ["asyncio.Lock()", "[]", "{}"])
def test_what_is_shared_and_changed_cannot_be_dropped(value):
    assert fixed(DICT.replace("work(key)\n    return", f"{value}\n    return")) == (
        "what it keeps is shared and changed, so that none may be made anew"
    )


def test_no_library_is_asked_for_to_bound_a_dict():
    text = fixed(ONLY_COROUTINES)

    assert "cachetools" not in text
    assert "if len(self.known) > 1024:" in text
