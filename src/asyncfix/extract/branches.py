"""Statements of which one part or another runs: `if`, `try`, `match`, and what `with` encloses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.extract.blocks import block
from asyncfix.extract.guards import conditions, note_cut
from asyncfix.extract.names import bind, quietly, shared_names
from asyncfix.extract.narrowing import narrowed, ruled_out
from asyncfix.extract.once import once, until_set
from asyncfix.extract.probes import (
    OFF_LOOP,
    asks_for_loop,
    fails_without_loop,
    is_runtime_error,
    may_be_off_loop,
    note_loopless,
)
from asyncfix.extract.reader import MOST_DEFINITIONS
from asyncfix.extract.shapes import is_negative, truth
from asyncfix.extract.targets import assign_to
from asyncfix.lazies import is_lock, subjects

if TYPE_CHECKING:
    from asyncfix.extract.reader import Env, Reader

_CAUGHT = (-2, facts.CAUGHT, True)
_NARROWS = frozenset((ast.Call, ast.UnaryOp, ast.BoolOp))


def if_statement(reader: Reader, node: ast.If) -> bool:
    """Read an `if`: what its test tells holds in its blocks, and behind it if one of them ends."""
    test, scope, lazies = node.test, reader.scope, reader.lazies
    constant = truth(test)
    if constant is not None:
        return block(reader, node.body if constant else node.orelse)
    value = reader.tested(test)
    if scope.depth:
        _branches(reader, node, value)
    opened = lazies.open
    if scope.index and _opens(reader, node):
        opened = lazies.open
    before, guard, left, narrows = scope.env, reader.guard, reader.left, type(test) in _NARROWS
    if_true = guard + conditions(reader, test, holds=True)
    if_false = guard + conditions(reader, test, holds=False) + until_set(reader, node)
    known = narrowed(reader, test, holds=True) if narrows else {}
    scope.env = {**before, **known}
    reader.guard = if_true + once(reader, node)
    if narrows:
        reader.left = {**left, **ruled_out(reader, test, holds=True)}
    then_falls = block(reader, node.body)
    then, lazies.open = scope.env, opened
    known = narrowed(reader, test, holds=False) if narrows else {}
    scope.env = {**before, **known} if known or node.orelse else before
    reader.guard = if_false
    reader.left = {**left, **ruled_out(reader, test, holds=False)} if narrows else left
    other_falls = block(reader, node.orelse) if node.orelse else True
    other = scope.env
    reader.left = left if then_falls else reader.left
    if then_falls and other_falls:
        scope.env = merged(then, other)
        reader.guard = guard
        note_cut(reader, node, if_true)
    elif then_falls:
        scope.env, reader.guard = then, if_true
    else:
        scope.env, reader.guard = other, if_false
    return then_falls or other_falls


def merged(one: Env, other: Env) -> Env:
    """Join the definitions that reach the end of two branches."""
    if one is other or one == other:
        return one
    found = dict(one)
    known = found.get
    for name, values in other.items():
        mine = known(name)
        if mine is values:
            continue
        if mine is None:
            found[name] = values
        elif mine != values:
            found[name] = tuple(dict.fromkeys(mine + values))[-MOST_DEFINITIONS:]
    return found


def _branches(reader: Reader, node: ast.If, test: int) -> None:
    negated = is_negative(node.test)
    reader.branch(node.body, test, facts.NEGATED if negated else 0)
    if node.orelse:
        reader.branch(node.orelse, test, 0 if negated else facts.NEGATED)


def _opens(reader: Reader, node: ast.If) -> bool:
    """Note a test of whether something shared is set; tell whether it holds after the `if`."""
    scope, test = reader.scope, node.test
    asked = subjects(test)
    if all(type(each) is ast.Name and each.id not in scope.globals for each, _ in asked):
        return False
    span = reader.start(test), reader.end(test)
    return reader.lazies.tested(scope.index, node, asked, shared_names(reader), span)


def with_statement(reader: Reader, node: ast.With | ast.AsyncWith) -> bool:
    """Read a `with`, plain or asynchronous, and what it holds while others run."""
    scope = reader.scope
    entered_at: list[tuple[int, int, int, int]] = []
    for item in node.items:
        context = item.context_expr
        if isinstance(node, ast.AsyncWith):
            outer, reader.awaited = reader.awaited, context
            value = reader.expression(context)
            reader.awaited = outer
            reader.pause(facts.AT_ASYNC_WITH, context)
            entered = reader.node((facts.AENTERED, value))
            scope.entered += (value, reader.start(context), reader.end(node.body[-1]))
        else:
            value = reader.expression(context)
            reader.site(facts.ENTERS, value, context)
            if scope.sites:
                start, end = scope.sites[-3:-1]
                entered_at.append((value, start, end, len(scope.pauses)))
            entered = reader.node((facts.ENTERED, value))
        if item.optional_vars is not None:
            assign_to(reader, item.optional_vars, entered)
    if scope.depth:
        reader.branch(node.body)
    falls = _locked(reader, node)
    for hold in entered_at:
        if hold[3] < len(scope.pauses):
            scope.holds += hold
    return falls


def _locked(reader: Reader, node: ast.With | ast.AsyncWith) -> bool:
    """Read the body of a `with`, which may hold a lock."""
    lazies = reader.lazies
    lock = any(is_lock(item.context_expr) for item in node.items)
    if lazies.open and not lock and isinstance(node, ast.AsyncWith):
        lazies.waits(node.items[0].context_expr, shared_names(reader))
    lazies.locks += lock
    falls = block(reader, node.body)
    lazies.locks -= lock
    return falls


def try_statement(reader: Reader, node: ast.Try) -> bool:
    """Read a `try`: handlers run after any part of it."""
    scope, guard = reader.scope, reader.guard
    before = scope.env
    scope.env = dict(before)
    asks = may_be_off_loop(reader) and asks_for_loop(node.body)
    if asks:
        note_loopless(reader, node)
    if any(is_runtime_error(handler.type) for handler in node.handlers):
        reader.guard = (*guard, _CAUGHT)
    falls = block(reader, node.body)
    reader.guard = guard
    if falls:
        falls = block(reader, node.orelse)
    if scope.depth:
        reader.branch([*node.body, *node.orelse])
    after = [scope.env] if falls else []
    tried = merged(before, scope.env)
    for handler in node.handlers:
        scope.env = dict(tried)
        _name_error(reader, handler)
        if asks and fails_without_loop(node, handler.type):
            reader.guard = (*guard, OFF_LOOP)
        if block(reader, handler.body):
            after.append(scope.env)
        reader.guard = guard
    if asks and not falls and after:
        reader.guard = (*guard, OFF_LOOP)
    scope.env = after[0] if after else tried
    for env in after[1:]:
        scope.env = merged(scope.env, env)
    ends = block(reader, node.finalbody)
    return bool(after) and ends


def _name_error(reader: Reader, handler: ast.ExceptHandler) -> None:
    """Read what a handler catches, and note that its block runs after an exception."""
    reader.expression(handler.type)
    if handler.name:
        kind = quietly(reader, handler.type)
        bind(reader, handler.name, reader.node((facts.ANNOTATED, kind, 0)))
    if not isinstance(handler.body[0], (ast.Pass, ast.Raise)):
        reader.branch(handler.body, 0, facts.FAILED)


def match_statement(reader: Reader, node: ast.Match) -> bool:
    """Read a `match`: any of its cases may run, or none."""
    scope = reader.scope
    reader.expression(node.subject)
    before = scope.env
    after = [before]
    for case in node.cases:
        scope.env = dict(before)
        _pattern(reader, case.pattern, node.subject)
        reader.expression(case.guard)
        if block(reader, case.body):
            after.append(scope.env)
    scope.env = after[0]
    for env in after[1:]:
        scope.env = merged(scope.env, env)
    return True


def _pattern(reader: Reader, pattern: ast.pattern, subject: ast.expr) -> None:
    if isinstance(pattern, ast.MatchClass) and isinstance(subject, ast.Name):
        kind = quietly(reader, pattern.cls)
        reader.scope.env[subject.id] = (reader.node((facts.ANNOTATED, kind, 0)),)
    for child in ast.walk(pattern):
        if isinstance(child, ast.MatchAs) and isinstance(child.pattern, ast.MatchClass):
            kind = quietly(reader, child.pattern.cls)
            if child.name:
                bind(reader, child.name, reader.node((facts.ANNOTATED, kind, 0)))
            continue
        name = getattr(child, "name", None)
        if isinstance(child, ast.MatchAs | ast.MatchStar) and name:
            bind(reader, name, 0)
