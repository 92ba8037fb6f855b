"""Pages of the documentation: their blocks of code, and a folder in which their commands run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs/example"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
FENCE = re.compile(r"^( *)```(\w*)(.*)\n((?:(?!\1```).*\n)*)\1```$", re.MULTILINE)
SECONDS = re.compile(r"\d+\.\d+ s\b")
MOST = 60  # seconds for one command


class Block(NamedTuple):
    """A block of code: language, title, text, and where it stands in its page."""

    language: str
    title: str
    text: str
    row: int
    start: int


class Command(NamedTuple):
    """A command of a console block, and the output that the page shows below it, if any."""

    line: str
    shown: str


def blocks(text: str) -> Iterator[Block]:
    """Return the fenced blocks of a page, in order; `start` is the offset of the block's text."""
    for match in FENCE.finditer(text):
        indent, language, rest, body = match.groups()
        title = re.search('title="(.*?)"', rest)
        lines = [line.removeprefix(indent) for line in body.splitlines(keepends=True)]
        row = text.count("\n", 0, match.start()) + 1
        yield Block(language, title[1] if title else "", "".join(lines), row, match.start(4))


def commands(text: str) -> Iterator[Command]:
    """Return the commands of a console block: they follow `$ `, their output follows them."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(line, shown.rstrip("\n"))


class Shell:
    """A copy of the example in a repository, with asyncfix on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns("__pycache__", ".*_*"))
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name in ("asyncfix", "pytest"):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n')
            (programs / name).chmod(0o755)
        keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        self._environ = {
            **keep,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "user.name",
            "GIT_CONFIG_VALUE_0": "reader",
            "GIT_CONFIG_KEY_1": "user.email",
            "GIT_CONFIG_VALUE_1": "reader@example.com",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "100",
        }
        for line in ("git init -q -b main", "git add -A", "git commit -qm first"):
            assert self.run(line)[0] == 0

    def run(self, line: str) -> tuple[int, str]:
        """Run a command, and return its exit status and all that it says."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MOST,
            check=False,
        )
        return done.returncode, steady(done.stdout)

    def apply(self, difference: str) -> None:
        """Change files as a block of differences shows."""
        subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"],
            cwd=self.folder,
            input=difference,
            text=True,
            check=True,
        )


def steady(said: str) -> str:
    """Take out of an output what differs from run to run and from checkout to checkout."""
    said = said.replace(ROOT.as_uri(), "file:///path/to/asyncfix")
    return SECONDS.sub("0.30 s", said).rstrip("\n")
