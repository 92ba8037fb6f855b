"""Exceptions of the library that is left: caught, raised, and asked for their answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.moving import retries
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.rewrites.moving.answers import Answers
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

_WIDE = frozenset(("OSError", "IOError", "EnvironmentError"))
INSTEAD = {
    "ConnectionError": "ConnectError",
    "ConnectTimeout": "ConnectTimeout",
    "ReadTimeout": "ReadTimeout",
    "Timeout": "ReadTimeout",
    "RequestException": "RequestError",
    "TooManyRedirects": "TooManyRedirects",
    "InvalidURL": "InvalidURL",
    "ChunkedEncodingError": "RemoteProtocolError",
    "SSLError": "ConnectError",
    "ProxyError": "ProxyError",
}
EMPTY = "the texts of errors differ, and that of a timeout is empty"


class Errors:
    """Changes the clauses that catch what calls of some places raise."""

    def __init__(
        self, move: Move, places: Iterable[tuple[str, int, int]], *, retries: bool
    ) -> None:
        self.move, self.retries = move, retries
        self.places: dict[str, list[tuple[int, int]]] = {}
        for path, start, end in places:
            self.places.setdefault(path, []).append((start, end))

    def change(self, answers: Answers) -> None:
        """Change every clause around the places, and in the file that makes the sessions."""
        for path in sorted({*self.places, self.move.home}):
            code = self.move.code(path)
            for each in code.each("Try", "TryStar"):
                if self._reaches(path, each):
                    for handler in each.all("handlers"):
                        self._handler(code, each, handler, answers)

    def _reaches(self, path: str, attempt: Node) -> bool:
        body = attempt["body"]
        return any(
            body.start <= start and end <= body.end for start, end in self.places.get(path, ())
        )

    def _handler(self, code: Code, attempt: Node, handler: Node, answers: Answers) -> None:
        if not handler.has("type"):
            return
        types = list(_types(handler))
        known = [self.move.last(code, each) for each in types]
        wide = any(each.text in _WIDE for each in types)
        if not any(known) and not wide:
            return
        told = [name for each in types for name in self._told(code, attempt, each)]
        if wide:
            httpx = self.move.spelled(code.path)
            told += [f"{httpx}.HTTPError", f"{httpx}.InvalidURL"]
        told = [each for each in dict.fromkeys(told) if each not in self._caught(attempt, handler)]
        if not told:
            raise RefusedError(f"nothing is left to catch ({code.path}:{code.row(handler)})")
        start, end = handler["type"].whole
        text = self._tuple(code, handler, told)
        self.move.patches.instead(code.path, start, end, text)
        self.move.notes[EMPTY] = None
        if handler.has("name"):
            only_status = all(each in ("HTTPError", "") for each in known)
            self._variable(code, handler, answers, only_status=only_status and not wide)

    def _caught(self, attempt: Node, handler: Node) -> set[str]:
        """Return what is caught before a clause, as far as others name it once more."""
        before = [each for each in attempt.all("handlers") if each.start < handler.start]
        words = " ".join(each["type"].text for each in before if each.has("type"))
        is_timeout = re.search(r"\bTimeout\b", words) is not None
        code = self.move.spelled(self.move.home)
        return {f"{code}.{each}" for each in ("ConnectTimeout", "ReadTimeout") if is_timeout}

    def _tuple(self, code: Code, handler: Node, told: list[str]) -> str:
        """Return what a clause catches as code, on rows of their own if one would be too long."""
        if len(told) == 1:
            return told[0]
        row = f"({', '.join(told)})"
        start = code.data.rfind(b"\n", 0, handler.start) + 1
        indent = code.data[start : handler.start].decode()
        rest = len(handler["name"].text) + len(" as ") if handler.has("name") else 0
        width = len(indent) + len("except :") + len(row) + rest
        if width <= self.move.workspace.width(code.path):
            return row
        rows = "".join(f"{indent}    {each},\n" for each in told)
        return f"(\n{rows}{indent})"

    def _told(self, code: Code, attempt: Node, node: Node) -> list[str]:
        """Return what is caught in the place of one type."""
        name = self.move.last(code, node)
        if not name:
            return [node.text]
        if name == "RetryError":
            if not self.retries:
                return []
            if code.path == self.move.home:
                return [retries.ERROR]
            module = self.move.workspace.project.typing.modules.name(
                self.move.workspace.files[self.move.home]
            )
            return [self.move.bound(code.path, module, retries.ERROR)]
        if name == "SSLError":
            return [f"{self.move.spelled(code.path)}.ConnectError"]
        if name not in self.move.port.exceptions:
            raise RefusedError(f"`{name}` has no counterpart")
        found = []
        for each in self.move.port.exceptions[name]:
            module, _, last = each.rpartition(".")
            if not module:
                found.append(f"{self.move.spelled(code.path)}.{last}")
            elif name == "JSONDecodeError" or self._reads_json(code, attempt):
                found.append(f"{self.move.bound(code.path, module)}.{last}")
        return found

    def _reads_json(self, code: Code, attempt: Node) -> bool:
        """Tell whether code, or what it calls, reads an answer as JSON."""
        body = attempt["body"]
        if ".json(" in body.text:
            return True
        typing = self.move.workspace.project.typing
        for use in self.move.turned.uses:
            if use.path == code.path and body.start <= use.start < body.end:
                file, function = typing.functions[use.callee]
                text = self.move.workspace.text(typing.files.paths[file]).data
                if b".json(" in text:
                    return True
                _ = function
        return False

    def _variable(self, code: Code, handler: Node, answers: Answers, *, only_status: bool) -> None:
        """Change the uses of what is caught: not every new exception has an answer."""
        name = handler["name"]["name"].text
        for each in handler["body"].walk():
            if each.kind != "Attribute" or each["value"].text != name:
                continue
            if each["attr"].text == "response":
                answers.from_error(code, each)
                if not only_status:
                    self.move.patches.instead(
                        code.path, each.start, each.end, f'getattr({name}, "response", None)'
                    )
            elif each["attr"].text == "errno":
                raise RefusedError(f"`{name}.errno` is not on the new exceptions")


def raised(move: Move, code: Code) -> None:
    """Change the places that make an exception of the library."""
    for call in code.each("Call"):
        name = move.last(code, call["func"])
        full = move.short(code, call["func"])
        if (
            not name
            or not full.startswith(("exceptions.", name))
            or name
            not in (
                *INSTEAD,
                "HTTPError",
            )
        ):
            continue
        httpx = move.spelled(code.path)
        callee = call["func"]
        if name == "HTTPError":
            _status_error(move, code, call, httpx)
            continue
        named = [a for a in call.all("args") if a.has("keyword")]
        if named or call.all("args")[1:]:
            raise RefusedError(f"`{callee.text}` is made with more than a text")
        move.patches.instead(code.path, callee.start, callee.end, f"{httpx}.{INSTEAD[name]}")
        if not call.all("args"):
            move.patches.instead(code.path, callee.end, call.end, '("")')


def _status_error(move: Move, code: Code, call: Node, httpx: str) -> None:
    response = next(
        (a for a in call.all("args") if a.has("keyword") and a["keyword"].text == "response"), None
    )
    if response is None or not call.all("args") or call.all("args")[0].has("keyword"):
        raise RefusedError("an `HTTPError` is made without an answer")
    callee = call["func"]
    move.patches.instead(code.path, callee.start, callee.end, f"{httpx}.HTTPStatusError")
    text = response["value"].text
    move.patches.before(code.path, response.start, f"request={text}.request, ")


def _types(handler: Node) -> Iterator[Node]:
    kind = handler["type"]
    if kind.kind == "Tuple":
        yield from (each["value"] for each in kind.all("elements"))
    else:
        yield kind
