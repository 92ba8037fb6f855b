"""The arguments of a request, one by one: what is sent must stay what it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.rewrites.port_arguments import PLAIN, TEXTS
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.move import Move
    from asyncfix.syntax.tree import Node

_SENT_ALIKE = frozenset(("str", "int", "float"))
_NONE = re.compile(r"\A(?:typing\.)?Optional\[(.*)\]\Z|\A(.*?)\s*\|\s*None\Z", re.DOTALL)
QUERY = "_sent"
_QUERY_TEXT = '''\
def {name}(values: {any}) -> {any}:
    """Return parameters as they were always sent: without None, and True as "True"."""
    if not isinstance(values, dict):
        return values
    kept = {{name: value for name, value in values.items() if value is not None}}
    return {{
        name: str(value) if isinstance(value, bool) else value for name, value in kept.items()
    }} or None


'''
REPLACED = "`params` take the place of a query that an address has already, others stay beside it"
FILES = "a file that is sent without a name is called `upload`"


def pass_value(move: Move, code: Code, call: Node, argument: Node, name: str) -> None:
    """Change an argument of a request; raise RefusedError for one that cannot be told."""
    value = argument["value"]
    passed = {**move.port.passed, "files": "files", "cookies": "cookies"}
    if name not in passed:
        raise RefusedError(f"`{name}=` has no counterpart")
    told = passed[name]
    if name == "params":
        _query(move, code, value)
    elif name == "data":
        told = _body(move, code, call, argument)
    elif name == "headers":
        _refuse_none(value)
    elif name == "auth":
        _authentication(move, code, value)
    elif name == "timeout":
        _timeout(move, code, value)
    elif name == "files":
        move.notes[FILES] = None
    if argument.has("keyword"):
        keyword = argument["keyword"]
        if told != name:
            move.patches.instead(code.path, keyword.start, keyword.end, told)
    else:
        move.patches.before(code.path, argument.start, f"{told}=")


def _timeout(move: Move, code: Code, value: Node) -> None:
    """Write a time to connect and another one to read as they are typed there."""
    if value.kind != "Tuple" or len(value.all("elements")) != 2:
        return
    connect, read = (each["value"].text for each in value.all("elements"))
    told = f"{move.spelled(code.path)}.Timeout(None, connect={connect}, read={read})"
    move.patches.instead(code.path, *value.whole, told)


def _refuse_none(value: Node) -> None:
    if value.kind == "Dict" and any(
        each.kind == "DictElement" and each["value"].text == "None"
        for each in value.all("elements")
    ):
        raise RefusedError("a header may be None, which is no longer left out")


def _query(move: Move, code: Code, value: Node) -> None:
    """Have parameters sent as they were: None is left out, and truth is written as Python does."""
    move.notes[REPLACED] = None
    if value.text == "None":
        return
    told = _dict_types(value)
    if told is not None and told <= _SENT_ALIKE:
        return
    move.patches.around(code.path, value, f"{_helper(move, code)}(", ")")


def _helper(move: Move, code: Code) -> str:
    """Return what a file calls the function that makes a query, and have it written."""
    path = code.path
    known = re.search(rb"^def %s\(" % QUERY.encode(), code.data, re.MULTILINE)
    if not known:
        anything = move.bound(path, "typing", "Any")
        text = _QUERY_TEXT.format(name=QUERY, any=anything)
        move.patches.before(path, first_definition(code), text)
    return QUERY


def first_definition(code: Code) -> int:
    """Return where the first class or function of a file begins, with its decorators."""
    for each in code.tree.root.all("body"):
        if each.kind in ("ClassDef", "FunctionDef"):
            start = min([each.start, *(one.start for one in each.all("decorators"))])
            at = code.data.rfind(b"\n", 0, start) + 1
            while code.data[code.data.rfind(b"\n", 0, at - 1) + 1 : at].startswith(b"#"):
                at = code.data.rfind(b"\n", 0, at - 1) + 1
            return at
    raise RefusedError(f"{code.path} defines nothing")


def _dict_types(value: Node) -> set[str] | None:
    """Return the types of the values of a dictionary that is written here; None if unknown."""
    if value.kind != "Dict":
        return None
    found: set[str] = set()
    for each in value.all("elements"):
        if each.kind != "DictElement":
            return None
        types = _types(each["value"])
        if not types:
            return None
        found |= types
    return found


def _types(value: Node) -> set[str]:
    """Return the types that code gives a value away to have."""
    if value.kind in PLAIN:
        return {"str"}
    if value.kind == "Call" and value["func"].text in _SENT_ALIKE:
        return {value["func"].text}
    if value.text == "None":
        return {"None"}
    return annotated(value)


def annotated(value: Node) -> set[str]:
    """Return the types that the annotation of a parameter gives a variable."""
    scope = value.function
    if value.kind != "Name" or scope is None:
        return set()
    for each in scope["params"].walk():
        if each.kind == "Param" and each["name"].text == value.text and each.has("annotation"):
            told = each["annotation"]["annotation"].text.strip("\"'")
            found: set[str] = set()
            match = _NONE.match(told)
            if match:
                told = match[1] or match[2]
                found.add("None")
            if each.has("default") and each["default"].text == "None":
                found.add("None")
            return found | {part.strip() for part in told.split("|")}
    return set()


def _body(move: Move, code: Code, call: Node, argument: Node) -> str:
    """Return the parameter that takes a body: forms and texts go different ways."""
    value = argument["value"]
    calls = value["func"].text if value.kind == "Call" else ""
    if value.kind in TEXTS or calls in ("json.dumps", "str") or calls.endswith(".encode"):
        return "content"
    told = annotated(value) - {"None"}
    if told and told <= {"str", "bytes"}:
        return "content"
    is_form = value.kind == "Dict" or any(
        each.partition("[")[0].rpartition(".")[2].lower() in ("dict", "mapping") for each in told
    )
    if is_form:
        types = _dict_types(value)
        if types is None or not types <= _SENT_ALIKE:
            move.patches.around(code.path, value, f"{_helper(move, code)}(", ")")
        return "data"
    found = {str(each[1]) for each in code.argument(call, argument) if each[0] == "E"}
    if found and found <= {"str", "bytes"}:
        return "content"
    if found == {"dict"}:
        move.patches.around(code.path, value, f"{_helper(move, code)}(", ")")
        return "data"
    raise RefusedError("what `data=` holds cannot be told, and each kind is sent otherwise")


def _authentication(move: Move, code: Code, value: Node) -> None:
    if value.kind == "Tuple" and len(value.all("elements")) == 2:
        return
    name = move.last(code, value["func"]) if value.kind == "Call" else ""
    if name not in move.port.authentication:
        raise RefusedError("the authentication has no counterpart that is known")
