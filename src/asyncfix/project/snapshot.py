"""The call graph of the last run: kept, and brought up to date where few files have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from asyncfix.packs import Target
from asyncfix.project.edges import Edge, Hit
from asyncfix.project.outline import gained, mentions
from asyncfix.project.roots import Entry  # noqa: TC001 - msgspec reads annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncfix.facts import FileFacts
    from asyncfix.project.program import Project

_MOST_CHANGED = 50

SavedGuards = tuple[tuple[int, str, bool], ...]


class SavedEdge(NamedTuple):
    """An edge as msgpack holds it."""

    caller: int
    callee: int
    node: int
    start: int
    end: int
    guards: SavedGuards
    bound: bool
    kind: str
    inner: list[Any]


class SavedHit(NamedTuple):
    """A hit as msgpack holds it; `key` is a name of the target in the packs."""

    caller: int
    key: str
    name: str
    node: int
    start: int
    end: int
    guards: SavedGuards


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Everything of a graph that took time to find out, for files in the state of `digests`."""

    digests: dict[str, str]
    slots: list[int]
    instances: list[tuple[int, int]]
    edges: list[list[SavedEdge]]
    hits: list[list[SavedHit]]
    spawned: list[SavedEdge]
    called: list[list[tuple[int, int, int, int, int, SavedGuards]]]
    resolved: list[tuple[int, int, int, int]]
    unresolved: list[tuple[int, int, int]]
    entries: dict[int, Entry]
    asked: list[str]
    configuration: str


def taken(project: Project, configuration: str) -> Snapshot:
    """Return a snapshot of a project whose graph has grown."""
    graph, library = project.graph, project.packs.library
    keys: dict[int, str] = {id(target): f"reads {name}" for name, target in library.reads.items()}
    keys |= {
        id(target): f"promised {target.rule} {effect}" for effect, target in graph.promised.items()
    }
    keys |= {id(target): name for name, target in library.targets.items()}
    return Snapshot(
        {file.path: file.digest for file in project.files},
        project.typing.slots,
        graph.instances,
        [[SavedEdge(*edge[:-1], list(edge.inner)) for edge in edges] for edges in graph.edges],
        [
            [SavedHit(hit.caller, keys.get(id(hit.target), hit.name), *hit[2:]) for hit in hits]
            for hits in graph.hits
        ],
        [
            SavedEdge(*edge[:-1], list(edge.inner))
            for edges in graph.spawned.values()
            for edge in edges
        ],
        graph.called_params,
        sorted(graph.resolved_params),
        graph.unresolved,
        project.entries,
        sorted(project.typing.asked),
        configuration,
    )


def changed(
    snapshot: Snapshot,
    files: list[FileFacts],
    before: Mapping[str, FileFacts],
    configuration: str,
) -> dict[int, list[int]] | None:
    """Return the files to look at again, with their new calls; None if the snapshot is of no use.

    `before` has the facts of files as the snapshot saw them, where they have changed since.
    """
    if snapshot.configuration != configuration or len(snapshot.digests) != len(files):
        return None
    again: dict[int, list[int]] = {}
    asked = frozenset(snapshot.asked)
    for index, file in enumerate(files):
        digest = snapshot.digests.get(file.path)
        if digest is None:
            return None
        if digest == file.digest:
            continue
        old = before.get(file.path)
        if old is None or old.digest != digest or len(again) >= _MOST_CHANGED:
            return None
        gain = gained(old, file, asked)
        if gain is None or len(file.functions) > snapshot.slots[index]:
            return None
        if mentions((each for each in files if each is not file), gain.functions):
            return None
        again[index] = gain.calls
    return again


def holds(project: Project, again: dict[int, list[int]]) -> bool:
    """Tell whether no new call can give a parameter of a known function a new type."""
    typing = project.typing
    return not any(
        callee[0] not in "XE"
        for file, calls in again.items()
        for node in calls
        for callee in typing.of(file, typing.files[file].nodes[node][1])
    )


def restore(project: Project, snapshot: Snapshot, again: dict[int, list[int]]) -> None:
    """Give a project the graph of a snapshot, without what files to look at again had in it."""
    graph, functions = project.graph, project.typing.functions
    library = project.packs.library
    graph.instances = list(snapshot.instances)
    graph.numbers = {key: number for number, key in enumerate(graph.instances)}
    stale = {n for n, (fid, _) in enumerate(graph.instances) if functions[fid][0] in again}
    graph.edges = [
        [] if number in stale else [_edge(edge) for edge in edges]
        for number, edges in enumerate(snapshot.edges)
    ]
    graph.hits = [
        [] if number in stale else [_hit(hit, library.targets, library.reads) for hit in hits]
        for number, hits in enumerate(snapshot.hits)
    ]
    for edges in graph.edges:
        for edge in edges:
            graph.into.setdefault(edge.callee, []).append(edge)
    for saved in snapshot.spawned:
        if saved.caller not in stale:
            graph.spawned.setdefault(saved.callee, []).append(_edge(saved))
    graph.called_params = [
        [] if number in stale else list(called) for number, called in enumerate(snapshot.called)
    ]
    graph.resolved_params = {each for each in snapshot.resolved if each[0] not in stale}
    graph.unresolved = [each for each in snapshot.unresolved if each[0] not in stale]
    graph.queue = sorted(stale)
    project.typing.asked = set(snapshot.asked)
    project.__dict__["entries"] = {
        fid: entry for fid, entry in snapshot.entries.items() if functions[fid][1].name
    }


def _edge(saved: SavedEdge) -> Edge:
    return Edge(*saved[:-1], _types(saved.inner))


def _types(value: Any) -> Any:  # noqa: ANN401 - types are nested tuples
    return tuple(_types(each) for each in value) if isinstance(value, list) else value


def _hit(saved: SavedHit, targets: Mapping[str, Target], reads: Mapping[str, Target]) -> Hit:
    key = saved.key
    if key.startswith("reads "):
        target = reads[key[6:]]
    elif key.startswith("promised "):
        _, rule, effect = key.split()
        target = Target(rule=rule, effect=effect)  # type: ignore[arg-type]
    else:
        target = targets[key]
    return Hit(saved.caller, target, *saved[2:])
