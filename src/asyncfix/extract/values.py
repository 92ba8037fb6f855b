"""Expressions that take, join or collect the values of others."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.calls import argument
from asyncfix.extract.guards import conditions, guards
from asyncfix.extract.names import shared_names
from asyncfix.extract.narrowing import narrowed, ruled_out_of
from asyncfix.extract.settings import setting
from asyncfix.extract.shapes import last_name

if TYPE_CHECKING:
    from asyncfix.extract.reader import Env, Reader

_MOST_KEYS = 16
_COMPARES = {
    ast.Eq: "=",
    ast.In: "=",
    ast.Is: "=",
    ast.Lt: "<",
    ast.LtE: "<",
    ast.Gt: "<",
    ast.GtE: "<",
    ast.NotEq: "!",
    ast.IsNot: "!",
    ast.NotIn: "!",
}


def attribute(reader: Reader, node: ast.Attribute) -> int:
    """Read an attribute."""
    base = reader.expressions[type(node.value)](reader, node.value)
    if reader.left:
        base = ruled_out_of(reader, node.value, base)
    parts = (facts.ATTR, base, node.attr)
    found = reader.shared.get(parts)
    if found is None:
        found = reader.node(parts)
    if not reader.quiet:
        reader.read(facts.READS, found, node)
    return found


def subscript(reader: Reader, node: ast.Subscript) -> int:
    """Read an item; what stands in a `Literal` of an annotation is no type."""
    base = reader.expressions[type(node.value)](reader, node.value)
    if reader.quiet and last_name(node.value) == "Literal":
        return 0
    index = reader.expressions[type(node.slice)](reader, node.slice)
    found = reader.node((facts.ITEM, base, index))
    if not reader.quiet:
        reader.read(facts.GETS_ITEM, found, node)
    return found


def slice_of(reader: Reader, node: ast.Slice) -> int:
    """Read the index of a slice."""
    parts = [reader.expression(part) for part in (node.lower, node.upper, node.step)]
    return reader.literal("slice", parts, _most(node))


def _most(node: ast.Slice) -> str:
    """Return how many items a slice has at most, as `[:5]`, or that `[i : i + 5]` is a chunk."""
    lower, upper = node.lower, node.upper
    if isinstance(lower, ast.Name) and isinstance(upper, ast.BinOp):
        names = [each.id for each in (upper.left, upper.right) if isinstance(each, ast.Name)]
        return facts.CHUNK if isinstance(upper.op, ast.Add) and lower.id in names else ""
    number = upper if lower is None else None
    if upper is None and isinstance(lower, ast.UnaryOp) and isinstance(lower.op, ast.USub):
        number = lower.operand
    if isinstance(number, ast.Constant) and isinstance(number.value, int):
        return str(number.value)
    return ""


def awaits(reader: Reader, node: ast.Await) -> int:
    """Read an `await`."""
    outer, reader.awaited = reader.awaited, node.value
    value = reader.expression(node.value)
    reader.awaited = outer
    reader.pause(facts.AT_AWAIT, node)
    if reader.lazies.open:
        reader.lazies.waits(node, shared_names(reader))
    return reader.node((facts.AWAIT, value))


def boolean(reader: Reader, node: ast.BoolOp) -> int:
    """Read `and` and `or`: what comes later runs only if what was before holds, or does not."""
    guard, scope, walruses = reader.guard, reader.scope, reader.walruses
    env, holds = scope.env, isinstance(node.op, ast.And)
    found, last = [], node.values[-1]
    for value in node.values:
        # the last value is what the whole gives, so that it is not only tested
        read = reader.expression if value is last else reader.tested
        found.append(read(value))
        reader.guard += guards(reader, value, holds=holds)
        if known := narrowed(reader, value, holds=holds):
            scope.env = {**scope.env, **known}
    reader.guard = guard
    if reader.walruses > walruses:
        scope.env = {**env, **_bound_since(env, scope.env, node)}
    else:
        scope.env = env
    return reader.union(found)


def _bound_since(before: Env, after: Env, node: ast.AST) -> Env:
    """Return what a walrus within an expression has bound; narrowing ends with it."""
    if before is after:
        return {}
    names = {each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)}
    return {name: after[name] for name in names if name in after}


def conditional(reader: Reader, node: ast.IfExp) -> int:
    """Read `a if test else b`."""
    reader.tested(node.test)
    guard, scope = reader.guard, reader.scope
    known, env = narrowed(reader, node.test, holds=True), scope.env
    if known:
        scope.env = {**env, **known}
    reader.guard = guard + conditions(reader, node.test, holds=True)
    then = reader.expression(node.body)
    scope.env = env
    reader.guard = guard + conditions(reader, node.test, holds=False)
    other = reader.expression(node.orelse)
    reader.guard = guard
    return reader.union((then, other))


def compare(reader: Reader, node: ast.Compare) -> int:
    """Read a comparison."""
    values = [reader.operand(node.left)]
    for operator, right in zip(node.ops, node.comparators, strict=True):
        value = reader.operand(right)
        values.append(value)
        is_search = isinstance(operator, (ast.In, ast.NotIn))
        if is_search and reader.nodes[value][0] > facts.LITERAL:
            reader.read(facts.CONTAINS, value, right)
    if len(node.ops) == 1 and isinstance(node.left, ast.Attribute) and values[0]:
        how = _COMPARES[type(node.ops[0])]
        return reader.node((facts.LITERAL, "bool", reader.made_of(values), "", how))
    return reader.literal("bool", values)


def unary(reader: Reader, node: ast.UnaryOp) -> int:
    """Read `not x`, `-x` and the like."""
    value = reader.tested(node.operand)
    if isinstance(node.op, ast.Not):
        return reader.literal("bool", (value,))
    constant = reader.nodes[value]
    is_number = constant[0] == facts.CONST and isinstance(constant[1], (int, float))
    if isinstance(node.op, ast.USub) and is_number:
        return reader.node((facts.CONST, -constant[1], constant[2]))
    return 0


def sequence(reader: Reader, node: ast.List | ast.Set) -> int:
    """Read a list or a set."""
    if not node.elts:
        return reader.fresh((facts.EMPTY, "list"))
    found = [max(argument(reader, element), 0) for element in node.elts]
    return reader.fresh((facts.SEQUENCE, tuple(dict.fromkeys(found))[:8]))


def tuple_of(reader: Reader, node: ast.Tuple) -> int:
    """Read a tuple."""
    found = tuple([max(argument(reader, each), 0) for each in node.elts])
    return reader.node((facts.TUPLE, found))


def dictionary(reader: Reader, node: ast.Dict) -> int:
    """Read a dict; of a small one with plain texts as keys, the keys are kept."""
    if not node.values:
        return reader.fresh((facts.EMPTY, "dict"))
    for key in node.keys:
        if key is not None and type(key) is not ast.Constant:
            reader.expression(key)
    values = tuple([reader.expressions[type(each)](reader, each) for each in node.values])
    keys = [] if len(node.keys) > _MOST_KEYS else [_key(key) for key in node.keys]
    if not keys or not all(keys):
        return reader.fresh((facts.DICT, tuple(dict.fromkeys(filter(None, values)))[:12]))
    found = reader.fresh((facts.DICT, values, "\x1f".join(keys)))
    for name, given in zip(keys, node.values, strict=True):
        setting(reader, found, name, given)
    return found


def _key(key: ast.expr | None) -> str:
    """Return the text that a key of a dict is, `**` for an expansion, else nothing."""
    if key is None:
        return "**"
    value = key.value if isinstance(key, ast.Constant) else None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def starred(reader: Reader, node: ast.Starred) -> int:
    """Read what is unpacked."""
    reader.expression(node.value)
    return 0


def yields(reader: Reader, node: ast.Yield) -> int:
    """Read a `yield`."""
    value, scope = reader.expression(node.value), reader.scope
    scope.flags |= facts.GENERATOR
    scope.yields.append(value)
    reader.pause(facts.AT_YIELD, node)
    return 0


def yields_from(reader: Reader, node: ast.YieldFrom) -> int:
    """Read a `yield from`."""
    value, scope = reader.expression(node.value), reader.scope
    reader.site(facts.ITERATES, value, node.value)
    scope.flags |= facts.GENERATOR
    scope.yields.append(reader.node((facts.ELEMENT, value)))
    return 0
