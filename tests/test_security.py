"""What SECURITY.md promises about code that nobody has reviewed."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import programs
import pytest
from conftest import write

from asyncfix import cli
from asyncfix.cache import Saved
from asyncfix.changes import journal
from asyncfix.source import MOST_BYTES

SOURCE = Path(__file__).parents[1] / "src/asyncfix"
BLOCKS = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
EVIL = "import pathlib\npathlib.Path({!r}).touch()\n"
COMMANDS = (
    ["check"],
    ["check", "-j", "2", "--no-cache"],
    ["fix", "--unsafe-fixes"],
    ["fix", "--write"],
    ["undo"],
    ["routes"],
    ["why", "app.py:6"],
    ["graph"],
    ["baseline", "create"],
    ["init", "--ci", "github"],
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project that blocks, in the working directory."""
    folder = tmp_path / "project"
    write(folder, {"app.py": BLOCKS, "asyncfix.toml": ""})
    monkeypatch.chdir(folder)
    return folder


# Code of the project


@pytest.mark.parametrize(
    "start",
    [
        pytest.param([str(Path(sys.executable).with_name("asyncfix"))], id="asyncfix"),
        pytest.param([sys.executable, "-m", "asyncfix"], id="python -m asyncfix"),
    ],
)
def test_nothing_of_the_project_is_imported_or_run(project, tmp_path, start):
    marker, big = tmp_path / "it ran", f"#{'x' * 1_100_000}\n"  # so that workers are started, too
    evil = EVIL.format(str(marker))
    names = ["click", "rich", "tomli", "libcst", "requests", "conftest", "setup", "sitecustomize"]
    write(project, {f"{name}.py": evil for name in names})
    write(project, {"app.py": f"import requests\n{evil}{BLOCKS}", "b1.py": big, "b2.py": big})
    write(project, {"rich/__init__.py": evil, "asyncfix_plugin/__init__.py": evil})
    write(project, {"pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "setup"\n'})

    for command in COMMANDS:
        done = subprocess.run(
            [*start, *command], cwd=project, capture_output=True, text=True, check=False
        )
        assert done.returncode < 2, done.stderr

    assert not marker.exists()


def test_no_module_evaluates_text_or_reads_what_can_hold_code():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = {alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")}
            names.add(getattr(node, "module", None) or "")
            called = getattr(getattr(node, "func", None), "id", "")
            assert not names & {"pickle", "marshal", "shelve", "runpy", "ctypes"}, path
            assert called not in {"eval", "exec", "__import__"}, path


# Packs and caches are data


@pytest.mark.parametrize("check", ["no-such", "os.path", "..cli", "blocking_call.evil", "/x"])
def test_a_pack_names_a_check_that_there_is_and_no_other_module(project, check, capsys):
    rule = 'name = "evil"\ngroup = "g"\nsummary = "s"\nmessage = "m"\nwhy = "w"\n'
    write(project, {"evil.toml": f'{rule}check = "{check}"\n'})
    write(project, {"asyncfix.toml": 'packs = ["evil.toml"]\n'})

    assert cli.main(["check"]) == 2
    assert "evil.toml" in capsys.readouterr().err


def test_a_cache_that_comes_with_the_project_hides_nothing(project):
    assert cli.main(["check"]) == 1
    (report,) = (project / ".asyncfix_cache").glob("report-*.bin")
    head, data = report.read_bytes()[:33], report.read_bytes()[33:]
    saved = msgspec.msgpack.decode(data, type=Saved)
    empty = dataclasses.replace(saved.report, findings=())
    report.write_bytes(head + msgspec.msgpack.encode(msgspec.structs.replace(saved, report=empty)))
    assert cli.main(["check"]) == 1  # the digest does not fit

    (project / "app.py").write_text(BLOCKS)  # as a checkout writes it: at another time
    assert cli.main(["check"]) == 1


@pytest.mark.parametrize("text", ["{}", "[" * 100_000, "\x00", '["x"]'])
def test_a_baseline_that_is_none_is_an_error(project, text, capsys):
    (project / ".asyncfix-baseline.json").write_text(text)

    assert cli.main(["check"]) == 2
    assert "baseline" in capsys.readouterr().err


# Links


def outside(tmp_path):
    """Return a folder that nothing may be written to, and what it holds."""
    folder = tmp_path / "outside"
    write(folder, {"app.py": BLOCKS, "CACHEDIR.TAG": "mine", "config": "mine"})
    return folder, lambda: {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "command", [["check"], ["fix", "--write"], ["clean"], ["baseline", "create"]]
)
def test_a_cache_that_is_a_link_out_of_the_project_is_refused(project, tmp_path, command, capsys):
    folder, held = outside(tmp_path)
    before = held()
    (project / ".asyncfix_cache").symlink_to(folder)

    assert cli.main(command) == 2
    assert "is a link out of" in capsys.readouterr().err
    assert held() == before


@pytest.mark.parametrize(
    "command", [["fix", "--write", "--unsafe-fixes"], ["check", "--add-ignore"]]
)
def test_source_that_is_a_link_out_of_the_project_is_not_changed(project, tmp_path, command):
    folder, held = outside(tmp_path)
    before = held()
    (project / "app.py").unlink()
    (project / "app.py").symlink_to(folder / "app.py")

    assert cli.main(command) != 0
    assert held() == before


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (".github", ["init", "--ci", "github"]),
        (".gitlab", ["init", "--ci", "gitlab"]),
        (".pre-commit-config.yaml", ["init", "--pre-commit", "--force"]),
        (".asyncfix-baseline.json", ["baseline", "create"]),
    ],
)
def test_what_is_set_up_is_not_written_through_a_link(project, tmp_path, name, command):
    folder, held = outside(tmp_path)
    before = held()
    (project / name).symlink_to(folder if name.startswith(".git") else folder / "config")

    cli.main(command)

    assert held() == before


def test_a_forged_record_of_a_write_restores_nothing_elsewhere(project, tmp_path, capsys):
    folder, held = outside(tmp_path)
    before = held()
    for number, (root, path) in enumerate(
        [(str(folder), "new.py"), (str(project), "../outside/new.py"), (str(project), "in/new.py")]
    ):
        (project / "in").unlink(missing_ok=True)
        (project / "in").symlink_to(folder)
        record = project / f".asyncfix_cache/undo/{number + 1:06}"
        entry = journal.Entry(path, journal.digest(b"evil"), ("",), "config")
        made = journal.Journal(1, root, False, (entry,))
        write(record, {"journal.json": json.dumps(msgspec.to_builtins(made)), "0.old": "evil"})

        for command in (["undo"], ["undo", "--force"], ["undo", "--keep"]):
            assert cli.main(command) == 2, command
        assert "error: " in capsys.readouterr().err
    assert held() == before


# The terminal

ESCAPES = "\x1b]0;title\x07\x1b[2J\x1b[31m\x9b1m\u202e"
STRANGE = re.compile(
    r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]"
)


