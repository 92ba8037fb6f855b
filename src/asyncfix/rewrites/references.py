"""Uses of a function other than calls: somebody may call what was passed on without awaiting."""

from __future__ import annotations

import re
import tokenize
from functools import cached_property
from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.statements import Token

_BLANK = (tokenize.NL, tokenize.COMMENT)
TAKERS = frozenset(("Depends", "Security", "add_task", "BackgroundTask"))
_LOOKUPS = frozenset(
    "getattr setattr delattr methodcaller attrgetter object multiple patch spy stub".split()  # noqa: SIM905 - a list has a line for each
)
_FIXED_MOCKS = ("return_value", "side_effect")
_COMPUTED = re.compile(rb"\bgetattr\(\s*(?:self|cls)\s*,\s*[^\"'\s]")
_GLOBALS = re.compile(rb"\b(?:globals|vars)\(\)")
_NAMES = re.compile(r"[\w.]+")


def refuse_references(
    workspace: Workspace,
    family: list[int],
    spared: Collection[tuple[str, int]] = (),
    may_be: Callable[[int, int], bool] | None = None,
) -> None:
    """Raise RefusedError where some methods, or a function, are used other than by a call.

    The uses `spared`, by path and where the name ends, are known to be fine; `may_be` tells of an
    attribute on something unknown, by its file and node, whether it may be such a method.
    """
    typing = workspace.project.typing
    name = typing.functions[family[0]][1].name
    _refuse_computed(workspace, family)
    for path, file in workspace.files.items():
        if name.encode() in workspace.text(path).data:
            uses = _Uses(workspace, path, file, family)
            uses.spared = {end for each, end in spared if each == path}
            uses.may_be = may_be
            uses.refuse()


def refuse_faked(workspace: Workspace, name: str) -> None:
    """Raise RefusedError where a test puts something else in the place of a class or function."""
    fakes = re.compile(rb"(?:patch|setattr)[^\n]*[\"'.]" + re.escape(name.encode()) + rb"[\"']")
    for path in workspace.files:
        if is_test(path) and fakes.search(workspace.text(path).data):
            raise RefusedError(f"`{name}` is replaced by something else in {path}")


def _refuse_computed(workspace: Workspace, family: list[int]) -> None:
    """Raise RefusedError where a class or module looks up what is its own by a computed name."""
    typing = workspace.project.typing
    for fid in family:
        file, function = typing.functions[fid]
        data = workspace.text(typing.files.paths[file]).data
        found = _GLOBALS.search(data)
        if function.owner >= 0:
            owner = typing.files[file].classes[function.owner]
            found = _COMPUTED.search(data, owner.start, owner.end)
        if found:
            raise RefusedError(f"`{function.qualname}` may be looked up by a computed name")


