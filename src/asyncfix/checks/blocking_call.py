"""Calls that stop the event loop, in async code or further down its chain of calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asyncfix.findings import Confidence, Finding, Location, Severity, Sink, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Rule, Target
    from asyncfix.project.chains import Chain
    from asyncfix.project.program import Project
    from asyncfix.syntax import Syntax


_HERE = "{call}"  # in a help: the call as it stands there, to be handed to a thread
_LONGEST = 60
_WITHOUT_KEYWORDS = ("anyio.", "run_in_executor(")


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each first step from code on the loop towards one of the rule's targets."""
    for chain in project.chains:
        if chain.hit.target.rule == rule.name:
            yield reported(rule, chain, project)


def examine(rule: Rule, finding: Finding, syntax: Syntax) -> Finding | None:
    """Dismiss the finding where the syntax shows that nothing is called there."""
    del rule
    if not syntax.runs(finding.location):
        return None
    if _HERE not in finding.help:
        return finding
    keywords = not any(word in finding.help for word in _WITHOUT_KEYWORDS)
    call = syntax.handed_over(finding.location, keywords=keywords, longest=_LONGEST)
    return replace(finding, help=finding.help.replace(_HERE, call))


def reported(rule: Rule, chain: Chain, project: Project) -> Finding:
    """Return the finding that a chain is."""
    graph, target = project.graph, chain.hit.target
    path = graph.path(chain.instance)
    fid = graph.instances[chain.instance][0]
    name = readable(chain.hit.name)
    reason = project.lowered(chain)
    severity = project.config.severity.get(
        rule.name, (Severity.ERROR, Severity.WARNING, Severity.INFO)[chain.rank]
    )
    replacement = spelled(target.replacement, chain.hit.name)
    message = (target.message or rule.message).format(name=name, replacement=replacement)
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
        where = Location(graph.path(edge.caller), edge.start, edge.end)
        yield Step(
            where, f"`{caller}` {_VERBS.get(edge.kind, 'calls')} `{callee}`", callee, edge.kind
        )
    hit = chain.hit
    last = graph.qualname(graph.instances[hit.caller][0])
    name = readable(hit.name)
    where = Location(graph.path(hit.caller), hit.start, hit.end)
    yield Step(where, f"`{last}` calls `{name}`", name, "blocks")


_VERBS = {"property": "reads", "with": "enters", "iterate": "iterates over"}


def spelled(replacement: str, name: str) -> str:
    """Put the called member in the place of `*`; what Python calls itself has no such name."""
    if "*" not in replacement:
        return replacement
    member = name.rpartition(".")[2]
    if member.startswith("__"):
        return replacement.rpartition(".")[0]
    return replacement.replace("*", member)


def _help(chain: Chain, target: Target, project: Project) -> str:
    thread = project.thread_call
    if chain.edges:
        return _help_chain(chain, project)
    replacement = spelled(target.replacement, chain.hit.name)
    member = chain.hit.name.rpartition(".")[2]
    if replacement:
        needs = f" (needs {target.requires})" if target.requires else ""
        verb = _IMPLICIT.get(member) or _FORMS[target.form]
        return f"{verb} `{replacement}` instead{needs}"
    if target.offload == "safe" and not member.startswith("__"):
        return f"run it in a thread: `await {thread}{_HERE})`"
    return (
        "move it, with all that uses the same object, to a function for a thread: "
        f"`await {thread}function, …)`"
    )


def _help_chain(chain: Chain, project: Project) -> str:
    thread, first = project.thread_call, chain.edges[0]
    graph = project.graph
    name = graph.typing.functions.sign(graph.instances[first.callee][0]).name
    if first.kind == "call":
        return f"run it in a thread: `await {thread}{_HERE})`"
    if first.kind == "property":
        return f"the property `{name}` blocks; read it in a thread: `await {thread}function)`"
    what = {"with": "the whole `with`", "iterate": "the whole loop"}.get(first.kind, "this")
    return f"move {what} to a function for a thread: `await {thread}function, …)`"


_FORMS = {
    "await": "await",
    "async for": "iterate with `async for` over",
    "async with": "enter with `async with`",
}
_IMPLICIT = {
    "__iter__": _FORMS["async for"],
    "__next__": _FORMS["async for"],
    "__enter__": _FORMS["async with"],
    "__exit__": _FORMS["async with"],
}
