"""Edits of comments that silence: what is taken out of a list, or put into one."""

from __future__ import annotations

import re

from asyncfix.findings import Edit, Location

_LIST = re.compile(rb"\[([^\]]*)\]?")


def without(data: bytes, comment: Location, names: frozenset[str]) -> Edit:
    """Return the edit that takes names out of a comment, and the comment where none is left.

    A comment that has its line to itself goes with the line, one behind code with the blanks before
    it; what another comment says on the same line stays.
    """
    match = _LIST.search(data, comment.start, comment.end)
    listed = re.split(r"[\s,]+", match[1].decode("utf-8", "replace")) if match else []
    left = [name for name in listed if name and name not in names]
    if match and left and not names.isdisjoint(listed):
        where = Location(comment.path, match.start(1), match.end(1))
        return Edit(where, ", ".join(left))
    return Edit(_gap(data, comment), "")


def _gap(data: bytes, comment: Location) -> Location:
    start, end = comment.start, comment.end
    row = max(data.rfind(b"\n", 0, start), data.rfind(b"\r", 0, start)) + 1
    rest = re.compile(rb"[ \t]*(?=[^\r\n])|[ \t]*(\r\n|\r|\n|$)").match(data, end)
    followed = rest is not None and rest[1] is None
    stop = rest.end() if rest else end
    if followed:
        return Location(comment.path, start, stop)
    if not data[row:start].strip():
        return Location(comment.path, row, stop)
    before = row + len(data[row:start].rstrip())
    return Location(comment.path, before, end)
