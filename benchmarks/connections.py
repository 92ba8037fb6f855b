"""Measure one connection in place of one per query, and what the cache keeps; print Markdown.

    python benchmarks/connections.py [--python VENV/bin/python] [--queries N] [--entries N]
                                     [--enforce]

The application of fixtures/grants_api is copied, and services and caches of the copy are fixed by
`asyncfix fix --select lifecycle,caching`. Both ask their own stores for a profile, N times, of a
database on this disk; and both keep N results in their own cache of files, which must give equal
contents back. Each figure is the median of three runs. --python has what the copies require.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from load import FIXTURES, fixed
from measure import BenchmarkError

RUNS = 3
LEAST, MOST = 0.6, 0.4  # of the latency that must be gone, of the bytes that may be left
ASKED = """
import hashlib, json, random, sys, tempfile, time
from pathlib import Path

sys.path.insert(0, ".")
queries, entries = map(int, sys.argv[1:])
from app.config import settings
from app.repositories.profiles import ProfileStore
from app.services.cache import MatchCache
from grants_storage.schema import init_database

folder = Path(tempfile.mkdtemp(prefix="asyncfix-connections-"))
database = str(folder / "grants.db")
init_database(database)
store = ProfileStore(database)
store.find_by_id(1)
began = time.perf_counter()
for number in range(queries):
    store.find_by_id(number % 50)
seconds = time.perf_counter() - began

words = "community health education rural youth climate water research arts housing".split()
rng = random.Random(7)
cache = MatchCache(str(folder / "cache"), max_entries=entries)
kept = {}
for number in range(entries):
    kept[f"matches:{number}"] = [
        {
            "opportunity_id": rng.randrange(10_000),
            "title": " ".join(rng.choices(words, k=8)),
            "score": round(rng.random(), 3),
        }
        for _ in range(50)
    ]
for key, value in kept.items():
    cache.set(key, value)
same = all(cache.get(key) == value for key, value in kept.items())
print(json.dumps([1000 * seconds / queries, cache.size_bytes, same]))
"""


class Asked(NamedTuple):
    """Milliseconds a query takes, bytes that the cache has, and whether it gave back the same."""

    latency: float
    size: int
    same: bool


def main() -> int:
    """Measure both, print the tables, and tell whether the bounds are kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--queries", default=2000, type=int)
    parser.add_argument("--entries", default=200, type=int)
    parser.add_argument("--enforce", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        for copy in (before, after):
            shutil.copytree(FIXTURES / "grants_api" / "before", copy)
        fixed(after, "lifecycle,caching")
        was, now = (_asked(copy, options) for copy in (before, after))
    saved, left = 1 - now.latency / was.latency, now.size / was.size
    print("| connection to SQLite | ms a query | less |\n|---|---:|---:|")
    print(f"| one for each query | {was.latency:.3f} | |")
    print(f"| one for each thread | {now.latency:.3f} | {saved:.0%} |\n")
    print("| files of the cache | bytes | less |\n|---|---:|---:|")
    print(f"| pickles | {was.size:,} | |")
    print(f"| msgpack, compressed as configured | {now.size:,} | {1 - left:.0%} |")
    if not (was.same and now.same):
        raise BenchmarkError("a cache gives back something else")
    return int(options.enforce and (saved < LEAST or left > MOST))


def _asked(folder: Path, options: argparse.Namespace) -> Asked:
    told = [_once(folder, options) for _ in range(RUNS)]
    return Asked(statistics.median(each.latency for each in told), told[0].size, told[0].same)


def _once(folder: Path, options: argparse.Namespace) -> Asked:
    done = subprocess.run(
        [options.python, "-c", ASKED, str(options.queries), str(options.entries)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(done.stderr)
    told: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return Asked(*told)


if __name__ == "__main__":
    sys.exit(main())
