"""Handlers of start and stop move into a lifespan that calls them in the order of before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Edit, Fix, Location
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifecycle import pieces
from asyncfix.rewrites.lifecycle.merged import LISTS, Handler, Made, defined, taken
from asyncfix.rewrites.lifecycle.removal import without
from asyncfix.rewrites.lifecycle.symbols import Bindings, module_tree, uses
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asyncfix.findings import Finding
    from asyncfix.rewrites.workspace import Workspace
    from asyncfix.syntax.tree import Node

_EVENTS = ("startup", "shutdown")
_REGISTERS = re.compile(rb"\.(?:on_event|add_event_handler)\s*\(")
_RUNS = re.compile(rb"\brouter\s*\.\s*(?:startup|shutdown)\s*\(|\.on_startup\b|\.on_shutdown\b")
_OWN_HANDLERS = frozenset(("register_tortoise", "init_beanie_app"))  # of libraries, on the app
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_IGNORED = "a lifespan takes the place of handlers that libraries register on the application"
_TWICE = "what a router's handlers do ran twice in current versions of FastAPI, and now runs once"
_DEAD = "the application has ignored these handlers so far: from now on they would run"


def startup_event(
    workspace: Workspace, finding: Finding
) -> Iterator[tuple[str, Callable[[], Fix]]]:
    """Yield the rewrite of all handlers of the application that a finding is about."""
    yield "lifespan", lambda: _merged(workspace, finding)


def _merged(workspace: Workspace, finding: Finding) -> Fix:
    made = _made(workspace, finding)
    _Collector(workspace, made).collect()
    _refuse_elsewhere(workspace, made)
    given = [each for each in made.call.all("args") if each.has("keyword")]
    if any(each["keyword"].text == "lifespan" for each in given):
        raise RefusedError("the application has a lifespan, which makes it ignore its handlers")
    lifespan, imports = defined(workspace, made)
    edits = (*taken(workspace, made, lifespan.name), *made.edits, lifespan.edit)
    what = "router" if made.is_router else "application"
    return Fix(
        title=f"Start and stop the {what} in a lifespan",
        applicability=Applicability.UNSAFE,
        edits=edits,
        notes=(_TWICE if made.is_router else _IGNORED,),
        strategy="lifespan",
        imports=imports,
    )


# What makes the application


def _made(workspace: Workspace, finding: Finding) -> Made:
    """Return what makes the object of a finding; raise RefusedError where that is not seen."""
    path = finding.location.path
    node = module_tree(workspace, path).at(finding.location.start, finding.location.end)
    if node is None or node.kind != "Call":
        raise RefusedError("the place is written in an unusual way")
    kind = _kind(workspace, path, node)
    if kind:
        return _of_call(path, node, kind)
    if node["func"].kind != "Attribute" or node["func"]["value"].kind != "Name":
        raise RefusedError("what the handler is registered on is no variable")
    name = node["func"]["value"].text
    around = [each for each in node.parents if each.kind == "FunctionDef"]
    scope = next((each for each in around if name in scopes.bound_by_function(each)), None)
    within = scope["body"].own() if scope else module_tree(workspace, path).root.own()
    found = [
        each["value"]
        for each in within
        if each.kind in ("Assign", "AnnAssign") and name in _targets(each) and each.has("value")
    ]
    calls = [each for each in found if each.kind == "Call" and _kind(workspace, path, each)]
    if len(found) != 1 or len(calls) != 1:
        raise RefusedError(f"`{name}` is made in another place")
    return _of_call(path, calls[0], _kind(workspace, path, calls[0]))


def _kind(workspace: Workspace, path: str, call: Node) -> str:
    """Return "application" or "router" for a call that makes one, and nothing for others."""
    text = call["func"].text
    if not _NAME.fullmatch(text):
        return ""
    outside = workspace.project.typing.outside
    for root in workspace.project.packs.library.roots:
        if root.kind != "lifespan":
            continue
        for each in Bindings(workspace, path).meant(text):
            name = outside.canonical(str(each[1])) if each[0] == "X" else ""
            if name in root.managers:
                return "application"
            if name in root.calls:
                return "router"
    return ""


def _of_call(path: str, call: Node, kind: str) -> Made:
    above = call.parent
    if above is None or above.kind not in ("Assign", "AnnAssign") or len(_targets(above)) != 1:
        raise RefusedError(f"the {kind} is not kept in one variable")
    scope = call.function
    if scope is not None and (scope.kind == "Lambda" or _is_conditional(above.statement, scope)):
        raise RefusedError(f"the {kind} is made under a condition")
    return Made(path, _targets(above)[0], call, above.statement, scope, kind == "router")


def _targets(statement: Node) -> list[str]:
    if statement.kind == "AnnAssign":
        return [statement["target"].text]
    return [each["target"].text for each in statement.all("targets")]


def _is_conditional(statement: Node, scope: Node | None) -> bool:
    """Tell whether a statement is not right in the body of its function or module."""
    above = statement.parent
    if above is not None and above.kind == "IndentedBlock":
        above = above.parent
    if scope is None:
        return above is None or above.kind != "Module"
    return above is None or above.raw is not scope.raw


# Handlers


class _Collector:
    """Finds the handlers of one application, in the order in which they are registered."""

    def __init__(self, workspace: Workspace, made: Made) -> None:
        self.workspace, self.made = workspace, made
        self.data = workspace.text(made.path).data
        body = made.scope["body"] if made.scope else made.call.tree.root
        self.body = scopes.block(made.scope) if made.scope else body.all("body")

    def collect(self) -> None:
        """Note all handlers, and the edits that end their registration."""
        self._listed()
        for statement in self.body:
            if statement.kind == "FunctionDef":
                self._decorated(statement)
            elif statement.kind == "SimpleStatementLine":
                self._added(statement)
        if not self.made.handlers:
            raise RefusedError("no handler is seen to run")

    def _listed(self) -> None:
        """Take the handlers that the call itself is given."""
        for each in self.made.call.all("args"):
            word = each["keyword"].text if each.has("keyword") else ""
            if word not in LISTS:
                continue
            if each["value"].kind not in ("List", "Tuple"):
                raise RefusedError(f"`{word}` is no list of handlers")
            for element in each["value"].all("elements"):
                self._take(LISTS[word], element["value"])

    def _decorated(self, function: Node) -> None:
        mine = [e for e in function.all("decorators") if self._event(e["decorator"], "on_event")]
        if not mine:
            return
        name = function["name"].text
        if len(mine) < len(function.all("decorators")):
            raise RefusedError(f"`{name}` has other decorators as well")
        for each in mine:
            call = each["decorator"]
            self.made.seen.add(call.start)
            event = self._event(call, "on_event")
            told = f"await {name}()" if function.is_async else f"{name}()"
            self.made.handlers.append(Handler(event, told))
            start, end = (
                pieces.row_start(self.data, call.start),
                pieces.row_end(self.data, call.end),
            )
            self.made.edits.append(Edit(Location(self.made.path, start, end), ""))
        self._refuse_twice(name)

    def _refuse_twice(self, name: str) -> None:
        """Raise RefusedError where a name means more than one function."""
        found = [each for each in self.body if name in _bound(each)]
        if len(found) > 1:
            raise RefusedError(f"`{name}` is defined more than once")

    def _added(self, statement: Node) -> None:
        """Take a handler that is added by a call."""
        line = statement.all("body")[0]
        call = line["value"] if line.kind == "Expr" else None
        event = self._event(call, "add_event_handler") if call is not None else ""
        if call is None or not event:
            return
        args = call.all("args")
        if len(args) != 2 or len(statement.all("body")) > 1:
            raise RefusedError("a handler is added in an unusual way")
        self.made.seen.add(call.start)
        self._take(event, args[1]["value"])
        self.made.edits += without(self.made.path, [statement])

    def _event(self, call: Node, method: str) -> str:
        """Return the event that a call registers something of this application for."""
        named = (f"{self.made.name}.{method}", f"{self.made.name}.router.{method}")
        if call.kind != "Call" or call["func"].text not in named:
            return ""
        args = call.all("args")
        event = args[0]["value"].text.strip("\"'") if args else ""
        if event not in _EVENTS:
            raise RefusedError(f"`{event}` is no event that is known")
        return event

    def _take(self, event: str, handler: Node) -> None:
        """Note a handler that is passed as a value."""
        name = handler.text
        if not _NAME.fullmatch(name):
            raise RefusedError("a handler is no function with a name")
        is_async = self._is_async(name)
        if is_async is None:
            raise RefusedError(f"whether `{name}` is a coroutine is not told")
        self.made.handlers.append(Handler(event, f"await {name}()" if is_async else f"{name}()"))

    def _is_async(self, name: str) -> bool | None:
        """Tell whether a function is asynchronous; None if that is not seen."""
        local = [e for e in self.body if e.kind == "FunctionDef" and e["name"].text == name]
        if local:
            return local[-1].is_async if not local[-1].all("decorators") else None
        typing = self.workspace.project.typing
        for each in Bindings(self.workspace, self.made.path).meant(name):
            if each[0] != "N":
                continue
            file, node = int(str(each[1])), int(str(each[2]))
            for found in typing.of(file, node):
                if found[0] == "F" and not typing.functions[found[1]][1].decorators:
                    return found[1] in typing.asynchronous
        return None


def _bound(statement: Node) -> set[str]:
    if statement.kind == "SimpleStatementLine":
        return {name for each in statement.all("body") for name in scopes.bound_by(each)} | {
            name for each in statement.own() for name in scopes.bound_by(each)
        }
    return scopes.bound_by(statement)


def _refuse_elsewhere(workspace: Workspace, made: Made) -> None:
    """Raise RefusedError where another place may register handlers, or run them."""
    for path in workspace.files:
        data = workspace.text(path).data
        if _RUNS.search(data):
            raise RefusedError(f"{path} runs or reads the handlers itself")
        if not _REGISTERS.search(data):
            continue
        for node in module_tree(workspace, path).root.walk():
            if node.kind == "Call" and _REGISTERS.search(node.text.encode()):
                _refuse_place(workspace, made, path, node)
    words = {token.text for token in workspace.imports(made.path).tokens}
    if words & _OWN_HANDLERS:
        raise RefusedError(f"`{min(words & _OWN_HANDLERS)}` registers handlers itself")


def _refuse_place(workspace: Workspace, made: Made, path: str, call: Node) -> None:
    """Raise RefusedError for a registration that may be one of the same application."""
    func = call["func"]
    if func.kind != "Attribute" or func["attr"].text not in ("on_event", "add_event_handler"):
        return
    if path == made.path and call.start in made.seen:
        return
    base = func["value"].text
    here = path == made.path and base == made.name
    inside = call.function
    given = inside is not None and base in scopes.bound_by_function(inside)
    own = {
        name
        for each in module_tree(workspace, path).root.walk()
        if each.kind in ("Assign", "AnnAssign") and each.has("value")
        if each["value"].kind == "Call" and _kind(workspace, path, each["value"])
        for name in _targets(each)
    }
    if here or (base not in own and (given or _may_be(workspace, made, path, base))):
        row = workspace.text(path).position(call.start)[0]
        raise RefusedError(f"a handler is registered in another place, too ({path}:{row})")


def _may_be(workspace: Workspace, made: Made, path: str, base: str) -> bool:
    """Tell whether a name of another file may be the application."""
    if is_test(path):
        return False
    if made.scope is not None:
        return True
    return any(use.node.text == base for use in uses(workspace, made.path, made.name))
