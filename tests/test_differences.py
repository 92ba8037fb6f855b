"""Findings of a change: whose chain, at any hop, touches what git says has changed."""

from __future__ import annotations

import subprocess
from textwrap import dedent

import pytest
from conftest import write

from asyncfix import cli

SERVICE = """\
import requests


def load():
    return fetch()


def fetch():
    url = "x"
    return requests.get(url)
"""
APP = """\
import service
from fastapi import FastAPI

app = FastAPI()


@app.get("/one")
async def one():
    return service.load()


@app.get("/two")
async def two():
    return service.fetch()


async def three():
    open("x")
"""


def git(*arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "a project"
    settings = '[tool.asyncfix]\nselect = ["blocking-http", "blocking-file"]\n'
    write(folder, {"pyproject.toml": settings, "service.py": SERVICE, "app.py": APP})
    write(folder, {".gitignore": ".asyncfix_cache/\n"})
    monkeypatch.chdir(folder)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "first")
    return folder


@pytest.fixture
def rows(project, capsys):
    """Return a function that checks and gives the row of each finding, by file."""

    def run(*arguments):
        assert (project / "app.py").exists()
        code = cli.main(["check", "--output-format", "concise", *arguments])
        out, err = capsys.readouterr()
        assert code < 2, err
        return [":".join(line.split(":")[:2]) for line in out.splitlines() if ": " in line]

    return run


def replaced(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


EVERY = ["app.py:9", "app.py:14", "app.py:18"]


def test_nothing_has_changed(rows):
    assert rows() == EVERY
    assert rows("--changed-since", "HEAD") == []
    assert rows("--staged") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("app.py", 'open("x")', 'open("y")'), ["app.py:18"]),
        (("service.py", "get(url)", "get(url, timeout=5)"), ["app.py:9", "app.py:14"]),
        (("service.py", "return fetch()", "return  fetch()"), ["app.py:9"]),
        (("service.py", '    url = "x"\n', ""), ["app.py:9", "app.py:14"]),
        (("app.py", '@app.get("/two")', '@app.get("/2")'), ["app.py:14"]),
        (("app.py", "import service\n", "import service\nimport os\n"), []),
        (("service.py", "import requests\n", "import requests\n++ 1\n"), []),
    ],
)
def test_a_changed_line_of_any_hop_counts(change, told, project, rows):
    replaced(project, *change)

    assert rows("--changed-since", "HEAD") == told
    assert rows("--staged") == []
    git("add", ".")
    assert rows("--staged") == told


def test_what_is_new_counts_as_a_whole(project, rows):
    write(project, {"new file.py": "async def f():\n    open('x')\n"})

    assert rows("--changed-since", "HEAD") == ["new file.py:2"]
    git("add", ".")
    git("commit", "-qm", "second")
    assert rows("--changed-since", "HEAD~1") == ["new file.py:2"]


def test_what_the_other_branch_did_since_does_not_count(project, rows):
    git("checkout", "-qb", "topic")
    replaced(project, "app.py", 'open("x")', 'open("y")')
    git("commit", "-qam", "topic")
    git("checkout", "-q", "main")
    replaced(project, "service.py", "get(url)", "get(url, timeout=5)")
    git("commit", "-qam", "main")
    git("checkout", "-q", "topic")

    assert rows("--changed-since", "main") == ["app.py:18"]


def test_what_is_staged_is_checked_as_it_is_staged(project, rows):
    replaced(project, "app.py", 'open("x")', 'open("staged")')
    git("add", ".")
    replaced(project, "app.py", '    open("staged")', "    pass")

    assert rows("--staged") == ["app.py:18"]
    assert "app.py:18" not in rows()


HELPERS = """\
import time


def fine():
    return 1


def load():
    time.sleep(1)
    return fine()


async def later():
    time.sleep(1)


def plain():
    time.sleep(1)
"""
USES = """\
import helpers
from fastapi import APIRouter, FastAPI

app = FastAPI()


@app.get("/")
async def get():
    return helpers.load()


def start():
    pass
"""


@pytest.fixture
def served(project):
    settings = '[tool.asyncfix]\nselect = ["blocking-sleep"]\n'
    write(project, {"helpers.py": HELPERS, "app.py": USES, "pyproject.toml": settings})
    (project / "service.py").unlink()
    git("add", ".")
    git("commit", "-qm", "helpers")
    return project


def test_another_chain_than_the_one_shown_counts(served, rows):
    change = ("helpers.py", "return 1", "return time.sleep(2)")
    replaced(served, *change)

    assert rows() == ["app.py:9", "helpers.py:14"]
    assert rows("--changed-since", "HEAD") == ["app.py:9"]
    git("add", ".")
    assert rows("--staged") == ["app.py:9"]


def test_another_chain_through_a_named_file_counts(served, rows):
    replaced(served, "helpers.py", "def load():", "def load(slow=True):\n    more.wait()")
    replaced(served, "helpers.py", "import time\n", "import time\nimport more\n")
    write(served, {"more.py": "import time\ndef wait():\n    time.sleep(1)\n", "x.py": "x = 1\n"})

    assert rows("more.py", "--changed-only") == ["app.py:9"]
    assert rows("x.py", "--changed-only") == []


