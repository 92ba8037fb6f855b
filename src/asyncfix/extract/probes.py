"""Code that asks whether an event loop runs, by an error or a value, and runs where none does."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.shapes import is_none, last_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.extract.reader import Reader

OFF_LOOP = (-2, facts.NO_LOOP, True)
_SHORT = 2  # statements
_MENTIONS = (b"get_running_loop", b"get_event_loop", b"current_task", b"is_running(")
_NAMED = re.compile(rb"def\s+\w*?[lL][oO][oO][pP]")
_PROBES = frozenset(("get_running_loop", "_get_running_loop", "get_event_loop", "current_task"))


def asks_for_loop(body: Iterable[ast.stmt]) -> bool:
    """Tell whether a block calls what raises a RuntimeError where no loop runs."""
    return any(
        isinstance(each, ast.Call) and last_name(each.func) in _PROBES
        for statement in body
        for each in ast.walk(statement)
    )


def is_runtime_error(kind: ast.expr | None) -> bool:
    """Tell whether a handler names a RuntimeError."""
    if isinstance(kind, ast.Tuple):
        return any(map(is_runtime_error, kind.elts))
    return isinstance(kind, ast.Name) and kind.id == "RuntimeError"


def fails_without_loop(node: ast.Try, kind: ast.expr | None) -> bool:
    """Tell whether a handler is for a missing loop; a wide one may be for anything else, too."""
    is_wide = kind is None or (isinstance(kind, ast.Name) and kind.id.endswith("Exception"))
    return is_runtime_error(kind) or (is_wide and len(node.body) <= _SHORT)


def probes_of(data: bytes, tree: ast.Module) -> frozenset[str]:
    """Return what gives a loop, if a file asks for one at all.

    To what the library has, functions of the file come that give None where no loop runs.
    """
    if not any(each in data for each in _MENTIONS):
        return frozenset()
    if not _NAMED.search(data):
        return _PROBES
    return _PROBES | {
        each.name
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef) and "loop" in each.name.lower() and _is_probe(each)
    }


def _is_probe(function: ast.FunctionDef) -> bool:
    tries = [each for each in function.body if isinstance(each, ast.Try)]
    return any(asks_for_loop(each.body) and _gives_none(each) for each in tries)


def _gives_none(node: ast.Try) -> bool:
    """Tell whether a function ends with None where what is tried fails for want of a loop."""
    ends = [each.body[-1] for each in node.handlers if fails_without_loop(node, each.type)]
    returns = [each for each in ends if isinstance(each, ast.Return)]
    return bool(ends) and ends == returns and all(not e.value or is_none(e.value) for e in returns)


def note_probe(reader: Reader, target: ast.expr, value: ast.expr) -> None:
    """Note a name that is set to what is false where no loop runs: the loop, or if one runs."""
    is_loop = isinstance(value, ast.Call) and last_name(value.func) in reader.probes
    if isinstance(target, ast.Name) and (is_loop or _is_running(value)):
        reader.scope.loopless[target.id] = False


def note_loopless(reader: Reader, node: ast.Try) -> None:
    """Note names whose truth tells afterwards that `get_running_loop()` failed."""
    known = reader.scope.loopless
    if len(node.body) <= _SHORT:
        known.update((n, not value) for n, value in _constants_assigned(node.body))
        for handler in node.handlers:
            known.update((n, bool(value)) for n, value in _constants_assigned(handler.body))


def _constants_assigned(body: Iterable[ast.stmt]) -> Iterable[tuple[str, object]]:
    """Yield the names that the statements of a block set, with the constants they get."""
    for each in body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    yield target.id, each.value.value


def may_be_off_loop(reader: Reader) -> bool:
    """Tell whether there is any need to ask if code runs on a loop."""
    return bool(reader.probes) and not reader.scope.flags & facts.ASYNC


def is_off_loop(reader: Reader, test: ast.expr, *, holds: bool) -> bool:
    """Tell whether a test comes out so only where no loop runs: `if not loop.is_running()`."""
    return may_be_off_loop(reader) and _is_off_loop(reader, test, holds=holds)


def _is_off_loop(reader: Reader, test: ast.expr, *, holds: bool) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _is_off_loop(reader, test.operand, holds=not holds)
    if isinstance(test, ast.BoolOp):
        found = [_is_off_loop(reader, value, holds=holds) for value in test.values]
        return any(found) if holds == isinstance(test.op, ast.And) else all(found)
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot):
        if is_none(test.comparators[0]):
            is_is = isinstance(test.ops[0], ast.Is)
            return _is_off_loop(reader, test.left, holds=holds != is_is)
        return False
    if isinstance(test, ast.Name):
        return reader.scope.loopless.get(test.id) is holds
    return not holds and _is_running(test)


def _is_running(test: ast.expr) -> bool:
    """Tell whether an expression asks an event loop if it runs."""
    if not isinstance(test, ast.Call) or not isinstance(test.func, ast.Attribute):
        return False
    return test.func.attr == "is_running" and "loop" in last_name(test.func.value).lower()
