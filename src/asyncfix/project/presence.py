"""Whether a value is surely an object and not None: by what makes it, or what it is declared as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.project.types import is_vague

if TYPE_CHECKING:
    from asyncfix.project.evaluate import Typing
    from asyncfix.project.types import Node, Type

_OBJECTS = frozenset(
    {
        *(facts.LITERAL, facts.TUPLE, facts.SEQUENCE, facts.DICT, facts.EMPTY),
        *(facts.FUNCTION, facts.CLASS, facts.PREFIX, facts.ELEMENT, facts.AELEMENT),
    }
)
_DEEPEST = 6


def is_there(typing: Typing, file: int, node: int, deep: int = _DEEPEST) -> bool:
    """Tell whether an expression surely gives an object."""
    typing.rests_on(file)
    parts = typing.files[file].nodes[node]
    operator = parts[0]
    if operator in _OBJECTS:
        return True
    if deep <= 0 or not node:
        return False
    if operator == facts.UNION:
        return all(is_there(typing, file, each, deep - 1) for each in parts[1])
    while parts[0] == facts.UNPACKED:
        parts = typing.files[file].nodes[parts[1]]
    if operator == facts.UNPACKED:
        return parts[0] in (facts.ELEMENT, facts.AELEMENT)
    if operator == facts.CALL:
        if _has_default(typing, file, parts, deep):
            return True
        return _is_made(typing, file, parts, awaited=False)
    if operator == facts.AWAIT:
        call = typing.files[file].nodes[parts[1]]
        return call[0] == facts.CALL and _is_made(typing, file, call, awaited=True)
    if operator == facts.ANNOTATED:
        return not _is_none(typing, file, parts[2]) and _is_declared(typing, file, parts[1])
    if operator == facts.PARAM:
        return _is_given(typing, file, parts)
    return operator == facts.ATTR and _is_held(typing, file, parts, deep - 1)


def is_true(typing: Typing, file: int, node: int) -> bool:
    """Tell whether an expression surely gives an object that is true, as most objects are."""
    types = typing.of(file, node)
    return bool(types) and all(_is_plain(typing, e) for e in types) and is_there(typing, file, node)


def _is_plain(typing: Typing, each: Type) -> bool:
    """Tell whether all instances of a class are true: it has no length and no own mind."""
    if each[0] != "I":
        return False
    hierarchy = typing.hierarchy
    outside = hierarchy.order(each[1])[1]
    has_length = any(base.startswith(("builtins.", "collections.", "typing.")) for base in outside)
    methods = (hierarchy.method(each[1], name) for name in ("__bool__", "__len__"))
    return not has_length and all(method < 0 for method in methods)


def _has_default(typing: Typing, file: int, call: Node, deep: int) -> bool:
    """Tell whether a call is `table.get(key, [])`: whoever says what stands for nothing gets it."""
    callee = typing.files[file].nodes[call[1]]
    is_get = callee[0] == facts.ATTR and callee[2] in ("get", "pop", "setdefault")
    given = call[2]
    return is_get and len(given) == 2 and is_there(typing, file, given[1], deep - 1)


def _is_made(typing: Typing, file: int, call: Node, *, awaited: bool) -> bool:
    """Tell whether a call gives an object: of a class, or of a function that says so."""
    callees = typing.of(file, call[1])
    return bool(callees) and all(_gives(typing, each, awaited=awaited) for each in callees)


def _gives(typing: Typing, callee: Type, *, awaited: bool) -> bool:
    if callee[0] == "C":
        return not awaited
    if callee[0] not in "FM":
        return False
    typing.read(callee[1])
    file, function = typing.functions[callee[1]]
    if bool(function.flags & facts.ASYNC) != awaited:
        return False
    return _is_declared(typing, file, function.returns)


def _is_given(typing: Typing, file: int, parts: Node) -> bool:
    function = typing.files[file].functions[parts[1]]
    param = function.params[parts[2]]
    if parts[2] == 0 and function.owner >= 0 and function.flags & facts.METHOD:
        return True
    if param.kind in ("*", "**"):
        return True
    return not _is_none(typing, file, param.default) and _is_declared(
        typing, file, param.annotation
    )


def _is_held(typing: Typing, file: int, parts: Node, deep: int) -> bool:
    """Tell whether an attribute of an instance is an object whenever it is set."""
    owners = typing.of(file, parts[1])
    if not owners or any(each[0] != "I" for each in owners):
        return False
    return all(_is_held_by(typing, each[1], parts[2], deep) for each in owners)


def _is_held_by(typing: Typing, cls: int, name: str, deep: int) -> bool:
    for each in typing.hierarchy.order(cls)[0]:
        at, facts_of = typing.classes[each]
        typing.rests_on(at)
        values = facts_of.attributes.get(name)
        if values:
            return all(is_there(typing, at, value, deep) for value in values)
    return False


def _is_none(typing: Typing, file: int, node: int) -> bool:
    return typing.files[file].nodes[node][:2] == (facts.CONST, None) if node else False


def _is_declared(typing: Typing, file: int, node: int) -> bool:
    """Tell whether an annotation names classes, and not None among them."""
    types = typing.annotations.of(file, node) if node else ()
    return bool(types) and not is_vague(types) and not _admits_none(typing, file, node, _DEEPEST)


def _admits_none(typing: Typing, file: int, node: int, deep: int) -> bool:
    typing.rests_on(file)
    parts = typing.files[file].nodes[node]
    operator = parts[0]
    if deep <= 0 or operator in (facts.UNKNOWN, facts.CONST):
        return True
    if operator == facts.UNION:
        return any(_admits_none(typing, file, each, deep - 1) for each in parts[1])
    if operator == facts.ITEM:
        name = typing.names.last(file, parts[1])
        inner = typing.files[file].nodes[parts[2]]
        nodes = inner[1] if inner[0] == facts.TUPLE else (parts[2],)
        if name in ("Union", "Annotated", "Final", "ClassVar"):
            asked = nodes if name == "Union" else nodes[:1]
            return any(_admits_none(typing, file, each, deep - 1) for each in asked)
        return bool(name == "Optional")
    if operator == facts.GLOBAL:
        aliases = [each for each in typing.modules.lookup(file, parts[1]) if each[0] == "N"]
        return any(
            _admits_none(typing, int(str(each[1])), int(str(each[2])), deep - 1) for each in aliases
        )
    return operator not in (facts.CLASS, facts.ATTR, facts.IMPORT, facts.OUTER)
