"""What comments silence: findings where they stand, ways to them, and which comments do neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Location
from asyncfix.suppress.spans import LINE, OWN, Spans
from asyncfix.suppress.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from asyncfix.facts import Directive
    from asyncfix.findings import Finding
    from asyncfix.packs import Rule
    from asyncfix.project.program import Project
    from asyncfix.suppress.spans import Span, Unknown

    Find = Callable[[Rule, Project], Iterable[Finding]]

_NO_ENTRY = "coroutine"  # the kind of root of what no entry is known to reach


class Judged(NamedTuple):
    """What is left of some findings, what comments silence, and the comments that silence nothing.

    `unused` groups the names of one comment.
    """

    kept: list[Finding]
    silenced: list[Finding]
    unused: list[tuple[Span, ...]]
    unknown: list[Unknown]
    spans: Spans

    def silences(self, finding: Finding) -> bool:
        """Tell whether a comment silences what is told of comments."""
        return self.spans.at(finding.location, finding.rule) is not None


def judge(
    findings: list[Finding], project: Project, rules: Mapping[str, Rule], find: Find, *, whole: bool
) -> Judged:
    """Take out what comments silence, and look for other ways where they silence one.

    `find` gives the findings of a rule, and `rules` are the ones that run; `whole` says that all of
    the project is indexed, so that what nothing reaches is reached by nothing.
    """
    spans = Spans(project.files, project.packs)
    if not spans.by_path:
        return Judged(findings, [], [], spans.unknown, spans)
    case = _Case(project, spans)
    touched = [finding for finding in findings if case.touches(finding)]
    kept = findings
    if touched or case.ways.cuts_awaits:
        kept = list(case.again(findings, rules, find))
    left = {(finding.rule, finding.location) for finding in kept}
    silenced = [each for each in findings if (each.rule, each.location) not in left]
    unused = list(case.unused(frozenset(rules), whole=whole))
    return Judged(kept, silenced, unused, spans.unknown, spans)


class _Case:
    """A project, its spans, and those that have silenced something so far."""

    def __init__(self, project: Project, spans: Spans) -> None:
        self.project = project
        self.spans = spans
        self.ways = Ways(project, spans)
        self.used = self.ways.used

    def touches(self, finding: Finding) -> bool:
        """Tell whether a comment speaks of a place that a finding names, and remember it."""
        span = self._touching(finding)
        if span is not None:
            self.used.add(span)
        return span is not None

    def _touching(self, finding: Finding) -> Span | None:
        rule, where, root = finding.rule, finding.location, finding.root.location
        span = self.spans.at(where, rule) or self.ways.around(where, rule)
        if span is not None:
            return span
        for step in finding.trace:
            for found in self.spans.all_at(step.location, rule):
                if not found.here:
                    return found
        head = Location(root.path, root.start, root.start)
        return self.ways.on_head(head, rule) if root.start else None

    def again(
        self, before: list[Finding], rules: Mapping[str, Rule], find: Find
    ) -> Iterator[Finding]:
        """Yield what is found at the same places by ways that no comment silences."""
        places = {finding.location for finding in before}
        entered = {(each.rule, each.location) for each in before if each.root.kind != _NO_ENTRY}
        quieted = self.project.quieted(self.ways.quiet)
        for rule in rules.values():
            entries = self.ways.entries(rule.name)
            cut = bool(entries) or self.ways.cuts_awaits
            seen = quieted.without(entries, rule.name) if cut else quieted
            for finding in find(rule, seen):
                lost = cut and finding.root.kind == _NO_ENTRY
                if lost and (finding.rule, finding.location) in entered:
                    continue
                if finding.location in places and not self.touches(finding):
                    yield finding

    def unused(self, running: frozenset[str], *, whole: bool) -> Iterator[tuple[Span, ...]]:
        """Yield the spans that silence nothing, by comment; only where that is certain."""
        previews = {rule.name for rule in self.project.packs.rules.values() if rule.preview}
        for path, spans in self.spans.by_path.items():
            idle: dict[Directive, list[Span]] = {}
            for span in spans:
                ran = not span.rules.isdisjoint(running) and span.rules <= running | previews
                mine = span.directive.owner == OWN and span not in self.used
                if mine and ran and (whole or self._is_reached(path, span)):
                    idle.setdefault(span.directive, []).append(span)
            yield from (tuple(found) for found in idle.values())

    def _is_reached(self, path: str, span: Span) -> bool:
        """Tell whether a span is about a function that the loop is known to reach."""
        if span.breadth != LINE:
            return False
        files = self.project.files
        number = files.paths.index(path)
        first = self.project.typing.first_function[number]
        return any(
            self.ways.reached(first + index)
            for index, function in enumerate(files[number].functions)
            if index and function.start < span.last and span.first < function.end
        )
