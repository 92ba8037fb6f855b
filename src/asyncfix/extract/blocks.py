"""Statements one after the other; each visitor of a statement returns whether the next can run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from asyncfix.extract.reader import Reader


def block(reader: Reader, body: Sequence[ast.stmt]) -> bool:
    """Read a block up to its end, or to what nothing can follow; tell whether its end is met."""
    if not body:
        return True
    lazies, statements = reader.lazies, reader.statements
    guard, left, opened = reader.guard, reader.left, lazies.open
    falls = True
    for statement in body:
        if not statements[type(statement)](reader, statement):
            falls = False
            break
    reader.guard, reader.left, lazies.open = guard, left, opened
    return falls
