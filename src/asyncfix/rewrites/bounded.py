"""Gives caches a size, beyond which they let go of what is oldest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.caches import Caches
from asyncfix.rewrites.following import behind
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.facts import FileFacts
    from asyncfix.findings import Finding
    from asyncfix.project.caches import Kept
    from asyncfix.rewrites.workspace import Workspace

_SIZE = 1024
_NOTE = f"beyond {_SIZE} entries the oldest are computed again: choose the number by what they take"
_DECORATOR = re.compile(
    rb"@(?P<module>\w+\.)?(?P<cache>cache|lru_cache\(\s*(?:maxsize\s*=\s*)?(?P<none>None)\b[^()]*\))"
    rb"[ \t]*(?:#[^\n]*)?\n(?:[ \t]*[@#][^\n]*\n)*[ \t]*\Z"
)
_HEAD = re.compile(rb"(:\s*)(?:typing\.)?[Dd]ict(\[[^=]*\]\s*=\s*)\Z")


def bounded(finding: Finding, workspace: Workspace) -> Fix:
    """Return the fix that bounds a cache."""
    if finding.subject.startswith("functools."):
        edits, imports = _decorated(finding, workspace)
        requires: tuple[str, ...] = ()
    else:
        edits, imports, requires = _kept(finding, workspace)
    return Fix(
        title=f"Keep {_SIZE} entries",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(_NOTE,),
        strategy="native",
        imports=imports,
        requires=requires,
    )


# Decorators


def _decorated(
    finding: Finding, workspace: Workspace
) -> tuple[tuple[Edit, ...], tuple[Import, ...]]:
    where = finding.location
    data = workspace.text(where.path).data
    match = _DECORATOR.search(data, 0, where.start)
    if match is None:
        raise RefusedError("the decorator is written in another way")
    start, end = match.span("cache")
    if match["none"]:
        return (_edit(where.path, *match.span("none"), str(_SIZE)),), ()
    edit = _edit(where.path, start, end, f"lru_cache(maxsize={_SIZE})")
    return (edit,), () if match["module"] else (Import(where.path, "functools", "lru_cache"),)


# Dicts


def _kept(
    finding: Finding, workspace: Workspace
) -> tuple[tuple[Edit, ...], tuple[Import, ...], tuple[str, ...]]:
    where = finding.location
    at = workspace.files[where.path]
    caches = workspace.kept("caches", 0, lambda: Caches(workspace.project))
    found = [each for each in caches.dicts(at) if each.setting.start == where.start]
    if not found:
        raise RefusedError("the dict is not known any more")
    kept, file = found[0], workspace.project.files[at]
    if not caches.holds_values(at, kept):
        raise RefusedError("what it keeps is shared and changed, so that none may be made anew")
    is_known = "cachetools" in workspace.project.files.imports
    if is_known and all(file.functions[each].flags & facts.ASYNC for each, _, _ in kept.places):
        data = workspace.text(where.path).data
        edits = [_edit(where.path, where.start, where.end, f"LRUCache(maxsize={_SIZE})")]
        begin = data.rfind(b"\n", 0, where.start) + 1
        if match := _HEAD.search(data[begin : where.start]):
            start = begin + match.end(1)
            end = begin + match.start(2)
            edits.insert(0, _edit(where.path, start, end, "LRUCache"))
        return tuple(edits), (Import(where.path, "cachetools", "LRUCache"),), ("cachetools>=5",)
    return tuple(_evicting(kept, file, where.path, workspace)), (), ()


def _evicting(kept: Kept, file: FileFacts, path: str, workspace: Workspace) -> list[Edit]:
    """Take out the oldest entry after each new one: threads may do that at once, with a dict."""
    edits = []
    for index, start, end in kept.places:
        place = Location(path, start, end)
        tree = workspace.tree(place)
        node = tree.at(start, end) if tree else None
        if node is None or node.kind != "Subscript" or not index:
            raise RefusedError(f"`{file.functions[index].name}` puts something in by other means")
        base = node["value"].text
        rows = (f"if len({base}) > {_SIZE}:", f"    {base}.pop(next(iter({base})), None)")
        edits.append(behind(node.statement, path, workspace, rows))
    return edits


def _edit(path: str, start: int, end: int, text: str) -> Edit:
    return Edit(Location(path, start, end), text)
