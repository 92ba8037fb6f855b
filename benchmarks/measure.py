"""Trees of Python files, and processes with their wall time and memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PARSE = """
import ast, sys, time
paths = sys.argv[1]
start = time.perf_counter()
for path in open(paths).read().split("\\0"):
    with open(path, "rb") as file:
        try:
            ast.parse(file.read())
        except (SyntaxError, ValueError):
            pass
print(time.perf_counter() - start)
"""
COUNT = """
import json, sys
text = open(sys.argv[1], encoding="utf-8").read()
if text.startswith(("[", "{")):
    content = json.loads(text)
    print(len(content["diagnostics"] if isinstance(content, dict) else content))
else:
    print(text.count("\\n"))
"""


class BenchmarkError(Exception):
    """The measurement cannot be made; its text is the message."""


class Tree(NamedTuple):
    """A folder of Python files with its counts."""

    root: Path
    files: tuple[Path, ...]
    lines: int
    size: int


class Run(NamedTuple):
    """A finished command: wall and CPU seconds, MB of its largest process, its findings."""

    seconds: float
    cpu: float
    megabytes: float
    findings: int | None = None


def tree_at(root: Path) -> Tree:
    """Return the Python files under a folder, sorted by path; hidden folders are left out."""
    files = tuple(sorted(path for path in root.rglob("*.py") if _visible(path, root)))
    if not files:
        raise BenchmarkError(f"{root}: no Python files here")
    size = sum(path.stat().st_size for path in files)
    return Tree(root, files, sum(path.read_bytes().count(b"\n") for path in files), size)


def copied(files: Iterable[Path], source: Path, target: Path) -> Tree:
    """Copy files to a new folder, at the same paths below it."""
    for path in files:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return tree_at(target)


def first_lines(tree: Tree, lines: int) -> list[Path]:
    """Return the first files of a tree that hold that many lines together."""
    chosen, found = [], 0
    for path in tree.files:
        if found >= lines:
            break
        chosen.append(path)
        found += path.read_bytes().count(b"\n")
    return chosen


def parsed(files: Sequence[Path]) -> Run:
    """Read and parse each file in one fresh process; the start of the interpreter is left out."""
    with tempfile.TemporaryDirectory() as folder:
        names, output = Path(folder, "names"), Path(folder, "output")
        names.write_text("\0".join(map(str, files)))
        run = finished([sys.executable, "-W", "ignore", "-c", PARSE, str(names)], output)
        return run._replace(seconds=float(output.read_text()))


def finished(
    command: Sequence[str],
    output: Path,
    accepted: tuple[int, ...] = (0,),
    timeout: float = 900,
) -> Run:
    """Run a command to its end, its standard output in a file.

    The memory is that of the largest one of the process and the descendants it waited for. It
    never reads lower than this process is large, as the kernel counts the time before `exec`.
    """
    with output.open("wb") as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=errors, start_new_session=True)
        timer = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accepted:
            errors.seek(0)
            raise BenchmarkError(_failure(command, process.returncode, errors.read()))
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def entries(report: Path) -> int:
    """Count the findings of a report: a JSON list, hydroid's JSON, or one finding a line."""
    # In a process of its own: this one stays small, as `finished` says why.
    done = subprocess.run([sys.executable, "-c", COUNT, report], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


def _visible(path: Path, root: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(root).parts)


def _failure(command: Sequence[str], status: int, errors: bytes) -> str:
    tail = errors.decode(errors="replace").strip()[-2000:]
    reason = "killed, out of time" if status == -signal.SIGKILL else f"exit status {status}"
    return f"`{' '.join(command)}`: {reason}" + (f"\n{tail}" if tail else "")
