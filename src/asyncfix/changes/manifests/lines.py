"""requirements.txt and its kind, and setup.cfg: one requirement a line."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.changes.manifests.names import Listing, normal, place

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTION = re.compile(r"\[([^\]]+)\]")
_KEY = re.compile(r"([\w.-]+)\s*[=:]\s*(.*)")
_MAIN = ("", "base", "-base", "main", "-main", "prod", "-prod", "production")  # of their names
_HASHED = re.compile(r"--hash\b|\\\s*$", re.MULTILINE)


class _Block(NamedTuple):
    """The rows of a list, the blank that they begin with, and the row that follows them."""

    label: str
    main: bool
    rows: list[int]
    indent: str
    end: int


def listings(path: str, text: str) -> list[Listing]:
    """Return the lists of requirements that a file has; one with hashes is left alone."""
    if _HASHED.search(text):
        return []
    rows = text.split("\n")
    return [
        Listing(path, block.label, block.main, tuple(_names(rows, block)))
        for block in _blocks(path, rows)
    ]


def edited(path: str, text: str, changes: Mapping[str, tuple[list[str], list[str]]]) -> str:
    """Return the text with lines added to and removed from some of its lists."""
    rows = text.split("\n")
    removed: set[int] = set()
    added: dict[int, list[str]] = defaultdict(list)
    for block in _blocks(path, rows):
        adds, removes = changes.get(block.label, ([], []))
        names = _names(rows, block)
        for requirement in sorted(adds):
            at = place(names, normal(requirement), removes)
            row = [*block.rows, block.end][at]
            added[row].append(f"{block.indent}{requirement}")
        removed.update(row for row, name in zip(block.rows, names, strict=True) if name in removes)
    told: list[str] = []
    for row in range(len(rows) + 1):
        told += added[row]
        told += rows[row : row + 1] if row not in removed else []
    return "\n".join(told)


def _names(rows: list[str], block: _Block) -> list[str]:
    return [normal(rows[row]) for row in block.rows]


def _blocks(path: str, rows: list[str]) -> list[_Block]:
    if path.endswith("setup.cfg"):
        return _of_setup(rows)
    name = path.rpartition("/")[2].removeprefix("requirements").rpartition(".")[0]
    found = [row for row, text in enumerate(rows) if normal(text)]
    end = found[-1] + 1 if found else len(rows) - (rows[-1] == "")
    return [_Block("", name in _MAIN, found, "", end)]


def _of_setup(rows: list[str]) -> list[_Block]:
    """Return the blocks of `install_requires` and of the extras."""
    found: list[_Block] = []
    section = key = ""
    for row, text in enumerate(rows):
        head = _SECTION.match(text)
        pair = _KEY.match(text)
        if head:
            section, key = head[1].strip(), ""
        elif pair:
            key = pair[1]
            label = f"{section}.{key}"
            is_list = label == "options.install_requires" or section == "options.extras_require"
            if is_list and not pair[2]:
                main = section == "options"
                found.append(_Block(label, main, [], "    ", row + 1))
            else:
                key = ""
        elif key and text[:1] in (" ", "\t") and normal(text) and found:
            block = found[-1]
            block.rows.append(row)
            indent = text[: len(text) - len(text.lstrip())]
            found[-1] = block._replace(indent=indent, end=row + 1)
    return found
