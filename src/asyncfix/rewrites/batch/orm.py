"""Queries of SQLAlchemy: one with `in_`, grouped or ranked by the key, its rows put in a dict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.asking import asking
from asyncfix.rewrites.batch.by_key import NOTE, awaited, got_once
from asyncfix.rewrites.batch.chains import is_primary, key_of, may_be_null, unrolled
from asyncfix.rewrites.batch.code import dedented, indent_of, plural, spliced
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.syntax.tree import Node

_SINGLES = frozenset(
    (
        ("first",),
        ("scalars", "first"),
        ("one_or_none",),
        ("scalar_one_or_none",),
        ("scalars", "one_or_none"),
        ("scalar",),
    )
)
_LISTS = frozenset((("all",), ("scalars", "all"), ("scalars",), ("unique", "scalars", "all")))
_AGGREGATED = frozenset((("scalar",), ("scalar_one",)))
_COLUMN = frozenset((("scalar",), ("scalar_one_or_none",), ("scalars", "first")))
_EMPTY = {"count": "0", "sum": "None", "max": "None", "min": "None", "avg": "None"}
_METHODS = ("execute", "scalar", "scalars")  # of a session, that take a statement


def query_once(frame: Frame, call: Node, name: str) -> tuple[Once, str]:
    """Return what asks once in place of a call, and the code that gives one item's answer."""
    method = name.rpartition(".")[2]
    if call["func"].kind != "Attribute":
        raise RefusedError("the query is no call of a method")
    if method == "get":
        return got_once(frame, call)
    return _Query(frame, call, method).once()


