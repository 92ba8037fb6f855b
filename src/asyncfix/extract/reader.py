"""What is known of a file while its tree is being read, and how facts are written down.

A tree has hundreds of nodes per function, so what happens at each of them decides how long a
project takes: visitors look themselves up by type, and nodes that are alike are made once.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.lazies import Lazies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asyncfix.facts import Class, Function, Param, Setting, Statement

Env = dict[str, tuple[int, ...]]
Guards = tuple[tuple[int, str, bool], ...]
Parts = tuple[Any, ...]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

MOST_DEFINITIONS = 6
_ENDINGS = {ast.Break: facts.BREAKS, ast.Return: facts.RETURNS}


class Heading(NamedTuple):
    """What a function says of itself before its body is read."""

    name: str
    qualname: str
    flags: int
    parent: int
    owner: int
    params: tuple[Param, ...]
    returns: int
    decorators: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Scope:
    """A function that is being read: its names so far, and what it does."""

    index: int
    parent: Scope | None
    owner: int
    qualname: str
    flags: int = 0
    depth: int = 0
    env: Env = field(default_factory=dict)
    all: dict[str, list[int]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    captured: set[str] = field(default_factory=set)
    sites: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    read: set[int] = field(default_factory=set)
    uses: list[int] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)
    holds: list[int] = field(default_factory=list)
    loopless: dict[str, bool] = field(default_factory=dict)
    results: list[int] = field(default_factory=list)
    yields: list[int] = field(default_factory=list)
    params: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    copies: dict[str, int] = field(default_factory=dict)
    cut: dict[str, tuple[int, str]] = field(default_factory=dict)
    pending: list[tuple[Definition, int, Heading]] = field(default_factory=list)
    loops: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Reader:
    """One file: where its rows start, what visits its nodes, and the facts so far."""

    starts: list[int]
    probes: frozenset[str]  # what gives a loop, if the file asks for one at all
    contracts: Mapping[int, str]
    expressions: Mapping[type, Callable[[Reader, Any], int]]
    statements: Mapping[type, Callable[[Reader, Any], bool]]
    nodes: list[Parts] = field(default_factory=lambda: [(facts.UNKNOWN,)])
    shared: dict[Parts, int] = field(default_factory=lambda: {(facts.UNKNOWN,): 0})
    globals: dict[str, int] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    functions: list[Function | None] = field(default_factory=list)
    classes: list[Class | None] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    names: dict[str, list[int]] = field(default_factory=dict)
    stars: list[tuple[str, int]] = field(default_factory=list)
    puts: list[tuple[int, int]] = field(default_factory=list)
    sets: list[tuple[int, str, int, str]] = field(default_factory=list)
    guard: Guards = ()
    left: dict[str, int] = field(default_factory=dict)
    guards: dict[Guards, int] = field(default_factory=lambda: {(): 0})
    attributes: list[dict[str, list[int]]] = field(default_factory=list)
    methods: list[dict[str, int]] = field(default_factory=list)
    body: int = -1  # the class whose body is being read
    awaited: ast.AST | None = None
    lazies: Lazies = field(default_factory=Lazies)
    rebinds: list[tuple[int, str]] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    statements_made: list[Statement] = field(default_factory=list)
    quiet: int = 0  # more than 0 where what is read does not run
    starred: int = 0
    walruses: int = 0
    scope: Scope = field(default_factory=lambda: Scope(0, None, -1, ""))

    def expression(self, node: ast.AST | None) -> int:
        """Read an expression, or nothing; return its node."""
        return self.expressions[type(node)](self, node)

    def tested(self, node: ast.expr) -> int:
        """Read an expression of which only the truth counts."""
        value = self.expressions[type(node)](self, node)
        if type(node) is ast.Call:
            self.use(facts.TESTED, value)
        return value

    def operand(self, node: ast.expr) -> int:
        """Read an expression that something is computed of."""
        value = self.expressions[type(node)](self, node)
        if type(node) is ast.Call:
            self.use(facts.COMPUTED, value)
        return value

    # Nodes

    def node(self, parts: Parts) -> int:
        """Return the node of these parts, which is made once."""
        found = self.shared.get(parts)
        if found is None:
            found = self.shared[parts] = len(self.nodes)
            self.nodes.append(parts)
        return found

    def called(self, parts: Parts) -> int:
        """Return the node of a call, and keep it in mind."""
        if parts not in self.shared:
            self.calls.append(len(self.nodes))
        return self.node(parts)

    def fresh(self, parts: Parts) -> int:
        """Return a node of its own."""
        self.nodes.append(parts)
        return len(self.nodes) - 1

    def union(self, alternatives: Iterable[int]) -> int:
        """Return the node of what is one of some expressions; the last ones, if they are many."""
        unique = tuple(dict.fromkeys(filter(None, alternatives)))
        if len(unique) < 2:
            return unique[0] if unique else 0
        return self.node((facts.UNION, unique[-MOST_DEFINITIONS:]))

    def made_of(self, nodes: Iterable[int]) -> tuple[int, ...]:
        """Leave out constants, which no value depends on."""
        known = self.nodes
        return tuple(dict.fromkeys([n for n in nodes if n and known[n][0] > facts.CONST]))

    def literal(self, name: str, nodes: Iterable[int], told: str = "") -> int:
        """Return a literal that is made of other values; `told` is the part that is its own."""
        made = self.made_of(nodes)
        if told:
            return self.node((facts.LITERAL, name, made, told))
        return self.node((facts.LITERAL, name, made) if made else (facts.LITERAL, name))

    # Places

    def start(self, at: Any) -> int:  # noqa: ANN401 - any ast node with a place
        """Return the byte at which a node starts."""
        return int(self.starts[at.lineno - 1] + at.col_offset)

    def end(self, at: Any) -> int:  # noqa: ANN401 - as above
        """Return the byte at which a node ends."""
        return int(self.starts[at.end_lineno - 1] + at.end_col_offset)

    def site(self, kind: int, node: int, at: Any) -> None:  # noqa: ANN401 - as above
        """Note that something runs here, under the tests that are open."""
        if self.quiet:
            return
        starts, guard = self.starts, self.guard
        self.scope.sites += (
            kind,
            node,
            starts[at.lineno - 1] + at.col_offset,
            starts[at.end_lineno - 1] + at.end_col_offset,
            self.guards.setdefault(guard, len(self.guards)) if guard else 0,
        )

    def read(self, kind: int, node: int, at: Any) -> None:  # noqa: ANN401 - as above
        """Note the first place at which a function reads something."""
        scope = self.scope
        if self.quiet or (key := node * 8 + kind) in scope.read:
            return
        scope.read.add(key)
        starts, guard = self.starts, self.guard
        scope.reads += (
            kind,
            node,
            starts[at.lineno - 1] + at.col_offset,
            starts[at.end_lineno - 1] + at.end_col_offset,
            self.guards.setdefault(guard, len(self.guards)) if guard else 0,
        )

    def use(self, use: int, value: int) -> None:
        """Note what becomes of a call that was just read: its site is the last one."""
        sites = self.scope.sites
        if sites and sites[-4] == value and not self.quiet:
            self.scope.uses += (len(sites) - facts.SITE, use)

    def pause(self, kind: int, at: Any) -> None:  # noqa: ANN401 - as above
        """Note that others may run here."""
        self.scope.pauses += (kind, self.start(at), self.end(at))

    # Stretches

    def mark(self) -> int:
        """Return a number that grows with whatever is noted of a function."""
        scope = self.scope
        return len(scope.sites) + len(scope.reads) + len(scope.branches) + len(scope.loops)

    def loop(self, kind: int, span: tuple[int, int, int, int], element: int, mark: int) -> None:
        """Note a loop in which something runs: more sites and reads than there were before it."""
        if self.mark() > mark:
            self.scope.loops += (kind, *span, element, 0)

    def branch(self, body: Sequence[ast.stmt], test: int = 0, flag: int = 0) -> None:
        """Note a block that runs under a test, leaves the loop, or runs after an exception."""
        ending = _ENDINGS.get(type(body[-1]), 0) + flag
        if test or ending:
            self.scope.branches += (self.start(body[0]), self.end(body[-1]), test, ending)
