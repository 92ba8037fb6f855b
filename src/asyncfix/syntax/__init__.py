"""A place in a file, as libcst nodes: only what stands there is parsed."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import libcst

    from asyncfix.findings import Location
    from asyncfix.syntax.tree import Node, Tree


# a call of a name without calls, generators or lambdas within: told from afar, so unparsed
_DEF = re.compile(rb"^([ \t]*)(?:async[ \t]+)?def[ \t]", re.MULTILINE)
_CALL = re.compile(r"([A-Za-z_][\w.]*)\(((?:(?!\bfor\b|\blambda\b)[^()#\\])*)\)")


def prepare() -> None:
    """Import libcst ahead of its first use."""
    import libcst  # noqa: F401, PLC0415 - a run without findings does without it


class Syntax:
    """Parses the expressions of one file that findings point at."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._parsed: dict[tuple[int, int], libcst.BaseExpression | None] = {}
        self._functions: dict[tuple[int, int], Tree | None] = {}

    def text(self, location: Location) -> str:
        """Return the code at a location."""
        return self.data[location.start : location.end].decode("utf-8", "replace")

    def expression(self, location: Location) -> libcst.BaseExpression | None:
        """Return the expression at a location, or None if it is not one."""
        key = (location.start, location.end)
        if key not in self._parsed:
            self._parsed[key] = self._parse(self.text(location))
        return self._parsed[key]

    def node(self, location: Location) -> Node | None:
        """Return the expression at a location within the function around it; None at the top."""
        span = self._function(location)
        if span is None:
            return None
        if span not in self._functions:
            self._functions[span] = self._tree(*span)
        tree = self._functions[span]
        return tree.at(location.start, location.end) if tree else None

    def _function(self, location: Location) -> tuple[int, int] | None:
        """Return where the innermost `def` begins and ends that a location is indented below."""
        row = self.data.rfind(b"\n", 0, location.start) + 1
        depth = _indent(self.data[row : location.end])
        for match in reversed(list(_DEF.finditer(self.data, 0, row))):
            own = len(match[1].expandtabs())
            if own < depth:
                rows = re.compile(
                    rb"^(?![ \t]{%d}|[ \t]*(?:[#)\r\n]|$))" % (len(match[1]) + 1), re.MULTILINE
                )
                last = rows.search(self.data, self.data.find(b"\n", match.start()) + 1)
                end = last.start() if last else len(self.data)
                return (match.end(1), end) if location.end <= end else None
        return None

    def _tree(self, start: int, end: int) -> Tree | None:
        from asyncfix.syntax.tree import Tree  # noqa: PLC0415 - most checks do without it

        try:
            return Tree(self.data, start, end)
        except self._libcst.ParserSyntaxError:
            return None

    def _parse(self, code: str) -> libcst.BaseExpression | None:
        try:
            # parentheses let the expression span lines, as it may inside of a statement
            parsed: libcst.BaseExpression = self._libcst.parse_expression(f"(\n{code}\n)")
        except self._libcst.ParserSyntaxError:
            return None
        return parsed

    @cached_property
    def _libcst(self) -> Any:  # noqa: ANN401 - a module
        import libcst  # noqa: PLC0415 - a run without findings does without it

        return libcst

    def runs(self, location: Location) -> bool:
        """Tell whether evaluating the code at a location can call anything.

        A constant, a bare name or a lambda calls nothing; everything else may, through an operator
        or a property.
        """
        if _CALL.fullmatch(self.text(location)):
            return True
        node = self.expression(location)
        if node is None:
            return True
        cst = self._libcst
        quiet = (cst.Lambda, cst.SimpleString, cst.Integer, cst.Float, cst.Ellipsis)
        return not isinstance(node, quiet)

    def handed_over(self, location: Location, *, keywords: bool, longest: int) -> str:
        """Return a call as arguments of what runs it elsewhere: `f(x)` as `f, x`.

        Without `keywords` a call that has some becomes a partial. What is longer than `longest`
        loses its arguments, then its name.
        """
        plain = _CALL.fullmatch(self.text(location))
        if plain and (keywords or not {"=", "*"} & set(plain[2])):
            given = " ".join(plain[2].split()).rstrip(", ")
            return self._fitting(plain[1], f", {given}" if given else "", longest)
        node, cst = self.expression(location), self._libcst
        if not isinstance(node, cst.Call):
            return "function, …"
        code, _ = self.callee(location)
        given = "".join(f", {_folded(argument)}" for argument in node.args)
        if not keywords and any(argument.keyword or argument.star for argument in node.args):
            return self._fitting(f"functools.partial({code}{given})", "", longest)
        return self._fitting(code, given, longest)

    def _fitting(self, code: str, given: str, longest: int) -> str:
        """Leave out arguments, and then the name, where they make it too long."""
        for words in (code + given, code + (", …" if given else "")):
            if len(words) <= longest:
                return words
        return "function, …"

    def callee(self, location: Location) -> tuple[str, str]:
        """Return the code of what is called at a location, and of its receiver if it has one."""
        node, cst = self.expression(location), self._libcst
        if isinstance(node, cst.Await):
            node = node.expression
        if not isinstance(node, cst.Call):
            return "", ""
        code = cst.Module([]).code_for_node
        owner = code(node.func.value) if isinstance(node.func, cst.Attribute) else ""
        return " ".join(code(node.func).split()), " ".join(owner.split())


def _folded(argument: libcst.Arg) -> str:
    """Write an argument on one line; a generator needs parentheses beside others."""
    import libcst  # noqa: PLC0415 - as above

    bare = argument.with_changes(comma=libcst.MaybeSentinel.DEFAULT)
    code = " ".join(libcst.Module([]).code_for_node(bare).split())
    is_bare = isinstance(argument.value, libcst.GeneratorExp) and not argument.value.lpar
    return f"({code})" if is_bare else code


def _indent(row: bytes) -> int:
    return len(row.expandtabs()) - len(row.expandtabs().lstrip())
