"""`asyncfix fix` and `undo`: what is shown, what is written, and exit codes."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from conftest import write
from pages import EXAMPLE
from planted import AWAITED, Planted

from asyncfix import cli, fixing
from asyncfix.changes import journal
from asyncfix.findings import Applicability
from asyncfix.output import fixed_json

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


TWICE = SLEEPS + "\n\nasync def again():\n    time.sleep(2)\n"


def answer(monkeypatch, *lines):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("yn", [1]),
        ("ny", [2]),
        ("?ywy", [1, 2]),
        ("a", [1, 2]),
        ("q", []),
        ("nq", []),
        ("na", [2]),
    ],
)
def test_interactively_only_what_is_agreed_to_is_changed(project, monkeypatch, answers, expected):
    write(project, {"app.py": TWICE})
    answer(monkeypatch, *answers)

    cli.main(["fix", "-i"])

    text = (project / "app.py").read_text()
    assert [number for number in (1, 2) if f"await asyncio.sleep({number})" in text] == expected


def test_the_difference_and_the_reason_are_shown_before_an_answer(project, monkeypatch, capsys):
    answer(monkeypatch, "w", "n")

    assert cli.main(["fix", "-i"]) == 1

    told = capsys.readouterr().err
    assert "./app.py:5:5: blocking-sleep: " in told
    assert DIFF in told
    assert "`app.wait` calls `time.sleep` (./app.py:5)" in told
    assert (project / "app.py").read_text() == SLEEPS


def test_another_strategy_can_be_chosen_for_one_place(project, monkeypatch):
    offload = ("offload", "time.sleep(", "await asyncio.to_thread(time.sleep, ")
    monkeypatch.setattr(fixing, "Installed", lambda: Planted((AWAITED, offload)))
    write(project, {"app.py": TWICE})
    answer(monkeypatch, "s", "y", "y")

    assert cli.main(["fix", "-i"]) == 0

    text = (project / "app.py").read_text()
    assert "await asyncio.to_thread(time.sleep, 1)" in text
    assert "await asyncio.sleep(2)" in text


def test_the_end_of_the_answers_changes_nothing(project, monkeypatch):
    write(project, {"app.py": TWICE})
    answer(monkeypatch, "y")

    assert cli.main(["fix", "-i"]) == 130
    assert (project / "app.py").read_text() == TWICE


def check_for(project, *forbidden):
    """Return a command that fails if a text is in one of the project's files."""
    write(
        project,
        {
            "verify.sh": "".join(f"grep -q '{text}' *.py && exit 1\n" for text in forbidden)
            + "exit 0\n"
        },
    )
    return "sh verify.sh"


def test_a_command_that_passes_leaves_everything_fixed(project):
    assert cli.main(["fix", "--write", "--verify", check_for(project, "nothing")]) == 0
    assert (project / "app.py").read_text() == FIXED


def test_the_fixes_with_which_a_command_fails_are_taken_back(project, capsys):
    many = {f"m{number}.py": SLEEPS.replace("1", str(number)) for number in range(10, 18)}
    write(project, many)
    command = check_for(project, r"await asyncio.sleep(13)", r"await asyncio.sleep(16)")

    assert cli.main(["fix", "--write", "--verify", command]) == 1

    left = [name for name, text in many.items() if (project / name).read_text() == text]
    assert left == ["m13.py", "m16.py"]
    assert (project / "app.py").read_text() == FIXED
    out = capsys.readouterr().out
    assert "Fixed 7 problems in 7 files" in out
    assert "2  blocking-sleep: native: `sh verify.sh` fails with it" in out
    assert cli.main(["undo"]) == 0
    assert (project / "app.py").read_text() == SLEEPS


def test_everything_is_taken_back_if_nothing_passes(project):
    assert cli.main(["fix", "--write", "--verify", check_for(project, "import asyncio")]) == 1
    assert (project / "app.py").read_text() == SLEEPS


def test_a_command_that_fails_already_stops_the_run(project, capsys):
    assert cli.main(["fix", "--write", "--verify", check_for(project, "import time")]) == 2
    assert "fails already" in capsys.readouterr().err
    assert (project / "app.py").read_text() == SLEEPS


def test_verify_without_write_is_a_usage_error(project, capsys):  # noqa: ARG001 - works there
    assert cli.main(["fix", "--verify", "true"]) == 2
    assert "needs --write" in capsys.readouterr().err


@pytest.fixture
def requiring(project, monkeypatch):
    """Work in a project whose fixes need a distribution and give up another."""
    pytest.importorskip("tomlkit")
    table = [("native", "requests.get(", "await anyhow.get(")]
    planted = Planted(table, imports_of=["anyhow"], requires=["anyhow>=1.2"])
    planted = replace(planted, more=[("app.py", "import requests\n", "")])
    monkeypatch.setattr(fixing, "Installed", lambda: planted)
    write(
        project,
        {
            "app.py": "import requests\n\n\nasync def get():\n    return requests.get('x')\n",
            "requirements.txt": "fastapi\nrequests  # http\n",
        },
    )
    return project