def hostile(folder):
    """Write a project whose names, code and settings hold escape sequences."""
    code = f"import time\n\n\nasync def f(x='{ESCAPES}'):\n    time.sleep(1)  # {ESCAPES}\n"
    write(folder, {f"{ESCAPES}/app.py": code, "asyncfix.toml": "", "broken.py": f"x = {ESCAPES}\n"})
    return folder


def on_terminal(folder, command, **environ):
    """Run a command on a terminal, and return what the terminal was sent."""
    ours, theirs = pty.openpty()
    environ |= {"TERM": "xterm", "COLUMNS": "100", "CI": "1"}

    def run():
        programs.asyncfix(folder, *command, terminal=os.ttyname(theirs), **environ)
        os.close(theirs)

    running = threading.Thread(target=run)
    running.start()
    sent = b""
    with suppress(OSError):  # the end of a terminal
        while more := os.read(ours, 65536):
            sent += more
    running.join()
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")


PLAIN = (
    ["check"],
    ["check", "--output-format", "github"],
    ["check", "--diff", "--unsafe-fixes"],
    ["fix", "-v", "--unsafe-fixes"],
    ["why", "f"],
    ["graph", "f"],
    ["baseline", "create"],
    ["check", "--select", f"x{ESCAPES}"],
    ["rule", f"x{ESCAPES}"],
    ["check", f"x{ESCAPES}"],
    ["why", f"x{ESCAPES}"],
)
COLORED = (["check"], ["check", "--show-fixes"], ["fix", "-v", "--unsafe-fixes"])


@pytest.mark.parametrize(
    ("command", "color"),
    [*((command, "") for command in PLAIN), *((command, "1") for command in COLORED)],
)
def test_escape_sequences_never_reach_a_terminal(tmp_path, command, color):
    sent = on_terminal(hostile(tmp_path), command, **({} if color else {"NO_COLOR": "1"}))

    assert sent
    assert not STRANGE.search(sent)
    assert ("\x1b" in sent) == bool(color)


@pytest.mark.parametrize(
    "text", [f'"{ESCAPES.encode().hex()}\\u001b[2J" = 1', 'select = ["\\u001b[2J"]']
)
def test_settings_are_told_without_their_escape_sequences(tmp_path, text):
    (tmp_path / "asyncfix.toml").write_text(text + "\n")

    assert not STRANGE.search(on_terminal(tmp_path, ["check"], NO_COLOR="1"))


# Absurd input


def test_a_file_that_is_too_large_is_told_and_not_read(project, capsys):
    (project / "large.py").write_text("x = 1\n" * (MOST_BYTES // 6 + 1))

    start = time.process_time()
    assert cli.main(["check", "--output-format", "concise"]) == 1
    assert time.process_time() - start < 5
    out = capsys.readouterr().out
    assert "large.py:1:1: warning unparsable-file" in out
    assert "10 MB" in out
    assert "app.py:5:5" in out


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("x = '" + "a" * 3_000_000 + "'\n", id="a line of 3 MB"),
        pytest.param("# asyncfix: ignore[" * 100_000, id="100,000 comments that do not end"),
        pytest.param("def f[" * 100_000, id="100,000 brackets that do not close"),
        pytest.param("x = f'{" * 50_000, id="50,000 f-strings in each other"),
        pytest.param("@d\n" * 100_000 + "async def f(): pass\n", id="100,000 decorators"),
        pytest.param("".join(f"def f{n}(): f{n + 1}()\n" for n in range(5000)), id="5,000 calls"),
        pytest.param("a.b" + ".b" * 3000 + "()\n", id="3,000 attributes"),
    ],
)
def test_absurd_code_takes_no_absurd_time(project, data):
    (project / "odd.py").write_text(data)

    done = programs.asyncfix(project, "check", "--no-cache", "--output-format", "concise")

    assert done.returncode == 1
    assert "app.py:5:5: error blocking-sleep" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extend = "asyncfix.toml"', "comes back"),
        ("select = " + "[" * 100_000, ""),
        ("src = [" + '"a",' * 3 + '"b" = 1', "asyncfix.toml"),
        ("\x00", "asyncfix.toml"),
    ],
)
def test_absurd_settings_are_an_error(project, text, said, capsys):
    (project / "asyncfix.toml").write_text(text)

    assert cli.main(["check"]) == 2
    assert said in capsys.readouterr().err
