"""Moves a unit of work to a thread: statements become a function of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Fix
from asyncfix.rewrites.handling import refuse_asking
from asyncfix.rewrites.names import free_name
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.threads import thread_call
from asyncfix.rewrites.updates import refuse_lost
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Applicability, Edit
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.threads import ThreadCall
    from asyncfix.syntax.tree import Node

_UNFIT = frozenset(("locals", "vars", "eval", "exec", "super", "asyncio", "anyio"))
_VERBS = {
    "file": ("read", "write_file"),
    "metadata": ("read", "touch_files"),
    "database": ("load", "update_database"),
    "network": ("fetch", "send"),
    "subprocess": ("run", "run_process"),
    "cpu": ("compute", "compute"),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """Consecutive statements of one block, and how their variables cross its border.

    `ends` tells that the function returns with the unit; `tail` is the last assignment, if its
    value is all that the unit gives.
    """

    statements: tuple[Node, ...]
    results: tuple[str, ...]
    shared: tuple[str, ...]
    ends: bool
    tail: Node | None


def unit_of_work(
    place: Place, statements: Sequence[Node], applicability: Applicability, notes: tuple[str, ...]
) -> Fix:
    """Return the fix that runs statements in a thread; raise RefusedError if they cannot move."""
    refuse_without_await(place, statements[0])
    refuse_lost(place.node, place.scope)
    refuse_asking(statements, place.scope)
    unit = unit_from(place.scope, statements)
    thread = thread_call(place)
    name = _name(place, unit)
    return Fix(
        title=f"Run it as a unit of work in a thread by `{thread.name}`",
        applicability=applicability,
        edits=tuple(_edits(place, unit, thread, name)),
        notes=notes,
        strategy="offload",
        imports=thread.imports,
    )


def unit_from(scope: Node, statements: Sequence[Node]) -> Unit:
    """Look at how statements hang together with the rest of their function."""
    word = scopes.awaits(statements)
    if word:
        raise RefusedError(f"the block that must move to a thread has `{word}` in it")
    jump = scopes.leaves(statements)
    if jump in ("break", "continue"):
        raise RefusedError(f"a `{jump}` leads out of the block that must move to a thread")
    ends = jump == "return"
    if ends and not _is_last(scope, statements[-1]):
        raise RefusedError("a `return` leads out of the block that must move to a thread")
    _refuse_unfit(statements)
    results, shared = _crossing(scope, statements, ends=ends)
    tail = _tail(statements[-1], results[0]) if len(results) == 1 else None
    if tail is not None and results[0] in shared:
        tail = None
    return Unit(tuple(statements), results, shared, ends, tail)


def _is_last(scope: Node, statement: Node) -> bool:
    """Tell whether the function is at its end when a statement is."""
    body = scopes.block(scope)
    return bool(body) and body[-1].raw is statement.raw


def _refuse_unfit(statements: Sequence[Node]) -> None:
    for statement in statements:
        for each in statement.walk():
            if each.kind in ("Global", "Nonlocal"):
                raise RefusedError(f"`{each.text}` stands in the block that must move to a thread")
            if each.kind == "Call" and each["func"].text == "next" and len(each.all("args")) == 1:
                raise RefusedError("`next` without a default may end the thread without a result")
        for name in scopes.names(statement):
            if name.text in _UNFIT:
                raise RefusedError(f"`{name.text}` means something else in another function")


def _crossing(
    scope: Node, statements: Sequence[Node], *, ends: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names to be returned, and those that the function around goes on sharing."""
    bound = scopes.bound_in(statements)
    declared = {
        name.text
        for each in scope["body"].own()
        if each.kind in ("Global", "Nonlocal")
        for name in scopes.names(each)
    }
    if bound & declared:
        raise RefusedError("the block assigns a variable that is declared global or nonlocal")
    start, end = statements[0].start, statements[-1].end
    around = [each for each in scopes.names(scope) if not start <= each.start < end]
    live = scopes.live_after(scope, statements)
    captured = {each.text for each in around if _is_captured(scope, each)}
    outside = _bound_outside(scope, start, end)
    early = scopes.read_first(statements)
    sure = scopes.surely_bound(statements)
    results: list[str] = []
    shared: list[str] = []
    for name in sorted(bound):
        needed = name in live and not ends
        if name in captured or name in early or (needed and sure is not None and name not in sure):
            if name not in outside:
                raise RefusedError(f"`{name}` may have no value when the block ends")
            shared.append(name)
        elif needed:
            results.append(name)
    results.sort(key=lambda name: _first_place(statements, name))
    return tuple(results), tuple(shared)


def _first_place(statements: Sequence[Node], name: str) -> int:
    return min(
        (each.start for part in statements for each in scopes.names(part) if each.text == name),
        default=0,
    )


def _bound_outside(scope: Node, start: int, end: int) -> set[str]:
    """Return what a function binds outside of a stretch of it."""
    found = {each["name"].text for each in scope["params"].walk() if each.kind == "Param"}
    for each in scope["body"].own():
        if start <= each.start < end:
            continue
        places = [name for name in scopes.names(each) if not start <= name.start < end]
        found |= scopes.bound_by(each) & ({name.text for name in places} | _labelled(each))
    return found


