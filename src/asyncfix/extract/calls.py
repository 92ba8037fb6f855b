"""Calls: what is called, with which arguments, and what they put where."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.narrowing import ruled_out_of
from asyncfix.extract.settings import positional, setting
from asyncfix.extract.shapes import last_name

if TYPE_CHECKING:
    from asyncfix.extract.reader import Reader

_PUTS = {"append": 0, "add": 0, "appendleft": 0, "insert": 1, "setdefault": 1, "put_nowait": 0}


def call(reader: Reader, node: ast.Call) -> int:
    """Read a call: what is called first, then the arguments as they are written."""
    awaited, function = reader.awaited is node, node.func
    name = function.attr if type(function) is ast.Attribute else ""
    callee = _callee(reader, function, node)
    names: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    visits = reader.expressions
    arguments = tuple(
        [
            argument(reader, each)
            if type(each) is ast.Starred
            else visits[type(each)](reader, each)
            for each in node.args
        ]
    )
    if node.keywords:
        names = tuple([keyword.arg or "**" for keyword in node.keywords])
        values = tuple([visits[type(each.value)](reader, each.value) for each in node.keywords])
    scope = reader.scope
    if type(function) is ast.Name and function.id == "super" and scope.owner >= 0:
        return reader.node((facts.SUPER, scope.owner))
    if -1 in arguments:
        names = (*names, "*")
        values = (*values, reader.starred)
    found = reader.called((facts.CALL, callee, arguments, names, values))
    for keyword in node.keywords:
        setting(reader, found, keyword.arg or "**", keyword.value)
    if arguments:
        positional(reader, found, node)
    if scope.asked:
        _site_if_done(reader, found, node, awaited=awaited)
    else:
        reader.site(facts.AWAITS if awaited else facts.CALLS, found, node)
    if reader.guard:
        _forget(reader, node)
    if name in _PUTS:
        _put(reader, reader.nodes[callee][1], arguments, _PUTS[name])
    return found


def _callee(reader: Reader, function: ast.expr, node: ast.Call) -> int:
    """Read what is called; a method is no attribute that is read."""
    if type(function) is not ast.Attribute:
        return reader.expressions[type(function)](reader, function)
    base = reader.expressions[type(function.value)](reader, function.value)
    if reader.left:
        base = ruled_out_of(reader, function.value, base)
    callee = reader.node((facts.ATTR, base, function.attr))
    if function.attr == "done" and not node.args:
        reader.scope.asked.add(ast.dump(function.value))
    return callee


def argument(reader: Reader, node: ast.expr) -> int:
    """Read an argument or an element; -1 stands for what is unpacked."""
    if type(node) is ast.Starred:
        value = reader.starred = reader.expression(node.value)
        reader.site(facts.ITERATES, value, node.value)
        return -1
    return reader.expressions[type(node)](reader, node)


def _site_if_done(reader: Reader, found: int, node: ast.Call, *, awaited: bool) -> None:
    """Note a call; the result of what was asked if it is done is not waited for."""
    guard, function = reader.guard, node.func
    subject = function.value if isinstance(function, ast.Attribute) else None
    takes = last_name(function) in ("result", "exception")
    if takes and subject is not None and ast.dump(subject) in reader.scope.asked:
        reader.guard = (*guard, (-1, facts.DONE, True))
    reader.site(facts.AWAITS if awaited else facts.CALLS, found, node)
    reader.guard = guard


def _forget(reader: Reader, node: ast.Call) -> None:
    """Forget what is known of attributes of objects that a call may change."""
    for _, test, _ in reader.guard:
        if test.startswith(facts.OF):
            break
    else:
        return
    given = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    names = [each.id for each in (*given, *node.args) if isinstance(each, ast.Name)]
    params = reader.scope.params
    changed = [params[name] for name in names if name in params]
    reader.guard = tuple(
        each for each in reader.guard if each[0] not in changed or not each[1].startswith(facts.OF)
    )


def _put(reader: Reader, container: int, arguments: tuple[int, ...], at: int) -> None:
    if len(arguments) > at and arguments[at] > 0 and container:
        reader.puts.append((container, arguments[at]))