def test_requirements_change_with_the_code_and_are_undone_with_it(requiring, capsys):
    assert cli.main(["fix", "--write"]) == 0
    assert (requiring / "requirements.txt").read_text() == "anyhow>=1.2\nfastapi\n"
    assert "Changed requirements.txt." in capsys.readouterr().out

    assert cli.main(["undo"]) == 0
    assert (requiring / "requirements.txt").read_text() == "fastapi\nrequests  # http\n"


def test_requirements_are_only_printed_when_that_is_wished(requiring, capsys):
    assert cli.main(["fix", "--write", "--deps", "print"]) == 0
    assert "The new code needs anyhow>=1.2." in capsys.readouterr().out
    assert (requiring / "requirements.txt").read_text() == "fastapi\nrequests  # http\n"

    cli.main(["undo"])
    capsys.readouterr()
    assert cli.main(["fix", "--write", "--deps", "skip"]) == 0
    assert "anyhow" not in capsys.readouterr().out


def test_what_another_file_imports_stays_required(requiring):
    write(requiring, {"other.py": "import requests\n"})

    assert cli.main(["fix", "--write"]) == 0
    assert (requiring / "requirements.txt").read_text() == (
        "anyhow>=1.2\nfastapi\nrequests  # http\n"
    )


def test_json_tells_what_was_done_and_what_not(project, capsys):
    write(project, {"app.py": SLEEPS + "    open('x')\n"})

    assert cli.main(["fix", "--output-format", "json"]) == 1

    told = json.loads(capsys.readouterr().out)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(told, fixed_json.schema())
    assert told["written"] is False
    assert [(each["filename"], each["diff"][:13]) for each in told["files"]] == [
        ("app.py", "--- a/app.py\n")
    ]
    assert [(each["code"], each["strategy"], each["location"]) for each in told["fixed"]] == [
        ("blocking-sleep", "native", {"row": 5, "column": 5})
    ]
    assert [(each["location"]["row"], each["reasons"]) for each in told["not_fixed"]] == [
        (7, [{"strategy": "native", "message": "no entry for it"}])
    ]


def test_check_fix_writes_first_and_reports_what_is_left(project, capsys):
    write(project, {"app.py": SLEEPS + "    open('x')\n"})

    assert cli.main(["check", "--fix", "--output-format", "concise"]) == 1

    told = capsys.readouterr()
    assert told.err.startswith("Fixed 1 problem in 1 file:\n")
    assert "app.py:7:5" in told.out
    assert "await asyncio.sleep(1)" in (project / "app.py").read_text()


def test_check_diff_shows_what_fix_would_change_and_nothing_else(project, capsys):
    assert cli.main(["check", "--diff"]) == 1

    assert capsys.readouterr().out == DIFF
    assert (project / "app.py").read_text() == SLEEPS


def test_check_names_the_proven_fix_of_each_finding_and_counts_them(project, capsys):
    write(project, {"app.py": SLEEPS + "    open('x')\n"})

    assert cli.main(["check", "--show-fixes"]) == 1
    out = capsys.readouterr().out
    assert "write `await asyncio.sleep(` (safe)" in out
    assert "(1 fixable with fix --write)" in out

    assert cli.main(["check", "--show-fixes", "--output-format", "json"]) == 1
    edits = json.loads(capsys.readouterr().out)[0]["fix"]["edits"]
    assert [edit["content"] for edit in edits] == ["import asyncio\n", "await asyncio.sleep("]
    assert (project / "app.py").read_text() == SLEEPS + "    open('x')\n"


def test_what_the_baseline_accepts_is_fixed_only_without_it(project):
    assert cli.main(["baseline", "create"]) == 0

    assert cli.main(["fix", "--write"]) == 0
    assert (project / "app.py").read_text() == SLEEPS
    assert cli.main(["fix", "--write", "--no-baseline"]) == 0
    assert (project / "app.py").read_text() == FIXED


def test_what_a_comment_silences_is_left_alone(project):
    text = SLEEPS.replace("(1)", "(1)  # asyncfix: ignore[blocking-sleep] short")
    write(project, {"app.py": text})

    assert cli.main(["fix", "--write"]) == 0
    assert (project / "app.py").read_text() == text


def test_what_is_required_already_is_not_asked_for(requiring, capsys):
    write(requiring, {"requirements.txt": "anyhow\n"})

    assert cli.main(["fix", "--write"]) == 0
    assert "anyhow" not in capsys.readouterr().out


def test_a_project_without_manifests_is_told_what_it_needs(requiring, capsys):
    (requiring / "requirements.txt").unlink()

    assert cli.main(["fix", "--write"]) == 0
    assert "The new code needs anyhow>=1.2." in capsys.readouterr().out


def test_an_endpoint_that_need_not_be_async_goes_with_what_blocks_in_it(
    tmp_path, monkeypatch, capsys
):
    shutil.copytree(EXAMPLE, tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")

    assert cli.main(["fix"]) == 1
    told = capsys.readouterr().err
    assert "2 problems more can be fixed with --unsafe-fixes" in told
    assert "not fixed" not in told

    assert cli.main(["fix", "--unsafe-fixes"]) == 1
    assert "  assumes: it then runs beside others" in capsys.readouterr().err
