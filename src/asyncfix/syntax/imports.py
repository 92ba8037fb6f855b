"""Imports: adds names where isort would put them, removes those whose last use goes."""

from __future__ import annotations

import itertools
import re
import sys
import tokenize
from bisect import bisect
from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Import, Location
from asyncfix.syntax.statements import beginnings, statements_of, tokens_of
from asyncfix.syntax.uses import uses_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from asyncfix.source import Text
    from asyncfix.syntax.statements import Alias, Statement
    from asyncfix.syntax.uses import Uses

_DUNDER_FUTURE = "__future__"
_STANDARD = 1  # the section of the standard library
_DEFINITION = re.compile(rb"(?:async|def|class)\b|@")
_FLAG = re.compile(r"[A-Z_]+\Z")


def edits(
    text: Text,
    adds: Iterable[Import],
    changes: Sequence[Edit] = (),
    first_party: Collection[str] = (),
) -> tuple[Edit, ...]:
    """Return the edits that bind `adds`, and drop what only the code under `changes` has used.

    All offsets are those of `text`; `first_party` holds the first names of the project's own
    modules. Nothing is dropped from `__all__`, from an `__init__`, or under `try` and `if`.
    """
    return edits_in(Module(text, frozenset(first_party)), adds, changes)


def edits_in(
    module: Module, adds: Iterable[Import], changes: Sequence[Edit] = ()
) -> tuple[Edit, ...]:
    """Return the same for a file whose imports are known already."""
    adds = tuple(adds)
    gone = module.gone(changes) - {each.bound for each in adds}
    added = module.added(adds, gone)
    beside = {each.location.start for each in added}
    removed = module.removed(gone, beside)
    # a statement that loses all its names and gains others has them exchanged, not itself removed
    taken = [each.location for each in added if each.location.start < each.location.end]
    clear = [
        each
        for each in removed
        if not any(
            each.location.start <= one.start and one.end <= each.location.end for one in taken
        )
    ]
    return (*clear, *added)


