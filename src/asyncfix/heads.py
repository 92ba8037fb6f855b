"""What must be known of every file before any of them is read: counts, and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts, Function

EMPTYING = ("pop", "popitem", "clear", "__delitem__", "move_to_end")

EMPTYING = ("pop", "popitem", "clear", "__delitem__", "move_to_end")


class Head(NamedTuple):
    """The part of a file's facts that a link asks of all files; it follows from the facts.

    `tops` are the first names of what the module imports at its top; `decorated` has last names
    of decorators, each with the index and the name of its function; `repeating` are the functions
    that hold loops; `calls` counts calls by the last name of what is called; `defines` are the
    names of all that can be called or read, `coroutines` those of async functions, `lazies` tells
    whether anything shared is set on first use, `statements` whether there is SQL of note,
    `keeps` whether an empty dict is kept in a variable of the module or an attribute, and `emptied`
    has the last names of what something is taken out of.
    """

    error: str
    imports: tuple[str, ...]
    tops: tuple[str, ...]
    functions: int
    asynchronous: tuple[int, ...]
    repeating: tuple[int, ...]
    classes: int
    defines: tuple[str, ...]
    decorated: tuple[tuple[str, int, str], ...]
    calls: dict[str, int]
    sets: tuple[tuple[int, str, int, str], ...]
    silences: bool
    coroutines: tuple[str, ...]
    lazies: bool
    statements: bool
    keeps: bool
    emptied: tuple[str, ...]


def head(file: FileFacts) -> Head:
    """Return the head of a file."""
    return Head(
        file.error,
        file.imports,
        tuple(sorted(set(_tops(file)))),
        len(file.functions),
        tuple(at for at, function in enumerate(file.functions) if function.flags & facts.ASYNC),
        tuple(at for at, function in enumerate(file.functions) if function.loops),
        len(file.classes),
        tuple(dict.fromkeys(_defines(file))),
        tuple(
            (name, at, function.name)
            for at, function in enumerate(file.functions)
            if function.decorators
            for name in decorators(file, function)
        ),
        {name: len(nodes) for name, nodes in file.calls.items()},
        file.sets,
        bool(file.directives),
        tuple({each.name: None for each in file.functions if each.flags & facts.ASYNC}),
        bool(file.lazies),
        bool(file.statements),
        any(each.value == "{}" for each in file.settings),
        tuple(dict.fromkeys(_emptied(file))),
    )


def decorators(file: FileFacts, function: Function) -> list[str]:
    """Return the last names of a function's decorators, such as `property`."""
    names = []
    for decorator in function.decorators:
        parts = file.nodes[decorator]
        parts = file.nodes[parts[1]] if parts[0] == facts.CALL else parts
        if parts[0] in (facts.ATTR, facts.GLOBAL):
            names.append(parts[2] if parts[0] == facts.ATTR else parts[1])
    return names


def _emptied(file: FileFacts) -> Iterator[str]:
    for method in EMPTYING:
        for node in file.calls.get(method, ()):
            callee = file.nodes[file.nodes[node][1]]
            name = file.nodes[callee[1]][-1] if callee[0] == facts.ATTR else 0
            if isinstance(name, str):
                yield name.rpartition(".")[2]


def _defines(file: FileFacts) -> Iterator[str]:
    for function in file.functions:
        yield function.name
    for each in file.classes:
        yield each.name
        yield from each.attributes
    yield from file.names


def _tops(file: FileFacts) -> Iterator[str]:
    for values in file.names.values():
        for value in values:
            parts = file.nodes[value]
            if parts[0] == facts.IMPORT and not parts[2]:
                yield parts[1].partition(".")[0]
