"""Measure the first request that a server answers against the second one; print Markdown.

    python benchmarks/first_request.py [--python VENV/bin/python] [--starts N] [--enforce]

The application of fixtures/leads_api is copied, and `asyncfix fix --select blocking` moves it to
httpx: its client, which sets up TLS, is built by the first request that needs it. In a second copy
`--select lifecycle` then has the lifespan build it. Each is started N times, on a schema of its own
of the PostgreSQL server that its tests use. Once it has answered requests that need no such client,
so that the web framework and the database have loaded what they load by themselves, it is asked
twice for properties, which it asks of a listings API. The ratio is the median of first through
second. --python has what the copies require.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from load import APPS, FIXTURES, fixed, served
from measure import BenchmarkError

PATH, WARM = "/api/properties?city=Haifa", "/api/dashboard"
HEADERS = {"X-Business-Id": "acme"}
LATENCY = 0.005  # seconds that the listings API takes
MOST = 1.5  # times as long as the second request may the first one take


class Asked(NamedTuple):
    """The seconds of the first and of the second request after each start."""

    first: list[float]
    second: list[float]

    @property
    def ratio(self) -> float:
        """Return how many times as long the first one takes, as the median of all starts."""
        pairs = zip(self.first, self.second, strict=True)
        return statistics.median(one / other for one, other in pairs)


def main() -> int:
    """Measure both, print the table, and tell whether the bound is kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--starts", default=9, type=int)
    parser.add_argument("--enforce", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        for copy in (before, after):
            shutil.copytree(FIXTURES / "leads_api" / "before", copy)
        fixed(before, "blocking")
        fixed(after, "blocking")
        fixed(after, "lifecycle")
        was, now = (_asked(copy, options.python, options.starts) for copy in (before, after))
    print("| services | first request | second request | ratio |\n|---|---|---|---|")
    for title, each in (("built on first use", was), ("built in the lifespan", now)):
        first, second = (statistics.median(row) * 1000 for row in each)
        print(f"| {title} | {first:.1f} ms | {second:.1f} ms | {each.ratio:.2f} |")
    return int(options.enforce and now.ratio > MOST)


def _asked(folder: Path, python: str, starts: int) -> Asked:
    asked = Asked([], [])
    for _ in range(starts):
        with served(APPS["leads"], folder, python, LATENCY) as port:
            for _ in range(3):
                _get(port, WARM)
            asked.first.append(_get(port))
            asked.second.append(_get(port))
    return asked


def _get(port: int, path: str = PATH) -> float:
    """Return how many seconds an answer takes; raise BenchmarkError where it is not 200."""
    start = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=HEADERS)
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise BenchmarkError(f"{path}: {response.status}")
    connection.close()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
