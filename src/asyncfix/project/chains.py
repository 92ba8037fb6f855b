"""How each place on the loop reaches what blocks: by the worst effect, then the shortest way."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts
from asyncfix.findings import Severity
from asyncfix.project.edges import Hit
from asyncfix.project.guards import is_open, weighed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from asyncfix.packs import Target
    from asyncfix.project.edges import Edge, Guards, Instance
    from asyncfix.project.graph import Graph

    Quiet = Mapping[tuple[Instance, int, int], frozenset[str]]

_MOST_WAYS = 6
_NONE: Quiet = {}
_DOUBT = 3  # a test that nobody can decide makes a way as much worse as this many calls


class Way(NamedTuple):
    """A way from a function to what blocks: its first edge, and the way from there on.

    `weak` ones end in a call that tells little; `cost` is the length with the doubts.
    """

    rank: int
    weak: bool
    cost: int
    guards: Guards
    edge: Edge | None
    hit: Hit
    rest: Way | None
    lesser: str


class Chain(NamedTuple):
    """A place on the loop, the sync calls that follow from it, and the call that blocks.

    `lesser` says why it matters less than such a call does, or is empty.
    """

    instance: Instance
    start: int
    end: int
    node: int
    edges: tuple[Edge, ...]
    hit: Hit
    rank: int
    weak: bool
    cost: int
    lesser: str


def ways(
    graph: Graph,
    severity: Callable[[Target], Severity],
    quiet: Quiet = _NONE,
    *,
    loops: bool = False,
) -> list[list[Way]]:
    """Return, for every function, its best ways to block: the worst first, then the surest.

    A way under guards holds only for callers whose arguments do not contradict them; a function
    may have some of those beside one that always holds. `quiet` holds places, each with the rules
    whose ways may not pass it. `loops` asks for the ways to what starts an event loop, in place of
    what blocks one.
    """
    found: list[list[Way]] = [[] for _ in graph.instances]
    queue: list[tuple[int, bool, int, tuple[int, ...], Instance, Way]] = []
    count = 0
    for number, hits in enumerate(graph.hits):
        for hit in sorted(_opening(graph, number, severity), key=_implicit) if hits else ():
            if (hit.target.effect == "loop") is not loops:
                continue
            if quiet and hit.target.rule in quiet.get((number, hit.start, hit.end), ()):
                continue
            lesser, guards = _split(hit.guards)
            rank = Severity.INFO.rank if lesser else severity(hit.target).rank
            weak = _is_weak(graph, hit)
            order = (*_told_at(graph, hit), *graph.instances[number], count)
            way = Way(rank, weak, 0, guards, None, hit, None, lesser)
            queue.append((rank, weak, 0, order, number, way))
            count += 1
    heapq.heapify(queue)
    while queue:
        rank, weak, cost, _, number, way = heapq.heappop(queue)
        if not _adds(found[number], way, by_rule=bool(quiet)):
            continue
        found[number].append(way)
        lesser = way.lesser or _cached(graph, number)
        for edge in graph.into.get(number, ()):
            if graph.is_async(edge.caller):
                continue
            if quiet and _silent(quiet, edge, way):
                continue
            seen = weighed(graph, edge, way.guards)
            if seen is None:
                continue
            less, guards = _split(seen[0])
            less = lesser or less
            lower = Severity.INFO.rank if less else rank
            more = cost + 1 + _DOUBT * seen[1]
            longer = Way(lower, weak, more, guards, edge, way.hit, way, less)
            order = (*_told_at(graph, edge), *graph.instances[edge.caller], count)
            heapq.heappush(queue, (lower, weak, more, order, edge.caller, longer))
            count += 1
    return found


def _opening(graph: Graph, number: Instance, severity: Callable[[Target], Severity]) -> list[Hit]:
    """Leave out the reads of a file that the same function opens: the opening tells of them."""
    hits = graph.hits[number]
    files = {hit.node: hit for hit in hits if hit.target.rule == "blocking-file"}
    if len(files) < 2:
        return hits

    def is_told(hit: Hit) -> bool:
        """Tell whether what a hit's object comes from is a hit that is as bad."""
        rank = severity(hit.target).rank
        others = (files.get(node) for node in hit.origins)
        return any(other and severity(other.target).rank <= rank for other in others)

    return [hit for hit in hits if hit.node not in files or not is_told(hit)]


def _split(guards: Guards) -> tuple[str, Guards]:
    """Part the reason why a call matters less from the guards that tell of parameters."""
    if not guards:
        return "", guards
    lesser = next((test for param, test, _ in guards if param == -1), "")
    return lesser, tuple(guard for guard in guards if guard[0] >= 0)


def _cached(graph: Graph, number: Instance) -> str:
    return facts.ONCE if graph.typing.decorators.is_cached(graph.instances[number][0]) else ""


