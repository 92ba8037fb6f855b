"""Which code the arguments of a call keep from running: guards, seen from the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.arguments import argument, constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.edges import Edge, Guards
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.graph import Graph

_OBJECTS = frozenset(
    {
        *(facts.LITERAL, facts.TUPLE, facts.SEQUENCE, facts.DICT, facts.EMPTY),
        *(facts.FUNCTION, facts.CLASS),
    }
)


def carried(graph: Graph, edge: Edge, guards: Guards) -> Guards | None:
    """Return the guards as seen by the caller of an edge; None if its arguments contradict one."""
    if not guards:
        return edge.guards
    kept = list(edge.guards)
    typing = graph.typing
    caller = graph.instances[edge.caller][0]
    callee_file = typing.functions[graph.instances[edge.callee][0]][0]
    for param, test, wanted in guards:
        place = _passed(graph, edge, param)
        if place is None:
            continue
        outcome = _outcome(typing, place, test, callee_file)
        if outcome is not None:
            if outcome != wanted:
                return None
            continue
        file, node = place
        value = graph.files[file].nodes[node]
        is_own = value[0] == facts.PARAM and value[1] == caller - typing.first_function[file]
        if is_own and not test.startswith((facts.IS_A, facts.SAME)):
            kept.append((value[2], test, wanted))
    return tuple(dict.fromkeys(kept))


def _passed(graph: Graph, edge: Edge, index: int) -> tuple[int, int] | None:
    """Return file and node of what a call passes, or of the default; None if neither is known."""
    callee = graph.function(edge.callee)
    if not 0 <= index < len(callee.params):
        return None
    file = graph.typing.functions[graph.instances[edge.caller][0]][0]
    parts = graph.files[file].nodes[edge.node]
    if edge.kind == "partial":
        file, parts = edge.inner[0]
    node = 0
    if parts[0] == facts.CALL:
        node = argument(parts, callee, index, bound=edge.bound)
    if node == 0 and edge.kind != "partial":
        file = graph.typing.functions[graph.instances[edge.callee][0]][0]
        node = callee.params[index].default
    return (file, node) if node > 0 else None


def _outcome(typing: Typing, place: tuple[int, int], test: str, home: int) -> bool | None:
    """Return what a test of an argument gives; `home` is the file that the test stands in."""
    known = constant(typing, *place)
    outcome = _of_code(typing, place, test) if known is ... else _of_constant(known, test)
    if outcome is not None:
        return outcome
    if test == facts.NONE:
        return False if _is_made(typing, *place) else None
    if test.startswith(facts.SAME):
        other = constant(typing, home, int(test.removeprefix(facts.SAME)))
        return None if other is ... or known is ... else known == other
    if test.startswith(facts.IS_A):
        return _of_type(typing, place, (home, int(test.removeprefix(facts.IS_A))))
    return None


def _of_constant(value: object, test: str) -> bool | None:
    if test == facts.NONE:
        return value is None
    if test == facts.TRUE:
        return bool(value)
    if test.startswith(facts.ONE_OF):
        return facts.told(value) in test.removeprefix(facts.ONE_OF)
    if test.startswith(facts.STARTS):
        prefixes = tuple(test.removeprefix(facts.STARTS).split("\x1f"))
        return isinstance(value, str) and value.startswith(prefixes)
    return None


def _of_code(typing: Typing, place: tuple[int, int], test: str) -> bool | None:
    """Return what a test gives where the code itself says that there is an object."""
    value: Sequence[Any] = typing.files[place[0]].nodes[place[1]]
    return False if test == facts.NONE and value[0] in _OBJECTS else None


def _is_made(typing: Typing, file: int, node: int) -> bool:
    """Tell whether a value is surely an object: what a call of a class gives."""
    parts = typing.files[file].nodes[node]
    types = typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
    return bool(types) and all(each[0] == "C" for each in types)


def _of_type(typing: Typing, place: tuple[int, int], wanted: tuple[int, int]) -> bool | None:
    """Return what `isinstance` gives."""
    classes, given = typing.of(*wanted), typing.of(*place)
    if not classes or not given:
        return None
    is_instance = typing.hierarchy.is_instance
    fits = {is_instance(one, each) for one in given for each in classes}
    if fits == {False}:
        return False
    return True if fits == {True} or (len(given) == 1 and True in fits) else None
