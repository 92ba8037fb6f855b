"""Writes what turns: definitions, and the places that call, enter, iterate or hand on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Import
from asyncfix.rewrites.moving.sending import awaited, enter, iterate, refuse_here
from asyncfix.rewrites.moving.statements import rows_of
from asyncfix.rewrites.moving.uses import AWAITED, ENTER, HANDED, RUN
from asyncfix.rewrites.names import abstract_classes
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncfix.facts import Function
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.rewrites.moving.uses import Use
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_DEF = re.compile(rb"def\s+(\w+)")
_ITERATORS = {
    "Iterator": "AsyncIterator",
    "Iterable": "AsyncIterable",
    "Generator": "AsyncGenerator",
}
_PARTIAL = "functools.partial"


def definitions(move: Move, mark: Callable[[Workspace, int], str]) -> None:
    """Write the definitions of all functions that turn; `mark` gives the rows above a test."""
    typing = move.workspace.project.typing
    for fid, name in move.turned.names.items():
        file, function = typing.functions[fid]
        path = typing.files.paths[file]
        data = move.workspace.text(path).data
        match = _DEF.match(data, function.start)
        if match is None:
            raise RefusedError(f"the definition of `{function.qualname}` is written unusually")
        told = mark(move.workspace, fid)
        move.patches.before(path, function.start, f"{told}async ")
        if told:
            move.imports[Import(path, "pytest")] = None
        if name:
            move.patches.instead(path, match.start(1), match.end(1), name)
        if fid in move.turned.generators:
            _generator(move, move.code(path), function)


def _generator(move: Move, code: Code, function: Function) -> None:
    """Have a generator yield to asynchronous iteration."""
    scope = code.tree.function(function.start)
    if scope is None:
        raise RefusedError(f"`{function.qualname}` is written unusually")
    inner = {(use.start, use.end) for use in move.turned.uses if use.path == code.path}
    for each in scope["body"].own():
        if each.kind == "Return" and each.has("value"):
            raise RefusedError(f"`{function.qualname}` is a generator that returns a value")
        if each.kind == "Yield" and each.has("value") and each["value"].kind == "From":
            _yield_from(move, code, each, inner)
    if scope.has("returns"):
        _annotation(move, code, scope["returns"]["annotation"])


def _yield_from(move: Move, code: Code, node: Node, inner: set[tuple[int, int]]) -> None:
    """Write `yield from` as the loop that it is."""
    statement = node.statement
    if node.parent is None or node.parent.kind != "Expr":
        raise RefusedError(f"what `yield from` gives is used ({code.path}:{code.row(node)})")
    item = node["value"]["item"]
    used = {each.text for each in node.function["body"].walk() if each.kind == "Name"}  # type: ignore[index]
    name = next(each for each in ("item", "each", "element", "one") if each not in used)
    row = code.data[rows_of(code, statement)[0] : statement.start].decode()
    word = "async for" if (item.start, item.end) in inner else "for"
    move.patches.instead(code.path, node.start, item.start, f"{word} {name} in ")
    move.patches.around(code.path, item, "", f":\n{row}    yield {name}")


def _annotation(move: Move, code: Code, kind: Node) -> None:
    base = kind["value"] if kind.kind == "Subscript" else kind
    full = code.full_name(base)
    last = full.rpartition(".")[2]
    if last not in _ITERATORS:
        return
    if base.kind == "Attribute":
        told = f"{base['value'].text}.{_ITERATORS[last]}"
    else:
        told = move.bound(code.path, abstract_classes(move.workspace), _ITERATORS[last])
    move.patches.instead(code.path, base.start, base.end, told)


# Uses


def use(move: Move, each: Use) -> None:
    """Write one use of a function that turns."""
    code = move.code(each.path)
    if each.how == AWAITED:
        return
    if each.how == ENTER:
        _entered(move, code, each)
        return
    node = code.tree.at(each.start, each.end)
    if node is None or node.kind != "Call":
        raise RefusedError(f"a call in {each.path} is written in an unusual way")
    if each.how == HANDED:
        _handed(move, code, node)
        return
    name = move.turned.names[each.callee]
    if name:
        _rename(move, code, node, name)
    if each.callee in move.turned.generators:
        _iterated(move, code, node)
    elif each.how == RUN:
        asyncio = move.bound(each.path, "asyncio")
        move.patches.around(each.path, node, f"{asyncio}.run(", ")")
    else:
        awaited(move, code, node)


def _rename(move: Move, code: Code, call: Node, name: str) -> None:
    callee = call["func"]
    attr = callee["attr"] if callee.kind == "Attribute" else callee
    move.patches.instead(code.path, attr.start, attr.end, name)


def _entered(move: Move, code: Code, each: Use) -> None:
    for item in code.each("WithItem"):
        expression = item["item"]
        if (expression.start, expression.end) == (each.start, each.end):
            enter(move, code, item)
            return
    raise RefusedError(f"a `with` in {each.path} is written in an unusual way")


def _iterated(move: Move, code: Code, call: Node) -> None:
    """Iterate asynchronously over what a generator yields."""
    above = call.parent
    refuse_here(code, call)
    is_loop = above is not None and above.kind in ("For", "CompFor")
    if is_loop and above is not None and above["iter"].raw is call.raw:
        iterate(move, code, above)
    elif above is not None and above.kind == "From":
        return  # its own function writes it as a loop
    elif above is not None and above.kind == "Arg" and above.parent is not None:
        taker = above.parent
        brackets = {"list": "[]", "set": "{}"}.get(taker["func"].text)
        if brackets is None or len(taker.all("args")) != 1:
            raise RefusedError(f"a generator is passed on ({code.path}:{code.row(call)})")
        move.patches.instead(
            code.path, taker.start, call.start, f"{brackets[0]}item async for item in "
        )
        move.patches.instead(code.path, call.end, taker.end, brackets[1])
    else:
        raise RefusedError(f"a generator is kept ({code.path}:{code.row(call)})")


def _handed(move: Move, code: Code, call: Node) -> None:
    """Await the function itself that was handed to a thread."""
    given = call.all("args")
    at = next(
        index
        for index, each in enumerate(given[:2])
        if each["value"].kind in ("Attribute", "Name")
        and (index == 1 or len(given) == 1 or not _is_loopless(each))
    )
    handed = given[at]["value"]
    rest = given[at + 1 :]
    name = ""
    for use_ in move.turned.uses:
        if (use_.path, use_.start, use_.end) == (code.path, call.start, call.end):
            name = move.turned.names[use_.callee]
    if name:
        raise RefusedError(f"a method is handed on by its old name ({code.path})")
    move.patches.instead(code.path, call.start, handed.start, "")
    end = rest[0].start if rest else call.end
    move.patches.instead(code.path, handed.whole[1], end, "(" if rest else "()")


def _is_loopless(argument: Node) -> bool:
    return argument["value"].text == "None"
