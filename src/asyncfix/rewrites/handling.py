"""What asks for the exception that is being handled: in another thread there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.facts import Function
    from asyncfix.project.edges import Instance
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

_MOST = 300  # functions that are looked at
_ASKS = re.compile(
    rb"\bexc_info\(\)|\b(?:format_exc|print_exc|sys\.exception)\(|\.exception\(|\bexc_info\s*=\s*True"
)


def refuse_handling(place: Place, first: Iterable[Instance]) -> None:
    """Raise RefusedError where functions ask for the exception with which they are called."""
    graph = place.workspace.project.graph
    for number in _called(place, first):
        function = graph.function(number)
        data = place.workspace.text(graph.file(number).path).data
        for each in _ASKS.finditer(data, function.start, function.end):
            if not _is_caught(function, each.start()):
                raise RefusedError(
                    f"`{function.name}` asks for the exception that is handled here: "
                    "in a thread there is none"
                )


def refuse_asking(nodes: Sequence[Node], scope: Node) -> None:
    """Raise RefusedError where code that would move asks for the exception handled around it."""
    if is_handling(nodes[0], scope) and any(_ASKS.search(each.text.encode()) for each in nodes):
        raise RefusedError(
            "it asks for the exception that is handled here: in a thread there is none"
        )


def is_handling(node: Node, scope: Node) -> bool:
    """Tell whether code stands where its function handles an exception."""
    for each in node.parents:
        if each.raw is scope.raw:
            return False
        if each.kind == "ExceptHandler":
            return True
    return False


def _called(place: Place, first: Iterable[Instance]) -> Iterator[Instance]:
    """Yield functions, and all that they call before they have caught an exception of their own."""
    graph = place.workspace.project.graph
    queue = list(first)
    seen: set[Instance] = set()
    while queue and len(seen) < _MOST:
        number = queue.pop()
        if number in seen:
            continue
        seen.add(number)
        yield number
        function = graph.function(number)
        queue += [
            edge.callee for edge in graph.edges[number] if not _is_caught(function, edge.start)
        ]


def _is_caught(function: Function, offset: int) -> bool:
    """Tell whether a function has caught an exception by itself at an offset."""
    branches = function.branches
    return any(
        branches[at] <= offset < branches[at + 1] and branches[at + 3] & facts.FAILED
        for at in range(0, len(branches), facts.BRANCH)
    )
