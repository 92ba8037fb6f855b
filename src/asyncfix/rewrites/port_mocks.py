"""Tests that put something in the place of a library count on its being called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.project.index import is_test
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from asyncfix.rewrites.port import Ported


def refuse_mocked(moved: Ported) -> None:
    """Raise RefusedError where a test replaces the library that a function would leave."""
    library = re.escape(moved.library)
    replaced = re.compile(
        rf"\b(?:patch|setattr)\b[^\n]*\b{library}\b|^\s*(?:import|from)\s+(?:responses|{library}_mock"
        rf"|httpretty|vcr)\b|\b{library}_mock\b".encode(),
        re.MULTILINE,
    )
    workspace = moved.place.workspace
    for path in workspace.files:
        if is_test(path) and replaced.search(workspace.text(path).data):
            raise RefusedError(f"a test replaces `{moved.library}`: {path}")
