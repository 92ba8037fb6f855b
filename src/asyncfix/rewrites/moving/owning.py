"""Who closes a client that has moved: its class by a method, the application what it shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.index import is_test
from asyncfix.rewrites.lifespan import Held, in_lifespan
from asyncfix.rewrites.moving.statements import rows_of
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.rewrites.moving.sessions import Sessions
    from asyncfix.syntax.tree import Node

_CLOSE = "aclose"


def own(move: Move, sessions: Sessions) -> None:
    """Have what moves closed, where nothing does it yet."""
    code = move.code(sessions.home)
    if sessions.classes:
        closer = _closer(move, sessions) or _written(move, code, sessions)
        if not closer or _is_used(move, closer, sessions):
            return
        shared = list(_shared(move, sessions))
    else:
        closer = _CLOSE
        shared = [] if _is_closed(sessions) else list(_globals(move, code, sessions))
    for module, name, call in shared:
        _close(move, module, name, f"{{it}}{call}.{closer}()")


def _closer(move: Move, sessions: Sessions) -> str:
    """Return the name of the method that closes a session of its object, as it then is."""
    for code, node in sessions.uses:
        above = node.parent
        is_closing = (
            above is not None and above.kind == "Attribute" and above["attr"].text == "close"
        )
        scope = node.function
        if not is_closing or scope is None or scope.kind != "FunctionDef":
            continue
        fid = code.fid(node)
        name = move.workspace.project.typing.functions[fid][1].name
        if not name.startswith("_"):
            return move.turned.names.get(fid) or name
    return ""


def _written(move: Move, code: Code, sessions: Sessions) -> str:
    """Give a class that has none a method that closes its client; return its name."""
    made = sessions.made[0]
    around = next((each for each in made.parents if each.kind == "ClassDef"), None)
    target = _kept_in(made)
    if around is None or target is None or target["value"].text != "self":
        return ""
    if any(each.kind == "FunctionDef" and each["name"].text == _CLOSE for each in around.walk()):
        return ""
    last = around["body"].all("body")[-1]
    _, end = rows_of(code, last)
    row = code.data[code.data.rfind(b"\n", 0, last.start) + 1 : last.start].decode()
    indent = row[: len(row) - len(row.lstrip())]
    gap = "" if code.data[end - 1 : end] == b"\n" else "\n"
    text = (
        f"{gap}\n{indent}async def {_CLOSE}(self) -> None:\n"
        f"{indent}    await {target.text}.{_CLOSE}()\n"
    )
    move.patches.before(code.path, end, text)
    return _CLOSE


def _kept_in(made: Node) -> Node | None:
    """Return the attribute that a session is kept in."""
    for each in made.parents:
        if each.kind in ("Assign", "AnnAssign"):
            target = each.all("targets")[0]["target"] if each.kind == "Assign" else each["target"]
            return target if target.kind == "Attribute" else None
    return None


def _is_used(move: Move, closer: str, sessions: Sessions) -> bool:
    """Tell whether somebody outside of the class closes or enters an object of it."""
    typing = move.workspace.project.typing
    for use in move.turned.uses:
        file, caller = typing.functions[use.caller]
        is_inside = (
            caller.owner >= 0 and typing.first_class[file] + caller.owner in sessions.classes
        )
        name = typing.functions[use.callee][1].name
        closes = name in ("__enter__", "__exit__", closer.removeprefix("a"), closer)
        if closes and not is_inside and not is_test(use.path):
            return True
    return False


def _is_closed(sessions: Sessions) -> bool:
    """Tell whether something closes or enters a session that is no attribute."""
    return any(
        node.parent is not None
        and (
            node.parent.kind in ("WithItem", "AsName")
            or (node.parent.kind == "Attribute" and node.parent["attr"].text == "close")
        )
        for _, node in sessions.uses
    )


# What an application shares


def _shared(move: Move, sessions: Sessions) -> Iterator[tuple[str, str, str]]:
    """Yield the variables of modules that hold an object: module, name, and `()` for accessors."""
    typing = move.workspace.project.typing
    for path, file in move.workspace.files.items():
        if is_test(path) or move.workspace.project.is_beside(path):
            continue
        each = typing.files[file]
        for name, values in each.names.items():
            made = [v for v in values if _makes(move, file, v, sessions)]
            if not made:
                continue
            module = typing.modules.name(file)
            if len(made) == len(values):
                yield module, name, ""
            else:
                accessor = _accessor(move, file, sessions)
                if accessor:
                    yield module, accessor, "()"


def _makes(move: Move, file: int, node: int, sessions: Sessions) -> bool:
    typing = move.workspace.project.typing
    parts = typing.files[file].nodes[node]
    if parts[0] == facts.ANNOTATED:
        return _makes(move, file, parts[2], sessions)
    return parts[0] == facts.CALL and any(
        each[0] == "C" and each[1] in sessions.classes for each in typing.of(file, parts[1])
    )


def _accessor(move: Move, file: int, sessions: Sessions) -> str:
    """Return the function of a file that gives the object it holds, and takes nothing."""
    typing = move.workspace.project.typing
    for index, function in enumerate(typing.files[file].functions):
        if not index or function.parent or function.owner >= 0 or function.params:
            continue
        types = typing.calls.result(typing.first_function[file] + index, -1)
        if types and all(each[0] == "I" and each[1] in sessions.classes for each in types):
            return function.name
    return ""


def _globals(move: Move, code: Code, sessions: Sessions) -> Iterator[tuple[str, str, str]]:
    module = move.workspace.project.typing.modules.name(code.file)
    for made in sessions.made:
        assign = made.parent
        if made.function is None and assign is not None and assign.kind == "Assign":
            yield module, assign.all("targets")[0]["target"].text, ""


def _close(move: Move, module: str, name: str, call: str) -> None:
    """Have the application close something when it stops, or say that nothing does."""
    held = Held(closing=(f"await {call}",), needs={"it": (module, name)})
    try:
        change = in_lifespan(move.workspace, move.home, held)
    except RefusedError as error:
        move.notes[f"nothing closes `{name}`: {error}"] = None
        return
    for each in change.edits:
        at = each.location
        if at.start == at.end:
            move.patches.before(at.path, at.start, each.text)
        else:
            move.patches.instead(at.path, at.start, at.end, each.text)
    move.imports |= dict.fromkeys(change.imports)
