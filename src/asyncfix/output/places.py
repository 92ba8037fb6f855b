"""Places in source code as people read them: rows, columns, and lines that fit a terminal."""

from __future__ import annotations

import os.path
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncfix.findings import Location
    from asyncfix.source import Text

Texts = Callable[[str], "Text"]

TAB = 4
_UNITS = {"utf-8": 1, "utf-16-le": 2}
PICTURES: dict[int, int | str] = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys(
        [0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)],
        "\N{REPLACEMENT CHARACTER}",
    ),
}


class Place(NamedTuple):
    """A location in rows and columns, from 1; `text` is None where the file cannot be read."""

    path: str
    row: int
    column: int
    end_row: int
    end_column: int
    text: Text | None

    def __str__(self) -> str:
        """Return what editors and terminals make a link of."""
        return f"{self.path}:{self.row}:{self.column}"


class Places:
    """Looks locations up, each file and each location once.

    Paths are fit to be printed; with `exact` they are as they are, for formats that quote them.
    """

    def __init__(self, text: Texts, prefix: str = "", *, exact: bool = False) -> None:
        self._text = text
        self._prefix = prefix
        self._written = quotable if exact else printable
        self._texts: dict[str, Text | None] = {}
        self._names: dict[str, str] = {}
        self._seen: dict[Location, Place] = {}

    def at(self, location: Location) -> Place:
        """Return the place of a location."""
        place = self._seen.get(location)
        if place is None:
            place = self._seen[location] = self._find(location)
        return place

    def shown(self, path: str) -> str:
        """Return a project's path as seen from the working directory."""
        if path not in self._names:
            self._names[path] = self._written(shortest(self._prefix + path))
        return self._names[path]

    def _find(self, location: Location) -> Place:
        path = location.path
        if path not in self._texts:
            try:
                self._texts[path] = self._text(path)
            except (OSError, UnicodeDecodeError, SyntaxError):
                self._texts[path] = None
        text = self._texts[path]
        if text is None or location.end > len(text.data):
            return Place(self.shown(path), 1, 1, 1, 1, None)
        row, column = text.position(location.start)
        end_row, end_column = text.position(location.end)
        return Place(self.shown(path), row, column, end_row, end_column, text)


def shortest(path: str) -> str:
    """Return a path as it is seen from the working directory, with forward slashes."""
    if ".." in path and not os.path.isabs(path):  # noqa: PTH117 - strings here
        # `../../app/main.py` may be `main.py`: only the names of the folders above can tell
        path = os.path.relpath(path)
    return os.path.normpath(path).replace(os.sep, "/")


def printable(line: str) -> str:
    """Return a line that moves no cursor: tabs widened, escapes and controls made visible."""
    if line.isprintable():
        return line
    return line.expandtabs(TAB).translate(PICTURES)


def quotable(text: str) -> str:
    """Return a text that can be encoded: a byte of a name that is no UTF-8 is replaced."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def columns(place: Place, encoding: str) -> tuple[int, int]:
    """Return the columns of a place's start and end, counted in units of an encoding, from 1."""
    if place.text is None:
        return place.column, place.end_column
    ends = ((place.row, place.column), (place.end_row, place.end_column))
    first, last = (_column(place.text.line(row), column, encoding) for row, column in ends)
    return first, last


def _column(line: str, column: int, encoding: str) -> int:
    before = line[: column - 1]
    if before.isascii():
        return column
    return len(before.encode(encoding)) // _UNITS[encoding] + 1


def cells(line: str) -> int:
    """Count the columns that a line takes in a terminal."""
    if line.isascii():
        return len(line)
    from rich.cells import cell_len  # noqa: PLC0415 - only for wide characters

    return cell_len(line)


def crop(line: str, left: int, room: int) -> str:
    """Cut a window out of a line, in cells; an ellipsis marks each end that was cut."""
    if line.isascii():
        body, rest = line[left : left + room], line[left + room :]
    else:
        body, rest = _cut(line, left, room)
    if left and line.strip() and not body:
        return "…"
    if left and body:
        body = "…" + " " * (cells(body[0]) - 1) + body[1:]
    if rest:
        last = cells(body[-1]) if body else 1
        body = body[:-1] + "…" + " " * (last - 1)
    return body


def _cut(line: str, left: int, room: int) -> tuple[str, str]:
    """Cut as `crop` does where characters have widths; half a character becomes a blank."""
    body, column = "", 0
    for index, character in enumerate(line):
        size = cells(character)
        if column >= left + room or (column + size > left + room and column >= left):
            return body, line[index:]
        if column >= left:
            body += character
        elif column + size > left:
            body += " "
        column += size
    return body, ""


def beside(place: Place, room: int) -> str:
    """Return the row of a place alone, without its indentation, cropped around the place."""
    if place.text is None or room < 8:
        return ""
    raw = place.text.line(place.row)
    indent = len(raw) - len(raw.lstrip())
    line = printable(raw.strip())
    if cells(line) <= room:
        return line
    begin = cells(printable(raw[indent : max(indent, place.column - 1)]))
    return crop(line, _window(begin, begin + 1, room), room)


def excerpt(place: Place, width: int, paint: Callable[[str, str], str]) -> tuple[int, list[str]]:
    """Return five rows of source with the place underlined, and the digits of their numbers."""
    if place.text is None:
        return 1, []
    raw = place.text.line(place.row)
    end = place.end_column - 1 if place.end_row == place.row else len(raw.rstrip())
    begin = cells(printable(raw[: place.column - 1]))
    stop = max(begin + 1, cells(printable(raw[:end])))
    rows = _rows(place)
    gutter = len(str(rows[-1][0]))
    room = max(20, width - gutter - 3)
    longest = max(cells(line) for _, line in rows)
    left = _window(begin, stop, room) if longest > room else 0
    bar = paint("gutter", f"{'':{gutter}} |")
    lines = [bar]
    for row, line in rows:
        body = crop(line, left, room) if longest > room else line
        lines.append(f"{paint('gutter', f'{row:>{gutter}} |')} {body}".rstrip())
        if row == place.row:
            marks = " " * (begin - left) + paint(
                "mark", "^" * min(stop - begin, room - begin + left)
            )
            lines.append(f"{bar} {marks}")
    return gutter, [*lines, bar]


def _rows(place: Place) -> list[tuple[int, str]]:
    """Return the rows to show, without blank ones at either end."""
    text = place.text
    if text is None:
        return []
    last = min(len(text.starts), place.row + 2)
    rows = [(row, printable(text.line(row))) for row in range(max(1, place.row - 2), last + 1)]
    while rows[0][0] < place.row and not rows[0][1].strip():
        rows.pop(0)
    while rows[-1][0] > place.row and not rows[-1][1].strip():
        rows.pop()
    return rows


def _window(begin: int, stop: int, room: int) -> int:
    """Return the column at which a cropped line starts, so that the place is in sight."""
    if stop < room:
        return 0
    if stop - begin >= room - 4:
        return max(0, begin - 2)
    return begin - (room - (stop - begin)) // 2
