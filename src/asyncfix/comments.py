"""Comments that speak to asyncfix or to linters: found by the letter, in text that may not parse.

One pass over strings, brackets and line ends tells what is a comment and what a statement's lines
are. `tokenize` would tell the same, ten times slower and only of code that it understands.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.facts import Directive

if TYPE_CHECKING:
    from collections.abc import Iterator

_ESCAPE = rb"\\(?:\r\n|[\s\S])"
_LEXEME = re.compile(
    rb"(?P<comment>\#[^\r\n]*)"
    rb"|(?P<newline>\r\n|\r|\n)"
    rb"|(?P<open>[(\[{])"
    rb"|(?P<close>[)\]}])"
    rb'|"""(?:[^"\\]|' + _ESCAPE + rb'|"(?!""))*+"""'
    rb"|'''(?:[^'\\]|" + _ESCAPE + rb"|'(?!''))*+'''"
    rb'|"(?:[^"\\\r\n]|' + _ESCAPE + rb')*+"'
    rb"|'(?:[^'\\\r\n]|" + _ESCAPE + rb")*+'"
    rb"|" + _ESCAPE
)
# What makes a file worth a pass. Each expression starts with a literal, by which `re` skips ahead;
# codes of other linters matter only where they can be aliases of a rule.
_CANDIDATES = (
    re.compile(rb"asyncfix:"),
    re.compile(rb"noqa(?:(?![\w \t]*:|\w)|:[^\n]*(?:ASYNC|async))"),
    re.compile(rb"NOQA(?:(?![\w \t]*:|\w)|:[^\n]*(?:ASYNC|async))"),
    re.compile(rb"ruff:[ \t]*[a-z-]+\[[^\n]*ASYNC"),
)
_OWN = re.compile(rb"#[ \t]*(asyncfix|ruff):[ \t]*([\w-]+)(?:[ \t]*\[([^\]]*)\]?)?")
_NOQA = re.compile(
    rb"#[ \t]*(?:(ruff|flake8):[ \t]*)?noqa\b"
    rb"(?P<codes>:[ \t]*[a-z]+[0-9]+(?:[ \t,]+[a-z]+[0-9]+)*)?(?!:)",
    re.IGNORECASE,
)
_NEXT = re.compile(
    rb"#[ \t]*(?:(?:asyncfix|ruff|flake8|type|mypy|pyright|pylint|fmt|isort|pragma):|noqa|nosec)"
)
_KINDS = (b"ignore", b"file-ignore", b"disable", b"enable")


class Lines(NamedTuple):
    """The statements' lines of a file, from the start of the first to the end of the last one.

    `starts` and `ends` are bytes, in order; decorators reach to the end of what they decorate.
    """

    starts: list[int]
    ends: list[int]

    def around(self, at: int) -> tuple[int, int]:
        """Return the lines that hold a byte; it alone if there are none."""
        number = bisect_right(self.starts, at) - 1
        if number < 0 or self.ends[number] < at:
            return at, at
        return self.starts[number], self.ends[number]

    def after(self, at: int) -> tuple[int, int]:
        """Return the first lines that begin behind a byte; it alone if there are none."""
        number = bisect_left(self.starts, at)
        return (self.starts[number], self.ends[number]) if number < len(self.starts) else (at, at)


class Comment(NamedTuple):
    """A comment, and whether brackets are open where it stands."""

    start: int
    end: int
    nested: bool


class Scan(NamedTuple):
    """The comments of a file, the lines of its statements, and where its rows end.

    `breaks` are the ends of rows, in order, behind which there can be a comment; `nested` are
    those of them where brackets are open. `opened` tells where brackets were opened, by where
    they are closed, of those that span rows.
    """

    comments: list[Comment]
    lines: Lines
    breaks: list[int]
    nested: frozenset[int]
    opened: dict[int, int]


def scanned(data: bytes) -> Scan:
    """Return what is written in a file, without an understanding of it."""
    comments: list[Comment] = []
    breaks: list[int] = []
    nested: set[int] = set()
    spans: list[tuple[int, int]] = []
    opened: dict[int, int] = {}
    openers: list[int] = []
    begin = 0
    for match in _LEXEME.finditer(data):
        kind = match.lastgroup
        if kind == "newline":
            breaks.append(match.start())
            if openers:
                nested.add(match.start())
            else:
                spans.append((begin, match.start()))
                begin = match.end()
        elif kind == "comment":
            comments.append(Comment(match.start(), match.end(), bool(openers)))
        elif kind == "open":
            openers.append(match.start())
        elif kind == "close" and openers:
            start = openers.pop()
            if breaks and start < breaks[-1]:
                opened[match.start()] = start
    spans.append((begin, len(data)))
    return Scan(comments, _lines(data, spans), breaks, frozenset(nested), opened)


def _lines(data: bytes, spans: list[tuple[int, int]]) -> Lines:
    starts: list[int] = []
    ends: list[int] = []
    below = -1
    for start, end in reversed(spans):
        first = data[start:end].lstrip()[:1]
        if first in (b"", b"#"):
            continue
        below = max(end, below) if first == b"@" else end
        starts.append(start)
        ends.append(below)
    return Lines(starts[::-1], ends[::-1])


def directives(data: bytes) -> tuple[Directive, ...]:
    """Return the comments of a file that may silence findings, in order."""
    wanted = [pattern for pattern in _CANDIDATES if pattern.search(data)]
    if not wanted:
        return ()
    scan = scanned(data)
    found: list[Directive] = []
    for comment in scan.comments:
        if any(each.search(data, comment.start, comment.end) for each in wanted):
            found += _read(data, comment, scan)
    return tuple(found)


def _read(data: bytes, comment: Comment, scan: Scan) -> Iterator[Directive]:
    matches = [*_OWN.finditer(data, comment.start, comment.end)]
    matches += _NOQA.finditer(data, comment.start, comment.end)
    for match in sorted(matches, key=re.Match.start):
        follower = _NEXT.search(data, match.end(), comment.end)
        end = follower.start() if follower else comment.end
        end = match.start() + len(data[match.start() : end].rstrip())
        directive = _noqa(match) if match.re is _NOQA else _own(match)
        if directive:
            owner, kind, names = directive
            first, last = _covered(data, comment, scan, kind)
            yield Directive(owner, kind, names, match.start(), end, first, last)


def _own(match: re.Match[bytes]) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the tool, the kind and the names of a directive; contracts are none."""
    owner, kind, listed = match[1].decode(), match[2], match[3]
    known = kind in _KINDS
    if (owner == "ruff" and not known) or _is_contract(kind, listed):
        return None
    names = tuple(filter(None, re.split(r"[\s,]+", (listed or b"").decode("utf-8", "replace"))))
    return owner, kind.decode("utf-8", "replace") if known else f"? {_shown(kind)}", names


def _shown(kind: bytes) -> str:
    return kind.decode("utf-8", "replace")


def _is_contract(kind: bytes, listed: bytes | None) -> bool:
    return kind in (b"nonblocking", b"runs-in-thread") or (kind == b"blocking" and bool(listed))


def _noqa(match: re.Match[bytes]) -> tuple[str, str, tuple[str, ...]] | None:
    """Return a `noqa` for a line or, with codes only, for a file."""
    codes = re.findall(r"[A-Z]+[0-9]+", (match["codes"] or b"").decode().upper())
    if match[1] and not codes:
        return None
    return "noqa", "file-ignore" if match[1] else "ignore", tuple(codes)


def _covered(data: bytes, comment: Comment, scan: Scan, kind: str) -> tuple[int, int]:
    """Return the bytes that a directive speaks of."""
    lines, row = scan.lines, _row(data, comment.start)
    alone = not data[row : comment.start].strip()
    if kind == "file-ignore":
        return 0, len(data)
    if kind == "disable":
        return row, _block_end(data, lines, comment.start, comment.start - row if alone else -1)
    if kind != "ignore":
        return comment.start, comment.end
    if not alone:
        start, end = lines.around(comment.start)
        whole = start == row or not comment.nested
        if whole:
            return start, end
        closed = (scan.opened.get(at, comment.start) for at in range(row, comment.start))
        return _row(data, min(closed, default=row)), comment.end
    below = _next_row(data, comment.end) if comment.nested else lines.after(comment.end)
    return row, below[1]


def _row(data: bytes, at: int) -> int:
    """Return where the row of a byte begins."""
    return max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1


def _next_row(data: bytes, at: int) -> tuple[int, int]:
    """Return the first row behind a comment that is no comment itself."""
    match = re.compile(rb"(?:(?:\r\n|\r|\n)[ \t\f]*(?:\#[^\r\n]*)?)+[^\r\n]*").match(data, at)
    return (at, match.end()) if match else (at, at)


def _block_end(data: bytes, lines: Lines, at: int, indent: int) -> int:
    """Return where the block ends that a comment stands in; the file, if it follows code."""
    for number in range(bisect_left(lines.starts, at), len(lines.starts)):
        start = lines.starts[number]
        line = data[start : lines.ends[number]]
        if len(line) - len(line.lstrip()) < indent:
            return start
    return len(data)
