"""What an assignment, a loop or a `with` gives a value to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.names import bind, owner, shared_names
from asyncfix.extract.shapes import last_name

if TYPE_CHECKING:
    from asyncfix.extract.reader import Reader


def assign_to(reader: Reader, target: ast.expr, value: int) -> None:
    """Give a value to a target."""
    if value and reader.lazies.open:
        reader.lazies.set(target, value, shared_names(reader))
    if isinstance(target, ast.Name):
        bind(reader, target.id, value)
    elif isinstance(target, ast.Attribute):
        _set_attribute(reader, target, value)
    elif isinstance(target, ast.Subscript):
        _set_item(reader, target, value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for index, element in enumerate(target.elts):
            if isinstance(element, ast.Starred):
                assign_to(reader, element.value, reader.fresh((facts.EMPTY, "list")))
            else:
                assign_to(reader, element, reader.node((facts.UNPACKED, value, index)))


def _set_item(reader: Reader, target: ast.Subscript, value: int) -> None:
    base = reader.expression(target.value)
    index = reader.expression(target.slice)
    reader.site(facts.SETS_ITEM, reader.node((facts.ITEM, base, index)), target)
    if base and value:
        reader.puts.append((base, value))
        key = reader.nodes[index]
        if key[0] == facts.CONST and isinstance(key[1], str):
            reader.sets.append((base, f"[{key[1]}]", value, last_name(target.value)))


def _set_attribute(reader: Reader, target: ast.Attribute, value: int) -> None:
    base, scope = reader.expression(target.value), reader.scope
    cls = owner(reader, base)
    if cls >= 0:
        reader.attributes[cls].setdefault(target.attr, []).append(value)
    elif base:
        reader.sets.append((base, target.attr, value, last_name(target.value)))
    if isinstance(target.value, ast.Name):
        parts = reader.nodes[value]
        mine = parts[0] == facts.PARAM and parts[1] == scope.index
        scope.copies[f"{target.value.id}.{target.attr}"] = parts[2] if mine else -1
    # a value that was just stored is what later reads of this path in the function give
    found = reader.node((facts.ATTR, base, target.attr))
    scope.read.discard(found * 8 + facts.READS)
    reader.site(facts.SETS, found, target)


def delete(reader: Reader, node: ast.Delete) -> bool:
    """Read a `del`: of an item, it is a call."""
    for target in node.targets:
        if isinstance(target, ast.Subscript):
            base = reader.expression(target.value)
            index = reader.expression(target.slice)
            deleting = reader.node((facts.ATTR, base, "__delitem__"))
            reader.called((facts.CALL, deleting, (index,), (), ()))
        elif isinstance(target, ast.Attribute):
            reader.expression(target.value)
    return True
