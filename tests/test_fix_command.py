"""`asyncfix fix` and `undo`: what is shown, what is written, and exit codes."""

from __future__ import annotations

import subprocess

import pytest
from conftest import write
from planted import Planted

from asyncfix import cli, fixing
from asyncfix.changes import journal
from asyncfix.findings import Applicability

SLEEPS = "import time\n\n\nasync def wait():\n    time.sleep(1)\n"
FIXED = "import asyncio\nimport time\n\n\nasync def wait():\n    await asyncio.sleep(1)\n"
DIFF = """\
--- a/app.py
+++ b/app.py
@@ -1,5 +1,6 @@
+import asyncio
 import time
 
 
 async def wait():
-    time.sleep(1)
+    await asyncio.sleep(1)
"""  # noqa: W293 - a diff has such lines


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Work in a project whose findings are fixed by a table, and return its folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fixing, "Installed", Planted)
    write(tmp_path, {"pyproject.toml": "", "app.py": SLEEPS})
    return tmp_path


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_without_write_the_difference_is_shown_and_no_file_changes(project, capsys):
    code = cli.main(["fix"])

    told = capsys.readouterr()
    assert code == 1
    assert told.out == DIFF
    assert told.err == ("Would fix 1 problem in 1 file:\n  blocking-sleep     1  native (safe)\n")
    assert (project / "app.py").read_text() == SLEEPS


def test_a_diff_is_painted_for_a_terminal(project, capsys):  # noqa: ARG001 - works there
    cli.main(["fix", "--color", "always"])

    out = capsys.readouterr().out
    assert "\x1b[31m-    time.sleep(1)\x1b[0m\n" in out
    assert "\x1b[32m+import asyncio\x1b[0m\n" in out


def test_write_changes_the_files_and_undo_brings_them_back(project, capsys):
    assert cli.main(["fix", "--write"]) == 0
    assert (project / "app.py").read_text() == FIXED
    assert capsys.readouterr().out.startswith("Fixed 1 problem in 1 file:\n")

    assert cli.main(["fix"]) == 0
    assert capsys.readouterr().err == "Nothing to fix.\n"

    assert cli.main(["undo"]) == 0
    assert capsys.readouterr().out == "restored app.py\n"
    assert (project / "app.py").read_text() == SLEEPS
    assert cli.main(["undo"]) == 2


def test_what_is_left_is_told_with_its_reason_and_the_exit_code(project, capsys):
    write(project, {"app.py": SLEEPS + "    open('x')\n"})

    assert cli.main(["fix", "--write"]) == 1
    assert capsys.readouterr().out == (
        "Fixed 1 problem in 1 file:\n  blocking-sleep     1  native (safe)\n"
        "1 problem not fixed:\n     1  blocking-file: native: no entry for it\n"
        "          app.py:7:5\n"
    )


def test_unsafe_fixes_are_counted_when_they_are_not_taken(project, capsys, monkeypatch):
    unsafe = Planted(applicability=Applicability.UNSAFE)
    monkeypatch.setattr(fixing, "Installed", lambda: unsafe)

    assert cli.main(["fix"]) == 0
    assert "1 problem can be fixed with --unsafe-fixes" in capsys.readouterr().err
    assert cli.main(["fix", "--unsafe-fixes", "--write"]) == 0
    assert (project / "app.py").read_text() == FIXED


def test_files_that_are_not_committed_are_not_touched_unless_allowed(project, capsys):
    git(project, "init", "-q")
    write(project, {"other.py": ""})
    git(project, "add", "app.py")
    git(project, "commit", "-q", "-m", "one")
    write(project, {"app.py": SLEEPS + "\n"})

    assert cli.main(["fix", "--write"]) == 2
    assert "not committed, so nothing was changed: app.py" in capsys.readouterr().err
    assert (project / "app.py").read_text() == SLEEPS + "\n"

    assert cli.main(["fix", "--write", "--allow-dirty"]) == 0
    git(project, "commit", "-q", "-a", "-m", "two")
    assert cli.main(["undo"]) == 0


def test_a_clean_tree_is_changed_whatever_else_is_not_committed(project):
    git(project, "init", "-q")
    git(project, "add", "app.py")
    git(project, "commit", "-q", "-m", "one")
    write(project, {"other.py": "x = 1\n"})

    assert cli.main(["fix", "--write"]) == 0


def test_git_applies_the_patch_of_a_project_in_a_subfolder(project, monkeypatch):
    git(project, "init", "-q")
    write(project, {"sub/pyproject.toml": "", "sub/app.py": SLEEPS})
    monkeypatch.chdir(project / "sub")

    assert cli.main(["fix", "--patch", "../out.patch", "-q"]) == 1
    git(project, "apply", "out.patch")

    assert (project / "sub/app.py").read_text() == FIXED


def test_an_interrupted_write_is_told_and_blocks_the_next_one(project, capsys):
    changes = {"app.py": (SLEEPS.encode(), FIXED.encode())}
    journal.begin(project / ".asyncfix_cache", project, changes)

    assert cli.main(["fix"]) == 1
    assert "warning: an earlier `fix --write` was interrupted" in capsys.readouterr().err
    assert cli.main(["fix", "--write"]) == 2
    assert (project / "app.py").read_text() == SLEEPS
    assert cli.main(["undo", "--keep"]) == 0
    assert cli.main(["fix", "--write"]) == 0


@pytest.mark.parametrize("wish", ["blocking-sleep", "blocking-sleep=magic", "nothing=native"])
def test_a_strategy_that_means_nothing_is_a_usage_error(project, capsys, wish):
    assert cli.main(["fix", "--strategy", wish]) == 2
    assert "--strategy" in capsys.readouterr().err
    assert (project / "app.py").read_text() == SLEEPS


def test_a_read_only_file_is_an_error_and_nothing_is_changed(project, capsys):
    write(project, {"b.py": SLEEPS})
    (project / "b.py").chmod(0o444)

    assert cli.main(["fix", "--write"]) == 2
    assert "b.py is read-only" in capsys.readouterr().err
    assert (project / "app.py").read_text() == SLEEPS


def test_a_file_that_does_not_parse_is_left_alone(project):
    write(project, {"broken.py": "def (:\n    time.sleep(1)\n"})

    assert cli.main(["fix", "--write"]) == 1
    assert (project / "app.py").read_text() == FIXED
