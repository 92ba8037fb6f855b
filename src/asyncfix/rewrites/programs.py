"""Runs a program asynchronously: `subprocess.run` becomes `asyncio.create_subprocess_exec`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.findings import Applicability, Fix
from asyncfix.rewrites.names import bound, free_name
from asyncfix.rewrites.place import refuse_without_await
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Import
    from asyncfix.rewrites.place import Place
    from asyncfix.syntax.tree import Node

STRATEGY = "native"
_RUNS = ("subprocess.run", "subprocess.check_output", "subprocess.check_call")
_PASSED = ("cwd", "env", "stdin", "stdout", "stderr")
_FLAGS = frozenset(("capture_output", "check", "shell", "text", "universal_newlines"))
_KNOWN = _FLAGS | {"input", "timeout", *_PASSED}
_TEXT = "text is decoded as UTF-8, and its newlines stay as the program writes them"
_OUTPUT = "`TimeoutExpired` holds no output"


@dataclass(frozen=True)
class _Names:
    """How the new code spells modules and variables."""

    asyncio: str
    subprocess: str
    command: str
    process: str
    out: str
    err: str


def runs_program(place: Place) -> bool:
    """Tell whether a place runs a program to its end."""
    return place.is_direct and place.chain.hit.name in _RUNS


def async_program(place: Place) -> Fix:
    """Return the fix that awaits the program; raise RefusedError where it is run otherwise."""
    refuse_without_await(place)
    node, data = place.node, place.workspace.text(place.path).data
    given = _given(node)
    line = node.statement.children[0] if node.statement.children else node
    if node.statement.kind != "SimpleStatementLine" or len(node.statement.children) != 1:
        raise RefusedError("the program is not run by a statement of its own")
    begin = data.rfind(b"\n", 0, line.start) + 1
    indent = data[begin : line.start].decode()
    if b"#" in data[node.start : node.end] or indent.strip():
        raise RefusedError("the statement shares its row, or has comments in it")
    if line.kind not in ("Assign", "Expr", "Return") or line["value"].raw is not node.raw:
        raise RefusedError("what the program gives is used at once")
    if line.kind == "Assign" and [t["target"].kind for t in line.all("targets")] != ["Name"]:
        raise RefusedError("what the program gives gets no plain name")
    names, imports = _names(place, given["args"])
    rows = list(_rows(place, line, given, names))
    newline = place.workspace.text(place.path).newline
    notes = [_TEXT] if _is_text(given) else []
    notes += [_OUTPUT] if "timeout" in given else []
    return Fix(
        title=f"Await `asyncio.create_subprocess_{'shell' if _flag(given, 'shell') else 'exec'}`",
        applicability=Applicability.UNSAFE,
        edits=(place.replaced(line.start, line.end, f"{newline}{indent}".join(rows)),),
        notes=tuple(notes),
        strategy=STRATEGY,
        imports=imports,
    )


def _given(node: Node) -> dict[str, Node]:
    """Return the arguments by their names; refuse those whose meaning is another's or unknown."""
    found: dict[str, Node] = {}
    for each in node.all("args") if node.kind == "Call" else ():
        name = each["keyword"].text if each.has("keyword") else "args"
        if each.word("star") or name in found or name not in _KNOWN | {"args"}:
            raise RefusedError(f"`{each.text}` has no counterpart, or is not known")
        if name in _FLAGS and each["value"].text not in ("True", "False"):
            raise RefusedError(f"`{name}` is computed")
        found[name] = each["value"]
    if "args" not in found:
        raise RefusedError("what is run is not known")
    return found


def _names(place: Place, command: Node) -> tuple[_Names, tuple[Import, ...]]:
    asyncio, first = bound(place.workspace, place.path, place.scope, "asyncio")
    subprocess, second = bound(place.workspace, place.path, place.scope, "subprocess")

    def free(name: str) -> str:
        return free_name(place.workspace, place.path, place.scope, name)

    told = command.text if command.kind == "Name" else free("command")
    names = _Names(asyncio, subprocess, told, free("process"), free("stdout"), free("stderr"))
    return names, (*first, *second)


def _flag(given: dict[str, Node], name: str) -> bool:
    return name in given and given[name].text == "True"


def _is_text(given: dict[str, Node]) -> bool:
    return _flag(given, "text") or _flag(given, "universal_newlines")


