"""Which file a dotted name means: modules, packages and roots as Python would find them."""

from __future__ import annotations

import builtins
import posixpath
import sys
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.trace import Memo, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncfix.project.files import Files

BUILTINS = frozenset(dir(builtins))

# A definition is (file, node) for an expression of the project, or a type that needs no reading:
# ("P", file) a module, ("D", folder) a package without __init__, ("X", name) something outside.
Definition = tuple[object, ...]


class Modules:
    """The project's modules; a name that leads nowhere in the project is outside of it."""

    def __init__(
        self, files: Files, src: Iterable[str], known: frozenset[str], trace: Trace
    ) -> None:
        self.files = files
        self.trace = trace
        self.known = known | set(sys.stdlib_module_names)
        self.by_path: dict[str, int] = {}
        self.folders: set[str] = set()
        self.packages: set[str] = set()
        for index, path in enumerate(files.paths):
            self._add(index, path)
        self.own = {path.rpartition("/")[2] for path in (*self.by_path, *self.folders)}
        self.folder = [posixpath.dirname(path) for path in files.paths]
        self.root = [self._package_root(folder) for folder in self.folder]
        self.roots = sorted({*self.root, *(name.strip("./") for name in src), "", "src"})
        self.found: dict[tuple[str, str], Definition | None] = {}
        self._starts: dict[str, list[str]] = {}
        self.names: dict[int, str] = {}
        self._defined = Memo(trace, self._look, lambda _: ())

    def _add(self, index: int, path: str) -> None:
        stem, _, suffix = path.rpartition(".")
        if posixpath.basename(stem) == "__init__":
            stem = posixpath.dirname(stem)
            self.packages.add(stem)
        if suffix == "py" or stem not in self.by_path:
            self.by_path[stem] = index
        folder = posixpath.dirname(path)
        while folder and folder not in self.folders:
            self.folders.add(folder)
            folder = posixpath.dirname(folder)

    def _package_root(self, folder: str) -> str:
        while folder in self.packages and folder:
            folder = posixpath.dirname(folder)
        return folder

    def name(self, index: int) -> str:
        """Return the dotted name of a file, as it is imported within its package."""
        found = self.names.get(index)
        if found is None:
            found = self.names[index] = self._name(index)
        return found

    def _name(self, index: int) -> str:
        path = self.files.paths[index].rpartition(".")[0]
        root = self.root[index]
        if root and self.folder[index] in self.packages:
            path = path.removeprefix(root + "/")
        if root.startswith("src") or (root in self.roots and root in ("lib", "python")):
            path = path.removeprefix(root + "/")
        return path.removesuffix("/__init__").replace("/", ".")

    def module(self, index: int, dotted: str) -> Definition | None:
        """Return the module or package that an absolute import in a file means, or None."""
        key = (self.folder[index], dotted)
        if key not in self.found:
            self.found[key] = self._module(index, dotted)
        return self.found[key]

    def _module(self, index: int, dotted: str) -> Definition | None:
        path, top = dotted.replace(".", "/"), dotted.partition(".")[0]
        folder, root = self.folder[index], self.root[index]
        known = top in self.known
        strict = [root] if folder in self.packages else [folder]
        if top not in self.own or (known and top in sys.builtin_module_names):
            return None
        if known and folder not in self.packages and folder not in ("", "src"):
            # a folder without __init__ shadows libraries only where scripts are started from it
            strict = []
        for place in strict:
            found = self._at(place, path)
            if found:
                return found
        if known:
            return None
        for place in self._nearest(folder):
            found = self._at(place, path)
            if found and found != ("P", index) and not self._is_above(place, path, folder):
                return found
        return None

    def _is_above(self, place: str, path: str, folder: str) -> bool:
        """Tell whether a name would mean a subpackage that the importing file is in itself.

        A package that wraps a library often bears its name; from within it the library is meant.
        """
        return place in self.packages and f"{folder}/".startswith(f"{place}/{path}/")

    def _nearest(self, folder: str) -> list[str]:
        """Return every place where imports may start, those that enclose the file first."""
        found = self._starts.get(folder)
        if found is None:
            enclosing, above = [], folder
            while above:
                enclosing.append(above)
                above = posixpath.dirname(above)
            others = (root for root in self.roots if root not in enclosing)
            found = self._starts[folder] = [*enclosing, *others]
        return found

    def _at(self, root: str, path: str) -> Definition | None:
        whole = f"{root}/{path}" if root else path
        if whole in self.by_path:
            return ("P", self.by_path[whole])
        if whole in self.folders:
            return ("D", whole)
        return None

    def imported(self, index: int, dotted: str, level: int) -> tuple[Definition, ...]:
        """Return what `import dotted` or `from … import …` binds in a file."""
        if level:
            folder = self.folder[index]
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            return self._below(self._at("", folder) or ("D", folder), dotted)
        head, _, rest = dotted.partition(".")
        top = self.module(index, head)
        if top is None:
            return (("X", dotted),)
        found = self._below(top, rest) if rest else (top,)
        if found or head not in self.known or top[0] == "P":
            return found
        return (("X", dotted),)

    def _below(self, start: Definition, dotted: str) -> tuple[Definition, ...]:
        current: tuple[Definition, ...] = (start,)
        *folders, last = dotted.split(".") if dotted else [""]
        for part in folders:
            # `from a.b import c` imports the module a.b, whatever `b` is within a
            below = tuple(found for each in current for found in self._submodule(each, part))
            current = below or tuple(found for each in current for found in self.member(each, part))
        if not last:
            return current
        return tuple(found for each in current for found in self.member(each, last))

    def _submodule(self, module: Definition, name: str) -> tuple[Definition, ...]:
        kind, at = module[0], module[1]
        if kind == "P" and isinstance(at, int):
            path = self.files.paths[at]
            if not path.endswith("__init__.py"):
                return ()
            at = posixpath.dirname(path)
        if kind == "X":
            return ()
        below = self._at(str(at), name)
        return (below,) if below else ()

    def member(self, module: Definition, name: str) -> tuple[Definition, ...]:
        """Return what a module or package holds under a name."""
        kind, at = module[0], module[1]
        if kind == "X":
            return (("X", f"{at}.{name}"),)
        if kind == "P" and isinstance(at, int):
            found = self.lookup(at, name)
            if found:
                return found
        return self._submodule(module, name)

    def lookup(self, index: int, name: str) -> tuple[Definition, ...]:
        """Return the definitions of a module-level name, through imports and stars."""
        file = self.files[index]
        if name in file.names or file.stars:
            return self._defined((index, name))
        self.trace.mask |= self.trace.bits[index]
        return ()

    def _look(self, key: tuple[int, str]) -> tuple[Definition, ...]:
        index, name = key
        self.trace.mask |= self.trace.bits[index]
        file = self.files[index]
        found: list[Definition] = []
        for node in file.names.get(name, ()):
            parts = file.nodes[node]
            if parts[0] == facts.IMPORT:
                found += self.imported(index, parts[1], parts[2])
            else:
                found.append(("N", index, node))
        if not found and not name.startswith("_"):
            found += self._starred(index, name)
        return tuple(dict.fromkeys(found))

    def _starred(self, index: int, name: str) -> list[Definition]:
        found: list[Definition] = []
        for dotted, level in self.files[index].stars:
            for module in self.imported(index, dotted, level):
                if module[0] == "P":
                    found += self.member(module, name)
        return found
