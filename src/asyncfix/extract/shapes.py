"""What the shape of code tells by itself, without its names being known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHORT = 2  # statements
_SYSTEMS = (("sys", "platform"), ("os", "name"), ("platform", "system"))
_EXITS = (("sys", "exit"), ("os", "_exit"), ("os", "abort"))
_OTHER_LOOPS = (ast.For, ast.While, ast.AsyncFor, ast.FunctionDef)


def last_name(node: ast.expr) -> str:
    """Return the last name of what an expression is, or of what it calls."""
    if type(node) is ast.Call:
        node = node.func
    if type(node) is ast.Attribute:
        return node.attr
    return node.id if type(node) is ast.Name else ""


def dotted(node: ast.expr) -> str:
    """Return the text of a name, or of an attribute of one; else ""."""
    if type(node) is ast.Attribute and type(node.value) is ast.Name:
        return f"{node.value.id}.{node.attr}"
    return node.id if type(node) is ast.Name else ""


def is_none(node: ast.expr) -> bool:
    """Tell whether an expression is `None`."""
    return type(node) is ast.Constant and node.value is None


def truth(test: ast.expr) -> bool | None:
    """Return what a test always gives: `False and …` is false, whatever follows."""
    if type(test) is ast.BoolOp:
        first = truth(test.values[0])
        return first if first is isinstance(test.op, ast.Or) else None
    return bool(test.value) if type(test) is ast.Constant else None


def is_negative(test: ast.expr) -> bool:
    """Tell whether a test holds where something is missing: `not x`, `x is None`."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    if isinstance(test, ast.BoolOp):
        return any(map(is_negative, test.values))
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Is, ast.NotIn))


def is_windows(test: ast.expr) -> bool | None:
    """Tell whether a test that asks for the operating system is true on Windows alone."""
    if type(test) is ast.Compare:
        subject, wanted = test.left, test.comparators[0]
    elif type(test) is ast.Call and type(test.func) is ast.Attribute and test.args:
        subject, wanted = test.func.value, test.args[0]
    else:
        return None
    if type(subject) is ast.Call:
        subject = subject.func
    if type(subject) is not ast.Attribute or type(subject.value) is not ast.Name:
        return None
    if (subject.value.id, subject.attr) not in _SYSTEMS or type(wanted) is not ast.Constant:
        return None
    if wanted.value not in ("win32", "nt", "Windows", "win"):
        return None
    if isinstance(test, ast.Compare):
        return (
            {ast.Eq: True, ast.NotEq: False}.get(type(test.ops[0])) if len(test.ops) == 1 else None
        )
    return True if last_name(test) == "startswith" else None


def is_pairwise(target: ast.expr, value: ast.expr) -> TypeGuard[ast.Tuple | ast.List]:
    """Tell whether an assignment gives each of several names a value of its own."""
    return (
        type(value) is ast.Tuple
        and isinstance(target, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
    )


def exits(value: ast.expr) -> bool:
    """Tell whether an expression ends the process."""
    if type(value) is not ast.Call or type(value.func) is not ast.Attribute:
        return False
    module = value.func.value
    return type(module) is ast.Name and (module.id, value.func.attr) in _EXITS


def breaks(body: Iterable[ast.stmt]) -> bool:
    """Tell whether a loop's body leaves the loop."""
    for statement in body:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, _OTHER_LOOPS):
            continue
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            if breaks(getattr(statement, name, ())):
                return True
    return False


def is_stub(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a method only says that others implement it."""
    last = body[-1]
    if len(body) > _SHORT or (len(body) == _SHORT and not isinstance(body[0], ast.Expr)):
        return False
    if isinstance(last, ast.Raise):
        error = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
        return isinstance(error, ast.Name) and error.id == "NotImplementedError"
    return isinstance(last, ast.Pass) or (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
    )


def is_empty_dict(given: ast.Dict | ast.Call) -> bool:
    """Tell whether an expression makes a dict that holds nothing yet."""
    if isinstance(given, ast.Dict):
        return not given.keys
    name = last_name(given)
    if name not in ("dict", "OrderedDict", "defaultdict") or given.keywords:
        return False
    return len(given.args) == int(name == "defaultdict")
