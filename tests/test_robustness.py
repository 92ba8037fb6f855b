"""Files that no one would write, and machines that fail: told, survived, the rest reported."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from asyncfix import cli, source

BLOCKS = "import time\n\n\nasync def f():\n    time.sleep(1)\n"
SLEEP = b"import time\nasync def f():\n    time.sleep(1)\n"


@pytest.fixture
def found(tmp_path, monkeypatch, capsys):
    """Return a function that checks raw files beside a good one: exit code, what is where."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.py").write_text(BLOCKS)

    def run(files, *options):
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        code = cli.main(["check", "--no-cache", "--output-format", "json", *options])
        told = {}
        for each in json.loads(capsys.readouterr().out):
            name = Path(each["filename"]).name
            told.setdefault(name, []).append((each["code"], each["location"]["row"]))
        assert told.pop("good.py") == [("blocking-sleep", 5)]
        return code, told

    return run


@pytest.mark.parametrize(
    ("data", "row"),
    [
        pytest.param(b"\xef\xbb\xbf" + SLEEP, 3, id="byte order mark"),
        pytest.param(SLEEP.replace(b"\n", b"\r\n"), 3, id="CRLF"),
        pytest.param(SLEEP.replace(b"\n", b"\r"), 3, id="CR"),
        pytest.param(SLEEP.replace(b"    ", b"\t"), 3, id="tabs"),
        pytest.param(b"\x0c" + SLEEP.replace(b"    ", b"  \x0c    "), 3, id="form feeds"),
        pytest.param(b"# coding: latin-1\nx = '\xe9'\n" + SLEEP, 5, id="latin-1"),
        pytest.param(SLEEP.rstrip(), 3, id="no newline at the end"),
        pytest.param(
            SLEEP.replace(b"    ", b"    x = 1\n" * 20_000 + b"    "), 20_003, id="20,000 lines"
        ),
        pytest.param(
            b"import time\n"
            + b"".join(b" " * at + b"async def f():\n" for at in range(90))
            + b" " * 90
            + b"time.sleep(1)",
            92,
            id="90 functions deep",
        ),
    ],
)
def test_odd_files_are_read_as_python_reads_them(found, data, row):
    assert found({"odd.py": data}) == (1, {"odd.py": [("blocking-sleep", row)]})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(SLEEP + b"\0", id="NUL"),
        pytest.param(b"x = '\xe9'\n", id="not UTF-8"),
        pytest.param(b"# coding: nosuch\n", id="unknown encoding"),
        pytest.param(b"\x7fELF\x02\x01\x01\x00\xff\xfe", id="a program"),
        pytest.param(b"<html>\n", id="not Python"),
        pytest.param(b"x = " + b"(" * 1000 + b")" * 1000 + b"\n", id="1,000 brackets"),
        pytest.param(b"x = 1" + b"+1" * 50_000 + b"\n", id="50,000 additions"),
        pytest.param(
            b"".join(b" " * at + b"if a:\n" for at in range(1000)) + b" " * 1000 + b"pass\n",
            id="1,000 blocks",
        ),
    ],
)
def test_what_cannot_be_parsed_is_a_finding_and_the_rest_is_reported(found, data):
    code, told = found({"odd.py": data})

    assert (code, [rule for rule, _ in told["odd.py"]]) == (1, ["unparsable-file"])


def test_links_that_lead_nowhere_or_in_a_circle_and_pipes_are_no_files(found, tmp_path):
    (tmp_path / "circle.py").symlink_to("circle.py")
    (tmp_path / "nowhere.py").symlink_to("gone.py")
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "folder.py").mkdir()
    os.mkfifo(tmp_path / "pipe.py")

    assert found({}) == (1, {})


def test_a_file_that_vanishes_while_read_is_an_error_and_the_rest_is_reported(
    found, monkeypatch, tmp_path
):
    read = source.Text.read

    def vanish(root, path):
        if path == "odd.py":
            (tmp_path / path).unlink()
        return read(root, path)

    monkeypatch.setattr(source.Text, "read", vanish)

    assert found({"odd.py": SLEEP}) == (2, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_an_error_and_the_rest_is_reported(found, tmp_path):
    (tmp_path / "odd.py").write_bytes(SLEEP)
    (tmp_path / "odd.py").chmod(0)

    assert found({}) == (2, {})


def test_escape_sequences_in_names_and_code_never_reach_the_terminal(tmp_path, capsys):
    path = tmp_path / "\x1b[31mred.py"
    path.write_text(
        "import time\n\n\nasync def f(x='\x1b]0;t\x07'):\n    time.sleep(1) # \x1b[2J\n"
    )

    for shape in ("full", "concise", "json", "grouped", "github", "junit", "markdown"):
        cli.main(["check", "--no-cache", "--output-format", shape, str(tmp_path)])

    assert "\x1b" not in "".join(capsys.readouterr())


def test_a_broken_configuration_is_told_with_file_and_key(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for text, told in (("[tool.asyncfix\n", "pyproject.toml"), ("[tool]\nasyncfix = 3\n", "")):
        (tmp_path / "pyproject.toml").write_text(text)

        assert cli.main(["check"]) == 2
        assert told in capsys.readouterr().err


def started(folder, *options, **settings):
    command = [sys.executable, "-m", "asyncfix", "check", *options]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings
    )


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path):
    (tmp_path / "good.py").write_text(BLOCKS)

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    process = started(tmp_path, "--output-format", "concise", preexec_fn=no_room)
    out, error = process.communicate(timeout=60)

    assert (process.returncode, error) == (1, "")
    assert out.startswith("good.py:5:5")
    assert not [*tmp_path.rglob("*.bin")]


def test_an_interrupt_ends_the_run_at_once_with_130_and_leaves_no_process(tmp_path):
    for at in range(400):
        (tmp_path / f"m{at}.py").write_text(BLOCKS + "x = 1\n" * 5000)
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a job in the background is deaf
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    process = started(tmp_path, "-j", "2", start_new_session=True, preexec_fn=heard)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while sum(map(is_at_work, children.read_text().split())) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)

    assert (process.returncode, error.strip()) == (130, "interrupted")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - spent
    assert spent < 5, "seconds: all files take more than ten"


def is_at_work(worker: str) -> bool:
    """Tell whether a process has computed for more than a tenth of a second."""
    told = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    return int(told[11]) > os.sysconf("SC_CLK_TCK") / 10
