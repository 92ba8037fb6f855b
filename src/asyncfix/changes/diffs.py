"""Unified diffs that `git apply` takes back byte for byte, and the same in colour."""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.source import Text

_QUOTED = re.compile(r'[\x00-\x1f"\\\x7f]')
_MISSING = "\\ No newline at end of file\n"


def unified(before: Text, after: Text, path: str) -> str:
    """Return the difference between two texts of a file; empty if there is none.

    Only a line feed ends a line, as for git; other newlines are characters of their line.
    """
    old, new = (_lines(text) for text in (before, after))
    found = difflib.unified_diff(old, new, _named(f"a/{path}"), _named(f"b/{path}"))
    return "".join(line if line.endswith("\n") else f"{line}\n{_MISSING}" for line in found)


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
