"""Loops that ask a database or a service once per item, themselves or in what they call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.checks.blocking_call import readable
from asyncfix.findings import Confidence, Finding, Location, Severity, Sink, Step
from asyncfix.project.loops import MANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.packs import Rule
    from asyncfix.project.apart import Waiting
    from asyncfix.project.asked_again import AskedAgain
    from asyncfix.project.program import Project
    from asyncfix.project.reach import Way
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


def finding(rule: Rule, item: PerItem, project: Project, help: str = "") -> Finding:  # noqa: A002 - as the finding calls it
    """Return what a rule says of work per item."""
    confidence = confidence_of(item.way) if item.extent >= MANY else Confidence.LOW
    few = "" if item.extent >= MANY else f"of {item.extent} items"
    return told(rule, item, project, confidence, help or helped(item), reason=few)


def told(
    rule: Rule,
    place: PerItem | AskedAgain | Waiting,
    project: Project,
    confidence: Confidence,
    help: str,  # noqa: A002 - as above
    *,
    reason: str = "",
    before: Iterable[Step] = (),
) -> Finding:
    """Return what a rule says of a question to a store; a reason makes it matter less."""
    graph = project.graph
    path = graph.path(place.instance)
    fid = graph.instances[place.instance][0]
    name = readable(place.way.asked.name)
    reason = project.aside(place.instance) or reason
    severity = project.config.severity.get(rule.name, rule.severity)
    message = rule.message.format(name=name)
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=name,
        message=f"{message} ({reason})" if reason else message,
        location=Location(path, place.start, place.end),
        severity=Severity.INFO if reason else severity,
        confidence=confidence,
        symbol=graph.qualname(fid),
        code="",
        root=project.root(place.instance),
        sink=Sink(name, place.way.kind),
        trace=(*before, *_trace(place.way, project)),
        help=help,
    )


def confidence_of(way: Way) -> Confidence:
    """Return how sure a way is: the less, the longer it is."""
    return Confidence.HIGH if len(way.edges) <= _LONGEST else Confidence.MEDIUM


def _trace(way: Way, project: Project) -> Iterator[Step]:
    graph = project.graph
    for edge in way.edges:
        caller = graph.qualname(graph.instances[edge.caller][0])
        callee = graph.qualname(graph.instances[edge.callee][0])
        where = Location(graph.file(edge.caller).path, edge.start, edge.end)
        verb = _VERBS.get(edge.kind, "calls")
        yield Step(where, f"`{caller}` {verb} `{callee}`", callee, edge.kind)
    asked = way.asked
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
