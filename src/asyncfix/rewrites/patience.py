"""Gives calls that wait for ever a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax.arguments import with_argument

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace

_FAILS = "an answer that takes longer now raises an exception, which the callers must expect"


def patient(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that passes a timeout."""
    where = finding.location
    setting = workspace.project.packs.library.settings[finding.subject]
    code = workspace.text(where.path).data[where.start : where.end].decode("utf-8", "replace")
    changed = with_argument(code, setting.add)
    if changed is None:
        raise RefusedError("the code at the place is no call that takes another argument")
    start, end, text = changed
    before = len(code[:start].encode())
    at = Location(where.path, where.start + before, where.start + len(code[:end].encode()))
    return Fix(
        title=f"Pass `{setting.add}`",
        applicability=Applicability.UNSAFE,
        edits=(Edit(at, text),),
        notes=(_FAILS,),
        strategy="native",
    )
