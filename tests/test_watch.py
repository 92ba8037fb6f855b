"""`check --watch`: a save is checked within the time that a look takes, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from queue import Queue
from threading import Thread

import pytest
from conftest import write

from asyncfix import cli

SLEEPS = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
AWAITS = "import asyncio\n\n\nasync def f():\n    await asyncio.sleep(1)\n"
START = """
import signal
from asyncfix.cli import command

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is deaf
command()
"""
PATIENCE = 20  # seconds


class Watching:
    """A process that watches a folder, and what it says, line by line."""

    def __init__(self, folder, *options):
        self.folder = folder
        command = ["check", "--watch", "--output-format", "concise", "-q", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *command],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = Queue()
        Thread(target=lambda: [*map(self.lines.put, self.process.stdout)], daemon=True).start()

    def report(self):
        """Return the lines of the next report, up to the one that ends it."""
        lines = []
        while not (line := self.lines.get(timeout=PATIENCE)).startswith("Watching"):
            lines.append(line.rstrip())
        return lines

    def saves(self, **files):
        """Save modules, and return the report that follows."""
        write(self.folder, {f"{name}.py": text for name, text in files.items()})
        return self.report()

    def interrupted(self):
        """Return the exit status after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watching(tmp_path):
    """Return a watched folder whose file blocks, after the first report."""
    write(tmp_path, {"pyproject.toml": "[tool.asyncfix]\n", "app.py": SLEEPS})
    found = Watching(tmp_path)
    assert [line.partition(" ")[0] for line in found.report()] == ["app.py:5:5:"]
    yield found
    found.process.kill()
    found.process.wait()


def test_a_save_is_checked(watching):
    assert watching.saves(app=AWAITS) == []
    assert len(watching.saves(app=SLEEPS.replace("(1)", "(2)"))) == 1


def test_files_may_come_and_go(watching):
    assert len(watching.saves(other=SLEEPS)) == 2
    (watching.folder / "other.py").unlink()
    assert len(watching.report()) == 1


def test_a_configuration_that_changes_holds_at_once_and_may_be_broken_meanwhile(watching):
    settings = watching.folder / "pyproject.toml"
    settings.write_text('[tool.asyncfix]\nignore = ["blocking-sleep"]\n')
    assert watching.report() == []
    settings.write_text("[tool.asyncfix]\nselekt = []\n")
    assert "did you mean `select`" in watching.report()[0]
    settings.write_text("[tool.asyncfix]\n")
    assert len(watching.report()) == 1


def test_a_baseline_that_is_made_holds_at_once(watching):
    command = [sys.executable, "-m", "asyncfix", "baseline", "create"]
    subprocess.run(command, cwd=watching.folder, check=True, capture_output=True)
    assert watching.report() == []


def test_an_interrupt_ends_it_without_a_word(watching):
    assert watching.interrupted() == 0
    assert watching.lines.empty()


@pytest.mark.parametrize("option", ["--fix", "--diff", "--add-ignore", "--staged"])
def test_what_changes_files_is_not_watched(option, capsys):
    assert cli.main(["check", "--watch", option]) == 2
    assert f"--watch excludes {option}" in capsys.readouterr().err


def test_stdin_is_not_watched(capsys):
    assert cli.main(["check", "--watch", "-", "--stdin-filename", "a.py"]) == 2
    assert "--watch looks at files" in capsys.readouterr().err
