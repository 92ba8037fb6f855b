"""Requests of a client that is made for a block: what its arguments become on a shared one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Edit, Import, Location
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncfix.syntax.tree import Node

_METHODS = frozenset("get post put patch delete head options request stream".split())  # noqa: SIM905 - a list has a line for each
_SIMPLE = frozenset(
    """Name Attribute Integer Float SimpleString FormattedString FormattedStringExpression Dict
    DictElement FormattedStringText UnaryOperation Minus""".split()  # noqa: SIM905 - as above
)


class Shared(NamedTuple):
    """A class of clients that many calls can share without sharing cookies.

    `moves` are arguments that each request takes as well; of those in `merges` a request that has
    one of its own would have had both.
    """

    name: str
    argument: str
    needs: tuple[Import, ...]
    moves: frozenset[str]
    merges: frozenset[str]
    told: str
    notes: tuple[str, ...]


SHARED = {
    "httpx.AsyncClient": Shared(
        "http_client",
        "cookies=CookieJar(DefaultCookiePolicy(allowed_domains=()))",
        (
            Import("", "http.cookiejar", "CookieJar"),
            Import("", "http.cookiejar", "DefaultCookiePolicy"),
        ),
        frozenset(("timeout", "follow_redirects", "headers", "auth", "params")),
        frozenset(("headers", "params")),
        "Return the client that all requests share; it keeps no cookies.",
        ("all calls share 100 connections; who finds none free for 5 s gets a PoolTimeout",),
    ),
    "aiohttp.ClientSession": Shared(
        "http_session",
        "cookie_jar=aiohttp.DummyCookieJar()",
        (Import("", "aiohttp"),),
        frozenset(("timeout", "headers", "auth", "raise_for_status")),
        frozenset(("headers",)),
        "Return the session that all requests share; it keeps no cookies.",
        ("all calls share 100 connections, and wait where none is free",),
    ),
}


@dataclass(frozen=True)
class Requests:
    """A block whose requests a shared client sends."""

    kind: Shared
    path: str
    block: Node
    client: str
    moved: tuple[tuple[Node, tuple[str, ...]], ...]

    def edit(self, name: str) -> Edit:
        """Return the edit that asks for the shared client, and makes the block plain rows."""
        data = self.block.tree.data
        indent = pieces.indent_of(data, self.block.start)
        inner = pieces.indent_of(data, scopes.block(self.block)[0].start)
        changes = [_added(call, told, len(inner) - len(indent)) for call, told in self.moved]
        rows = [pieces.rows(each, indent, changes) for each in scopes.block(self.block)]
        start = pieces.row_start(data, self.block.start)
        end = pieces.row_end(data, scopes.block(self.block)[-1].end)
        text = f"{indent}{self.client} = {name}()\n{''.join(rows)}"
        return Edit(Location(self.path, start, end), text)


def shared_requests(path: str, call: Node, name: str) -> Requests:
    """Read the block of a client; raise RefusedError where a shared one would not do the same."""
    kind, item = SHARED[name], call.parent
    block = item.parent if item is not None else None
    if item is None or block is None or block.kind != "With" or not block.is_async:
        raise RefusedError("the client is entered in an unusual way")
    if len(block.all("items")) > 1 or not item.has("asname"):
        raise RefusedError("the block enters something else as well")
    target = item["asname"]["name"]
    if target.kind != "Name" or block["body"].kind != "IndentedBlock":
        raise RefusedError("the client is entered in an unusual way")
    scope = call.function
    if scope is None or sum(target.text in scopes.bound_by(e) for e in _own(scope)) > 1:
        _refuse_rebound(block, target.text)
    given = _given(call, kind)
    calls = list(_requests(block, target.text, passes=not given))
    moved = []
    for each in calls:
        own = {arg["keyword"].text for arg in each.all("args") if arg.has("keyword")}
        starred = any(arg.word("star") for arg in each.all("args"))
        added = []
        for word, value in given:
            if word in kind.merges and (word in own or starred):
                raise RefusedError(f"a request has `{word}` of its own, which would be merged")
            if starred:
                raise RefusedError("a request takes arguments that cannot be seen")
            if word not in own:
                added.append(f"{word}={value.text}")
                if len(calls) > 1 and any(e.kind not in _SIMPLE for e in (value, *value.own())):
                    _refuse_costly(value)
        if added:
            moved.append((each, tuple(added)))
    return Requests(kind, path, block, target.text, tuple(moved))


def _own(scope: Node) -> Iterator[Node]:
    yield from scope["body"].own()


def _refuse_rebound(block: Node, name: str) -> None:
    """Raise RefusedError where a block gives its client's name to something else."""
    for each in block["body"].own():
        if name in scopes.bound_by(each):
            raise RefusedError(f"`{name}` is set again")


def _refuse_costly(value: Node) -> None:
    """Raise RefusedError for what would be computed for each of several requests."""
    text = value.text
    plain = ("httpx.Timeout(", "Timeout(", "aiohttp.ClientTimeout(", "ClientTimeout(")
    if not text.startswith(plain) or text.count("(") > 1:
        raise RefusedError(f"`{text}` would be computed for each request")


def _given(call: Node, kind: Shared) -> Sequence[tuple[str, Node]]:
    """Return the arguments of a client that each request is to take instead."""
    found = []
    for each in call.all("args"):
        word = each["keyword"].text if each.has("keyword") else ""
        if word not in kind.moves:
            raise RefusedError(f"the client is made with `{each.text.rstrip(', ')}`")
        if "\n" in each["value"].text:
            raise RefusedError("an argument spans several rows")
        found.append((word, each["value"]))
    return found


def _requests(block: Node, name: str, *, passes: bool) -> Iterator[Node]:
    """Yield the requests of a block; raise RefusedError for any other use of its client."""
    for each in block["body"].walk():
        if each.kind != "Name" or each.text != name:
            continue
        above = each.parent
        if above is None or (above.kind == "Attribute" and above["attr"].raw is each.raw):
            continue
        if above.kind == "Arg" and above.has("keyword") and above["keyword"].raw is each.raw:
            continue
        call = above.parent
        is_method = above.kind == "Attribute" and above["attr"].text in _METHODS
        if is_method and call is not None and call.kind == "Call" and call["func"].raw is above.raw:
            yield call
        elif not (passes and above.kind == "Arg"):
            raise RefusedError(f"`{name}` is used for more than requests")


def _added(call: Node, told: Sequence[str], shift: int) -> pieces.Change:
    """Return the change that gives a call more arguments, one a row where it has them so.

    The rows are to move to the left by `shift` columns, with what stands there.
    """
    args, data = call.all("args"), call.tree.data
    flat = ", ".join(told)
    if not args:
        return call.end - 1, call.end - 1, flat
    end = args[-1]["value"].whole[1]
    between = data[end : call.end - 1].decode()
    if "#" in between:
        raise RefusedError("a comment stands behind the last argument")
    if "\n" not in between:
        return end, call.end - 1, f", {flat}"
    indent = pieces.indent_of(data, args[-1].start)[shift:]
    return (
        end,
        end + len(between.partition("\n")[0]),
        "".join(f",\n{indent}{e}" for e in told) + ",",
    )
