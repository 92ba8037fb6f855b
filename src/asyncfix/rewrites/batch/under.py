"""Under which tests a place of some code is reached, and which variables the code changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.syntax.tree import Node

_UNTESTED = ("Try", "TryStar", "Match", "While", "For", "Lambda")
_READS = frozenset(("get", "index", "items", "keys", "values", "count", "copy"))
_CHANGES = frozenset(
    (
        "",
        *"append add extend update insert remove discard pop popitem clear sort setdefault".split(),  # noqa: SIM905 - a list has a line for each
    )
)


def reached_under(at: Node, body: Sequence[Node]) -> Iterator[tuple[Node | None, bool]]:
    """Yield the tests under which a place is reached, innermost first, and whether they hold then.

    None stands for what is no test: a `try`, another loop.
    """
    tops = [part.raw for part in body]
    below = at
    for each in (at, *at.parents):
        if each.kind == "IndentedBlock":
            yield from _left(scopes.block(each), below)
        if below.raw is not each.raw:
            yield from _held(each, below)
        if each.raw in tops:
            yield from _left(list(body), each)
            return
        below = each


def _held(node: Node, below: Node) -> Iterator[tuple[Node | None, bool]]:
    """Yield what a node tests before it comes to a part of itself."""
    if node.kind in ("If", "IfExp") and below.raw is not node["test"].raw:
        yield node["test"], below.raw is node["body"].raw
    elif node.kind == "BooleanOperation" and below.raw is node["right"].raw:
        yield node["left"], node["operator"].kind == "And"
    elif node.kind in _UNTESTED and not _is_head(node, below):
        yield None, True


def _is_head(loop: Node, below: Node) -> bool:
    return loop.kind == "For" and below.raw is loop["iter"].raw


def _left(block: list[Node], below: Node) -> Iterator[tuple[Node, bool]]:
    """Yield the tests that fail below `if …: continue` in a block."""
    for each in reversed(block):
        if (
            each.start < below.start
            and each.kind == "If"
            and scopes.surely_bound(scopes.block(each)) is None
        ):
            yield each["test"], False


def caught_around(at: Node, body: Sequence[Node]) -> list[str]:
    """Return the code of what is caught around a place of some code; `*` where that is all."""
    tops = [part.raw for part in body]
    found: list[str] = []
    below = at
    for each in (at, *at.parents):
        if each.kind == "With" and "suppress" in each.text.partition(":")[0]:
            found.append("*")
        if each.kind in ("Try", "TryStar") and below.raw is each["body"].raw:
            types = [e["type"].text if e.has("type") else "*" for e in each.all("handlers")]
            found += [name for text in types for name in text.strip("()").split(",")]
        if each.raw in tops:
            break
        below = each
    return [each.strip() for each in found]


def is_mutated(body: Iterable[Node], name: str) -> bool:
    """Tell whether code may change what a variable holds: any method but those that only read."""
    return any(each not in _READS for each in _done_to(body, name))


def is_grown(body: Iterable[Node], name: str) -> bool:
    """Tell whether code changes a list, a set or a dict that a variable holds."""
    return any(each in _CHANGES for each in _done_to(body, name))


def _done_to(body: Iterable[Node], name: str) -> Iterator[str]:
    """Yield the methods that are called on a variable; an empty one for an assignment to it."""
    for part in body:
        for each in scopes.names(part):
            above = each.parent
            outer = above.parent if above is not None else None
            if each.text != name or above is None or outer is None:
                continue
            if (
                above.kind == "Attribute"
                and outer.kind == "Call"
                and outer["func"].raw is above.raw
            ):
                yield above["attr"].text
            if above.kind == "AugAssign" or (
                above.kind == "Subscript" and outer.kind in ("AssignTarget", "AugAssign", "Del")
            ):
                yield ""


def made_before(code: str, items: str, scope: Node, body: Node) -> str:
    """Return the variable that holds some code of the items already, right before their loop."""
    nodes = list(scope["body"].own())
    found = [each for each in nodes if each.kind == "Assign" and each["value"].text == code]
    if len(found) != 1 or found[0].start > body.start or not items.isidentifier():
        return ""
    target = found[0].all("targets")[0]["target"]
    bindings = [each for each in nodes if target.text in scopes.bound_by(each)]
    between = [
        each
        for each in nodes
        if each.kind in ("SimpleStatementLine", "If", "While", "With", "Try", "Match")
        and found[0].statement.end <= each.start
        and each.end < body.start
    ]
    names = {items, target.text}
    plain = all(
        part.kind == "Assign"
        and not scopes.bound_in([part]) & names
        and not is_grown([part], items)
        for each in between
        for part in each.children[:1]
    )
    return target.text if len(bindings) == 1 and plain and target.kind == "Name" else ""
