"""Calls that stop the event loop, in async code or further down its chain of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Confidence, Finding, Location, Severity, Sink, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Rule, Target
    from asyncfix.project.chains import Chain
    from asyncfix.project.program import Project
    from asyncfix.syntax import Syntax


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each first step from code on the loop towards one of the rule's targets."""
    for chain in project.chains:
        if chain.hit.target.rule == rule.name:
            yield _finding(rule, chain, project)


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Dismiss the finding where the syntax shows that nothing is called there."""
    del rule
    return finding if syntax.runs(finding.location) else None


def _finding(rule: Rule, chain: Chain, project: Project) -> Finding:
    graph, target = project.graph, chain.hit.target
    path = graph.file(chain.instance).path
    fid = graph.instances[chain.instance][0]
    name = readable(chain.hit.name)
    reason = project.lowered(chain)
    severity = project.config.severity.get(rule.name, (Severity.ERROR, Severity.WARNING, Severity.INFO)[chain.rank])
    message = rule.message.format(name=name, replacement=target.replacement)
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=name,
        message=f"{message} ({reason})" if reason else message,
        location=Location(path, chain.start, chain.end),
        severity=Severity.INFO if reason else severity,
        confidence=_confidence(chain),
        symbol=graph.qualname(fid),
        code="",
        root=project.root(chain.instance),
        sink=Sink(name, target.effect or ""),
        trace=tuple(_trace(chain, project)),
        help=_help(chain, target, project),
    )


def readable(name: str) -> str:
    """Write a callable as its users do: `open`, not `builtins.open`."""
    return name.removeprefix("builtins.").removesuffix(".__init__")


def _confidence(chain: Chain) -> Confidence:
    return Confidence.HIGH if len(chain.edges) <= 6 else Confidence.MEDIUM


def _trace(chain: Chain, project: Project) -> Iterator[Step]:
    graph = project.graph
    for edge in chain.edges:
        caller = graph.qualname(graph.instances[edge.caller][0])
        callee = graph.qualname(graph.instances[edge.callee][0])
        where = Location(graph.file(edge.caller).path, edge.start, edge.end)
        yield Step(where, f"`{caller}` {_VERBS.get(edge.kind, 'calls')} `{callee}`", callee, edge.kind)
    hit = chain.hit
    last = graph.qualname(graph.instances[hit.caller][0])
    name = readable(hit.name)
    where = Location(graph.file(hit.caller).path, hit.start, hit.end)
    yield Step(where, f"`{last}` calls `{name}`", name, "blocks")


_VERBS = {"property": "reads", "with": "enters", "iterate": "iterates over"}


def _help(chain: Chain, target: Target, project: Project) -> str:
    if chain.edges:
        callee = project.graph.qualname(project.graph.instances[chain.edges[0].callee][0])
        short = callee.rpartition(".")[2]
        if chain.edges[0].kind == "call" and short.isidentifier():
            return f"run `{short}` in a thread (`await asyncio.to_thread(…)`), or make it async down to the call that blocks"
        return "move the work to a thread as a whole (`await asyncio.to_thread(…)`)"
    if target.replacement:
        needs = f" (needs {target.requires})" if target.requires else ""
        return f"await `{target.replacement}` instead{needs}"
    if target.offload == "safe":
        return "run it in a thread: `await asyncio.to_thread(…)`"
    return "run the whole unit of work in a thread: `await asyncio.to_thread(…)`"
