"""Where a file pickles and unpickles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.project.program import Project

LOADS = frozenset(("pickle.load", "pickle.loads"))
DUMPS = frozenset(("pickle.dump", "pickle.dumps"))


class Pickling(NamedTuple):
    """A call of pickle: its full name, node, function and place."""

    name: str
    node: int
    function: int
    start: int
    end: int


def picklings(project: Project, file: int) -> Iterator[Pickling]:
    """Yield the calls of pickle in a file."""
    typing, facts_of = project.typing, project.files[file]
    for index, function in enumerate(facts_of.functions):
        for at in range(0, len(function.sites), facts.SITE):
            kind, node, start, end, _ = function.sites[at : at + facts.SITE]
            parts = facts_of.nodes[node]
            if kind == facts.CALLS and parts[0] == facts.CALL:
                names = {str(each[1]) for each in typing.of(file, parts[1]) if each[0] == "X"}
                for name in names & (LOADS | DUMPS):
                    yield Pickling(name, node, index, start, end)


def holder(file: FileFacts, index: int) -> int:
    """Return the class that a function belongs to, -1 for the module."""
    while index > 0 and file.functions[index].owner < 0:
        index = file.functions[index].parent
    return file.functions[index].owner if index > 0 else -1
