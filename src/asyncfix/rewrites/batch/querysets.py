"""Querysets of Django that a loop asks per item: one with `__in`, its rows put in a dict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.by_key import NOTE
from asyncfix.rewrites.batch.chains import classes
from asyncfix.rewrites.batch.code import dedented, indent_of, indented, plural, row_end, spliced
from asyncfix.rewrites.batch.frame import Once
from asyncfix.rewrites.names import bound
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.batch.frame import Frame
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_LINKS = frozenset(
    "all filter exclude order_by select_related prefetch_related only defer using".split()  # noqa: SIM905 - a list has a line for each
)
_ASKS = frozenset("get first count exists".split())  # noqa: SIM905 - as above
_CUT = frozenset("values values_list only defer union raw iterator aggregate".split())  # noqa: SIM905 - as above
_FIELD = re.compile(r"\s+(\w+)\s*=\s*(?:\w+\.)*(\w+)\((.*)")
_RELATIONS = ("ForeignKey", "OneToOneField")
_OWN_KEY = re.compile(r"\w+\.(id|pk)")  # of a row that is in the database: never None
_OF_ROW = re.compile(r"\w+\.(id|pk|\w+_id)")
_EXACT = frozenset(("int", "UUID", "uuid.UUID"))
_RANKS = "a window tells the first row of each key, which needs Django 4.2"


class Column(NamedTuple):
    """A field of a model: what a row has it as, and whether it is unique or may be NULL."""

    attribute: str
    unique: bool
    nullable: bool
    relation: bool


@dataclass
class _Queryset:
    """A queryset that is built where it is asked: `Model.objects.filter(…)`, and what asks it."""

    frame: Frame
    call: Node
    model: str
    links: tuple[Node, ...]
    arg: Node
    column: Column
    method: str

    @property
    def is_async(self) -> bool:
        """Tell whether what asks is awaited."""
        above = self.call.parent
        return above is not None and above.kind == "Await"

    def named(self, name: str) -> list[Node]:
        """Return the links that call a method."""
        return [each for each in self.links if each["func"]["attr"].text == name]

    def asked(self, keys: str, tail: str) -> str:
        """Return the queryset that asks for many keys, and ends in another way."""
        field, value = self.arg["keyword"].text, self.arg["value"]
        path, data = self.frame.path, self.call.tree.data
        edits = [
            Edit(Location(path, self.arg["keyword"].start, value.whole[1]), f"{field}__in={keys}")
        ]
        end = self.call.end
        if self.method == "get":
            name = self.call["func"]["attr"]
            edits.append(Edit(Location(path, name.start, name.end), "filter"))
        elif self.method:
            end = self.call["func"]["value"].whole[1]
        code = spliced(data, self.call.start, end, edits)
        return dedented(code, indent_of(self.call.statement)) + tail


def queryset_once(frame: Frame, call: Node, name: str, deep: int) -> tuple[Once, str]:
    """Return what asks once in place of a call, and the code that gives one item's answer."""
    asks = _read(frame, call, name.rpartition(".")[2])
    frame.refuse_made([call], asks.arg["value"], ())
    item = frame.key(asks.arg["value"])
    exact = frame.annotation in _EXACT if item in frame.names else bool(_OF_ROW.fullmatch(item))
    if asks.column.relation and not exact:
        raise RefusedError("the item may be a row or the key of one")
    if asks.column.nullable and not (_OWN_KEY.fullmatch(item) or (exact and item in frame.names)):
        raise RefusedError("the key may be None, for which a queryset asks in another way")
    once = Once(notes=[NOTE])
    keys, once.before = frame.keys_of(item, call)
    form = {"get": _one, "first": _first, "count": _count, "exists": _exists}.get(
        asks.method, _rows
    )
    if form is _one and deep:
        raise RefusedError("a helper that raises where there is no row is not moved")
    return once, form(asks, once, keys, _Item(item, exact=exact))


class _Item(NamedTuple):
    """The key of an item, which compares by itself or as a text."""

    code: str
    exact: bool

    @property
    def asked(self) -> str:
        """Return the code by which an item looks its answer up."""
        return self.code if self.exact else f"str({self.code})"

    def told(self, code: str) -> str:
        """Return the code by which a row tells its key."""
        return code if self.exact else f"str({code})"


