"""Moves what blocks to a thread: a call, an expression, an iteration, or a whole block."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites import nested
from asyncfix.rewrites.callee import refuse_bound
from asyncfix.rewrites.hand_over import handed, in_lambda, in_parentheses, listed, stored
from asyncfix.rewrites.locks import held, refuse_taken
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.place import refuse_position, refuse_without_await
from asyncfix.rewrites.threads import thread_call
from asyncfix.rewrites.unit import unit_of_work
from asyncfix.rewrites.updates import is_tested
from asyncfix.rewrites.work import statements_of_work
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.findings import Edit, Import
    from asyncfix.rewrites.place import Place
    from asyncfix.rewrites.threads import ThreadCall
    from asyncfix.syntax.tree import Node

STRATEGY = "offload"
_ELSEWHERE = (
    "the function runs in another thread: it must not rely on thread-local or context variables "
    "that it sets, nor on objects that other tasks use at the same time"
)
_TWICE = "two tasks that find it missing at the same time both make it: the last one stays"
_COLLECTORS = frozenset(
    "list sorted tuple set frozenset dict sum len max min any all".split()  # noqa: SIM905 - a list has a line for each
)
_CHANGES = frozenset(("remove", "clear", "append", "extend", "insert", "pop", "sort", "reverse"))
_OTHER_LOOP = (
    "the thread has a loop of its own: connections, locks and tasks of this one do not work in it"
)


def offload(place: Place) -> Fix:
    """Return the fix that runs a place in a thread; raise RefusedError where that is not right."""
    if not place.scope.is_async and not place.turns:
        refuse_without_await(place)
    refuse_bound(place)
    locks = held(place.workspace, place.path, place.node, place.scope)
    if locks:
        return unit_of_work(place, [locks[-1].block], Applicability.UNSAFE, notes(place))
    parent = place.node.parent
    if place.is_direct and place.target.offload == "no":
        return _unit(place)
    if parent is not None and parent.kind == "WithItem":
        return _entered(place, parent)
    refuse_without_await(place)
    if parent is not None and parent.kind == "Await":
        raise RefusedError("what it returns is awaited: it may be bound to the running loop")
    if place.is_direct and place.target.lazy:
        return _lazy(place, parent)
    if place.is_stored:
        try:
            edits = stored(place, place.node, thread_call(place))
        except RefusedError:
            return _unit(place)
        return _fix(place, thread_call(place), edits, ())
    if parent is not None and place.is_iterated and parent.kind in ("For", "CompFor"):
        return _iterated(place, parent)
    thread = thread_call(place)
    if place.node.kind == "Call":
        return _fix(place, thread, *handed(place, place.node, thread))
    alike = _alike(place)
    only = len(alike) == 1
    edits = [edit for each in alike for edit in in_lambda(place, each, thread, only=only)]
    return _fix(place, thread, edits, ())


def _fix(
    place: Place, thread: ThreadCall, edits: list[Edit], imports: tuple[Import, ...], *more: str
) -> Fix:
    return Fix(
        title=f"Run it in a thread by `{thread.name}`",
        applicability=applicability(place),
        edits=tuple(edits),
        notes=(*notes(place), *more),
        strategy=STRATEGY,
        imports=(*thread.imports, *imports),
    )


def _unit(place: Place) -> Fix:
    statements = statements_of_work(place)
    if _is_one_call(place.node, statements):
        thread = thread_call(place)
        fix = _fix(place, thread, *handed(place, place.node, thread))
        return replace(fix, applicability=Applicability.UNSAFE)
    return unit_of_work(place, statements, Applicability.UNSAFE, notes(place))


def _is_one_call(node: Node, statements: Sequence[Node]) -> bool:
    """Tell whether a unit is a single call of something that is there: it needs no function."""
    if len(statements) != 1 or node.kind != "Call" or node.text.count("(") != 1:
        return False
    simple = rf"(\w+ = |return )?{re.escape(node.text)}"
    return re.fullmatch(simple, statements[0].text.strip()) is not None


def _entered(place: Place, item: Node) -> Fix:
    """Move a whole `with` to a thread, or else what enters and leaves it."""
    block = item.parent
    if block is None or block.kind != "With":
        raise RefusedError("the place is entered in an unusual way")
    try:
        return unit_of_work(place, [block], applicability(place), notes(place))
    except RefusedError:
        if not _can_be_async_with(place, block):
            raise
        refuse_taken(place.workspace, place.path, place.node, place.scope)
    thread = thread_call(place)
    module = thread.imports[0].module if thread.imports else "starlette.concurrency"
    name, imports = bound(
        place.workspace, place.path, place.scope, module, "contextmanager_in_threadpool"
    )
    edits = [
        place.replaced(block.start, block.start, "async "),
        *in_parentheses(place, place.node, f"{name}("),
    ]
    return Fix(
        title=f"Enter and leave it in threads by `{name}`",
        applicability=Applicability.UNSAFE,
        edits=tuple(edits),
        notes=notes(place),
        strategy=STRATEGY,
        imports=imports,
    )


def _can_be_async_with(place: Place, block: Node) -> bool:
    """Tell whether only entering and leaving block, and FastAPI's wrapper is at hand."""
    kinds = {edge.kind for chain in place.chains for edge in chain.edges[:1]}
    steps = kinds <= {"with", "enter", "exit"} and not place.is_direct
    is_web = "fastapi" in place.workspace.facts(place.path).imports
    return steps and is_web and len(block.all("items")) == 1 and not block.is_async


