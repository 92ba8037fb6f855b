"""Which functions a coroutine comes from that is handed to something which runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Type

_DEEPEST = 3  # helpers that hand a coroutine on
_MOST_CALLERS = 400


def started(typing: Typing, file: int, node: int, depth: int = _DEEPEST) -> Iterator[Type]:
    """Yield the types of what makes the coroutine that an expression is.

    A helper's parameter is what its callers pass; what a plain function or a lambda makes is what
    it returns.
    """
    parts = typing.files[file].nodes[node]
    if parts[0] == facts.OUTER:
        for each in typing.files[file].functions[parts[1]].captured.get(parts[2], ()):
            yield from started(typing, file, each, depth)
    elif parts[0] == facts.PARAM:
        passed = [
            each
            for at, given in _passed(typing, file, node, depth)
            for each in started(typing, at, given, depth - 1)
        ]
        yield from passed or typing.of(file, node)
    elif parts[0] == facts.CALL:
        yield from _made(typing, file, parts[1], depth)
    else:
        yield from typing.of(file, node)


def _made(typing: Typing, file: int, callee: int, depth: int) -> Iterator[Type]:
    """Yield what makes the coroutine that calling an expression gives."""
    places = [(file, callee)]
    if typing.files[file].nodes[callee][0] == facts.PARAM:
        places = list(_passed(typing, file, callee, depth)) or places
    for at, node in places:
        types = typing.of(at, node)
        for each in (*types, *(one for held in types if held[0] == "R" for one in held[1])):
            inner = list(_returned(typing, each, depth))
            if inner or depth == _DEEPEST or _is_coroutine(typing, each):
                yield from inner or (each,)


def _is_coroutine(typing: Typing, each: Type) -> bool:
    """Tell whether calling something gives a coroutine."""
    return each[0] not in "FM" or bool(typing.functions[each[1]][1].flags & facts.ASYNC)


def _returned(typing: Typing, each: Type, depth: int) -> Iterator[Type]:
    if each[0] not in "FM" or depth <= 0:
        return
    at, function = typing.functions[each[1]]
    if not function.flags & facts.ASYNC:
        typing.trace.mask |= typing.trace.bits[at]
        for node in function.results:
            if typing.files[at].nodes[node][0] == facts.CALL:
                yield from started(typing, at, node, depth - 1)


def _passed(typing: Typing, file: int, node: int, depth: int) -> Iterator[tuple[int, int]]:
    if depth > 0:
        for at, given in typing.parameters.passed(
            file, typing.files[file].nodes[node], _MOST_CALLERS
        ):
            typing.trace.mask |= typing.trace.bits[at]
            yield at, given
