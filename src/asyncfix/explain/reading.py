"""What all explanations need: names, places, and functions as the call graph has them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.explain.origins import Origins
from asyncfix.findings import Location
from asyncfix.output.places import Places
from asyncfix.source import Text

if TYPE_CHECKING:
    from pathlib import Path

    from asyncfix.project.edges import Instance
    from asyncfix.project.program import Project

_LONGEST = 60


class Reading:
    """A linked project that is read further where nothing on the loop leads."""

    def __init__(self, project: Project, root: Path) -> None:
        self.project = project
        self.graph = project.graph
        self.typing = project.typing
        self.texts: dict[str, Text] = {}
        self.root = root
        prefix = os.path.join(os.path.relpath(root), "")  # noqa: PTH118 - the slash is wanted
        self.places = Places(self.text, prefix)
        self.origins = Origins(self.graph, self.text, self.at)
        self.reported = {
            (c.instance, c.start, c.end): c for c in (*project.loop_chains, *project.chains)
        }
        self.reached = project.reached
        for number in range(min(1, len(self.graph.instances))):
            project.root(number)  # the ways from the roots are noted before more is read

    def text(self, path: str) -> Text:
        """Return the text of a file of the project."""
        if path not in self.texts:
            self.texts[path] = Text.read(self.root, path)
        return self.texts[path]

    def at(self, path: str, offset: int) -> str:
        """Write a place as `path:row`."""
        place = self.places.at(Location(path, offset, offset))
        return f"{place.path}:{place.row}"

    def start(self, fid: int) -> str:
        """Write where a function is defined."""
        file, function = self.typing.functions[fid]
        return self.at(self.project.files[file].path, function.start)

    def _code(self, path: str, start: int, end: int) -> str:
        return clipped(" ".join(self.text(path).data[start:end].decode(errors="replace").split()))

    def _path(self, fid: int) -> str:
        return self.project.files[self.typing.functions[fid][0]].path

    def _short(self, fid: int) -> str:
        return self.origins.short(fid)

    def _name(self, fid: int) -> str:
        return plain(self.graph.qualname(fid))

    def _instances(self, fid: int) -> list[Instance]:
        """Return a function as it is seen from each class; it is read now if it never was."""
        found = [n for n, (each, _) in enumerate(self.graph.instances) if each == fid]
        if not found:
            self.graph.grow([fid])
            found = [self.graph.numbers[fid, -1]]
            self.__dict__.pop("_leads", None)
        return found

    def _on_loop(self, fid: int) -> bool:
        return any(number in self.reached for number in self._instances(fid))

    def _enters(self, fid: int) -> bool:
        """Tell whether the loop runs a function itself, not through a sync call."""
        is_async = bool(self.typing.functions[fid][1].flags & facts.ASYNC)
        return is_async or fid in self.project.on_loop


def clipped(code: str) -> str:
    """Leave out the middle of long code: its end says what is called."""
    half = _LONGEST // 2
    return code if len(code) <= _LONGEST else f"{code[:half]} … {code[-half:]}"


def plain(qualname: str) -> str:
    """Leave out what Python puts into the names of nested functions."""
    return qualname.replace("<locals>.", "")
