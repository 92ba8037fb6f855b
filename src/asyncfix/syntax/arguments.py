"""Adds an argument to a call, in the way in which the others are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import libcst


def with_argument(code: str, argument: str) -> tuple[int, int, str] | None:
    """Return the characters of a call to replace so that it has one more argument, and by what.

    There is none for code that is no call, or whose only argument is a bare generator.
    """
    import libcst  # noqa: PLC0415 - a run without fixes does without it

    try:
        call = libcst.parse_expression(f"({code}\n)").with_changes(lpar=(), rpar=())
    except (libcst.ParserSyntaxError, RecursionError):
        return None
    if not isinstance(call, libcst.Call) or _is_bare_generator(call):
        return None
    made = libcst.parse_expression(f"f({argument})")
    added = libcst.ensure_type(made, libcst.Call).args[0]
    new = libcst.Module([]).code_for_node(call.with_changes(args=_extended(call.args, added)))
    return _difference(code, new)


def _is_bare_generator(call: libcst.Call) -> bool:
    import libcst  # noqa: PLC0415 - as above

    values = [each.value for each in call.args]
    return len(values) == 1 and isinstance(values[0], libcst.GeneratorExp) and not values[0].lpar


def _extended(arguments: Sequence[libcst.Arg], added: libcst.Arg) -> list[libcst.Arg]:
    """Put an argument at the end; the last one keeps its trailing comma, or its lack of one."""
    import libcst  # noqa: PLC0415 - as above

    if not arguments:
        return [added]
    *others, last = arguments
    between: libcst.Comma | libcst.MaybeSentinel = libcst.Comma(
        whitespace_after=libcst.SimpleWhitespace(" ")
    )
    if others and isinstance(others[-1].comma, libcst.Comma):
        between = others[-1].comma
    elif isinstance(last.whitespace_after_arg, libcst.ParenthesizedWhitespace):
        between = libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))
    return [
        *others,
        last.with_changes(comma=between, whitespace_after_arg=libcst.SimpleWhitespace("")),
        added.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg),
    ]


def _difference(old: str, new: str) -> tuple[int, int, str]:
    """Return the stretch of the old text that differs, and what stands there in the new one."""
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - start
    end = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    return start, len(old) - end, new[start : len(new) - end]
