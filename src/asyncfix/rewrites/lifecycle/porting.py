"""What becomes of the variable of a service at one place, once a cache keeps the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.syntax.tree import Node

UNSET = ("None", "False")
_PATCHES = ("setattr", "monkeypatch.setattr")


class At(NamedTuple):
    """A place of the variable in code, and how the accessor is written there."""

    path: str
    node: Node
    accessor: str
    is_text: bool = False


class Port:
    """The edits of one place; `declared` holds the rows changed already, `gone` what is to go."""

    def __init__(self, accessor: Accessor, at: At, declared: set[int], gone: list[Node]) -> None:
        self.accessor, self.at, self.declared, self.gone = accessor, at, declared, gone
        self.node, self.path = at.node, at.path

    def edits(self) -> Iterator[Edit]:
        """Yield the edits; raise RefusedError for a use that a cache cannot stand in for."""
        node, above = self.node, self.node.parent
        if self.at.is_text:
            yield self._patched()
        elif above is not None and above.kind == "NameItem":
            yield from self._undeclared(above)
        elif defines(node):
            if not self._is_unset(above):
                raise self._refused("is set where it is defined")
            self.gone.append(node.statement)
        elif above is not None and above.kind in ("AssignTarget", "AnnAssign", "AugAssign", "Del"):
            yield from self._set(above)
        elif self._test is not None:
            yield self._tested(*self._test)
        elif self._is_guarded():
            yield self._edit(node, self._call)
        else:
            raise self._refused("is read")

    def _edit(self, node: Node, text: str) -> Edit:
        return Edit(Location(self.path, node.start, node.end), text)

    def _refused(self, how: str) -> RefusedError:
        row = self.accessor.workspace.text(self.path).position(self.node.start)[0]
        return RefusedError(f"`{self.node.text}` {how} in {self.path}:{row}")

    def _is_unset(self, above: Node | None) -> bool:
        assign = above if above is None or above.kind == "AnnAssign" else above.parent
        return assign is not None and (not assign.has("value") or assign["value"].text in UNSET)

    @property
    def _call(self) -> str:
        if not self.accessor.is_async or self.accessor.is_apart:
            return f"{self.at.accessor}()"
        scope = self.node.function
        if scope is None or not scope.is_async:
            raise self._refused("is read in a plain function")
        return f"(await {self.at.accessor}())"

    # What sets it

    def _set(self, above: Node) -> Iterator[Edit]:
        statement = above if above.kind in ("AnnAssign", "Del", "AugAssign") else above.parent
        is_flag = self.node.text in self.accessor.flags
        if statement is None or (statement.kind == "Assign" and len(statement.all("targets")) > 1):
            raise self._refused("is set with others")
        if statement.kind == "AugAssign" or (statement.kind != "Del" and not self._is_unset(above)):
            raise self._refused("is set to something else")
        if is_flag:
            self.gone.append(statement.statement)
        else:
            yield self._edit(statement, f"{self.at.accessor}.cache_clear()")

    def _undeclared(self, item: Node) -> Iterator[Edit]:
        """Take the variable out of a `global` statement."""
        statement = item.parent
        if statement is None or statement.kind != "Global":
            raise self._refused("is not local")
        names = [each["name"].text for each in statement.all("names")]
        gone = {self.accessor.held.name, *self.accessor.flags}
        kept = [each for each in names if each not in gone]
        if statement.start in self.declared:
            return
        self.declared.add(statement.start)
        if kept:
            yield self._edit(statement, f"global {', '.join(kept)}")
        else:
            self.gone.append(statement.statement)

    # What asks for it

    @property
    def _test(self) -> tuple[Node, bool] | None:
        """Return the test that the variable is the subject of, and whether it asks for unset."""
        node = self.node
        if node.kind == "Call":
            return node, False
        above = node.parent
        if above is None:
            return None
        if above.kind == "Comparison" and above["left"].raw is node.raw:
            target = above.all("comparisons")[0]
            is_none = target["comparator"].text in UNSET
            kind = target["operator"].kind
            if is_none and kind in ("Is", "Equal", "IsNot", "NotEqual"):
                return above, kind in ("Is", "Equal")
        if above.kind == "UnaryOperation" and above["operator"].kind == "Not":
            return above, True
        return (node, False) if is_condition(node) else None

    def _tested(self, test: Node, is_unset: bool) -> Edit:  # noqa: FBT001 - unpacked from a pair
        said = f"{self.at.accessor}.cache_info().currsize"
        if is_unset:
            return self._edit(test, f"not {said}")
        return self._edit(test, said if is_condition(test) else f"bool({said})")

    def _is_guarded(self) -> bool:
        """Tell whether the variable is read only where a test has found it set."""
        below = self.node
        for each in self.node.parents:
            if each.kind == "FunctionDef":
                return False
            is_inside = each.kind == "If" and below.raw is each["body"].raw
            if is_inside and any(self._means(found) for found in _conjuncts(each["test"])):
                return True
            if each.kind == "IndentedBlock" and self._returned_before(each, below):
                return True
            below = each
        return False

    def _means(self, test: Node) -> bool:
        """Tell whether a test holds only where the variable is set."""
        subject = test
        if test.kind == "Comparison":
            target = test.all("comparisons")[0]
            is_set = target["operator"].kind in ("IsNot", "NotEqual")
            if not is_set or target["comparator"].text not in UNSET:
                return False
            subject = test["left"]
        if subject.kind == "Call" and subject["func"].text == "hasattr":
            given = [each["value"].text.strip("\"'") for each in subject.all("args")]
            return ".".join(given) == self.node.text
        return subject.text == self.node.text

    def _returned_before(self, block: Node, below: Node) -> bool:
        for each in block.all("body"):
            if each.start >= below.start:
                return False
            if each.kind == "If" and not each.has("orelse"):
                test, body = each["test"], scopes.block(each)
                negated = test.text in (f"{self.node.text} is None", f"not {self.node.text}")
                if negated and scopes.surely_bound(body) is None:
                    return True
        return False

    # Tests

    def _patched(self) -> Edit:
        """Port `monkeypatch.setattr(module, "_x", None)`."""
        argument = self.node.parent
        call = argument.parent if argument is not None else None
        if not is_test(self.path) or call is None or call.kind != "Call":
            raise self._refused("is named in a text")
        args = [each["value"] for each in call.all("args") if not each.has("keyword")]
        line = call.parent
        is_whole = line is not None and line.kind == "Expr"
        if not call["func"].text.endswith(_PATCHES) or not is_whole or args[-1].text != "None":
            raise self._refused("is patched")
        named = self.node.text.strip("\"'")
        cache = self.at.accessor
        if "." in named:
            raise self._refused("is patched by its full name")
        return self._edit(call, f"{args[0].text}.{cache.rpartition('.')[2]}.cache_clear()")


def is_condition(node: Node) -> bool:
    """Tell whether only the truth of an expression matters where it stands."""
    above = node.parent
    while above is not None and above.kind == "BooleanOperation":
        node, above = above, above.parent
    if above is None:
        return False
    if above.kind == "UnaryOperation":
        return above["operator"].kind == "Not"
    is_test_of = above.kind in ("If", "While", "Assert", "IfExp")
    return is_test_of and above["test"].raw is node.raw


def _conjuncts(test: Node) -> Iterator[Node]:
    if test.kind == "BooleanOperation" and test["operator"].kind == "And":
        yield from _conjuncts(test["left"])
        yield from _conjuncts(test["right"])
    else:
        yield test


def defines(node: Node) -> bool:
    """Tell whether a name is the only target of an assignment at the top of a module or class."""
    above = node.parent
    if above is None or node.function is not None:
        return False
    if above.kind == "AnnAssign":
        return above["target"].raw is node.raw
    assign = above.parent
    is_target = above.kind == "AssignTarget" and assign is not None and assign.kind == "Assign"
    return is_target and len(assign.all("targets")) == 1  # type: ignore[union-attr]
