"""Whether a call outside the project blocks, given its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.arguments import argument_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.packs import Condition
    from asyncfix.project.edges import Site
    from asyncfix.project.graph import Graph
    from asyncfix.project.types import Type

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
        if site.kind == facts.AWAITS:
            return
        target = self.typing.outside.target(owner, name)
        if target is None:
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
        self.graph.hit(site, target, name, tuple(guards))

    def _guard(
        self, condition: Condition, site: Site, parts: Sequence[Any], *, holds: bool
    ) -> list[tuple[int, str, bool]]:
        """Turn a condition on an argument that is the caller's own parameter into a guard."""
        which = condition.name + (f"@{condition.at}" if condition.at >= 0 else "")
        node = argument_of(parts, which) if parts else 0
        value = self.graph.files[site.file].nodes[max(node, 0)]
        fid = self.graph.instances[site.caller][0]
        if value[0] != facts.PARAM or self.typing.first_function[site.file] + value[1] != fid:
            return []
        if not condition.operator:
            return [(value[2], facts.NONE, not holds)]
        if condition.operator not in ("==", "!="):
            return []
        wanted = _literal(condition.value)
        outcome = holds == (condition.operator == "==")
        if wanted is None:
            return [(value[2], facts.NONE, outcome)]
        return [(value[2], facts.ONE_OF + facts.told(wanted), outcome)]

    def _holds(
        self, condition: Condition, site: Site, parts: Sequence[Any], *, surely: bool = False
    ) -> bool:
        """Tell whether a call satisfies a condition; `surely` asks it of every type it may pass."""
        which = condition.name + (f"@{condition.at}" if condition.at >= 0 else "")
        node = argument_of(parts, which) if parts else 0
        if node <= 0:
            return condition.operator == "!=" and node == 0 and condition.value != "None"
        if condition.operator == "is":
            types = self.typing.of(site.file, node, site.self_class)
            fits = [self._is(each, condition.value) for each in types]
            return bool(fits) and (all(fits) if surely else any(fits))
        value = self.graph.files[site.file].nodes[node]
        constant = value[1] if value[0] == facts.CONST else ...
        return _compares(constant, condition)

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
