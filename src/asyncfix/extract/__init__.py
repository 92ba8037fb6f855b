"""Reads one file's syntax tree once and says what is in it, as facts.

One pass, because the tree is dropped at once and every pass over it costs as much as parsing.
A `Reader` holds what is known so far; each module reads one kind of code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.comments import directives, scanned
from asyncfix.extract.blocks import block
from asyncfix.extract.definitions import function
from asyncfix.extract.probes import probes_of
from asyncfix.extract.reader import Heading, Reader
from asyncfix.extract.visitors import EXPRESSIONS, STATEMENTS
from asyncfix.facts import FileFacts
from asyncfix.parse import parse

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from asyncfix.facts import Class, Function, Lazy

_CONTRACT = re.compile(rb"#\s*asyncfix:\s*(nonblocking|runs-in-thread|blocking\[[\w-]+\])")


def extract(path: str, digest: str, text: str) -> FileFacts:
    """Return the facts of one file; a file that does not parse yields its error instead."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _unparsable(path, digest, data, error)
    try:
        return _read(path, digest, data, tree)
    except RecursionError:
        return _unparsable(path, digest, data, RecursionError("code is nested too deep"))


def _unparsable(path: str, digest: str, data: bytes, error: Exception) -> FileFacts:
    message = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
    row = (error.lineno or 1) if isinstance(error, SyntaxError) else 1
    at = sum(map(len, data.splitlines(keepends=True)[: row - 1]))
    return unparsable(path, message, digest, at)._replace(directives=directives(data))


def unparsable(path: str, message: str, digest: str = "", at: int = 0) -> FileFacts:
    """Return what is known of a file that cannot be read: why, and where."""
    nothing: tuple[Any, ...] = ()
    return FileFacts(
        path,
        digest,
        message,
        at,
        nodes=[(facts.UNKNOWN,)],
        functions=[],
        classes=[],
        names={},
        stars=nothing,
        puts=nothing,
        sets=nothing,
        guards=((),),
        calls={},
        imports=nothing,
        directives=nothing,
        lazies=nothing,
        rebinds=nothing,
        settings=nothing,
        statements=nothing,
    )


def _read(path: str, digest: str, data: bytes, tree: ast.Module) -> FileFacts:
    """Read the module, and the bodies of its functions as they are met."""
    starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
    contracts = _contracts(data, starts) if b"asyncfix:" in data else {}
    reader = Reader(starts, probes_of(data, tree), contracts, EXPRESSIONS, STATEMENTS)
    reader.functions.append(None)
    block(reader, tree.body)
    heading = Heading("<module>", "", 0, -1, -1, (), 0, ())
    reader.functions[0] = function(reader.scope, heading, 0, starts[-1], "")
    functions = [each for each in reader.functions if each]
    return FileFacts(
        path,
        digest,
        "",
        0,
        reader.nodes,
        functions,
        _classes(reader),
        {name: tuple(dict.fromkeys(values)) for name, values in reader.names.items()},
        tuple(reader.stars),
        tuple(reader.puts),
        tuple(reader.sets),
        tuple(reader.guards),
        _calls_by_name(reader, functions),
        tuple(sorted(reader.imports)),
        directives(data),
        _lazies(reader),
        tuple(reader.rebinds),
        tuple(reader.settings),
        tuple(reader.statements_made),
    )


def _contracts(data: bytes, starts: Sequence[int]) -> dict[int, str]:
    """Return what `# asyncfix:` comments promise, by row."""
    found = {}
    for comment in scanned(data).comments:
        match = _CONTRACT.match(data, comment.start)
        if match:
            found[bisect_right(starts, comment.start)] = match[1].decode()
    return found


def _classes(reader: Reader) -> list[Class]:
    return [
        each._replace(
            methods=methods,
            attributes={name: tuple(dict.fromkeys(values)) for name, values in given.items()},
        )
        for each, methods, given in zip(
            reader.classes, reader.methods, reader.attributes, strict=True
        )
        if each
    ]


def _lazies(reader: Reader) -> tuple[Lazy, ...]:
    found = (each.lazy(reader.nodes) for each in reader.lazies.done)
    return tuple(each for each in found if each and (each.scope != "instance" or each.awaits))


def _calls_by_name(reader: Reader, functions: Sequence[Function]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    nodes = reader.nodes
    for node in reader.calls:
        name = _called_name(reader, nodes[nodes[node][1]], functions)
        found.setdefault(name, []).append(node)
    return {name: tuple(calls) for name, calls in found.items()}


def _called_name(reader: Reader, callee: tuple[Any, ...], functions: Sequence[Function]) -> str:
    kind = callee[0]
    if kind in (facts.ATTR, facts.OUTER):
        return str(callee[2])
    if kind == facts.GLOBAL:
        return str(callee[1])
    if kind == facts.IMPORT:
        return str(callee[1]).rpartition(".")[2]
    if kind == facts.FUNCTION:
        return str(functions[callee[1]].name)
    return reader.class_names[callee[1]].rpartition(".")[2] if kind == facts.CLASS else ""
