"""Fixtures: check a project that is a dict of files."""

from __future__ import annotations

import gc
from importlib.util import find_spec
from typing import TYPE_CHECKING

import programs
import pytest

from asyncfix import engine
from asyncfix.config import Config
from asyncfix.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from asyncfix.findings import Finding, Location


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the process."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let no process outlive the tests."""
    programs.end()


def needs(*libraries: str) -> None:
    """Skip a module or a test unless libraries are there; only other processes import them."""
    for name in libraries:
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed", allow_module_level=True)


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[Finding]]:
    """Return a function that checks files and gives the findings, from warning up unless told."""

    def run(
        files: dict[str, str], *, severity: Severity = Severity.WARNING, **settings: object
    ) -> list[Finding]:
        write(tmp_path, files)
        config = Config(min_severity=severity, project=str(tmp_path), **settings)
        return list(engine.check([tmp_path], config).report.findings)

    return run


@pytest.fixture
def places(check: Callable[..., list[Finding]], tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that checks files and gives the code at each finding."""

    def run(files: dict[str, str], **settings: object) -> list[str]:
        found = check(files, **settings)
        return [code_at(finding.location, tmp_path) for finding in found]

    return run


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def code_at(location: Location, folder: Path) -> str:
    """Return the text at a location."""
    data = (folder / location.path).read_bytes()
    return data[location.start : location.end].decode()
