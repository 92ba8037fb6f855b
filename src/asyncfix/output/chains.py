"""Chains as people read them: the hops after the place, and where many places share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.findings import Finding, Step


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


def short(symbol: str) -> str:
    """Return the end of a full name that tells functions apart: `load`, or `Users.load`."""
    *_, owner, name = ("", *symbol.replace("<locals>.", "").split("."))
    return f"{owner}.{name}" if owner[:1].isupper() or name.startswith("<") else name


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
