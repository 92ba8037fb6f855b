"""Blocks that run until a variable of a module or class is set: once per process."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts

if TYPE_CHECKING:
    from asyncfix.extract.reader import Guards, Reader

_ONCE = ((-1, facts.ONCE, True),)


def until_set(reader: Reader, node: ast.If) -> Guards:
    """Read `if x is not None: return x` of a function that sets the module's `x` further on."""
    test = node.test
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
        test = test.left
    if not isinstance(test, ast.Name) or test.id not in reader.scope.globals:
        return ()
    last = node.body[-1]
    if isinstance(last, ast.Return) and isinstance(last.value, ast.Name):
        return _ONCE if last.value.id == test.id else ()
    return ()


def once(reader: Reader, node: ast.If) -> Guards:
    """Tell whether a block runs until it has set a variable of the module or class."""
    test: ast.expr = node.test
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.Or):
            return ()
        test = test.values[0]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        subject = test.operand
    elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is):
        subject = test.left
    else:
        return ()
    return _ONCE if _is_shared(reader, subject) and _sets(node, subject) else ()


def _is_shared(reader: Reader, subject: ast.expr) -> bool:
    if isinstance(subject, ast.Name):
        return subject.id in reader.scope.globals
    if not isinstance(subject, ast.Attribute) or not isinstance(subject.value, ast.Name):
        return False
    return subject.value.id == "cls" or subject.value.id[:1].isupper()


def _sets(node: ast.If, subject: ast.expr) -> bool:
    """Tell whether a block sets what its test asks for."""
    wanted = _written(subject)
    for statement in node.body:
        for each in ast.walk(statement):
            if isinstance(each, ast.Assign | ast.AnnAssign):
                targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                if any(_written(target) == wanted for target in targets):
                    return True
    return False


def _written(target: ast.expr) -> str:
    return ast.dump(target).replace("Load()", "Store()")
