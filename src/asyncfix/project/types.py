"""What a type is: a small tuple, whose first part is the letter of its kind.

`("I", class)` is an instance of a class of the project, `("C", class)` the class itself,
`("F", function)` a function, `("M", function, class)` a method bound to an instance,
`("V", wrapper, inner, decorator)` a function in a decorator's wrapper, `("G", function, class)` a
generator that has not run yet, `("A", …)` an asynchronous one, `("K", …)` a context manager made
of one, `("W", types)` what must be awaited, `("S", types)` a container with its elements,
`("T", parts)` a tuple, `("B", name, types)` a method of a container, `("P", file)` a module,
`("D", folder)` a package, `("X", name, owner)` a thing outside the project, `("E", name)` an
instance of a class outside, `("Q", class, class)` a `super()`, `("R", types, file, call)` a
callable with arguments bound by `partial`, as a call of that file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts

if TYPE_CHECKING:
    from collections.abc import Iterable

Type = tuple[Any, ...]
Types = tuple[Type, ...]
Node = tuple[Any, ...]  # of a file's pool: an operator and its operands

SCALARS = frozenset(("str", "bytes", "int", "float", "bool"))
NO_CALL: Node = (facts.CALL, 0, (), (), ())  # a call without arguments, written nowhere

_MOST_TYPES = 8


def unique(types: Iterable[Type]) -> Types:
    """Return each type once, and not more of them than are worth following."""
    if isinstance(types, list) and len(types) <= 1:
        return tuple(types)
    found = tuple(dict.fromkeys(types))
    return found if len(found) <= _MOST_TYPES else found[:_MOST_TYPES]


def is_vague(types: Types) -> bool:
    """Tell whether an annotation says as good as nothing."""
    return all(
        each[0] == "E" and each[1].rpartition(".")[2] in ("Any", "object", "T") for each in types
    )


def is_lazy(types: Types) -> bool:
    """Tell whether an annotation admits containers only, which leave open what is within."""
    return all(each[0] == "S" for each in types)
