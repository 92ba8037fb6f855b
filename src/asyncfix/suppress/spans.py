"""What comments silence: which rules, over which bytes of their file."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asyncfix.facts import Directive, FileFacts
    from asyncfix.findings import Location
    from asyncfix.packs import Packs, Rule
    from asyncfix.project.files import Files

LINE, RANGE, FILE = 0, 1, 2
OWN = "asyncfix"


class Span(NamedTuple):
    """One name of one directive: the rules that it silences, and where.

    `breadth` orders spans of one place, the nearest first; `here` marks a bare `# noqa`, which
    silences what is reported there, and not what passes.
    """

    path: str
    directive: Directive
    name: str
    rules: frozenset[str]
    first: int
    last: int
    breadth: int
    here: bool = False

    def covers(self, start: int, end: int) -> bool:
        """Tell whether code begins or ends in here."""
        if self.first <= start < self.last or self.first < end <= self.last:
            return True
        return self.directive.start <= start < self.directive.end


class Unknown(NamedTuple):
    """A directive, or a name in one, that means nothing."""

    path: str
    directive: Directive
    name: str


class Spans:
    """The spans of a project, by file, the nearest first."""

    def __init__(self, files: Files, packs: Packs) -> None:
        self.by_path: dict[str, list[Span]] = {}
        self.unknown: list[Unknown] = []
        self._names = _Names(packs)
        for at, head in enumerate(files.heads):
            if head.silences:
                spans = sorted(self._of(files[at]), key=attrgetter("breadth"))
                self.by_path[files.paths[at]] = spans

    @property
    def names(self) -> frozenset[str]:
        """Return the names of rules and groups."""
        return self._names.known

    def at(self, location: Location, rule: str) -> Span | None:
        """Return the nearest span that silences a rule at a place."""
        return next(self.all_at(location, rule), None)

    def all_at(self, location: Location, rule: str) -> Iterator[Span]:
        """Yield the spans that silence a rule at a place, the nearest first."""
        for span in self.by_path.get(location.path, ()):
            if rule in span.rules and span.covers(location.start, location.end):
                yield span

    def _of(self, file: FileFacts) -> Iterator[Span]:
        for number, directive in enumerate(file.directives):
            own = directive.owner == OWN
            if own and (directive.kind[0] == "?" or not directive.names):
                self.unknown.append(Unknown(file.path, directive, ""))
                continue
            if directive.kind == "ignore" and not directive.names:
                where = (directive.first, directive.last)
                yield Span(file.path, directive, "", self._names.every, *where, LINE, here=True)
            for name in dict.fromkeys(directive.names):
                rules = self._names.rules(name, own=own)
                if rules:
                    yield from self._spans(file, number, name, rules)
                elif own:
                    self.unknown.append(Unknown(file.path, directive, name))

    def _spans(
        self, file: FileFacts, number: int, name: str, rules: frozenset[str]
    ) -> Iterator[Span]:
        directive = file.directives[number]
        breadth = {"ignore": LINE, "disable": RANGE, "file-ignore": FILE}.get(directive.kind)
        last = directive.last
        if breadth == RANGE:
            last = _enabled(file.directives[number + 1 :], directive, name)
        if breadth is None:  # an `enable` silences nothing; it is told of if it ends nothing
            if not _opened(file.directives[:number], directive, name):
                yield Span(file.path, directive, name, rules, -1, -1, RANGE)
        else:
            yield Span(file.path, directive, name, rules, directive.first, last, breadth)


class _Names:
    """What names in directives stand for."""

    def __init__(self, packs: Packs) -> None:
        self._rules: dict[str, frozenset[str]] = {
            group: frozenset(names) for group, names in packs.groups.items()
        }
        self._rules |= {name: frozenset((name,)) for name in packs.rules}
        self.known = frozenset(self._rules)
        self._aliases = _aliases(packs.rules)
        self.every = frozenset(packs.rules)

    def rules(self, name: str, *, own: bool) -> frozenset[str]:
        """Return the rules that a name means; other linters' comments hold aliases alone."""
        known = self._rules.get(name) if own else None
        return known or self._aliases.get(name.upper(), frozenset())


def _aliases(rules: Mapping[str, Rule]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for rule in rules.values():
        for alias in rule.aliases:
            found.setdefault(alias.upper(), set()).add(rule.name)
    return {alias: frozenset(names) for alias, names in found.items()}


def _enabled(later: Sequence[Directive], opened: Directive, name: str) -> int:
    """Return where a range ends: at the comment that enables the name again, or with its block."""
    for directive in later:
        if directive.owner == opened.owner and name in directive.names:
            if directive.kind == "enable":
                return directive.start
            if directive.kind == "disable":
                break
    return opened.last


def _opened(earlier: Sequence[Directive], closing: Directive, name: str) -> bool:
    """Tell whether a name was disabled, and not enabled since."""
    for directive in reversed(earlier):
        if directive.owner == closing.owner and name in directive.names:
            if directive.kind == "disable":
                return True
            if directive.kind == "enable":
                return False
    return False
