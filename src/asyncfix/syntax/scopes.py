"""Which names code binds and uses, and which ways out of itself it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.syntax.tree import Node

_FUNCTIONS = ("FunctionDef", "Lambda")
_WITH_TARGET = ("AssignTarget", "AnnAssign", "AugAssign", "For", "NamedExpr")
_LOOPS = ("For", "While")
_BLOCKS = frozenset(
    "IndentedBlock SimpleStatementSuite Else If Finally ExceptHandler ExceptStarHandler".split()  # noqa: SIM905 - a list has a line for each
)
_COMPOUND = frozenset(("With", "For", "While", "Try", "TryStar", *_BLOCKS))


def bound_in(nodes: Iterable[Node]) -> set[str]:
    """Return the names that code binds in the function that it stands in."""
    return {name for node in nodes for each in (node, *node.own()) for name in bound_by(each)}


def bound_by(node: Node) -> set[str]:
    """Return the names that one node binds; a comprehension's own variables are not among them."""
    if node.kind in _WITH_TARGET:
        return set(targets(node["target"]))
    if node.kind == "AsName":
        return set(targets(node["name"]))
    if node.kind in ("FunctionDef", "ClassDef"):
        return {node["name"].text}
    if node.kind == "ImportAlias":
        return set() if node.has("asname") else {node["name"].text.partition(".")[0]}
    if node.kind in ("MatchAs", "MatchStar") and node.has("name"):
        return {node["name"].text}
    return set()


def targets(node: Node) -> list[str]:
    """Return the names in the target of an assignment."""
    if node.kind == "Name":
        return [node.text]
    if node.kind in ("Tuple", "List", "StarredElement", "Element"):
        return [name for child in node.children for name in targets(child)]
    return []


def bound_by_function(function: Node) -> frozenset[str]:
    """Return the names that are a function's own: its parameters and what its body binds."""
    known = function.tree.bound
    if function.raw not in known:
        known[function.raw] = frozenset(_bound_by_function(function))
    return known[function.raw]


def _bound_by_function(function: Node) -> set[str]:
    found = {each["name"].text for each in function["params"].walk() if each.kind == "Param"}
    body = function["body"]
    if function.kind == "FunctionDef":
        found |= bound_in([body])
    for each in body.own() if function.kind == "FunctionDef" else ():
        if each.kind == "CompFor":
            found |= set(targets(each["target"]))
    return found


def names(node: Node) -> Iterator[Node]:
    """Yield the variables in some code; no attributes, keywords, or what functions in it own."""
    if node.kind == "Name":
        yield node
        return
    skipped = _labels(node)
    for child in node.children:
        if child.kind in _FUNCTIONS:
            yield from _free(child)
        elif child.raw not in skipped:
            yield from names(child)


def _free(function: Node) -> Iterator[Node]:
    """Yield the variables that a function takes from around it."""
    own = bound_by_function(function) - declared(function)
    yield from (each for each in names(function) if each.text not in own)


def declared(function: Node) -> set[str]:
    """Return the names that a function declares to be another's."""
    told = (each for each in function["body"].own() if each.kind in ("Global", "Nonlocal"))
    return {item["name"].text for each in told for item in each.all("names")}


def _labels(node: Node) -> list[object]:
    """Return the names in a node that are no variables."""
    if node.kind == "Attribute":
        return [node["attr"].raw]
    if node.kind == "Arg" and node.has("keyword"):
        return [node["keyword"].raw]
    if node.kind in ("ImportAlias", "ImportFrom"):
        return [each.raw for each in node.children if each.kind in ("Name", "Attribute")]
    return []


def surely_bound(statements: Iterable[Node]) -> set[str] | None:
    """Return what has been bound once some statements have run; None if they never end."""
    found: set[str] = set()
    for each in statements:
        more = _surely(each)
        if more is None:
            return None
        found |= more
    return found


def _surely(node: Node) -> set[str] | None:
    if node.kind in ("Return", "Raise", "Break", "Continue"):
        return None
    if node.kind == "SimpleStatementLine":
        return surely_bound(node.children)
    if node.kind == "With":
        if "suppress" in "".join(item["item"].text for item in node.all("items")):
            return set()
        inner = surely_bound(block(node))
        return None if inner is None else inner | bound_in(node.all("items"))
    if node.kind == "If":
        return _either([block(node), _otherwise(node)])
    if node.kind in ("Try", "TryStar"):
        return _surely_tried(node)
    return set() if node.kind in ("For", "While", "Match") else bound_in([node])


