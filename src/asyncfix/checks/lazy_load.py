"""Relationships that are loaded one by one, as a loop reads them of its items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Confidence, Finding, Location, Severity, Sink, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.packs import Rule
    from asyncfix.project.lazy import LazyLoad
    from asyncfix.project.program import Project
    from asyncfix.project.responses import LazyAnswer


def find(rule: Rule, project: Project) -> Iterator[Finding]:
    """Nominate each relationship that a loop or an answer reads of rows which came without it."""
    for load in project.lazy_loads:
        message = rule.message.format(name=f"{load.model}.{load.name}")
        yield _finding(rule, load, project, message, "reads")
    for answer in project.lazy_answers:
        name = f"{answer.model}.{answer.name}"
        message = (
            f"`{name}` is loaded by a query of its own for each `{answer.schema}` of this answer"
        )
        yield _finding(rule, answer, project, message, "answers with")


def _finding(
    rule: Rule,
    load: LazyLoad | LazyAnswer,
    project: Project,
    message: str,
    verb: str,
) -> Finding:
    graph, name = project.graph, f"{load.model}.{load.name}"
    where = Location(graph.path(load.instance), load.start, load.end)
    symbol = graph.qualname(graph.instances[load.instance][0])
    reason = project.aside(load.instance)
    usual = Severity.ERROR if load.awaited else rule.severity
    if load.awaited:
        message = f"`{name}` is loaded when it is read, which fails in asynchronous code"
    return Finding(
        rule=rule.name,
        group=rule.group,
        subject=name,
        message=f"{message} ({reason})" if reason else message,
        location=where,
        severity=Severity.INFO if reason else project.config.severity.get(rule.name, usual),
        confidence=Confidence.MEDIUM,
        symbol=symbol,
        code="",
        root=project.root(load.instance),
        sink=Sink(name, "lazy"),
        trace=(Step(where, f"`{symbol}` {verb} `{name}`", name, "asks"),),
        help=f"load it with the rows: `.options(selectinload({name}))`",
    )
