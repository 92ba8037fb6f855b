"""What Python calls without being told: properties, and the methods behind `for`, `with`, `[…]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.project.edges import Site
    from asyncfix.project.graph import Graph
    from asyncfix.project.types import Type

DUNDERS = {
    facts.ITERATES: ("__iter__", "__next__"),
    facts.ENTERS: ("__enter__", "__exit__"),
    facts.GETS_ITEM: ("__getitem__",),
    facts.SETS_ITEM: ("__setitem__",),
    facts.CONTAINS: ("__contains__",),
}


class Implicit:
    """Reads sites that are no calls into the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing

    # Attributes

    def read_property(self, site: Site) -> None:
        """Follow the read of an attribute to the property that it may be."""
        graph = self.graph
        parts = graph.files[site.file].nodes[site.node]
        for each in self.typing.of(site.file, parts[1], site.self_class):
            if each[0] == "I":
                self._property(site, each[1], parts[2])
            elif each[0] == "E":
                target = graph.typing.outside.read(each[1], parts[2])
                if target:
                    graph.hit(site, target, f"{each[1]}.{parts[2]}")

    def set_property(self, site: Site) -> None:
        """Follow an assignment to the setter that it may be."""
        hierarchy = self.typing.hierarchy
        parts = self.graph.files[site.file].nodes[site.node]
        for each in self.typing.of(site.file, parts[1], site.self_class):
            fid = hierarchy.method(each[1], f"{parts[2]}.setter") if each[0] == "I" else -1
            if fid >= 0:
                context = hierarchy.context(("M", fid, each[1]))
                self.graph.edge(site, fid, context, bound=True, kind="property")

    def _property(self, site: Site, cls: int, name: str) -> None:
        typing = self.typing
        fid = typing.hierarchy.method(cls, name)
        if fid < 0 or not typing.decorators.is_property(fid):
            return
        is_abstract = typing.functions[fid][1].flags & facts.ABSTRACT
        for sub, each in typing.hierarchy.implementers(cls, name) if is_abstract else [(cls, fid)]:
            context = typing.hierarchy.context(("M", each, sub))
            self.graph.edge(site, each, context, bound=True, kind="property")

    # Statements and operators

    def enter(self, site: Site, node: int) -> None:
        """Follow what is entered by a call, as an `ExitStack` does."""
        self.read(site._replace(kind=facts.ENTERS, node=node))

    def read(self, site: Site) -> None:
        """Follow an iteration, a `with`, an item or an `in` to what Python calls for it."""
        node = site.node
        call: Sequence[Any] = ()
        if site.kind in (facts.GETS_ITEM, facts.SETS_ITEM):
            parts = self.graph.files[site.file].nodes[node]
            if parts[0] != facts.ITEM:
                return
            node = parts[1]
            call = (facts.CALL, 0, (parts[2],), (), ())
        if site.kind == facts.ITERATES:
            self.iterate(site, node)
            return
        for each in self.typing.of(site.file, node, site.self_class):
            if each[0] == "K" and site.kind == facts.ENTERS:
                flags = self.typing.functions.seen(each[1]).flags
                awaited, bound = bool(flags & facts.ASYNC), bool(flags & facts.METHOD)
                self.graph.edge(
                    site, each[1], each[2], bound=bound, awaited=awaited, kind="with", runs=True
                )
            elif each[0] in "IE":
                self._dunders(site, each, DUNDERS[site.kind], call)

    def iterate(self, site: Site, node: int) -> None:
        """Follow an iteration over an expression, or over what `zip` and the like wrap."""
        graph = self.graph
        parts = graph.files[site.file].nodes[node]
        if parts[0] == facts.CALL:
            wrappers = graph.typing.library.wrappers
            callees = graph.typing.of(site.file, parts[1], site.self_class)
            if any(each[0] == "X" and each[1] in wrappers for each in callees):
                for argument in parts[2]:
                    if argument > 0:
                        self.iterate(site, argument)
                return
        for each in self.typing.of(site.file, node, site.self_class):
            if each[0] == "G":
                bound = bool(self.typing.functions.seen(each[1]).flags & facts.METHOD)
                graph.edge(
                    site._replace(node=node),
                    *each[1:3],
                    bound=bound,
                    kind="iterate",
                    runs=True,
                )
            elif each[0] in "IE":
                self._dunders(site, each, DUNDERS[facts.ITERATES], ())

    def _dunders(self, site: Site, each: Type, names: Sequence[str], call: Sequence[Any]) -> None:
        """Note that Python calls these methods of an instance, of the project or not."""
        if each[0] == "I":
            self.methods(site, each, names)
        else:
            for name in names:
                self.graph.sinks.call(site, each[1], f"{each[1]}.{name}", call)

    def methods(self, site: Site, each: Type, names: Iterable[str]) -> None:
        """Note that Python calls these methods of an instance."""
        graph, typing = self.graph, self.typing
        for name in names:
            for method in typing.members.of_instance(each[1], name):
                if method[0] == "M":
                    context = typing.hierarchy.context(method)
                    runs = bool(typing.functions[method[1]][1].flags & facts.GENERATOR)
                    kind = name.strip("_")
                    graph.edge(site, method[1], context, bound=True, kind=kind, runs=runs)
                elif method[0] == "X":
                    graph.sinks.call(site, method[2], method[1], ())
