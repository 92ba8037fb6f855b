"""Caches that keep coroutines await them instead: the changed code is run."""

from __future__ import annotations

from textwrap import dedent

import pytest
from serving import lifecycle, told

HEAD = """
import asyncio
import functools
from functools import cache, cached_property, lru_cache

import cachetools.func
from fastapi import FastAPI

app = FastAPI()
made = []


"""
TWICE = """
import asyncio, json
import app

async def main():
    given = [await app.price("ab"), *await asyncio.gather(app.price("abc"), app.price("abc"))]
    return given + [await app.price("ab")]

print(json.dumps([asyncio.run(main()), app.made, asyncio.run(app.price("ab"))]))
"""
PRICE = """async def price(name: str) -> int:
    await asyncio.sleep(0)
    made.append(name)
    return len(name)
"""


@pytest.mark.parametrize(
    ("mark", "new"),
    [
        ("lru_cache", "alru_cache(maxsize=128)"),
        ("functools.lru_cache(maxsize=8)", "alru_cache(maxsize=8)"),
        ("lru_cache(None)", "alru_cache(None)"),
        ("cache", "alru_cache(maxsize=None)"),
        ("cachetools.func.ttl_cache(ttl=9)", "alru_cache(maxsize=128, ttl=9)"),
    ],
)
def test_a_cache_that_awaits_gives_each_caller_the_result(tmp_path, mark, new):
    pytest.importorskip("async_lru", reason="the cache is run")
    code = f"@{mark}\n{PRICE}"

    done = lifecycle(tmp_path, {"app.py": HEAD + code})

    assert not done.reasons
    assert done.files["app.py"].endswith(f"\n@{new}\n{PRICE}")
    assert done.fixes[0].requires == ("async-lru>=2.0",)
    runnable = {"app.py": done.files["app.py"].replace("import cachetools.func\n", "")}
    tmp_path.joinpath("app.py").write_text(runnable["app.py"])
    values, made, again = told(tmp_path, TWICE)
    assert (values, made[:2], again) == ([2, 3, 3, 2], ["ab", "abc"], 2)


def test_a_plain_function_that_gave_a_coroutine_awaits_it(tmp_path):
    code = "\n\n@cache\ndef price(name):\n    # once\n    return fetch(name)\n"

    done = lifecycle(tmp_path, {"app.py": HEAD + PRICE.replace("price", "fetch") + code})

    assert done.files["app.py"].endswith(
        "@alru_cache(maxsize=None)\n"
        "async def price(name):\n    # once\n    return await fetch(name)\n"
    )


def test_a_cache_that_is_put_on_by_hand_is_changed_there(tmp_path):
    code = "\n\none = lru_cache(maxsize=1)(price)\ntwo = cache(price)\n"

    done = lifecycle(tmp_path, {"app.py": HEAD + PRICE + code})

    assert done.files["app.py"].endswith(
        "one = alru_cache(maxsize=1)(price)\ntwo = alru_cache(maxsize=None)(price)\n"
    )


PROPERTY = """class Account:
    @cached_property
    async def owner(self) -> str:
        made.append("owner")
        await asyncio.sleep(0)
        return "me"
"""
ASKED = """
import asyncio, json
import app

account = app.Account()

async def ask():
    return await account.owner

async def main():
    return [*await asyncio.gather(ask(), ask()), await account.owner]

print(json.dumps([asyncio.run(main()), asyncio.run(ask()), app.made]))
"""


def test_a_property_keeps_the_task_which_other_loops_may_ask_later(tmp_path):
    done = lifecycle(tmp_path, {"app.py": HEAD + PROPERTY})

    assert not done.reasons
    assert done.files["app.py"].endswith("""
    @cached_property
    def owner(self) -> "asyncio.Task[str]":
        return asyncio.create_task(self._load_owner())

    async def _load_owner(self) -> str:
        made.append("owner")
        await asyncio.sleep(0)
        return "me"
""")
    text = done.files["app.py"].replace("import cachetools.func\n", "")
    tmp_path.joinpath("app.py").write_text(text)
    assert told(tmp_path, ASKED) == [["me"] * 3, "me", ["owner"]]


LEFT = {
    "a generator": (
        "@cache\nasync def rows(name):\n    yield name\n",
        "of which each caller needs its own",
    ),
    "another cache": (
        "@cachetools.func.mru_cache\nasync def price(name):\n    return name\n",
        "has no form that awaits",
    ),
    "a timer": (
        "@cachetools.func.ttl_cache(timer=print)\nasync def price(name):\n    return name\n",
        "a cache that awaits has no `timer=print`",
    ),
    "a coroutine that is kept in a variable": (
        f"{PRICE}\n\n@cache\ndef later(name):\n    found = price(name)\n    return found\n",
        "what it returns is no call",
    ),
}


@pytest.mark.parametrize(("code", "reason"), LEFT.values(), ids=LEFT)
def test_what_has_no_like_stays_with_its_reason(tmp_path, code, reason):
    files = {"app.py": HEAD + dedent(code)}

    done = lifecycle(tmp_path, files)

    assert done.files == files
    assert any(reason in each for each in done.reasons), done.reasons