class _Query:
    def __init__(self, frame: Frame, call: Node, method: str) -> None:
        self.frame = frame
        self.call = call
        self.method = method
        self.legacy = method not in _METHODS or begins_with_query(call["func"]["value"])
        self.ask = asking(frame, call)
        args = call.all("args")
        if not self.legacy and len(args) != 1:
            raise RefusedError("the statement takes parameters")
        self.source = call["func"]["value"] if self.legacy else args[0]["value"]
        self.chain = unrolled(frame, self.source, legacy=self.legacy)
        self.ask.dropped = (*self.chain.dropped, *self.ask.dropped)
        self.key = key_of(frame, self.chain, legacy=self.legacy)
        frame.refuse_made([call], self.key.value, self.ask.dropped)
        self.item = frame.key(self.key.value)
        self.made = Once(notes=[NOTE])
        keys, self.made.before = frame.keys_of(self.item, call)
        nulls = not self._is_told and may_be_null(frame, self.key)
        self.edits = [self.key.edit(frame.path, keys, nulls=nulls)]

    @property
    def _is_told(self) -> bool:
        """Tell whether the item is annotated as something that is not None."""
        told = self.frame.annotation
        is_item = self.item in self.frame.names
        return is_item and bool(told) and not re.search(r"None|Optional|Any|object", told)

    def once(self) -> tuple[Once, str]:
        """Choose the form by what is asked for."""
        direct = self.legacy or self.method in ("scalar", "scalars")
        answers = (*((self.method,) if direct else ()), *self.ask.names)
        if answers == ("count",):
            self._counted()
            return self.made, self._paired("count", empty="0")
        empty = _aggregate(self.chain.selected[0]) if not self.chain.model else None
        if empty is not None and len(self.chain.selected) == 1:
            if answers not in _AGGREGATED:
                raise RefusedError("what becomes of the aggregate is not known")
            self._summed()
            return self.made, self._paired("value", empty=empty)
        if self.chain.entity != self.key.model:
            if self._is_joined and answers in _SINGLES | _LISTS:
                return self.made, self._joined(is_many=answers in _LISTS)
            if answers not in _COLUMN:
                raise RefusedError("the rows hold several columns")
            self._columns()
            return self.made, self._paired("value", empty="None", first=True)
        if answers not in _SINGLES | _LISTS:
            raise RefusedError("what is asked of the rows has no batched form")
        is_many = answers in _LISTS
        if self.chain.named("order_by") and not is_many:
            return self.made, self._ranked()
        return self.made, self._entities(is_many=is_many)

    # The statement

    def _edit(self, start: int, end: int, text: str) -> None:
        self.edits.append(Edit(Location(self.frame.path, start, end), text))

    def _ended(self, text: str) -> None:
        """Let the statement end in a call, in place of the one that asks if that is its end."""
        last = self.chain.last
        gap = gap_before(last)
        if self.legacy:
            self._edit(self.source.whole[1], self.call.end, gap + text)
        elif text:
            self._edit(last.end, last.end, gap + text)

    def _answered(self, text: str) -> None:
        """Ask the result for rows: `.scalar_one_or_none()` becomes `.scalars().all()`."""
        if self.legacy:
            return
        if self.method != "execute":
            name = self.call["func"]["attr"]
            self._edit(name.start, name.end, "execute")
        top = self.ask.top
        if self.ask.methods:
            self._edit(self.ask.methods[0]["func"]["value"].whole[1], top.end, text)
            return
        start, end = top.whole
        if top.kind == "Await" and not top.parenthesized:
            self._edit(start, start, "(")
            text = f"){text}"
        self._edit(end, end, text)

    def _cut(self, *names: str) -> None:
        """Take calls out of the statement."""
        for name in names:
            for link in self.chain.named(name):
                self._edit(link["func"]["value"].whole[1], link.end, "")

    def _refuse(self, *names: str) -> None:
        for name in names:
            if self.chain.named(name):
                raise RefusedError(f"`{name}` would be about all items together")

    def _select(self, first: str) -> None:
        """Select the key before what is selected."""
        at = self.chain.base.all("args")[0].start
        self._edit(at, at, f"{first}, ")

    # Numbers and columns

    def _counted(self) -> None:
        """Group `query(M).filter(…).count()` by the key."""
        self._refuse("limit", "join", "outerjoin", "options")
        self._cut("order_by")
        func = self._bound("sqlalchemy", "func")
        args = self.chain.base.all("args")
        if not args:
            raise RefusedError("what is counted is not told here")
        text = f"{self.key.column}, {func}.count()"
        self._edit(args[0].start, args[-1]["value"].whole[1], text)
        self._ended(f".group_by({self.key.column})")

    def _summed(self) -> None:
        self._refuse("limit", "order_by")
        if self.chain.entity.endswith("func.count()") and not self.chain.named("select_from"):
            raise RefusedError("the table that is counted is not told")
        self._select(self.key.column)
        self._ended(f".group_by({self.key.column})")
        self._answered(".all()")

    def _columns(self) -> None:
        """Ask for one column and the key beside it: `select(M.name).where(M.id == x)`."""
        selected = self.chain.selected
        if len(selected) != 1 or selected[0].kind != "Attribute":
            raise RefusedError("the rows hold several columns")
        self._refuse("order_by", "limit")
        self._select(self.key.column)
        if self.legacy:
            self._ended(".all()")
        self._answered(".all()")

    def _paired(self, value: str, *, empty: str, first: bool = False) -> str:
        """Put pairs of a key and a value in a dict, of equal keys the first or the only one."""
        frame, wanted = self.frame, self.ask.variable
        by = frame.free(*([plural(wanted)] if wanted else []), f"{value}_by_{self.key.attribute}")
        rows = frame.free(f"{wanted or value}_rows")
        self.made.before += self.ask.before(self.edits, rows)
        over = f"reversed({rows})" if first else rows
        self.made.before.append(f"{by} = {{key: value for key, value in {over}}}")
        return self._looked_up(by, "" if empty == "None" else f", {empty}")

    def _looked_up(self, by: str, empty: str = "") -> str:
        answer = f"{by}.get({self.item}{empty})"
        self.made.edits += self.ask.replaced(answer)
        return answer

    # Whole rows

    def _entities(self, *, is_many: bool) -> str:
        if is_many:
            self._refuse("limit")
        self._cut("limit")
        if self.legacy:
            self._ended(".all()")
        self._answered(".scalars().all()")
        frame, attribute = self.frame, self.key.attribute
        by = self._named()
        rows = frame.free(f"{self.ask.variable or 'all'}_rows")
        self.made.before += self.ask.before(self.edits, rows)
        if not is_many:
            over = rows if is_primary(frame, self.key) else f"reversed({rows})"
            self.made.before.append(f"{by} = {{row.{attribute}: row for row in {over}}}")
            return self._looked_up(by)
        row = frame.free("row")
        self.made.before += [
            f"{by}: dict[object, list] = {{}}",
            f"for {row} in {rows}:",
            f"    {by}.setdefault({row}.{attribute}, []).append({row})",
        ]
        return self._looked_up(by, ", []")

    @property
    def _is_joined(self) -> bool:
        """Tell whether rows of one model are asked for by a column of another."""
        selected = self.chain.selected
        return len(selected) == 1 and selected[0].kind == "Name" and bool(self.chain.named("join"))

    def _joined(self, *, is_many: bool) -> str:
        """Ask for the key beside each row: `select(M, N.m_id).join(N).where(N.m_id.in_(…))`."""
        self._refuse("options", *(("limit",) if is_many else ("order_by",)))
        self._cut("limit")
        at = self.chain.selected[0].whole[1]
        self._edit(at, at, f", {self.key.column}")
        if self.legacy:
            self._ended(".all()")
        self._answered(".all()")
        by, pairs = self._named(), self.frame.free(f"{self.ask.variable or 'all'}_rows")
        self.made.before += self.ask.before(self.edits, pairs)
        row, key = self.frame.free("row"), self.frame.free("key", "row_key")
        if not is_many:
            self.made.before.append(
                f"{by} = {{{key}: {row} for {row}, {key} in reversed({pairs})}}"
            )
            return self._looked_up(by)
        self.made.before += [
            f"{by}: dict[object, list] = {{}}",
            f"for {row}, {key} in {pairs}:",
            f"    {by}.setdefault({key}, []).append({row})",
        ]
        return self._looked_up(by, ", []")

    def _named(self) -> str:
        wanted = self.ask.variable
        names = [plural(wanted), f"{wanted}_by_{self.key.attribute}"] if wanted else []
        return self.frame.free(*names, f"row_by_{self.key.attribute}")

    def _ranked(self) -> str:
        """Rank the rows of each key by a window, and take the first."""
        frame, key, chain = self.frame, self.key, self.chain
        orders = chain.named("order_by")
        if len(orders) != 1 or self.source.kind == "Name" or not chain.base.all("args"):
            raise RefusedError("the rows are ordered in several steps")
        self._refuse("options", "join", "outerjoin")
        func, aliased = self._bound("sqlalchemy", "func"), self._bound("sqlalchemy.orm", "aliased")
        name = self.ask.variable or "first"
        rank, ranked = frame.free(f"{name}_rank"), frame.free(f"ranked_{plural(name)}")
        entity = frame.free(f"{name}_entity")
        at = chain.base.all("args")[-1]["value"].whole[1]
        self._edit(at, at, f', {rank}.label("row_rank")')
        self._cut("order_by", "limit")
        inner = spliced(self.call.tree.data, self.source.start, self.source.end, self.edits)
        inner = dedented(inner, indent_of(self.call.statement))
        given = [each["value"].text for each in orders[0].all("args")]
        order = f"({', '.join(given)})" if len(given) > 1 else given[0]
        window = f"partition_by={key.column}, order_by={order}"
        self.made.before += [
            f"{rank} = {func}.row_number().over(\n    {window}\n)",
            _assigned(ranked, inner, ".subquery()"),
            f"{entity} = {aliased}({key.model}, {ranked})",
        ]
        by = self._named()
        code = (
            f"{by} = {{\n    row.{key.attribute}: row\n"
            f"    for row in {self._asked(entity, f'{ranked}.c.row_rank == 1')}\n}}"
        )
        self.made.before.append(code)
        return self._looked_up(by)

    def _asked(self, entity: str, test: str) -> str:
        """Return the code that asks for rows of an entity."""
        base = self.chain.base["func"].text
        if self.legacy:
            return f"{base}({entity}).filter({test})"
        asks = f"{self.call['func']['value'].text}.execute({base}({entity}).where({test}))"
        return f"{awaited(self.call, asks)}.scalars()"

    def _bound(self, module: str, name: str) -> str:
        spelled, imports = bound(
            self.frame.workspace, self.frame.path, self.frame.scope, module, name
        )
        self.made.imports += imports
        return spelled