def _labelled(node: Node) -> set[str]:
    """Return the names of definitions and imports, which are no variables in the syntax."""
    return (
        scopes.bound_by(node) if node.kind in ("ClassDef", "FunctionDef", "ImportAlias") else set()
    )


def _is_captured(scope: Node, name: Node) -> bool:
    """Tell whether a function within the function uses the variable of the outer one."""
    function = name.function
    return function is not None and function.raw is not scope.raw


def _tail(statement: Node, name: str) -> Node | None:
    """Return the assignment of a name that ends a statement, or the `with` that it is."""
    while statement.kind == "With":
        statement = scopes.block(statement)[-1]
    if statement.kind != "SimpleStatementLine" or len(statement.children) != 1:
        return None
    line = statement.children[0]
    if line.kind != "Assign" or len(line.all("targets")) != 1:
        return None
    target = line.all("targets")[0]["target"]
    return line if target.kind == "Name" and target.text == name else None


# Writing


def _name(place: Place, unit: Unit) -> str:
    reading, doing = _VERBS.get(place.target.effect or "", ("get", "wait"))
    if unit.statements[0].kind == "For" and place.target.effect in ("file", "metadata"):
        doing = "visit_files"
    told = "_and_".join(unit.results[:2]).lstrip("_")
    wanted = f"{reading}_{told}" if told else doing
    if unit.ends or len(unit.statements) == len(scopes.block(place.scope)):
        wanted = f"{place.scope['name'].text}_sync"
    return free_name(place.workspace, place.path, place.scope, wanted)


def _edits(place: Place, unit: Unit, thread: ThreadCall, name: str) -> Iterator[Edit]:
    data = place.workspace.text(place.path).data
    newline = place.workspace.text(place.path).newline
    first, last = unit.statements[0], unit.statements[-1]
    begin = data.rfind(b"\n", 0, first.start) + 1
    indent = data[begin : first.start].decode()
    if indent.strip():
        raise RefusedError("the statement shares its row with another")
    step = _step(place.scope, indent)
    head = f"{indent}def {name}():{newline}"
    if unit.shared:
        head += f"{indent}{step}nonlocal {', '.join(unit.shared)}{newline}"
    before = "" if _opens_block(data, begin) else newline
    yield place.replaced(begin, begin, before + head + step)
    end = _row_end(data, last.end)
    for offset in _rows(unit.statements, data, _row_end(data, begin), end):
        yield place.replaced(offset, offset, step)
    if unit.tail is not None:
        yield place.replaced(unit.tail.start, unit.tail["value"].start, "return ")
    foot = ""
    if unit.results and unit.tail is None:
        foot = f"{indent}{step}return {', '.join(unit.results)}{newline}"
    call = f"await {thread.opening}{name})"
    left = f"{', '.join(unit.results)} = " if unit.results else "return " if unit.ends else ""
    bare = "" if data[:end].endswith(b"\n") else newline
    yield place.replaced(end, end, f"{bare}{foot}{newline}{indent}{left}{call}{newline}")


def _opens_block(data: bytes, begin: int) -> bool:
    """Tell whether a comment, a blank row or the head of the block stands above an offset."""
    above = data[:begin].rstrip(b"\r\n")
    row = above[above.rfind(b"\n") + 1 :].strip()
    blank = data[:begin].replace(b"\r", b"").endswith(b"\n\n")
    return blank or row.endswith(b":") or row.startswith(b"#")


def _step(scope: Node, indent: str) -> str:
    """Return by what the file indents a block."""
    inner = scopes.block(scope)
    if "\t" in indent:
        return "\t"
    body = inner[0].start if inner else 0
    head = scope.start
    column = _column(scope, body) - _column(scope, head)
    return " " * (column if 0 < column <= 8 else 4)


def _column(scope: Node, offset: int) -> int:
    data = scope.tree.data
    return offset - (data.rfind(b"\n", 0, offset) + 1)


def _row_end(data: bytes, offset: int) -> int:
    at = data.find(b"\n", offset)
    return len(data) if at < 0 else at + 1


def indented(place: Place, statements: Sequence[Node], head: str) -> Iterator[Edit]:
    """Yield the edits that put statements into a block of their own below a head."""
    data, newline = place.workspace.text(place.path).data, place.workspace.text(place.path).newline
    first, last = statements[0], statements[-1]
    begin = data.rfind(b"\n", 0, first.start) + 1
    indent = data[begin : first.start].decode()
    if indent.strip():
        raise RefusedError("the statement shares its row with another")
    step = _step(place.scope, indent)
    yield place.replaced(begin, begin, f"{indent}{head}{newline}{step}")
    for offset in _rows(statements, data, _row_end(data, begin), _row_end(data, last.end)):
        yield place.replaced(offset, offset, step)


def _rows(statements: Sequence[Node], data: bytes, begin: int, end: int) -> Iterator[int]:
    """Yield where the rows of a unit begin, but not within its texts and not the blank ones."""
    texts = [
        (each.start, each.end)
        for statement in statements
        for each in statement.walk()
        if each.kind in ("SimpleString", "FormattedString")
    ]
    at = begin
    while at < end:
        row_end = _row_end(data, at)
        inside = any(start < at < stop for start, stop in texts)
        if not inside and data[at:row_end].strip():
            yield at
        at = row_end
