"""Uses of a method or function other than calls: handed to a thread, mocked, or prepared for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.project.index import is_test
from asyncfix.rewrites.moving.code import codes, is_label
from asyncfix.rewrites.moving.uses import HANDED, Use
from asyncfix.rewrites.references import refuse_references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.receivers import Receivers
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_ASSERTED = re.compile(r"(?:assert_\w+|call_\w+|await_\w+|called|mock_calls|reset_mock)\Z")
_MOCKED = ("return_value", "side_effect")


def references(workspace: Workspace, receivers: Receivers, family: list[int]) -> Iterator[Use]:
    """Yield the uses that can change with a method.

    Raise RefusedError for any other use that may be this method.
    """
    name = workspace.project.typing.functions[family[0]][1].name
    spared: set[tuple[str, int]] = set()
    for path in workspace.files:
        if name.encode() not in workspace.text(path).data:
            continue
        for use, end in _in_file(workspace, receivers, path, name, family):
            spared.add((path, end))
            if use is not None:
                yield use
    refuse_references(
        workspace,
        family,
        spared,
        lambda file, node: receivers.may_be(file, node, name, is_called=False),
    )


def _in_file(
    workspace: Workspace, receivers: Receivers, path: str, name: str, family: list[int]
) -> Iterator[tuple[Use | None, int]]:
    data = workspace.text(path).data
    if not re.search(rb"\b%s\b(?!\s*\()" % name.encode(), data):
        return
    code = codes(workspace, path)
    if not code.is_readable:
        return  # its tokens are looked at nevertheless
    for node in code.each("Attribute", "Name"):
        last = node["attr"] if node.kind == "Attribute" else node
        if last.text != name or node.parent is None:
            continue
        if is_label(node):
            continue
        if (is_test(path) and node.kind == "Attribute" and _is_mock(node)) or (
            node.kind == "Attribute" and _is_prepared(node, name)
        ):
            yield None, last.end
        else:
            use = _handed(code, receivers, node, family)
            if use is not None:
                yield use, last.end


def _is_mock(node: Node) -> bool:
    """Tell whether an attribute is a mock's that a test sets up or asks about."""
    above = node.parent
    if above is None or above.kind != "Attribute" or above["value"].raw is not node.raw:
        return False
    word = above["attr"].text
    return word in _MOCKED or bool(_ASSERTED.match(word))


def _is_prepared(node: Node, name: str) -> bool:
    """Tell whether code looks for the asynchronous name first, and takes this one without it."""
    return any(
        each.kind == "BooleanOperation" and f'"a{name}"' in each["left"].text.replace("'", '"')
        for each in node.parents
    )


def _handed(code: Code, receivers: Receivers, node: Node, family: list[int]) -> Use | None:
    """Return the use of a method that is handed to what runs it in a thread, and awaited."""
    argument = node.parent
    if argument is None or argument.kind != "Arg" or argument.has("keyword"):
        return None
    call = argument.parent
    if call is None or call.kind != "Call" or call.parent is None:
        return None
    if call.parent.kind != "Await":
        return None
    workspace = code.workspace
    library = workspace.project.typing.library
    names = {str(each[1]) for each in code.callees(call) if each[0] in "XE"}
    if not names & set(library.offloads):
        return None
    site = code.site(call)
    parts = code.facts.nodes[site]
    at = next(i for i, each in enumerate(call.all("args")) if each.raw is argument.raw)
    handed = parts[2][at] if at < len(parts[2]) else 0
    types = receivers.types(code.file, handed) if handed > 0 else ()
    mine = [each[1] for each in types if each[0] in "FM" and each[1] in family]
    if len(mine) != 1 or len(types) != 1 or at > 1:
        return None
    return Use(code.path, call.start, call.end, code.fid(call), mine[0], HANDED)
