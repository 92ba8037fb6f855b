"""Measure `asyncfix check` beside `ast.parse`, Ruff, hydroid and flake8-async; print Markdown.

    python benchmarks/check_speed.py [TREE] [--runs N] [--peers VENV/bin] [--enforce]

TREE is a folder of Python files, such as an unpacked wheel; without one the wheel of litellm is
downloaded. All tools see one temporary copy of it; the tree itself is never written to. Rounds
of all rows follow each other, and the table holds the medians of them.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from measure import (
    BenchmarkError,
    Run,
    Tree,
    copied,
    entries,
    finished,
    first_lines,
    parsed,
    tree_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WHEEL = "litellm"
SIZES = (10_000, 100_000, 1_000_000)
SUBSET = 10_000
MEGABYTES = 700
PEERS = ("ruff", "hydroid", "flake8")
CHANGE = "\n\nasync def changed_{0}():\n    import time\n\n    time.sleep({0})\n"


class Target(NamedTuple):
    """What a row must reach; None where nothing is asked."""

    seconds: float | None = None
    ratio: float | None = None
    megabytes: float | None = None

    def __str__(self) -> str:
        """Tell the bounds in words."""
        bounds = ((self.ratio, "x floor"), (self.seconds, "s"), (self.megabytes, "MB"))
        return ", ".join(f"≤ {bound:g} {unit}" for bound, unit in bounds if bound is not None)

    def met(self, run: Run, floor: float) -> bool:
        """Return whether a run keeps all bounds."""
        values = (run.seconds, run.seconds / floor, run.megabytes)
        return all(
            bound is None or value <= bound for value, bound in zip(values, self, strict=True)
        )


class Case(NamedTuple):
    """A row of the table; `prepare` runs before each measured run and is not measured."""

    name: str
    measure: Callable[[], Run]
    prepare: Callable[[], object] = tuple
    target: Target = Target()


class Bench(NamedTuple):
    """The copy of the tree, the tools that were found, and a folder for what they write."""

    tree: Tree
    tools: dict[str, str]
    environment: str
    scratch: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 1 for a missed target with `--enforce`, 2 for trouble."""
    options = _options(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="asyncfix-benchmark-") as scratch:
            met = _report(options, Path(scratch))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if met or not options.enforce else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", nargs="?", type=Path, help=f"default: the wheel of {WHEEL}")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--peers", type=Path, help="folder with the commands of the peers")
    parser.add_argument("--asyncfix", help="the command to measure (default: beside this Python)")
    parser.add_argument("--environment", default=sys.prefix, help="hydroid's --python")
    parser.add_argument("--enforce", action="store_true", help="exit with 1 for a missed target")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs: at least 1")
    return options


def _report(options: argparse.Namespace, scratch: Path) -> bool:
    if not hasattr(os, "wait4"):
        raise BenchmarkError("memory is measured with os.wait4, which this system does not have")
    source = tree_at(options.tree or downloaded(scratch / "wheel"))
    tree = copied(source.files, source.root, scratch / "tree")
    bench = Bench(tree, _tools(options), options.environment, scratch)
    _print_heading(bench, source.root.name, options.runs)
    met = _print_table([*_own_cases(bench), *_peer_cases(bench)], options.runs)
    _print_growth(bench)
    return met


def downloaded(target: Path) -> Path:
    """Return a folder with the unpacked wheel; raise BenchmarkError where pip cannot get it."""
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
    download += ["--only-binary=:all:", "--dest", str(target), WHEEL]
    try:
        subprocess.run(download, check=True)
    except subprocess.CalledProcessError as error:
        raise BenchmarkError(f"{WHEEL} cannot be downloaded; name a folder instead") from error
    for wheel in target.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(target / WHEEL)
    return target / WHEEL


def _tools(options: argparse.Namespace) -> dict[str, str]:
    beside = Path(sys.executable).parent
    found = {name: shutil.which(name, path=str(options.peers or beside)) for name in PEERS}
    found["asyncfix"] = shutil.which(options.asyncfix or str(beside / "asyncfix"))
    if options.asyncfix and not found["asyncfix"]:
        raise BenchmarkError(f"{options.asyncfix}: no such command")
    return {name: path for name, path in found.items() if path}


def _own_cases(bench: Bench) -> Iterator[Case]:
    yield Case("reading and `ast.parse`, one process: the floor", partial(parsed, bench.tree.files))
    if "asyncfix" not in bench.tools:
        return
    cache, cold = bench.scratch / "cache", Target(ratio=2.5, megabytes=MEGABYTES)
    version = [bench.tools["asyncfix"], "--version"]
    yield Case(
        "`asyncfix --version`",
        partial(finished, version, bench.scratch / "version"),
        target=Target(seconds=0.1),
    )
    check = partial(_checked, bench, bench.tree.root)
    yield Case("asyncfix, cold, no cache, 2 processes", partial(check, "--no-cache"), target=cold)
    check = partial(check, "--cache-dir", str(cache))
    yield Case("asyncfix, cold, cache written, 2 processes", check, partial(_emptied, cache), cold)
    yield Case("asyncfix, nothing changed", check, target=Target(0.4, None, MEGABYTES))
    change = partial(_changed, bench.tree, count(1))
    yield Case("asyncfix, one file changed", check, change, Target(1.5, None, MEGABYTES))


