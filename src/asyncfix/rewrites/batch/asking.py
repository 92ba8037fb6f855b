"""A question in a loop, with all that leads from it to what the loop makes of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.code import (
    dedented,
    indent_of,
    inner_rows,
    row_end,
    row_start,
    spliced,
)
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

ANSWERS = frozenset(
    """fetchone fetchall first all one one_or_none scalar scalars scalar_one scalar_one_or_none
    mappings unique""".split()  # noqa: SIM905 - a list has a line for each
)


@dataclass
class Asking:
    """A call that asks, and what the body does until it has the answer.

    `methods` are called on the answer one after the other, `top` is the expression that is the
    answer, `dropped` the statements that only lead there.
    """

    frame: Frame
    call: Node
    methods: tuple[Node, ...]
    top: Node
    dropped: tuple[Node, ...]
    entered: Node | None = None  # `async with db.execute(…) as cursor`

    @property
    def names(self) -> list[str]:
        """Return the names of the methods that are called on the answer."""
        return [each["func"]["attr"].text for each in self.methods]

    @property
    def variable(self) -> str:
        """Return the variable that the answer is given to, if it is one."""
        above = self.top.parent
        if above is None or above.kind != "Assign" or len(above.all("targets")) != 1:
            return ""
        target = above.all("targets")[0]["target"]
        return target.text if target.kind == "Name" else ""

    @property
    def subscript(self) -> Node | None:
        """Return `answer[0]`, where nothing else becomes of the answer."""
        above = self.top.parent
        return above if above is not None and above.kind == "Subscript" else None

    def uses(self) -> list[Node]:
        """Return what becomes of the answer: where it, or its variable, is used."""
        name = self.variable
        if not name:
            return [self.top]
        return [
            each
            for part in self.frame.body
            for each in scopes.names(part)
            if each.text == name and not scopes.is_target(each)
        ]

    def shows(self) -> bool:
        """Tell whether one more column in a row could be seen, or a row of another type."""
        return any(not _is_discreet(each) for each in self.uses())

    def reads(self) -> tuple[bool, bool]:
        """Tell whether columns are read by name, and by number."""
        texts = [
            index.text
            for each in self.uses()
            if each.parent is not None
            and each.parent.kind == "Subscript"
            and each.parent["value"].raw is each.raw
            for index in each.parent.all("slice")
        ]
        return any(t[:1] in "'\"" for t in texts), any(t.isdigit() for t in texts)

    def before(self, edits: Iterable[Edit], name: str) -> list[str]:
        """Return the rows that ask, with some edits made, and give what they get to a variable."""
        made, data = list(edits), self.call.tree.data
        rows = [
            dedented(spliced(data, each.start, each.end, made), indent_of(each))
            for each in self.dropped
        ]
        statement = self.top.statement
        start, end = self.top.whole
        answer = dedented(spliced(data, start, end, made), indent_of(statement))
        if self.entered is None:
            return [*rows, f"{name} = {answer}"]
        body = self.entered["body"]
        head = spliced(data, self.entered.start, body.start, made).rstrip()
        return [*rows, dedented(head, indent_of(self.entered)), f"    {name} = {answer}"]

    def replaced(self, text: str, *, node: Node | None = None) -> list[Edit]:
        """Return the edits that put a look-up in the place of the answer."""
        path = self.frame.path
        start, end = (node or self.top).whole
        found = [Edit(Location(path, start, end), text)]
        found += [Edit(Location(path, row_start(each), row_end(each)), "") for each in self.dropped]
        if self.entered is not None:
            found += self._unwrapped(self.entered)
        return found

    def _unwrapped(self, block: Node) -> Iterator[Edit]:
        """Yield the edits that take the head of a `with`, and a step from its rows."""
        path, inner = self.frame.path, scopes.block(block)
        yield Edit(Location(path, row_start(block), row_start(inner[0])), "")
        step = len(indent_of(inner[0])) - len(indent_of(block))
        for at in inner_rows(inner, block.end):
            yield Edit(Location(path, at, at + step), "")


def asking(frame: Frame, call: Node) -> Asking:
    """Follow the answer to a call; raise RefusedError where it goes astray."""
    methods, dropped = [], []
    entered = None
    at = call
    while True:
        above = at.parent
        if above is None:
            raise RefusedError("nothing becomes of the answer")
        if above.kind == "Await":
            at = above
        elif above.kind == "Attribute" and _is_method(above):
            at = above.parent if above.parent is not None else above
            methods.append(at)
        elif above.kind == "Assign" and _leads(frame, above) is not None:
            use = _leads(frame, above)
            dropped.append(above.statement)
            at = use if use is not None else at
        elif above.kind == "WithItem" and _entered(frame, above) is not None:
            entered = above.parent
            at = _entered(frame, above) or at
        elif above.kind == "Expr":
            answer = _fetched(frame, call, above)
            dropped.append(above.statement)
            methods.append(answer)
            at = answer
        else:
            return Asking(frame, call, tuple(methods), at, tuple(dropped), entered)


def _is_method(attribute: Node) -> bool:
    above = attribute.parent
    called = above is not None and above.kind == "Call" and above["func"].raw is attribute.raw
    return called and attribute["attr"].text in ANSWERS


def _leads(frame: Frame, assign: Node) -> Node | None:
    """Return the one use of a variable that only leads on to the answer."""
    targets = assign.all("targets")
    if len(targets) != 1 or targets[0]["target"].kind != "Name":
        return None
    return _only_use(frame, targets[0]["target"].text)


def _only_use(frame: Frame, name: str) -> Node | None:
    found = [each for part in frame.body for each in scopes.names(part) if each.text == name]
    uses = [each for each in found if not scopes.is_target(each)]
    if len(uses) != 1 or len(found) != 2:
        return None
    above = uses[0].parent
    if above is None or above.kind != "Attribute" or not _is_method(above):
        return None
    return uses[0]


def _entered(frame: Frame, item: Node) -> Node | None:
    """Return the one use of what a `with` of a single item enters."""
    block = item.parent
    if block is None or len(block.all("items")) != 1 or not item.has("asname"):
        return None
    name = item["asname"]["name"]
    return _only_use(frame, name.text) if name.kind == "Name" else None


def _fetched(frame: Frame, call: Node, expression: Node) -> Node:
    """Return the call that fetches what a cursor has executed: the next on the same cursor."""
    func = call["func"]
    if func.kind != "Attribute":
        raise RefusedError("nothing becomes of the answer")
    cursor = func["value"].text
    later = [
        each
        for part in frame.body
        for each in (part, *part.own())
        if each.kind == "Call"
        and each.start > expression.end
        and each["func"].kind == "Attribute"
        and each["func"]["value"].text == cursor
    ]
    names = [each["func"]["attr"].text for each in later]
    if names[:1] not in (["fetchone"], ["fetchall"]) or names[1:2] in (["fetchone"], ["fetchall"]):
        raise RefusedError(f"what `{cursor}` fetches is not told by the next call on it")
    return later[0]


def _is_discreet(use: Node) -> bool:
    """Tell whether a use of a row reads one column, or asks whether there is a row."""
    above = use.parent
    if above is None:
        return False
    if above.kind == "Subscript":
        return above["value"].raw is use.raw and not above.text.rstrip("]").endswith((":", "-1"))
    if above.kind == "Attribute":
        outer = above.parent
        called = outer is not None and outer.kind == "Call" and outer["func"].raw is above.raw
        return not called
    if above.kind == "Comparison":
        return above.text.endswith((" None", "is None", "is not None"))
    tested = ("If", "IfExp", "While", "Assert")
    if above.kind in tested and above.has("test") and above["test"].raw is use.raw:
        return True
    return above.kind == "UnaryOperation" and above.text.startswith("not ")
