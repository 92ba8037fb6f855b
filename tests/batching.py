"""Runs code before and after its loops ask once, and compares what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewriting import rewritten

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Pair:
    """A module as it was, and with all its loops in batched form; `code` is the latter's text."""

    before: dict[str, Any]
    after: dict[str, Any]
    code: str


def pair(code: str, files: Mapping[str, str] | None = None) -> Pair:
    """Return a module before and after; everything in it must become batched."""
    made = rewritten({"app.py": code, **(files or {})}, group="batching")
    assert made.fixes, made.refused
    assert not made.refused, made.refused
    return Pair(loaded(code), loaded(made.files["app.py"]), made.files["app.py"])


def loaded(code: str) -> dict[str, Any]:
    """Return the names of a module."""
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(code, "app.py", "exec", dont_inherit=True), names)  # noqa: S102 - the tests' own code
    return names


def outcome(function: Any, *args: object) -> tuple[str, str]:
    """Return what a function gives, or raises, as a text that shows types as well."""
    try:
        return "gives", repr(function(*args))
    except Exception as error:  # noqa: BLE001 - to be compared
        return "raises", repr(error)
