"""Names: what they are bound to, function by function, and what they mean where they are used."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.lazies import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.extract.reader import Reader, Scope


def name(reader: Reader, node: ast.Name) -> int:
    """Read a name where it is used."""
    if reader.body < 0:
        values = reader.scope.env.get(node.id)
        if values is not None:
            return values[0] if len(values) == 1 else reader.union(values)
    return looked_up(reader, node.id)


def looked_up(reader: Reader, wanted: str) -> int:
    """Return what a name stands for: in the class, the function, one around it, or the module."""
    scope = reader.scope
    if reader.body >= 0 and (known := reader.attributes[reader.body].get(wanted)):
        return reader.union(known)
    if wanted in scope.env:
        return reader.union(scope.env[wanted])
    outer = scope.parent
    while outer is not None and outer.index:
        if wanted in outer.all:
            outer.captured.add(wanted)
            return reader.node((facts.OUTER, outer.index, wanted))
        outer = outer.parent
    found = reader.globals.get(wanted)
    if found is None:
        found = reader.globals[wanted] = reader.fresh((facts.GLOBAL, wanted))
    return found


def bind(reader: Reader, wanted: str, value: int) -> None:
    """Bind a name to a value from here on."""
    scope = reader.scope
    if wanted in reader.left:
        reader.left = {key: kind for key, kind in reader.left.items() if key != wanted}
    if reader.body >= 0:
        reader.attributes[reader.body].setdefault(wanted, []).append(value)
    elif scope.index == 0 or wanted in scope.globals:
        reader.names.setdefault(wanted, []).append(value)
    elif wanted in scope.outer:
        _bind_outer(scope, wanted, value)
    else:
        scope.env[wanted] = (value,)
        scope.all.setdefault(wanted, []).append(value)


def _bind_outer(scope: Scope, wanted: str, value: int) -> None:
    outer = scope.parent
    while outer is not None and outer.index:
        if wanted in outer.all:
            outer.all[wanted].append(value)
            return
        outer = outer.parent


def walrus(reader: Reader, node: ast.NamedExpr) -> int:
    """Read `name := value`."""
    value = reader.expression(node.value)
    reader.walruses += 1
    bind(reader, node.target.id, value)
    return value


def flattened(reader: Reader, target: ast.expr, value: int) -> Iterable[tuple[str, int]]:
    """Yield the names of a target with what each of them is given."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        for index, element in enumerate(target.elts):
            yield from flattened(reader, element, reader.node((facts.UNPACKED, value, index)))


def quietly(reader: Reader, node: ast.AST | None) -> int:
    """Read an annotation: it names types and runs nothing."""
    if node is None:
        return 0
    reader.quiet += 1
    try:
        if type(node) is ast.Constant and isinstance(node.value, str):
            return quoted(reader, node.value)
        return reader.expressions[type(node)](reader, node)
    finally:
        reader.quiet -= 1


def quoted(reader: Reader, text: str) -> int:
    """Read an annotation that stands in quotes."""
    if text.isidentifier():
        return looked_up(reader, text)
    try:
        return reader.expression(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0


def owner(reader: Reader, base: int) -> int:
    """Return the class whose `self` or `cls` a node is, or -1."""
    node, scope = reader.nodes[base], reader.scope
    if node[0] == facts.OUTER:
        return _outer_owner(reader, node[1], node[2])
    if node[0] == facts.PARAM and node[2] == 0 and node[1] == scope.index:
        return scope.owner if scope.flags & facts.METHOD else -1
    return -1


def _outer_owner(reader: Reader, function: int, wanted: str) -> int:
    """Return the class whose `self` a variable of an enclosing function is, or -1."""
    scope: Scope | None = reader.scope
    while scope is not None and scope.index != function:
        scope = scope.parent
    values = scope.all.get(wanted, ()) if scope else ()
    if scope is None or len(values) != 1:
        return -1
    node = reader.nodes[values[0]]
    is_first = node[0] == facts.PARAM and node[2] == 0
    return scope.owner if is_first and scope.flags & facts.METHOD else -1


def shared_names(reader: Reader) -> Names:
    """Return what the names of the function that is being read mean."""
    scope = reader.scope
    is_class = scope.flags & facts.CLASSMETHOD
    first = next(iter(scope.params), "") if scope.flags & (facts.METHOD | is_class) else ""

    def kind(wanted: str) -> str:
        return _kind(reader, wanted)

    return Names(scope.globals, first, "class" if is_class else "instance", kind)


def _kind(reader: Reader, wanted: str) -> str:
    """Tell what a name from outside the function is: class, function, or another one."""
    scope = reader.scope
    if wanted in scope.env or scope.index == 0:
        return ""
    bound = {reader.nodes[node][0] for node in reader.names.get(wanted, ()) if node}
    if facts.CLASS in bound or (wanted[:1].isupper() and not wanted.isupper()):
        return "class"
    if facts.FUNCTION in bound or wanted == scope.qualname.rpartition(".")[2]:
        return "function"
    return "module" if wanted in reader.names else ""