def _read(frame: Frame, call: Node, last: str) -> _Queryset:
    """Take a queryset apart; raise RefusedError where it is more than filters of a model."""
    method = last.removeprefix("a") if last.removeprefix("a") in _ASKS else last
    if method not in (*_ASKS, "__iter__"):
        raise RefusedError(f"no batched form of `{last}` is known")
    method = method if method in _ASKS else ""
    args = call.all("args")
    if method in ("first", "count", "exists") and args:
        raise RefusedError("what asks takes arguments")
    links: list[Node] = []
    node = call["func"]["value"] if method else call
    while node.kind == "Call" and node["func"].kind == "Attribute":
        if node["func"]["attr"].text not in _LINKS:
            raise RefusedError(
                f"`{node['func']['attr'].text}` may mean another thing for many items"
            )
        links.insert(0, node)
        node = node["func"]["value"]
    found = re.fullmatch(r"((?:\w+\.)*[A-Z]\w*)\.objects", node.text)
    if found is None or frame.varies(node):
        raise RefusedError("the queryset is not built of a model where it is asked")
    asking = [*links, call] if method == "get" else links
    given = [
        (link, arg) for link in asking for arg in link.all("args") if frame.varies(arg["value"])
    ]
    if len(given) != 1 or not given[0][1].has("keyword") or given[0][1].word("star"):
        raise RefusedError("more than one condition is about the item, or none")
    link, arg = given[0]
    if link["func"]["attr"].text not in ("filter", "get"):
        raise RefusedError("the item is not simply compared with a field")
    column = column_of(frame.workspace, found[1], arg["keyword"].text)
    return _Queryset(frame, call, found[1], tuple(links), arg, column, method)


def column_of(workspace: Workspace, model: str, field: str) -> Column:
    """Return what a model says of one of its fields."""
    if field in ("pk", "id"):
        return Column(field, unique=True, nullable=False, relation=False)
    found = {
        (kind, rest, name != field)
        for rows, _ in classes(workspace, model.rpartition(".")[2])
        for row in rows
        for name, kind, rest in _FIELD.findall(row)
        if name == field or (field == f"{name}_id" and kind in _RELATIONS)
    }
    if len(found) != 1:
        raise RefusedError(f"`{field}` is not told to be a field of the model")
    kind, rest, is_id = found.pop()
    relation = kind in _RELATIONS
    if not (kind.endswith("Field") or relation) or "ManyToMany" in kind or "to_field" in rest:
        raise RefusedError(f"`{field}` is no plain field of the model")
    unique = bool(re.search(r"\b(unique|primary_key)\s*=\s*True", rest)) or kind == "OneToOneField"
    nullable = bool(re.search(r"\bnull\s*=\s*True", rest)) or ")" not in rest
    attribute = f"{field}_id" if relation and not is_id else field
    return Column(attribute, unique, nullable, relation and not is_id)


def _by(asks: _Queryset, kind: str) -> str:
    wanted = _variable(asks)
    names = [plural(wanted)] if wanted else []
    return asks.frame.free(*names, f"{wanted or kind}_by_{asks.column.attribute}")


def _variable(asks: _Queryset) -> str:
    top = _top(asks)
    above = top.parent
    if above is None or above.kind != "Assign" or len(above.all("targets")) != 1:
        return ""
    target = above.all("targets")[0]["target"]
    return target.text if target.kind == "Name" else ""


def _top(asks: _Queryset) -> Node:
    above = asks.call.parent
    return above if above is not None and above.kind == "Await" else asks.call


def _over(asks: _Queryset, target: str, code: str) -> str:
    """Return the head of a comprehension over the rows of a queryset."""
    word = "async for" if asks.is_async else "for"
    return f"{word} {target} in {code}"


def _answer(asks: _Queryset, once: Once, answer: str) -> str:
    once.edits.append(Edit(Location(asks.frame.path, *_top(asks).whole), answer))
    return answer


def _one(asks: _Queryset, once: Once, keys: str, item: _Item) -> str:
    """Look rows up by a unique key; where there is none, raise what `get` did."""
    variable, frame = _variable(asks), asks.frame
    if not asks.column.unique or not variable:
        raise RefusedError("`get` may find several rows, or its row has no name")
    by, row = _by(asks, "row"), frame.free("row")
    told = item.told(f"{row}.{asks.column.attribute}")
    once.before.append(f"{by} = {{{told}: {row} {_over(asks, row, asks.asked(keys, ''))}}}")
    statement = asks.call.statement
    if indent_of(statement).strip():
        raise RefusedError("the statement shares its row with another")
    name = asks.model.rpartition(".")[2]
    rows = [
        f"if {variable} is None:",
        f'    raise {asks.model}.DoesNotExist("{name} matching query does not exist.")',
    ]
    at = row_end(statement)
    text = indented(rows, indent_of(statement))
    once.edits.append(Edit(Location(frame.path, at, at), text))
    once.raises = "DoesNotExist"
    return _answer(asks, once, f"{by}.get({item.asked})")


