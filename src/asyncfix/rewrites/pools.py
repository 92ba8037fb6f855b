"""Reads the sizes of pools from the environment, and has them look after their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.pools import Pools
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax.arguments import with_argument

if TYPE_CHECKING:
    from asyncfix.findings import Finding
    from asyncfix.project.pools import Fixed, Lack
    from asyncfix.rewrites.workspace import Workspace

_READ = "the number is read when the module or function runs: what is set later has no effect"


def pooled(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that makes a size a setting, or adds the options that a pool lacks."""
    where = finding.location
    pools = Pools(workspace.project)
    at = workspace.files[where.path], where.start, where.end
    for each in workspace.kept("fixed pools", 0, lambda: list(pools.fixed())):
        if (each.file, each.start, each.end) == at:
            return _fix(workspace, where, _read(each), f"Read `{each.key}` from the environment")
    for lack in workspace.kept("lacking pools", 0, lambda: list(pools.lacking())):
        if (lack.place.file, lack.place.start, lack.place.end) == at:
            told = ", ".join(f"`{key}`" for key in lack.keys)
            return _fix(workspace, where, _extended(lack, where, workspace), f"Pass {told}")
    raise RefusedError("the pool is not known any more")


def _read(fixed: Fixed) -> str:
    return f'int(os.environ.get("DB_{fixed.key.upper()}", "{fixed.value:g}"))'


def _extended(lack: Lack, where: Location, workspace: Workspace) -> str:
    code = workspace.text(where.path).data[where.start : where.end].decode()
    for key, value in zip(lack.keys, lack.values, strict=True):
        text = f'int(os.environ.get("DB_{key.upper()}", "{value}"))' if value.isdigit() else value
        changed = with_argument(code, f"{key}={text}")
        if changed is None:
            raise RefusedError("the code at the place is no call that takes another argument")
        code = code[: changed[0]] + changed[2] + code[changed[1] :]
    return code


def _fix(workspace: Workspace, where: Location, text: str, title: str) -> Fix:
    reads = "os.environ" in text
    named = workspace.facts(where.path).names.get("os", ())
    known = workspace.imports(where.path).binding(Import("", "os"))
    if reads and named and known != "os":
        raise RefusedError("`os` is something else in this file")
    return Fix(
        title=title,
        applicability=Applicability.UNSAFE,
        edits=(Edit(where, text),),
        notes=(_READ,) if reads else (),
        strategy="native",
        imports=(Import(where.path, "os"),) if reads else (),
    )
