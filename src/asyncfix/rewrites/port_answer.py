"""What a ported function does with the answers that it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.rewrites.port import Ported
    from asyncfix.syntax.tree import Node

_TIGHT = (
    "Attribute",
    "Subscript",
    "Call",
    "BinaryOperation",
    "Comparison",
    "ComparisonTarget",
    "Await",
)


def answer_edits(moved: Ported) -> list[Edit]:
    """Return the edits of every use of an answer; raise RefusedError for one that differs."""
    found: list[Edit] = []
    names: set[str] = set()
    for call in moved.calls:
        parent = call.parent
        if parent is None or parent.kind == "Expr":
            continue
        if parent.kind == "Attribute":
            found += _use(moved, parent, at_once=True)
        elif parent.kind == "Assign":
            names.add(_variable(parent))
        else:
            raise RefusedError("the answer is passed on, and others would get one of another kind")
    for name in sorted(names):
        found += _uses(moved, name)
    return found


def _variable(assign: Node) -> str:
    targets = assign.all("targets")
    if len(targets) != 1 or targets[0]["target"].kind != "Name":
        raise RefusedError("the answer is stored, and others would get one of another kind")
    return targets[0]["target"].text


def _uses(moved: Ported, name: str) -> Iterator[Edit]:
    starts = {call.parent.start for call in moved.calls if call.parent is not None}
    for each in scopes.names(moved.place.scope):
        if each.text != name:
            continue
        parent = each.parent
        if parent is not None and parent.kind == "AssignTarget":
            if parent.start not in starts:
                raise RefusedError(f"`{name}` is not always an answer of `{moved.library}`")
        elif parent is None or parent.kind != "Attribute":
            raise RefusedError("the answer is passed on, and others would get one of another kind")
        elif each.function is None or each.function.raw is not moved.place.scope.raw:
            raise RefusedError("a function within the function uses the answer")
        else:
            yield from _use(moved, parent, at_once=False)


def _use(moved: Ported, attribute: Node, *, at_once: bool) -> Iterator[Edit]:
    """Yield the edits of one attribute of an answer."""
    name = attribute["attr"].text
    template = moved.port.attributes.get(name)
    if template is None:
        raise RefusedError(f"`.{name}` of the answer has no counterpart")
    _check(moved, attribute, name)
    if template == f"{{}}.{name}":
        return
    if at_once:
        raise RefusedError(f"`.{name}` of the answer is written otherwise")
    told = template.format(attribute["value"].text)
    around = attribute.parent
    if told.startswith("not ") and around is not None:
        if around.kind == "UnaryOperation" and around["operator"].kind == "Not":
            yield moved.place.replaced(around.start, around.end, told.removeprefix("not "))
            return
        if around.kind in _TIGHT:
            told = f"({told})"
    yield moved.place.replaced(attribute.start, attribute.end, told)


def _check(moved: Ported, attribute: Node, name: str) -> None:
    """Refuse uses that look alike and mean something else."""
    around = attribute.parent
    if name == "headers" and not _is_looked_up(attribute):
        raise RefusedError("the names of headers are in lower case when they are listed")
    if name == "raise_for_status":
        if around is None or around.kind != "Call" or around.parent is None:
            raise RefusedError("`raise_for_status` is not called at once")
        if around.parent.kind != "Expr" or not _follows(moved):
            raise RefusedError("`raise_for_status` also raises for redirects")


def _follows(moved: Ported) -> bool:
    """Tell whether every call follows redirects, so that none is left to raise."""
    texts = [each.text for call in moved.calls for each in call.all("args")]
    names = {call["func"]["attr"].text for call in moved.calls}
    return not names & set(moved.port.no_follow) and "allow_redirects" not in " ".join(texts)


def _is_looked_up(attribute: Node) -> bool:
    around = attribute.parent
    if around is None:
        return False
    return around.kind == "Subscript" or (
        around.kind == "Attribute" and around["attr"].text == "get"
    )
