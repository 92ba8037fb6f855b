"""What lets an answer of a store stand: that nothing changes before it is asked for again."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.decorators import CACHES
from asyncfix.project.edges import Asked, Edge
from asyncfix.project.reach import Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.project.edges import Instance
    from asyncfix.project.reach import Reach

_HARMLESS = frozenset(("read", "request", "limit"))
_STEPS = frozenset(("call", "await"))
_DEEPEST = 3  # calls from the place to what asks
_FARTHEST = 6  # calls that are followed to see whether something is changed
_MOST = 60  # functions that are looked at for one call


class Standing:
    """Answers from a graph that has grown."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.graph = reach.graph
        self.typing = reach.typing
        self._changing: dict[Instance, bool] = {}

    # What is asked

    def way(self, step: Asked | Edge) -> Way | None:
        """Return the way to the database that a step reads each time that it runs; else none."""
        if isinstance(step, Asked):
            return self._read(step)
        return self._within(step, 1) if step.kind in _STEPS else None

    def _read(self, asked: Asked) -> Way | None:
        query, member = asked.query, asked.name.rpartition(".")[2]
        if query.repeatable or query.kind not in ("read", "execute") or member.startswith("__"):
            return None
        kind, text = self.reach.kind((), asked)
        if kind != "read" or asked.name.partition(".")[0] in self._shared or self._waits(asked):
            return None
        return Way((), (), asked, kind, text)

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Return the libraries of stores by which processes tell each other, such as caches."""
        clients = self.typing.library.clients
        return frozenset(
            name.partition(".")[0]
            for name, client in clients.items()
            if client.kind in ("cache", "queue")
        )

    def _waits(self, asked: Asked) -> bool:
        """Tell whether a statement gives something else each time, or waits for a lock."""
        nodes = self.reach.values(self.graph.file_index(asked.caller)).file.nodes
        node = nodes[asked.node][2][0] if nodes[asked.node][2] else asked.node
        while node > 0 and nodes[node][0] == facts.CALL:
            callee = nodes[nodes[node][1]]
            if callee[0] != facts.ATTR:
                break
            if callee[2] in _LOCKS:
                return True
            node = callee[1]
        text = self.reach.kind((), asked)[1].lower()
        return any(word in text for word in _UNLIKE)

    def _within(self, edge: Edge, depth: int) -> Way | None:
        """Return the way through a call to what its callee asks, whatever it is passed."""
        graph, number = self.graph, edge.callee
        fid = graph.instances[number][0]
        if depth > _DEEPEST or number not in self.reach.reaching:
            return None
        self.reach.visited.add(number)
        function = graph.function(number)
        if function.flags & facts.GENERATOR or self.typing.decorators.names(fid) & CACHES:
            return None
        for asked in graph.asked[number]:
            found = None if asked.guards else self._read(asked)
            if found and not self.reach.remembers(number, asked.node, None):
                return found._replace(edges=(edge,))
        for inner in self.reach.outgoing[number]:
            if inner.kind in _STEPS and not inner.guards and inner.callee != number:
                found = self._within(inner, depth + 1)
                if found:
                    return found._replace(edges=(edge, *found.edges))
        return None

    # What is left as it is

    def keeps(self, number: Instance, node: int, spans: Sequence[tuple[int, int]]) -> bool:
        """Tell whether stretches of a function change nothing that an expression asks about.

        What a call may change that nobody knows of is taken for changed if it is awaited, is of one
        of the values in the expression, or gets the session or connection.
        """
        graph, file = self.graph, self.graph.file_index(number)
        values = self.reach.values(file)
        about = frozenset((node, *values.below(node)))
        known: set[tuple[int, int]] = set()
        for asked in graph.asked[number]:
            if _inside(asked, spans):
                if self._changes(asked):
                    return False
                known.add((asked.start, asked.end))
        for edge in self.reach.outgoing[number]:
            if _inside(edge, spans):
                if edge.kind in ("task", "thread task") or self.changes(edge.callee):
                    return False
                known.add((edge.start, edge.end))
        stores = frozenset(each for each in about if self._is_store(file, each))
        return not any(
            self._unknown(values.file.nodes, kind, at, about, stores)
            for kind, at, start, end in _sites(graph.function(number))
            if (start, end) not in known
            and any(begin <= start and end <= last for begin, last in spans)
        )

    def _unknown(
        self,
        nodes: Sequence[Sequence[Any]],
        kind: int,
        node: int,
        about: frozenset[int],
        stores: frozenset[int],
    ) -> bool:
        """Tell whether a site, of which nothing is known, may change what is asked about."""
        parts = nodes[node]
        if kind == facts.SETS:
            return True
        if kind == facts.SETS_ITEM:
            return parts[1] in about
        if kind not in (facts.CALLS, facts.AWAITS) or parts[0] != facts.CALL:
            return False
        callee = nodes[parts[1]]
        if callee[:2] == (facts.GLOBAL, "setattr"):
            return True
        if _READING.match(str(callee[2] if callee[0] == facts.ATTR else callee[1])):
            return False
        if kind == facts.AWAITS:
            return callee[0] != facts.ATTR or callee[2] not in _BODIES
        if callee[0] == facts.ATTR and callee[1] in about and callee[2] not in _PLAIN:
            return bool(nodes[callee[1]][0] != facts.CALL)  # what builds a query changes none
        return not stores.isdisjoint((*parts[2], *parts[4]))

    def _is_store(self, file: int, node: int) -> bool:
        """Tell whether a value is a session, a connection or the like."""
        if self.reach.values(file).file.nodes[node][0] == facts.CALL:
            return False
        stores = self.typing.stores.libraries
        types = self.typing.of(file, node)
        return any(each[0] == "E" and each[1].partition(".")[0] in stores for each in types)

    def _changes(self, asked: Asked) -> bool:
        """Tell whether a call may change what a store holds, or waits for others to do so."""
        kind = asked.query.kind
        if (self.reach.kind((), asked)[0] if kind == "execute" else kind) not in _HARMLESS:
            return True
        return kind != "request" and self._waits(asked)

    def changes(self, number: Instance) -> bool:
        """Tell whether a function may change what a store holds, or an object that it is given."""
        found = self._changing.get(number)
        if found is None:
            seen: set[Instance] = set()
            found = self._changing[number] = any(self._any_change(number, seen, 0))
        return found

    def _any_change(self, number: Instance, seen: set[Instance], depth: int) -> Iterator[bool]:
        if number in seen:
            return
        seen.add(number)
        yield len(seen) > _MOST or depth > _FARTHEST
        yield any(self._changes(asked) for asked in self.graph.asked[number])
        function = self.graph.function(number)
        if function.name not in _MAKERS:
            yield any(kind == facts.SETS for kind, *_ in _sites(function))
        for edge in self.reach.outgoing[number]:
            yield edge.kind in ("task", "thread task")
            yield from self._any_change(edge.callee, seen, depth + 1)


def _inside(step: Asked | Edge, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= step.start and step.end <= end for start, end in spans)


def _sites(function: facts.Function) -> Iterator[tuple[int, int, int, int]]:
    """Yield kind, node, start and end of what runs in a function."""
    sites = function.sites
    for at in range(0, len(sites), facts.SITE):
        yield sites[at], sites[at + 1], sites[at + 2], sites[at + 3]


# parts of statements that give something else each time, or are sent for what they do
_UNLIKE = (
    *("for update", "for share", "nextval", "setval", "lock", "now(", "random", "sleep", "uuid"),
    *("set_config", "current_timestamp"),
)
_BODIES = frozenset(("json", "text", "read", "body", "form", "aread", "fetchall", "fetchone"))
_PLAIN = frozenset(("get", "items", "keys", "values", "dict", "model_dump", "format", "join"))
_LOCKS = frozenset(("with_for_update", "select_for_update"))
_READING = re.compile(
    r"_?(get|find|fetch|list|load|read|count|is|has|exists|search|query|select)(_|$)"
)
_MAKERS = frozenset(("__init__", "__post_init__", "__new__"))
