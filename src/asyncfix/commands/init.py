"""`asyncfix init`: writes a configuration, and what runs asyncfix in CI and before commits."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import click

from asyncfix import __version__
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import tell

_RELEASE = f"asyncfix-cli~={'.'.join(__version__.split('.')[:2])}"
_GITHUB = """\
name: asyncfix

on:
  pull_request:
  push:
    branches: [main, master]

permissions:
  contents: read

jobs:
  asyncfix:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: python -m pip install "{requirement}"
      - run: asyncfix check --output-format github
"""
_GITLAB = """\
asyncfix:
  image: python:3.13
  script:
    - python -m pip install "{requirement}"
    - asyncfix check --out gitlab=gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""
_HOOK = """\
- repo: local
  hooks:
    - id: asyncfix
      name: asyncfix
      entry: asyncfix check --force-exclude --changed-only
      language: python
      additional_dependencies: ["{requirement}"]
      types_or: [python, pyi]
      require_serial: true
"""
_INCLUDED = ".gitlab/asyncfix.yml"
_INCLUDE = f"include:\n  - local: {_INCLUDED}\n"
_REPOS = re.compile(
    r"^repos:[ \t]*(?:#.*)?\n((?:[ \t]*(?:#.*)?\n|[ \t]+.*(?:\n|\Z)|-.*(?:\n|\Z))*)", re.MULTILINE
)
_MARK = "asyncfix check"
_SETTINGS = "asyncfix config` tells every setting, what it is, and what it means"


class Plan(NamedTuple):
    """A file and its text to be; or, without a text, what is to be said of it."""

    path: Path
    text: str
    said: str = ""


@click.command("init")
@click.option("--ci", type=click.Choice(["github", "gitlab"]), help="Add a job of this service.")
@click.option("--pre-commit", is_flag=True, help="Add a hook to .pre-commit-config.yaml.")
@click.option("--force", is_flag=True, help="Write over files that are there already.")
def command(ci: str | None, pre_commit: bool, force: bool) -> int:  # noqa: FBT001
    """Set up asyncfix in the working directory; nothing is overwritten unasked."""
    plans, requirement = [_configuration()], _installed_from() or _RELEASE
    if ci == "github":
        text = _GITHUB.format(requirement=requirement)
        plans.append(_file(Path(".github/workflows/asyncfix.yml"), text))
    if ci == "gitlab":
        text = _GITLAB.format(requirement=requirement)
        plans += [_file(Path(_INCLUDED), text), _gitlab_include()]
    if pre_commit:
        text = _HOOK.format(requirement=requirement)
        plans.append(_hook(Path(".pre-commit-config.yaml"), text))
    done = [_carried_out(plan, force=force) for plan in plans]
    if (ci or pre_commit) and requirement.partition(" @ ")[2].startswith("file:"):
        told = "this asyncfix comes from a folder that other machines do not have"
        tell(f"warning: {told}: put what they install in place of `{requirement}`")
    return 0 if all(done) else 1


def _installed_from() -> str:
    """Return what pip calls the place that this asyncfix came from; nothing for an index.

    Source: PEP 610, direct_url.json.
    """
    try:
        text = metadata.distribution("asyncfix-cli").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        text = None
    if not text:
        return ""
    told = json.loads(text)
    url, vcs = told["url"], told.get("vcs_info")
    return (
        f"asyncfix-cli @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else f"asyncfix-cli @ {url}"
    )


def _carried_out(plan: Plan, *, force: bool) -> bool:
    """Write a file, or say why not; return whether it is as it should be."""
    if not plan.text:
        click.echo(f"{plan.path}: {plan.said}")
        return not plan.said.startswith("add")
    if Path.cwd().resolve() not in plan.path.resolve().parents:
        raise AsyncfixError(f"{plan.path} is a link out of {Path.cwd()}")
    replaces = plan.path.exists() and not plan.said
    if replaces and not force and not _agreed(plan.path):
        click.echo(f"{plan.path}: is there already; --force writes over it")
        return False
    try:
        plan.path.parent.mkdir(parents=True, exist_ok=True)
        with plan.path.open("w", encoding="utf-8", newline="") as file:
            file.write(plan.text)
    except OSError as error:
        raise AsyncfixError(f"cannot write {plan.path}: {error.strerror}") from error
    click.echo(f"{plan.path}: {plan.said or 'written'}")
    return True


def _agreed(path: Path) -> bool:
    return sys.stdin.isatty() and click.confirm(f"{path} is there already; write over it?")


def _file(path: Path, text: str) -> Plan:
    """Plan a file of our own; one that is the same already is left alone."""
    same = path.exists() and _read(path) == text
    return Plan(path, "", "is up to date") if same else Plan(path, text)


def _configuration() -> Plan:
    """Plan a table in pyproject.toml, or a file of our own where there is none."""
    import tomlkit  # noqa: PLC0415 - only here
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    own, shared = Path("asyncfix.toml"), Path("pyproject.toml")
    if own.exists():
        return Plan(own, "", "is there already")
    if not shared.exists():
        return Plan(own, f'# `{_SETTINGS}\nmin-severity = "warning"\n')
    try:
        document = tomlkit.parse(_read(shared))
    except TOMLKitError as error:
        raise AsyncfixError(f"{shared}: {error}") from error
    tool = document.get("tool", {})
    if "asyncfix" in tool:
        return Plan(shared, "", "has [tool.asyncfix] already")
    text = _read(shared)
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else newline if text.endswith("\n") else newline * 2
    table = f'[tool.asyncfix]\n# `{_SETTINGS}\nmin-severity = "warning"\n'
    return Plan(shared, text + gap + table.replace("\n", newline), "[tool.asyncfix] added")


def _gitlab_include() -> Plan:
    path = Path(".gitlab-ci.yml")
    if not path.exists():
        return Plan(path, _INCLUDE)
    if _INCLUDED in _read(path):
        return Plan(path, "", f"includes {_INCLUDED} already")
    return Plan(path, "", f"add `- local: {_INCLUDED}` to its `include`")


def _hook(path: Path, hook: str) -> Plan:
    """Plan a hook behind the last one, in the indentation that the file has."""
    if not path.exists():
        return Plan(path, "repos:\n" + _indented(hook, "  "))
    text = _read(path)
    if _MARK in text:
        return Plan(path, "", "has the hook already")
    block = _REPOS.search(text)
    first = re.search(r"^([ \t]*)- repo:", block[1], re.MULTILINE) if block else None
    if block is None or first is None:
        return Plan(path, "", "add the hook yourself: its `repos` are not a plain list\n" + hook)
    head, tail = text[: block.end()].rstrip("\n"), text[block.end() :]
    hook = _indented(hook, first[1])
    return Plan(path, f"{head}\n{hook}{tail and chr(10) + tail}", "hook added")


def _indented(text: str, blanks: str) -> str:
    return "".join(f"{blanks}{line}" for line in text.splitlines(keepends=True))


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise AsyncfixError(f"cannot read {path}: {error}") from error
