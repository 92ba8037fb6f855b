"""What tests tell about the parameters of a function: guards, under which code runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.names import looked_up, owner, quietly
from asyncfix.extract.narrowing import kinds
from asyncfix.extract.probes import OFF_LOOP, is_off_loop
from asyncfix.extract.shapes import is_windows, last_name

if TYPE_CHECKING:
    from asyncfix.extract.reader import Guards, Reader

_ASKS_AWAITABLE = frozenset(("iscoroutine", "isawaitable", "iscoroutinefunction"))
_IF_AWAITABLE = (-2, facts.AWAITABLE, True)
_ON_WINDOWS = ((-1, facts.WINDOWS, True),)


def conditions(reader: Reader, test: ast.expr, *, holds: bool) -> Guards:
    """Say what a test tells about parameters and about the loop."""
    told = guards(reader, test, holds=holds)
    if reader.probes and is_off_loop(reader, test, holds=holds):
        return (*told, OFF_LOOP)
    is_asked = holds and type(test) is ast.Call and last_name(test.func) in _ASKS_AWAITABLE
    return (*told, _IF_AWAITABLE) if is_asked else told


def guards(reader: Reader, test: ast.expr, *, holds: bool) -> Guards:
    """Say what a test tells about parameters: `if create`, `if not create`, `if x is None`."""
    kind = type(test)
    if kind is ast.Name or kind is ast.Attribute:
        return _truth(reader, test, holds=holds) if reader.scope.params else ()
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return guards(reader, test.operand, holds=not holds)
    if isinstance(test, ast.BoolOp) and holds == isinstance(test.op, ast.And):
        return tuple([g for value in test.values for g in guards(reader, value, holds=holds)])
    if kind is not ast.Compare and kind is not ast.Call:
        return ()
    if is_windows(test) is holds:
        return _ON_WINDOWS
    if not reader.scope.params:
        return ()
    if isinstance(test, ast.Compare):
        return _compared(reader, test, holds=holds) if len(test.ops) == 1 else ()
    return _asked(reader, test, holds=holds) if isinstance(test, ast.Call) else ()


def _truth(reader: Reader, test: ast.expr, *, holds: bool) -> Guards:
    param, of = _subject(reader, test)
    return () if param < 0 else ((param, of + facts.TRUE, holds),)


def _compared(reader: Reader, test: ast.Compare, *, holds: bool) -> Guards:
    left, right, operator = test.left, test.comparators[0], test.ops[0]
    outcome = holds == isinstance(operator, (ast.In, ast.Is, ast.Eq))
    param, of = _subject(reader, left)
    if param < 0:
        return _overriding(reader, left, right, outcome=outcome)
    if isinstance(operator, (ast.In, ast.NotIn)):
        values = right.elts if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else []
        constants = [each.value for each in values if isinstance(each, ast.Constant)]
        if not values or len(constants) < len(values):
            return ()
        return ((param, of + facts.ONE_OF + "".join(map(facts.told, constants)), outcome),)
    if not isinstance(operator, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        return ()
    if not isinstance(right, ast.Constant):
        return () if of else ((param, f"{facts.SAME}{quietly(reader, right)}", outcome),)
    if right.value is None:
        return ((param, of + facts.NONE, outcome),)
    if isinstance(right.value, bool):
        return ((param, of + facts.TRUE, outcome == right.value),)
    return ((param, of + facts.ONE_OF + facts.told(right.value), outcome),)


def _overriding(reader: Reader, left: ast.expr, right: ast.expr, *, outcome: bool) -> Guards:
    """Read `type(self).name is Base.name`."""
    if type(left) is not ast.Attribute or type(right) is not ast.Attribute:
        return ()
    kind = left.value
    if isinstance(kind, ast.Call) and last_name(kind) == "type" and len(kind.args) == 1:
        subject = kind.args[0]
    elif isinstance(kind, ast.Attribute) and kind.attr == "__class__":
        subject = kind.value
    else:
        return ()
    if left.attr != right.attr or not isinstance(subject, ast.Name):
        return ()
    if owner(reader, looked_up(reader, subject.id)) < 0:
        return ()
    base = quietly(reader, right.value)
    return ((0, f"{facts.OVERRIDES}{left.attr}:{base}", not outcome),)


def _asked(reader: Reader, test: ast.Call, *, holds: bool) -> Guards:
    """Read `param.startswith("x")` and `isinstance(param, X)`."""
    function, given = test.func, test.args
    if isinstance(function, ast.Attribute) and function.attr == "startswith" and given:
        if isinstance(function.value, ast.Name) and isinstance(given[0], ast.Constant):
            return _starting(reader, function.value.id, given[0].value, holds=holds)
    elif isinstance(function, ast.Name) and function.id == "isinstance" and len(given) == 2:
        param = unbound(reader, given[0].id) if isinstance(given[0], ast.Name) else -1
        if param >= 0:
            return ((param, f"{facts.IS_A}{kinds(reader, given[1])}", holds),)
    return ()


def _starting(reader: Reader, name: str, prefix: object, *, holds: bool) -> Guards:
    """Read `name.startswith(prefix)`, also after another prefix has been cut off."""
    param = unbound(reader, name)
    if not isinstance(prefix, str):
        return ()
    if param >= 0:
        return ((param, facts.STARTS + prefix, holds),)
    cut = reader.scope.cut.get(name)
    if cut is None or not holds:
        return ()
    both = (f"{each}{prefix}" for each in cut[1].split("\x1f"))
    return ((cut[0], facts.STARTS + "\x1f".join((prefix, *both)), True),)


def note_cut(reader: Reader, node: ast.If, told: Guards) -> None:
    """Note `if name.startswith(p): name = name…`: without that prefix `name` is as passed."""
    last = told[-1] if told else (-1, "", False)
    if last[2] and last[1].startswith(facts.STARTS) and isinstance(node.test, ast.Call):
        function = node.test.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            name, cut = function.value.id, reader.scope.cut
            if unbound(reader, name) < 0 and name not in cut:
                cut[name] = (last[0], last[1].removeprefix(facts.STARTS))


def _subject(reader: Reader, node: ast.expr) -> tuple[int, str]:
    """Return the parameter that a test asks about, and the attribute of it if that is meant.

    `self.x` that was set to a parameter is that parameter.
    """
    if type(node) is ast.Name:
        return unbound(reader, node.id), ""
    if type(node) is not ast.Attribute or type(node.value) is not ast.Name:
        return -1, ""
    copy = reader.scope.copies.get(f"{node.value.id}.{node.attr}")
    if copy is not None:
        return copy, ""
    return unbound(reader, node.value.id), f"{facts.OF}{node.attr}:"


def unbound(reader: Reader, name: str) -> int:
    """Return the index of a parameter that still has the value it was called with, or -1."""
    scope = reader.scope
    number = scope.params.get(name)
    if number is not None:
        values = scope.env.get(name, ())
        if len(values) == 1 and reader.nodes[values[0]][0] == facts.PARAM:
            return number
    return -1
