"""Loops that ask a database or a service once per item, themselves or in what they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.blocking_call import readable
from asyncfix.findings import Confidence, Finding, Location, Severity, Sink, Step
from asyncfix.project.loops import MANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.project.work import PerItem

_RULES = {"request": "n-plus-one-request", "insert": "insert-in-loop", "commit": "commit-in-loop"}
_LONGEST = 3
_HERE = "{loop}"


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each call in a loop that does what the rule is about."""
    for item in project.per_item:
        is_apart = item.way.kind != "request" or not item.at_once
        if is_apart and _RULES.get(item.way.kind, "n-plus-one-query") == rule.name:
            yield finding(rule, item, project)


def finding(rule: Rule, item: PerItem, project: Project) -> Finding:
    """Return what a rule says of work per item."""
    graph = project.graph
    path = graph.path(item.instance)
    fid = graph.instances[item.instance][0]
    name = readable(item.way.asked.name)
    confidence = _confidence(item)
    reason = project.aside(item.instance) or (
        f"of {item.extent} items" if confidence is Confidence.LOW else ""
    )
    severity = project.config.severity.get(rule.name, rule.severity)
    message = rule.message.format(name=name)
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=name,
        message=f"{message} ({reason})" if reason else message,
        location=Location(path, item.start, item.end),
        severity=Severity.INFO if reason else severity,
        confidence=confidence,
        symbol=graph.qualname(fid),
        code="",
        root=project.root(item.instance),
        sink=Sink(name, item.way.kind),
        trace=tuple(_trace(item, project)),
        help=helped(item),
    )


def _confidence(item: PerItem) -> Confidence:
    if item.extent < MANY:
        return Confidence.LOW
    return Confidence.HIGH if len(item.way.edges) <= _LONGEST else Confidence.MEDIUM


def _trace(item: PerItem, project: Project) -> Iterator[Step]:
    graph = project.graph
    for edge in item.way.edges:
        caller = graph.qualname(graph.instances[edge.caller][0])
        callee = graph.qualname(graph.instances[edge.callee][0])
        where = Location(graph.file(edge.caller).path, edge.start, edge.end)
        verb = _VERBS.get(edge.kind, "calls")
        yield Step(where, f"`{caller}` {verb} `{callee}`", callee, edge.kind)
    asked = item.way.asked
    last = graph.qualname(graph.instances[asked.caller][0])
    name = readable(asked.name)
    where = Location(graph.file(asked.caller).path, asked.start, asked.end)
    yield Step(where, f"`{last}` calls `{name}`", name, "asks")


_VERBS = {
    "await": "awaits",
    "task": "starts",
    "thread": "runs in a thread",
    "thread task": "starts in a thread",
    "property": "reads",
    "with": "enters",
    "iterate": "iterates over",
}


def helped(item: PerItem) -> str:
    """Say how to do the work of all items at once."""
    way = item.way
    batch = way.asked.query.batch or _FORMS.get(way.kind, _FORMS["read"])
    if way.statement:
        return f"{batch}; now: `{_short(way.statement)}`"
    return batch


def _short(statement: str) -> str:
    longest = 90
    return statement if len(statement) <= longest else f"{statement[: longest - 1]}…"


_FORMS = {
    "read": "ask for all items in one query before the loop, then look each one up in a dict",
    "insert": "collect the rows and write them in one statement after the loop",
    "commit": "one commit after the loop",
    "request": "one request for all items if the service has one, else some at a time: "
    "`asyncio.gather` under a semaphore",
}
