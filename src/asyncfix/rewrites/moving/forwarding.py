"""Arguments that a function passes on as `**kwargs`: those of each of its callers are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.rewrites.moving.values import pass_value
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

_SAME = frozenset(("timeout", "headers", "json", "cookies", "auth"))
_READ = ("get", "pop", "setdefault")


def forward(move: Move, code: Code, call: Node, argument: Node) -> None:
    """Look at what a spread argument holds; raise RefusedError where that cannot be seen."""
    value = argument["value"]
    scope = call.function
    if value.kind != "Name" or scope is None or scope.kind != "FunctionDef":
        raise RefusedError("it passes arguments that cannot be seen here")
    name = value.text
    star = scope["params"]["star_kwarg"] if scope["params"].has("star_kwarg") else None
    if star is None or star["name"].text != name:
        raise RefusedError(f"`**{name}` cannot be seen through")
    fid = code.fid(call)
    done = move.forwarded
    if fid in done:
        return
    done.add(fid)
    _look_at_uses(move, code, scope, name)
    if fid not in move.turned.names:
        raise RefusedError(f"who calls `{scope['name'].text}` with which arguments is unknown")
    own = {each["name"].text for each in scope["params"].walk() if each.kind == "Param"} - {name}
    for use in move.turned.uses:
        if use.callee != fid:
            continue
        caller = move.code(use.path)
        node = caller.tree.at(use.start, use.end)
        if node is None or node.kind != "Call" or use.how == "handed":
            raise RefusedError(f"a call of `{scope['name'].text}` cannot be seen through")
        for each in node.all("args"):
            if each.word("star") == "**":
                forward(move, caller, node, each)
            elif each.word("star") == "*":
                raise RefusedError("it passes arguments that cannot be seen here")
            elif each.has("keyword") and each["keyword"].text not in own:
                pass_value(move, caller, node, each, each["keyword"].text)


def _look_at_uses(move: Move, code: Code, scope: Node, name: str) -> None:
    """Change what a function does with the arguments that it passes on."""
    for each in scope["body"].walk():
        if each.kind != "Name" or each.text != name or each.parent is None:
            continue
        above = each.parent
        if above.kind == "Arg" and above.word("star") == "**":
            continue
        key: Node | None = None
        if above.kind == "Attribute" and above["attr"].text in _READ and above.parent is not None:
            key = above.parent.all("args")[0]["value"]
        elif above.kind == "Subscript":
            key = above.all("slice")[0]["slice"]["value"]
        elif above.kind == "ComparisonTarget" and above.parent is not None:
            key = above.parent["left"]
        if key is None or key.kind != "SimpleString":
            raise RefusedError(f"what becomes of `**{name}` cannot be seen")
        told = key.text.strip("\"'")
        is_renamed = move.port.passed.get(told, told) != told
        if is_renamed and told == "allow_redirects":
            move.patches.instead(
                code.path, key.start, key.end, key.text.replace(told, move.port.passed[told])
            )
        elif told in move.port.passed and told not in _SAME:
            is_set = above.kind == "Subscript" or (
                above.kind == "Attribute" and above["attr"].text == "setdefault"
            )
            if is_set:
                raise RefusedError(f"`{told}` is put among the arguments that are passed on")
        elif told in move.port.to_client or told in ("stream", "proxies", "hooks"):
            raise RefusedError(f"`{told}=` has no counterpart")
