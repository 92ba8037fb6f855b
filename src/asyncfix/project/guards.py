"""Which code the arguments of a call keep from running: guards, seen from the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.project.arguments import argument, constant
from asyncfix.project.presence import is_there, is_true
from asyncfix.project.texts import begins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.edges import Edge, Guards
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.graph import Graph


_EXCEPTIONS = (facts.STARTS, facts.KIND, facts.ONE_OF)

_HANDED_ON = frozenset(("partial", "thread", "thread task"))  # the call itself passes other things


def carried(graph: Graph, edge: Edge, guards: Guards) -> Guards | None:
    """Return the guards as seen by the caller of an edge; None if its arguments contradict one."""
    found = weighed(graph, edge, guards)
    return None if found is None else found[0]


def weighed(graph: Graph, edge: Edge, guards: Guards) -> tuple[Guards, int] | None:
    """Return the guards as seen by the caller, and how many of them nobody can decide."""
    if not guards:
        return edge.guards, 0
    kept = list(edge.guards)
    undecided = 0
    for param, test, wanted in guards:
        outcome, own = graph.tests.of(edge, param, test)
        if outcome is not None:
            if outcome != wanted:
                return None
        elif own >= 0 and not test.startswith((facts.IS_A, facts.SAME)):
            kept.append((own, test, wanted))
        else:
            undecided += is_open((param, test, wanted))
    found = tuple(dict.fromkeys(kept))
    return None if _contradict(found) else (found, undecided)


def is_open(guard: tuple[int, str, bool]) -> bool:
    """Tell whether a guard leaves a doubt; that an argument is no exception leaves none."""
    param, test, wanted = guard
    return param >= 0 and (wanted or not test.startswith(_EXCEPTIONS))


class Tested(NamedTuple):
    """What a call's argument makes of a test of the parameter that takes it.

    `outcome` is None where that is not known, `own` the caller's parameter that is passed on or -1,
    `mask` the number of what both rest on. Caller and callee are functions, `node` is the call.
    """

    caller: int
    callee: int
    node: int
    bound: bool
    param: int
    test: str
    outcome: bool | None
    own: int
    mask: int


class Tests:
    """Answers what becomes of tests; `known` has what an earlier run found and still holds."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[tuple[int, int, int, bool, int, str], Tested] = {}

    def of(self, edge: Edge, param: int, test: str) -> tuple[bool | None, int]:
        """Return the outcome of a test, and the caller's own parameter that is passed on or -1."""
        if edge.kind in _HANDED_ON:
            return self._found(edge, param, test)
        instances, trace = self.graph.instances, self.graph.typing.trace
        caller, callee = instances[edge.caller][0], instances[edge.callee][0]
        key = (caller, callee, edge.node, edge.bound, param, test)
        known = self.known.get(key)
        if known is None:
            outer, trace.mask = trace.mask, 0
            outcome, own = self._found(edge, param, test)
            known = self.known[key] = Tested(*key, outcome, own, trace.number(trace.mask))
            trace.mask = outer
        trace.mask |= trace.masks[known.mask]
        return known.outcome, known.own

    def _found(self, edge: Edge, param: int, test: str) -> tuple[bool | None, int]:
        graph, typing = self.graph, self.graph.typing
        for number in (edge.caller, edge.callee):
            typing.read(graph.instances[number][0])
        place = _passed(graph, edge, param)
        if place is None:
            return None, -1
        outcome = _outcome(typing, place, test, graph.file_index(edge.callee))
        if outcome is None and test == facts.TRUE and _is_optional(graph, edge, param):
            outcome = True if is_there(typing, *place) else None
        return outcome, -1 if outcome is not None else _own(graph, edge, place)


def _is_optional(graph: Graph, edge: Edge, index: int) -> bool:
    """Tell whether a parameter is None if left out: a test of it asks whether it was passed."""
    default = graph.function(edge.callee).params[index].default
    nodes = graph.file(edge.callee).nodes
    return bool(default and tuple(nodes[default][:2]) == (facts.CONST, None))


def _own(graph: Graph, edge: Edge, place: tuple[int, int]) -> int:
    """Return the index of the caller's parameter that is passed on, or -1."""
    file, node = place
    value = graph.files[file].nodes[node]
    caller = graph.instances[edge.caller][0] - graph.typing.first_function[file]
    if value[0] == facts.SUPER:
        return 0
    return int(value[2]) if value[0] == facts.PARAM and value[1] == caller else -1


def _contradict(guards: Guards) -> bool:
    """Tell whether two guards cannot both hold."""
    known = set(guards)
    for param, test, wanted in guards:
        if (param, test, not wanted) in known:
            return True
        if wanted and test.endswith(facts.NONE):
            start = test.removesuffix(facts.NONE)
            if (param, start + facts.TRUE, True) in known:
                return True
    return False


def _passed(graph: Graph, edge: Edge, index: int) -> tuple[int, int] | None:
    """Return file and node of what a call passes, or of the default; None if neither is known."""
    callee = graph.function(edge.callee)
    if not 0 <= index < len(callee.params):
        return None
    file = graph.typing.functions[graph.instances[edge.caller][0]][0]
    parts = graph.files[file].nodes[edge.node]
    if index == 0 and edge.bound and callee.flags & facts.METHOD:
        node = _receiver(graph.files[file].nodes, edge.node)
        return (file, node) if node > 0 else None
    if edge.kind in _HANDED_ON:
        file, parts = edge.inner[0]
    node = 0
    if parts[0] == facts.CALL:
        node = argument(parts, callee, index, bound=edge.bound)
    if node == 0 and edge.kind not in _HANDED_ON:
        file = graph.typing.functions[graph.instances[edge.callee][0]][0]
        node = callee.params[index].default
    return (file, node) if node > 0 else None


def _receiver(nodes: Sequence[Sequence[Any]], node: int) -> int:
    """Return what a bound method is called of, or 0."""
    parts = nodes[node]
    callee = nodes[parts[1]] if parts[0] == facts.CALL else parts
    return int(callee[1]) if callee[0] == facts.ATTR else 0


def _outcome(typing: Typing, place: tuple[int, int], test: str, home: int) -> bool | None:
    """Return what a test of an argument gives; `home` is the file that the test stands in."""
    if test.startswith(facts.OF):
        return None
    if test.startswith(facts.STARTS):
        prefixes = tuple(test.removeprefix(facts.STARTS).split("\x1f"))
        return begins(typing, *place, prefixes)
    known = constant(typing, *place)
    if known is not ...:
        outcome = _of_constant(known, test)
        if outcome is not None:
            return outcome
    elif test == facts.NONE:
        return False if is_there(typing, *place) else None
    elif test == facts.TRUE:
        return True if is_true(typing, *place) else None
    if test.startswith(facts.SAME):
        other = constant(typing, home, int(test.removeprefix(facts.SAME)))
        return None if other is ... or known is ... else known == other
    if test.startswith(facts.KIND):
        return _of_kind(typing, place, test.removeprefix(facts.KIND))
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
    return None


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


def _of_kind(typing: Typing, place: tuple[int, int], name: str) -> bool | None:
    """Tell whether a value is of a class outside the project, if its type is known."""
    given = typing.of(*place)
    fits = {each[0] == "E" and name in typing.outside.order(each[1]) for each in given}
    return fits.pop() if len(fits) == 1 else None
