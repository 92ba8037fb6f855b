"""Caches that keep msgpack in place of pickles: what they give back, and what is left alone."""

from __future__ import annotations

import pickle
from textwrap import dedent

import pytest
from rewriting import PACKS, applied, printed, workspace_of

from asyncfix.checks import pickle_cache
from asyncfix.rewrites import fixes

RULE = PACKS.rules["pickle-cache"]
HEAD = """
import pickle
import sys
from pathlib import Path

SERVED = "served" in sys.argv
if SERVED:
    from fastapi import FastAPI


async def serve(): ...


"""
CACHE = """
class Cache:
    def __init__(self, folder, compression=True, compression_level=6):
        self.folder = Path(folder)
        self.compression = compression
        self.compression_level = compression_level

    def get(self, key):
        try:
            with (self.folder / key).open("rb") as file:
                entry = pickle.load(file)
        except (OSError, pickle.UnpicklingError):
            return None
        return entry["value"]

    def set(self, key, value):
        with (self.folder / key).open("wb") as file:
            pickle.dump({"key": key, "value": value}, file, protocol=4)


def fill(cache: Cache, count: int) -> None:
    rows: list[dict[str, object]] = [
        {"id": number, "title": f"row {number}", "score": number / 7, "tags": ["a", "b"] * 9}
        for number in range(count)
    ]
    cache.set("rows", rows)
"""
STORE = """
import redis

store = redis.Redis()


def cached(key: str) -> dict | None:
    kept = store.get(key)
    return pickle.loads(kept) if kept else None


def keep(key: str, name: str, count: int) -> None:
    store.set(key, pickle.dumps({"name": name, "count": count}))
"""


def fixed(code, **more):
    """Return the new text of `app.py`, or the reasons why it stays."""
    files = {"app.py": HEAD + code, **more}
    workspace = workspace_of(files)
    found = list(pickle_cache.find(RULE, workspace.project))
    assert found
    plans = [fixes(RULE, each, workspace) for each in found]
    if not all(each.fixes for each in plans):
        return "; ".join(refusal.reason for each in plans for refusal in each.refusals)
    (fix,) = {each.fixes[0] for each in plans}
    assert fix.requires == ("msgpack>=1.0",)
    text = applied(files, fix)["app.py"]
    after = workspace_of({**files, "app.py": text})
    assert not list(pickle_cache.find(RULE, after.project))
    return text


def test_files_hold_msgpack_compressed_as_it_was_configured():
    text = fixed(CACHE)

    assert "pickle." not in text
    assert (
        "                entry = _unpacked(file.read())\n        except (OSError, ValueError):"
        in text
    )
    assert (
        '            file.write(_packed({"key": key, "value": value}, '
        "self.compression_level if self.compression else 0))\n"
    ) in text
    assert "import gzip\n" in text
    assert "import zlib\n" in text


def test_nothing_is_compressed_where_nothing_says_so():
    code = CACHE.replace("        self.compression = compression\n", "").replace(
        "        self.compression_level = compression_level\n", ""
    )

    text = fixed(code)

    assert "entry = msgpack.unpack(file)\n" in text
    assert 'msgpack.pack({"key": key, "value": value}, file)\n' in text
    assert "gzip" not in text


def test_compression_that_is_used_is_left_to_who_uses_it():
    code = CACHE.replace("return entry", "print(self.compression)\n        return entry")

    assert "entry = msgpack.unpack(file)\n" in fixed(code)


def test_a_store_gives_none_for_what_used_to_be_pickled():
    text = fixed(STORE)

    assert "    return _unpacked(kept) if kept else None\n" in text
    assert 'store.set(key, msgpack.packb({"name": name, "count": count}))\n' in text
    assert "    except ValueError:\n        return None\n" in text


SCRIPT = """
import tempfile
from pathlib import Path
from app import Cache, fill

folder = tempfile.mkdtemp()
cache = Cache(folder)
fill(cache, 200)
print(cache.get("rows"))
print(cache.get("none"))
Path(folder, "empty").write_bytes(b"")
print(Path(folder, "rows").stat().st_size)
"""
BROKEN = """
import pickle
Path(folder, "broken").write_bytes(Path(folder, "rows").read_bytes()[:99])
Path(folder, "old").write_bytes(pickle.dumps({"key": "old", "value": [1]}))
print(cache.get("broken"), cache.get("empty"), cache.get("old"))
"""


def test_what_is_read_is_equal_and_the_files_are_smaller(tmp_path):
    pytest.importorskip("msgpack", reason="the cache is run")
    files = {"app.py": HEAD + CACHE, "main.py": SCRIPT}
    rows, none, size = printed(tmp_path / "before", files).splitlines()
    files = {"app.py": fixed(CACHE), "main.py": SCRIPT + BROKEN}

    after = printed(tmp_path / "after", files).splitlines()

    assert after[:2] == [rows, none]
    assert int(after[2]) < 0.4 * int(size)
    assert after[3] == "None None None"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [None, True, 1, -5, 2.5, "", "text", b"", [], [1], {}, {"a": 1}, (), (1,), {1}, 2**70],
    ids=repr,
)
def test_msgpack_refuses_every_pickle(value, protocol):
    msgpack = pytest.importorskip("msgpack", reason="its own reader is asked")

    with pytest.raises(ValueError):  # noqa: PT011 - of several subclasses
        msgpack.unpackb(pickle.dumps(value, protocol))


LEFT = {
    "a tuple": (CACHE.replace("rows)\n", "(1, 2))\n"), "a tuple"),
    "an object": (
        CACHE.replace("rows)\n", "Path('a'))\n"),
        "an object of `Path`",
    ),
    "a set": (CACHE.replace("rows)\n", "set(rows))\n"), "an object of `set`"),
    "a set that is written out": (
        CACHE.replace("rows)\n", "[{'a'}])\n").replace("rows: list", "_: list"),
        "may hold a set",
    ),
    "numbers as keys": (
        CACHE.replace("list[dict[str, object]] = [", "dict[int, object] = ["),
        "whose keys are no texts",
    ),
    "what nobody knows": (
        CACHE.replace("rows)\n", "count_of())\n"),
        "what is kept is not known",
    ),
    "what nobody keeps": (
        CACHE.partition("def fill")[0],
        "what is kept is not known",
    ),
    "nothing that handles old entries": (
        CACHE.replace("except (OSError, pickle.UnpicklingError)", "except OSError"),
        "nothing handles an entry that cannot be read",
    ),
    "no way to say that there is none": (
        STORE.replace(" if kept else None", "").replace(" | None", ""),
        "nothing handles an entry that cannot be read",
    ),
    "one side only": (STORE.partition("def keep")[0], "only one side of the cache"),
}


@pytest.mark.parametrize(("code", "reason"), LEFT.values(), ids=LEFT)
def test_what_would_come_back_otherwise_stays_with_its_reason(code, reason):
    assert reason in fixed(code)


def test_a_model_of_the_project_is_an_object():
    code = dedent("""
        from dataclasses import dataclass


        @dataclass
        class Row:
            name: str


        def fill_row(cache: Cache) -> None:
            cache.set("row", Row("a"))
    """)

    assert "an object of `Row`" in fixed(CACHE.partition("def fill")[0] + code)


def test_others_who_pickle_may_read_the_same_entries():
    told = fixed(
        STORE, **{"jobs.py": "import pickle\n\n\ndef read(data):\n    return pickle.loads(data)\n"}
    )

    assert "jobs.py uses pickle as well" in told
