"""Unified diffs that `git apply` takes back byte for byte, and the same in colour."""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.source import Text

Step = tuple[str, int, int, int, int]  # what becomes of rows, those of before and of after
_QUOTED = re.compile(r'[\x00-\x1f"\\\x7f]')
_MISSING = "\\ No newline at end of file\n"


def unified(before: Text, after: Text, path: str) -> str:
    """Return the difference between two texts of a file; empty if there is none.

    Only a line feed ends a line, as for git; other newlines are characters of their line.
    """
    old, new = (_lines(text) for text in (before, after))
    found = _unified(old, new, _named(f"a/{path}"), _named(f"b/{path}"))
    return "".join(line if line.endswith("\n") else f"{line}\n{_MISSING}" for line in found)


def _unified(old: list[str], new: list[str], before: str, after: str) -> Iterator[str]:
    """Yield the rows of a difference."""
    if old != new:
        yield from (f"--- {before}\n", f"+++ {after}\n")
    for group in _Rows(old, new).get_grouped_opcodes():
        yield f"@@ -{_range(group, 1)} +{_range(group, 3)} @@\n"
        for kind, start, end, start2, end2 in group:
            if kind == "equal":
                yield from (f" {row}" for row in old[start:end])
            else:
                yield from (f"-{row}" for row in old[start:end])
                yield from (f"+{row}" for row in new[start2:end2])


class _Rows(difflib.SequenceMatcher[str]):
    """What becomes of rows; one that stays is not taken out and put back where it is frequent."""

    def __init__(self, old: list[str], new: list[str]) -> None:
        super().__init__(None, old, new)
        self.rows = old, new

    def get_opcodes(self) -> list[Any]:
        """Return the steps from the old rows to the new; what is exchanged is looked at closer."""
        return [step for rough in super().get_opcodes() for step in self._refined(rough)]

    def _refined(self, step: Step) -> Iterator[Step]:
        kind, start, end, start2, end2 = step
        if kind != "replace":
            yield step
            return
        rows, others = self.rows[0][start:end], self.rows[1][start2:end2]
        close = difflib.SequenceMatcher(None, rows, others, autojunk=False)
        for found, at, to, at2, to2 in close.get_opcodes():
            yield found, start + at, start + to, start2 + at2, start2 + to2


def _range(group: list[Any], at: int) -> str:
    """Write which rows a hunk takes, as `diff -u` does."""
    start, end = int(group[0][at]), int(group[-1][at + 1])
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def patch(pairs: Iterable[tuple[Text, Text]], prefix: str = "") -> bytes:
    """Return what `git apply` takes, each line in the bytes of its file; paths get a prefix."""
    return b"".join(
        _encoded(unified(before, after, f"{prefix}{before.path}"), before)
        for before, after in pairs
    )


def shown(diff: str) -> Iterator[tuple[str, str]]:
    """Return the lines of a diff, each with what it is: heading, hunk, added, removed or same."""
    kinds = {"@": "hunk", "+": "added", "-": "removed"}
    heading = 2
    for line in diff.split("\n"):
        if heading and line.startswith(("--- ", "+++ ")):
            heading -= 1
            yield "heading", line
        else:
            yield kinds.get(line[:1], "same"), line.removesuffix("\r")


def _lines(text: Text) -> list[str]:
    mark = "\ufeff" if text.encoding == "utf-8-sig" else ""
    lines = (mark + text.text).split("\n")
    last = lines.pop()
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def _named(path: str) -> str:
    """Write a path as git does: in quotes if need be, with a tab where a blank might end it."""
    if _QUOTED.search(path):
        return '"' + _QUOTED.sub(lambda match: f"\\{ord(match[0]):03o}", path) + '"'
    return f"{path}\t" if " " in path else path


def _encoded(diff: str, text: Text) -> bytes:
    """Encode names as the file system does and lines as their file does."""
    if not diff:
        return b""
    *heading, lines = diff.split("\n", 2)
    encoding = "utf-8" if text.encoding == "utf-8-sig" else text.encoding
    return os.fsencode("".join(f"{line}\n" for line in heading)) + lines.encode(encoding)
