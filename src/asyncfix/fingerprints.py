"""Code in a form that reformatting it, and renaming local variables, leave as it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = "_"
_LEFT_OUT = frozenset(("ctx", "kind", "type_comment", "type_params"))
_PLAIN = frozenset(("ctx", "op", "ops", "attr", "arg", "level", "module", "type_comment"))
# the fields that may hold nodes, by kind of node
_INNER: dict[type, tuple[str, ...]] = {
    kind: tuple(name for name in kind._fields if name not in _PLAIN)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Constant
}
# nodes that bind the name, if any, in one of their fields
_BINDING: dict[type[ast.AST], str] = {
    ast.arg: "arg",
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}


def stable(code: str, local: frozenset[str]) -> str:
    """Return an expression's tree as text, with one name for all names of `local`.

    What is no expression, such as the head of a statement, comes back with its blanks folded.
    """
    try:
        tree = ast.parse(f"(\n{code}\n)", mode="eval")
        return "".join(_told(tree.body, local))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(code.split())


def _told(node: object, local: frozenset[str]) -> Iterator[str]:
    """Write a node; fields that hold nothing are left out, as they differ between Pythons."""
    if isinstance(node, ast.Name):
        yield _LOCAL if node.id in local else node.id
    elif isinstance(node, ast.Constant):
        yield repr(node.value)
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name, value in _fields(node, local):
            if value is not None and value != [] and name not in _LEFT_OUT:
                yield f"{name}="
                yield from _told(value, local)
                yield " "
        yield ")"
    elif isinstance(node, list):
        for each in node:
            yield from _told(each, local)
            yield ","
    else:
        yield str(node)


def _fields(node: ast.AST, local: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.arg) and name == "arg" and value in local:
            yield name, _LOCAL
        else:
            yield name, value


def bound(code: str) -> frozenset[str]:
    """Return the names that a function, and what is written in it, binds for itself.

    `code` is the text of a definition or of a lambda; what does not parse binds nothing.
    """
    found: set[str] = set()
    shared: set[str] = set()
    queue: list[Any] = [_parsed(code)]
    for node in queue:  # by hand, as `ast.walk` takes longer than the parser
        kind = type(node)
        if kind is ast.Name:
            if type(node.ctx) is not ast.Load:
                found.add(node.id)
            continue
        if kind is ast.Global:
            shared.update(node.names)
        elif kind is ast.Import or kind is ast.ImportFrom:
            found.update((each.asname or each.name).partition(".")[0] for each in node.names)
        elif kind in _BINDING:
            found.add(getattr(node, _BINDING[kind]))
        for name in _INNER.get(kind, ()):
            value = getattr(node, name, None)
            if type(value) is list:
                queue += value
            elif value is not None:
                queue.append(value)
    return frozenset(found - shared - {None})


def _parsed(code: str) -> ast.AST:
    for text in (code, f"(\n{code}\n)"):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])
