"""Code in a form that reformatting it, and renaming local variables, leave as it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = "_"
_LEFT_OUT = frozenset(("ctx", "kind", "type_comment", "type_params"))


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
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Global):
            shared.update(node.names)
        else:
            found.update(_bound_by(node))
    return frozenset(found - shared)


def _parsed(code: str) -> ast.AST:
    for text in (code, f"(\n{code}\n)"):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return ast.Module([], [])


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0]