def _otherwise(node: Node) -> list[Node]:
    """Return the statements of an `else`; an `elif` is one statement."""
    if not node.has("orelse"):
        return []
    below = node["orelse"]
    return [below] if below.kind == "If" else block(below)


def _surely_tried(node: Node) -> set[str] | None:
    orelse = block(node["orelse"]) if node.has("orelse") else []
    branches = [[*block(node), *orelse], *(block(each) for each in node.all("handlers"))]
    last = surely_bound(block(node["finalbody"])) if node.has("finalbody") else set()
    found = _either(branches)
    return None if found is None or last is None else found | last


def _either(branches: Sequence[list[Node]]) -> set[str] | None:
    """Return what every branch binds that comes to its end."""
    ends = [found for each in branches if (found := surely_bound(each)) is not None]
    return set.intersection(*ends) if ends else None


def read_first(statements: Iterable[Node], bound: frozenset[str] = frozenset()) -> set[str]:
    """Return the names that statements may read before they have bound them."""
    found: set[str] = set()
    for each in statements:
        found |= _read_first(each, bound)
        bound |= _surely(each) or set()
    return found


def _read_first(node: Node, bound: frozenset[str]) -> set[str]:
    if node.kind == "SimpleStatementLine":
        return read_first(node.children, bound)
    parts = [each for each in node.children if each.kind not in _BLOCKS]
    if node.kind not in _COMPOUND:
        parts = [node]
    found = {
        each.text
        for part in parts
        for each in (_free(part) if part.kind in _FUNCTIONS else names(part))
        if each.text not in bound and not is_target(each)
    }
    if node.kind in _COMPOUND:
        inner = bound | bound_in(parts) | bound_by(node)
        for each in node.children:
            if each.kind in ("IndentedBlock", "SimpleStatementSuite"):
                found |= read_first(block(each), inner)
            elif each.kind in _BLOCKS:
                found |= _read_first(each, bound)
    return found


def live_after(scope: Node, statements: Sequence[Node]) -> set[str]:
    """Return the names whose values may be read once some statements of a block have run."""
    found: set[str] = set()
    below = statements[-1]
    for each in below.parents:
        following = [child for child in each.children if child.start >= below.end]
        if each.kind in ("IndentedBlock", "SimpleStatementSuite"):
            found |= read_first(following)
        elif each.kind in _LOOPS:
            found |= _read_first(each, frozenset())
        elif each.kind in ("Try", "TryStar"):
            found = found.union(*(_read_first(child, frozenset()) for child in following))
        if each.raw is scope.raw:
            break
        below = each
    return found


def is_target(name: Node) -> bool:
    """Tell whether a name only stands where it is bound."""
    node = name
    for each in name.parents:
        if each.kind in ("Tuple", "List", "Element", "StarredElement"):
            node = each
            continue
        if each.kind in ("AssignTarget", "AsName", "AnnAssign", "For", "NamedExpr"):
            field = "name" if each.kind == "AsName" else "target"
            return bool(each[field].raw is node.raw)
        return False
    return False


def block(node: Node) -> list[Node]:
    """Return the statements right below a compound statement, an `else`, or an `elif`."""
    if node.kind in ("IndentedBlock", "SimpleStatementSuite", "Module"):
        return node.all("body")
    return node["body"].all("body")


def awaits(nodes: Iterable[Node]) -> str:
    """Return the keyword by which code gives way to others: await, async, yield; or nothing."""
    for node in nodes:
        for each in (node, *node.own()):
            if each.kind == "Await":
                return "await"
            if each.kind == "Yield":
                return "yield"
            if each.kind in ("With", "For", "CompFor") and each.is_async:
                return "async"
    return ""


def leaves(nodes: Iterable[Node]) -> str:
    """Return the keyword by which code jumps out of itself: return, break, continue; or nothing."""
    return next((word for node in nodes for word in _leaves(node, in_loop=False)), "")


def _leaves(node: Node, *, in_loop: bool) -> Iterator[str]:
    if node.kind == "Return":
        yield "return"
    elif node.kind in ("Break", "Continue") and not in_loop:
        yield node.kind.lower()
    for child in node.children:
        if child.kind in (*_FUNCTIONS, "ClassDef"):
            continue
        inside = in_loop
        if node.kind in _LOOPS and child.raw is node["body"].raw:
            inside = True
        yield from _leaves(child, in_loop=inside)
