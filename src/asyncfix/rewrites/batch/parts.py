"""Parts of a function that becomes one for many: what runs once, and how answers are collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.code import indent_of
from asyncfix.rewrites.batch.frame import assigned
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.syntax.tree import Node


@dataclass(frozen=True)
class Out:
    """How a twin collects its answers."""

    found: str
    kind: str
    key: str

    @property
    def opening(self) -> str:
        """Return what stands before an answer."""
        return f"{self.found}.append(" if self.kind == "list" else f"{self.found}[{self.key}] = "

    @property
    def closing(self) -> str:
        """Return what stands behind an answer."""
        return ")" if self.kind == "list" else ""

    def put(self, value: str) -> str:
        """Return the code that notes an answer."""
        return f"{self.opening}{value}{self.closing}"


def head(block: Node) -> Node:
    """Return what a `with` of one item enters."""
    items = block.all("items")
    return items[0] if len(items) == 1 else block


def serves(statement: Node, later: Sequence[Node], places: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a statement only makes what the places in some others use."""
    line = statement.children[0] if statement.children else statement
    if statement.kind != "SimpleStatementLine" or len(statement.children) != 1:
        return False
    if line.kind in ("Import", "ImportFrom"):
        return True
    if line.kind != "Assign":
        return False
    names = assigned(line)
    uses = [each for part in later for each in scopes.names(part) if each.text in names]
    return bool(names) and all(
        any(start <= each.start and each.end <= end for start, end in places) for each in uses
    )


def up_to(node: Node, rest: Sequence[Node]) -> list[Node]:
    """Return the nodes above one, up to the statement among some others that it stands in."""
    found = []
    for each in node.parents:
        found.append(each)
        if any(each.raw is part.raw for part in rest):
            break
    return found


def is_text(statement: Node) -> bool:
    """Tell whether a statement is a docstring."""
    line = statement.children[0] if statement.children else statement
    return (
        statement.kind == "SimpleStatementLine"
        and line.kind == "Expr"
        and line["value"].kind in ("SimpleString", "ConcatenatedString")
    )


def returns(rest: Sequence[Node], out: Out, path: str, step: str) -> list[Edit]:
    """Return the edits by which statements note answers where they returned one, and go on.

    `step` is what moves the rows that they stand in.
    """
    found = []
    for statement in rest:
        for each in (statement, *statement.own()):
            if each.kind != "Return":
                continue
            if any(p.kind in ("For", "While") for p in up_to(each, rest)):
                raise RefusedError("a `return` stands in a loop of the helper")
            is_last = each.parent is not None and each.parent.raw is rest[-1].raw
            tail = "" if is_last else f"\n{indent_of(each.statement)}{step}continue"
            if not each.has("value"):
                found.append(Edit(Location(path, each.start, each.end), out.put("None") + tail))
                continue
            begin, end = each["value"].whole
            found.append(Edit(Location(path, each.start, begin), out.opening))
            found.append(Edit(Location(path, end, end), out.closing + tail))
    return found
