"""Errors that a function catches around all that it does: of an item, and of what asks for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.rewrites.batch.code import STEP, dedented, indent_of, indented, row_end, spliced
from asyncfix.rewrites.batch.parts import returns
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.findings import Edit
    from asyncfix.rewrites.batch.parts import Out
    from asyncfix.syntax.tree import Node

NOTE = "where the query itself fails, all items get what a failure gave to one"
_CONSTANTS = frozenset(("None", "True", "False"))
_CALM = frozenset(
    """SimpleStatementLine Assign AssignTarget Return Expr If Else IndentedBlock Name UnaryOperation
    Not SimpleString Integer Comparison ComparisonTarget Is IsNot NotOperator""".split()  # noqa: SIM905 - a list has a line for each
)


@dataclass(frozen=True)
class Tried:
    """A `try` around what a function does for `name`; its twin does that for all of `many`."""

    node: Node
    path: str
    name: str
    many: str

    def per_item(self, out: Out, indent: str) -> str:
        """Return the handlers of what is done for one item, within the loop."""
        rows = []
        for each in self._handlers:
            body = _block(each)
            text = self._moved(each, returns(body, out, self.path, ""))
            rows.append(text if scopes.surely_bound(body) is None else f"{text}\n{_last(out)}")
        return indented(rows, indent)

    def for_all(self, out: Out, indent: str) -> str:
        """Return the handlers of what asks: every item gets what one did."""
        return "".join(indented(self._all_of(each, out), indent) for each in self._handlers)

    @property
    def raises(self) -> bool:
        """Tell whether every error ends what is done, for all items."""
        bodies = [_block(each) for each in self._handlers]
        return all(_raises(body, self.name) for body in bodies)

    @property
    def _handlers(self) -> list[Node]:
        return self.node.all("handlers")

    def _all_of(self, handler: Node, out: Out) -> list[str]:
        body = _block(handler)
        data = self.node.tree.data
        head = data[handler.start : handler["body"].start].decode().rstrip()
        if self.raises:
            return [self._moved(handler, [])]
        only = body[0].children[0] if len(body) == len(body[0].children) == 1 else body[0]
        if only.kind == "Return":
            value = only["value"].text if only.has("value") else "None"
            return [head, f"{STEP}return {self._every(value, out)}"]
        text = self._moved(handler, returns(body, out, self.path, "")).partition("\n")[2]
        start = "[]" if out.kind == "list" else "{}"
        rows = [head, f"{STEP}{out.found} = {start}", f"{STEP}for {self.name} in {self.many}:"]
        rows += [f"{STEP}{row}" if row.strip() else row for row in text.split("\n")]
        if scopes.surely_bound(body) is not None:
            rows.append(f"{STEP}{_last(out)}")
        return [*rows, f"{STEP}return {out.found}"]

    def _every(self, value: str, out: Out) -> str:
        """Return the answers for all items, where each is the same code."""
        if out.kind == "list":
            return f"[{value} for {self.name} in {self.many}]"
        if value in _CONSTANTS:
            return f"dict.fromkeys({self.many}{'' if value == 'None' else f', {value}'})"
        return f"{{{self.name}: {value} for {self.name} in {self.many}}}"

    def _moved(self, handler: Node, edits: list[Edit]) -> str:
        """Return the code of a handler with some edits made, its `except` without indent."""
        end = row_end(_block(handler)[-1])
        text = spliced(self.node.tree.data, handler.start, end, edits)
        return dedented(text, indent_of(self.node)).rstrip()


def tried_in(
    statements: Sequence[Node], path: str, name: str, many: str, bound: set[str]
) -> Tried | None:
    """Return the one `try` among the blocks around what a function does; None without one."""
    found = [each for each in statements if each.kind == "Try"]
    if not found:
        return None
    if len(found) > 1:
        raise RefusedError("a `try` stands in another one")
    handlers = found[0].all("handlers")
    for each in handlers:
        texts = [part for part in each.walk() if part.kind.endswith("String")]
        if each["body"].kind != "IndentedBlock" or any("\n" in part.text for part in texts):
            raise RefusedError("a handler cannot be moved to another depth")
        made = any(part.text in bound for part in scopes.names(each["body"]))
        if made or any(part.kind == "Await" for part in each.walk()):
            raise RefusedError("a handler uses what is made for one item, or waits")
    tried = Tried(found[0], path, name, many)
    if not tried.raises and any(part.kind == "Raise" for e in handlers for part in e.walk()):
        raise RefusedError("an error is raised again for some items")
    return tried


def is_calm(rest: Sequence[Node], gone: Sequence[tuple[int, int]]) -> bool:
    """Tell whether statements raise nothing, but for the places that are replaced in them."""
    for statement in rest:
        for each in (statement, *statement.walk()):
            replaced = any(start <= each.start and each.end <= end for start, end in gone)
            if each.kind not in _CALM and not replaced and each.text.strip():
                return False
    return True


def _block(handler: Node) -> list[Node]:
    return scopes.block(handler)


def _raises(body: Sequence[Node], name: str) -> bool:
    """Tell whether a handler always raises, and does not tell of the item."""
    kinds = {each.kind for part in body for each in (part, *part.own())}
    used = {each.text for part in body for each in scopes.names(part)}
    ends = scopes.surely_bound(body) is None and "Return" not in kinds
    return ends and name not in used


def _last(out: Out) -> str:
    return f"{STEP}{out.put('None')}"