def test_a_call_that_does_not_block_does_not_count(served, rows):
    replaced(served, "helpers.py", "return 1", "return 2")

    assert rows("--changed-since", "HEAD") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((("app.py", "    pass", '    app.get("/x")(helpers.plain)'),), []),
        (
            (
                ("app.py", "    pass", "    app.add_exception_handler(ValueError, helpers.plain)"),
                ("helpers.py", "def plain", "async def plain"),
            ),
            ["helpers.py:18"],
        ),
        ((("app.py", "def start", "async def start"), ("app.py", "pass", "fine()")), []),
    ],
)
def test_what_the_loop_reaches_since_counts(change, told, served, rows):
    for each in change:
        replaced(served, *each)
    git("add", ".")

    assert rows("--staged") == told


def test_what_matters_more_since_counts(served, rows):
    once = """
    import helpers
    from contextlib import asynccontextmanager
    from fastapi import FastAPI

    @asynccontextmanager
    async def lifespan(app):
        await helpers.later()
        yield

    app = FastAPI(lifespan=lifespan)
    """
    write(served, {"app.py": dedent(once)})
    git("add", ".")
    git("commit", "-qm", "at start only")
    assert rows() == []
    write(
        served,
        {"app.py": dedent(once) + '\n@app.get("/")\nasync def get(): await helpers.later()\n'},
    )
    git("add", ".")

    assert rows("--staged") == ["helpers.py:14"]


def test_what_has_only_moved_does_not_count(served, rows):
    git("mv", "helpers.py", "tools.py")
    replaced(served, "app.py", "import helpers", "import tools as helpers")
    git("add", ".")

    assert rows() == ["app.py:9", "tools.py:14"]
    assert rows("--staged") == []
    assert rows("--changed-since", "HEAD") == []


def test_what_a_file_that_is_gone_was_asked_for_counts_no_more(served, rows):
    write(served, {"other.py": "import helpers\nasync def f():\n    helpers.load()\n"})
    git("add", ".")
    git("commit", "-qm", "other")
    (served / "other.py").unlink()
    git("add", ".")

    assert rows("--staged") == []


@pytest.mark.usefixtures("project")
def test_the_first_commit_of_a_repository_counts_as_a_whole(tmp_path, monkeypatch, rows):
    folder = tmp_path / "fresh"
    write(folder, {"app.py": "async def f():\n    open('x')\n"})
    monkeypatch.chdir(folder)
    git("init", "-q")
    git("add", ".")

    assert rows("--staged") == ["app.py:2"]


def test_what_is_left_out_is_counted(project, capsys):
    replaced(project, "app.py", 'open("x")', 'open("y")')

    cli.main(["check", "--changed-since", "HEAD"])

    assert "2 findings not touched by the diff." in capsys.readouterr().out


def test_a_folder_of_the_repository_may_be_the_project(project, rows, monkeypatch):
    write(project, {"part/pyproject.toml": "[tool.asyncfix]\n", "part/app.py": APP})
    git("add", ".")
    git("commit", "-qm", "part")
    replaced(project, "part/app.py", 'open("x")', 'open("y")')
    replaced(project, "app.py", 'open("x")', 'open("y")')

    monkeypatch.chdir(project / "part")
    assert rows("--changed-since", "HEAD") == ["app.py:18"]


def test_named_files_count_by_any_hop(rows):
    assert rows("service.py") == []
    assert rows("service.py", "--changed-only") == ["app.py:9", "app.py:14"]
    assert rows("app.py", "--changed-only") == EVERY
    assert rows("service.py") == []


def test_named_files_choose_what_is_reported_never_what_is_indexed(tmp_path, monkeypatch, rows):
    part, folder = "[project]\nname = 'x'\n", tmp_path / "many"
    write(folder, {"a/pyproject.toml": part, "a/app.py": APP, "b/pyproject.toml": part})
    write(folder, {"b/service.py": SERVICE, "a/asyncfix.toml": 'select = ["blocking-file"]\n'})
    write(folder, {"asyncfix.toml": 'src = ["a", "b"]\nselect = ["blocking-http"]\n'})
    monkeypatch.chdir(folder)

    every = ["a/app.py:9", "a/app.py:14"]
    assert rows("--changed-only", "a/app.py") == every
    assert rows("--changed-only", "b/service.py") == every
    assert rows("--changed-only", "b/service.py", "a/app.py") == every


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--changed-since", "nope"], "git knows no commit `nope`"),
        (["--changed-since", "--all"], "git knows no commit `--all`"),
        (["--changed-since", "HEAD", "--staged"], "exclude each other"),
        (["--no-baseline", "--new-only"], "excludes"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_makes_no_sense_is_an_error(arguments, said, capsys):
    assert cli.main(["check", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--staged"], ["--changed-since", "HEAD"]])
def test_outside_of_a_repository_it_is_an_error(option, tmp_path, monkeypatch, capsys):
    write(tmp_path, {"app.py": APP})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert cli.main(["check", *option]) == 2
    assert "is in no repository" in capsys.readouterr().err


def test_without_git_it_is_an_error(project, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(project))

    assert cli.main(["check", "--staged"]) == 2
    assert "git is not installed" in capsys.readouterr().err
