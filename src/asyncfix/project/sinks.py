"""Whether a call outside the project blocks, given its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.arguments import asked
from asyncfix.project.texts import begins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.packs import Condition, Target
    from asyncfix.project.edges import Site
    from asyncfix.project.graph import Graph
    from asyncfix.project.types import Type

_IN_MEMORY = (-1, facts.IN_MEMORY, True)
_LITERALS: dict[str, object] = {"True": True, "False": False, "None": None}


class Sinks:
    """Notes calls of the packs' targets as hits of the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.typing = graph.typing

    def call(
        self, site: Site, owner: str, name: str, parts: Sequence[Any], *, given_in: int = -1
    ) -> None:
        """Note a call if it blocks; `given_in` is the arguments' file, if not the caller's."""
        if site.kind not in (facts.CALLS, facts.AWAITS):
            query = self.typing.stores.query(owner, name)
            if query is not None:
                self.graph.ask(site, query, name)
        if site.kind == facts.AWAITS:
            return
        target = self.typing.outside.target(owner, name)
        if target is None or (target.made and not self._is_made(site)):
            return
        if target.after and not self._is_used(site, target.after):
            return
        guards: list[tuple[int, str, bool]] = []
        if target.when or target.unless:
            when, unless = target.conditions
            at = site if given_in < 0 else site._replace(file=given_in)
            if not all(self._holds(each, at, parts) for each in when):
                return
            if any(self._holds(each, at, parts, surely=True) for each in unless):
                return
            if given_in < 0:
                guards += [g for each in when for g in self._guard(each, site, parts, holds=True)]
                guards += [
                    g for each in unless for g in self._guard(each, site, parts, holds=False)
                ]
        if target.in_memory:
            guards += self._memory(target, site, parts, name, given_in)
        self.graph.hit(site, target, name, tuple(guards))

    def _is_made(self, site: Site) -> bool:
        """Tell whether an object is made where it is entered."""
        return bool(self.graph.files[site.file].nodes[site.node][0] == facts.CALL)

    def _is_used(self, site: Site, names: Sequence[str]) -> bool:
        """Tell whether the caller also calls one of some methods, on whatever object."""
        nodes = self.graph.files[site.file].nodes
        sites = self.graph.function(site.caller).sites
        called = (nodes[node] for node in sites[1 :: facts.SITE])
        callees = (nodes[parts[1]] for parts in called if parts[0] == facts.CALL)
        return any(callee[0] == facts.ATTR and callee[2] in names for callee in callees)

    def _memory(
        self, target: Target, site: Site, parts: Sequence[Any], name: str, given_in: int
    ) -> list[tuple[int, str, bool]]:
        """Return the guards that tell a file on a disk from one that the kernel makes up."""
        file = site.file if given_in < 0 else given_in
        nodes = self.graph.files[file].nodes
        for condition, prefixes in target.memory:
            node = asked(nodes, parts, condition)
            outcome = begins(self.typing, file, node, prefixes) if node > 0 else False
            if outcome:
                return [_IN_MEMORY]
            param = self._own_param(site, node) if outcome is None and given_in < 0 else -1
            if param >= 0:
                self.graph.hit(site, target, name, (_IN_MEMORY,))
                return [(param, facts.STARTS + "\x1f".join(prefixes), False)]
        return []

    def _guard(
        self, condition: Condition, site: Site, parts: Sequence[Any], *, holds: bool
    ) -> list[tuple[int, str, bool]]:
        """Turn a condition on an argument that is the caller's own parameter into a guard."""
        nodes = self.graph.files[site.file].nodes
        param = self._own_param(site, asked(nodes, parts, condition))
        if param < 0:
            return []
        if not condition.operator:
            return [(param, facts.NONE, not holds)]
        if condition.operator == "is":
            return [(param, facts.KIND + condition.value, holds)]
        if condition.operator not in ("==", "!="):
            return []
        wanted = _literal(condition.value)
        outcome = holds == (condition.operator == "==")
        if wanted is None:
            return [(param, facts.NONE, outcome)]
        return [(param, facts.ONE_OF + facts.told(wanted), outcome)]

    def _own_param(self, site: Site, node: int) -> int:
        """Return the index of the caller's own parameter that an expression is, or -1."""
        value = self.graph.files[site.file].nodes[max(node, 0)]
        fid = self.graph.instances[site.caller][0]
        is_own = value[0] == facts.PARAM and self.typing.first_function[site.file] + value[1] == fid
        return int(value[2]) if is_own else -1

    def _holds(
        self, condition: Condition, site: Site, parts: Sequence[Any], *, surely: bool = False
    ) -> bool:
        """Tell whether a call satisfies a condition; `surely` asks it of every type it may pass."""
        nodes = self.graph.files[site.file].nodes
        node = asked(nodes, parts, condition)
        if node <= 0:
            return condition.operator == "!=" and node == 0 and condition.value != "None"
        if condition.operator == "is":
            types = self.typing.of(site.file, node, site.self_class)
            fits = [self._is(each, condition.value) for each in types]
            if surely and self._is_open(site, node):
                return False
            return bool(fits) and (all(fits) if surely else any(fits))
        value = nodes[node]
        constant = value[1] if value[0] == facts.CONST else ...
        return _compares(constant, condition)

    def _is_open(self, site: Site, node: int) -> bool:
        """Tell whether each caller says what an expression is: a parameter without a type."""
        param = self._own_param(site, node)
        return param >= 0 and not self.graph.function(site.caller).params[param].annotation

    def _is(self, each: Type, name: str) -> bool:
        return each[0] == "E" and name in self.typing.outside.order(each[1])


def _compares(constant: object, condition: Condition) -> bool:
    """Tell whether a constant, or `...` for what is none, satisfies a condition."""
    if not condition.operator:
        return constant is not None
    wanted = _literal(condition.value)
    if condition.operator in "<>":
        return _is_beyond(constant, condition.operator, wanted)
    same = type(constant) is type(wanted) and constant == wanted
    return same if condition.operator == "==" else constant is not ... and not same


def _is_beyond(constant: object, operator: str, limit: object) -> bool:
    if not isinstance(constant, int | float) or not isinstance(limit, int | float):
        return False
    return constant < limit if operator == "<" else constant > limit


def _literal(text: str) -> object:
    if text in _LITERALS:
        return _LITERALS[text]
    if text[:1] in "'\"":
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