def _iterated(place: Place, loop: Node) -> Fix:
    """Collect in a thread what a loop iterates over; one that may stop early moves as a whole."""
    if loop.kind == "For":
        if scopes.leaves(scopes.block(loop)):
            return unit_of_work(place, [loop], Applicability.UNSAFE, notes(place))
        if loop.is_async:
            raise RefusedError("the loop is asynchronous already")
    elif place.node.comprehension is not None:
        raise RefusedError("an inner loop of a comprehension cannot be collected before")
    thread = thread_call(place)
    edits = listed(place, place.node, thread, called=place.is_called)
    return _fix(place, thread, edits, (), "all items are collected before the first is used")


def _lazy(place: Place, parent: Node | None) -> Fix:
    """Move to a thread all that is read of something, by a loop or by what collects it at once."""
    if parent is not None and parent.kind == "For" and _is_steered(parent):
        return unit_of_work(place, [parent], Applicability.UNSAFE, notes(place))
    if parent is not None and parent.kind in ("For", "CompFor"):
        return _iterated(place, parent)
    call = parent.parent if parent is not None and parent.kind == "Arg" else None
    if call is None or call.kind != "Call" or call["func"].text not in _COLLECTORS:
        raise RefusedError("it blocks while it is iterated, and where that is done is not known")
    refuse_position(call, place.scope)
    thread = thread_call(place)
    return _fix(place, thread, in_lambda(place, call, thread, only=True), ())


def _is_steered(loop: Node) -> bool:
    """Tell whether a loop changes in place what it gets, as one over `os.walk` prunes folders."""
    names = scopes.targets(loop["target"])
    for each in loop["body"].walk():
        if each.kind == "Subscript" and each["value"].text in names and _is_written(each):
            return True
        if (
            each.kind == "Attribute"
            and each["value"].text in names
            and each["attr"].text in _CHANGES
        ):
            return True
    return False


def _alike(place: Place) -> list[Node]:
    """Return the expressions of the function that read the same: a finding tells the first only."""
    node = place.node
    wanted = (node.kind, node.text, _is_member_test(node))
    found: list[Node] = []
    for each in place.scope["body"].own():
        if (each.kind, each.text, _is_member_test(each)) != wanted or _is_written(each):
            continue
        whole = each.parent.parent if wanted[2] and each.parent is not None else each
        if whole is None or (found and whole.start < found[-1].end):
            continue
        if whole.comprehension is None or whole.comprehension.kind != "GeneratorExp":
            found.append(whole)
    return found


def _is_member_test(node: Node) -> bool:
    """Tell whether a node is what an `in` looks into; then the whole comparison must move."""
    return node.parent is not None and node.parent.kind == "ComparisonTarget"


def _is_written(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.kind == "Annotation":
        return True
    if parent.kind in ("AssignTarget", "Del"):
        return True
    return parent.kind in ("AnnAssign", "AugAssign") and parent["target"].raw is node.raw


def applicability(place: Place) -> Applicability:
    """Return how sure it is that the call does the same in a thread."""
    safe = place.is_direct and place.target.offload == "safe"
    safe = safe and not is_tested(place.node, place.scope)
    return Applicability.SAFE if safe else Applicability.UNSAFE


def notes(place: Place) -> tuple[str, ...]:
    """Say what may differ in a thread, and while the function waits for it."""
    twice = (_TWICE,) if is_tested(place.node, place.scope) else ()
    return (*_of_thread(place), *twice)


def _of_thread(place: Place) -> tuple[str, ...]:
    if applicability(place) == Applicability.SAFE:
        return ()
    if place.rule.check == nested.CHECK:
        return (_ELSEWHERE, _OTHER_LOOP)
    if place.is_direct:
        told = place.target.notes or "the object must not be used by two threads at a time"
        return (told,)
    return (_ELSEWHERE,)
