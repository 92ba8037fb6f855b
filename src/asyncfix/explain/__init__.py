"""Explains a place or a function: how names were resolved, every chain, or why it is silent."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from asyncfix.explain.reading import plain
from asyncfix.explain.runs import MOST, listed
from asyncfix.explain.story import Story
from asyncfix.findings import AsyncfixError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from asyncfix.project.program import Project

_PLACE = re.compile(r"(?P<path>.+?):(?P<row>\d+)(?::(?P<column>\d+))?\Z")


def explain(project: Project, target: str, root: Path) -> list[str]:
    """Return what is to be said of `path:row[:column]` or of a function, line by line.

    Raise AsyncfixError if there is no such place or function, or more than one.
    """
    story = Story(project, root)
    place = _PLACE.match(target)
    if place:
        path = _found_path(project, place["path"], story)
        return story.place(path, int(place["row"]), int(place["column"] or 0))
    return story.function(_found_function(project, target, story))


def _found_path(project: Project, name: str, story: Story) -> str:
    """Return the path in the project that a user's path, or the end of one, means."""
    paths = project.files.paths
    try:
        relative = os.path.relpath(name, story.root).replace(os.sep, "/")
    except ValueError:
        relative = name
    if relative in paths:
        return relative
    tail = name.replace(os.sep, "/").removeprefix("./")
    ends = [path for path in paths if path == tail or path.endswith(f"/{tail}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        shown = [story.places.shown(path) for path in ends]
        raise AsyncfixError(f"`{name}` is more than one file: {listed(shown)}")
    shown = [story.places.shown(path) for path in paths]
    close = get_close_matches(tail, shown, 3, 0.6)
    raise AsyncfixError(f"no Python file `{name}` in the project{_meant(close)}")


def _found_function(project: Project, name: str, story: Story) -> int:
    graph = project.graph
    wanted = name.removesuffix("()")
    table: dict[str, list[int]] = {}
    for fid, (_, function) in enumerate(project.typing.functions):
        if function.name not in {"<module>", "<lambda>"}:
            table.setdefault(plain(graph.qualname(fid)), []).append(fid)
    exact = table.get(wanted)
    names = [wanted] if exact else [each for each in table if each.endswith(f".{wanted}")]
    found = [fid for each in names for fid in table[each]]
    if len(found) == 1:
        return found[0]
    if not found:
        found = list(_class(project, wanted))
        if len(found) == 1:
            return found[0]
        raise AsyncfixError(_unknown(project, name, table))
    places = [f"{plain(graph.qualname(fid))} ({story.start(fid)})" for fid in found]
    raise AsyncfixError(f"`{name}` is {len(found)} functions: {listed(places)}")


def _class(project: Project, name: str) -> Iterator[int]:
    """Yield what making an instance of a class of this name runs."""
    typing = project.typing
    for cls, (file, each) in enumerate(typing.classes):
        full = f"{typing.modules.name(file)}.{each.qualname}"
        if full == name or full.endswith(f".{name}"):
            fid = typing.hierarchy.method(cls, "__init__")
            if fid < 0:
                methods = [f"{name}.{method}" for method in each.methods]
                raise AsyncfixError(
                    f"`{name}` is a class without code to run; {_meant(methods)[2:]}"
                )
            yield fid


def _unknown(project: Project, name: str, table: Iterable[str]) -> str:
    names = list(table)
    last = name.rpartition(".")[2]
    close = get_close_matches(name, names, 3, 0.8)
    tails = {each.rpartition(".")[2] for each in names}
    near = get_close_matches(last, sorted(tails), 2, 0.75)
    close += [each for each in names if each.rpartition(".")[2] in near][:3]
    library = project.packs.library
    if name in library.targets or name in library.reads:
        return f"`{name}` is not the project's; `asyncfix check` shows who calls it"
    return f"no function `{name}` in the project{_meant(close)}"


def _meant(names: Sequence[str]) -> str:
    names = [f"`{name}`" for name in dict.fromkeys(names)][:MOST]
    return f"; did you mean {' or '.join(names)}?" if names else ""