def _rows(place: Place, line: Node, given: dict[str, Node], names: _Names) -> Iterator[str]:
    command, is_shell = given["args"], _flag(given, "shell")
    if not is_shell and not _is_list(place, command):
        raise RefusedError("whether the command is a list of words is not known")
    if command.kind != "Name":
        yield f"{names.command} = {command.text}"
    form = "shell" if is_shell else "exec"
    words = names.command if is_shell else f"*{names.command}"
    streams = ", ".join([words, *_streams(place, given, names)])
    made = f"{names.process} = await {names.asyncio}.create_subprocess_{form}("
    is_long = _column(place, line) + len(made + streams) >= place.workspace.width(place.path)
    yield from (made, f"    {streams}", ")") if is_long else (f"{made}{streams})",)
    told = list(_told(place, line, given, names))
    wanted = f"{names.out}, {names.err} = " if names.out in " ".join(told) else ""
    sent = _atom(given["input"]) if "input" in given else ""
    talked = f"{names.process}.communicate({sent}{'.encode()' if sent and _is_text(given) else ''})"
    if "timeout" in given:
        yield from _timed(given["timeout"], talked, wanted, names)
    else:
        yield f"{wanted}await {talked}"
    yield from told


def _column(place: Place, line: Node) -> int:
    data = place.workspace.text(place.path).data
    return line.start - data.rfind(b"\n", 0, line.start) - 1


def _atom(node: Node) -> str:
    """Return the code of an expression so that a method of it can be called."""
    plain = node.parenthesized or node.kind in ("Name", "Attribute", "Call", "SimpleString")
    return node.text if plain and not node.parenthesized else f"({node.text})"


def _is_list(place: Place, command: Node) -> bool:
    """Tell whether a command is surely a list: a text would be taken apart into letters."""
    if command.kind in ("List", "Tuple"):
        return True
    if command.kind != "Name":
        return command.kind == "Call" and place.callees(command) == {"shlex.split"}
    values = [
        each["value"]
        for each in place.scope["body"].own()
        if each.kind == "Assign" and command.text in scopes.bound_in([each])
    ]
    bindings = [e for e in place.scope["body"].own() if command.text in scopes.bound_by(e)]
    plain = all(each.kind in ("AssignTarget", "Assign") for each in bindings)
    return bool(values) and plain and all(each.kind == "List" for each in values)


def _streams(place: Place, given: dict[str, Node], names: _Names) -> Iterator[str]:
    pipe = f"{names.asyncio}.subprocess.PIPE"
    captures = _flag(given, "capture_output")
    if "input" in given:
        yield f"stdin={pipe}"
    if captures or place.chain.hit.name == "subprocess.check_output":
        yield f"stdout={pipe}"
    if captures:
        yield f"stderr={pipe}"
    for name in _PASSED:
        if name in given:
            yield f"{name}={given[name].text}"


def _timed(timeout: Node, talked: str, wanted: str, names: _Names) -> Iterator[str]:
    if timeout.kind not in ("Name", "Integer", "Float", "Attribute"):
        raise RefusedError("the time that the program gets is computed")
    yield "try:"
    yield f"    {wanted}await {names.asyncio}.wait_for({talked}, {timeout.text})"
    yield f"except {names.asyncio}.TimeoutError:"
    yield f"    {names.process}.kill()"
    yield f"    await {names.process}.wait()"
    yield f"    raise {names.subprocess}.TimeoutExpired({names.command}, {timeout.text}) from None"


def _told(place: Place, line: Node, given: dict[str, Node], names: _Names) -> list[str]:
    """Return what makes of a program that has ended what the statement made of it."""
    name = place.chain.hit.name
    out, err = _decoded(place, given, names)
    more = "" if name == "subprocess.check_call" else f", {out}, {err}"
    made = f"{names.subprocess}.CompletedProcess"
    done = f"{made}({names.command}, {names.process}.returncode{more})"
    checks = name != "subprocess.run" or _flag(given, "check")
    if name != "subprocess.run":
        gives = out if name == "subprocess.check_output" else "0"
        return [f"{done}.check_returncode()", *_given_as(line, gives)]
    if line.kind == "Expr":
        return [f"{done}.check_returncode()"] if checks else []
    if line.kind == "Return" and checks:
        ended = free_name(place.workspace, place.path, place.scope, "completed")
        return [f"{ended} = {done}", f"{ended}.check_returncode()", f"return {ended}"]
    target = line.all("targets")[0]["target"].text if line.kind == "Assign" else ""
    return [*_given_as(line, done), *([f"{target}.check_returncode()"] if checks else [])]


def _given_as(line: Node, value: str) -> list[str]:
    """Return the row that does with a value what a statement does with that of its call."""
    if line.kind == "Expr":
        return []
    if line.kind == "Return":
        return [f"return {value}"]
    return [f"{line.all('targets')[0]['target'].text} = {value}"]


def _decoded(place: Place, given: dict[str, Node], names: _Names) -> tuple[str, str]:
    """Return the code of what the program has written to its two streams."""
    captures = _flag(given, "capture_output")
    reads = captures or place.chain.hit.name == "subprocess.check_output"
    out = reads or ("stdout" in given and given["stdout"].text.endswith("PIPE"))
    err = captures or ("stderr" in given and given["stderr"].text.endswith("PIPE"))
    if not _is_text(given):
        return names.out, names.err
    return (
        f"{names.out}.decode()" if out else names.out,
        f"{names.err}.decode()" if err else names.err,
    )
