"""The statements in SQL that calls send, as far as the code says them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.arguments import argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncfix.project.dependence import Values
    from asyncfix.project.edges import Asked, Edge
    from asyncfix.project.graph import Graph

_SQL = re.compile(r"\s*(select|insert|update|delete|replace|merge|upsert|with)\s", re.IGNORECASE)
_KINDS = {
    "select": "read",
    "with": "read",
    "insert": "insert",
    "replace": "insert",
    "merge": "insert",
    "upsert": "insert",
    "update": "write",
    "delete": "write",
}
# what builds a statement without text, by its last name
_BUILDERS = {"select": "read", "insert": "insert", "update": "write", "delete": "write"}
_TELLING = frozenset((facts.CONST, facts.LITERAL, facts.GLOBAL, facts.IMPORT, facts.CALL))


def verb(text: str) -> str:
    """Return the kind of query that a statement is."""
    match = _SQL.match(text)
    return _KINDS[match[1].lower()] if match else ""


def statement(
    graph: Graph, values: Callable[[int], Values], edges: Sequence[Edge], asked: Asked
) -> tuple[str, str]:
    """Return the kind of what is asked at the end of a chain, and its text if there is one."""
    nodes = [asked.node]
    callers = [*(edge.caller for edge in edges), asked.caller]
    sent = _sent(graph, graph.file_index(asked.caller), asked.node)
    if sent[0]:
        return sent
    for at in range(len(callers) - 1, -1, -1):
        file = graph.file_index(callers[at])
        made_of = {each for node in nodes for each in (node, *values(file).below(node))}
        found = _said(graph, file, sorted(made_of))
        if found[0] or not at:
            return found
        nodes = _passed(graph, edges[at - 1], callers[at], made_of)
    return "", ""


def _sent(graph: Graph, file: int, call: int) -> tuple[str, str]:
    """Return what the first argument of a call is, or what it is built from step by step."""
    nodes = graph.files[file].nodes
    node = nodes[call][2][0] if nodes[call][0] == facts.CALL and nodes[call][2] else 0
    while node > 0:
        parts = nodes[node]
        found = _said(graph, file, (node,))
        if found[0] or parts[0] != facts.CALL:
            return found
        callee = nodes[parts[1]]
        is_chain = callee[0] == facts.ATTR and callee[2] != "text"
        node = callee[1] if is_chain else next(iter(parts[2]), 0)
    return "", ""


def _said(graph: Graph, file: int, made_of: Iterable[int]) -> tuple[str, str]:
    built = ""
    for each in made_of:
        if graph.files[file].nodes[each][0] in _TELLING:
            text = _text(graph, file, each, 0)
            if text:
                return verb(text), text
            built = built or _built(graph, file, each)
    return built, ""


def _text(graph: Graph, file: int, node: int, depth: int) -> str:
    parts = graph.files[file].nodes[node]
    if parts[0] == facts.CONST:
        return parts[1] if isinstance(parts[1], str) and _SQL.match(parts[1]) else ""
    if parts[0] == facts.LITERAL:
        return str(parts[3]) if len(parts) > 3 else ""
    if parts[0] in (facts.GLOBAL, facts.IMPORT) and depth < 3:
        lookup = graph.typing.modules
        if parts[0] == facts.GLOBAL:
            found = lookup.lookup(file, parts[1])
        else:
            found = lookup.imported(file, parts[1], parts[2])
        for each in found:
            if each[0] == "N":
                return _text(graph, int(str(each[1])), int(str(each[2])), depth + 1)
    return ""


def _built(graph: Graph, file: int, node: int) -> str:
    """Return the kind of a statement that is built by calls: `select(…)`, `table.insert()`."""
    nodes = graph.files[file].nodes
    parts = nodes[node]
    if parts[0] != facts.CALL:
        return ""
    callee = nodes[parts[1]]
    if callee[0] in (facts.GLOBAL, facts.IMPORT):
        return _BUILDERS.get(str(callee[1]).rpartition(".")[2], "")
    is_table = callee[0] == facts.ATTR and not parts[2]
    return _BUILDERS.get(callee[2], "") if is_table else ""


def _passed(graph: Graph, edge: Edge, number: int, made_of: Iterable[int]) -> list[int]:
    """Return what the caller passes for the parameters that some expressions are made of."""
    file, function = graph.file(number), graph.function(number)
    index = graph.instances[number][0] - graph.typing.first_function[graph.file_index(number)]
    parts = graph.file(edge.caller).nodes[edge.node]
    if edge.kind in ("partial", "thread", "thread task"):
        parts = edge.inner[0][1]
    if parts[0] != facts.CALL:
        return []
    found = []
    for each in made_of:
        param = file.nodes[each]
        if param[0] == facts.PARAM and param[1] == index:
            given = argument(parts, function, param[2], bound=edge.bound)
            if given > 0:
                found.append(given)
    return found
