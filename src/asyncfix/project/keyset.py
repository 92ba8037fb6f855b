"""Writes the page of a query as what follows the last row of the page before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.project.sql import Sort


def after(order: Sequence[Sort], hole: str = ":last_{}") -> str:
    """Return the condition, in SQL, that rows come after one in an order.

    `hole` is how a value of that row is written. Columns that all rise or all fall are compared as
    one row, which an index serves at once; others one after the other.
    """
    names = [each.column for each in order]
    holes = [hole.format(name.rpartition(".")[2].strip('"`')) for name in names]
    if len({each.falls for each in order}) == 1:
        sign = "<" if order[0].falls else ">"
        if len(order) == 1:
            return f"{names[0]} {sign} {holes[0]}"
        return f"({', '.join(names)}) {sign} ({', '.join(holes)})"
    return _nested(list(order), names, holes)


def _nested(order: list[Sort], names: list[str], holes: list[str]) -> str:
    sign = "<" if order[0].falls else ">"
    first = f"{names[0]} {sign} {holes[0]}"
    if len(order) == 1:
        return first
    rest = _nested(order[1:], names[1:], holes[1:])
    return f"({first} OR ({names[0]} = {holes[0]} AND {rest}))"