def _peer_cases(bench: Bench) -> Iterator[Case]:
    tools, tree = bench.tools, bench.tree
    report = partial(_reported, bench.scratch / "report")
    if "ruff" in tools:
        ruff = [
            tools["ruff"],
            "check",
            "--isolated",
            "--select",
            "ASYNC",
            "--preview",
            "--no-cache",
        ]
        yield Case("Ruff, ASYNC rules, no cache", partial(report, [*ruff, *_json(tree.root)]))
    if "hydroid" in tools:
        hydroid = _hydroid(bench, tree.root)
        cache = partial(_emptied, tree.root / ".hydroid_cache")
        change = partial(_changed, tree, count(1_000_001))
        yield Case("hydroid, cold, cache written", partial(report, hydroid), cache)
        yield Case("hydroid, nothing changed", partial(report, hydroid))
        yield Case("hydroid, one file changed", partial(report, hydroid), change)
    if "flake8" in tools:
        subset = copied(first_lines(tree, SUBSET), tree.root, bench.scratch / "subset")
        flake8 = [tools["flake8"], "--isolated", "--select", "ASYNC", "-j", "1", str(subset.root)]
        yield Case(f"flake8-async, {subset.lines:,} lines only", partial(report, flake8))
        yield Case(f"the floor, {subset.lines:,} lines only", partial(parsed, subset.files))


def _checked(bench: Bench, root: Path, *options: str) -> Run:
    report = bench.scratch / "asyncfix.json"
    command = [bench.tools["asyncfix"], "check", *_json(root), "-o", str(report), "-j", "2"]
    run = finished([*command, *options], bench.scratch / "output", accepted=(0, 1))
    return run._replace(findings=entries(report))


def _reported(report: Path, command: Sequence[str]) -> Run:
    run = finished(command, report, accepted=(0, 1))
    return run._replace(findings=entries(report))


def _json(root: Path) -> tuple[str, ...]:
    return str(root), "--output-format", "json"


def _hydroid(bench: Bench, root: Path) -> list[str]:
    command = [bench.tools["hydroid"], str(root), "--format", "json"]
    return [*command, "--python", bench.environment]


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _changed(tree: Tree, numbers: Iterator[int]) -> None:
    """Append a function that blocks to the file of median size, as an edit by hand would."""
    by_size = sorted(tree.files, key=lambda path: (path.stat().st_size, path))
    with by_size[len(by_size) // 2].open("a", encoding="utf-8") as file:
        file.write(CHANGE.format(next(numbers)))


def _print_heading(bench: Bench, name: str, runs: int) -> None:
    tree = bench.tree
    print(
        f"{name}: {len(tree.files):,} files, {tree.lines:,} lines, {tree.size / 1e6:.1f} MB; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}; medians of {runs} runs. Memory is that of the largest process.\n"
    )
    if missing := sorted({"asyncfix", *PEERS} - bench.tools.keys()):
        print(f"Skipped, not installed: {', '.join(missing)}.\n")


def _print_table(cases: Sequence[Case], rounds: int) -> bool:
    runs: list[list[Run]] = [[] for _ in cases]
    for _ in range(rounds):
        for case, own in zip(cases, runs, strict=True):
            case.prepare()
            own.append(case.measure())
    print("| | seconds | range | x floor | CPU seconds | MB | findings | target | |")
    print("|---|--:|--:|--:|--:|--:|--:|---|---|")
    floor = _typical(runs[0]).seconds
    for case, own in zip(cases, runs, strict=True):
        print(_row(case, own, floor))
    return all(case.target.met(_typical(own), floor) for case, own in zip(cases, runs, strict=True))


def _row(case: Case, runs: Sequence[Run], floor: float) -> str:
    run, target = _typical(runs), str(case.target)
    seconds = sorted(run.seconds for run in runs)
    findings = "" if run.findings is None else f"{run.findings:,}"
    verdict = ("met" if case.target.met(run, floor) else "**missed**") if target else ""
    return (
        f"| {case.name} | {run.seconds:.2f} | {seconds[0]:.2f} to {seconds[-1]:.2f} "
        f"| {run.seconds / floor:.2f} | {run.cpu:.2f} | {run.megabytes:.0f} | {findings} "
        f"| {target} | {verdict} |"
    )


def _typical(runs: Sequence[Run]) -> Run:
    """Return the median seconds, the most memory, and the last count of findings."""
    seconds, cpu = (median(values) for values in list(zip(*runs, strict=True))[:2])
    return Run(seconds, cpu, max(run.megabytes for run in runs), runs[-1].findings)


def _print_growth(bench: Bench) -> None:
    """Print one cold run of each tool on the first 10 k, 100 k and 1 M lines of the tree."""
    print("\n| lines | tool | seconds | seconds per 100 k lines | x floor | MB |")
    print("|--:|---|--:|--:|--:|--:|")
    for size in SIZES:
        if size > bench.tree.lines:
            break
        part = copied(first_lines(bench.tree, size), bench.tree.root, bench.scratch / f"{size}")
        floor = parsed(part.files)
        for name, run in (("the floor", floor), *_cold_runs(bench, part.root)):
            print(
                f"| {part.lines:,} | {name} | {run.seconds:.2f} | "
                f"{run.seconds / part.lines * 1e5:.2f} | {run.seconds / floor.seconds:.2f} | "
                f"{run.megabytes:.0f} |"
            )


def _cold_runs(bench: Bench, root: Path) -> Iterator[tuple[str, Run]]:
    if "asyncfix" in bench.tools:
        yield "asyncfix", _checked(bench, root, "--no-cache")
    if "hydroid" in bench.tools:
        yield "hydroid", _reported(bench.scratch / "report", [*_hydroid(bench, root), "--no-cache"])


if __name__ == "__main__":
    sys.exit(main())
