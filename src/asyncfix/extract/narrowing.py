"""What `isinstance` and `hasattr` tell of the names and receivers that they ask about."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.names import quietly
from asyncfix.extract.shapes import dotted

if TYPE_CHECKING:
    from asyncfix.extract.reader import Env, Reader


def narrowed(reader: Reader, test: ast.expr, *, holds: bool) -> Env:
    """Return the names that `isinstance` in a test gives a type."""
    if isinstance(test, ast.Call):
        return _instance(reader, test) if holds and len(test.args) == 2 else {}
    if isinstance(test, ast.UnaryOp):
        is_not = isinstance(test.op, ast.Not)
        return narrowed(reader, test.operand, holds=not holds) if is_not else {}
    if isinstance(test, ast.BoolOp) and holds == isinstance(test.op, ast.And):
        found: Env = {}
        for value in test.values:
            found.update(narrowed(reader, value, holds=holds))
        return found
    return {}


def _instance(reader: Reader, test: ast.Call) -> Env:
    if not isinstance(test.func, ast.Name) or test.func.id != "isinstance":
        return {}
    name, kind = test.args
    if isinstance(name, ast.Name) and name.id in reader.scope.env:
        union = kinds(reader, kind)
        if union:
            return {name.id: (reader.node((facts.ANNOTATED, union, 0)),)}
    return {}


def kinds(reader: Reader, kind: ast.expr) -> int:
    """Read a class, or a tuple of classes, that a test names."""
    each_of = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return reader.union([quietly(reader, each) for each in each_of])


def ruled_out(reader: Reader, test: ast.expr, *, holds: bool) -> dict[str, int]:
    """Return the receivers of which a test rules out classes, by `isinstance` or `hasattr`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return ruled_out(reader, test.operand, holds=not holds)
    if isinstance(test, ast.BoolOp) and holds == isinstance(test.op, ast.And):
        found = [ruled_out(reader, value, holds=holds) for value in test.values]
        return {subject: kind for each in found for subject, kind in each.items()}
    if not isinstance(test, ast.Call):
        return {}
    subject, attribute = _asked_for(test)
    if attribute:
        told = facts.LACKING + attribute if holds else attribute
        return {subject: reader.node((facts.CONST, told, "str"))}
    is_kind = not holds and dotted(test.func) == "isinstance" and len(test.args) == 2
    if is_kind and dotted(test.args[0]):
        return {dotted(test.args[0]): kinds(reader, test.args[1])}
    return {}


def _asked_for(test: ast.Call) -> tuple[str, str]:
    """Return what is asked for an attribute, and the attribute: `hasattr(x, "y")`, or nothing.

    `callable(getattr(x, "y", None))` asks for a method.
    """
    is_called = dotted(test.func) == "callable" and len(test.args) == 1
    inner = test.args[0] if is_called else test
    wanted, most = ("getattr", 3) if is_called else ("hasattr", 2)
    if not isinstance(inner, ast.Call) or dotted(inner.func) != wanted:
        return "", ""
    if not 2 <= len(inner.args) <= most or not isinstance(inner.args[1], ast.Constant):
        return "", ""
    name, subject = inner.args[1].value, dotted(inner.args[0])
    if not isinstance(name, str) or not subject:
        return "", ""
    return subject, name + facts.CALLED if is_called else name


def ruled_out_of(reader: Reader, node: ast.expr, value: int) -> int:
    """Return a receiver without the classes that a test has ruled out of it."""
    kind = reader.left.get(dotted(node))
    return reader.node((facts.LEFT, value, kind)) if kind and value else value
