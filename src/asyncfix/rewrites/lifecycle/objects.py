"""Objects that own a client, and are made for each call: one is made, kept and closed instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Edit, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.owned import cached_by, new_name, owned_fix, snake
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.lifecycle.symbols import module_tree, uses
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Fix
    from asyncfix.project.clients import Making
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_CLOSES = ("aclose", "close", "disconnect")
_LIFE = frozenset(("__init__", "__post_init__", "__enter__", "__exit__", "__aenter__", "__aexit__"))
_CHANGES = frozenset(
    "append add update pop popitem setdefault clear extend insert remove discard".split()  # noqa: SIM905 - a list has a line for each
)


def shared_object(workspace: Workspace, making: Making) -> Fix | None:
    """Return the fix that has a module keep one object; None if a function makes the client.

    Raise RefusedError where the object keeps more than its client, or cannot be closed.
    """
    cls = _class(workspace, making)
    if cls < 0:
        return None
    name, close, awaits = _closing(workspace, cls)
    path = workspace.project.files.paths[making.at.file]
    call = module_tree(workspace, path).at(making.at.start, making.at.end)
    if call is None or call.kind != "Call" or call.function is None or "\n" in call.text:
        raise RefusedError("the call is written in an unusual way")
    _refuse_own(call)
    _refuse_replaced(workspace, cls, name)
    edits = list(_unclosed(path, call, close))
    accessor = new_name(workspace, path, snake(name))
    cache, imports = cached_by(workspace, path, call.function)
    at = top_statement(workspace, path, call.start)
    spelled = call["func"].text
    text = f"@{cache}\ndef {accessor}() -> {spelled}:\n    return {call.text}\n\n\n"
    edits.append(Edit(Location(path, at, at), text))
    if not any(each.location.start <= call.start < each.location.end for each in edits):
        edits.append(Edit(Location(path, call.start, call.end), f"{accessor}()"))
    else:
        edits = [_asked(each, call, f"{accessor}()") for each in edits]
    client = making.client.__class__(
        names=(name,), kind=making.client.kind, close=close, awaits=awaits
    )
    own = making._replace(name=name, client=client)
    return owned_fix(workspace, own, path, accessor, (edits, imports))


def _asked(edit: Edit, call: Node, text: str) -> Edit:
    if not edit.location.start <= call.start < edit.location.end:
        return edit
    return Edit(edit.location, edit.text.replace(call.text, text, 1))


def _class(workspace: Workspace, making: Making) -> int:
    """Return the class whose construction makes the client, or -1."""
    typing = workspace.project.typing
    parts = typing.files[making.at.file].nodes[making.at.node]
    found = {t[1] for t in typing.of(making.at.file, parts[1]) if t[0] == "C"}
    return int(found.pop()) if len(found) == 1 and len(making.by) == 1 else -1


def _closing(workspace: Workspace, cls: int) -> tuple[str, str, bool]:
    """Return the name of a class, and of the method that closes it, and whether that is awaited."""
    typing = workspace.project.typing
    inside, outside = typing.hierarchy.order(cls)
    name = typing.classes[cls][1].name
    if any(each != "builtins.object" for each in outside):
        raise RefusedError(f"what `{name}` keeps besides its client is not seen")
    found: dict[str, bool] = {}
    for each in inside:
        file, facts_of = typing.classes[each]
        path = typing.files.paths[file]
        for method, index in facts_of.methods.items():
            function = typing.files[file].functions[index]
            found.setdefault(method, bool(function.flags & facts.ASYNC))
            if method not in (*_LIFE, *_CLOSES):
                _refuse_state(workspace, path, function)
    close = next((each for each in _CLOSES if each in found), "")
    if not close:
        raise RefusedError(f"`{name}` has no method that closes its client")
    return name, close, found[close]


def _refuse_state(workspace: Workspace, path: str, function: facts.Function) -> None:
    """Raise RefusedError where a method changes its object, which others would see then."""
    node = module_tree(workspace, path).function(function.start)
    if node is None or not function.params:
        return
    own = f"{function.params[0].name}."
    for each in node["body"].walk():
        target = each["target"] if each.kind in ("AssignTarget", "AnnAssign", "AugAssign") else None
        if target is not None and target.text.startswith(own):
            raise RefusedError(f"`{function.qualname}` changes the object that is made")
        called = each["func"].text if each.kind == "Call" else ""
        if called.startswith(own) and called.rpartition(".")[2] in _CHANGES:
            raise RefusedError(f"`{function.qualname}` changes the object that is made")


def _refuse_own(call: Node) -> None:
    """Raise RefusedError where the object is made of what each call has anew."""
    scope = call.function
    around = [scope, *(each for each in scope.parents if each.kind in ("FunctionDef", "Lambda"))]  # type: ignore[union-attr]
    own = {name for each in around for name in scopes.bound_by_function(each)}  # type: ignore[arg-type]
    used = {each.text for each in scopes.names(call)} & own
    if used:
        raise RefusedError(f"the object is made of `{min(used)}`, which each call has anew")
    if any(each.kind in ("Await", "Lambda", "NamedExpr", "Yield") for each in call.walk()):
        raise RefusedError("the object is made of what is awaited")


def _refuse_replaced(workspace: Workspace, cls: int, name: str) -> None:
    """Raise RefusedError where tests put another class in its place."""
    home = workspace.project.files.paths[workspace.project.typing.classes[cls][0]]
    for use in uses(workspace, home, name):
        if use.is_text and is_test(use.path):
            raise RefusedError(f"{use.path} replaces `{name}`")


# The function that has made it


def _unclosed(path: str, call: Node, close: str) -> Iterator[Edit]:
    """Yield the edits after which the function does not close the object any more."""
    above, scope = call.parent, call.function
    is_plain = above is not None and above.kind in ("Assign", "AnnAssign")
    if above is None or scope is None or not is_plain:
        raise RefusedError("the object is not given a name of its own")
    target = above["target"] if above.kind == "AnnAssign" else above.all("targets")[0]["target"]
    if target.kind != "Name" or (above.kind == "Assign" and len(above.all("targets")) > 1):
        raise RefusedError("the object is not given a name of its own")
    attempt = _next(above.statement)
    ends = attempt is not None and _only_closes(attempt, target.text, close)
    for each in scope["body"].walk():
        if each.kind != "Name" or each.text != target.text or each.raw is target.raw:
            continue
        if ends and attempt is not None and each.start >= attempt["finalbody"].start:
            continue
        _refuse_use(each, target.text)
    if ends and attempt is not None:
        yield _dedented(path, attempt)


def _refuse_use(name: Node, said: str) -> None:
    above = name.parent
    outer = above.parent if above is not None else None
    is_member = above is not None and above.kind == "Attribute" and above["value"].raw is name.raw
    if above is None or outer is None or not is_member:
        raise RefusedError(f"`{said}` is used for more than calls of its methods")
    if above["attr"].text in _CLOSES or outer.kind in ("AssignTarget", "AugAssign", "Del"):
        raise RefusedError(f"`{said}` is closed, or changed, where it is used")


def _next(statement: Node) -> Node | None:
    """Return the `try` right behind a statement."""
    block = statement.parent
    rows = scopes.block(block.parent) if block is not None and block.parent is not None else []
    at = next((n for n, each in enumerate(rows) if each.raw is statement.raw), -1)
    after = rows[at + 1] if 0 <= at < len(rows) - 1 else None
    return after if after is not None and after.kind == "Try" else None


def _only_closes(attempt: Node, name: str, close: str) -> bool:
    """Tell whether a `try` does nothing but close an object in the end."""
    if attempt.all("handlers") or attempt.has("orelse") or not attempt.has("finalbody"):
        return False
    rows = scopes.block(attempt["finalbody"])
    return len(rows) == 1 and rows[0].text.strip() in (
        f"await {name}.{close}()",
        f"{name}.{close}()",
    )


def _dedented(path: str, attempt: Node) -> Edit:
    """Return the edit that leaves only the body of a `try`."""
    data = attempt.tree.data
    indent = pieces.indent_of(data, attempt.start)
    text = "".join(pieces.rows(each, indent) for each in scopes.block(attempt))
    start, end = pieces.row_start(data, attempt.start), pieces.row_end(data, attempt.end)
    return Edit(Location(path, start, end), text)
