"""Measure endpoints that ask once per item before and after `asyncfix fix`; print Markdown.

    python benchmarks/batching.py [--python VENV/bin/python] [--items 50] [--latency S] [--enforce]

The fixture applications are copied, and the copies are fixed. --python has what they require. Each
query takes --latency seconds: statements to SQLite sleep, and PostgreSQL is reached through a relay
that holds back what it is sent. Queries are counted by the database's own log: SQLite tells each
statement that it runs, and PostgreSQL sends its log of statements with the answers. The language
model takes 0.2 s an answer.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from measure import BenchmarkError
from relay import Relay, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROBE = Path(__file__).parent / "batching_probe.py"
FIX = ["fix", "--write", "--unsafe-fixes", "--select", "batching", "--allow-dirty", "--no-cache"]
MODEL = 0.2  # seconds that an answer of the language model takes


class Case(NamedTuple):
    """An endpoint, and what it must reach: queries at most, and how many times as fast."""

    title: str
    app: str
    endpoint: str
    store: str
    queries: int
    ratio: float
    most: float = 60.0  # seconds


CASES = (
    Case("customer intelligence", "tenant_crm", "customers", "SQLite", 7, 10),
    Case("customer intelligence", "tenant_crm", "customers", "PostgreSQL", 7, 10),
    Case("profiles", "grants_api", "profiles", "SQLite", 1, 10),
    Case("leads", "leads_api", "leads", "PostgreSQL", 3, 10, 0.2),
    Case("stakeholders", "deals_api", "insights", "language model", 0, 5),
)


def main() -> int:
    """Measure each endpoint before and after, print the table, and tell whether bounds are kept."""
    options = _options()
    rows = []
    for case in CASES:
        if case.store == "PostgreSQL" and not postgres():
            print(f"{case.title}: no PostgreSQL server at {os.environ.get('PGHOST', '127.0.0.1')}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows.append((case, *_measured(case, Path(folder), options)))
    print("\n".join(_table(rows, options)))
    return int(options.enforce and not all(_met(*row) for row in rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--items", default=50, type=int)
    parser.add_argument("--latency", default=0.004, type=float)
    parser.add_argument("--enforce", action="store_true")
    return parser.parse_args()


Outcome = dict[str, Any]


def _measured(case: Case, folder: Path, options: argparse.Namespace) -> tuple[Outcome, Outcome]:
    found = []
    for name in ("before", "after"):
        copy = folder / name
        source = FIXTURES / case.app / "before"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        if name == "after":
            _run([sys.executable, "-m", "asyncfix", *FIX, "."], copy, (0, 1))
        found.append(_asked(case, copy, options))
    return found[0], found[1]


def _asked(case: Case, folder: Path, options: argparse.Namespace) -> Outcome:
    is_model = case.store == "language model"
    items, latency = (10, MODEL) if is_model else (options.items, options.latency)
    command = [options.python, str(PROBE), case.endpoint, str(items), str(latency)]
    if case.store != "PostgreSQL":
        return dict(json.loads(_run([*command, ""], folder).splitlines()[-1]))
    with Relay(latency) as relay:
        outcome = json.loads(_run([*command, relay.url], folder).splitlines()[-1])
        return {**outcome, "queries": relay.queries}


def _run(command: list[str], folder: Path, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise BenchmarkError(f"{' '.join(command[1:4])}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _met(case: Case, was: Outcome, now: Outcome) -> bool:
    return bool(
        now["queries"] <= case.queries
        and now["seconds"] < case.most
        and was["seconds"] / now["seconds"] >= case.ratio
        and was["answer"] == now["answer"]
    )


def _table(rows: list[tuple[Case, Outcome, Outcome]], options: argparse.Namespace) -> Iterator[str]:
    milliseconds = options.latency * 1000
    yield f"{options.items} items at {milliseconds:g} ms a query; ten answers of a model at 200 ms."
    yield ""
    yield "| endpoint | store | queries before | after | before | after | before/after | kept |"
    yield "|---|---|---:|---:|---:|---:|---:|---|"
    for case, was, now in rows:
        same = "" if was["answer"] == now["answer"] else ", the answer differs"
        most = f" (≤ {case.queries})" if case.queries else ""
        yield re.sub(
            r"\s+",
            " ",
            f"| {case.title} | {case.store} | {was['queries']} | {now['queries']}{most} "
            f"| {was['seconds'] * 1000:.0f} ms | {now['seconds'] * 1000:.0f} ms "
            f"| {was['seconds'] / now['seconds']:.1f} (≥ {case.ratio:g}) "
            f"| {'yes' if _met(case, was, now) else 'no'}{same} |",
        )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchmarkError as error:
        sys.exit(f"error: {error}")
