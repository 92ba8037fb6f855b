"""Measure fixture applications under load before and after `asyncfix fix`; print Markdown.

    python benchmarks/load.py [--apps deals,leads] [--python VENV/bin/python] [--requests 3,30]
                              [--latency S] [--enforce]

Each application is copied, and the copy is fixed. Both are served by uvicorn on the loopback
interface, each in a process of its own, on the application's fakes: the language model of the deals
API, the listings API that the leads API asks, which take --latency seconds. This process sends the
load: that many requests at once, and beside them one request after the other to /health. --python
has what the applications require; the leads API needs a PostgreSQL server, see its README. Each
figure is that of one row of requests, after one that is not counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from measure import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIXTURES = Path(__file__).parent.parent / "fixtures"
FAST = "/health"
SAMPLES = 20  # deals or contacts, in the sample data
START = 30.0  # seconds that a server may take until it answers
PATIENCE = 300.0  # seconds that one answer may take
PAUSE = 0.01  # seconds between requests to the fast endpoint
RATIOS = {3: 2.7, 30: 20.0}  # how many times as fast so many requests must become
MOST = 0.05  # seconds within which the fast endpoint must answer


class App(NamedTuple):
    """An application: its fixture, what serves it (PORT, LATENCY), and what is asked of it."""

    folder: str
    serve: tuple[str, ...]
    slow: str
    title: str


APPS = {
    "deals": App(
        "deals_api",
        ("-m", "tests.fakes", "PORT"),
        "/api/v1/deals/deal-{}/summary",
        "Summaries of deals at once; the language model takes {:g} s for each.",
    ),
    "leads": App(
        "leads_api",
        ("-m", "tests.serve", "PORT", "--delay", "LATENCY"),
        "/api/contacts/c{}/upstream",
        "Contacts at once, through the client that was one of requests; its API takes {:g} s.",
    ),
}


class Load(NamedTuple):
    """How long a number of requests took together, and the longest answer of another endpoint."""

    requests: int
    seconds: float
    other: float


def main() -> int:
    """Measure all, print a table for each, and tell whether the bounds are kept."""
    options = _options()
    kept = True
    for app in (APPS[name] for name in options.apps):
        pairs = _compared(app, options)
        print("\n".join(_table(app, pairs, options.latency)), end="\n\n")
        kept = kept and all(_met(was, now) for was, now in pairs)
    return int(options.enforce and not kept)


def _compared(app: App, options: argparse.Namespace) -> list[tuple[Load, Load]]:
    """Measure an application as it is and once it is fixed."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        for copy in (before, after):
            shutil.copytree(
                FIXTURES / app.folder / "before",
                copy,
                ignore=shutil.ignore_patterns("__pycache__", ".*"),
            )
        fixed(after, "blocking")
        rows = [_measured(app, copy, options) for copy in (before, after)]
    return list(zip(*rows, strict=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--apps", default=list(APPS), type=lambda text: text.split(","))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument(
        "--requests", default=[1, 3, 30], type=lambda text: [int(each) for each in text.split(",")]
    )
    parser.add_argument("--latency", default=1.0, type=float)
    parser.add_argument("--enforce", action="store_true")
    return parser.parse_args()


def fixed(folder: Path, group: str, *, whole: bool = True) -> None:
    """Fix the rules of a group in a folder; `whole` tells that nothing of them may be left."""
    command = ["-m", "asyncfix", "fix", "--write", "--unsafe-fixes", "--select", group]
    done = subprocess.run(
        [sys.executable, *command, "--allow-dirty", "--no-cache", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode > (not whole) or "Fixed" not in done.stdout:
        raise BenchmarkError(f"the fix leaves something:\n{done.stdout}{done.stderr}")


def _measured(app: App, folder: Path, options: argparse.Namespace) -> list[Load]:
    with served(app, folder, options.python, options.latency) as port:
        _load(app, port, 1)
        return [_load(app, port, size) for size in options.requests]


@contextmanager
def served(app: App, folder: Path, python: str, latency: float) -> Iterator[int]:
    """Serve the application on a free port for as long as the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"PORT": str(port), "LATENCY": str(latency)}
    process = subprocess.Popen(
        [python, *(told.get(each, each) for each in app.serve)],
        cwd=folder,
        env={**os.environ, "FAKE_OPENAI_LATENCY": str(latency)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_start(process, port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _await_start(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            _get(port, FAST)
        except (OSError, HTTPException):
            time.sleep(0.05)
        else:
            return
    raise BenchmarkError(f"the application does not start (exit status {process.poll()})")


def _load(app: App, port: int, size: int) -> Load:
    """Send requests at once, and others to the fast endpoint until the last one is answered."""
    paths = [app.slow.format(number % SAMPLES) for number in range(size)]
    done = Event()
    with ThreadPoolExecutor(size + 1) as pool:
        start = time.perf_counter()
        slow = [pool.submit(_get, port, path) for path in paths]
        other = pool.submit(_longest, port, done)
        for each in slow:
            each.result()
        seconds = time.perf_counter() - start
        done.set()
        return Load(size, seconds, other.result())


def _longest(port: int, done: Event) -> float:
    longest = 0.0
    time.sleep(PAUSE)  # let the others be first
    while not done.is_set():
        longest = max(longest, _get(port, FAST))
        time.sleep(PAUSE)
    return longest


def _get(port: int, path: str) -> float:
    """Return how many seconds an answer takes; raise BenchmarkError where it is not 200."""
    start = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise BenchmarkError(f"{path}: status {response.status}")
    return time.perf_counter() - start


def _met(was: Load, now: Load) -> bool:
    """Tell whether the bounds are kept, where there are any for so many requests."""
    least = RATIOS.get(was.requests, 0.0)
    return was.seconds / now.seconds >= least and now.other < MOST


def _table(app: App, pairs: Sequence[tuple[Load, Load]], latency: float) -> Iterator[str]:
    yield app.title.format(latency)
    yield ""
    yield "| requests | before | after | before/after | /health before | /health after | kept |"
    yield "|---:|---:|---:|---:|---:|---:|---|"
    for was, now in pairs:
        least = RATIOS.get(was.requests)
        ratio = f"{was.seconds / now.seconds:.1f}" + (f" (≥ {least:g})" if least else "")
        yield (
            f"| {was.requests} | {was.seconds:.2f} s | {now.seconds:.2f} s | {ratio} "
            f"| {was.other * 1000:.0f} ms | {now.other * 1000:.0f} ms (< {MOST * 1000:.0f}) "
            f"| {'yes' if _met(was, now) else 'no'} |"
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
