"""JSON that moves no cursor: what a terminal would obey is written as an escape."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

# The controls below U+0020 are escaped by JSON itself.
_HOSTILE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_HALVES = re.compile("[\ud800-\udfff]")


def encoded(value: Any, *, indent: int = -1) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as JSON text, without blanks or indented."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a surrogate pair, from a literal of the project
        text = json.dumps(msgspec.to_builtins(value), separators=(",", ":"), ensure_ascii=False)
        text = _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)
    if indent >= 0:
        text = msgspec.json.format(text, indent=indent)
    return _HOSTILE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
