"""The proof of one file: its new text can be written, compiled, and binds what it uses."""

from __future__ import annotations

import builtins
import re
import symtable
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.source import Text

_STAR = re.compile(r"^\s*from\s+[\w.]+\s+import\s*\*", re.MULTILINE)
_BUILTIN = frozenset(dir(builtins)) | {"__file__", "__path__"}


def flaw(before: Text, after: Text) -> str:
    """Say what is wrong with a file's new text that was not with the old; empty if nothing is."""
    try:
        after.text.encode(after.encoding)
    except UnicodeEncodeError as error:
        return f"{after.encoding} cannot hold {error.object[error.start : error.end]!r}"
    broken = _compiles(after)
    if broken:
        return "" if _compiles(before) else broken
    new = unbound(after.text) - unbound(before.text)
    if new:
        names = ", ".join(f"`{name}`" for name in sorted(new))
        return f"nothing binds {names}"
    return ""


def _compiles(text: Text) -> str:
    """Say why Python does not take a text; an `await` outside of `async def` is such a reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text.text, text.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"does not compile: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"does not compile: {error}"
    return ""


@lru_cache(maxsize=64)
def unbound(text: str) -> frozenset[str]:
    """Return the names that a module uses and nothing in it binds; none where `*` may bind them."""
    if _STAR.search(text):
        return frozenset()
    tables = list(_tables(symtable.symtable(text, "module", "exec")))
    bound = {symbol.get_name() for symbol in tables[0].get_symbols() if _binds(symbol)}
    used: set[str] = set()
    for table in tables:
        for symbol in table.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_referenced() and symbol.is_global():
                used.add(symbol.get_name())
    return frozenset(used - bound - _BUILTIN)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
