"""How a text or a path begins, as far as the code says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node

# what makes a path of its arguments, by its last name
_JOINING = frozenset(("Path", "PurePath", "PosixPath", "AsyncPath", "join"))
_DEEPEST = 6
_DISPLAYS = (facts.TUPLE, facts.SEQUENCE)


def begins(typing: Typing, file: int, node: int, prefixes: tuple[str, ...]) -> bool | None:
    """Tell whether a text begins with one of these; None if the code does not say."""
    outcomes = {_begins(each, prefixes) for each in _texts(typing, file, node, _DEEPEST)}
    return outcomes.pop() if len(outcomes) == 1 else None


def _begins(text: tuple[str, bool] | None, prefixes: tuple[str, ...]) -> bool | None:
    if text is None:
        return None
    begin, whole = text
    if begin.startswith(prefixes):
        return True
    return None if not whole and any(each.startswith(begin) for each in prefixes) else False


def _texts(typing: Typing, file: int, node: int, deep: int) -> Iterator[tuple[str, bool] | None]:
    """Yield how each text begins that an expression may give, and whether that is all of it."""
    if deep <= 0 or node <= 0:
        yield None
        return
    parts = typing.files[file].nodes[node]
    operator = parts[0]
    known = constant(typing, file, node)
    if isinstance(known, str):
        yield known, True
    elif operator in (facts.PREFIX, facts.BINARY):
        after = "/" if operator == facts.BINARY else parts[2]
        for each in _texts(typing, file, parts[1], deep - 1):
            yield (each[0].removesuffix("/") + after if after else each[0], False) if each else None
    elif operator == facts.UNION:
        for inner in parts[1]:
            yield from _texts(typing, file, inner, deep - 1)
    elif operator == facts.ELEMENT:
        yield from _elements(typing, file, parts[1], deep - 1)
    elif operator == facts.CALL:
        yield from _called(typing, file, parts, deep - 1)
    else:
        at = _definition(typing, file, parts)
        yield from _texts(typing, *at, deep - 1) if at else (None,)


def _called(typing: Typing, file: int, parts: Node, deep: int) -> Iterator[tuple[str, bool] | None]:
    """Yield what `Path("/a")`, `join("/a", b)` and `"/a/{}".format(b)` begin with."""
    nodes = typing.files[file].nodes
    callee, given = nodes[parts[1]], parts[2]
    name = typing.names.last(file, parts[1])
    if callee[0] == facts.ATTR and name == "format":
        known = constant(typing, file, callee[1])
        yield (known.partition("{")[0], False) if isinstance(known, str) else None
    elif name in _JOINING and given:
        for each in _texts(typing, file, given[0], deep):
            slash = "/" if len(given) > 1 else ""
            yield (each[0] + slash, each[1] and not slash) if each else None
    else:
        yield None


def _elements(typing: Typing, file: int, node: int, deep: int) -> Iterator[tuple[str, bool] | None]:
    """Yield what the elements of a display begin with, also of one that a name stands for."""
    parts = typing.files[file].nodes[node]
    at = (file, node) if parts[0] in _DISPLAYS else _definition(typing, file, parts)
    inner = typing.files[at[0]].nodes[at[1]] if at else parts
    if at and inner[0] == facts.ANNOTATED:
        at = at[0], inner[2]
        inner = typing.files[at[0]].nodes[at[1]]
    if at is None or inner[0] not in _DISPLAYS or not inner[1]:
        yield None
        return
    for each in inner[1]:
        yield from _texts(typing, at[0], each, deep)


def _definition(typing: Typing, file: int, parts: Node) -> tuple[int, int] | None:
    """Return the one expression that a name of a module stands for."""
    if parts[0] == facts.ANNOTATED:
        return (file, parts[2]) if parts[2] else None
    if parts[0] != facts.GLOBAL:
        return None
    found = typing.modules.lookup(file, parts[1])
    if len(found) != 1 or found[0][0] != "N":
        return None
    return int(str(found[0][1])), int(str(found[0][2]))
