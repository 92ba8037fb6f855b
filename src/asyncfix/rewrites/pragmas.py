"""Has a connection to SQLite keep a write-ahead log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.following import behind
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
_NOTE = "the log is a second file beside the database, which must not lie on a network drive"


def logged(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that sets pragmas right after a connection is made and named."""
    where = finding.location
    tree = workspace.tree(where)
    node = tree.at(where.start, where.end) if tree else None
    parent = node.parent if node else None
    awaited = parent is not None and parent.kind == "Await"
    assign = parent.parent if parent is not None and awaited else parent
    targets = assign.all("targets") if assign is not None and assign.kind == "Assign" else []
    target = targets[0]["target"] if len(targets) == 1 else None
    if assign is None or target is None or target.kind not in ("Name", "Attribute"):
        raise RefusedError("the connection is not put into a variable where it is made")
    keyword = "await " if awaited else ""
    rows = [f'{keyword}{target.text}.execute("PRAGMA {pragma}")' for pragma in _PRAGMAS]
    return Fix(
        title="Keep a write-ahead log",
        applicability=Applicability.UNSAFE,
        edits=(behind(assign.statement, where.path, workspace, rows),),
        notes=(_NOTE,),
        strategy="native",
    )
