"""The syntax of one function, with byte offsets of the file and a way up from each node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRAP = b"if 1:\n"  # makes the text of an indented function a module
_SCOPES = ("FunctionDef", "Lambda")
_COMPREHENSIONS = ("ListComp", "SetComp", "DictComp", "GeneratorExp")


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the concrete syntax: `kind` is its name there, offsets are the file's, in bytes."""

    tree: Tree
    raw: Any

    @property
    def kind(self) -> str:
        """Return the name of the node's class: Call, Attribute, With, …."""
        return type(self.raw).__name__

    @property
    def start(self) -> int:
        """Return where the node begins; parentheses around an expression are no part of it."""
        return self.tree.shift + int(self.tree.spans[self.raw].start)

    @property
    def end(self) -> int:
        """Return where the node ends."""
        span = self.tree.spans[self.raw]
        return self.tree.shift + int(span.start + span.length)

    @property
    def text(self) -> str:
        """Return the node's code as it stands in the file."""
        return self.tree.data[self.start : self.end].decode("utf-8", "replace")

    @property
    def whole(self) -> tuple[int, int]:
        """Return where the node begins and ends with the parentheses that stand around it."""
        spans, first, last = self.tree.spans, self.raw, self.raw
        if self.parenthesized:
            first, last = self.raw.lpar[0], self.raw.rpar[-1]
        end = int(spans[last].start + spans[last].length)
        return self.tree.shift + int(spans[first].start), self.tree.shift + end

    @property
    def parent(self) -> Node | None:
        """Return the node above, None for the outermost."""
        raw = self.tree.above.get(self.raw)
        return None if raw is None else Node(self.tree, raw)

    @property
    def parents(self) -> Iterator[Node]:
        """Yield the nodes above, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    @property
    def parenthesized(self) -> bool:
        """Tell whether parentheses stand around this very expression."""
        return bool(getattr(self.raw, "lpar", ()))

    def __getitem__(self, name: str) -> Node:
        """Return the child in a field; raise KeyError where it is empty."""
        found = getattr(self.raw, name)
        if not hasattr(found, "children"):
            raise KeyError(name)
        return Node(self.tree, found)

    def has(self, name: str) -> bool:
        """Tell whether a field holds a child."""
        return hasattr(getattr(self.raw, name, None), "children")

    def all(self, name: str) -> list[Node]:
        """Return the children of a field that holds several."""
        return [Node(self.tree, each) for each in getattr(self.raw, name, ())]

    def word(self, name: str = "value") -> str:
        """Return a field that holds a text: a name, a literal, the star of an argument."""
        found = getattr(self.raw, name, "")
        return found if isinstance(found, str) else ""

    @property
    def children(self) -> list[Node]:
        """Return the nodes right below that have a place of their own."""
        return self.tree.below.get(self.raw, [])

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()

    def own(self) -> Iterator[Node]:
        """Yield the nodes below that run when this one does: no bodies of functions in it."""
        for child in self.children:
            yield child
            if child.kind not in _SCOPES:
                yield from child.own()

    # Where it stands

    @property
    def function(self) -> Node | None:
        """Return the nearest function or lambda around."""
        return next((each for each in self.parents if each.kind in _SCOPES), None)

    @property
    def statement(self) -> Node:
        """Return the nearest statement around, or the node itself: a line, or a block."""
        for each in (self, *self.parents):
            if each.kind in _STATEMENTS:
                return each
        return self

    @property
    def comprehension(self) -> Node | None:
        """Return the comprehension that runs this node per item, if one in its function does."""
        below = self
        for each in self.parents:
            if each.kind in _SCOPES:
                return None
            if each.kind in _COMPREHENSIONS and not _is_first_iterable(each, below):
                return each
            below = each if each.kind != "CompFor" else below
        return None

    @property
    def is_async(self) -> bool:
        """Tell whether a `def`, `with` or `for` is asynchronous."""
        return hasattr(getattr(self.raw, "asynchronous", None), "children")


_TRIVIA = frozenset(
    """SimpleWhitespace ParenthesizedWhitespace TrailingWhitespace Newline EmptyLine Comment
    LeftParen RightParen LeftSquareBracket RightSquareBracket LeftCurlyBrace RightCurlyBrace
    Comma Dot Asynchronous Semicolon Colon""".split()  # noqa: SIM905 - a list has a line for each
)
_STATEMENTS = frozenset(
    """SimpleStatementLine If For While With Try TryStar Match FunctionDef
    ClassDef""".split()  # noqa: SIM905 - as above
)


def _is_first_iterable(comprehension: Node, below: Node) -> bool:
    """Tell whether a node is what the comprehension iterates first: it runs outside of it."""
    first = comprehension["for_in"]
    return below.raw is first["iter"].raw


class Tree:
    """One parsed function; `shift` leads from its own offsets to those of the file."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        import libcst  # noqa: PLC0415 - a run without fixes does without it
        from libcst import metadata  # noqa: PLC0415 - as above

        self.data = data
        begin = data.rfind(b"\n", 0, start) + 1
        wrap = _WRAP if begin < start else b""
        self.shift = begin - len(wrap)
        code = (wrap + data[begin:end] + b"\n").decode("utf-8", "replace")
        module = metadata.MetadataWrapper(libcst.parse_module(code), unsafe_skip_copy=True)
        self.spans: Any = module.resolve(metadata.ByteSpanPositionProvider)
        self.above: dict[Any, Any] = {}
        self.below: dict[Any, list[Node]] = {}
        self.bound: dict[Any, frozenset[str]] = {}  # by function, once they have been asked for
        self.root = Node(self, module.module)
        self._connect()
        self._places: dict[tuple[int, int], Node] = {}
        for raw in self.spans:
            if isinstance(raw, libcst.BaseExpression):
                node = Node(self, raw)
                self._places.setdefault((node.start, node.end), node)

    def _connect(self) -> None:
        """Find the nodes above and below each node, in the order of the text."""
        spans, waiting = self.spans, [self.root.raw]
        while waiting:
            raw = waiting.pop()
            found = [each for each in _fields(raw) if each in spans]
            found.sort(key=lambda each: int(spans[each].start))
            self.below[raw] = [Node(self, each) for each in found]
            self.above.update(dict.fromkeys(found, raw))
            waiting += found

    def at(self, start: int, end: int) -> Node | None:
        """Return the expression at a place."""
        return self._places.get((start, end))

    def function(self, start: int) -> Node | None:
        """Return the function whose `def` or `async def` begins at an offset."""
        defs = (each for each in self.root.walk() if each.kind == "FunctionDef")
        return next((each for each in defs if each.start == start), None)


def _fields(raw: Any) -> Iterator[Any]:  # noqa: ANN401 - nodes of libcst are known by their fields
    """Yield the nodes in the fields of one, without white space, brackets and commas."""
    for name in raw.__dataclass_fields__:
        value = getattr(raw, name)
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if hasattr(each, "children") and type(each).__name__ not in _TRIVIA:
                yield each
