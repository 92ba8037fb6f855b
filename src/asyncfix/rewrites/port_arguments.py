"""The arguments of a ported call: renamed, moved to the client, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.findings import Edit
    from asyncfix.rewrites.port import Ported
    from asyncfix.syntax.tree import Node

_BODY = frozenset(("data", "json"))
TEXTS = ("SimpleString", "FormattedString", "ConcatenatedString")
PLAIN = ("Integer", "Float", *TEXTS)
_TYPES = frozenset(("str", "int", "float"))


@dataclass(frozen=True, slots=True)
class Arguments:
    """What becomes of a call's arguments: edits, the method to call, and the client's own."""

    edits: tuple[Edit, ...]
    method: str
    for_client: str


def argument_edits(moved: Ported, call: Node) -> Arguments:
    """Return how the arguments of a call change; raise RefusedError for what differs."""
    place, port = moved.place, moved.port
    function = call["func"]["attr"].text
    given = call.all("args")
    named = _named(moved, function, given)
    edits: list[Edit] = []
    dropped: list[int] = []
    client: dict[str, str] = {}
    if function not in port.no_follow:
        client["follow_redirects"] = "True"
    if "timeout" not in named:
        client["timeout"] = "None"
    for index, (name, argument) in enumerate(named.items()):
        value = argument["value"]
        if name in port.to_client:
            start, end = value.whole
            client[name] = value.tree.data[start:end].decode()
            dropped.append(index)
        elif name == "stream" and value.text == "False":
            dropped.append(index)
        elif name in ("url", "method"):
            _check_url(value, has_params="params" in named) if name == "url" else None
        else:
            edits += _passed(moved, name, argument)
    edits += _dropped(moved, given, dropped)
    method = function
    if function in port.no_body and _BODY & set(named):
        method = "request"
        edits.append(place.replaced(given[0].start, given[0].start, f'"{function.upper()}", '))
    told = ", ".join(f"{name}={value}" for name, value in client.items())
    return Arguments(tuple(edits), method, told)


def _named(moved: Ported, function: str, given: list[Node]) -> dict[str, Node]:
    """Return the arguments by the names of their parameters."""
    positional = moved.port.functions[function]
    named: dict[str, Node] = {}
    for index, argument in enumerate(given):
        if argument.word("star"):
            raise RefusedError("it passes arguments that cannot be seen here")
        if argument.has("keyword"):
            named[argument["keyword"].text] = argument
        elif index < len(positional):
            named[positional[index]] = argument
        else:
            raise RefusedError("it passes more arguments than are known")
    return named


def _dropped(moved: Ported, given: list[Node], indices: list[int]) -> Iterator[Edit]:
    """Yield the edits that leave out arguments, with the commas before them."""
    if indices == list(range(len(given))) or 0 in indices:
        raise RefusedError("it is called without an address in front")
    for index in indices:
        start, end = given[index - 1]["value"].whole[1], given[index]["value"].whole[1]
        yield moved.place.replaced(start, end, "")


def _passed(moved: Ported, name: str, argument: Node) -> list[Edit]:
    """Return the edits of an argument that goes along, under its name there."""
    value, place = argument["value"], moved.place
    if name not in moved.port.passed:
        raise RefusedError(f"`{name}=` has no counterpart")
    told = moved.port.passed[name]
    if name == "data":
        told = _body(moved, value)
    if name == "params" and not _is_plain_dict(moved, value):
        raise RefusedError("a value of `params` may be None or true, which are sent otherwise")
    if name == "headers" and value.kind == "Dict" and not _has_no_none(value):
        raise RefusedError("a header may be None, which is no longer left out")
    if name == "auth":
        return _authentication(moved, argument)
    if argument.has("keyword"):
        keyword = argument["keyword"]
        return [] if told == name else [place.replaced(keyword.start, keyword.end, told)]
    return [place.replaced(argument.start, argument.start, f"{told}=")]


def _body(moved: Ported, value: Node) -> str:
    """Return the parameter that takes a body: forms and texts go different ways."""
    if (
        value.kind in TEXTS
        or _calls(value) in ("json.dumps", "str")
        or _calls(value).endswith(".encode")
    ):
        return "content"
    if value.kind == "Dict" and _is_plain_dict(moved, value):
        return "data"
    if _types(moved, value) and _types(moved, value) <= {"str", "bytes"}:
        return "content"
    raise RefusedError("what `data=` holds cannot be told, and each kind is sent otherwise")


def _authentication(moved: Ported, argument: Node) -> list[Edit]:
    value = argument["value"]
    if value.kind == "Tuple" and len(value.all("elements")) == 2:
        return []
    name = _calls(value).rpartition(".")[2]
    if name not in moved.port.authentication:
        raise RefusedError("the authentication has no counterpart that is known")
    callee = value["func"]
    told = f"{moved.spelled}.{moved.port.authentication[name]}"
    return [moved.place.replaced(callee.start, callee.end, told)]


def _check_url(value: Node, *, has_params: bool) -> None:
    """Refuse addresses that may have a query which `params` would replace."""
    if not has_params:
        return
    texts = [
        each.text for each in value.walk() if each.kind in ("SimpleString", "FormattedStringText")
    ]
    is_text = value.kind in (*TEXTS, "BinaryOperation")
    if not is_text or any("?" in each for each in texts):
        raise RefusedError("the address may have a query already, which `params` would replace")


def _is_plain_dict(moved: Ported, value: Node) -> bool:
    """Tell whether a dictionary holds texts and numbers alone."""
    if value.kind != "Dict":
        return False
    return all(
        each.kind == "DictElement" and _is_plain(moved, each["value"])
        for each in value.all("elements")
    )


def _is_plain(moved: Ported, value: Node) -> bool:
    if value.kind in PLAIN or _calls(value) in ("str", "int", "float"):
        return True
    found = _types(moved, value)
    return bool(found) and found <= _TYPES


def _has_no_none(value: Node) -> bool:
    return all(
        each.kind == "DictElement" and each["value"].text != "None"
        for each in value.all("elements")
    )


def _types(moved: Ported, value: Node) -> set[str]:
    """Return the types that the annotation of a parameter gives a variable."""
    if value.kind != "Name":
        return set()
    for each in moved.place.scope["params"].walk():
        if each.kind == "Param" and each["name"].text == value.text and each.has("annotation"):
            told = {part.strip() for part in each["annotation"]["annotation"].text.split("|")}
            return told if not (each.has("default") and each["default"].text == "None") else set()
    return set()


def _calls(value: Node) -> str:
    return value["func"].text if value.kind == "Call" else ""
