"""Functions that are passed to functions: what calls a parameter calls what is passed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.project.arguments import argument
from asyncfix.project.types import NO_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.edges import CalledParam, Edge, Instance, Site
    from asyncfix.project.graph import Graph


class Argument(NamedTuple):
    """What a call passes for a parameter: its node, 0 if none; which parameter that is, or -1.

    Caller, callee and `fid`, whose parameter it is, are functions; `call` is the node of the call.
    """

    caller: int
    callee: int
    call: int
    bound: bool
    at: int
    node: int
    fid: int
    param: int


class Callbacks:
    """Notes who calls its parameters, and passes on to it what the callers pass."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing
        self.arguments: dict[tuple[int, int, int, bool, int], Argument] = {}
        self.passed: set[tuple[int, int, int]] = set()  # expressions, as file, node and `self`

    def note(self, site: Site, callee: Sequence[Any]) -> bool:
        """Note that a function calls one of its parameters, or one of an enclosing function."""
        file = self.graph.files[site.file]
        if callee[0] == facts.OUTER:
            captured = file.functions[callee[1]].captured.get(callee[2], ())
            nodes = [file.nodes[each] for each in captured]
            callee = next((each for each in nodes if each[0] == facts.PARAM), callee)
        if callee[0] != facts.PARAM:
            return False
        if callee[2] == 0 and file.functions[callee[1]].flags & facts.METHOD:
            return False
        if site.kind != facts.AWAITS:
            owner = self.typing.first_function[site.file] + callee[1]
            called = (owner, callee[2], *site[4:7], self.graph.guards(site))
            self.graph.called_params[site.caller].append(called)
        return True

    def pass_on(self) -> None:
        """Give every called parameter what the callers pass for it, until there is more to read."""
        graph = self.graph
        changed = True
        while changed and not graph.queue:
            changed = False
            for number in sorted(graph.called_params):
                for called in list(graph.called_params[number]):
                    changed |= self._pass(number, called)

    def _pass(self, number: Instance, called: CalledParam) -> bool:
        """Take a called parameter to each caller; tell whether that was new to one of them."""
        graph = self.graph
        owner, index = called[:2]
        is_async = graph.is_async(number)
        edges = graph.spawned.get(number, ()) if is_async else graph.into.get(number, ())
        changed = False
        for edge in list(edges):
            key = (edge.caller, edge.start, owner, index)
            if key not in graph.resolved_params:
                graph.resolved_params.add(key)
                changed |= self._resolve(number, edge, called, is_async=is_async)
        if is_async and graph.instances[number][0] != owner:
            changed |= self._decorated_by(number, called)
        return changed

    def _decorated_by(self, number: Instance, called: CalledParam) -> bool:
        """Let an async wrapper call the sync functions that its decorator is put on."""
        graph = self.graph
        owner, index, node, start, end, _ = called
        key = (number, start, owner, index)
        if key in graph.resolved_params or index != 0:
            return False
        graph.resolved_params.add(key)
        site = graph.site(number, node, start, end)
        wrapper, decorators = graph.instances[number][0], self.typing.decorators
        wrapped = [
            fid
            for fid in decorators.by_name(self.typing.functions[owner][1].name)
            if not self.typing.functions[fid][1].flags & facts.ASYNC
            and any(each[0] == "V" and each[1] == wrapper for each in decorators.bound(fid))
        ]
        for fid in wrapped:
            graph.edge(site, fid, bound=True)
        return bool(wrapped)

    def _resolve(
        self, number: Instance, edge: Edge, called: CalledParam, *, is_async: bool
    ) -> bool:
        """Follow what a caller passes for a parameter, or note that it passes one of its own."""
        graph = self.graph
        owner, index = called[:2]
        if owner != graph.instances[number][0]:
            return self._resolve_outer(edge, owner, index, is_async=is_async)
        passed = self._argument(edge, index)
        if passed.node <= 0:
            return False
        if passed.fid >= 0:
            return self._note_passed(edge, passed.fid, passed.param)
        file, node = graph.file_index(edge.caller), passed.node
        at = number if is_async else edge.caller
        place = called[2:5] if is_async else edge[2:5]
        site = graph.site(at, *place)
        self.passed.add((file, node, graph.instances[edge.caller][1]))
        for each in self.typing.of(file, node, graph.instances[edge.caller][1]):
            if each[0] in "FM":
                self.typing.functions.sign(each[1])
            if each[0] in "FMV" or (each[0] == "X" and not is_async):
                graph.callees.follow(site, each, (facts.CALL, node, (), (), ()))
        return True

    def _argument(self, edge: Edge, index: int) -> Argument:
        """Return what a call passes for a parameter."""
        instances = self.graph.instances
        caller, callee = instances[edge.caller][0], instances[edge.callee][0]
        key = (caller, callee, edge.node, edge.bound, index)
        found = self.arguments.get(key)
        if found is None:
            found = self.arguments[key] = Argument(*key, *self._told(edge, index))
        return found

    def _told(self, edge: Edge, index: int) -> tuple[int, int, int]:
        graph = self.graph
        file = graph.file_index(edge.caller)
        nodes = graph.files[file].nodes
        parts = nodes[edge.node]
        if parts[0] != facts.CALL:
            return 0, -1, -1
        node = argument(parts, graph.function(edge.callee), index, bound=edge.bound)
        if node > 0 and nodes[node][0] == facts.PARAM:
            _, at, param = nodes[node]
            return node, graph.typing.first_function[file] + at, param
        return node, -1, -1

    def _resolve_outer(self, edge: Edge, owner: int, index: int, *, is_async: bool) -> bool:
        """Follow a call, within a nested function, of a parameter of the enclosing one."""
        graph = self.graph
        if edge.inner and is_async:
            return False
        if edge.inner and edge.kind != "partial":
            site = graph.site(edge.caller, edge.node, edge.start, edge.end)
            for each in edge.inner:
                if each[0] in "FM":
                    self.typing.functions.sign(each[1])
                graph.callees.follow(site, each, NO_CALL)
            return True
        is_within = graph.instances[edge.caller][0] == owner
        return is_within and self._note_passed(edge, owner, index)

    def _note_passed(self, edge: Edge, owner: int, index: int) -> bool:
        """Note that a caller calls a parameter by passing it on; tell whether that is new."""
        note = (owner, index, edge.node, edge.start, edge.end, edge.guards)
        called = self.graph.called_params[edge.caller]
        if note in called:
            return False
        called.append(note)
        return True
