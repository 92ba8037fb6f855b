"""Names of the library that is left, wherever else a file has them: annotations, codes, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.moving.code import is_label
from asyncfix.rewrites.moving.statements import remove
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

KINDS = {
    "Response": "Response",
    "models.Response": "Response",
    "Session": "AsyncClient",
    "sessions.Session": "AsyncClient",
}
_VENDORED = "packages.urllib3."
_WARNINGS = "disable_warnings"


def renamed(move: Move, code: Code) -> None:
    """Rename what has another name there; raise RefusedError for what has none."""
    for node in outermost(move, code):
        short = move.short(code, node)
        span = code.path, node.start, node.end
        if move.patches.is_replaced(*span):
            continue
        told = _told(move, short)
        if told:
            move.patches.instead(*span, f"{move.spelled(code.path)}.{told}")
        elif short.startswith(("packages.urllib3", "urllib3")) and short.endswith(_WARNINGS):
            remove(move, code, node.statement)
        elif short.startswith(_VENDORED) or short.rpartition(".")[2] == "Retry":
            continue  # its import is what changes
        else:
            raise RefusedError(f"`{node.text}` is used as well ({code.path}:{code.row(node)})")
    _imports(move, code)


def _told(move: Move, short: str) -> str:
    if short in KINDS:
        return KINDS[short]
    if short.startswith("codes."):
        return f"codes.{move.port.codes.get(short.removeprefix('codes.'), '')}".rstrip(".")
    name = short.rpartition(".")[2]
    if name in move.port.authentication:
        return move.port.authentication[name]
    found = move.port.exceptions.get(name, ())
    return found[0] if len(found) == 1 and "." not in found[0] else ""


def outermost(move: Move, code: Code) -> Iterator[Node]:
    """Yield each name of the library as a whole, outside of import statements."""
    spans = [(each.start, each.end) for each in move.workspace.imports(code.path).statements]
    taken = -1
    for node in code.each("Attribute", "Name"):
        if node.start < taken or any(start <= node.start < end for start, end in spans):
            continue
        if is_label(node):
            continue
        full = code.full_name(node)
        if full.partition(".")[0] == move.library and full != move.library:
            taken = node.end
            yield node


def _imports(move: Move, code: Code) -> None:
    """Take `Retry` from where it comes from."""
    for statement in move.workspace.imports(code.path).statements:
        module = statement.module
        kept = [each for each in statement.names if each.name == "Retry"]
        if module.partition(".")[0] != move.library or not kept:
            continue
        start, end = statement.start, statement.end
        alias = f" as {kept[0].alias}" if kept[0].alias else ""
        move.patches.instead(code.path, start, end, f"from urllib3.util.retry import Retry{alias}")
