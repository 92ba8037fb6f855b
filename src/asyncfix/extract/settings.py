"""Numbers and texts given for timeouts and sizes of pools, and empty dicts that are kept."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from asyncfix.extract.shapes import is_empty_dict, last_name
from asyncfix.extract.texts import LONGEST_SQL, encodable
from asyncfix.facts import Setting

if TYPE_CHECKING:
    from asyncfix.extract.reader import Reader

_KNOB = re.compile(
    r"timeout|pool_?size|max_overflow|m(?:in|ax)_size|max_?connections", re.IGNORECASE
)
_FALL_BACK = frozenset(("get", "getenv", "setdefault", "getint", "getfloat", "pop"))
_SPELT_OUT = frozenset((ast.Constant, ast.BinOp, ast.JoinedStr))
_NUMBERS = (ast.Constant, ast.BinOp)
_LARGEST = 1e12


def is_knob(name: str) -> bool:
    """Tell whether a name or a text speaks of what can be set about waiting and pools."""
    lower = name.lower()
    if "timeout" in lower or "size" in lower or "max" in lower:
        return _KNOB.search(name) is not None
    return False


def setting(reader: Reader, node: int, key: str, given: ast.expr) -> None:
    """Note what is given under a name, if it is a number for a timeout, or a text of one."""
    if reader.quiet or type(given) not in _SPELT_OUT:
        return
    value = told(reader, given)
    if value is None:
        return
    text = value if isinstance(value, str) and "{" in value else f"{key}{value}"
    if is_knob(text):
        reader.settings.append(Setting(node, key, value, reader.start(given), reader.end(given)))


def told(reader: Reader, given: ast.expr) -> float | str | None:
    """Return the number or the text that an expression spells out."""
    if type(given) is ast.Constant:
        value = given.value
        if type(value) is str:
            return encodable(value) if len(value) < LONGEST_SQL else None
        if type(value) is not int and type(value) is not float:
            return None
        return float(value) if abs(value) < _LARGEST else None
    if isinstance(given, ast.BinOp):
        left, right = told(reader, given.left), told(reader, given.right)
        if not isinstance(given.op, ast.Mult):
            return None
        return left * right if isinstance(left, float) and isinstance(right, float) else None
    return _template(reader, given) if isinstance(given, ast.JoinedStr) else None


def _template(reader: Reader, node: ast.JoinedStr) -> str | None:
    """Return an f-string with the nodes of what is put in, if it tells of a timeout."""
    fixed = "".join([str(each.value) for each in node.values if isinstance(each, ast.Constant)])
    if "timeout" not in fixed:
        return None
    quiet, reader.quiet = reader.quiet, 1
    parts = [
        str(each.value)
        if isinstance(each, ast.Constant)
        else f"{{{reader.expression(getattr(each, 'value', None))}}}"
        for each in node.values
    ]
    reader.quiet = quiet
    return "".join(parts)


def positional(reader: Reader, found: int, node: ast.Call) -> None:
    """Note texts that are passed by position, and what `get("timeout", 60)` falls back on."""
    first = node.args[0]
    text = first.value if type(first) is ast.Constant else None
    if type(first) is ast.JoinedStr or (type(text) is str and "=" in text):
        setting(reader, found, "@0", first)
    if len(node.args) == 2 and type(text) is str and last_name(node.func) in _FALL_BACK:
        at = node.args[1]
        value = told(reader, at) if isinstance(at, _NUMBERS) else None
        if value is not None and is_knob(text):
            reader.settings.append(Setting(found, "", value, reader.start(at), reader.end(at)))


def named(reader: Reader, name: str, given: ast.expr | None) -> None:
    """Note what a variable, attribute or parameter is set to in numbers, or an empty dict."""
    if given is None:
        return
    if isinstance(given, (ast.Dict, ast.Call)) and is_empty_dict(given):
        reader.settings.append(Setting(0, name, "{}", reader.start(given), reader.end(given)))
    if not is_knob(name):
        return
    if isinstance(given, ast.Call) and last_name(given) in ("Field", "field"):
        defaults = [k.value for k in given.keywords if k.arg == "default"]
        given = next(iter((*given.args, *defaults)), given)
    value = told(reader, given) if isinstance(given, _NUMBERS) else None
    if value is not None:
        reader.settings.append(Setting(0, name, value, reader.start(given), reader.end(given)))
