"""What a call runs: functions of the project, code that blocks, and functions that it is handed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.arguments import argument_of
from asyncfix.project.edges import Site
from asyncfix.project.types import NO_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncfix.project.edges import Here
    from asyncfix.project.graph import Graph
    from asyncfix.project.types import Node, Type, Types

_PASSED = (facts.PARAM, facts.OUTER)


class Callees:
    """Reads calls into the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing
        self._silent: set[Type] = set()  # what is known to lead nowhere, whoever calls it
        self.by_kind: dict[str, Callable[[Site, Type, Sequence[Any]], None]] = {
            "F": self._function,
            "M": self._method,
            "V": self._wrapper,
            "C": self._class,
            "I": self._instance,
            "R": self._partial,
            "X": self._outside,
            "E": self._outside_instance,
        }

    def read(self, here: Here, place: Sequence[int], nodes: Sequence[Node]) -> None:
        """Follow a call to all that it may run; most calls lead nowhere."""
        function = nodes[place[1]][1]
        callee = nodes[function]
        operator = callee[0]
        if operator == facts.ATTR and not self.graph.wanted.is_called(callee[2]):
            return
        types = self.typing.of(here[1], function, here[2])
        if operator in _PASSED:
            self._read_passed(Site(*here, *place), types)
        elif not types:
            if operator == facts.ATTR and callee[2] in self.graph.wanted.names:
                self.graph.unresolved.append((here[0], place[2], place[3]))
        elif not self._silent.issuperset(types):
            self._follow_all(Site(*here, *place), types)

    def _read_passed(self, site: Site, types: Types) -> None:
        """Follow the call of a parameter; functions are left to those who pass them."""
        nodes = self.graph.files[site.file].nodes
        is_noted = self.graph.callbacks.note(site, nodes[nodes[site.node][1]])
        kept = tuple(each for each in types if each[0] in "IE") if is_noted else types
        self._follow_all(site, kept)

    def _follow_all(self, site: Site, types: Types) -> None:
        nodes = self.graph.files[site.file].nodes
        parts = nodes[site.node]
        for each in self._awaitable(types) if site.kind == facts.AWAITS else types:
            if each[0] != "M" or not self._is_overridden(site, nodes[parts[1]], each):
                self.follow(site, each, parts)

    def _awaitable(self, types: Types) -> Types:
        """Leave out plain functions whose result is no awaitable, or unknown beside async ones."""
        functions, calls = self.typing.functions, self.typing.calls
        plain = [t for t in types if t[0] in "FM" and not functions[t[1]][1].flags & facts.ASYNC]
        beside = len(plain) < sum(each[0] in "FM" for each in types)
        no_good = set()
        for each in plain:
            given = calls.of(each, 0, NO_CALL, -1)
            if all(one[0] in "EST" for one in given) and (given or beside):
                no_good.add(each)
        return tuple(each for each in types if each not in no_good) if no_good else types

    def _is_overridden(self, site: Site, callee: Sequence[Any], each: Type) -> bool:
        """Tell whether a subclass that a method could call down to has replaced that method."""
        if callee[0] != facts.ATTR:
            return False
        typing = self.typing
        base = typing.files[site.file].nodes[callee[1]]
        fid, self_class = self.graph.instances[site.caller]
        function = typing.functions[fid][1]
        if base[0] != facts.PARAM or base[2] != 0 or self_class >= 0 or function.owner < 0:
            return False
        if each[2] == typing.first_class[site.file] + function.owner:
            return False
        return typing.hierarchy.method(each[2], function.name) not in (fid, -1)

    def follow(self, site: Site, each: Type, parts: Sequence[Any]) -> None:
        """Note what calling a thing of this type runs; `parts` is the call."""
        follow = self.by_kind.get(each[0])
        if follow:
            follow(site, each, parts)
        else:
            self._silent.add(each)

    def _function(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        self.graph.edge(site, each[1], bound=False, awaited=site.kind == facts.AWAITS)

    def _method(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        context = self.typing.hierarchy.context(each)
        self.graph.edge(site, each[1], context, bound=True, awaited=site.kind == facts.AWAITS)

    def _wrapper(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        graph = self.graph
        awaited = site.kind == facts.AWAITS
        graph.edge(site, each[1], bound=False, awaited=awaited, inner=each[2])
        kind = "await" if awaited else "task"
        for inner in each[2]:
            if inner[0] == "F" and self.typing.functions[inner[1]][1].flags & facts.ASYNC:
                graph.edge_aside(site, inner[1], -1, bound=False, kind=kind)

    def _class(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        hierarchy = self.typing.hierarchy
        for name in ("__new__", "__init__", "__post_init__"):
            fid = hierarchy.method(each[1], name)
            if fid >= 0:
                context = hierarchy.context(("M", fid, each[1]))
                self.graph.edge(site, fid, context, bound=True)

    def _instance(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        self.graph.implicit.methods(site, each, ("__call__",))

    def _partial(self, site: Site, each: Type, _parts: Sequence[Any]) -> None:
        for inner in each[1]:
            if inner[0] in "FM":
                bound = inner[0] == "M"
                context = self.typing.hierarchy.context(inner) if bound else -1
                self.graph.edge(
                    site, inner[1], context, bound=bound, kind="partial", inner=(each[2:],)
                )
            elif inner[0] == "X":
                self.graph.sinks.call(site, inner[2], inner[1], each[3], given_in=each[2])
            elif inner[0] == "C":
                self._class(site, inner, ())

    def _outside(self, site: Site, each: Type, parts: Sequence[Any]) -> None:
        graph, library, name = self.graph, self.typing.library, each[1]
        called = library.callers.get(name)
        query = self.typing.stores.query(each[2], name)
        if query is not None:
            graph.ask(site, query, name)
        if name in library.offloads:
            if name not in graph.trusted:
                graph.sinks.call(site, each[2], name, parts)
            self._in_thread(site, parts)
            return
        told = (
            called
            or name in library.consumers
            or name in library.enters
            or self.typing.outside.target(each[2], name)
        )
        if not told or name in graph.trusted:
            if query is None:
                self._silent.add(each)
            return
        graph.sinks.call(site, each[2], name, parts)
        if name in library.enters and parts[2] and parts[2][0] > 0:
            graph.implicit.enter(site, parts[2][0])
        if name in library.consumers and parts[2] and parts[2][0] > 0:
            graph.implicit.iterate(site, parts[2][0])
        node = argument_of(parts, called) if called else 0
        for handed in self.typing.of(site.file, node, site.self_class) if node > 0 else ():
            if handed[0] in "FMCVX":
                self.follow(site, handed, (facts.CALL, node, (), (), ()))

    def _in_thread(self, site: Site, parts: Sequence[Any]) -> None:
        """Follow what is handed to a thread: a function, then its arguments."""
        graph = self.graph
        kind = "thread" if site.kind == facts.AWAITS else "thread task"
        for at, node in enumerate(parts[2][:2]):
            for each in self.typing.of(site.file, node, site.self_class) if node > 0 else ():
                inner = ((site.file, _rest(parts, at)),)
                if each[0] in "FM":
                    context = self.typing.hierarchy.context(each) if each[0] == "M" else -1
                    graph.edge_aside(
                        site, each[1], context, bound=each[0] == "M", kind=kind, inner=inner
                    )
                elif each[0] == "X":
                    query = self.typing.stores.query(each[2], each[1])
                    if query is not None:
                        graph.ask(site, query, each[1])

    def _outside_instance(self, site: Site, each: Type, parts: Sequence[Any]) -> None:
        self.graph.sinks.call(site, each[1], f"{each[1]}.__call__", parts)


def _rest(parts: Sequence[Any], at: int) -> Sequence[Any]:
    """Return the call that happens elsewhere, whose function is the argument at an index."""
    return (parts[0], parts[2][at], tuple(parts[2][at + 1 :]), tuple(parts[3]), tuple(parts[4]))
