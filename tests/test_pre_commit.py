"""The hooks of this checkout, run by the real pre-commit on a repository that blocks.

`pytest -m installs` runs these: pre-commit builds an environment of its own, which takes a while
and what pip can reach.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write
from ruamel.yaml import YAML

from asyncfix import __version__

pytestmark = pytest.mark.installs
ROOT = Path(__file__).parents[1]
PARTS = ("src", "rules", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
VIEWS = """\
from fastapi import FastAPI

from app.service import load

app = FastAPI()


@app.get("/")
async def index():
    return load()
"""
SERVICE = """\
from app.http import fetch


def load():
    return fetch("https://example.com")
"""
HTTP = """\
import requests


def fetch(url):
    return requests.get(url).text
"""
FILES = {"app/__init__.py": "", "app/views.py": VIEWS, "app/service.py": SERVICE}
FILES |= {"app/http.py": HTTP, ".gitignore": ".asyncfix_cache/\n", "asyncfix.toml": ""}
SPY = """\
import os
import sys

from asyncfix.cli import main

with open(os.environ["SPY_LOG"], "a") as log:
    log.write("begin\\n")
    log.flush()
    code = main(sys.argv[1:])
    log.write("end\\n")
sys.exit(code)
"""
FOUND = "app/views.py:10:12: error blocking-http"


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def repository(folder, tag):
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    git(folder, "tag", tag)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a repository that holds asyncfix as in this checkout, and pre-commit's folder."""
    folder = tmp_path_factory.mktemp("asyncfix")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)
    repository(folder, f"v{__version__}")
    return folder, tmp_path_factory.mktemp("pre-commit")


class Project:
    """A repository with the hooks in its configuration."""

    def __init__(self, folder, home):
        self.folder = folder
        self.home, self.store = home
        write(folder, FILES)

    def hooks(self, *hooks):
        """Commit a configuration of some hooks."""
        repo = {"repo": str(self.home), "rev": f"v{__version__}", "hooks": list(hooks)}
        with (self.folder / ".pre-commit-config.yaml").open("w") as file:
            YAML().dump({"repos": [repo]}, file)
        repository(self.folder, "start")

    def run(self, *arguments):
        """Run pre-commit; return the exit status and what it says."""
        environ = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
        environ |= {"PRE_COMMIT_HOME": str(self.store), "NO_COLOR": "1"}
        environ |= {"ASYNCFIX_OUTPUT_FORMAT": "concise"}
        command = [sys.executable, "-m", "pre_commit", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path, home):
    pytest.importorskip("pre_commit", reason="pre-commit is not installed: pip install -e '.[dev]'")
    found = Project(tmp_path / "project", home)
    found.folder.mkdir(exist_ok=True)
    return found


@pytest.fixture(scope="module", autouse=True)
def _environment(home, tmp_path_factory):
    """Build the environment of the hooks once; without a package index that cannot be done."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed: pip install -e '.[dev]'")
    found = Project(tmp_path_factory.mktemp("first"), home)
    found.hooks({"id": "asyncfix"})
    code, told = found.run("install-hooks")
    if code and not os.environ.get("CI") and re.search("No matching distribution|resolve", told):
        pytest.skip("pip reaches no package index")
    assert code == 0, told


def test_a_listed_file_is_reported_by_its_chain_through_others(project):
    project.hooks({"id": "asyncfix"})

    code, told = project.run("run", "--files", "app/http.py")
    assert code == 1
    assert FOUND in told

    code, told = project.run("run", "--files", "app/__init__.py")
    assert code == 0, told


def test_a_commit_is_checked_as_it_is_staged(project):
    project.hooks({"id": "asyncfix"})
    quiet = HTTP.replace("requests.get(url).text", "url")
    write(project.folder, {"app/http.py": quiet})
    git(project.folder, "add", "-A")
    write(project.folder, {"app/http.py": HTTP})  # on disk, not staged

    code, told = project.run("run")

    assert code == 0, told
    assert (project.folder / "app/http.py").read_text() == HTTP


def test_excluded_files_stay_so_though_they_are_listed(project):
    write(project.folder, {"asyncfix.toml": 'extend-exclude = ["app/views.py"]\n'})
    project.hooks({"id": "asyncfix"})

    code, told = project.run("run", "--all-files")

    assert code == 0, told


def test_a_long_list_is_split_and_the_runs_follow_each_other(project, monkeypatch):
    many = {f"{'deep/' * 20}{'x' * 60}_{at}.py": "" for at in range(900)}  # 160 KB of names
    write(project.folder, many)
    write(project.folder, {"spy.py": SPY})
    entry = "python spy.py check --force-exclude --changed-only"
    project.hooks({"id": "asyncfix", "entry": entry})
    log = project.folder / "spy.log"
    monkeypatch.setenv("SPY_LOG", str(log))

    code, told = project.run("run", "--all-files")

    lines = log.read_text().splitlines()
    assert code == 1
    assert len({line for line in told.splitlines() if FOUND in line}) == 1
    assert len(lines) > 2
    assert lines == ["begin", "end"] * (len(lines) // 2)


def test_the_project_hook_takes_no_files(project):
    project.hooks({"id": "asyncfix-project"})

    code, told = project.run("run", "--files", "app/__init__.py")

    assert code == 1
    assert FOUND in told


def test_the_fixer_changes_files_and_fails_then_has_nothing_left_to_do(project):
    sleeps = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
    write(project.folder, {**dict.fromkeys(FILES, ""), "app/views.py": sleeps})
    project.hooks({"id": "asyncfix-fix"})

    code, told = project.run("run", "--all-files")
    assert code == 1
    assert "files were modified by this hook" in told
    assert "await asyncio.sleep(1)" in (project.folder / "app/views.py").read_text()

    code, told = project.run("run", "--all-files")
    assert code == 0, told


def test_the_fixer_changes_what_is_staged_and_gives_back_what_is_not(project):
    sleeps = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
    write(project.folder, dict.fromkeys(FILES, ""))
    project.hooks({"id": "asyncfix-fix"})
    write(project.folder, {"app/views.py": sleeps})
    git(project.folder, "add", "-A")
    write(project.folder, {"app/service.py": "unstaged = 1\n"})

    code, _ = project.run("run")

    assert code == 1
    assert "asyncio.sleep" in (project.folder / "app/views.py").read_text()
    assert (project.folder / "app/service.py").read_text() == "unstaged = 1\n"


def test_the_hooks_are_valid():
    command = [sys.executable, "-m", "pre_commit", "validate-manifest"]
    done = subprocess.run([*command, ROOT / ".pre-commit-hooks.yaml"], check=False)

    assert done.returncode == 0
