"""Caches of coroutines, and the caches that can have them."""

from textwrap import dedent

import pytest

HEAD = """
import asyncio, functools
from functools import cache, cached_property, lru_cache
import aiocache, async_lru, cachetools
from cachetools import TTLCache, cached

async def fetch(name=""):
    return name

"""


@pytest.fixture
def found(check):
    """Return a function that checks code, and gives the code at each finding of this rule."""

    def run(code):
        files = {"app.py": HEAD + dedent(code)}
        return [each.code for each in check(files, select=("cached-coroutine",))]

    return run


@pytest.mark.parametrize(
    "decorator",
    [
        "lru_cache",
        "lru_cache(maxsize=8)",
        "functools.lru_cache(None)",
        "cache",
        "cached(TTLCache(8, 60))",
        "cachetools.cached(cache={})",
        "cachetools.func.ttl_cache(ttl=1)",
    ],
)
def test_a_cache_on_a_coroutine_function_is_reported(found, decorator):
    app = f"@{decorator}\nasync def price(name):\n    return name\n"

    assert found(app) == ["async def price"]


@pytest.mark.parametrize("decorator", ["cached_property", "cachetools.cachedmethod(lambda s: {})"])
def test_a_cache_on_a_method_is_reported(found, decorator):
    app = f"class A:\n    @{decorator}\n    async def owner(self):\n        return 1\n"

    assert found(app) == ["async def owner"]


def test_a_cache_put_on_by_hand_is_reported(found):
    app = "one = lru_cache(maxsize=1)(fetch)\ntwo = cache(fetch)\nthree = cache(len)\n"

    assert found(app) == ["lru_cache(maxsize=1)(fetch)", "cache(fetch)"]


def test_a_plain_function_that_gives_a_coroutine_is_reported(found):
    assert found("@cache\ndef later(name):\n    return fetch(name)\n") == ["def later"]


def test_an_async_generator_is_reported(found):
    assert found("@cache\nasync def rows():\n    yield 1\n") == ["async def rows"]


@pytest.mark.parametrize(
    "app",
    [
        "@async_lru.alru_cache\nasync def price(): ...\n",
        "@aiocache.cached(ttl=1)\nasync def price(): ...\n",
        "from elsewhere import cache\n@cache\nasync def price(): ...\n",
        "@cache\ndef price():\n    return 1\n",
        "@cache\ndef task():\n    return asyncio.ensure_future(fetch())\n",
        "from elsewhere import as_task\n@cache\n@as_task\nasync def price(): ...\n",
        "def cache(f):\n    return f\n@cache\nasync def price(): ...\n",
    ],
)
def test_what_can_be_used_twice_is_silent(found, app):
    assert found(app) == []
