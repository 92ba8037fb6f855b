"""Measure how long `asyncfix check --watch` takes from a save to its report; print Markdown.

    python benchmarks/watch_speed.py [TREE] [--lines N] [--saves N] [--asyncfix COMMAND] [--enforce]

The first files of TREE that hold that many lines are copied. A function that blocks is appended
to the file of median size, again and again, and each time the report must tell of it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from check_speed import CHANGE, WHEEL, downloaded
from measure import BenchmarkError, copied, first_lines, tree_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure import Tree

MOST = 0.5  # seconds from a save to the end of the report
REST = 1.0  # seconds between a report and the next save


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 for a missed target with `--enforce`, 2 for trouble."""
    options = _options(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="asyncfix-benchmark-") as scratch:
            source = tree_at(options.tree or downloaded(Path(scratch, "wheel")))
            files = first_lines(source, options.lines)
            tree = copied(files, source.root, Path(scratch, "tree"))
            seconds = _saves(tree, options.asyncfix, options.saves)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    met = median(seconds) <= MOST
    print("| lines | files | saves | median, s | range | target | |")
    print("|--:|--:|--:|--:|--:|---|---|")
    print(
        f"| {tree.lines:,} | {len(tree.files):,} | {len(seconds)} | {median(seconds):.2f} "
        f"| {min(seconds):.2f} to {max(seconds):.2f} | ≤ {MOST:g} s "
        f"| {'met' if met else '**missed**'} |"
    )
    return 0 if met or not options.enforce else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", nargs="?", type=Path, help=f"default: the wheel of {WHEEL}")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--saves", type=int, default=9)
    parser.add_argument("--asyncfix", default=str(Path(sys.executable).parent / "asyncfix"))
    parser.add_argument("--enforce", action="store_true", help="exit with 1 for a missed target")
    return parser.parse_args(arguments)


def _saves(tree: Tree, command: str, count: int) -> list[float]:
    """Return the seconds from each save to the line that ends the report that tells of it."""
    by_size = sorted(tree.files, key=lambda path: (path.stat().st_size, path))
    path = by_size[len(by_size) // 2]
    text = path.read_text(encoding="utf-8")
    report = tree.root.parent / "report"
    with report.open("w") as out:
        watching = subprocess.Popen(
            [command, "check", str(tree.root), "--watch", "--output-format", "concise"],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CI": ""},
        )
    try:
        _await_report(watching)
        return [_save(watching, path, text, number, report) for number in range(1, count + 1)]
    finally:
        watching.terminate()
        watching.wait()


def _save(
    watching: subprocess.Popen[str], path: Path, text: str, number: int, report: Path
) -> float:
    time.sleep(REST)
    before = report.stat().st_size
    start = time.perf_counter()
    path.write_text(text + CHANGE.format(number), encoding="utf-8")
    _await_report(watching)
    seconds = time.perf_counter() - start
    if f"{path.name}:" not in report.read_text(encoding="utf-8")[before:]:
        raise BenchmarkError(f"the report does not tell of {path}")
    return seconds


def _await_report(watching: subprocess.Popen[str]) -> None:
    assert watching.stderr
    for line in watching.stderr:
        if line.startswith("Watching"):
            return
    raise BenchmarkError(f"the watch has ended (exit status {watching.wait()})")


if __name__ == "__main__":
    sys.exit(main())
