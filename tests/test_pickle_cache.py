"""Pickles in caches: of files, of stores, and pickles that are none of these."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rewriting import PACKS, workspace_of

from asyncfix.checks import pickle_cache

RULE = PACKS.rules["pickle-cache"]
HEAD = """
import pickle, redis
import redis.asyncio as aioredis
from fastapi import FastAPI
app = FastAPI()
store = redis.Redis()
later = aioredis.Redis()
"""
FILES = """
class FileCache:
    def get(self, key):
        with open(key, "rb") as file:
            entry = pickle.load(file)
            if entry["old"]:
                return None
            return entry["value"]
    def set(self, key, value):
        entry = {"old": False, "value": value}
        with open(key, "wb") as file:
            pickle.dump(entry, file)
"""


def found(code):
    workspace = workspace_of({"app.py": HEAD + dedent(code)})
    return [each.subject for each in pickle_cache.find(RULE, workspace.project)]


def test_both_sides_of_a_cache_of_files_are_found():
    assert found(FILES) == ["pickle.load", "pickle.dump"]


@pytest.mark.parametrize(
    "code",
    [
        "def get(key):\n    return pickle.loads(store.get(key))",
        "def get(key):\n    data = store.get(key)\n    if data:\n        return pickle.loads(data)",
        "async def get(key):\n    return pickle.loads(await later.get(key))",
    ],
)
def test_what_a_store_gives_is_received(code):
    assert found(code) == ["pickle.loads"]


@pytest.mark.parametrize(
    "code",
    [
        FILES.replace("return entry", "self.entry = entry").replace("return None", "pass"),
        FILES.replace('"value": value', '"value": self.value'),
        FILES.replace("FileCache", "Spool"),
        FILES.replace("pickle.", "marshal."),
        "def load(path):\n    with open(path, 'rb') as file:\n        return pickle.load(file)",
        "def same_cache(value):\n    return pickle.loads(pickle.dumps(self_made))",
    ],
)
def test_models_spools_and_copies_are_left_alone(code):
    assert found(code) == []
