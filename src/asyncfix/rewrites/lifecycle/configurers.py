"""Functions that set what an accessor gives: the variable then holds only what they have set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.porting import Port, defines, is_condition
from asyncfix.rewrites.lifecycle.symbols import uses
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.syntax.tree import Node


def is_configured(accessor: Accessor) -> bool:
    """Tell whether another function of the module sets the variable to a service of its own."""
    if accessor.held.scope != "module" or accessor.flags or accessor.is_apart:
        return False
    if any(name.text == accessor.held.name for e in accessor.before for name in scopes.names(e)):
        return False
    return any(
        use.path == accessor.path
        and not is_test(use.path)
        and not _is_within(use.node, accessor.node)
        and _sets(use.node)
        for use in uses(accessor.workspace, accessor.path, accessor.held.name)
        if not use.is_text
    )


def given_first(accessor: Accessor, indent: str) -> str:
    """Return the rows with which the accessor gives what was set."""
    name, step = accessor.held.name, "\t" if "\t" in indent else "    "
    return f"{indent}if {name} is not None:\n{indent}{step}return {name}\n"


def _sets(node: Node) -> bool:
    """Tell whether a name is the only target of an assignment, in a function, of a value."""
    above = node.parent
    if above is None or node.function is None:
        return False
    if above.kind == "AnnAssign":
        return above["target"].raw is node.raw and above.has("value")
    assign = above.parent
    if above.kind != "AssignTarget" or assign is None or len(assign.all("targets")) > 1:
        return False
    return assign["value"].text != "None"


def _is_within(node: Node, around: Node) -> bool:
    return around.start <= node.start < around.end


class ConfiguredPort(Port):
    """The edits of one place, where the variable stays and the cache is cleared as it is set."""

    def edits(self) -> Iterator[Edit]:
        """Yield the edits; raise RefusedError for a use that this does not cover."""
        node, above = self.node, self.node.parent
        if self.at.is_text or is_test(self.path) or self.path != self.accessor.path:
            raise self._refused("is set to something else, and used")
        if defines(node):
            if not self._is_unset(above):
                raise self._refused("is set where it is defined")
        elif above is not None and above.kind == "NameItem":
            if above.parent is None or above.parent.kind != "Global":
                raise self._refused("is not local")
        elif above is not None and above.kind in ("AssignTarget", "AnnAssign", "AugAssign", "Del"):
            yield self._cleared(above)
        elif self._test is not None:
            yield self._tested(*self._test)
        elif self._is_guarded() or self._is_set_before():
            yield self._edit(node, self._call)
        else:
            raise self._refused("is read")

    def _is_unset(self, above: Node | None) -> bool:
        assign = above if above is None or above.kind == "AnnAssign" else above.parent
        return assign is not None and (not assign.has("value") or assign["value"].text == "None")

    def _cleared(self, above: Node) -> Edit:
        """Clear the cache behind the assignment."""
        statement = above.statement
        is_plain = _sets(self.node) or above.kind == "AnnAssign" or self._is_unset(above)
        if not is_plain or len(statement.all("body")) != 1 or above.kind in ("AugAssign", "Del"):
            raise self._refused("is set with others")
        data, only = statement.tree.data, statement.all("body")[0]
        if data[pieces.row_start(data, only.start) : only.start].strip():
            raise self._refused("is set in the row of something else")
        indent = pieces.indent_of(data, only.start)
        end = only.end + len(data[only.end : pieces.row_end(data, only.end)].rstrip(b"\r\n"))
        text = f"\n{indent}{self.at.accessor}.cache_clear()"
        return Edit(Location(self.path, end, end), text)

    def _tested(self, test: Node, is_unset: bool) -> Edit:  # noqa: FBT001 - as in what it extends
        name, size = self.node.text, f"{self.at.accessor}.cache_info().currsize"
        if is_unset:
            return self._edit(test, f"({name} is None and not {size})")
        above = test.parent
        told = f"{name} is not None or {size}"
        if above is not None and above.kind == "If":
            return self._edit(test, told)
        return self._edit(test, f"({told})" if is_condition(test) else f"bool({told})")

    def _is_set_before(self) -> bool:
        """Tell whether a row above, in the same block or one around it, sets the variable."""
        below = self.node
        for each in self.node.parents:
            if each.kind == "FunctionDef":
                return False
            if each.kind == "IndentedBlock":
                above = [row for row in each.all("body") if row.start < below.start]
                if any(self._is_setting(row) for row in above):
                    return True
            below = each
        return False

    def _is_setting(self, row: Node) -> bool:
        found = (n for n in row.walk() if n.kind == "Name" and n.text == self.accessor.held.name)
        return row.kind == "SimpleStatementLine" and any(map(_sets, found))
