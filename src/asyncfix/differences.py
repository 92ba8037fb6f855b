"""What git says has changed, by line, and which findings touch it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from asyncfix.findings import AsyncfixError
from asyncfix.source import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from asyncfix.findings import Finding, Location, Report

Rows = tuple[int, int]

_GIT = ("git", "-c", "core.fsmonitor=false")  # which would name a program to run
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_PATTERNS = ("*.py", "*.pyi")
_DIFF = (
    "-c", "core.quotePath=false", "diff", "--unified=0", "--no-color", "--no-ext-diff",
    "--no-textconv", "--relative", "--find-renames", "--diff-filter=d", "--src-prefix=a/",
    "--dst-prefix=b/",
)  # fmt: skip
_NAMES = ("diff", "--name-status", "-z", "--no-ext-diff", "--relative", "--find-renames")


@dataclass(frozen=True)
class Changes:
    """The changed rows of each file, and the staged texts that are not what is on disk.

    `before` holds the texts of all files that differ as they were, "" for those that were not
    there; `moved` the new names of files by their old ones.
    """

    rows: Mapping[str, tuple[Rows, ...]]
    texts: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)


def since(root: Path, reference: str) -> Changes:
    """Return what differs from where the history of a commit was left, new files included."""
    _repository(root, "--changed-since")
    commit = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"
    )
    if not commit:
        raise AsyncfixError(f"--changed-since: git knows no commit `{reference}`")
    base = _git(root, "merge-base", commit.strip(), "HEAD") or commit
    rows = _rows(_git(root, *_DIFF, base.strip(), "--", *_PATTERNS) or "")
    others = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", *_PATTERNS) or ""
    new = [path for path in others.split("\0") if path]
    rows |= dict.fromkeys(new, ((1, _END),))
    before, moved = _before(root, base.strip())
    return Changes(rows, {}, {**before, **dict.fromkeys(new, "")}, moved)


_END = 1 << 60


def staged(root: Path) -> Changes:
    """Return what the next commit would change, as it is staged."""
    _repository(root, "--staged")
    rows = _rows(_git(root, *_DIFF, "--cached", "--", *_PATTERNS) or "")
    loose = _git(root, "diff", "--name-only", "-z", "--relative", "--", *_PATTERNS) or ""
    texts = {path: _text(root, path) for path in loose.split("\0") if path in rows}
    return Changes(rows, texts, *_before(root, "HEAD", "--cached"))


def _text(root: Path, path: str, commit: str = "") -> str:
    """Return a file's text in a commit, or as it is staged."""
    shown = [*_GIT, "show", f"{commit}:./{path}"]
    done = subprocess.run(shown, cwd=root, capture_output=True, check=False)
    try:
        return Text.decode(path, done.stdout).text
    except (UnicodeDecodeError, SyntaxError) as error:
        raise AsyncfixError(f"cannot read {path} as git has it: {error}") from error


def _before(root: Path, commit: str, *options: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the files that differ from a commit as they were there, and those that moved."""
    told = _git(root, *_NAMES, *options, commit, "--", *_PATTERNS) or ""
    words = iter(told.split("\0"))
    texts: dict[str, str] = {}
    moved: dict[str, str] = {}
    for status in filter(None, words):
        path = next(words)
        texts[path] = "" if status == "A" else _text(root, path, commit)
        if status[0] in "RC":
            new = next(words)
            texts[new] = ""
            if status[0] == "R":
                moved[path] = new
    return texts, moved


def _repository(root: Path, option: str) -> None:
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        raise AsyncfixError(f"{option} needs git, and {root} is in no repository")


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None if it fails."""
    try:
        done = subprocess.run([*_GIT, *arguments], cwd=root, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise AsyncfixError("git is not installed, or not on the PATH") from error
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def _rows(diff: str) -> dict[str, tuple[Rows, ...]]:
    """Return the rows that a diff without context changes, by path; around what it deletes, too."""
    found: dict[str, list[Rows]] = {}
    here: list[Rows] = []
    skipped = 0
    for line in diff.split("\n"):
        if skipped and line[:1] in ("+", "-"):
            skipped -= 1
        elif line.startswith("+++ "):
            here = found.setdefault(line[4:].rstrip("\t").strip('"').removeprefix("b/"), [])
        elif match := _HUNK.match(line):
            gone, start, come = (int(each) if each else 1 for each in match.group(1, 2, 3))
            skipped = gone + come
            here.append((start, start + come - 1) if come else (start, start + 1))
    return {path: tuple(rows) for path, rows in found.items()}


def touching(changes: Changes, texts: Callable[[str], Text]) -> Callable[[Location], bool]:
    """Return a test whether a place lies in what has changed."""
    return lambda place: _changed(place, changes, texts)


def narrowed(
    report: Report,
    changes: Changes,
    texts: Callable[[str], Text],
    before: Callable[[], Report],
) -> Report:
    """Return a report on the findings that are of a change; the others are counted.

    That are those that a chain through what has changed carries, and those that the report on
    the code as it was `before` lacks: what is reached, or matters, because of the change.
    """
    touched = {
        each
        for each in report.findings
        if each.location in report.carried or _touches(each, changes, texts)
    }
    if len(touched) < len(report.findings):
        known = {_identity(each, changes) for each in before().findings}
        touched |= {each for each in report.findings if _identity(each, changes) not in known}
    kept = tuple(each for each in report.findings if each in touched)
    elsewhere = len(report.findings) - len(kept)
    return replace(report, findings=kept, elsewhere=elsewhere, hidden=0, suppressed=0, baselined=0)


def _identity(finding: Finding, changes: Changes) -> str:
    """Return a fingerprint that does not tell where a file that has moved was."""
    path = finding.location.path
    new = changes.moved.get(path, path)
    if new not in changes.moved.values():
        return finding.fingerprint
    parts = path.rpartition(".")[0].removesuffix("/__init__").split("/")
    modules = (".".join(parts[at:]) + "." for at in range(len(parts)))
    module = next((each for each in modules if finding.symbol.startswith(each)), "")
    symbol = finding.symbol.removeprefix(module)
    return replace(finding, location=replace(finding.location, path=new), symbol=symbol).fingerprint


def _touches(finding: Finding, changes: Changes, texts: Callable[[str], Text]) -> bool:
    places = [finding.location, *(step.location for step in finding.trace)]
    if any(_changed(place, changes, texts) for place in places):
        return True
    root = finding.root.location
    if root.path not in changes.rows:
        return False
    text = texts(root.path)
    row, _ = text.position(root.start)
    return any(_meets(changes.rows[root.path], each, each) for each in _head(text, row))


def _changed(place: Location, changes: Changes, texts: Callable[[str], Text]) -> bool:
    rows = changes.rows.get(place.path)
    if not rows:
        return False
    text = texts(place.path)
    return _meets(rows, text.position(place.start)[0], text.position(place.end)[0])


def _head(text: Text, row: int) -> Iterator[int]:
    """Yield the row of a definition, and those of the decorators above it."""
    yield row
    while row > 1 and text.line(row - 1).lstrip().startswith("@"):
        row -= 1
        yield row


def _meets(rows: tuple[Rows, ...], first: int, last: int) -> bool:
    return any(start <= last and first <= end for start, end in rows)
