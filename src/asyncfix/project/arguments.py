"""What a call passes, as expressions and as constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.facts import Function, Param
    from asyncfix.packs import Condition
    from asyncfix.project.evaluate import Typing


def argument(parts: Sequence[Any], function: Function, index: int, *, bound: bool) -> int:
    """Return the node passed for a parameter; 0 if left out, -1 if it cannot be told."""
    param = function.params[index]
    skip = 1 if bound and not function.flags & facts.STATIC else 0
    return _given(parts, param.name, -1 if param.kind else index - skip)


def binds(parts: Sequence[Any], function: Function, *, bound: bool) -> bool:
    """Tell whether a call passes what a function needs and takes: else it raises at once."""
    names = {param.name for param in function.params}
    takes_any = any(param.kind == "**" for param in function.params)
    if not takes_any and not {*parts[3], "**"} <= {*names, "**"}:
        return False
    skip = 1 if bound and not function.flags & facts.STATIC else 0
    return all(
        param.default or param.kind in ("*", "**") or argument(parts, function, index, bound=bound)
        for index, param in enumerate(function.params)
        if index >= skip
    )


def argument_of(parts: Sequence[Any], which: str) -> int:
    """Return the node passed for `name@position`; 0 if left out, -1 if it cannot be told."""
    name, _, position = which.partition("@")
    return _given(parts, name, int(position) if position else -1)


def asked(nodes: Sequence[Sequence[Any]], parts: Sequence[Any], condition: Condition) -> int:
    """Return the node that a condition is about; 0 if left out, -1 if it cannot be told."""
    if not parts:
        return 0
    if condition.name == "self":
        callee = nodes[parts[1]]
        return int(callee[1]) if callee[0] == facts.ATTR else 0
    return argument_of(parts, condition.name + (f"@{condition.at}" if condition.at >= 0 else ""))


def _given(parts: Sequence[Any], name: str, position: int) -> int:
    if name and name in parts[3]:
        return int(parts[4][parts[3].index(name)])
    given = parts[2]
    if position >= 0:
        if -1 in given[: position + 1]:
            return -1
        if position < len(given):
            return int(given[position])
    return -1 if "**" in parts[3] else 0


def constant(typing: Typing, file: int, node: int) -> object:
    """Return the constant that an expression is by its text or its name; `...` if none."""
    typing.rests_on(file)
    parts = typing.files[file].nodes[node]
    if parts[0] == facts.CONST:
        return parts[1]
    if parts[0] == facts.GLOBAL:
        definitions = typing.modules.lookup(file, parts[1])
        if len(definitions) == 1 and definitions[0][0] == "N":
            return constant(typing, int(str(definitions[0][1])), int(str(definitions[0][2])))
    if parts[0] == facts.ATTR:
        is_member = parts[2] in ("value", "name")
        inner = constant(typing, file, parts[1]) if is_member else ...
        return _of_class(typing, file, parts) if inner is ... else inner
    return ...


def _of_class(typing: Typing, file: int, parts: Sequence[Any]) -> object:
    """Return the constant that `Class.name` is."""
    owners = typing.of(file, parts[1])
    if len(owners) == 1 and owners[0][0] == "C":
        at, facts_of = typing.classes[owners[0][1]]
        typing.rests_on(at)
        values = facts_of.attributes.get(parts[2], ())
        if len(values) == 1:
            return constant(typing, at, values[0])
    return ...


def slot(index: int, params: Sequence[Param]) -> int:
    """Return the parameter that takes what is passed at an index, `*args` for what is over."""
    if index < len(params) and not params[index].kind:
        return index
    kinds = [param.kind for param in params]
    return kinds.index("*") if "*" in kinds else min(index, len(params) - 1)
