"""Rewrites of work per item: one question for all items, before the loop that asked them singly."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.batch.at_once import gathered
from asyncfix.rewrites.batch.documents import LIBRARIES, documents_once
from asyncfix.rewrites.batch.eager import eager
from asyncfix.rewrites.batch.frame import called_at
from asyncfix.rewrites.batch.helper import called, twin_once
from asyncfix.rewrites.batch.known import kept, reused
from asyncfix.rewrites.batch.listed import listed
from asyncfix.rewrites.batch.loop import loop_around, refuse_again
from asyncfix.rewrites.batch.orm import query_once
from asyncfix.rewrites.batch.querysets import queryset_once
from asyncfix.rewrites.batch.raw import driver_of, sent, statement_once
from asyncfix.rewrites.batch.saves import committed_once, written_together
from asyncfix.rewrites.batch.together import together
from asyncfix.rewrites.batch.under import caught_around
from asyncfix.rewrites.batch.wrapped import wrapped
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.project.work import PerItem
    from asyncfix.rewrites.batch.frame import Frame, Once, Step
    from asyncfix.rewrites.batch.loop import Looped
    from asyncfix.rewrites.workspace import Workspace

STRATEGY = "batch"
_KINDS = ("read", "execute", "request", "insert", "write", "commit")
_ORMS = ("sqlalchemy", "sqlmodel")


def _batched(workspace: Workspace, finding: Finding) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrites that may serve for work per item."""
    yield STRATEGY, lambda: _once(workspace, finding)


def _loaded(workspace: Workspace, finding: Finding) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrites that may serve for a relationship that is read per item."""
    yield STRATEGY, lambda: eager(workspace, finding)


def _known(
    rewrite: Callable[[Workspace, Finding], Fix],
) -> Callable[[Workspace, Finding], Iterator[tuple[str, Callable[[], Fix]]]]:
    """Return what yields the one rewrite that may serve for a query."""
    return lambda workspace, finding: iter([(STRATEGY, lambda: rewrite(workspace, finding))])


def _once(workspace: Workspace, finding: Finding) -> Fix:
    """Return the fix that asks once for all items of a loop, or for some at a time."""
    item = _item(finding, workspace)
    if item.way.kind not in _KINDS:
        raise RefusedError(f"`{finding.rule}` has no batched form for this")
    where = finding.location
    tree = workspace.tree(where)
    node = tree.at(where.start, where.end) if tree else None
    if node is None or node.function is None:
        raise RefusedError("the code at the place is no expression of a function")
    looped = loop_around(workspace, where.path, item.instance, node, node.function)
    if item.way.kind == "request":
        return _fix("Send some requests at a time", looped, together(looped, node, item))
    frame = looped.frame
    step = next(
        (each for each in frame.steps if (each.start, each.end) == (where.start, where.end)), None
    )
    if step is None:
        raise RefusedError("the place is not in the loop any more")
    if item.way.kind == "commit":
        return _fix("Commit once", looped, committed_once(looped, node))
    if item.way.kind in ("insert", "write"):
        return _fix("Write all rows in one go", looped, written_together(looped, node, step))
    refuse_again(looped)
    once, _ = _asked(frame, step, 0)
    _check_writes(frame, step, once)
    if not once.doubts:
        with suppress(RefusedError):
            return listed(looped, step)
    return _fix("Ask once for all items", looped, once)


def _fix(title: str, looped: Looped, once: Once) -> Fix:
    return Fix(
        title=title,
        applicability=Applicability.DISPLAY_ONLY if once.doubts else Applicability.UNSAFE,
        edits=tuple(dict.fromkeys(looped.made(once))),
        notes=tuple(dict.fromkeys(once.doubts or once.notes)),
        strategy=STRATEGY,
        imports=tuple(dict.fromkeys(once.imports)),
    )


def _item(finding: Finding, workspace: Workspace) -> PerItem:
    """Return the work per item that a finding is about."""
    graph, where = workspace.project.graph, finding.location
    for each in workspace.project.per_item:
        if (
            (each.start, each.end) == (where.start, where.end)
            and graph.path(each.instance) == where.path
            and each.way.kind == finding.sink.effect
        ):
            return each
    raise RefusedError("the way to what asks is not known any more")


def _asked(frame: Frame, step: Step, deep: int) -> tuple[Once, str]:
    """Return what asks once for a step of a frame, and the code of one item's answer."""
    once, answer = _form(frame, step, deep)
    caught = caught_around(called_at(frame, step.start, step.end), frame.body)
    if any(not once.raises or not each.endswith(once.raises) for each in caught):
        once.doubts.append("an error of the query would no longer be caught for each item alone")
    return once, answer


def _form(frame: Frame, step: Step, deep: int) -> tuple[Once, str]:
    call = called_at(frame, step.start, step.end)
    if step.asked is not None:
        name = step.asked.name
        if driver_of(name) is not None:
            return statement_once(frame, call, sent(name))
        if name.partition(".")[0] in _ORMS:
            return query_once(frame, call, name)
        if name.startswith("django.db."):
            return queryset_once(frame, call, name, deep)
        if name.partition(".")[0] in LIBRARIES:
            return documents_once(frame, call, name)
        raise RefusedError(f"no batched form of `{name}` is known")
    passes = wrapped(frame, step.edges)
    if passes is not None:
        return statement_once(frame, call, passes)
    return twin_once(frame, call, called(frame, call, step.edges), _asked, deep)


def _check_writes(frame: Frame, asked: Step, once: Once) -> None:
    """Doubt a rewrite of a loop that writes what it may read again."""
    doubt = "the loop writes to a store, and later items may read what it wrote"
    kinds = {each.asked.query.kind for each in frame.steps if each.asked and each != asked}
    if kinds - {"read", "execute", "request"}:
        once.doubts.append(doubt)
        return
    project = frame.workspace.project
    spans = [(each.start, each.end) for each in frame.body]
    for each in project.per_item:
        inside = any(start <= each.start and each.end <= end for start, end in spans)
        if each.instance != frame.instance or not inside or each.start == asked.start:
            continue
        if each.way.kind not in ("read", "request"):
            once.doubts.append(doubt)
            return


REWRITES = {
    "work-per-item": _batched,
    "lazy-load": _loaded,
    "loop-invariant-query": _known(kept),
    "repeated-query": _known(reused),
    "sequential-awaits": _known(gathered),
}
