"""Updates that nothing may come between: what is read, changed and put back where others see it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.locks import is_called_lock
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_DISPLAYS = frozenset(("Dict", "List", "Set", "DictComp", "ListComp", "SetComp"))
_MAKERS = frozenset(("dict", "list", "set", "defaultdict", "Counter", "deque"))
_CHOICES = frozenset(("BooleanOperation", "IfExp"))  # they may not come to what is awaited
_LEAVING = frozenset(("Return", "Raise", "Continue", "Break"))
_WRITING = re.compile(rb"write_|[\"'][wx]b?\+?t?[\"']|\bdump\b|\breplace\b|\brename\b")
_READS, _WRITES = ("read_text", "read_bytes"), ("write_text", "write_bytes")


def refuse_lost(node: Node, scope: Node) -> None:
    """Raise RefusedError where a function would wait between reading something and setting it."""
    if _is_guarded(node, scope):
        return
    for each in _around(node, scope):
        for target in _updated(each, node):
            if _is_shared(target, scope):
                raise RefusedError(
                    f"`{target.text}` is read before the wait and set after it: "
                    "what other tasks put there meanwhile would be lost"
                )


def refuse_rewritten(node: Node, scope: Node) -> None:
    """Raise RefusedError where code opens a file that its function reads and then writes again."""
    mine = _access(node)
    if mine is None or _is_guarded(node, scope):
        return
    same = [(each, writes) for each, path, writes in _accesses(scope) if path == mine[0]]
    reads = [each for each, writes in same if not writes]
    for written in (each for each, writes in same if writes):
        if any(read.start < written.start and not _excludes(read, written) for read in reads):
            raise RefusedError(
                f"`{mine[0]}` is read and then written again: another task would come between"
            )


def refuse_saved(workspace: Workspace, path: str, node: Node, scope: Node) -> None:
    """Raise RefusedError for a call that loads what its function saves again, or that saves it."""
    if node.kind != "Call" or _is_guarded(node, scope):
        return
    calls = [each for each in scope["body"].own() if each.kind == "Call"]
    for other in calls:
        for load, save in ((node, other), (other, node)):
            if (
                _gives_back(load, save)
                and not _excludes(load, save)
                and _files(workspace, path, load, writing=False)
                and _files(workspace, path, save, writing=True)
            ):
                raise RefusedError(
                    f"what `{load['func'].text}` loads is saved again by `{save['func'].text}`: "
                    "another task would come between"
                )


def _gives_back(load: Node, save: Node) -> bool:
    """Tell whether a call is passed what another has given, and else the same as that."""
    assign = load.parent
    if save.start < load.end or assign is None or assign.kind != "Assign":
        return False
    names = [each["target"].text for each in assign.all("targets")]
    given = [each.text.rstrip(" ,\n") for each in save.all("args")]
    rest = [each for each in given if each not in names]
    same = [each.text.rstrip(" ,\n") for each in load.all("args")]
    owners = {each["func"].text.rpartition(".")[0] for each in (load, save)}
    return len(rest) == len(given) - 1 and rest == same and len(owners) == 1


def _files(workspace: Workspace, path: str, call: Node, *, writing: bool) -> bool:
    """Tell whether a call comes to read a file, or to write one."""
    graph = workspace.project.graph
    hits = [each.hit for each in workspace.chains.get((path, call.start, call.end), ())]
    codes = (
        workspace.text(graph.path(each.caller)).data[each.start : each.end]
        for each in hits
        if each.target.effect == "file"
    )
    return any(bool(_WRITING.search(code)) == writing for code in codes)


def is_tested(node: Node, scope: Node) -> bool:
    """Tell whether a test of something shared decides if it takes the value of some code."""
    assign = next((each for each in _around(node, scope) if each.kind == "Assign"), None)
    if assign is None:
        return False
    targets = [each["target"] for each in assign.all("targets")]
    shared = {
        (each["value"] if each.kind == "Subscript" else each).text
        for each in targets
        if _is_shared(each, scope)
    }
    tests = [each["test"] for each in scope["body"].own() if each.kind in ("If", "IfExp")]
    tests += [assign["value"]["left"]] if assign["value"].kind == "BooleanOperation" else []
    asked = {part.text for each in tests if each.start < node.start for part in each.walk()}
    return bool(shared & asked) and not _is_guarded(node, scope)


def _around(node: Node, scope: Node) -> Iterator[Node]:
    """Yield what stands around a node within its function, the nearest first."""
    for each in node.parents:
        if each.raw is scope.raw:
            return
        yield each


def _updated(statement: Node, node: Node) -> Iterator[Node]:
    """Yield the targets of an assignment that it reads before some code within it runs."""
    if statement.kind == "AugAssign":
        yield statement["target"]
    elif statement.kind == "Assign" and statement["value"].kind not in _CHOICES:
        read = {
            each.text
            for each in statement["value"].walk()
            if each.end <= node.start and each.kind in ("Name", "Attribute", "Subscript")
        }
        targets = (each["target"] for each in statement.all("targets"))
        yield from (each for each in targets if each.text in read)


def _is_shared(target: Node, scope: Node) -> bool:
    """Tell whether other tasks may see a target: no variable, nothing that the function makes."""
    root = target
    while root.kind in ("Attribute", "Subscript"):
        root = root["value"]
    if root.kind != "Name":
        return True
    if root.text not in scopes.bound_by_function(scope) or root.text in scopes.declared(scope):
        return True
    if root.raw is target.raw:
        return False
    made = [
        each["value"]
        for each in scope["body"].own()
        if each.kind == "Assign" and root.text in scopes.bound_in([each])
    ]
    return not made or not all(map(_is_own, made))


def _is_own(value: Node) -> bool:
    """Tell whether an expression makes something new."""
    if value.kind == "Call":
        last = value["func"].text.rpartition(".")[2]
        return last in _MAKERS or last[:1].isupper()
    return value.kind in _DISPLAYS


def _is_guarded(node: Node, scope: Node) -> bool:
    """Tell whether an asynchronous lock is held around some code."""
    for each in _around(node, scope):
        if each.kind == "With" and each.is_async:
            entered = (item["item"].text for item in each.all("items"))
            if any(map(is_called_lock, entered)):
                return True
    return False


def _accesses(scope: Node) -> Iterator[tuple[Node, str, bool]]:
    for each in scope["body"].own():
        found = _access(each)
        if found is not None:
            yield each, *found


def _access(node: Node) -> tuple[str, bool] | None:
    """Return the path that a call opens, as it is written, and whether it replaces the file."""
    if node.kind != "Call":
        return None
    given = [each["value"] for each in node.all("args") if not each.has("keyword")]
    name = node["func"].text.rpartition(".")[2]
    if name == "open":
        path = node["func"]["value"] if node["func"].kind == "Attribute" else None
        if path is None or path.text in ("io", "codecs"):
            path, given = (given[0], given[1:]) if given else (None, given)
        modes = given[:1] + [
            each["value"]
            for each in node.all("args")
            if each.has("keyword") and each["keyword"].text == "mode"
        ]
        mode = modes[0].text if modes else ""
        return (path.text, "w" in mode or "+" in mode) if path is not None else None
    if name in (*_READS, *_WRITES) and node["func"].kind == "Attribute":
        return node["func"]["value"].text, name in _WRITES
    return None


def _excludes(one: Node, other: Node) -> bool:
    """Tell whether what stands further down does not run where the other has run: a branch ends."""
    for branch in _branches(one):
        if branch.start <= other.start < branch.end:
            return False
        test = branch.parent
        if _stops(branch) or (test is not None and other.end <= test.end):
            return True
    return False


def _branches(node: Node) -> Iterator[Node]:
    """Yield the branches of tests that a node stands in, the innermost first."""
    below = node
    for each in node.parents:
        if each.kind == "If" and below.raw is not each["test"].raw:
            yield below
        below = each


def _stops(branch: Node) -> bool:
    """Tell whether a branch always ends by leaving its function, or the round of its loop."""
    last = branch if branch.kind == "If" else scopes.block(branch)[-1]
    while last.kind == "With":
        last = scopes.block(last)[-1]
    return bool(last.children) and last.children[-1].kind in _LEAVING