def _count(asks: _Queryset, once: Once, keys: str, item: _Item) -> str:
    attribute, frame = asks.column.attribute, asks.frame
    count, imports = bound(frame.workspace, frame.path, frame.scope, "django.db.models", "Count")
    once.imports += imports
    tail = f'.order_by().values_list("{attribute}").annotate(number_of_rows={count}("pk"))'
    by, key = _by(asks, "count"), frame.free("key", "row_key")
    number = frame.free("number", "row_number")
    over = _over(asks, f"{key}, {number}", asks.asked(keys, tail))
    once.before.append(f"{by} = {{{item.told(key)}: {number} {over}}}")
    return _answer(asks, once, f"{by}.get({item.asked}, 0)")


def _exists(asks: _Queryset, once: Once, keys: str, item: _Item) -> str:
    tail = f'.order_by().values_list("{asks.column.attribute}", flat=True).distinct()'
    by, key = asks.frame.free(f"known_{plural(asks.column.attribute)}"), asks.frame.free("key")
    over = _over(asks, key, asks.asked(keys, tail))
    once.before.append(f"{by} = {{{item.told(key)} {over}}}")
    return _answer(asks, once, f"({item.asked} in {by})")


def _first(asks: _Queryset, once: Once, keys: str, item: _Item) -> str:
    """Rank the rows of each key by a window, and take the first."""
    frame, orders = asks.frame, asks.named("order_by")
    bodies = [
        "\n".join(rows) for rows, _ in classes(frame.workspace, asks.model.rpartition(".")[2])
    ]
    if len(orders) > 1 or (not orders and any(re.search(r"\bordering\b", e) for e in bodies)):
        raise RefusedError("in which order the rows come is not told where they are asked")
    given = ", ".join(each["value"].text for each in orders[0].all("args")) if orders else '"pk"'
    window, more = bound(frame.workspace, frame.path, frame.scope, "django.db.models", "Window")
    number, imports = bound(
        frame.workspace, frame.path, frame.scope, "django.db.models.functions", "RowNumber"
    )
    once.imports += [*more, *imports]
    once.notes.append(_RANKS)
    key = f'partition_by=["{asks.column.attribute}"]'
    rank = f"{window}({number}(), {key}, order_by=[{given}])"
    tail = f".annotate(row_rank={rank}).filter(row_rank=1)"
    by, row = _by(asks, "row"), frame.free("row")
    told = item.told(f"{row}.{asks.column.attribute}")
    once.before.append(f"{by} = {{{told}: {row} {_over(asks, row, asks.asked(keys, tail))}}}")
    return _answer(asks, once, f"{by}.get({item.asked})")


def _rows(asks: _Queryset, once: Once, keys: str, item: _Item) -> str:
    """Put the rows of each key in a list."""
    by, row = _by(asks, "rows"), asks.frame.free("row")
    told = item.told(f"{row}.{asks.column.attribute}")
    once.before += [
        f"{by}: dict[object, list] = {{}}",
        f"{_over(asks, row, asks.asked(keys, ''))}:",
        f"    {by}.setdefault({told}, []).append({row})",
    ]
    return _answer(asks, once, f"{by}.get({item.asked}, [])")


def loaded_with(workspace: Workspace, queryset: Node, ways: list[list[tuple[str, str]]]) -> str:
    """Return what a queryset ends in to load relationships with its rows: models, and fields.

    One row at the end of each hop is joined, several are read by a query of their own.
    """
    names = {link.text for link in queryset.walk() if link.kind == "Attribute"}
    last = {each.rpartition(".")[2].strip() for each in names}
    if last & _CUT:
        raise RefusedError(f"the queryset is cut by `{min(last & _CUT)}`")
    joined: list[str] = []
    others: list[str] = []
    for way in ways:
        path = "__".join(field for _, field in way)
        single = all(_is_single(workspace, model, field) for model, field in way)
        (joined if single else others).append(f'"{path}"')
    text = f".select_related({', '.join(joined)})" if joined else ""
    return text + (f".prefetch_related({', '.join(others)})" if others else "")


def _is_single(workspace: Workspace, model: str, field: str) -> bool:
    return any(
        name == field and kind in _RELATIONS
        for rows, _ in classes(workspace, model)
        for row in rows
        for name, kind, _ in _FIELD.findall(row)
    )
