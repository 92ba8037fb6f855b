"""Calls that make a client and drop it (`requests.get`) go through a session of their module."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from asyncfix.findings import Applicability, Edit, Fix, Import, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle.owned import cached_by, new_name
from asyncfix.rewrites.lifecycle.placing import top_statement
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree
from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.project.clients import Making
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_VERBS = frozenset("get post put patch delete head options request".split())  # noqa: SIM905 - a list has a line for each
_POLICY = "DefaultCookiePolicy(allowed_domains=())"
_STRANGE = frozenset(("new", "autospec", "spec", "spec_set", "new_callable"))


class Kind(NamedTuple):
    """What sends the requests of a library: a class, how it is made, and what it cannot be told."""

    cls: str
    function: str
    told: str
    rows: tuple[str, ...]
    needs: tuple[Import, ...]
    refused: frozenset[str] = frozenset()


KINDS = {
    "requests": Kind(
        "Session",
        "requests_session",
        "Return the session that all requests of this module share; it keeps no cookies.",
        (
            "session = {library}.Session()",
            f"session.cookies.set_policy({_POLICY})",
            "return session",
        ),
        (Import("", "http.cookiejar", "DefaultCookiePolicy"),),
    ),
    "httpx": Kind(
        "Client",
        "http_client",
        "Return the client that all requests of this module share; it keeps no cookies.",
        (f"return {{library}}.Client(cookies=CookieJar({_POLICY}))",),
        (
            Import("", "http.cookiejar", "CookieJar"),
            Import("", "http.cookiejar", "DefaultCookiePolicy"),
        ),
        frozenset(("verify", "cert", "proxy", "trust_env", "cookies")),
    ),
}
_CLOSING = (
    "if {session}.cache_info().currsize:",
    "    await {in_thread}({session}().close)",
    "    {session}.cache_clear()",
)
_NOTES = (
    "threads share its connections, and a request may meet one that the server is just closing",
)


def shared_at_once(workspace: Workspace, making: Making) -> Fix:
    """Return the fix that sends all requests of a module through one session."""
    library, _, verb = making.name.rpartition(".")
    kind = KINDS.get(library)
    path = workspace.project.files.paths[making.at.file]
    if kind is None or verb not in _VERBS:
        raise RefusedError("the call itself makes the client: it has to go through a session")
    statement = _imported(workspace, path, library)
    calls = list(_calls(module_tree(workspace, path).root, library))
    for call in calls:
        _refuse_told(call, kind)
    name = new_name(workspace, path, kind.function)
    edits = [Edit(Location(path, e.start, e.end), f"{name}()") for e in _libraries(calls)]
    edits += _patched(workspace, path, library, kind)
    at = top_statement(workspace, path, min(call.start for call in calls))
    cache, imports = cached_by(workspace, path, None)
    spelled = f"{library}.{kind.cls}"
    annotation = f'"{spelled}"' if statement else spelled
    rows = "".join(f"    {each.format(library=library)}\n" for each in kind.rows)
    text = f'@{cache}\ndef {name}() -> {annotation}:\n    """{kind.told}"""\n{rows}\n\n'
    edits.append(Edit(Location(path, at, at), text))
    module = workspace.project.typing.modules.name(workspace.files[path])
    web = "fastapi" if "fastapi" in workspace.project.files.imports else "starlette"
    needs = {
        "session": (module, name),
        "in_thread": (f"{web}.concurrency", "run_in_threadpool"),
    }
    change = in_lifespan(workspace, path, Held((), _CLOSING, needs))
    return Fix(
        title=f"Send the requests through the session of `{name}`, which the application closes",
        applicability=Applicability.UNSAFE,
        edits=(*edits, *change.edits),
        notes=_NOTES,
        strategy="lifespan",
        imports=(*imports, *(replace(each, path=path) for each in kind.needs), *change.imports),
    )


def _imported(workspace: Workspace, path: str, library: str) -> bool:
    """Tell whether the library may be missing; raise RefusedError where it has another name."""
    for statement in workspace.imports(path).statements:
        if library in [each.bound for each, _ in statement.bindings()] and not statement.is_from:
            if "def" in statement.within or "async" in statement.within:
                break
            return bool(statement.within)
    raise RefusedError(f"{path} imports `{library}` where it is used only, or by another name")


def _calls(root: Node, library: str) -> Iterator[Node]:
    """Yield the calls of a module that make a client for one request."""
    for node in root.walk():
        if node.kind != "Call" or node["func"].kind != "Attribute":
            continue
        called = node["func"]
        if called["value"].text == library and called["attr"].text in _VERBS:
            if node.function is None:
                raise RefusedError("a request is sent while the module is imported")
            yield node


def _libraries(calls: list[Node]) -> Iterator[Node]:
    yield from (call["func"]["value"] for call in calls)


def _refuse_told(call: Node, kind: Kind) -> None:
    for each in call.all("args"):
        if each.word("star") == "**" and kind.refused:
            raise RefusedError("a request takes arguments that cannot be seen")
        if each.has("keyword") and each["keyword"].text in kind.refused:
            raise RefusedError(f"a request has `{each['keyword'].text}`, which is the client's")


# Tests


def _patched(workspace: Workspace, path: str, library: str, kind: Kind) -> Iterator[Edit]:
    """Yield the edits of texts by which tests replace the functions of the library."""
    named = re.compile(rb"\b" + library.encode() + rb"\b")
    for each in sorted(workspace.files):
        if is_test(each) and named.search(workspace.text(each).data):
            bindings = Bindings(workspace, each)
            for node in module_tree(workspace, each).root.walk():
                if node.kind == "SimpleString":
                    yield from _ported(node, bindings, (each, path, library, kind), workspace)


def _ported(
    node: Node, bindings: Bindings, at: tuple[str, str, str, Kind], workspace: Workspace
) -> Iterator[Edit]:
    test, path, library, kind = at
    text = node.text.strip("\"'")
    owner, _, verb = text.rpartition(".")
    argument = node.parent
    call = argument.parent if argument is not None and argument.kind == "Arg" else None
    if call is None or call.kind != "Call" or verb not in (*_VERBS, library):
        return
    mine = ("P", workspace.files[path])
    if verb == library:
        if owner and mine in {each[:2] for each in bindings.outside(owner)}:
            raise RefusedError(f"{test} replaces `{library}` as a whole")
        return
    if not owner:
        first = call.all("args")[0]["value"].text
        if first == library or first.endswith(f".{library}"):
            raise RefusedError(f"{test} replaces `{library}.{verb}` in another way")
        return
    if owner == library:
        _refuse_elsewhere(workspace, path, library, verb)
    elif not (
        owner.endswith(f".{library}")
        and mine in {each[:2] for each in bindings.outside(owner.rpartition(".")[0])}
    ):
        return
    given = {e["keyword"].text for e in call.all("args") if e.has("keyword")}
    plain = [e for e in call.all("args") if not e.has("keyword")]
    if not call["func"].text.endswith("patch") or given & _STRANGE or len(plain) > 1:
        raise RefusedError(f"{test} replaces `{library}.{verb}` in another way")
    quote = node.text[0]
    yield Edit(Location(test, node.start, node.end), f"{quote}{owner}.{kind.cls}.{verb}{quote}")


def _refuse_elsewhere(workspace: Workspace, path: str, library: str, verb: str) -> None:
    """Raise RefusedError where another module calls a function that a test replaces for all."""
    called = re.compile(rf"\b{library}\.{verb}\b".encode())
    for each in workspace.files:
        if each != path and not is_test(each) and called.search(workspace.text(each).data):
            raise RefusedError(f"tests replace `{library}.{verb}` for {each} as well")
