"""Answers that are known already: kept from the first item on, or from the first question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.rewrites.batch.code import STEP, indent_of, inner_rows, row_end, row_start
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import flow, scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

STRATEGY = "batch"
_MEANWHILE = "what others write in the meantime is no longer seen"
_ASKING = re.compile(r"^_*(?:get|fetch|find|load|read|query|select)_?(?=\w)")
_LOADS = frozenset(("Name", "Attribute"))


def kept(workspace: Workspace, finding: Finding) -> Fix:
    """Ask at the first item and keep the answer, so that a loop of no items still asks nothing."""
    node = _node(workspace, finding.location)
    loop = flow.loop_around(node)
    if loop is None or loop.kind != "For" or flow.is_first_use(node):
        raise RefusedError("the loop has no statements among which the answer could be kept")
    own = scopes.bound_in([loop["target"], loop["body"]]) | set(scopes.targets(loop["target"]))
    value = _whole(node, own)
    _refuse_one_shot(workspace, finding.location.path, value)
    statement = value.statement
    indent, outer = indent_of(statement), indent_of(loop)
    if indent.strip() or outer.strip() or not flow.is_always(value) or not _is_first(value):
        raise RefusedError("the query is not the first thing that its statement does")
    name = _target(value, loop)
    path, edits = finding.location.path, []
    if name:
        edits.append(_edit(path, statement.start, f"if {name} is None:\n{indent}{STEP}"))
        rows = [at for at in inner_rows([statement], row_end(statement)) if at > statement.start]
        edits += [_edit(path, at, STEP) for at in rows]
    else:
        name = _free(workspace, path, node)
        text = value.text if "\n" not in value.text else _bracketed(value)
        guard = f"{indent}if {name} is None:\n{indent}{STEP}{name} = {text}\n"
        edits.append(_edit(path, row_start(statement), guard))
        edits.append(Edit(Location(path, *value.whole), name))
    edits.insert(0, _edit(path, row_start(loop), f"{outer}{name} = None\n"))
    return _fix("Keep the answer from the first item on", edits)


def reused(workspace: Workspace, finding: Finding) -> Fix:
    """Use the variable that holds the first answer."""
    path = finding.location.path
    first = _node(workspace, finding.trace[0].location)
    second = _node(workspace, finding.location)
    if first.tree is not second.tree or not flow.precedes(first, second):
        raise RefusedError("the first answer is not at hand")
    line = first.statement
    assign = line.children[0] if line.kind == "SimpleStatementLine" else line
    targets = assign.all("targets") if assign.kind == "Assign" else []
    if len(targets) != 1 or targets[0]["target"].kind != "Name":
        raise RefusedError("no variable holds the first answer")
    name, value = targets[0]["target"].text, assign["value"]
    same = next((each for each in _chain(second) if _bare(each) == _bare(value)), None)
    scope = second.function
    if same is None or scope is None or _bindings(scope, name) != 1:
        raise RefusedError(f"`{name}` holds something else than the answer")
    _refuse_one_shot(workspace, path, value)
    return _fix("Use the first answer", [Edit(Location(path, *same.whole), name)])


def _fix(title: str, edits: list[Edit]) -> Fix:
    return Fix(
        title=title,
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=(_MEANWHILE,),
        strategy=STRATEGY,
    )


def _edit(path: str, at: int, text: str) -> Edit:
    return Edit(Location(path, at, at), text)


def _node(workspace: Workspace, where: Location) -> Node:
    tree = workspace.tree(where)
    node = tree.at(where.start, where.end) if tree else None
    if node is None or node.function is None or node.kind != "Call":
        raise RefusedError("the code at the place is no call in a function")
    return node


def _chain(node: Node) -> Iterator[Node]:
    """Yield a call, it awaited, and the calls of what it gives: `(await f()).one()`."""
    yield node
    above = node.parent
    while above is not None:
        if above.kind == "Await" or (above.kind == "Call" and above["func"].raw is node.raw):
            yield above
        elif above.kind != "Attribute" or above["value"].raw is not node.raw:
            return
        node, above = above, above.parent


def _whole(node: Node, own: set[str]) -> Node:
    """Return the longest chain of calls from a query on that no item changes."""
    value = node
    for each in _chain(node):
        if flow.varies(each) or any(name.text in own for name in scopes.names(each)):
            break
        value = each
    if value.kind != "Await" and value.parent is not None and value.parent.kind == "Await":
        raise RefusedError("what is awaited is another thing for each item")
    return value


def _bare(node: Node) -> str:
    return "".join(node.text.split())


def _bracketed(value: Node) -> str:
    return f"({value.text})" if not value.text.endswith(")") else value.text


def _bindings(scope: Node, name: str) -> int:
    return sum(name in scopes.bound_by(each) for each in scope["body"].own())


def _is_first(value: Node) -> bool:
    """Tell whether a statement only looks up names before it comes to an expression."""
    above = {each.raw for each in value.parents}
    before = (e for e in value.statement.own() if e.start < value.start and e.raw not in above)
    return all(each.kind in _TARGETS or each.kind in _LOADS for each in before)


_TARGETS = frozenset(("AssignTarget", "Assign", "Expr", "Arg", "Return", "AnnAssign"))


def _target(value: Node, loop: Node) -> str:
    """Return the variable that is the answer's alone and the loop's, or nothing."""
    assign, scope = value.parent, value.function
    if assign is None or scope is None or assign.kind != "Assign":
        return ""
    targets = assign.all("targets")
    if len(targets) != 1 or targets[0]["target"].kind != "Name":
        return ""
    name, body = targets[0]["target"].text, loop["body"]
    params = {each["name"].text for each in scope["params"].walk() if each.kind == "Param"}
    uses = [each for each in scope["body"].walk() if each.kind == "Name" and each.text == name]
    inside = all(body.start <= each.start and each.end <= body.end for each in uses)
    is_own = name not in params | scopes.declared(scope) and _bindings(scope, name) == 1
    return name if inside and is_own else ""


def _free(workspace: Workspace, path: str, node: Node) -> str:
    """Return a new name for what a call gives: `rate` for `get_rate(…)`."""
    func, scope = node["func"], node.function
    called = func["attr"].text if func.kind == "Attribute" else func.text
    stem = _ASKING.sub("", called) if _ASKING.match(called) and "_" in called else "answer"
    used = {each.text for each in scope.walk() if each.kind == "Name"} if scope else set()
    used |= set(workspace.facts(path).names)
    names = (stem, *(f"{stem}_{number}" for number in range(2, 100)))
    return next(name for name in names if name not in used)


def _refuse_one_shot(workspace: Workspace, path: str, value: Node) -> None:
    """Raise RefusedError for what can be read only once: a cursor, a result."""
    call = value["expression"] if value.kind == "Await" else value
    project, file = workspace.project, workspace.files[path]
    function = workspace.function_at(Location(path, call.start, call.end))
    sites = function.sites if function else ()
    for at in range(0, len(sites), facts.SITE):
        if (sites[at + 2], sites[at + 3]) == (call.start, call.end):
            for each in project.typing.of(file, sites[at + 1]):
                inner = each[1] if each[0] == "W" else (each,)
                if any(t[0] == "E" and _is_stream(workspace, t[1]) for t in inner):
                    raise RefusedError("the answer is a cursor that can be read only once")


def _is_stream(workspace: Workspace, name: str) -> bool:
    top, last = name.partition(".")[0], name.rpartition(".")[2]
    return top in workspace.project.typing.stores.libraries and not last.endswith("Row")
