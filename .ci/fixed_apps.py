"""Fix copies of the fixture applications: tests and tools must say what they said before.

    python .ci/fixed_apps.py APPS/bin/python

The given interpreter has what the applications require, and is given what their fixed copies
require; this one has asyncfix, Ruff and mypy.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIXTURES = Path(__file__).parent.parent / "fixtures"
FIX = ["fix", "--write", "--unsafe-fixes", "--select", "blocking", "--allow-dirty", "--no-cache"]
FIX += ["--ignore", "lock-across-await"]  # explained, never rewritten
BATCH = ["batching" if each == "blocking" else each for each in FIX]  # leaves what it only shows
KNOBS = ["settings,caching" if each == "blocking" else each for each in FIX]  # as far as it goes
KNOBS += ["--min-severity", "info"]
ALL = [each for each in FIX if each not in ("--select", "blocking")]  # all groups at once
ALL = [*ALL[: ALL.index("--ignore")], "--min-severity", "info"]
OWNED = "lifecycle,settings,caching,sql"  # of which nothing is left but what is only shown
SHOWN = ("missing-index", "offset-pagination", "server-options")  # display-only, all of them
PLACE = re.compile(r":\d+(?::\d+)?:")
OWNER = re.compile(r'(?<=") of "Session"')  # to which a call has moved
SUMMARY = re.compile(r"(?:Found|Success|All checks|\[\*\] \d+ fixable)\b")
STUBS = re.compile(r"note: |\[import-untyped\]")  # what mypy lacks, where new code imports it
REASON = re.compile(r" +\d+  (\S+: .+)")  # of what is not fixed, in what `asyncfix fix` prints
LEFT = "left.txt"  # of an application: the reasons that were read by hand and are right
ASKED = "after_fix.py"  # of an application: a program that prints what is wrong with its copy


def main(python: str) -> int:
    """Fix and judge each application; print what is wrong."""
    wrong = 0
    for app in sorted(folder.parent for folder in FIXTURES.glob("*/before/tests")):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, app.parent.name)
            shutil.copytree(app, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))
            left = app.parent / LEFT
            reasons = left.read_text("utf-8").splitlines() if left.exists() else []
            whole = Path(folder, "whole", app.parent.name)
            shutil.copytree(copy, whole)
            troubles = [*_troubles(copy, python, reasons)]
            troubles += _asked(app.parent / ASKED, copy, python)
            troubles += _whole(whole, python)
            troubles += _asked(app.parent / ASKED, whole, python)
        print(f"{app.parent.name}: {'fixed, all as before' if not troubles else 'WRONG'}")
        print("".join(f"  {each}\n" for each in troubles), end="")
        wrong += bool(troubles)
    return int(bool(wrong))


def _troubles(app: Path, python: str, reasons: Sequence[str]) -> Iterator[str]:
    before = _told(app, python)
    code, text = _run(app, [sys.executable, "-m", "asyncfix", *FIX, "."])
    if code != bool(reasons) or REASON.findall(text) != [*reasons]:
        yield f"asyncfix fix: exit status {code}\n{text}"
    _install(app, python)
    for told in (_told(app, python) - before).elements():
        yield f"new: {told}"
    for command in (BATCH, KNOBS):
        code, text = _run(app, [sys.executable, "-m", "asyncfix", *command, "."])
        if code > 1:
            yield f"asyncfix {' '.join(command)}: exit status {code}\n{text}"
        _install(app, python)
        for told in (_told(app, python) - before).elements():
            yield f"new: {told}"
    once = _texts(app)
    for command in (FIX, BATCH, KNOBS):
        _run(app, [sys.executable, "-m", "asyncfix", *command, "."])
    yield from _changed(app, once)
    yield from _tested(app, python)


def _whole(app: Path, python: str) -> Iterator[str]:
    """Fix all groups at once: what owns services, settings, caches and SQL has nothing left."""
    before = _told(app, python)
    code, text = _run(app, [sys.executable, "-m", "asyncfix", *ALL, "."])
    if code > 1:
        yield f"asyncfix {' '.join(ALL)}: exit status {code}\n{text}"
    _install(app, python)
    for told in (_told(app, python) - before).elements():
        if " I001 " not in told:  # rows are as long as the application's, not as Ruff's default
            yield f"new: {told}"
    once = _texts(app)
    _run(app, [sys.executable, "-m", "asyncfix", *ALL, "."])
    yield from _changed(app, once)
    check = ["check", "--no-cache", "--min-severity", "info", "--output-format", "concise"]
    _, text = _run(app, [sys.executable, "-m", "asyncfix", *check, "--select", OWNED, "."])
    for row in text.splitlines():
        if PLACE.search(row) and not any(f" {name} " in row for name in SHOWN):
            yield f"left: {row}"
    yield from _tested(app, python)


def _install(app: Path, python: str) -> None:
    if (app / "requirements.txt").exists():
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run(app, [*install, "-r", "requirements.txt"])


def _changed(app: Path, once: dict[str, str]) -> Iterator[str]:
    """Yield the files whose texts are others than they were."""
    yield from (
        f"{path} is changed again" for path, text in _texts(app).items() if text != once[path]
    )


def _tested(app: Path, python: str) -> Iterator[str]:
    """Compile an application, and run its tests."""
    for command in (
        ["-m", "compileall", "-q", "."],
        ["-m", "pytest", "-q", "-p", "no:cacheprovider"],
    ):
        code, text = _run(app, [python, *command])
        if code:
            yield f"{' '.join(command)}: exit status {code}\n{text}"


def _asked(program: Path, app: Path, python: str) -> Iterator[str]:
    """Yield what an application's own program says of the fixed copy."""
    if program.exists():
        code, text = _run(app, [python, str(program)])
        if code or text:
            yield f"{program.name}: exit status {code}\n{text}"


def _told(app: Path, python: str) -> Counter[str]:
    """Return what Ruff and mypy say, without rows."""
    tools = (
        ["ruff", "check", "--isolated", "--no-cache", "--output-format", "concise", "."],
        ["mypy", "--config-file=", "--python-executable", python, "."],
    )
    texts = (_run(app, [sys.executable, "-m", *tool])[1] for tool in tools)
    rows = (OWNER.sub("", PLACE.sub(":", row)) for text in texts for row in text.splitlines())
    return Counter(row for row in rows if not (SUMMARY.match(row) or STUBS.search(row)))


def _run(app: Path, command: Sequence[str]) -> tuple[int, str]:
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _texts(app: Path) -> dict[str, str]:
    found = sorted(path for path in app.rglob("*") if path.suffix in (".py", ".txt", ".toml"))
    return {str(path.relative_to(app)): path.read_text("utf-8") for path in found}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
