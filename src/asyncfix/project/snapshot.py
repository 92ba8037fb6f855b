"""What the last run found out about a project: kept, and put back as far as it still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from asyncfix.project.callbacks import Argument  # noqa: TC001 - msgspec reads annotations
from asyncfix.project.files import Sign  # noqa: TC001 - as above
from asyncfix.project.guards import Tested  # noqa: TC001 - as above
from asyncfix.project.index import Puts  # noqa: TC001 - as above
from asyncfix.project.notes import Notes  # noqa: TC001 - as above
from asyncfix.project.places import Places  # noqa: TC001 - as above
from asyncfix.project.program import Project
from asyncfix.project.readings import Reading, saved, types
from asyncfix.project.roots import Entries  # noqa: TC001 - as above
from asyncfix.project.stale import Stale, stale
from asyncfix.project.work import SavedFound
from asyncfix.project.work import saved as saved_work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncfix.config import Config
    from asyncfix.facts import FileFacts
    from asyncfix.packs import Packs
    from asyncfix.project.edges import Instance
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.files import Files
    from asyncfix.project.graph import Graph
    from asyncfix.project.hierarchy import Hierarchy


# masks that nothing rests on any more stay, until they are too many and all is linked anew
_MOST_MASKS = 3
_FEW_MASKS = 1000


class SavedOrder(NamedTuple):
    """A class, and what is above it within the project and outside of it."""

    cls: int
    mask: int
    inside: tuple[int, ...]
    outside: tuple[str, ...]


class Answer(NamedTuple):
    """What an expression is that is passed to a function; see `Typing.of`."""

    file: int
    node: int
    self_class: int
    mask: int
    types: list[Any]


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Everything that took time to find out, for files in the state of `digests`.

    Masks are numbered, since many answers rest on the same files.
    """

    configuration: str
    digests: dict[str, str]
    imports: list[str]
    slots: list[int]
    masks: list[bytes]
    asked: list[str]
    orders: list[SavedOrder]
    subclasses: dict[int, list[int]]
    promised: list[str]
    puts: list[Puts]
    entries: list[Entries]
    readings: list[Reading]
    passed: list[Answer]
    work: list[SavedFound]
    notes: dict[str, dict[int, Notes]]
    places: list[Places]
    local: list[tuple[str, int, int, int, str]]
    tests: list[Tested]
    arguments: list[Argument]
    signs: dict[int, Sign]


