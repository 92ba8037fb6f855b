"""Makes the timeouts of databases as long as the configuration allows, where they are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.project.timeouts import Timeouts
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.project.timeouts import Timeout
    from asyncfix.rewrites.workspace import Workspace

STRATEGY = "native"
_CHANGED = "what takes longer than this now fails: jobs that need more must set their own timeout"
_QUOTED = re.compile(r"(?P<quote>['\"])\d+(?:\.\d+)?\s*(?P<unit>ms|s|min|h)?(?P=quote)")
_PLAIN = re.compile(r"[\d_.]+(?:\s*\*\s*[\d_.]+)*")


def shorter(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that writes the longest timeout that will do, in the unit of the place."""
    where = finding.location
    found = _found(finding, workspace)
    old = workspace.text(where.path).data[where.start : where.end].decode("utf-8", "replace")
    new = _written(found, old)
    return Fix(
        title=f"Wait {found.longest:g} s at the most",
        applicability=Applicability.UNSAFE,
        edits=(Edit(Location(where.path, where.start, where.end), new),),
        notes=(_CHANGED,),
        strategy=STRATEGY,
    )


def _found(finding: Finding, workspace: Workspace) -> Timeout:
    where, files = finding.location, workspace.files
    every = workspace.kept("timeouts", 0, lambda: list(Timeouts(workspace.project).too_long()))
    place = files[where.path], where.start, where.end
    for each in every:
        if (each.number.file, each.number.start, each.number.end) == place:
            return each
    raise RefusedError("the way of this number to a database is not known any more")


def _written(timeout: Timeout, old: str) -> str:
    """Return the number in place of the old one, which may be a text, or stand in one."""
    number = timeout.longest / timeout.scale
    told = str(int(number)) if number == int(number) else f"{number:g}"
    if _PLAIN.fullmatch(old):
        return f"{told}.0" if "." in old and "." not in told else told
    if match := _QUOTED.fullmatch(old):
        unit = match["unit"] or ""
        told = f"{timeout.longest:g}s" if unit and "." in told else told + unit
        return f"{match['quote']}{told}{match['quote']}"
    within = re.compile(rf"({timeout.name}\s*(?:=|%3D)\s*'?)\d+")
    new, count = within.subn(rf"\g<1>{told}", old)
    if count != 1:
        raise RefusedError("the number is not written out where it is set")
    return new
