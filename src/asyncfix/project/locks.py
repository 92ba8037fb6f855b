"""Which expressions are locks of threads, and what a function holds while others run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.facts import FileFacts, Function
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Type


class Held(NamedTuple):
    """A lock by its node, where it is taken, and what pauses before it is given back."""

    node: int
    start: int
    end: int
    pause: int


def lock(typing: Typing, file: int, node: int) -> str:
    """Return the class of a lock if an expression surely is one, or a manager that takes one."""
    found = {_class(typing, each) for each in typing.of(file, node)}
    return found.pop() if len(found) == 1 else ""


def held(file: FileFacts, function: Function) -> Iterator[Held]:
    """Yield what a function holds over a pause, if it is a lock, in the order of its kinds."""
    yield from _entered(function)
    yield from _acquired(file, function)


def _class(typing: Typing, each: Type) -> str:
    if each[0] == "K":
        is_async = typing.functions[each[1]][1].flags & facts.ASYNC
        return "" if is_async else taken(typing, each[1])
    if each[0] == "I":
        return taken(typing, typing.hierarchy.method(each[1], "__enter__"))
    if each[0] != "E":
        return ""
    target = typing.outside.target(each[1], f"{each[1]}.acquire")
    return str(each[1]) if target is not None and target.effect == "lock" else ""


def taken(typing: Typing, fid: int) -> str:
    """Return the class of a lock that a function takes and still has when others go on."""
    if fid < 0:
        return ""
    at, function = typing.functions[fid]
    typing.trace.mask |= typing.trace.bits[at]
    file = typing.files[at]
    if function.flags & facts.GENERATOR:
        nodes = [each.node for each in held(file, function)]
    else:
        nodes = _kept(file, function)
    return next(filter(None, (lock(typing, at, node) for node in nodes)), "")


def _kept(file: FileFacts, function: Function) -> list[int]:
    """Return what a function takes by `x.acquire()`, a statement, and does not release."""
    taken: dict[int, None] = {}
    for method, owner, _, _ in _steps(file, function):
        if method == "acquire":
            taken[owner] = None
        else:
            taken.pop(owner, None)
    return list(taken)


def _entered(function: Function) -> Iterator[Held]:
    """Yield what plain `with` statements hold over a pause."""
    holds = function.holds
    for at in range(0, len(holds), facts.HOLD):
        node, start, end, first = holds[at : at + facts.HOLD]
        yield Held(node, start, end, function.pauses[first])


def _acquired(file: FileFacts, function: Function) -> Iterator[Held]:
    """Yield what is held between `x.acquire()`, a statement, and the next `x.release()`."""
    starts: dict[int, tuple[int, int]] = {}
    for method, owner, start, end in _steps(file, function):
        if method == "acquire":
            starts[owner] = (start, end)
        elif owner in starts:
            first, last = starts.pop(owner)
            pause = _pause_between(function.pauses, last, start)
            if pause >= 0:
                yield Held(owner, first, last, pause)


def _steps(file: FileFacts, function: Function) -> Iterator[tuple[str, int, int, int]]:
    """Yield each statement `x.acquire()` or `x.release()`: which it is, `x`, and its place."""
    nodes, sites = file.nodes, function.sites
    for at in _statements(function):
        kind, node, start, end = sites[at : at + 4]
        callee = nodes[nodes[node][1]]
        if kind == facts.CALLS and callee[0] == facts.ATTR and callee[2] in ("acquire", "release"):
            yield callee[2], callee[1], start, end


def _statements(function: Function) -> list[int]:
    """Return the positions, among the sites, of calls that are statements, as they are written."""
    uses = function.uses
    found = [uses[at] for at in range(0, len(uses), facts.USE) if uses[at + 1] == facts.DROPPED]
    return sorted(found, key=lambda at: function.sites[at + 2])


def _pause_between(pauses: Sequence[int], start: int, end: int) -> int:
    """Return the kind of the first pause between two offsets, or -1."""
    for at in range(0, len(pauses), facts.PAUSE):
        if start <= pauses[at + 1] < end:
            return pauses[at]
    return -1
