"""`asyncfix init`: what it writes is valid, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
import tomli
from ruamel.yaml import YAML

from asyncfix import cli

PRE_COMMIT = """\
# our hooks
repos:
- repo: https://github.com/astral-sh/ruff-pre-commit
  rev: v0.8.0   # pinned
  hooks:
  - id: ruff

ci:
  autofix_prs: false
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def init(*options):
    return cli.main(["init", *options])


def valid(path, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    return done.returncode == 0 or done.stdout


def hooks(path=".pre-commit-config.yaml"):
    repos = YAML(typ="safe").load(Path(path))["repos"]
    return {hook["id"]: hook for repo in repos for hook in repo["hooks"]}


def test_without_a_pyproject_it_writes_a_file_of_its_own():
    assert init() == 0
    assert tomli.loads(Path("asyncfix.toml").read_text()) == {"min-severity": "warning"}
    assert cli.main(["config", "min-severity"]) == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_pyproject_gets_a_table_and_keeps_the_rest(newline):
    before = "# ours\n[project]\nname = 'x' # é\n\n[tool.ruff]\nline-length=90"
    Path("pyproject.toml").write_text(before, newline=newline, encoding="utf-8")

    assert init() == 0

    data = Path("pyproject.toml").read_bytes()
    assert data.startswith(before.replace("\n", newline).encode())
    assert tomli.loads(data.decode())["tool"]["asyncfix"] == {"min-severity": "warning"}
    assert init() == 0
    assert Path("pyproject.toml").read_bytes() == data
    assert not Path("asyncfix.toml").exists()


def test_a_broken_pyproject_is_an_error(capsys):
    Path("pyproject.toml").write_text("[project\n")

    assert init() == 2
    assert "pyproject.toml" in capsys.readouterr().err
    assert Path("pyproject.toml").read_text() == "[project\n"


def test_the_github_workflow_is_valid():
    assert init("--ci", "github") == 0
    assert valid(".github/workflows/asyncfix.yml", "github-workflows") is True


def test_the_gitlab_job_is_valid():
    assert init("--ci", "gitlab") == 0
    assert valid(".gitlab/asyncfix.yml", "gitlab-ci") is True
    assert valid(".gitlab-ci.yml", "gitlab-ci") is True


def test_an_invalid_workflow_would_be_noticed():
    Path("bad.yml").write_text("name: x\njobs: 3\n")

    assert valid("bad.yml", "github-workflows") is not True


def test_a_gitlab_pipeline_of_ones_own_is_left_alone(capsys):
    Path(".gitlab-ci.yml").write_text("include: []\n")

    assert init("--ci", "gitlab") == 1
    assert Path(".gitlab-ci.yml").read_text() == "include: []\n"
    assert "add `- local: .gitlab/asyncfix.yml`" in capsys.readouterr().out


def test_a_hook_is_written():
    assert init("--pre-commit") == 0

    assert hooks()["asyncfix"]["entry"] == "asyncfix check --force-exclude --changed-only"
    assert hooks()["asyncfix"]["types_or"] == ["python", "pyi"]


def test_a_hook_is_added_behind_the_others():
    path = Path(".pre-commit-config.yaml")
    path.write_text(PRE_COMMIT)

    assert init("--pre-commit") == 0

    text = path.read_text()
    assert list(hooks()) == ["ruff", "asyncfix"]
    assert text.startswith(PRE_COMMIT.partition("\nci:")[0])
    assert text.endswith("\nci:\n  autofix_prs: false\n")
    assert init("--pre-commit") == 0
    assert path.read_text() == text


def test_hooks_that_are_no_plain_list_are_left_alone(capsys):
    Path(".pre-commit-config.yaml").write_text("repos: []\n")

    assert init("--pre-commit") == 1
    assert "id: asyncfix" in capsys.readouterr().out
    assert Path(".pre-commit-config.yaml").read_text() == "repos: []\n"


def test_nothing_is_overwritten_unless_forced(capsys):
    workflow = Path(".github/workflows/asyncfix.yml")
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine\n")

    assert init("--ci", "github") == 1
    assert "--force writes over it" in capsys.readouterr().out
    assert workflow.read_text() == "mine\n"
    assert init("--ci", "github", "--force") == 0
    assert workflow.read_text() != "mine\n"
    assert init("--ci", "github") == 0


ORIGINS = {
    "": "asyncfix-cli~=0.1",
    '{"url": "https://git.example/asyncfix", "vcs_info": {"vcs": "git", "commit_id": "a1"}}': (
        "asyncfix-cli @ git+https://git.example/asyncfix@a1"
    ),
    '{"url": "https://example.com/asyncfix_cli-0.1.whl", "archive_info": {}}': (
        "asyncfix-cli @ https://example.com/asyncfix_cli-0.1.whl"
    ),
    '{"url": "file:///code/asyncfix", "dir_info": {}}': "asyncfix-cli @ file:///code/asyncfix",
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_others_install_what_is_installed_here(origin, monkeypatch, capsys):
    monkeypatch.setattr(PathDistribution, "read_text", lambda *_: origin)

    assert init("--ci", "github", "--pre-commit") == 0

    assert hooks()["asyncfix"]["additional_dependencies"] == [ORIGINS[origin]]
    assert f'install "{ORIGINS[origin]}"' in Path(".github/workflows/asyncfix.yml").read_text()
    assert ("that other machines do not have" in capsys.readouterr().err) == ("file:" in origin)
