"""Rows that a session is asked for one by one, by their primary key: `session.get(Model, key)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.batch.asking import asking
from asyncfix.rewrites.batch.chains import primary_key
from asyncfix.rewrites.batch.code import plural
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

NOTE = (
    "all rows are read before the first item is looked at, by one statement that has a parameter "
    "for each item"
)


def got_once(frame: Frame, call: Node) -> tuple[Once, str]:
    """Ask for all rows that `session.get(Model, key)` asks for one by one."""
    args, ask = call.all("args"), asking(frame, call)
    if len(args) != 2 or any(each.has("keyword") for each in args):
        raise RefusedError("`get` has no batched form with these arguments")
    model, node = args[0]["value"].text, args[1]["value"]
    if frame.varies(args[0]["value"]) or not frame.varies(node) or ask.methods:
        raise RefusedError("what is asked for does not depend on the item")
    frame.refuse_made([call], node, ask.dropped)
    column, item = primary_key(frame, model), frame.key(node)
    once = Once(notes=[NOTE])
    keys, once.before = frame.keys_of(item, call)
    library = "sqlmodel" if "sqlmodel" in frame.workspace.facts(frame.path).imports else ""
    select, imports = bound(
        frame.workspace, frame.path, frame.scope, library or "sqlalchemy", "select"
    )
    once.imports += imports
    session = call["func"]["value"].text
    asks = f"{session}.execute({select}({model}).where({model}.{column}.in_({keys})))"
    by = frame.free(plural(ask.variable) if ask.variable else f"row_by_{column}")
    once.before.append(
        f"{by} = {{\n    row.{column}: row\n    for row in {awaited(call, asks)}.scalars()\n}}"
    )
    answer = f"{by}.get({item})"
    once.edits += ask.replaced(answer)
    return once, answer


def awaited(call: Node, code: str) -> str:
    """Return some code, awaited where a call is."""
    above = call.parent
    return f"(await {code})" if above is not None and above.kind == "Await" else code
