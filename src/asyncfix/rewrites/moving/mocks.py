"""Tests that put something in the place of what moves: they put the new thing there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.project.index import is_test
from asyncfix.rewrites.moving.errors import INSTEAD, raised
from asyncfix.rewrites.moving.names import KINDS, outermost
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

_SETS = ("return_value", "side_effect")
_REPLACES = re.compile(rb"\b(?:patch|setattr|Mock|MagicMock|create_autospec)\b")
_LIBRARIES = re.compile(
    rb"^\s*(?:import|from)\s+(?:responses|requests_mock|httpretty|vcr)\b|\brequests_mock\b",
    re.MULTILINE,
)
_TOLD = {"ok": ("is_error", "not "), "reason": ("reason_phrase", "")}


def mocks(move: Move) -> None:
    """Change the tests that replace the library, or methods that turn."""
    for path in move.workspace.files:
        if not is_test(path):
            continue
        data = move.workspace.text(path).data
        if _LIBRARIES.search(data) and _is_about(move, data):
            raise RefusedError(f"a test answers for `{move.library}`: {path}")
        if not _REPLACES.search(data):
            continue
        code = move.code(path)
        if move.library.encode() in data and _is_about(move, data):
            _Replaced(move, code).change()
        _turned(move, code)


def _is_about(move: Move, data: bytes) -> bool:
    """Tell whether a test has to do with the file that makes the sessions."""
    module = move.workspace.project.typing.modules.name(move.workspace.files[move.home])
    words = {module, module.rpartition(".")[2], *move.classes}
    return any(re.search(rb"\b%s\b" % re.escape(each.encode()), data) for each in words)


class _Replaced:
    """The places of one test file that put something in the place of the library."""

    def __init__(self, move: Move, code: Code) -> None:
        self.move, self.code = move, code
        self.new = move.target
        library = re.escape(move.library)
        self.named = re.compile(rf"(?:(?<=\.)|^){library}\.(?:sessions\.)?Session\b")

    def change(self) -> None:
        """Have them replace what the code uses from now on."""
        for each in self.code.each("SimpleString"):
            self._text(each)
        raised(self.move, self.code)
        for node in outermost(self.move, self.code):
            self._name(node)
        for each in self.code.each("Assign"):
            self._told(each)

    def _text(self, node: Node) -> None:
        told = node.text[1:-1]
        if not re.fullmatch(r"[\w.]+", told) or not self.named.search(told):
            if re.fullmatch(rf"(?:[\w.]+\.)?{self.move.library}(?:\.\w+)*", told) and "." in told:
                raise RefusedError(f"a test replaces `{told}` ({self.code.path})")
            return
        self._refuse_value(node)
        text = self.named.sub(f"{self.new}.{self.move.port.client}", told)
        self.move.patches.instead(
            self.code.path, node.start, node.end, f"{node.text[0]}{text}{node.text[-1]}"
        )

    def _refuse_value(self, node: Node) -> None:
        """Refuse what is put there, unless it is a mock that is made to fit by itself."""
        call = node.parent.parent if node.parent is not None else None
        if call is None or call.kind != "Call":
            return
        given = call.all("args")
        at = next((i for i, each in enumerate(given) if each["value"].raw is node.raw), 0)
        more = [each for each in given[at + 1 :] if not each.has("keyword")]
        named = {each["keyword"].text for each in given if each.has("keyword")}
        if more or named - {*_SETS, "autospec", "spec"}:
            raise RefusedError(
                f"a test puts something of its own in the place of `{node.text}` "
                f"({self.code.path}:{self.code.row(node)})"
            )

    def _name(self, node: Node) -> None:
        path, short = self.code.path, self.move.short(self.code, node)
        if self.move.patches.is_replaced(path, node.start, node.end):
            return
        module = self.move.spelled(path)
        last = short.rpartition(".")[2]
        above = node.parent
        is_called = above is not None and above.kind == "Call" and above["func"].raw is node.raw
        if short in KINDS and not is_called:
            told = f"{module}.{KINDS[short]}"
        elif last in INSTEAD and not is_called:
            told = f"{module}.{INSTEAD[last]}"
            if self._is_effect(node):
                told += f'("{last}")'  # it cannot be made without a text
        elif short.startswith("codes."):
            name = self.move.port.codes.get(short.removeprefix("codes."), "")
            told = f"{module}.codes.{name}"
        else:
            raise RefusedError(f"a test uses `{node.text}` ({path}:{self.code.row(node)})")
        self.move.patches.instead(path, node.start, node.end, told)

    def _is_effect(self, node: Node) -> bool:
        """Tell whether an exception is what a mock raises, or one of several."""
        for each in node.parents:
            if each.kind == "Arg":
                return each.has("keyword") and each["keyword"].text == "side_effect"
            if each.kind == "Assign":
                targets = each.all("targets")
                return targets[0]["target"].text.endswith(".side_effect")
            if each.kind not in ("Element", "List", "Tuple"):
                return False
        return False

    def _told(self, assign: Node) -> None:
        """Set what the new answer has in the place of an attribute of the old."""
        target = assign.all("targets")[0]["target"]
        if target.kind != "Attribute" or target["attr"].text not in _TOLD:
            return
        name, before = _TOLD[target["attr"].text]
        attr, value = target["attr"], assign["value"]
        path = self.code.path
        self.move.patches.instead(path, attr.start, attr.end, name)
        if before and value.text in ("True", "False"):
            told = "False" if value.text == "True" else "True"
            self.move.patches.instead(path, value.start, value.end, told)
        elif before:
            self.move.patches.around(path, value, before)


# Methods that turn


def _turned(move: Move, code: Code) -> None:
    """Have mocks of methods that turn be awaited."""
    typing = move.workspace.project.typing
    methods = {typing.functions[fid][1].name: fid for fid in move.turned.names}
    for assign in code.each("Assign"):
        target = assign.all("targets")[0]["target"]
        if target.kind != "Attribute" or target["attr"].text not in _SETS:
            continue
        mocked = target["value"]
        if mocked.kind != "Attribute" or mocked["attr"].text not in methods:
            continue
        fid = methods[mocked["attr"].text]
        if fid in move.turned.generators:
            move.patches.around(code.path, mocked, "", ".return_value.__aiter__")
            continue
        new = move.turned.names[fid]
        if new:
            move.patches.instead(code.path, mocked["attr"].start, mocked["attr"].end, new)
        made = move.bound(code.path, "unittest.mock", "AsyncMock")
        move.patches.instead(code.path, mocked.end, target.end, "")
        move.patches.around(code.path, assign["value"], f"{made}({target['attr'].text}=", ")")
    for name, new in _renamed(move, methods):
        for each in code.each("Attribute"):
            above = each["value"]
            if above.kind == "Attribute" and above["attr"].text == name:
                word = each["attr"].text
                if word.startswith(("assert_", "call_", "called")) and new:
                    attr = above["attr"]
                    move.patches.instead(code.path, attr.start, attr.end, new)


def _renamed(move: Move, methods: dict[str, int]) -> Iterator[tuple[str, str]]:
    yield from ((name, move.turned.names[fid]) for name, fid in methods.items())
