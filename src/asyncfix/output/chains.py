"""Chains as people read them: the hops after the place, and where many places share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.findings import Finding, Severity, Step


class Cluster(NamedTuple):
    """Findings that end at one call; `tail` holds the last hops, which they share."""

    findings: tuple[Finding, ...]
    tail: tuple[Step, ...]

    @property
    def help(self) -> str:
        """Return what to do where that is the same for all that share a tail."""
        helps = {finding.help for finding in self.findings}
        return helps.pop() if self.tail and len(helps) == 1 else ""


class Group(NamedTuple):
    """Findings that end at one callable."""

    sink: str
    effect: str
    clusters: tuple[Cluster, ...]

    @property
    def message(self) -> str:
        """Return what all the findings say alike; nothing where they differ."""
        messages = {each.message for cluster in self.clusters for each in cluster.findings}
        return messages.pop() if len(messages) == 1 else ""

    @property
    def size(self) -> int:
        """Count the findings."""
        return sum(len(cluster.findings) for cluster in self.clusters)


class Trouble(NamedTuple):
    """One call that blocks, or the callable where each place calls it itself, and who gets there.

    `tail` holds the last hops, which all places share; the last of them is the call.
    """

    sink: str
    effect: str
    findings: tuple[Finding, ...]
    tail: tuple[Step, ...]

    @property
    def severity(self) -> Severity:
        """Return that of the worst place."""
        return min((finding.severity for finding in self.findings), key=lambda each: each.rank)

    @property
    def rules(self) -> tuple[str, ...]:
        """Return the names of the rules that are broken."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings))

    @property
    def message(self) -> str:
        """Return what all the places say alike, else the callable's name."""
        messages = {finding.message for finding in self.findings}
        return messages.pop() if len(messages) == 1 else f"{self.sink} ({self.effect})"

    @property
    def help(self) -> str:
        """Return what to do where that is the same for all."""
        helps = {finding.help for finding in self.findings}
        return helps.pop() if len(helps) == 1 else ""


def troubles(findings: Iterable[Finding]) -> tuple[Trouble, ...]:
    """Group findings by the call that blocks: the worst first, then those with most places."""
    found = [
        Trouble(group.sink, group.effect, cluster.findings, _shared_end(cluster))
        for group in groups(findings)
        for cluster in group.clusters
    ]
    return tuple(sorted(found, key=lambda each: (each.severity.rank, -len(each.findings))))


def _shared_end(cluster: Cluster) -> tuple[Step, ...]:
    return cluster.tail or hops(cluster.findings[0])[-1:]


def short(symbol: str) -> str:
    """Return the end of a full name that tells functions apart: `load`, or `Users.load`."""
    *_, owner, name = ("", *symbol.replace("<locals>.", "").split("."))
    return f"{owner}.{name}" if owner[:1].isupper() or name.startswith("<") else name


def entry(finding: Finding) -> str:
    """Name how the loop comes to a finding; nothing where the place is in that very coroutine."""
    root = finding.root
    if root.symbol == finding.symbol and not (root.method or root.path):
        return ""
    kind = {"main": "the program's", "coroutine": "coroutine"}.get(root.kind, root.kind)
    named = f"{kind} `{root.name.replace('<locals>.', '')}`"
    return f"{root.method} {root.path}".strip() or named


def hops(finding: Finding) -> tuple[Step, ...]:
    """Return the steps that follow the place of the finding itself."""
    trace = finding.trace
    return trace[1:] if trace and trace[0].location == finding.location else trace


def groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Group findings by sink, in the order in which the sinks first turn up."""
    sinks: dict[tuple[str, str], dict[object, list[Finding]]] = {}
    for finding in findings:
        steps = hops(finding)
        end = steps[-1].location if steps else None
        ends = sinks.setdefault((finding.sink.qualname, finding.sink.effect), {})
        ends.setdefault(end, []).append(finding)
    return tuple(
        Group(sink, effect, tuple(_cluster(found) for found in ends.values()))
        for (sink, effect), ends in sinks.items()
    )


def _cluster(findings: list[Finding]) -> Cluster:
    tail = hops(findings[0]) if len(findings) > 1 else ()
    for finding in findings[1:]:
        tail = _shared(tail, hops(finding))
    return Cluster(tuple(findings), tail)


def _shared(left: tuple[Step, ...], right: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the longest common end of two chains."""
    size = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one.location != other.location:
            break
        size += 1
    return left[len(left) - size :]
