"""Dicts of services by name: the accessor keeps one for each of its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.lifecycle.porting import Port, defines
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.findings import Edit
    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.rewrites.lifecycle.symbols import Use
    from asyncfix.syntax.tree import Node

_EMPTY = ("{}", "dict()")
_CONSTANTS = ("SimpleString", "Integer")


def key_of(function: Node, name: str) -> str:
    """Return the key under which a function keeps what it builds, as it is written."""
    for each in function["body"].walk():
        if each.kind == "Subscript" and each["value"].text == name:
            return each.text[len(name) + 1 : -1]
    raise RefusedError(f"`{name}` is not set in one plain place")


def refuse_key(accessor: Accessor) -> None:
    """Raise RefusedError unless the key is a constant, or what the accessor is called with."""
    held, node = accessor.held, accessor.node
    names = [each.name for each in accessor.params]
    is_plain = all(each.kind == "" and not each.default for each in accessor.params)
    subscripts = [e for e in node["body"].walk() if held.is_at(e) and e.kind == "Subscript"]
    is_constant = subscripts and subscripts[0].all("slice")[0]["slice"]["value"].kind in _CONSTANTS
    if not (is_constant and not names) and not (names == [held.key] and is_plain):
        raise RefusedError(f"`{accessor.name}` keeps a service under `{held.key}`")
    known = ("Subscript", "Comparison", "NameItem")
    for each in node["body"].walk():
        if each.kind == "Name" and each.text == held.name and not _is_told(each, accessor, known):
            raise RefusedError(f"`{accessor.name}` does more with `{held.name}`")


def _is_told(name: Node, accessor: Accessor, known: Sequence[str]) -> bool:
    """Tell whether the dict is asked here for the one key."""
    held = accessor.held
    for each in name.parents:
        if each.kind in known:
            is_key = each.text in held.tests
            return is_key or held.is_at(each) or each.kind == "NameItem"
        if each.kind == "Call":
            return held.is_at(each)
    return False


def refuse_spelled(accessor: Accessor, found: list[Use]) -> None:
    """Raise RefusedError where two calls for one key could look different to a cache."""
    if not accessor.params:
        return
    for use in found:
        args = use.call.all("args") if use.call is not None else []
        is_plain = len(args) == 1 and not args[0].has("keyword") and not args[0].word("star")
        if not is_plain:
            raise RefusedError(f"{use.path} asks `{accessor.name}` in a way of its own")


class RegistryPort(Port):
    """The edits of one place of the dict, once a cache keeps what was in it."""

    def edits(self) -> Iterator[Edit]:
        """Yield the edits; raise RefusedError for a use that a cache cannot stand in for."""
        above = self.node.parent
        if self.at.is_text or above is None:
            raise self._refused("is named in a text")
        if above.kind == "NameItem":
            yield from self._undeclared(above)
        elif above.kind in ("AssignTarget", "AnnAssign"):
            yield from self._emptied(above)
        else:
            call = above.parent
            is_clear = above.kind == "Attribute" and above["attr"].text == "clear"
            outer = call.parent if call is not None and call.kind == "Call" else None
            if not is_clear or call is None or outer is None or outer.kind != "Expr":
                raise self._refused("is used")
            yield self._edit(call, f"{self.at.accessor}.cache_clear()")

    def _emptied(self, above: Node) -> Iterator[Edit]:
        statement = above if above.kind == "AnnAssign" else above.parent
        is_empty = statement is not None and statement.has("value")
        if statement is None or not is_empty or statement["value"].text not in _EMPTY:
            raise self._refused("is set to something else")
        if defines(self.node):
            self.gone.append(self.node.statement)
        else:
            yield self._edit(statement, f"{self.at.accessor}.cache_clear()")