class _Uses:
    """The uses of a name in one file."""

    def __init__(self, workspace: Workspace, path: str, file: int, family: list[int]) -> None:
        typing = workspace.project.typing
        self.workspace, self.path, self.file, self.family = workspace, path, file, family
        self.name = typing.functions[family[0]][1].name
        self.is_method = typing.functions[family[0]][1].owner >= 0
        self.facts = typing.files[file]
        module = workspace.imports(path)
        self.tokens = [each for each in module.tokens if each.type not in _BLANK]
        self.imports = [(each.start, each.end) for each in module.statements]
        self.exports = {
            (match.start(), match.end())
            for match in re.finditer(
                rb"__all__\s*(?::[^=\n]*)?\+?=\s*[\[(][^\])]*[\])]", workspace.text(path).data
            )
        }
        self.binds = self._binds()
        self.spared: Collection[int] = ()
        self.may_be: Callable[[int, int], bool] | None = None

    def _binds(self) -> bool:
        """Tell whether a bare name in the file may mean the function."""
        functions = self.workspace.project.typing.functions
        if any(functions.file(fid) == self.file for fid in self.family):
            return True
        module = self.workspace.imports(self.path)
        bound = (each for statement in module.statements for each, _ in statement.bindings())
        return any(self.name in (each.bound, each.name) for each in bound) or bool(self.facts.stars)

    def refuse(self) -> None:
        """Raise RefusedError for the first use that is no call."""
        calls = 0
        for index, token in enumerate(self.tokens):
            if token.type == tokenize.STRING and self.name in token.text:
                self._refuse_text(index, token)
            elif token.type == tokenize.NAME and token.text == self.name:
                calls += self._look_at(index, token)
        if calls > len(self._sites) - len(self._bare):
            raise RefusedError(f"a call of `{self.name}` in {self.path} is not known to run")

    @cached_property
    def _sites(self) -> list[int]:
        """Return where the known calls of this name begin."""
        return [start for start, _ in self._called()]

    @cached_property
    def _bare(self) -> list[int]:
        """Return where those of them begin that call a bare name."""
        return [start for start, callee in self._called() if callee != facts.ATTR]

    def _called(self) -> Iterator[tuple[int, int]]:
        nodes = self.facts.nodes
        wanted = set(self.facts.calls.get(self.name, ()))
        for function in self.facts.functions:
            for at in range(0, len(function.sites), facts.SITE):
                kind, node, start = function.sites[at : at + 3]
                if kind in (facts.CALLS, facts.AWAITS) and node in wanted:
                    yield start, nodes[nodes[node][1]][0]

    def _look_at(self, index: int, token: Token) -> int:
        """Look at a place of the name; return 1 if it is called as an attribute."""
        before, after = self._near(index - 1), self._near(index + 1)
        if token.end in self.spared:
            return 0
        if self._is_imported(token):
            if after == "as":
                raise RefusedError(f"{self.path} imports `{self.name}` under another name")
            return 0
        if before in ("def", "class"):
            return 0
        if before == "@":
            raise self._refused("is used as a decorator", token)
        if after == "(":
            if before != "." and self._means_it(token) and token.start not in self._bare:
                raise self._refused("is called where it is not known to run", token)
            return int(before == ".")
        if before == ".":
            self._refuse_read(token, is_set=after == "=")
        elif self._means_it(token) and not (after == "=" and before in ("(", ",")):
            taker = self._near(index - 2) if before == "(" else ""
            if taker not in TAKERS:
                raise self._refused("is used as a value", token)
        return 0

    def _near(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _is_imported(self, token: Token) -> bool:
        return any(start <= token.start < end for start, end in self.imports)

    def _refused(self, how: str, token: Token) -> RefusedError:
        row = self.workspace.text(self.path).position(token.start)[0]
        return RefusedError(f"`{self.name}` {how} ({self.path}:{row})")

    def _means_it(self, token: Token) -> bool:
        """Tell whether a bare name may be the function: no local variable, within the class."""
        if not self.binds:
            return False
        around = [
            each
            for each in self.facts.functions[1:]
            if each.start <= token.start and token.end <= each.end
        ]
        if any(param.name == self.name for each in around for param in each.params):
            return False
        if not self.is_method:
            return True
        inside = [
            each
            for each in self.facts.classes
            if each.start <= token.start and token.end <= each.end
        ]
        return bool(inside) and not any(function.start >= inside[-1].start for function in around)

    def _refuse_read(self, token: Token, *, is_set: bool) -> None:
        """Raise RefusedError where an attribute of this name may be the method itself."""
        if is_set:
            raise self._refused("is assigned", token)
        typing = self.workspace.project.typing
        read = False
        for function in self.facts.functions:
            for at in range(0, len(function.reads), facts.SITE):
                node, end = function.reads[at + 1], function.reads[at + 3]
                if end != token.end:
                    continue
                read = True
                types = typing.of(self.file, node)
                base = self.facts.nodes[node]
                receiver = typing.of(self.file, base[1]) if base[0] == facts.ATTR else ()
                known = bool(types) or bool(receiver)
                mine = any(
                    typing.calls.reaches(each, fid) is not None
                    for each in types
                    for fid in self.family
                )
                if not known and self.may_be is not None:
                    known = not self.may_be(self.file, node)
                if mine or not known:
                    raise self._refused("is used as a value", token)
        if not read and not self._is_foreign():
            raise self._refused("is used in an unusual way", token)

    def _is_foreign(self) -> bool:
        """Tell whether no attribute of this name in the file may be the method."""
        if self.may_be is None:
            return False
        nodes = (
            node
            for node, parts in enumerate(self.facts.nodes)
            if parts[0] == facts.ATTR and parts[2] == self.name
        )
        return not any(self.may_be(self.file, node) for node in nodes)

    # Texts

    def _refuse_text(self, index: int, token: Token) -> None:
        """Raise RefusedError where a text names the function to something that looks it up."""
        text = token.text.lstrip("rbuRBU").strip("\"'")
        if not _NAMES.fullmatch(text) or text.rpartition(".")[2] != self.name:
            return
        if any(start <= token.start < end for start, end in self.exports):
            return
        taker = self._taker(index)
        if "." in text and text.partition(".")[0] not in self.workspace.first_party:
            return
        if "." not in text and taker not in _LOOKUPS:
            return
        if taker in ("patch", "object") and is_test(self.path) and self._is_plain_mock(index):
            return
        raise self._refused("is named in a text", token)

    def _taker(self, index: int) -> str:
        """Return the last name of what a text is passed to."""
        depth = 0
        for at in range(index - 1, -1, -1):
            text = self.tokens[at].text
            if text in ")]}":
                depth += 1
            elif text in ("(", "[", "{"):
                if not depth:
                    return self._near(at - 1) if text == "(" else ""
                depth -= 1
            elif self.tokens[at].type == tokenize.NEWLINE:
                return ""
        return ""

    def _is_plain_mock(self, index: int) -> bool:
        """Tell whether `patch` makes the mock by itself: it is asynchronous if the function is."""
        return _only_fixed(self.tokens, index + 1)


def _only_fixed(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether all further arguments of a call are values that a mock gives back."""
    depth, first = 0, True
    while at < len(tokens):
        text = tokens[at].text
        if depth == 0 and text == ")":
            return True
        if depth == 0 and text == ",":
            first = True
        elif depth == 0 and first:
            if text not in _FIXED_MOCKS or tokens[at + 1].text != "=":
                return False
            first = False
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
        at += 1
    return False
