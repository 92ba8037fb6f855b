"""A place in a file, as libcst nodes: only what stands there is parsed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst

    from asyncfix.findings import Location


class Syntax:
    """Parses the expressions of one file that findings point at."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._parsed: dict[tuple[int, int], libcst.BaseExpression | None] = {}

    def text(self, location: Location) -> str:
        """Return the code at a location."""
        return self.data[location.start : location.end].decode("utf-8", "replace")

    def expression(self, location: Location) -> libcst.BaseExpression | None:
        """Return the expression at a location, or None if it is not one."""
        key = (location.start, location.end)
        if key not in self._parsed:
            self._parsed[key] = self._parse(self.text(location))
        return self._parsed[key]

    def _parse(self, code: str) -> libcst.BaseExpression | None:
        try:
            # parentheses let the expression span lines, as it may inside of a statement
            return self._libcst.parse_expression(f"(\n{code}\n)")
        except self._libcst.ParserSyntaxError:
            return None

    @cached_property
    def _libcst(self) -> libcst:  # type: ignore[valid-type]
        import libcst  # noqa: PLC0415 - a run without findings does without it

        return libcst  # type: ignore[return-value]

    def runs(self, location: Location) -> bool:
        """Tell whether evaluating the code at a location can call anything.

        A constant, a bare name or a lambda calls nothing; everything else may, through an operator
        or a property.
        """
        node = self.expression(location)
        if node is None:
            return True
        cst = self._libcst
        quiet = (cst.Lambda, cst.SimpleString, cst.Integer, cst.Float, cst.Ellipsis)  # type: ignore[attr-defined]
        return not isinstance(node, quiet)
