"""The call graph as text, for Graphviz, for Mermaid, and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.output.closing import number
from asyncfix.output.encoding import encoded
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.survey.callgraph import Callgraph, Link, Node

_FILLS = {"async": "#dbeafe", "sync": "#f3f4f6", "sink": "#fecaca"}
_VERBS = {
    "call": "calls",
    "await": "awaits",
    "task": "starts",
    "property": "reads",
    "with": "enters",
    "iterate": "iterates over",
}
_MERMAID = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "\\": "#92;"}


def text(graph: Callgraph, places: Places) -> str:
    """Return a tree for each start; what was told once is not told again."""
    onward: dict[str, list[Link]] = {}
    for link in graph.links:
        onward.setdefault(link.target if graph.backwards else link.source, []).append(link)
    lines: list[str] = []
    told: set[str] = set()
    for start in graph.starts:
        lines += [*_tree(graph, start, onward, places, told), ""]
    sinks = sum(1 for node in graph.nodes.values() if node.kind == "sink")
    counts = (
        number(len(graph.nodes) - sinks, "function"),
        number(len(graph.links), "call"),
        f"{number(sinks, 'callable')} that block{'s' if sinks == 1 else ''}",
    )
    lines.append(f"{', '.join(counts)}.")
    return "".join(f"{printable(line)}\n" for line in lines)


def _tree(
    graph: Callgraph, start: str, onward: dict[str, list[Link]], places: Places, told: set[str]
) -> Iterator[str]:
    """Yield a function and what it calls, indented; a stack, for graphs may be deep."""
    node = graph.nodes[start]
    yield f"{f'{node.entry}: ' if node.entry else ''}{_written(node, places)}"
    told.add(start)
    stack = [(1, link) for link in reversed(onward.get(start, []))]
    while stack:
        level, link = stack.pop()
        other = link.source if graph.backwards else link.target
        place = places.at(link.location)
        verb = "called by" if graph.backwards else _VERBS.get(link.kind, link.kind)
        again = other in told and other in onward
        yield (
            f"{'  ' * level}{verb} {graph.nodes[other].name} at {place.path}:{place.row}"
            f"{' (as above)' if again else ''}"
        )
        if not again:
            told.add(other)
            stack += [(level + 1, each) for each in reversed(onward.get(other, []))]


def _written(node: Node, places: Places) -> str:
    if node.location is None:
        return node.name
    place = places.at(node.location)
    return f"{node.name} ({place.path}:{place.row})"


def dot(graph: Callgraph, places: Places) -> str:
    """Return a graph for Graphviz."""
    names = _numbered(graph)
    lines = ["digraph asyncfix {", '  rankdir="LR";', '  node [shape="box", style="filled"];']
    for symbol, node in graph.nodes.items():
        label = "\\n".join(map(_quoted, _label(node, places)))
        lines.append(f'  {names[symbol]} [label="{label}", fillcolor="{_FILLS[node.kind]}"];')
    for source, target, kind in _pairs(graph):
        label = f' [label="{kind}"]' if kind != "call" else ""
        lines.append(f"  {names[source]} -> {names[target]}{label};")
    return "\n".join([*lines, "}", ""])


def mermaid(graph: Callgraph, places: Places) -> str:
    """Return a flowchart for Mermaid, which GitHub and GitLab draw in Markdown."""
    names = _numbered(graph)
    lines = ["flowchart LR"]
    for symbol, node in graph.nodes.items():
        label = "<br>".join(map(_entities, _label(node, places)))
        lines.append(f'  {names[symbol]}["{label}"]:::{node.kind}')
    for source, target, kind in _pairs(graph):
        arrow = "-->" if kind == "call" else f"-->|{kind}|"
        lines.append(f"  {names[source]} {arrow} {names[target]}")
    lines += [f"  classDef {kind} fill:{fill},color:#111" for kind, fill in _FILLS.items()]
    return "\n".join([*lines, ""])


def json(graph: Callgraph, places: Places) -> str:
    """Return nodes and links."""
    nodes = []
    for node in graph.nodes.values():
        place = places.at(node.location) if node.location else None
        where = {"filename": place and place.path, "row": place and place.row}
        nodes.append({"symbol": node.symbol, "kind": node.kind, "entry": node.entry, **where})
    links = []
    for link in graph.links:
        place = places.at(link.location)
        where = {"filename": place.path, "row": place.row, "column": place.column}
        links.append({"source": link.source, "target": link.target, "edge": link.kind, **where})
    return encoded({"schema_version": 1, "nodes": nodes, "links": links}, indent=2) + "\n"


def _numbered(graph: Callgraph) -> dict[str, str]:
    return {symbol: f"n{index}" for index, symbol in enumerate(graph.nodes)}


def _pairs(graph: Callgraph) -> dict[tuple[str, str, str], None]:
    """Return each pair once, however often one calls the other."""
    return dict.fromkeys((link.source, link.target, link.kind) for link in graph.links)


def _label(node: Node, places: Places) -> list[str]:
    where = [] if node.location is None else [_place(node, places)]
    return [printable(part) for part in (node.entry, node.name, *where) if part]


def _place(node: Node, places: Places) -> str:
    place = places.at(node.location) if node.location else None
    return f"{place.path}:{place.row}" if place else ""


def _quoted(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')


def _entities(words: str) -> str:
    return "".join(_MERMAID.get(character, character) for character in words)
