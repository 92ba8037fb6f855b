"""The place of a finding: its chain, its syntax, and the function that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Edit, Location
from asyncfix.rewrites.locks import refuse_held
from asyncfix.rewrites.updates import refuse_lost, refuse_rewritten, refuse_saved
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule, Target
    from asyncfix.project.chains import Chain
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node


@dataclass(frozen=True)
class Place:
    """Where a rewrite begins: `node` is the code that blocks, `scope` the function around.

    `turns` tells that the function will have become asynchronous.
    """

    rule: Rule
    finding: Finding
    workspace: Workspace
    chains: tuple[Chain, ...]
    node: Node
    scope: Node
    turns: bool = False

    @property
    def path(self) -> str:
        """Return the path of the file."""
        return self.finding.location.path

    @property
    def chain(self) -> Chain:
        """Return the way that the finding tells."""
        return self.chains[0]

    @property
    def target(self) -> Target:
        """Return what blocks in the end, as the packs tell it."""
        return self.chain.hit.target

    @property
    def is_direct(self) -> bool:
        """Tell whether what blocks is called right here."""
        return not self.chain.edges

    @property
    def _steps(self) -> set[str]:
        """Return how this very place steps towards blocking: call, property, with, iterate, …."""
        graph, where = self.workspace.project.graph, self.finding.location
        span = (where.start, where.end)
        found: set[str] = set()
        for chain in self.chains:
            for edge in graph.edges[chain.instance]:
                if (edge.start, edge.end) == span:
                    found.add(edge.kind)
            for hit in graph.hits[chain.instance]:
                if (hit.start, hit.end) == span:
                    last = hit.name.rpartition(".")[2]
                    found.add(last.strip("_") if last.startswith("__") else "call")
        return found

    @property
    def is_iterated(self) -> bool:
        """Tell whether iterating over the place blocks."""
        return bool(self._steps & {"iterate", "iter", "next"})

    @property
    def is_called(self) -> bool:
        """Tell whether calling what stands there blocks."""
        return "call" in self._steps

    @property
    def is_stored(self) -> bool:
        """Tell whether something is put under a key there."""
        parent = self.node.parent
        if parent is None or parent.kind not in ("AssignTarget", "AugAssign", "Del"):
            return False
        return parent.kind == "Del" or parent["target"].raw is self.node.raw

    def callees(self, call: Node) -> set[str]:
        """Return the full names of what a call of the function calls outside the project."""
        project = self.workspace.project
        file = self.workspace.files[self.path]
        sites = project.graph.function(self.chain.instance).sites
        found: set[str] = set()
        for at in range(0, len(sites), facts.SITE):
            if (sites[at + 2], sites[at + 3]) == (call.start, call.end):
                parts = project.files[file].nodes[sites[at + 1]]
                types = project.typing.of(file, parts[1]) if parts[0] == facts.CALL else ()
                found |= {project.typing.outside.canonical(t[1]) for t in types if t[0] == "X"}
        return found

    def replaced(self, start: int, end: int, text: str) -> Edit:
        """Return an edit of this file."""
        return Edit(Location(self.path, start, end), text)


def place_of(rule: Rule, finding: Finding, workspace: Workspace) -> Place:
    """Find the code of a finding; raise RefusedError where no `await` can stand."""
    where = finding.location
    chains = workspace.chains.get((where.path, where.start, where.end), [])
    mine = [each for each in chains if each.hit.target.rule == rule.name]
    if not mine:
        raise RefusedError("the way to what blocks is not known any more")
    told = [each for each in mine if each.hit.target.effect == finding.sink.effect]
    tree = workspace.tree(where)
    node = tree.at(where.start, where.end) if tree else None
    if node is None:
        raise RefusedError("the code at the place is no expression of a function")
    scope = node.function
    if scope is None or scope.kind == "Lambda":
        raise RefusedError("no `await` can stand in a lambda")
    return Place(rule, finding, workspace, tuple(told or mine), node, scope)


def refuse_without_await(place: Place, at: Node | None = None, *, sure_only: bool = False) -> None:
    """Raise RefusedError where the code at a place, or at another of its function, cannot wait.

    `sure_only` tells that what is a lock by its name only is no reason.
    """
    if not place.scope.is_async and not place.turns:
        name = place.scope["name"].text
        raise RefusedError(f"`{name}` is a plain function that the loop calls; it cannot await")
    node = place.node if at is None else at
    refuse_position(node, place.scope)
    refuse_held(place.workspace, place.path, node, place.scope, sure_only=sure_only)
    if place.is_direct and place.target.effect == "file":
        refuse_rewritten(place.node, place.scope)
    if not place.is_direct:
        refuse_saved(place.workspace, place.path, place.node, place.scope)


def refuse_position(node: Node, scope: Node) -> None:
    """Raise RefusedError where a function has code at which no `await` can stand."""
    around = node.comprehension
    if around is not None and around.kind == "GeneratorExp":
        raise RefusedError("an `await` in a generator expression makes it asynchronous")
    for each in node.parents:
        if each.kind == "ClassDef":
            raise RefusedError("no `await` can stand in the body of a class")
        if each.kind in ("Decorator", "Parameters", "Annotation"):
            raise RefusedError("the place is part of a definition, not of code that runs")
        if each.raw is scope.raw:
            break
    refuse_lost(node, scope)
