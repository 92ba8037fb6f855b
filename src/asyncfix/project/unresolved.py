"""Calls of objects of which nothing is known, those first that may stop the loop for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.findings import Location, Severity, Unresolved
from asyncfix.project.wanted import PLAIN, last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.edges import Instance
    from asyncfix.project.program import Project


def unresolved(project: Project) -> list[Unresolved]:
    """Return each place once, with what its method is in a library that the project imports.

    Methods that strings, lists and dicts have as well are left out, unless they are known to
    block: hardly any of these calls is of something else.
    """
    like = _like(project)
    own = {name for head in project.files.heads for name in head.defines}
    found: dict[Location, Unresolved] = {}
    for number, start, end in project.unresolved:
        name = _method(project, number, start, end)
        rank, full = like.get(name, (Severity.INFO.rank, ""))
        if name in PLAIN or not (full or name in own):
            continue
        place = Location(project.graph.path(number), start, end)
        found[place] = Unresolved(rank, name, full, place)
    return sorted(found.values())


def _method(project: Project, number: Instance, start: int, end: int) -> str:
    """Return the name of the method that a place of a function calls."""
    nodes = project.graph.file(number).nodes
    for node in _calls(project.graph.function(number).sites, start, end):
        callee = nodes[nodes[node][1]]
        if callee[0] == facts.ATTR:
            return str(callee[2])
    return ""


def _calls(sites: tuple[int, ...], start: int, end: int) -> Iterator[int]:
    for at in range(0, len(sites), facts.SITE):
        if sites[at] <= facts.AWAITS and sites[at + 2 : at + 4] == (start, end):
            yield sites[at + 1]


def _like(project: Project) -> dict[str, tuple[int, str]]:
    """Return the worst that a method of some name is in the libraries that are imported."""
    imports, found = project.files.imports, dict[str, tuple[int, str]]()
    for full, target in project.packs.library.targets.items():
        name = last(full)
        is_method = full.count(".") > 1 or full.startswith("builtins.")
        if name != "*" and is_method and full.partition(".")[0] in imports:
            told = project.severity(target).rank, full
            found[name] = min(found.get(name, told), told)
    return found
