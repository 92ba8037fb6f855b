"""Which arguments of functions come from those who send requests."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.project.places import Called
    from asyncfix.project.program import Project
    from asyncfix.project.types import Node, Types

_MOST_NODES = 200
_LONGEST_WAY = 8  # calls from an endpoint to what keeps something
_OF_CLASSES = (("__class__",), ("__name__",), ("__qualname__",))
_SERVING = frozenset(("endpoint", "websocket", "handler", "dependency", "middleware"))
_FEW = frozenset(("bool", "type", "Type", "Enum", "Literal", "Callable"))


class Senders:
    """Follows arguments back to the functions that a framework calls for each request."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.typing = project.typing
        self._many = project.packs.library.many

    def is_asked(self, fid: int, params: Iterable[int]) -> bool:
        """Tell whether what somebody sends reaches some of a function's parameters."""
        return any(
            self._is_of_many(fid, param) and self._flows(fid, param, frozenset())
            for param in params
        )

    def _is_of_many(self, fid: int, param: int) -> bool:
        """Tell whether the name of a parameter says that there is no end of what it takes."""
        words = self.typing.functions[fid][1].params[param].name.lower().split("_")
        return not self._many.isdisjoint(words)

    def _flows(self, fid: int, param: int, seen: frozenset[tuple[int, int]]) -> bool:
        project = self.project
        home, function = project.typing.functions[fid]
        if self._is_enumerated(home, function.params[param].annotation):
            return False
        entry = project.entries.get(fid)
        if entry is not None:
            return entry.kind in _SERVING
        if (fid, param) in seen or len(seen) > _LONGEST_WAY:
            return False
        bound = bool(function.flags & (facts.METHOD | facts.CLASSMETHOD))
        for at, parts in self._calls(fid):
            given = argument(parts, function, param, bound=bound)
            for index, outer in parameters_of(project.files[at], given):
                caller = project.lifetimes.fid(at, index)
                if self._flows(caller, outer, seen | {(fid, param)}):
                    return True
        return False

    def _is_enumerated(self, file: int, annotation: int) -> bool:
        """Tell whether a parameter takes one of the members of an enumeration."""
        order = self.typing.hierarchy.order
        return any(
            each[0] == "C" and any(base.startswith("enum.") for base in order(each[1])[1])
            for each in self.typing.of(file, annotation)
        )

    def _calls(self, fid: int) -> Iterator[tuple[int, Node]]:
        """Yield the calls of a function, also those that a thread makes, with their files."""
        for place in self.project.lifetimes.calls_of(fid):
            yield place.file, self.project.files[place.file].nodes[place.node]
        callers, home = self.project.callers, self.typing.functions.file(fid)
        for place, number in callers.of("hands over", fid, home, partial(self._handing, fid)):
            parts = self.project.files[place.file].nodes[place.node]
            rest = tuple(parts[2][int(number) + 1 :])
            yield place.file, (facts.CALL, parts[2][int(number)], rest, *parts[3:])

    def _handing(self, fid: int) -> Iterator[tuple[Called, str]]:
        """Yield the places where a function is handed to a thread, and as which argument."""
        reaches = self.typing.calls.reaches
        for at, node, number, types in self._handed_over:
            if any(reaches(each, fid) is not None for each in types):
                for place in self.project.lifetimes.sites(at, {node}):
                    yield place, str(number)

    @cached_property
    def _handed_over(self) -> list[tuple[int, int, int, Types]]:
        """Return what is handed to threads: file and node of the call, and as which argument."""
        typing, found = self.typing, []
        for last in {name.rpartition(".")[2] for name in typing.library.offloads}:
            for at, nodes in typing.index.callers(last, tests=False):
                for node in nodes:
                    for number, each in enumerate(typing.files[at].nodes[node][2][:2]):
                        types = typing.of(at, each) if each > 0 else ()
                        if any(kind[0] in "FM" for kind in types):
                            found.append((at, node, number, types))
        return found


def parameters_of(file: FileFacts, key: int) -> Iterator[tuple[int, int]]:
    """Yield the parameters, as function and number, of which a value is made that can be many."""
    queue, seen = [key], set[int]()
    while queue and len(seen) < _MOST_NODES:
        node = queue.pop()
        if node <= 0 or node in seen:
            continue
        seen.add(node)
        parts = file.nodes[node]
        if parts[0] == facts.PARAM:
            function = file.functions[parts[1]]
            skip = 1 if function.flags & (facts.METHOD | facts.CLASSMETHOD) else 0
            if parts[2] >= skip and not _is_of_few(file, function.params[parts[2]].annotation):
                yield parts[1], parts[2]
        else:
            queue += _below(file, parts)


def _below(file: FileFacts, parts: Node) -> Iterable[int]:
    """Return what a value is made of, unless it can be one of few."""
    kind = parts[0]
    if kind in (facts.TUPLE, facts.UNION, facts.SEQUENCE, facts.MADE):
        return tuple(parts[1])
    if kind == facts.LITERAL:
        return parts[2] if len(parts) > 2 else ()
    if kind == facts.PREFIX:
        return (parts[1], *(parts[3] if len(parts) > 3 else ()))
    if kind in (facts.ATTR, facts.ITEM, facts.AWAIT):
        return () if parts[2:] in _OF_CLASSES else (parts[1],)
    if kind == facts.ANNOTATED:
        return (parts[2],)
    if kind == facts.CALL:
        callee = file.nodes[parts[1]]
        if callee[0] == facts.GLOBAL and callee[1] in ("type", "len", "bool", "id"):
            return ()
        receiver = (callee[1],) if callee[0] == facts.ATTR else ()
        return (*receiver, *parts[2], *parts[4])
    return ()


def _is_of_few(file: FileFacts, annotation: int) -> bool:
    parts = file.nodes[annotation]
    while parts[0] == facts.ITEM:
        parts = file.nodes[parts[1]]
    name = parts[-1] if parts[0] in (facts.GLOBAL, facts.ATTR) else ""
    return name in _FEW
