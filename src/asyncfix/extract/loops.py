"""Loops and comprehensions: what they run over, and what runs again and again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.blocks import block
from asyncfix.extract.branches import merged
from asyncfix.extract.names import flattened
from asyncfix.extract.narrowing import narrowed
from asyncfix.extract.shapes import breaks, truth
from asyncfix.extract.targets import assign_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.extract.reader import Reader

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def for_loop(reader: Reader, node: ast.For | ast.AsyncFor) -> bool:
    """Read a `for`, plain or asynchronous."""
    scope, is_async = reader.scope, isinstance(node, ast.AsyncFor)
    element = _element(reader, node.iter, is_async=is_async)
    before = scope.env
    scope.env = dict(before)
    assign_to(reader, node.target, element)
    kind = facts.ASYNC_FOR if is_async else facts.FOR
    _repeated(reader, node, kind, reader.end(node.iter), element)
    scope.env = merged(before, scope.env)
    block(reader, node.orelse)
    return True


def while_loop(reader: Reader, node: ast.While) -> bool:
    """Read a `while`; what follows an endless one runs only if something leaves it."""
    always = truth(node.test)
    if always is False:
        return block(reader, node.orelse)
    reader.tested(node.test)
    scope = reader.scope
    before = scope.env
    scope.env = {**before, **narrowed(reader, node.test, holds=True)}
    _repeated(reader, node, facts.WHILE, reader.start(node.test), 0)
    scope.env = merged(before, scope.env)
    block(reader, node.orelse)
    return not (always and not breaks(node.body))


def _repeated(
    reader: Reader, node: ast.For | ast.AsyncFor | ast.While, kind: int, start: int, element: int
) -> None:
    """Read the body of a loop, and note the loop."""
    mark, scope = reader.mark(), reader.scope
    scope.depth += 1
    block(reader, node.body)
    reader.branch(node.body)
    scope.depth -= 1
    reader.loop(kind, (start, reader.end(node.body[-1]), 0, 0), element, mark)


def _element(reader: Reader, node: ast.expr, *, is_async: bool) -> int:
    """Read what a loop runs over, and return its element.

    A call that `async for` takes can be no blocking one.
    """
    outer = reader.awaited
    reader.awaited = node if is_async else None
    value = reader.expression(node)
    reader.awaited = outer
    if is_async:
        reader.pause(facts.AT_ASYNC_FOR, node)
        return reader.node((facts.AELEMENT, value))
    reader.site(facts.ITERATES, value, node)
    return reader.node((facts.ELEMENT, value))


def comprehension(reader: Reader, node: Comprehension) -> int:
    """Read a comprehension, whose variables are its own."""
    scope = reader.scope
    saved, is_local = scope.env, scope.index == 0 or reader.body >= 0
    scope.env = dict(saved)
    loops = []
    scope.depth += 1
    for generator in node.generators:
        element = _element(reader, generator.iter, is_async=bool(generator.is_async))
        if is_local:
            for name, bound in flattened(reader, generator.target, element):
                scope.env[name] = (bound,)
        else:
            assign_to(reader, generator.target, element)
        loops.append((generator, element, reader.mark()))
        for test in generator.ifs:
            reader.tested(test)
    if isinstance(node, ast.DictComp):
        reader.expression(node.key)
        found = reader.fresh((facts.DICT, (reader.expression(node.value),)))
    else:
        found = reader.fresh((facts.SEQUENCE, (reader.expression(node.elt),)))
    scope.env = saved
    scope.depth -= 1
    _note(reader, node, loops, found)
    return found


def _note(
    reader: Reader,
    node: Comprehension,
    loops: Sequence[tuple[ast.comprehension, int, int]],
    made: int,
) -> None:
    """Note the loops of a comprehension, each of which runs all but what stands before it."""
    now, first = reader.mark(), reader.start(node.generators[0].target)
    for generator, element, mark in loops:
        if now > mark and not reader.quiet:
            kind = facts.ASYNC_COMPREHENSION if generator.is_async else facts.COMPREHENSION
            span = (reader.start(node), reader.end(node), first, reader.end(generator.iter))
            reader.scope.loops += (kind, *span, element, made)
