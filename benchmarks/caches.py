"""Measure what caches save: files of pickles against packed ones, settings with an age; Markdown.

    python benchmarks/caches.py [--entries 200] [--requests 1000]

The entries are match results as a grants platform keeps them. The same ones are written as pickles
and as gzipped msgpack, and read back, which must give equal contents. The settings are a row of
SQLite that each request reads, against one that is read again after ten minutes.
"""

from __future__ import annotations

import argparse
import gzip
import pickle
import random
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_AGE = 600.0  # seconds
_WORDS = """community health education rural youth climate water research arts capacity housing
equity digital access training food partnership innovation pilot region""".split()  # noqa: SIM905 - a list has a line for each


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables; return 1 if what is read back differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args(arguments)
    entries = [_entry(number) for number in range(options.entries)]
    pickled, same = _kept(entries, pickle.dumps, pickle.loads)
    packed, equal = _kept(entries, _packed, _unpacked)
    print("| cache files | bytes | of pickles |\n|---|---:|---:|")
    print(f"| pickle | {pickled:,} | 100 % |")
    print(f"| msgpack, gzipped | {packed:,} | {100 * packed / pickled:.0f} % |\n")
    print("| settings | queries | ms a request |\n|---|---:|---:|")
    for name, age in (("read by each request", 0.0), ("kept for ten minutes", _AGE)):
        queries, seconds = _settings(options.requests, age)
        print(f"| {name} | {queries:,} | {1000 * seconds / options.requests:.3f} |")
    return 0 if same and equal else 1


def _entry(number: int) -> dict[str, Any]:
    """Return one cached result: twenty matches with their reasons."""
    rng = random.Random(number)
    matches = [
        {
            "opportunity_id": rng.randrange(10_000),
            "title": " ".join(rng.choices(_WORDS, k=6)),
            "score": round(rng.random(), 4),
            "reasons": [" ".join(rng.choices(_WORDS, k=8)) for _ in range(3)],
            "deadline": f"2026-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        }
        for _ in range(20)
    ]
    return {"key": f"profile:{number}", "stored_at": 1.7e9 + number, "value": matches}


def _packed(entry: object) -> bytes:
    return gzip.compress(msgspec.msgpack.encode(entry), 6)


def _unpacked(data: bytes) -> object:
    return msgspec.msgpack.decode(gzip.decompress(data))


def _kept(
    entries: Sequence[object], write: Callable[[object], bytes], read: Callable[[bytes], object]
) -> tuple[int, bool]:
    """Return how many bytes the files of all entries have, and whether they read back equal."""
    with tempfile.TemporaryDirectory(prefix="asyncfix-caches-") as folder:
        paths = [Path(folder, str(number)) for number in range(len(entries))]
        for path, entry in zip(paths, entries, strict=True):
            path.write_bytes(write(entry))
        same = [read(path.read_bytes()) for path in paths] == list(entries)
        return sum(path.stat().st_size for path in paths), same


def _settings(requests: int, age: float) -> tuple[int, float]:
    """Return how many queries some requests make for their settings, and the seconds they take."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE settings (tenant INTEGER PRIMARY KEY, currency TEXT)")
    connection.execute("INSERT INTO settings VALUES (1, 'EUR')")
    connection.commit()
    queries, read_at, row = 0, float("-inf"), None
    began = time.perf_counter()
    for _ in range(requests):
        now = time.monotonic()
        if row is None or now - read_at >= age:
            row = connection.execute("SELECT * FROM settings WHERE tenant = ?", (1,)).fetchone()
            queries, read_at = queries + 1, now
    return queries, time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
