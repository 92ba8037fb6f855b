"""The layers: a module imports from its own or lower ones; some libraries have one home."""

import ast
from functools import cache
from pathlib import Path

import pytest
import tomli
from pages import ROOT

SOURCE = Path(__file__).parents[1] / "src/asyncfix"
LAYERS = [
    ("findings", "target"),
    ("source", "facts", "config"),
    ("comments", "heads", "parse", "lowering", "lazies"),
    ("extract", "cache", "packs", "fingerprints", "baseline", "scope", "differences"),
    ("reading",),
    ("project",),
    ("output", "changes", "suppress", "checks", "identity", "syntax"),
    ("explain", "rewrites", "survey"),
    ("engine",),
    ("fixing",),
    ("terminal", "commands", "cli", "server", "__init__", "__main__"),
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HOMES = {
    "libcst": {"syntax", "lowering"},
    "ast": {"extract", "lazies", "facts", "fingerprints", "parse", "lowering"},
    "click": {"cli", "commands"},
}
FILES = sorted(SOURCE.rglob("*.py"))


def layer(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imported(path):
    """Return the full names of the modules that a file imports, wherever it does so."""
    return tuple(_imported(path))


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            yield from (
                f"{node.module}.{alias.name}" if node.module == "asyncfix" else node.module
                for alias in node.names
            )


def own(path):
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "asyncfix" and parts[1:]} - {"__version__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_no_higher_layer(path):
    higher = {name for name in own(path) - {"rules"} if RANK[name] > RANK[layer(path)]}

    assert not higher


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_library_is_imported_at_home_only(path):
    libraries = {name.partition(".")[0] for name in imported(path)}

    assert not {name for name, homes in HOMES.items() if name in libraries - homes_of(path, homes)}


def homes_of(path, homes):
    """Return everything if the file is one of the homes, nothing if not."""
    return set(HOMES) if layer(path) in homes else set()


def test_findings_imports_nothing_of_ours():
    assert own(SOURCE / "findings.py") == set()


def test_every_folder_of_the_source_is_a_package_that_is_built():
    folders = {path.parent.relative_to(ROOT / "src") for path in ROOT.glob("src/asyncfix/**/*.py")}
    rules = {path.parent.relative_to(ROOT) for path in ROOT.glob("rules/**/*.toml")}
    names = {".".join(folder.parts) for folder in folders}
    names |= {".".join(("asyncfix", *folder.parts)) for folder in rules}
    settings = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert set(settings["tool"]["setuptools"]["packages"]) == names