def taken(project: Project) -> Snapshot:
    """Return a snapshot of a project whose graph has grown."""
    graph, typing, files = project.graph, project.typing, project.files
    hierarchy, trace = typing.hierarchy, typing.trace
    orders = [
        SavedOrder(cls, trace.number(hierarchy.orders.masks[cls]), *order)
        for cls, order in hierarchy.with_bases.items()
    ]
    passed = [
        Answer(*place, trace.number(answer[1]), list(answer[0]))
        for place in sorted(graph.callbacks.passed)
        if (answer := typing.answer(place))
    ]
    fresh = trace.masks[len(project.masks) :]
    return Snapshot(
        project.config.salt,
        dict(zip(files.paths, files.digests, strict=True)),
        sorted(files.imports),
        [*typing.slots],
        [
            *project.masks,
            *(mask.to_bytes((mask.bit_length() + 7) // 8, "little") for mask in fresh),
        ],
        sorted({*project.asked, *typing.trace.names}),
        orders,
        hierarchy.subclasses,
        sorted(hierarchy.promised),
        typing.index.puts_by_file,
        project.entries_by_file,
        [_reading(graph, at) for at in range(len(graph.instances))],
        passed,
        saved_work(graph, project.work.kept),
        project.notes,
        [*project.callers.known.values()],
        [(*key, answer) for key, answer in project.local.known.items()],
        [*graph.tests.known.values()],
        [*graph.callbacks.arguments.values()],
        typing.functions.signs,
    )


def _reading(graph: Graph, at: Instance) -> Reading:
    extent = graph.extents.get(at)
    return graph.recalled[graph.instances[at]] if extent is None else saved(graph, at, extent)


def linked(
    files: Files,
    packs: Packs,
    config: Config,
    snapshot: Snapshot | None,
    before: Mapping[str, FileFacts],
    *,
    traced: bool = True,
) -> Project:
    """Return a project, with what a snapshot knows of it and what still holds.

    `before` has the facts of files as the snapshot saw them, where they have changed since;
    `traced` tells whether a snapshot may be taken of this project in turn.
    """
    if snapshot is not None and _fits(snapshot, files, config):
        found = stale(snapshot.digests, files, before, snapshot.promised, snapshot.asked)
        if found is not None:
            project = Project(files, packs, config, snapshot.slots)
            if _restored(project, snapshot, found):
                return project
    return Project(files, packs, config, traced=traced)


def _fits(snapshot: Snapshot, files: Files, config: Config) -> bool:
    """Tell whether a snapshot is of the same files, which may have changed."""
    return (
        snapshot.configuration == config.salt
        and len(snapshot.masks) <= _MOST_MASKS * len(snapshot.readings) + _FEW_MASKS
        and list(snapshot.digests) == files.paths
        and snapshot.imports == sorted(files.imports)
        and all(
            head.functions <= slots for head, slots in zip(files.heads, snapshot.slots, strict=True)
        )
    )


def _restored(project: Project, snapshot: Snapshot, found: Stale) -> bool:
    """Give a project what still holds; False if classes stand to each other otherwise now."""
    typing, graph = project.typing, project.graph
    masks = [int.from_bytes(each, "little") for each in snapshot.masks]
    typing.trace.preset(masks)
    typing.hierarchy.preset(snapshot.subclasses, snapshot.promised)
    mask = found.mask | _refilled(typing, snapshot, found, masks)
    if not _ordered(typing.hierarchy, snapshot.orders, masks, mask):
        return False
    holds = [not each & mask for each in masks]
    project.asked = snapshot.asked
    project.known_entries = {
        at: each
        for at, each in enumerate(snapshot.entries)
        if holds[each.mask] and at not in found.changed
    }
    for each in snapshot.passed:
        if holds[each.mask] and each.file not in found.changed:
            typing.preset(each[:3], types(each.types), masks[each.mask])
    project.known_notes = {
        check: {
            at: each for at, each in notes.items() if holds[each.mask] and at not in found.again
        }
        for check, notes in snapshot.notes.items()
    }
    home = typing.functions.file
    project.masks = snapshot.masks
    graph.recalled = {
        (each.fid, each.self_class): each
        for each in snapshot.readings
        if holds[each.mask] and home(each.fid) not in found.again
    }
    project.known_work = {
        (each.fid, each.self_class): each
        for each in snapshot.work
        if holds[each.mask] and not any(home(fid) in found.again for fid, _ in each.visited)
    }
    project.callers.known = {
        (each.question, each.about): each
        for each in snapshot.places
        if holds[each.mask] and not each.stands_in(found.again)
    }
    project.local.known = {
        (question, file, function, node): answer
        for question, file, function, node, answer in snapshot.local
        if file not in found.again
    }
    graph.tests.known = {
        each[:6]: each
        for each in snapshot.tests
        if holds[each.mask] and found.again.isdisjoint((home(each.caller), home(each.callee)))
    }
    typing.functions.signs = {
        fid: sign for fid, sign in snapshot.signs.items() if home(fid) not in found.again
    }
    graph.callbacks.arguments = {
        each[:5]: each
        for each in snapshot.arguments
        if found.again.isdisjoint((home(each.caller), home(each.callee)))
    }
    return True


def _refilled(typing: Typing, snapshot: Snapshot, found: Stale, masks: list[int]) -> int:
    """Put back what fills containers; return the bits of the files whose containers differ."""
    index, first = typing.index, typing.classes
    index.known_puts = {
        at: each
        for at, each in enumerate(snapshot.puts)
        if at not in found.changed and not masks[each.mask] & found.mask
    }
    mask = 0
    for at, (old, new) in enumerate(zip(snapshot.puts, index.puts_by_file, strict=True)):
        if at in index.known_puts:
            continue
        keys, more = {key for key, _ in old.places}, {key for key, _ in new.places}
        for key in keys | more if at in found.refilled else keys ^ more:
            owner = first.file(int(key[0])) if len(key) == 3 else int(key[0])
            if owner != at or at in found.refilled or at not in found.changed:
                mask |= typing.trace.bits[owner]
    return mask


def _ordered(
    hierarchy: Hierarchy, orders: list[SavedOrder], masks: list[int], stale_mask: int
) -> bool:
    """Put back what is above each class; tell whether all of it still holds."""
    known = hierarchy.orders
    doubtful = []
    for each in orders:
        if masks[each.mask] & stale_mask:
            doubtful.append(each)
        else:
            known.known[each.cls] = each[2:]
            known.masks[each.cls] = masks[each.mask]
    hierarchy.with_bases = {each.cls: each[2:] for each in orders}
    return all(hierarchy.order(each.cls) == each[2:] for each in doubtful)
