"""Functions and classes: what they say of themselves, and their bodies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.blocks import block
from asyncfix.extract.names import bind, quietly
from asyncfix.extract.reader import Heading, Scope
from asyncfix.extract.settings import named
from asyncfix.extract.shapes import is_stub, last_name
from asyncfix.facts import Class, Function, Param

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.extract.reader import Definition, Reader

_IMPLICIT = ("__init_subclass__", "__class_getitem__")


def function_definition(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Read a `def`."""
    index = _declare(reader, node, node.name)
    if reader.body >= 0:
        _method(reader.methods[reader.body], node, index)
    bind(reader, node.name, reader.node((facts.FUNCTION, index)))
    return True


def lambda_function(reader: Reader, node: ast.Lambda) -> int:
    """Read a `lambda`."""
    return reader.node((facts.FUNCTION, _declare(reader, node, "<lambda>")))


def _method(
    methods: dict[str, int], node: ast.FunctionDef | ast.AsyncFunctionDef, index: int
) -> None:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"):
            methods[f"{node.name}.{decorator.attr}"] = index
            return
        if last_name(decorator) == "overload":
            return
    methods[node.name] = index


def _declare(reader: Reader, node: Definition, name: str) -> int:
    """Reserve a function's index and read its body: at once, or after the enclosing function.

    What an enclosing function binds further down is known to the functions within it, while
    names of the module need no waiting; so indices follow the text, and stay when it grows.
    """
    index = len(reader.functions)
    reader.functions.append(None)
    scope, body = reader.scope, reader.body
    params = tuple(_params(reader, node.args))
    flags, returns = facts.LAMBDA, 0
    decorators: tuple[int, ...] = ()
    if not isinstance(node, ast.Lambda):
        flags = _flags(node, in_class=body >= 0)
        decorators = tuple([reader.expression(each) for each in node.decorator_list])
        returns = quietly(reader, node.returns)
    qualname = f"{_prefix(reader)}{name}"
    heading = Heading(name, qualname, flags, scope.index, body, params, returns, decorators)
    if scope.index:
        scope.pending.append((node, index, heading))
    else:
        _read_body(reader, node, index, heading, scope)
    return index


def _prefix(reader: Reader) -> str:
    if reader.body >= 0:
        return f"{reader.class_names[reader.body]}."
    return f"{reader.scope.qualname}.<locals>." if reader.scope.index else ""


def _params(reader: Reader, arguments: ast.arguments) -> Iterator[Param]:
    ordinary = [*arguments.posonlyargs, *arguments.args]
    first = len(ordinary) - len(arguments.defaults)
    for argument in ordinary[:first]:
        yield Param(argument.arg, quietly(reader, argument.annotation), 0, "")
    for argument, value in zip(ordinary[first:], arguments.defaults, strict=True):
        yield _param(reader, argument, value, "")
    if arguments.vararg:
        yield _param(reader, arguments.vararg, None, "*")
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _param(reader, argument, default, "k")
    if arguments.kwarg:
        yield _param(reader, arguments.kwarg, None, "**")


def _param(reader: Reader, argument: ast.arg, default: ast.expr | None, kind: str) -> Param:
    annotation = quietly(reader, argument.annotation)
    if default is None:
        return Param(argument.arg, annotation, 0, kind)
    named(reader, argument.arg, default)
    return Param(argument.arg, annotation, reader.expression(default), kind)


def _flags(node: ast.FunctionDef | ast.AsyncFunctionDef, *, in_class: bool) -> int:
    flags = facts.ASYNC if isinstance(node, ast.AsyncFunctionDef) else 0
    if in_class:
        flags |= facts.METHOD
    for decorator in node.decorator_list:
        name = last_name(decorator)
        if name == "staticmethod":
            flags |= facts.STATIC
            flags &= ~facts.METHOD
        elif name == "classmethod" or node.name in _IMPLICIT:
            flags |= facts.CLASSMETHOD
        elif name.startswith("abstract"):
            flags |= facts.ABSTRACT
    if in_class and node.name == "__new__":
        flags |= facts.CLASSMETHOD
    if in_class and is_stub(node.body):
        flags |= facts.ABSTRACT
    return flags


def _read_body(
    reader: Reader, node: Definition, index: int, heading: Heading, parent: Scope
) -> None:
    """Read a function's body under names, tests and locks of its own; write down the function."""
    owner = heading.owner if heading.owner >= 0 else max(parent.owner, heading.owner)
    scope = Scope(index, parent, owner, heading.qualname, heading.flags)
    for number, (name, *_) in enumerate(heading.params):
        value = reader.fresh((facts.PARAM, index, number))
        scope.env[name] = (value,)
        scope.all[name] = [value]
        scope.params[name] = number
    lazies = reader.lazies
    saved = reader.scope, reader.body, reader.guard, reader.awaited, reader.quiet
    opened = lazies.open, lazies.locks
    reader.scope, reader.body, reader.guard, reader.awaited, reader.quiet = scope, -1, (), None, 0
    lazies.open, lazies.locks = (), 0
    if isinstance(node, ast.Lambda):
        scope.results.append(reader.expression(node.body))
    else:
        block(reader, node.body)
    for nested, at, told in scope.pending:
        _read_body(reader, nested, at, told, scope)
    reader.scope, reader.body, reader.guard, reader.awaited, reader.quiet = saved
    lazies.open, lazies.locks = opened
    start, end, contract = reader.start(node), reader.end(node), _contract(reader, node)
    reader.functions[index] = function(scope, heading, start, end, contract)


def function(scope: Scope, heading: Heading, start: int, end: int, contract: str) -> Function:
    """Return the fact of a function whose body was read."""
    name, qualname, _, parent, owner, params, returns, decorators = heading
    return Function(
        name,
        qualname,
        scope.flags,
        parent,
        owner,
        params,
        returns,
        decorators,
        tuple(scope.sites),
        tuple(scope.reads),
        tuple(dict.fromkeys(scope.results)) if scope.results else (),
        tuple(dict.fromkeys(scope.yields)) if scope.yields else (),
        {n: tuple(dict.fromkeys(scope.all[n])) for n in sorted(scope.captured)},
        start,
        end,
        contract,
        tuple(scope.loops),
        tuple(scope.branches),
        tuple(scope.entered),
        tuple(scope.uses),
        tuple(scope.pauses),
        tuple(scope.holds),
    )


def _contract(reader: Reader, node: Definition) -> str:
    if not reader.contracts or isinstance(node, ast.Lambda):
        return ""
    last = node.body[0].lineno
    for row in range(node.lineno, max(last, node.lineno + 1)):
        if row in reader.contracts:
            return reader.contracts[row]
    return ""


def class_definition(reader: Reader, node: ast.ClassDef) -> bool:
    """Read a `class`."""
    bases = tuple([reader.expression(base) for base in node.bases])
    for keyword in node.keywords:
        reader.expression(keyword.value)
    decorators = tuple([reader.expression(each) for each in node.decorator_list])
    index = len(reader.classes)
    qualname = f"{_prefix(reader)}{node.name}"
    reader.classes.append(None)
    reader.class_names.append(qualname)
    reader.attributes.append({})
    reader.methods.append({})
    outer, reader.body = reader.body, index
    block(reader, node.body)
    reader.body = outer
    bind(reader, node.name, reader.node((facts.CLASS, index)))
    place = reader.start(node), reader.end(node)
    parent = reader.scope.index
    reader.classes[index] = Class(node.name, qualname, parent, bases, decorators, {}, {}, *place)
    return True
