"""Statements that assign, import, return or declare; each tells whether the next one can run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.names import bind, looked_up, quietly
from asyncfix.extract.narrowing import narrowed
from asyncfix.extract.probes import note_probe
from asyncfix.extract.settings import is_knob, named
from asyncfix.extract.shapes import exits, is_pairwise, last_name
from asyncfix.extract.targets import assign_to

if TYPE_CHECKING:
    from asyncfix.extract.reader import Reader


def expression_statement(reader: Reader, node: ast.Expr) -> bool:
    """Read an expression whose value is dropped."""
    value = node.value
    if type(value) is ast.Constant:
        return True
    found = reader.expressions[type(value)](reader, value)
    if type(value) is not ast.Call:
        return True
    reader.use(facts.DROPPED, found)
    return not exits(value)


def assign(reader: Reader, node: ast.Assign) -> bool:
    """Read `a = b = value`."""
    given = node.value
    value = reader.expressions[type(given)](reader, given)
    if reader.probes:
        note_probe(reader, node.targets[0], given)
    for target in node.targets:
        if isinstance(target, ast.Name):
            assign_to(reader, target, value)
            if not reader.scope.index or is_knob(target.id):
                named(reader, target.id, given)
        elif is_pairwise(target, given):
            for element, part in zip(target.elts, reader.nodes[value][1], strict=True):
                assign_to(reader, element, part)
        else:
            if isinstance(target, ast.Tuple) and isinstance(given, ast.Call):
                reader.site(facts.ITERATES, value, given)
            assign_to(reader, target, value)
            key = target.slice if isinstance(target, ast.Subscript) else target
            name = str(key.value) if isinstance(key, ast.Constant) else last_name(target)
            named(reader, name, given)
    return True


def annotated_assign(reader: Reader, node: ast.AnnAssign) -> bool:
    """Read `a: T = value`, or a mere annotation."""
    annotation = quietly(reader, node.annotation)
    value = reader.expression(node.value) if node.value else 0
    if reader.probes and node.value:
        note_probe(reader, node.target, node.value)
    assign_to(reader, node.target, reader.node((facts.ANNOTATED, annotation, value)))
    if node.value:
        named(reader, last_name(node.target), node.value)
    return True


def augmented_assign(reader: Reader, node: ast.AugAssign) -> bool:
    """Read `a += value`."""
    value = reader.operand(node.value)
    if isinstance(node.target, ast.Name):
        before = looked_up(reader, node.target.id)
        bind(reader, node.target.id, reader.union((before, value)))
    else:
        assign_to(reader, node.target, value)
    return True


def returns(reader: Reader, node: ast.Return) -> bool:
    """Read a `return`."""
    if node.value is not None:
        reader.scope.results.append(reader.expression(node.value))
    return False


def raises(reader: Reader, node: ast.Raise) -> bool:
    """Read a `raise`."""
    reader.expression(node.exc)
    reader.expression(node.cause)
    return False


def jump(_reader: Reader, _node: ast.Break | ast.Continue) -> bool:
    """Read `break` and `continue`: nothing follows."""
    return False


def nothing(_reader: Reader, _node: ast.Pass) -> bool:
    """Read `pass`."""
    return True


def asserts(reader: Reader, node: ast.Assert) -> bool:
    """Read an `assert`, which narrows what it tests."""
    reader.tested(node.test)
    reader.expression(node.msg)
    reader.scope.env.update(narrowed(reader, node.test, holds=True))
    return True


def global_names(reader: Reader, node: ast.Global) -> bool:
    """Read `global`."""
    scope = reader.scope
    scope.globals.update(node.names)
    reader.rebinds += ((scope.index, name) for name in node.names)
    return True


def outer_names(reader: Reader, node: ast.Nonlocal) -> bool:
    """Read `nonlocal`."""
    reader.scope.outer.update(node.names)
    return True


def imports(reader: Reader, node: ast.Import) -> bool:
    """Read `import a.b`, which binds `a`, or what stands behind `as`."""
    for alias in node.names:
        top = alias.name.partition(".")[0]
        reader.imports.add(top)
        name = alias.name if alias.asname else top
        bind(reader, alias.asname or top, reader.node((facts.IMPORT, name, 0)))
    return True


def imports_from(reader: Reader, node: ast.ImportFrom) -> bool:
    """Read `from a import b`."""
    module = node.module or ""
    if not node.level:
        reader.imports.add(module.partition(".")[0])
    for alias in node.names:
        if alias.name == "*":
            reader.stars.append((module, node.level))
            continue
        name = f"{module}.{alias.name}" if module else alias.name
        found = reader.node((facts.IMPORT, name, node.level))
        bind(reader, alias.asname or alias.name, found)
    return True


def other_statement(reader: Reader, node: ast.stmt) -> bool:
    """Read a statement that is newer than this reader."""
    if type(node).__name__ == "TypeAlias":
        bind(reader, node.name.id, quietly(reader, node.value))  # type: ignore[attr-defined]
        return True
    for child in ast.iter_child_nodes(node):
        reader.expression(child)
    return True
