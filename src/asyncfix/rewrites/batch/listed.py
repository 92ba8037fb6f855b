"""A number that a loop asks for each row of a list: asked with the list, in a column of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.rewrites.batch.code import indent_of, row_end, row_start, spliced
from asyncfix.rewrites.batch.frame import assigned, called_at
from asyncfix.rewrites.batch.helper import called
from asyncfix.rewrites.batch.listing import Listing, listing_of, value_of
from asyncfix.rewrites.batch.plain_rows import Method, method_at
from asyncfix.rewrites.references import refuse_faked
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame, Step
    from asyncfix.rewrites.batch.loop import Looped
    from asyncfix.syntax.tree import Node

_FIELD = re.compile(r"(\w+)\[(['\"])(\w+)\2\]")
_NOTE = "one statement reads the rows and what is asked for each: it sees both at the same moment"


def listed(looped: Looped, step: Step) -> Fix:
    """Return the fix by which the query of the items gives what a loop asks for each of them."""
    frame = looped.frame
    call = called_at(frame, step.start, step.end)
    to = called(frame, call, step.edges)
    field = _FIELD.fullmatch(to.given.text)
    if field is None or field[1] != frame.target or frame.test:
        raise RefusedError("the key is no column of the item")
    over = _over(looped)
    if not over["func"].text.startswith(f"{_receiver(call)}.") or frame.varies(over):
        raise RefusedError("the items come from another object")
    _refuse_seen(looped, call)
    outer = method_at(frame.workspace, _callee(frame, over))
    asked = value_of(frame.workspace, method_at(frame.workspace, to.edge.callee), to.name)
    listing = listing_of(frame.workspace, outer, asked, field[3])
    for name in {outer.name, listing.method.name, asked.method.name}:
        refuse_faked(frame.workspace, name)
    twin = _Twin(listing, outer)
    top = _awaited(call)
    func = over["func"]["attr"]
    edits = [
        *twin.edits(),
        Edit(Location(frame.path, func.start, func.end), twin.name),
        Edit(Location(frame.path, *top.whole), f'{frame.target}.pop("{asked.column}")'),
    ]
    return Fix(
        title="Ask with the list",
        applicability=Applicability.UNSAFE,
        edits=tuple(dict.fromkeys(edits)),
        notes=(_NOTE,),
        strategy="batch",
    )


def _awaited(call: Node) -> Node:
    above = call.parent
    return above if above is not None and above.kind == "Await" else call


def _receiver(call: Node) -> str:
    func = call["func"]
    if func.kind != "Attribute":
        raise RefusedError("the helper is no method")
    return func["value"].text


def _callee(frame: Frame, call: Node) -> int:
    """Return the one method that a call leads to."""
    reach = frame.workspace.project.work.reach
    found = {
        edge.callee
        for edge in reach.outgoing[frame.instance]
        if (edge.start, edge.end) == (call.start, call.end) and edge.kind in ("call", "await")
    }
    if len(found) != 1:
        raise RefusedError("where the items come from is not told")
    return found.pop()


def _over(looped: Looped) -> Node:
    """Return the call that gives the items: in the head of the loop, or in a row before it."""
    node, frame = looped.node, looped.frame
    over = node["iter"] if node.kind == "For" else node["for_in"]["iter"]
    if over.kind == "Name":
        over = _assigned(looped, over.text)
    over = over["expression"] if over.kind == "Await" else over
    if over.kind != "Call" or over["func"].kind != "Attribute" or frame.target == "":
        raise RefusedError("the items are no answer of a method")
    return over


def _assigned(looped: Looped, name: str) -> Node:
    """Return what a variable is set to in the block of the loop, with no query in between."""
    frame, statement = looped.frame, looped.statement
    above = statement.parent
    rows = [e for e in (above.children if above is not None else ()) if e.start < statement.start]
    makers = [e for e in frame.scope["body"].own() if name in scopes.bound_by(e)]
    at = next((i for i, row in enumerate(rows) if any(_makes(e, name) for e in row.children)), -1)
    if at < 0 or len(makers) != 1:
        raise RefusedError("the items come from further away")
    start, end = rows[at].end, statement.start
    graph, reach = frame.workspace.project.graph, frame.workspace.project.work.reach
    asks = [e.start for e in graph.asked[frame.instance]]
    asks += [e.start for e in reach.outgoing[frame.instance] if e.callee in reach.reaching]
    used = any(each.text == name for row in rows[at + 1 :] for each in scopes.names(row))
    if used or any(start <= each < end for each in asks):
        raise RefusedError("something else is asked before the loop")
    return rows[at].children[0]["value"]


def _makes(line: Node, name: str) -> bool:
    return line.kind == "Assign" and len(line.all("targets")) == 1 and name in assigned(line)


def _refuse_seen(looped: Looped, call: Node) -> None:
    """Refuse a loop in which an item could be seen with the column that is taken from it."""
    frame = looped.frame
    if scopes.leaves(frame.body):
        raise RefusedError("the loop may leave an item before it asks")
    tops = [part.raw for part in frame.body]
    for each in call.parents:
        if each.kind in (
            "If",
            "IfExp",
            "BooleanOperation",
            "Try",
            "While",
            "For",
            "With",
            "Lambda",
        ):
            raise RefusedError("not every item asks")
        if each.raw in tops:
            break
    for part in frame.body:
        for use in scopes.names(part):
            above = use.parent
            reads = above is not None and above.kind == "Subscript"
            is_late = looped.node.kind == "For" and use.start > call.end
            if use.text == frame.target and not reads and not is_late:
                raise RefusedError("an item is handed on before it asks")


@dataclass(frozen=True)
class _Twin:
    """The method that gives the items, once more, with a column more in its statement."""

    listing: Listing
    outer: Method

    @property
    def name(self) -> str:
        """Return the name of the twin."""
        return f"{self.outer.name}_with_{self.listing.asked.column}"

    def edits(self) -> list[Edit]:
        """Return the edits that write the twin below the method."""
        node, path = self.outer.node, self.outer.path
        name, first = node["name"], scopes.block(node)[0]
        asked = self.listing.asked.method.name
        told = f'"""Do what `{self.outer.name}` does; each row tells what `{asked}` gives, too."""'
        inner = [Edit(Location(path, name.start, name.end), self.name)]
        at = row_start(first)
        text = f"{indent_of(first)}{told}\n"
        is_text = first.children[0].kind == "Expr" and first.children[0].text[:1] in "'\"rR"
        inner.append(Edit(Location(path, at, row_end(first) if is_text else at), text))
        outside = [each for each in self.listing.edits() if not _within(each, node, path)]
        own = [each for each in self.listing.edits() if _within(each, node, path)]
        end = row_end(scopes.block(node)[-1])
        code = spliced(node.tree.data, row_start(node), end, [*inner, *own])
        return [*outside, Edit(Location(path, end, end), f"\n{code}")]


def _within(edit: Edit, node: Node, path: str) -> bool:
    where = edit.location
    return where.path == path and node.start <= where.start and where.end <= node.end