def _told_at(graph: Graph, step: Edge | Hit) -> tuple[int, int, int]:
    """Return what ways of one length are ordered by: the sink's plainness, then the text."""
    implicit = isinstance(step, Hit) and _implicit(step)
    return implicit, graph.file_index(step.caller), step.start


def _is_weak(graph: Graph, hit: Hit) -> bool:
    """Tell whether a call ends or undoes something, so that another one says more."""
    return hit.name.rpartition(".")[2] in graph.typing.library.weak


def _implicit(hit: Hit) -> bool:
    """Tell whether Python makes this call without being told: such a sink reads worse."""
    return hit.name.endswith("__")


def _adds(known: list[Way], way: Way, *, by_rule: bool) -> bool:
    """Tell whether a way is not worse than a known one; `by_rule` compares those of one rule.

    A place that is closed to one rule is open to another, whose way must not have been dropped.
    """
    if len(known) >= _MOST_WAYS and way.guards:
        return False
    mine = set(way.guards)
    rule = way.hit.target.rule
    rivals = (each for each in known if not by_rule or each.hit.target.rule == rule)
    return not any(set(each.guards) <= mine for each in rivals)


def _silent(quiet: Quiet, edge: Edge, way: Way) -> bool:
    return way.hit.target.rule in quiet.get((edge.caller, edge.start, edge.end), ())


def chains(
    graph: Graph,
    found: list[list[Way]],
    on_loop: set[int],
    severity: Callable[[Target], Severity],
    quiet: Quiet = _NONE,
    *,
    loops: bool = False,
) -> Iterator[Chain]:
    """Yield the worst chain of every place where code on the loop steps towards blocking."""
    asynchronous = graph.typing.asynchronous
    for number, (fid, _) in enumerate(graph.instances):
        if fid not in asynchronous and fid not in on_loop:
            continue
        best: dict[tuple[int, int], Chain] = {}
        for hit in graph.hits[number]:
            if (hit.target.effect == "loop") is not loops:
                continue
            if quiet and hit.target.rule in quiet.get((number, hit.start, hit.end), ()):
                continue
            lesser, _ = _split(hit.guards)
            rank = Severity.INFO.rank if lesser else severity(hit.target).rank
            weak = _is_weak(graph, hit)
            at = number, hit.start, hit.end, hit.node
            _keep(best, Chain(*at, (), hit, rank, weak, 0, lesser))
        for edge in graph.edges[number]:
            for way in found[edge.callee]:
                seen = weighed(graph, edge, way.guards)
                if seen is None or (quiet and _silent(quiet, edge, way)):
                    continue
                doubts = seen[1] + sum(map(is_open, seen[0][len(edge.guards) :]))
                _keep(best, _chain(graph, edge, way, doubts))
        if best:
            yield from _distinct(best)


def _chain(graph: Graph, edge: Edge, way: Way, doubts: int) -> Chain:
    edges = [edge]
    rest: Way | None = way
    while rest is not None and rest.edge is not None:
        edges.append(rest.edge)
        rest = rest.rest
    lesser = way.lesser or _cached(graph, edge.callee) or _split(edge.guards)[0]
    rank = Severity.INFO.rank if lesser else way.rank
    cost = way.cost + 1 + _DOUBT * doubts
    at = edge.caller, edge.start, edge.end, edge.node
    return Chain(*at, tuple(edges), way.hit, rank, way.weak, cost, lesser)


def _keep(best: dict[tuple[int, int], Chain], chain: Chain) -> None:
    key = (chain.start, chain.end)
    known = best.get(key)
    if known is None or chain[6:9] < known[6:9]:
        best[key] = chain


def _distinct(best: dict[tuple[int, int], Chain]) -> Iterator[Chain]:
    """Leave out what follows from another finding: a file's reads after its opening, and so on."""
    direct = {c.node: c for c in best.values() if not c.edges}
    told = {c.hit.target.rule for c in direct.values() if not _implicit(c.hit)}
    rules = [c.hit.target.rule for c in direct.values()]
    for chain in sorted(best.values(), key=lambda c: (c.start, -c.end)):
        has_rivals = not chain.edges and rules.count(chain.hit.target.rule) > 1
        if has_rivals and _follows(chain, direct):
            continue
        if chain.hit.name.endswith(("__enter__", "__exit__")) and chain.hit.target.rule in told:
            continue
        yield chain


def _follows(chain: Chain, direct: dict[int, Chain]) -> bool:
    rule = chain.hit.target.rule
    for origin in chain.hit.origins:
        other = direct.get(origin)
        if other is None or other is chain or other.hit.target.rule != rule:
            continue
        nested = other.start >= chain.start and other.end <= chain.end
        if other.rank <= chain.rank and (nested or rule == "blocking-file"):
            return True
    return False
