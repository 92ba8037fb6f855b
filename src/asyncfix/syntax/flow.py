"""In which order code runs: whether one expression has been evaluated before another one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.syntax.tree import Node

_SCOPES = ("FunctionDef", "Lambda")
_COMPREHENSIONS = ("ListComp", "SetComp", "DictComp", "GeneratorExp")
_APART = ("While", "With", "TryStar", "ExceptHandler", "ExceptStarHandler", "Finally")


def precedes(first: Node, second: Node) -> bool:
    """Tell whether, whenever the second is evaluated, the first just was, in the same block.

    What may wait for something, or run another time (`with`, `while`, handlers of exceptions), must
    not begin in between.
    """
    block = _block(first)
    if block is None or not is_always(first):
        return False
    top = first.statement
    for each in _up(second):
        if each.kind in _SCOPES or each.kind in _COMPREHENSIONS:
            return False
        if each.raw is top.raw:
            return top.kind == "If" and _is_in(first, top["test"])
        if each.kind in _APART:
            return False
        if each.parent is not None and each.parent.raw is block.raw:
            return top.start < each.start
    return False


def _up(node: Node) -> Iterator[Node]:
    yield node
    yield from node.parents


def _block(node: Node) -> Node | None:
    """Return what holds the statement of an expression; an `elif` is a statement of no block."""
    return node.statement.parent


def is_always(node: Node) -> bool:
    """Tell whether an expression is evaluated whenever its statement runs."""
    below = node
    for each in node.parents:
        if each.kind in _SCOPES or each.kind in _COMPREHENSIONS or each.kind == "CompFor":
            return False
        if each.kind == "BooleanOperation" and below.raw is not each["left"].raw:
            return False
        if each.kind == "IfExp" and below.raw is not each["test"].raw:
            return False
        if each.raw is node.statement.raw:
            return each.kind == "SimpleStatementLine" or below.raw is _head(each)
        below = each
    return False


def _head(statement: Node) -> object:
    """Return what a compound statement evaluates first, and once."""
    if statement.kind == "If":
        return statement["test"].raw
    return statement["iter"].raw if statement.kind == "For" else None


def _is_in(node: Node, other: Node) -> bool:
    return other.start <= node.start and node.end <= other.end


def loop_around(node: Node) -> Node | None:
    """Return the loop whose body holds an expression, with nothing in between that may wait.

    It is None within handlers of exceptions, and where another loop, a `with` or a function begins
    in between.
    """
    below = node
    for each in node.parents:
        if each.kind in _SCOPES:
            return None
        if each.kind in _COMPREHENSIONS:
            return each if node.comprehension == each else None
        if each.kind == "For":
            return each if below.raw is each["body"].raw else None
        if each.kind in _APART:
            return None
        below = each
    return None


def is_first_use(node: Node) -> bool:
    """Tell whether an expression is evaluated only until there is an answer to keep."""
    statement = node.statement
    own = scopes.bound_in([statement]) if statement.kind == "SimpleStatementLine" else set()
    own |= _attributes_set(statement)
    below = node
    for each in node.parents:
        if each.kind == "BooleanOperation" and below.raw is not each["left"].raw:
            return True
        if each.kind == "IfExp" and below.raw is not each["test"].raw:
            return True
        if each.kind == "If" and below.raw is not each["test"].raw and own:
            told = {name.text for name in each["test"].walk() if name.kind in ("Name", "Attribute")}
            if own & told:
                return True
        if each.kind in ("For", *_SCOPES):
            return False
        below = each
    return False


def _attributes_set(statement: Node) -> set[str]:
    """Return the attributes and entries that a statement sets."""
    if statement.kind != "SimpleStatementLine":
        return set()
    found: set[str] = set()
    for each in statement.own():
        if each.kind in ("AssignTarget", "AnnAssign") and each["target"].kind != "Name":
            target = each["target"]
            found.add(target.text)
            if target.kind == "Subscript":
                found.add(target["value"].text)
    return found


def waits_in_vain(first: Node, second: Node) -> bool:
    """Tell whether an `await` comes right after another one, without using what that gives."""
    here, there = first.parent, second.parent
    if here is None or there is None or here.kind != "Await" or there.kind != "Await":
        return False
    if not is_always(first) or not is_always(second) or is_dropped(first) or is_dropped(second):
        return False
    before, after = first.statement, second.statement
    if before.raw is after.raw:
        return before.kind == "SimpleStatementLine" and not _is_in(first, second)
    if {before.kind, after.kind} != {"SimpleStatementLine"} or not _is_next(before, after):
        return False
    bound = scopes.bound_in([before])
    return bool(bound) and not bound & {each.text for each in scopes.names(after)}


def _is_next(before: Node, after: Node) -> bool:
    above = before.parent
    if above is None or after.parent is None or after.parent.raw is not above.raw:
        return False
    rows = [each.raw for each in above.all("body")]
    return before.raw in rows and rows[rows.index(before.raw) + 1 :][:1] == [after.raw]


def is_dropped(node: Node) -> bool:
    """Tell whether nobody looks at what a call gives: it is called for what it does, or raises."""
    around = node.parent
    if around is not None and around.kind == "Await":
        around = around.parent
    return around is not None and around.kind == "Expr"


def decides_end(node: Node) -> bool:
    """Tell whether an expression is asked to see whether to go on: `if stop(): raise`."""
    below = node
    for each in node.parents:
        if each.kind == "If" and below.raw is each["test"].raw:
            return scopes.surely_bound(scopes.block(each)) is None
        if each.kind == "While":
            return below.raw is each["test"].raw
        if each.kind in ("SimpleStatementLine", "IndentedBlock", *_SCOPES):
            return False
        below = each
    return False


def varies(node: Node) -> bool:
    """Tell whether code calls, or awaits, what may give something else each time."""
    for each in node.own():
        if each.kind != "Call":
            continue
        func = each["func"]
        name = func["attr"].text if func.kind == "Attribute" else func.text
        if name in _VARYING or (func.kind == "Name" and name not in _PURE):
            return True
    return False


_VARYING = frozenset(
    """now utcnow today time monotonic perf_counter random randint randrange choice uuid1 uuid4 hex
    next pop popleft read readline get_nowait input getrandbits token_hex token_urlsafe""".split()  # noqa: SIM905 - a list has a line for each
)
_PURE = frozenset(
    """str int float bool len tuple list set frozenset dict sorted max min sum abs repr cast range
    select insert update delete text exists and_ or_ not_ desc asc func literal bindparam tuple_
    case distinct column table true false null selectinload joinedload subqueryload contains_eager
    load_only noload raiseload defer undefer with_loader_criteria aliased Q F Count Sum Max Min Avg
    Prefetch Exists OuterRef Subquery UUID ObjectId enumerate zip any_ all_ nullslast nullsfirst
    union union_all over label extract type_coerce col""".split()  # noqa: SIM905 - as above
)
