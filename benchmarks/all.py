"""Run every benchmark, print the tables as Markdown, and put them into docs/performance.md.

    python benchmarks/all.py [TREE] [--runs N] [--peers VENV/bin] [--apps VENV/bin/python] [--write]

TREE is a folder of Python files; without one the wheel of litellm is downloaded. --peers holds
the commands ruff, flake8 (with flake8-async) and hydroid; without it their rows are left out.
--apps has what the fixture applications require; without it the load figures are left out. With
--write the tables replace those in docs/performance.md, with date, machine and command.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from check_speed import WHEEL, downloaded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN = "<!-- results: written by benchmarks/all.py -->\n"
_APPS = {
    "Applications under load": "load.py",
    "Endpoints that asked once per item": "batching.py",
    "The first request": "first_request.py",
    "One connection, and a smaller cache": "connections.py",
}
END = "<!-- end of results -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; return the first exit status that is not 0."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="asyncfix-benchmark-") as scratch:
        options.tree = options.tree or downloaded(Path(scratch, "wheel"))
        parts, worst = [_heading(options)], 0
        for title, command in _benchmarks(options):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            print(done.stderr, end="", file=sys.stderr)
            worst = worst or done.returncode
            told = done.stdout.strip() or "Not measured here."
            parts.append(f"### {title}\n\n{told}\n")
            print(parts[-1], flush=True)
    if options.write:
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(replaced(page, "\n".join(parts)), encoding="utf-8")
    return worst


def replaced(page: str, results: str) -> str:
    """Return a page with other results between the two marks."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}{results}{END}{rest.partition(END)[2]}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", nargs="?", type=Path, help=f"default: the wheel of {WHEEL}")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--peers", type=Path, help="folder with the commands of the peers")
    parser.add_argument("--apps", help="a Python with what fixtures/deals_api requires")
    parser.add_argument("--asyncfix", help="the command to measure (default: beside this Python)")
    parser.add_argument("--findings", type=int, default=5000, help="of the made-up report")
    parser.add_argument("--saves", type=int, default=9, help="of a watched file (default: 9)")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _benchmarks(options: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    own = ["--asyncfix", options.asyncfix] if options.asyncfix else []
    peers = ["--peers", str(options.peers)] if options.peers else []
    tree, runs = str(options.tree), ["--runs", str(options.runs)]
    yield "A check, and its peers", _script("check_speed.py", tree, *runs, *peers, *own)
    saves = ["--saves", str(options.saves)]
    yield "From a save to the report", _script("watch_speed.py", tree, *saves, *own)
    yield "Output formats", _script("output_speed.py", "--findings", str(options.findings))
    if options.apps:
        for title, name in _APPS.items():
            yield title, _script(name, "--python", options.apps)


def _script(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(HERE / name), *arguments]


def _heading(options: argparse.Namespace) -> str:
    told = ["python benchmarks/all.py", f"--runs {options.runs}", "--write"]
    told += ["--peers PEERS/bin"] if options.peers else []
    told += ["--apps APPS/bin/python"] if options.apps else []
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return (
        f"Measured on {time.strftime('%Y-%m-%d')}: {_processor()}, {os.cpu_count()} cores, "
        f"{_memory()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load at the start: {load}.\n\n"
        f"To repeat it: `{' '.join(told)}`\n"
    )


def _processor() -> str:
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB of memory"


if __name__ == "__main__":
    sys.exit(main())
