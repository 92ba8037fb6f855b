"""The requests that go through a session: awaited, with arguments as the new client takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.hand_over import awaiting
from asyncfix.rewrites.locks import refuse_held
from asyncfix.rewrites.moving.forwarding import forward
from asyncfix.rewrites.moving.values import pass_value
from asyncfix.rewrites.place import refuse_position
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.rewrites.moving.sessions import Sessions
    from asyncfix.syntax.tree import Node

_HARMLESS = ("Comparison", "UnaryOperation", "If", "BooleanOperation", "Del", "IfExp", "Assert")
COMMON = frozenset(("verify", "cert"))
SET_UP = frozenset(
    "headers params cookies max_redirects verify cert trust_env proxies mount hooks auth".split()  # noqa: SIM905 - a list has a line for each
)
_CLOSES = "close"
JSON = "JSON is sent without blanks, and a text of unknown charset is read as UTF-8"
LOGGED = "the new client logs each request, at the level of information"
LIMIT = "at most 100 requests are under way at a time, and others wait for them"


def requests_of(sessions: Sessions, functions: dict[str, tuple[str, ...]]) -> list[Node]:
    """Return the calls that send something through a session, or close it."""
    found = []
    for _, node in sessions.uses:
        above = node.parent
        if above is None or above.kind != "Attribute" or above["value"].raw is not node.raw:
            continue
        if above["attr"].text in functions or above["attr"].text == _CLOSES:
            call = above.parent
            if call is not None and call.kind == "Call" and call["func"].raw is above.raw:
                found.append(call)
    return found


def send(move: Move, sessions: Sessions) -> None:
    """Change every use of a session; raise RefusedError for one that cannot change."""
    move.notes |= dict.fromkeys((JSON, LIMIT, LOGGED))
    for code, node in sessions.uses:
        _use(move, code, node)
    for each in sessions.made:
        if each.parent is not None and each.parent.kind == "WithItem":
            enter(move, move.code(sessions.home), each.parent)


def _use(move: Move, code: Code, node: Node) -> None:
    above = node.parent
    if above is None or above.kind in (*_HARMLESS, "AssignTarget", "AnnAssign", "AsName", "Expr"):
        return
    if above.kind == "Attribute" and above["value"].raw is node.raw:
        _member(move, code, above)
    elif above.kind == "WithItem":
        enter(move, code, above)
    elif above.kind in ("ComparisonTarget", "Return"):
        return
    else:
        raise RefusedError(f"the session is passed on ({code.path}:{code.row(node)})")


def _member(move: Move, code: Code, attribute: Node) -> None:
    name = attribute["attr"].text
    call = attribute.parent
    if name in SET_UP:
        return
    if call is None or call.kind != "Call" or call["func"].raw is not attribute.raw:
        raise RefusedError(
            f"`.{name}` of a session is passed on ({code.path}:{code.row(call or attribute)})"
        )
    if name == _CLOSES:
        attr = attribute["attr"]
        move.patches.instead(code.path, attr.start, attr.end, "aclose")
        awaited(move, code, call)
    elif name in move.port.functions:
        _request(move, code, call, name)
    else:
        raise RefusedError(f"`.{name}()` of a session has no counterpart")


def _request(move: Move, code: Code, call: Node, method: str) -> None:
    """Change one call that sends a request."""
    given = call.all("args")
    positional = move.port.functions[method]
    stream = False
    dropped = []
    has_body = False
    for index, argument in enumerate(given):
        if argument.word("star") == "*":
            raise RefusedError("it passes arguments that cannot be seen here")
        if argument.word("star") == "**":
            forward(move, code, call, argument)
            continue
        named = argument.has("keyword")
        if not named and index >= len(positional):
            raise RefusedError("it passes more arguments than are known")
        name = argument["keyword"].text if named else positional[index]
        if name in ("url", "method"):
            continue
        if name == "stream":
            stream = _is_true(argument["value"])
            dropped.append(index)
        elif name in COMMON:
            dropped.append(index)  # the client is told
        else:
            has_body |= name in ("data", "json", "files")
            pass_value(move, code, call, argument, name)
    _drop(move, code, given, dropped)
    if stream:
        _stream(move, code, call, method)
        return
    if has_body and method in move.port.no_body:
        _as_request(move, code, call, method, "request")
    elif method in move.port.no_follow and not any("allow_redirects" in a.text for a in given):
        last = given[-1]
        move.patches.around(code.path, last, "", ", follow_redirects=False")
    awaited(move, code, call)


def _is_true(value: Node) -> bool:
    if value.text not in ("True", "False"):
        raise RefusedError("whether the answer is a stream is only known when it runs")
    return value.text == "True"


def _drop(move: Move, code: Code, given: list[Node], indices: list[int]) -> None:
    for index in indices:
        if not index:
            raise RefusedError("it is called without an address in front")
        start, end = given[index - 1].end, given[index].end
        move.patches.instead(code.path, start, end, "")


def _as_request(move: Move, code: Code, call: Node, method: str, name: str) -> None:
    """Name the method by the first argument."""
    attr = call["func"]["attr"]
    move.patches.instead(code.path, attr.start, attr.end, name)
    if method != "request":
        first = call.all("args")[0]
        move.patches.before(code.path, first.start, f'"{method.upper()}", ')


def _stream(move: Move, code: Code, call: Node, method: str) -> None:
    """Have an answer arrive bit by bit."""
    item = call.parent
    if item is not None and item.kind == "WithItem":
        _as_request(move, code, call, method, "stream")
        enter(move, code, item)
        return
    told = {a["keyword"].text for a in call.all("args") if a.has("keyword")}
    if told & {"auth", "allow_redirects"}:
        raise RefusedError("a stream that is not entered takes no `auth` and no redirects")
    _as_request(move, code, call, method, "build_request")
    session = call["func"]["value"].text
    move.patches.around(code.path, call, f"{session}.send(", ", stream=True)")
    awaited(move, code, call)


# How calls wait


def awaited(move: Move, code: Code, call: Node) -> None:
    """Await a call; raise RefusedError where no `await` can stand."""
    refuse_here(code, call)
    before, after = awaiting(call)
    move.patches.around(code.path, call, before, after)


def refuse_here(code: Code, node: Node) -> None:
    """Raise RefusedError where code cannot wait."""
    scope = node.function
    if scope is None or scope.kind == "Lambda":
        raise RefusedError(f"no `await` can stand in {code.path}:{code.row(node)}")
    refuse_position(node, scope)
    refuse_held(code.workspace, code.path, node, scope)


def enter(move: Move, code: Code, item: Node) -> None:
    """Make the `with` statement of an item asynchronous; raise RefusedError if others share it."""
    statement = item.parent
    if statement is None or statement.kind != "With":
        raise RefusedError(f"a `with` in {code.path} is written in an unusual way")
    if len(statement.all("items")) != 1:
        raise RefusedError(f"a `with` enters several things ({code.path}:{code.row(statement)})")
    refuse_here(code, statement)
    move.patches.around(code.path, statement, "async ")


def iterate(move: Move, code: Code, loop: Node) -> None:
    """Make a loop, or that of a comprehension, asynchronous."""
    refuse_here(code, loop)
    move.patches.before(code.path, code.data.index(b"for", loop.start), "async ")
