"""The action for GitHub: valid, and its steps do what they say, run here by bash."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
FILES = {
    "app/a.py": "import time\n\n\nasync def f():\n    time.sleep(1)\n",
    "app/b.py": "import requests\n\n\nasync def f():\n    requests.get('x')\n",
    "other/c.py": "import time\n\n\nasync def f():\n    time.sleep(1)\n",
}


def steps():
    return YAML(typ="safe").load(ACTION)["runs"]["steps"]


def test_the_action_is_valid():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-actions", ACTION], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the last step for some inputs: exit status, output, summary."""
    bin_folder = tmp_path / "temporary/asyncfix/bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "asyncfix").write_text(f'#!/bin/sh\nexec {sys.executable} -m asyncfix "$@"\n')
    (bin_folder / "asyncfix").chmod(0o755)
    write(tmp_path / "project", {**FILES, "asyncfix.toml": ""})
    summary = tmp_path / "summary.md"

    def run(paths=".", args="", sarif=""):
        values = {"PATHS": paths, "ARGS": args, "SARIF": sarif}
        step = steps()[-1]
        assert step["env"].keys() == values.keys()
        told = {**values, "RUNNER_TEMP": str(tmp_path / "temporary")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path / "project",
            env={**os.environ, **told, "GITHUB_STEP_SUMMARY": str(summary)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, summary.read_text() if summary.exists() else ""

    return run


def test_findings_are_annotations_and_a_summary_and_fail_the_step(run):
    code, out, summary = run()

    assert code == 1
    assert re.findall("^::error file=(.*?),", out, re.MULTILINE) == [*FILES]
    assert "blocking-http" in summary


def test_paths_and_options_are_taken_one_by_one(run, tmp_path):
    code, out, _ = run("app other", "--select blocking-http --exit-zero", "found/asyncfix.sarif")

    assert code == 0
    assert out.count("::error") == 1
    assert '"blocking-http"' in (tmp_path / "project/found/asyncfix.sarif").read_text()


def test_inputs_are_no_shell_code(run, tmp_path):
    code, _, _ = run("$(touch${IFS}made);touch made", "`touch made`")

    assert code == 2
    assert not (tmp_path / "project/made").exists()


@pytest.mark.installs
def test_the_second_step_installs_asyncfix_from_the_action(tmp_path):
    told = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(ROOT)}
    told["PYTHON"] = sys.executable
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps()[1]["run"]]
    subprocess.run(command, env={**os.environ, **told}, check=True)

    done = subprocess.run(
        [tmp_path / "asyncfix/bin/asyncfix", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("asyncfix ")
