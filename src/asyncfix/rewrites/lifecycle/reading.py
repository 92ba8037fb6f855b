"""Takes the body of an accessor apart: tests, locks, and what builds the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.rewrites.lifecycle.accessor import Accessor
    from asyncfix.syntax.tree import Node

UNSET = ("None", "False")
_LOCKS = ("lock", "mutex")


class Reader:
    """Takes the body of an accessor apart, in the order in which it runs."""

    def __init__(self, accessor: Accessor) -> None:
        self.accessor = accessor
        self.held = accessor.held
        self.name = accessor.name
        self.is_over = False  # what is built has been returned, or is

    def read(self, statements: Sequence[Node], *, unset: bool = False) -> bool:
        """Divide statements; `unset` tells that the service is not there. Return it as it ends."""
        for each in statements:
            line = line_of(each)
            if line is not None and self._is_quiet(line):
                continue
            if line is not None and line.kind == "Return":
                self._returned(line)
                return unset
            if each.kind == "If":
                unset = self._tested(each, unset=unset)
            elif each.kind == "With" and self._is_lock(each):
                unset = self.read(scopes.block(each), unset=unset)
            elif unset:
                self.accessor.build.append(each)
            else:
                self._before(each)
        return unset

    def _is_quiet(self, line: Node) -> bool:
        """Tell whether a statement only declares variables, sets a flag, or is empty."""
        if line.kind in ("Global", "Pass"):
            return True
        if line.kind == "Assign" and line["value"].text in ("True", "False"):
            targets = {each.text for each in targets_of(line)}
            return bool(targets) and targets <= self.accessor.flags
        return False

    def _returned(self, line: Node) -> None:
        value = line["value"] if line.has("value") else None
        if value is not None and value.kind == "Call" and value["func"].text.endswith("cast"):
            value = value.all("args")[-1]["value"]
        if value is None or not self.held.is_at(value):
            raise RefusedError(f"`{self.name}` returns something else as well")
        self.is_over = True

    def _tested(self, node: Node, *, unset: bool) -> bool:
        """Read an `if`; return whether the service is unset, and yet to be built, after it."""
        said = self._says(node["test"])
        if said is None and unset:
            self.accessor.build.append(node)
            return unset
        if said is None or node.has("orelse"):
            raise RefusedError(f"`{self.name}` tests something else as well")
        body = scopes.block(node)
        if said == "unset":
            if self.is_checked(body):
                return False
            self.read(body, unset=True)
            return False
        line = line_of(body[0])
        if len(body) > 1 or line is None or line.kind != "Return":
            raise RefusedError(f"`{self.name}` does more with a service that is there")
        self._returned(line)
        return True

    def is_checked(self, body: Sequence[Node]) -> bool:
        """Tell whether a test after building only fails if nothing was built."""
        line = line_of(body[0])
        return bool(self.accessor.build) and line is not None and line.kind == "Raise"

    def _says(self, test: Node) -> str | None:
        """Tell whether a test holds while the service is unset, or once it is set."""
        if test.kind == "BooleanOperation":
            return self._says_either(test)
        if self.held.scope == "registry" and test.text in self.held.tests:
            return "unset" if test.text == self.held.tests[0] else "set"
        subject, is_unset = _subject(test)
        if subject is None:
            return None
        is_flag = subject.kind == "Name" and self._is_flag(subject.text)
        if self.held.is_at(subject) or is_flag or self._is_attribute(subject):
            if is_flag:
                self.accessor.flags.add(subject.text)
            return "unset" if is_unset else "set"
        return None

    def _says_either(self, test: Node) -> str | None:
        """Read `new or x is None`, where nobody asks for a new one, and `x and flag`."""
        parts = (test["left"], test["right"])
        names = {each.name for each in self.accessor.params}
        known = [each for each in parts if not (each.kind == "Name" and each.text in names)]
        said = [self._says(each) for each in known]
        if len(set(said)) == 1 and (len(known) == 1 or test["operator"].kind == "Or"):
            return said[0] if said[0] == "unset" else None
        return None

    def _is_flag(self, name: str) -> bool:
        """Tell whether a variable of the module is a flag that the accessor sets."""
        declared = scopes.declared(self.accessor.node)
        return self.held.scope == "module" and name in declared and name != self.held.name

    def _is_attribute(self, call: Node) -> bool:
        """Tell whether this is `hasattr(f, "x")` or `getattr(f, "x", None)` of the variable."""
        if call.kind != "Call" or call["func"].text not in ("hasattr", "getattr"):
            return False
        given = [each["value"].text for each in call.all("args")]
        return given[0] in self.held.owners and given[1].strip("\"'") == self.held.name

    def _is_lock(self, node: Node) -> bool:
        items = node.all("items")
        text = items[0]["item"].text
        if len(items) > 1 or not any(word in text.lower() for word in _LOCKS):
            return False
        self.accessor.locks.add(text)
        return True

    def _before(self, each: Node) -> None:
        """Take what runs at each call; refuse what a single run would not make up for."""
        line = line_of(each)
        if line is not None and line.kind == "Assert" and self.accessor.build:
            return
        is_text = line is not None and line.kind == "Expr" and line["value"].kind == "SimpleString"
        simple = line is not None and line.kind in ("Import", "ImportFrom", "Assign", "AnnAssign")
        if (is_text or simple) and not self.accessor.build and not any(self.held.places(each)):
            self.accessor.before.append(each)
            return
        raise RefusedError(f"`{self.name}` does more than build on each call")


def line_of(statement: Node) -> Node | None:
    """Return what a row says, if it is one simple statement."""
    if statement.kind == "SimpleStatementLine":
        parts = statement.all("body")
        return parts[0] if len(parts) == 1 else None
    is_small = statement.parent is not None and statement.parent.kind == "SimpleStatementSuite"
    return statement if is_small else None


def targets_of(statement: Node) -> list[Node]:
    """Return what an assignment sets."""
    if statement.kind == "AnnAssign":
        return [statement["target"]]
    return [each["target"] for each in statement.all("targets")]


def _subject(test: Node) -> tuple[Node | None, bool]:
    """Return what a test asks about, and whether it holds while that is unset."""
    if test.kind == "UnaryOperation" and test["operator"].kind == "Not":
        return test["expression"], True
    if test.kind == "Comparison" and len(test.all("comparisons")) == 1:
        right = test.all("comparisons")[0]
        if right["comparator"].text in UNSET and right["operator"].kind in ("Is", "Equal"):
            return test["left"], True
        if right["comparator"].text in UNSET and right["operator"].kind in ("IsNot", "NotEqual"):
            return test["left"], False
        return None, False
    return (test, False) if test.kind in ("Name", "Attribute", "Call") else (None, False)
