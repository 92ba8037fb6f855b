"""Recognises code that sets a shared variable on first use, while a syntax tree is being read."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.facts import CONST, HALF_MADE, UNSET, Lazy

if TYPE_CHECKING:
    from collections.abc import Callable

_LOCKS = ("lock", "mutex", "semaphore")
Subject = tuple[ast.expr, bool]  # what a test asks about, and if it holds while that is unset
Shared = tuple[str, str]  # what holds a variable, and how it is written


class Names(NamedTuple):
    """What the names of a function mean: declared `global`, its `self`, and others' kinds."""

    globals: set[str]
    receiver: str  # what the first parameter of a method is called, or ""
    holder: str  # "class" or "instance": what that is
    kind: Callable[[str], str]  # "module", "class" or "function" for a name from outside


@dataclass
class Open:
    """A test that has been met, and what was set since."""

    function: int
    shared: Shared
    start: int
    end: int
    locked: bool
    alone: bool
    awaits: int = 0
    sets: dict[Shared, list[int]] = field(default_factory=dict)

    def lazy(self, nodes: list[tuple[object, ...]]) -> Lazy | None:
        """Return the fact, if the variable, or one that it is the flag of, was set."""
        if self.shared not in self.sets:
            return None
        shared, values = self.shared, _made(self.sets[self.shared], nodes)
        for other, more in () if values else self.sets.items():
            if other[0] == shared[0] and _made(more, nodes):
                shared, values = other, _made(more, nodes)
        if not values:
            return None
        where, held = (self.start, self.end), (self.locked, self.alone)
        return Lazy(self.function, *shared, tuple(values), *where, self.awaits, *held)


def _made(values: list[int], nodes: list[tuple[object, ...]]) -> list[int]:
    """Leave out constants: marks of what failed, and flags."""
    return [value for value in dict.fromkeys(values) if value and nodes[value][0] != CONST]


class Lazies:
    """The tests that are open just now, in the order in which they were met."""

    def __init__(self) -> None:
        self.open: tuple[Open, ...] = ()
        self.locks = 0
        self.done: list[Open] = []

    def tested(
        self,
        function: int,
        at: ast.If,
        asked: list[Subject],
        names: Names,
        span: tuple[int, int],
    ) -> bool:
        """Open what an `if` tests to be unset; tell whether it holds after the `if` instead."""
        early = isinstance(at.body[-1], ast.Return) and not at.orelse
        for node, is_unset in asked:
            shared = shared_by(node, names)
            if shared is None or (not is_unset and not early):
                continue
            again = [each for each in self.open if each.shared == shared]
            for each in again:
                each.locked, each.awaits = bool(self.locks), 0
            if not again:
                alone = not isinstance(at.test, ast.BoolOp)
                opened = Open(function, shared, *span, bool(self.locks), alone)
                self.open = (*self.open, opened)
                self.done.append(opened)
            return not is_unset
        return False

    def set(self, target: ast.expr, value: int, names: Names) -> None:
        """Note what a shared variable is set to."""
        shared = shared_by(target, names)
        if shared is not None:
            for each in self.open:
                each.sets.setdefault(shared, []).append(value)

    def waits(self, node: ast.AST, names: Names) -> None:
        """Note an `await`: before a variable is set, or on what it was just set to."""
        for each in self.open:
            if each.shared not in each.sets:
                each.awaits |= UNSET
            elif any(
                isinstance(part, ast.Name | ast.Attribute) and shared_by(part, names) == each.shared
                for part in ast.walk(node)
            ):
                each.awaits |= HALF_MADE


def is_lock(node: ast.expr) -> bool:
    """Tell whether a `with` looks like holding a lock, by its name."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return any(lock in name.lower() for lock in _LOCKS)


def subjects(test: ast.expr) -> list[Subject]:
    """Return what a test asks about, and whether it holds while that is unset."""
    if isinstance(test, ast.UnaryOp):
        if not isinstance(test.op, ast.Not):
            return []
        return [(node, not unset) for node, unset in subjects(test.operand)]
    if isinstance(test, ast.BoolOp):
        return [each for value in test.values for each in subjects(value)]
    if isinstance(test, ast.Compare):
        is_single = len(test.ops) == 1
        return _compared(test.left, test.ops[0], test.comparators[0]) if is_single else []
    is_asked = isinstance(test, ast.Call) and _called(test) == "hasattr"
    node = _attribute(test) if is_asked and isinstance(test, ast.Call) else _looked_up(test)
    return [(node, False)] if node else []


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> list[Subject]:
    if isinstance(operator, (ast.In, ast.NotIn)):
        return [(ast.Subscript(right, left), isinstance(operator, ast.NotIn))]
    is_none = isinstance(right, ast.Constant) and (right.value is None or right.value is False)
    if is_none and isinstance(operator, (ast.Is, ast.Eq, ast.IsNot, ast.NotEq)):
        node = _looked_up(left)
        return [(node, isinstance(operator, (ast.Is, ast.Eq)))] if node else []
    return []


def _looked_up(node: ast.expr) -> ast.expr | None:
    """Read `name`, `x.name`, `getattr(x, "name", None)`, `registry.get(key)`, or a walrus."""
    if isinstance(node, ast.NamedExpr):
        node = node.value
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return node
    if not isinstance(node, ast.Call):
        return None
    if _called(node) == "getattr":
        return _attribute(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return ast.Subscript(node.func.value, node.args[0])
    return None


def _attribute(call: ast.Call) -> ast.expr | None:
    if len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
        return ast.Attribute(call.args[0], str(call.args[1].value))
    return None


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def shared_by(node: ast.expr, names: Names) -> Shared | None:
    """Return what shares a variable: module, class, instance, function, application, registry."""
    if isinstance(node, ast.Name):
        return ("module", node.id) if node.id in names.globals else None
    if isinstance(node, ast.Attribute):
        return _member(node, names)
    if isinstance(node, ast.Subscript):
        held = node.value
        if isinstance(held, ast.Name):
            is_module = held.id in names.globals or names.kind(held.id) == "module"
            return ("registry", held.id) if is_module else None
        found = shared_by(held, names)
        if found and found[0] != "module":
            return ("instance" if found[0] == "instance" else "registry", f"{found[1]}[…]")
    return None


def _member(node: ast.Attribute, names: Names) -> Shared | None:
    owner = node.value
    if isinstance(owner, ast.Name):
        written = f"{owner.id}.{node.attr}"
        if owner.id == names.receiver:
            return names.holder, written
        kind = names.kind(owner.id)
        return (kind, written) if kind in ("class", "function") else None
    if isinstance(owner, ast.Attribute) and owner.attr == "__class__":
        return "class", f"{ast.unparse(owner)}.{node.attr}"
    if isinstance(owner, ast.Attribute) and owner.attr == "state" and _is_app(owner.value):
        return "application", f"{ast.unparse(owner)}.{node.attr}"
    if isinstance(owner, ast.Call) and _called(owner) == "type":
        return "class", f"type(…).{node.attr}"
    return None


def _is_app(node: ast.expr) -> bool:
    """Tell whether this is an application, by its name; a request has a state as well."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("app", "application") or name.endswith("_app")
