"""What else blocks in the functions that become asynchronous: it changes with them if it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Location
from asyncfix.project.chains import chains, ways
from asyncfix.rewrites.cascade import inner_fixes

if TYPE_CHECKING:
    from asyncfix.findings import Fix
    from asyncfix.project.chains import Chain
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.rewrites.place import Place


def inner(place: Place, move: Move) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Add the edits of what blocks besides; return the notes and the requirements of these."""
    project = move.workspace.project
    graph = project.graph
    mine = set(move.turned.names)
    graph.grow(tuple(mine))
    done = {(use.path, use.start, use.end) for use in move.turned.uses}
    by_place: dict[tuple[str, int, int], list[Chain]] = {}
    found = ways(graph, project.severity)
    for chain in chains(graph, found, project.on_loop | mine, project.severity):
        where = (graph.path(chain.instance), chain.start, chain.end)
        if graph.instances[chain.instance][0] not in mine or where in done:
            continue
        if chain.hit.name.partition(".")[0] != move.library:
            by_place.setdefault(where, []).append(chain)
    notes: dict[str, None] = {}
    requires: dict[str, None] = {}
    for where in sorted(by_place):
        told = inner_fixes(place, Location(*where), tuple(by_place[where]))
        fix = next((each for each in told if _agrees(move, each)), None)
        if fix is None:
            continue  # the proof tells whether that can stay
        for each in fix.edits:
            at = each.location
            if at.start == at.end:
                move.patches.before(at.path, at.start, each.text)
            else:
                move.patches.instead(at.path, at.start, at.end, each.text)
        move.imports |= dict.fromkeys(fix.imports)
        notes |= dict.fromkeys(fix.notes)
        requires |= dict.fromkeys(fix.requires)
    return tuple(notes), tuple(requires)


def _agrees(move: Move, fix: Fix) -> bool:
    """Tell whether a fix leaves alone what moves, and takes nothing that waits to a thread."""
    for path in {each.location.path for each in fix.edits}:
        spans = [each.location for each in fix.edits if each.location.path == path]
        if any(move.patches.is_replaced(path, each.start, each.end) for each in spans):
            return False
        start, end = min(each.start for each in spans), max(each.end for each in spans)
        if fix.strategy == "offload" and move.patches.touches(path, start, end):
            return False
    return True
