"""Two reads that are waited for together, as it would be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.rewrites.batch.code import indent_of
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import flow

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_NOTES = (
    "both are sent even if the first fails, and take two connections of the pool at once",
    "what each sets in a context variable stays in its own task",
)


def gathered(workspace: Workspace, finding: Finding) -> Fix:
    """Show two assignments as one `gather`."""
    path = finding.location.path
    tree = workspace.tree(finding.location)
    places = (finding.trace[0].location, finding.location)
    first, second = (tree.at(at.start, at.end) if tree else None for at in places)
    if first is None or second is None or not flow.waits_in_vain(first, second):
        raise RefusedError("the reads do not follow one another")
    one, other = _target(first), _target(second)
    before, after = first.statement, second.statement
    indent = indent_of(before)
    between = workspace.text(path).data[before.end : after.start]
    if not one or not other or one == other or indent.strip() or between.strip():
        raise RefusedError("the reads are no two assignments of variables")
    rows = "".join(f"{indent}    {each.text},\n" for each in (first, second))
    code = f"{one}, {other} = await asyncio.gather(\n{rows}{indent})"
    return Fix(
        title="Wait for both at once",
        applicability=Applicability.DISPLAY_ONLY,
        edits=(Edit(Location(path, before.start, after.end), code),),
        notes=_NOTES,
        strategy="batch",
        imports=(Import(path, "asyncio"),),
    )


def _target(call: Node) -> str:
    """Return the variable that is given what a call gives once it is awaited, or nothing."""
    waiting = call.parent
    assign = waiting.parent if waiting else None
    targets = assign.all("targets") if assign and assign.kind == "Assign" else []
    if len(targets) != 1 or targets[0]["target"].kind != "Name":
        return ""
    return targets[0]["target"].text