def begins_with_query(node: Node) -> bool:
    """Tell whether an expression is a chain that begins with `query(…)`."""
    while node.kind == "Call" and node["func"].kind == "Attribute":
        if node["func"]["attr"].text == "query":
            return True
        node = node["func"]["value"]
    return False


def _assigned(name: str, code: str, tail: str) -> str:
    """Return an assignment of some code and a call at its end, in parentheses if it has rows."""
    if "\n" not in code:
        return f"{name} = {code}{tail}"
    step = re.search(r"\n[ \t]*", code)
    return f"{name} = (\n    {code}{step[0] if step else ''}{tail}\n)"


def gap_before(link: Node) -> str:
    """Return the space before the dot of a call in a chain that has a row for each."""
    if link["func"].kind != "Attribute":
        return ""
    start = link["func"]["value"].whole[1]
    space = re.match(rb"\s*", link.tree.data[start:])
    return space[0].decode() if space else ""


def _aggregate(node: Node) -> str | None:
    """Return what `func.count(…)` or its like is of no rows; None if it is no such call."""
    if node.kind != "Call" or node["func"].kind != "Attribute":
        return None
    name, args = node["func"]["attr"].text, node.all("args")
    if not node["func"]["value"].text.endswith("func"):
        return None
    if name == "coalesce" and len(args) == 2 and _aggregate(args[0]["value"]) == "None":
        other = args[1]["value"]
        return other.text if other.kind in ("Integer", "Float") else None
    return _EMPTY.get(name)
