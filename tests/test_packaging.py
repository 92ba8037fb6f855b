"""What is built installs, and runs outside of the checkout; the README's commands do what it says.

`pytest -n 0 -m installs` runs these.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest
from pages import EXAMPLE, ROOT, blocks

from asyncfix import __version__, packs

installs = pytest.mark.installs
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".ci", "build", "dist", "site", "__pycache__", "*.egg-info", ".*_cache"
)
FOUND = "shop/main.py:20:13: error blocking-http"


def run(*command, cwd, **environ):
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | environ
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout without what work leaves in it."""
    return Path(shutil.copytree(ROOT, tmp_path_factory.mktemp("c") / "asyncfix", ignore=LEFT_OUT))


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory):
    """Return the source distribution and the wheel, which is built from it."""
    pytest.importorskip("build", reason="build is not installed: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp("dist")
    code, said = run(sys.executable, "-m", "build", "-o", folder, checkout, cwd=folder)
    assert code == 0, said
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source, wheel


def checked(*command, folder, **environ):
    """Run a check of the example in a folder, and return what it says."""
    shutil.copytree(EXAMPLE, folder / "example", ignore=LEFT_OUT)
    options = ["--output-format", "concise", "--no-cache"]
    code, said = run(*command, "check", *options, cwd=folder / "example", **environ)
    assert code == 1, said
    return said


@installs
@pytest.mark.parametrize("kind", [0, 1], ids=["sdist", "wheel"])
def test_what_is_built_runs_in_a_clean_environment(built, kind, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv/bin"
    code, said = run(programs / "pip", "install", "-q", built[kind], cwd=tmp_path)
    assert code == 0, said

    assert FOUND in checked(programs / "asyncfix", folder=tmp_path)
    assert run(programs / "asyncfix", "--version", cwd="/") == (0, f"asyncfix {__version__}\n")
    code, said = run(programs / "asyncfix", "rule", "--all", cwd="/")
    assert said.count("\n# ") + 1 >= len(packs.load(packs.builtin_texts()).rules)


@installs
def test_the_wheel_holds_the_rules_and_the_mark_of_types_and_nothing_else(built):
    names = set(zipfile.ZipFile(built[1]).namelist())
    rules = {
        f"asyncfix/rules/{path.relative_to(ROOT / 'rules')}"
        for path in ROOT.glob("rules/**/*.toml")
    }

    assert rules <= names
    assert "asyncfix/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {
        "asyncfix",
        f"asyncfix_cli-{__version__}.dist-info",
    }


@installs
def test_the_source_distribution_holds_what_builds_it(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"pyproject.toml", "LICENSE", "README.md", "rules/blocking-http.toml"} <= names


@installs
def test_pipx_runs_it_from_a_checkout(checkout, tmp_path):
    pytest.importorskip("pipx", reason="pipx is not installed: pip install -e '.[dev]'")
    command = [sys.executable, "-m", "pipx", "run", "--spec", checkout, "asyncfix"]

    assert FOUND in checked(*command, folder=tmp_path, PIPX_HOME=str(tmp_path / "pipx"))


@installs
def test_the_two_commands_of_the_readme(checkout):
    code, said = run("git", "init", "-q", ".", cwd=checkout)
    first, second = [
        block.text.removeprefix("$ ")
        for block in blocks((checkout / "README.md").read_text(encoding="utf-8"))
    ][:2]

    start = time.perf_counter()
    code, said = run("bash", "-c", first, cwd=checkout)
    assert code == 1, said  # there are findings
    assert "= blocks here " in said
    assert re.search(r"Found \d+ problems", said)
    assert time.perf_counter() - start < 90

    some = "tests/test_architecture.py tests/test_edits.py"  # all of them run where this one does
    code, said = run("bash", "-c", second, cwd=checkout, PYTEST_ADDOPTS=some)
    assert code == 0, said
    assert re.search(r"^\d{3,} passed", said, re.MULTILINE)


def test_the_version_stands_in_one_place():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert 'version = { attr = "asyncfix.__version__" }' in text
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
