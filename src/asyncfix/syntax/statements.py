"""The import statements of a file, read from its tokens alone."""

from __future__ import annotations

import io
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Import

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of an import statement, and the bytes that it takes there."""

    name: str
    alias: str
    start: int
    end: int

    @property
    def bound(self) -> str:
        """Return the name that the file then uses."""
        return self.alias or self.name


@dataclass(frozen=True, slots=True)
class Statement:
    """An import statement: `module` is empty for `import a, b`; `within` are the blocks around."""

    module: str
    names: tuple[Alias, ...]
    start: int
    end: int
    indent: str
    within: tuple[str, ...]
    parenthesized: bool

    @property
    def is_from(self) -> bool:
        """Tell `from m import a` and `import a` apart."""
        return bool(self.module)

    @property
    def top(self) -> str:
        """Return the name that decides in which section the statement stands."""
        return self.module or self.names[0].name

    def bindings(self) -> Iterator[tuple[Import, Alias]]:
        """Yield what the statement binds."""
        for each in self.names:
            if self.module:
                yield Import("", self.module, each.name, each.alias), each
            else:
                yield Import("", each.name, "", each.alias), each


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its place in bytes."""

    type: int
    text: str
    start: int
    end: int


def tokens_of(data: bytes) -> Iterator[Token]:
    """Yield the tokens of a file with byte offsets; stops where it cannot be read."""
    rows = data.splitlines(keepends=True)
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row))

    def offset(place: tuple[int, int]) -> int:
        row, column = place
        if row > len(rows):
            return len(data)
        code = rows[row - 1]
        if code.isascii():
            return starts[row - 1] + column
        return starts[row - 1] + len(code.decode("utf-8", "replace")[:column].encode())

    reader = io.StringIO(data.decode("utf-8", "replace"), newline="")
    try:
        for each in tokenize.generate_tokens(reader.readline):
            yield Token(each.type, each.string, offset(each.start), offset(each.end))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return


def beginnings(tokens: Sequence[Token]) -> Iterator[int]:
    """Yield where each statement at the top level begins."""
    depth, fresh = 0, True
    for token in tokens:
        if token.type == tokenize.INDENT:
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
        elif token.type == tokenize.NEWLINE:
            fresh = True
        elif token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER):
            if fresh and depth == 0:
                yield token.start
            fresh = False


def statements_of(tokens: Sequence[Token], data: bytes) -> Iterator[Statement]:
    """Yield every import statement of a file."""
    line: list[Token] = []
    opened: list[str] = []
    head = ""
    for token in tokens:
        if token.type == tokenize.INDENT:
            opened.append(head)
        elif token.type == tokenize.DEDENT:
            opened.pop()
        elif token.type == tokenize.NEWLINE or (token.type == tokenize.OP and token.text == ";"):
            if line and line[0].text in ("import", "from"):
                found = _statement(line, tuple(opened), data)
                if found:
                    yield found
            head = line[0].text if line else head
            line = []
        elif token.type not in (tokenize.NL, tokenize.COMMENT):
            line.append(token)


def _statement(line: Sequence[Token], within: tuple[str, ...], data: bytes) -> Statement | None:
    words = [token.text for token in line]
    module = ""
    at = 1
    if words[0] == "from":
        if "import" not in words:
            return None
        at = words.index("import") + 1
        module = "".join(words[1 : at - 1])
    names = tuple(_aliases([token for token in line[at:] if token.text not in "()"]))
    if not names:
        return None
    start = line[0].start
    row = data.rfind(b"\n", 0, start) + 1
    indent = data[row:start].decode("utf-8", "replace")
    return Statement(module, names, start, line[-1].end, indent, within, "(" in words)


def _aliases(tokens: Sequence[Token]) -> Iterator[Alias]:
    group: list[Token] = []
    for token in (*tokens, None):
        if token is not None and token.text != ",":
            group.append(token)
        elif group:
            words = [each.text for each in group]
            at = words.index("as") if "as" in words else len(words)
            name = "".join(words[:at])
            yield Alias(name, "".join(words[at + 1 :]), group[0].start, group[-1].end)
            group = []
