"""Parses a file, also one whose syntax is newer than the running Python; offsets stay."""

from __future__ import annotations

import ast
import re

_BRACKETS = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_TYPE_PARAMETERS = re.compile(
    rf"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+[ \t]*)({_BRACKETS})", re.MULTILINE
)
_TYPE_ALIAS = re.compile(rf"^([ \t]*)type[ \t](\w+)({_BRACKETS})?(?=[ \t]*=)", re.MULTILINE)
_BARE_EXCEPT = re.compile(r"\bexcept ([\w.]+), ([\w.]+(?:, [\w.]+)*):")


def parse(text: str) -> ast.Module:
    """Return a module's tree; raise SyntaxError, or what else `ast.parse` raises.

    What is common of newer syntax is found by patterns, which take hardly any time; where these
    do not do, libcst reads the file, a hundred times slower.
    """
    try:
        return ast.parse(text)
    except SyntaxError as error:
        older = _without_newer(text)
        try:
            if older != text:
                return ast.parse(older)
        except SyntaxError:
            pass
        from asyncfix.lowering import lowered  # noqa: PLC0415 - imports libcst

        return lowered(text, error)


def _without_newer(text: str) -> str:
    """Blank type parameters, assign type aliases and put `except A, B:` in parentheses."""
    older = _TYPE_PARAMETERS.sub(lambda match: match[1] + _blank(match[2]), text)
    older = _TYPE_ALIAS.sub(
        lambda match: f"{match[1]}{match[2]}     {_blank(match[3] or '')}", older
    )
    return _BARE_EXCEPT.sub(lambda match: f"except({match[1]},{match[2]}):", older)


def _blank(text: str) -> str:
    size = len(text.encode("utf-8", "surrogatepass"))
    return "".join("\n" if each == "\n" else " " for each in text.ljust(size))
