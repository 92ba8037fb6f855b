"""What a call graph consists of: sites, edges between functions, and hits of what blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncfix.packs import Query, Target
    from asyncfix.project.types import Types

Instance = int
Here = tuple[Instance, int, int]  # with its file, and what `self` is; how sites begin
Guards = tuple[tuple[int, str, bool], ...]
# a parameter by its function and index, and where it is called: node, start, end and guards
CalledParam = tuple[int, int, int, int, int, Guards]


class Site(NamedTuple):
    """A place in an instance's code where something runs; `guard` indexes its file's guards.

    `self_class` is what `self` is there, if not the class that the code stands in.
    """

    caller: Instance
    file: int
    self_class: int
    kind: int
    node: int
    start: int
    end: int
    guard: int = 0


class Edge(NamedTuple):
    """A call, from one function to another, at a place of the caller's file."""

    caller: Instance
    callee: Instance
    node: int
    start: int
    end: int
    guards: Guards
    bound: bool
    kind: str
    inner: Types


class Hit(NamedTuple):
    """A call of something that blocks, outside the project.

    `origins` are the expressions that its receiver and its first argument come from.
    """

    caller: Instance
    target: Target
    name: str
    node: int
    start: int
    end: int
    guards: Guards
    origins: tuple[int, ...]


class Asked(NamedTuple):
    """A call that goes to a store, awaited or not."""

    caller: Instance
    query: Query
    name: str
    node: int
    start: int
    end: int
    guards: Guards
    awaited: bool