class Module:
    """The import statements of one file, and the names that its code uses."""

    def __init__(self, text: Text, first_party: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.path = text.path
        self.data = text.data
        self.newline = text.newline
        self.first_party = first_party
        self.tokens = list(tokens_of(text.data))
        self.statements = list(statements_of(self.tokens, text.data))

    def binding(self, wanted: Import) -> str:
        """Return the name by which the top of the file has an import already, or nothing."""
        for statement in self.statements:
            for each, _ in statement.bindings():
                if not statement.within and _serves(each, wanted):
                    return each.bound
        return ""

    # Adding

    def added(self, adds: Iterable[Import], gone: Collection[str] = ()) -> tuple[Edit, ...]:
        """Return the edits that bind names at the top of the file; what is bound is left out.

        `gone` holds the names that are dropped at the same time.
        """
        wanted = [each for each in dict.fromkeys(adds) if self.binding(each) != each.bound]
        found: list[Edit] = []
        fresh: list[Import] = []
        by_module: dict[str, list[Import]] = {}
        for each in wanted:
            by_module.setdefault(each.module if each.name else f" {each.module}", []).append(each)
        for group in by_module.values():
            host = self._host(group[0]) if group[0].name else None
            if host is not None:
                found += self._merged(host, group, gone)
            elif group[0].name:
                fresh.append(Import("", group[0].module, self._names(group)))
            else:
                fresh += group
        return (*found, *self._fresh(fresh))

    def _host(self, wanted: Import) -> Statement | None:
        """Return the statement at the top that imports from the same module already."""
        for each in self.statements:
            if not each.within and each.module == wanted.module and each.names[0].name != "*":
                return each
        return None

    def _names(self, group: Sequence[Import]) -> str:
        told = [f"{e.name} as {e.alias}" if e.alias else e.name for e in group]
        return ", ".join(sorted(told, key=_name_order))

    def _merged(
        self, host: Statement, group: Sequence[Import], gone: Collection[str]
    ) -> Iterator[Edit]:
        """Put names into a `from` import, in order, one a line where the file has it so."""
        kept = [each for each in host.names if each.bound not in gone]
        gap = self._gap(host)
        told = sorted(self._names(group).split(", "), key=_name_order)
        if not kept:
            where = Location(self.path, host.names[0].start, host.names[-1].end)
            yield Edit(where, f",{gap}".join(told))
        for each in told if kept else ():
            after = [n for n in kept if _name_order(n.name) < _name_order(each)]
            if after:
                yield self._at(after[-1].end, f",{gap}{each}")
            else:
                yield self._at(kept[0].start, f"{each},{gap}")

    def _gap(self, host: Statement) -> str:
        if len(host.names) > 1:
            between = self.data[host.names[0].end : host.names[1].start].decode()
            blank = between.rpartition(",")[2]
            return blank if "#" not in between else self._own_row(host)
        return self._own_row(host) if b"\n" in self._code(host) else " "

    def _own_row(self, host: Statement) -> str:
        begin = self.data.rfind(b"\n", 0, host.names[0].start) + 1
        row = self.data[begin : host.names[0].start].decode()
        return self.newline + row if not row.strip() else " "

    def _code(self, statement: Statement) -> bytes:
        return self.data[statement.start : statement.end]

    def _at(self, offset: int, text: str) -> Edit:
        return Edit(Location(self.path, offset, offset), text)

    def _fresh(self, wanted: Sequence[Import]) -> tuple[Edit, ...]:
        """Return the insertions of whole statements, those at one place as one."""
        places: dict[int, list[tuple[Import, str, str]]] = {}
        for each in sorted(wanted, key=self._order):
            offset, before, after = self._place(each)
            places.setdefault(offset, []).append((each, before, after))
        return tuple(self._at(at, self._block(group)) for at, group in places.items())

    def _block(self, group: list[tuple[Import, str, str]]) -> str:
        rows: list[str] = [group[0][1]]
        for number, (each, _, _) in enumerate(group):
            if number and self._section(each.module) != self._section(group[number - 1][0].module):
                rows.append(self.newline)
            rows.append(self._told(each) + self.newline)
        return "".join(rows) + group[-1][2]

    def _told(self, each: Import) -> str:
        if each.name:
            return f"from {each.module} import {each.name}"
        return f"import {each.module}" + (f" as {each.alias}" if each.alias else "")

    def _place(self, wanted: Import) -> tuple[int, str, str]:
        """Return where a statement goes, and what stands before and after it."""
        section = self._section(wanted.module)
        block = self._block_for(section)
        if not block:
            return self._bare()
        same = [each for each in block if self._section(each.top) == section]
        if same:
            before = [each for each in same if self._key(each) < self._order(wanted)]
            if before:
                return self._below(before[-1]), "", ""
            return self._row(same[0].start), "", ""
        gap = self.newline if self._is_grouped(block) else ""
        above = [each for each in block if self._section(each.top) < section]
        if above:
            return self._below(above[-1]), gap, ""
        return self._row(block[0].start), "", gap

    def _bare(self) -> tuple[int, str, str]:
        """Return the place in a file without imports: below its docstring and first comments."""
        for index, token in enumerate(self.tokens):
            if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING):
                continue
            if token.type == tokenize.STRING and self.tokens[index + 1].type == tokenize.NEWLINE:
                return self._end_of_row(token.end), self.newline, ""
            return self._row(token.start), "", self.newline * 2
        return len(self.data), "", ""

    def _block_for(self, section: int) -> list[Statement]:
        """Return the imports among which one of a section goes: the first at the top, as a rule.

        A file may have code between its imports that must run before some of them.
        """
        for sections in ({section}, {2, 3, 4}) if section > _STANDARD else ():
            for block in self._blocks:
                if any(self._section(each.top) in sections for each in block):
                    return block
        return self._blocks[0] if self._blocks else []

    @cached_property
    def _blocks(self) -> list[list[Statement]]:
        """Return the imports at the top, up to the first definition; other code divides them."""
        starts = {each.start for each in self.statements}
        barriers: list[int] = []
        end = len(self.data)
        for offset in beginnings(self.tokens):
            if _DEFINITION.match(self.data, offset):
                end = offset
                break
            if offset not in starts and not self._is_prelude(offset):
                barriers.append(offset)
        top = [each for each in self.statements if not each.within]
        blocks: dict[int, list[Statement]] = {}
        for each in top:
            if each.start < end:
                blocks.setdefault(bisect(barriers, each.start), []).append(each)
        return list(blocks.values()) or ([top[:1]] if top else [])

    def _is_prelude(self, offset: int) -> bool:
        """Tell whether a statement may stand among imports: a docstring, `if`, `try`."""
        code = self.data[offset : offset + 40]
        return (
            code[:1] in b"\"'"
            or re.match(rb"[rRuU]?[\"']|if\b|try\b|else\b|ex|fi", code) is not None
        )

    def _section(self, module: str) -> int:
        top = module.partition(".")[0]
        if top == _DUNDER_FUTURE:
            return 0
        if top in sys.stdlib_module_names:
            return _STANDARD
        if not top:
            return 4
        return 3 if top in self.first_party else 2

    def _order(self, each: Import) -> tuple[object, ...]:
        mixed = self._is_mixed
        return (self._section(each.module), bool(each.name) and not mixed, each.module.lower())

    def _key(self, each: Statement) -> tuple[object, ...]:
        mixed = self._is_mixed
        return (self._section(each.top), each.is_from and not mixed, each.top.lower())

    @property
    def _is_mixed(self) -> bool:
        """Tell whether `import a` and `from b import c` are sorted together here."""
        block = [each for each in self.statements if not each.within]
        for one, other in itertools.pairwise(block):
            if self._section(one.top) == self._section(other.top) and one.is_from > other.is_from:
                return True
        return False

    def _is_grouped(self, block: Sequence[Statement]) -> bool:
        """Tell whether a blank line stands between sections; by custom, where there is one."""
        for one, other in itertools.pairwise(block):
            if self._section(one.top) != self._section(other.top):
                return b"\n\n" in self.data[one.end : other.start].replace(b"\r", b"")
        return True

    def _below(self, statement: Statement) -> int:
        return self._end_of_row(statement.end)

    def _end_of_row(self, offset: int) -> int:
        at = self.data.find(b"\n", offset)
        return len(self.data) if at < 0 else at + 1

    def _row(self, offset: int) -> int:
        return self.data.rfind(b"\n", 0, offset) + 1

    # Removing

    def gone(self, changes: Sequence[Edit]) -> set[str]:
        """Return the imported names that only the code under some changes has used."""
        if self.path.endswith("__init__.py") or not changes:
            return set()
        return self._uses.last(changes)

    @cached_property
    def _uses(self) -> Uses:
        return uses_in(self.tokens, [(each.start, each.end) for each in self.statements])

    def removed(self, gone: Collection[str], beside: Collection[int] = ()) -> tuple[Edit, ...]:
        """Return the edits that drop imported names; `beside` is where others are added."""
        found: list[Edit] = []
        for statement in self.statements if gone else ():
            if any(each not in ("def", "class", "async") for each in statement.within):
                continue
            names = [alias for bound, alias in statement.bindings() if bound.bound in gone]
            if len(names) == len(statement.names):
                found.append(self._without(statement, beside))
            elif names:
                found += self._less(statement, names)
        return tuple(found)

    def _without(self, statement: Statement, beside: Collection[int]) -> Edit:
        start, end = self._row(statement.start), self._below(statement)
        if self.data[start : statement.start].strip() or b";" in self.data[statement.end : end]:
            return Edit(Location(self.path, statement.start, statement.end), "pass")
        alone = not statement.within and not {start, end} & set(beside)
        blank_above = self.data[:start].endswith((b"\n\n", b"\n\r\n")) or start == 0
        blank_below = self.data[end:].startswith((b"\n", b"\r\n"))
        if alone and blank_above and blank_below:
            end = self._end_of_row(end)
        return Edit(Location(self.path, start, end), "")

    def _less(self, statement: Statement, names: Sequence[Alias]) -> Iterator[Edit]:
        """Drop some names of several, each with its comma and, where it has one, its row."""
        kept = [each for each in statement.names if each not in names]
        for index, each in enumerate(statement.names):
            if each in kept:
                continue
            below = statement.names[index + 1 :]
            if any(one in kept for one in below):
                yield Edit(Location(self.path, each.start, below[0].start), "")
            else:
                start = statement.names[index - 1].end
                yield Edit(Location(self.path, start, each.end), "")


def _serves(bound: Import, wanted: Import) -> bool:
    """Tell whether a binding gives what is wanted, under whatever name."""
    if bound.module != wanted.module or bound.name != wanted.name:
        return False
    return not wanted.alias or bound.alias == wanted.alias


def _name_order(name: str) -> tuple[int, str, str]:
    """Return isort's order of names: constants, classes, then the rest."""
    kind = 0 if _FLAG.match(name) and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name
