"""Fixes who owns services in projects that are dicts of files, and runs the applications."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import programs
from conftest import write

from asyncfix.changes.choice import Wishes
from asyncfix.config import Config
from asyncfix.fixing import fixed, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from asyncfix.findings import Fix


@dataclass(frozen=True)
class Done:
    """The files afterwards, the fixes that were made, and why places stay."""

    files: dict[str, str]
    fixes: tuple[Fix, ...]
    reasons: list[str]


def lifecycle(
    folder: Path, files: Mapping[str, str], strategy: str = "", select: str = "lifecycle"
) -> Done:
    """Fix the rules of a group, unsafe ones too; the files are written below a folder."""
    write(folder, dict(files))
    start = opened([folder], Config(project=str(folder), select=(select,)))
    strategies = {"ALL": strategy} if strategy else {}
    changes = fixed(start, Wishes(unsafe=True, strategies=strategies)).changes
    texts = {**files, **{after.path: after.text for _, after in changes.files}}
    write(folder, texts)
    reasons = [
        refusal.reason
        for each in changes.unfixed
        for refusal in each.refusals
        if "is asked for" not in refusal.reason
    ]
    return Done(texts, tuple(made.fix for made in changes.made), reasons)


def told(folder: Path, script: str) -> Any:
    """Run a script beside an application, and return what it prints as JSON."""
    done = programs.run(folder, "-c", script, imports=("fastapi.testclient",), warnings="ignore")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
