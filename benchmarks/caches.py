"""Measure settings that are kept for ten minutes against such that each request reads; Markdown.

    python benchmarks/caches.py [--requests 1000]

The settings are a row of SQLite. What files of a cache save, connections.py measures.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_AGE = 600.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 unless the kept settings are read once."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args(arguments)
    print("| settings | queries | ms a request |\n|---|---:|---:|")
    queries = 0
    for name, age in (("read by each request", 0.0), ("kept for ten minutes", _AGE)):
        queries, seconds = _settings(options.requests, age)
        print(f"| {name} | {queries:,} | {1000 * seconds / options.requests:.3f} |")
    return int(queries != 1)


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
