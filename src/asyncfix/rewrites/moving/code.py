"""A file under change: its syntax as a whole, and what the facts say of its expressions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.facts import FileFacts
    from asyncfix.project.types import Types
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.statements import Statement
    from asyncfix.syntax.tree import Node

_CALLED = (facts.CALLS, facts.AWAITS)


class Code:
    """One file; expressions are looked up by where they stand."""

    def __init__(self, workspace: Workspace, path: str) -> None:
        self.workspace, self.path = workspace, path
        self.file = workspace.files[path]
        self.data = workspace.text(path).data

    @cached_property
    def facts(self) -> FileFacts:
        """Return what the file says."""
        return self.workspace.project.files[self.file]

    @cached_property
    def tree(self) -> Tree:
        """Return the syntax of the file."""
        try:
            return Tree(self.data, 0, len(self.data))
        except Exception as error:  # libcst has a class of its own for what it cannot read
            raise RefusedError(f"{self.path} cannot be read as a whole") from error

    @cached_property
    def is_readable(self) -> bool:
        """Tell whether the syntax of the file can be had."""
        try:
            return bool(self.tree)
        except RefusedError:
            return False

    @cached_property
    def nodes(self) -> list[Node]:
        """Return every node of the file, in the order of the text."""
        return list(self.tree.root.walk())

    def each(self, *kinds: str) -> Iterator[Node]:
        """Yield the nodes of some kinds."""
        return (each for each in self.nodes if each.kind in kinds)

    @cached_property
    def _sites(self) -> dict[tuple[int, int], int]:
        """Return the facts' node of each call by its place."""
        found: dict[tuple[int, int], int] = {}
        for function in self.facts.functions:
            for at in range(0, len(function.sites), facts.SITE):
                kind, node, start, end = function.sites[at : at + 4]
                if kind in _CALLED:
                    found[start, end] = node
        return found

    @cached_property
    def _reads(self) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for function in self.facts.functions:
            for at in range(0, len(function.reads), facts.SITE):
                found[function.reads[at + 2], function.reads[at + 3]] = function.reads[at + 1]
        return found

    @cached_property
    def _starts(self) -> dict[int, int]:
        return {each.start: at for at, each in enumerate(self.facts.functions) if at}

    # Facts of syntax

    def site(self, call: Node) -> int:
        """Return the facts' node of a call, or 0."""
        return self._sites.get((call.start, call.end), 0)

    def fid(self, node: Node) -> int:
        """Return the number of the function that a node stands in."""
        first = self.workspace.project.typing.first_function[self.file]
        scope = node.function
        if scope is None:
            return first
        at = self._starts.get(scope.start)
        if at is None:
            raise RefusedError(f"a function in {self.path}:{self.row(scope)} is written unusually")
        return first + at

    def row(self, node: Node) -> int:
        """Return the row that a node begins in."""
        return self.workspace.text(self.path).position(node.start)[0]

    def types(self, node: Node) -> Types:
        """Return what a call gives or an attribute is, where the facts know of it."""
        typing = self.workspace.project.typing
        if node.kind == "Call":
            found = self.site(node)
        else:
            found = self._reads.get((node.start, node.end), 0)
        return typing.of(self.file, found) if found else ()

    def callees(self, call: Node) -> Types:
        """Return what a call calls."""
        found = self.site(call)
        if not found:
            return ()
        return self.workspace.project.typing.of(self.file, self.facts.nodes[found][1])

    def argument(self, call: Node, argument: Node) -> Types:
        """Return what an argument of a call is."""
        found = self.site(call)
        if not found:
            return ()
        parts = self.facts.nodes[found]
        given = call.all("args")
        at = next(index for index, each in enumerate(given) if each.raw is argument.raw)
        typing = self.workspace.project.typing
        if argument.has("keyword"):
            name = argument["keyword"].text
            at = parts[3].index(name) if name in parts[3] else -1
            return typing.of(self.file, parts[4][at]) if at >= 0 else ()
        return typing.of(self.file, parts[2][at]) if at < len(parts[2]) and parts[2][at] > 0 else ()

    # Names

    def full_name(self, node: Node) -> str:
        """Return the name of what imports bind to `a` or `a.b.c`, or nothing."""
        if node.kind not in ("Name", "Attribute"):
            return ""
        first, _, rest = node.text.partition(".")
        for statement in self.workspace.imports(self.path).statements:
            for each, _ in statement.bindings():
                bound = each.alias or each.name or each.module.partition(".")[0]
                if bound != first:
                    continue
                if not _sees(statement, node):
                    continue
                base = each.module if each.name or each.alias else first
                name = f"{base}.{each.name}" if each.name else base
                return f"{name}.{rest}" if rest else name
        return ""


def _sees(statement: Statement, node: Node) -> bool:
    """Tell whether a node sees what an import statement binds, in a module or a function."""
    if not {"def", "async", "class"} & set(statement.within):
        return True
    around = (each for each in node.parents if each.kind in ("FunctionDef", "ClassDef"))
    return any(each.start <= statement.start < each.end for each in around)


def codes(workspace: Workspace, path: str) -> Code:
    """Return a file's code; it is parsed once."""
    return workspace.kept(f"code of {path}", 0, lambda: Code(workspace, path))


def is_label(node: Node) -> bool:
    """Tell whether a name is no variable: an attribute's, a keyword's, a parameter's own."""
    above = node.parent
    if above is None:
        return False
    if above.kind == "Attribute":
        return above["attr"].raw is node.raw
    if above.kind == "Arg":
        return above.has("keyword") and above["keyword"].raw is node.raw
    if above.kind == "Param":
        return above["name"].raw is node.raw
    return above.kind in ("ImportAlias", "NameItem")
