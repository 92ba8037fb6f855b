"""The benchmark: its table on a tiny tree, with stand-ins for the tools that it measures."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import all as benchmarks

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "check_speed.py"
RUFF = """#!/bin/sh
echo '[{}, {}]'
exit 1
"""
ASYNCFIX = """#!{python}
import sys
from pathlib import Path
if "check" in sys.argv:
    lines = Path(sys.argv[2], "app.py").read_text().count("async def")
    Path(sys.argv[sys.argv.index("-o") + 1]).write_text(str([0] * lines))
"""


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    root.joinpath("app.py").write_text("async def handler():\n    pass\n")
    return root


@pytest.fixture
def tools(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def tool(folder, name, script):
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


def run(*arguments):
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows(output):
    lines = [line.split("|")[1:-1] for line in output.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_prints_a_row_for_each_run_with_findings_and_targets(tree, tools):
    tool(tools, "ruff", RUFF)
    own = tool(tools, "asyncfix", ASYNCFIX.format(python=sys.executable))

    done = run(tree, "--runs", 1, "--peers", tools, "--asyncfix", own)

    table = rows(done.stdout)
    assert done.stderr == ""
    assert done.returncode == 0
    assert table["Ruff, ASYNC rules, no cache"][5] == "2"
    assert table["asyncfix, nothing changed"][5:7] == ["1", "≤ 0.4 s, ≤ 700 MB"]
    assert table["asyncfix, one file changed"][5] == "2"
    assert "Skipped, not installed: flake8, hydroid." in done.stdout


def test_leaves_the_tree_as_it_was(tree, tools):
    own = tool(tools, "asyncfix", ASYNCFIX.format(python=sys.executable))
    before = {path: path.read_bytes() for path in tree.iterdir()}

    run(tree, "--runs", 2, "--peers", tools, "--asyncfix", own)

    assert {path: path.read_bytes() for path in tree.iterdir()} == before


def test_enforces_the_targets_when_asked(tree, tools):
    slow = f"#!{sys.executable}\nimport time; time.sleep(0.2)\n"
    own = tool(tools, "asyncfix", slow + ASYNCFIX.partition("\n")[2])

    done = run(tree, "--runs", 1, "--peers", tools, "--asyncfix", own, "--enforce")

    assert rows(done.stdout)["`asyncfix --version`"][-1] == "**missed**"
    assert done.returncode == 1


def test_tells_which_command_failed_and_why(tree, tools):
    own = tool(tools, "asyncfix", "#!/bin/sh\necho no such rule >&2\nexit 2\n")

    done = run(tree, "--runs", 1, "--peers", tools, "--asyncfix", own)

    assert done.returncode == 2
    assert done.stderr == f"error: `{own} --version`: exit status 2\nno such rule\n"


def test_all_of_them_put_their_tables_into_the_page(tree, tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(f"# Speed\n\n{benchmarks.BEGIN}yesterday\n{benchmarks.END}\n\nEnd.\n")
    tree.joinpath("other.py").write_text("import app\n")
    command = [sys.executable, SCRIPT.with_name("all.py"), tree, "--write", "--page", page]
    command += ["--runs", "1", "--saves", "1", "--findings", "9"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    told = page.read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert "yesterday" not in told
    assert told.endswith("\n\nEnd.\n")
    assert "asyncfix, one file changed" in told
    assert re.search(r"\| 3 \| 2 \| 1 \| \d\.\d\d \|", told)  # lines, files, saves, seconds
    assert "| sarif |" in told
    assert "To repeat it: `python benchmarks/all.py --runs 1 --write`" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["empty"], "error: empty: no Python files here\n"),
        ([".", "--asyncfix", "nowhere"], "error: nowhere: no such command\n"),
    ],
)
def test_tells_what_it_cannot_measure(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("app.py").touch()

    done = run(*arguments)

    assert (done.returncode, done.stderr) == (2, message)


def test_settings_that_are_kept_are_read_once():
    command = [sys.executable, SCRIPT.with_name("caches.py"), "--requests", "200"]

    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "| read by each request | 200 |" in table
    assert "| kept for ten minutes | 1 |" in table


def test_one_connection_is_faster_and_packed_files_are_smaller_by_what_the_report_tells():
    pytest.importorskip("msgpack", reason="the fixed application keeps its cache with it")
    command = [sys.executable, SCRIPT.with_name("connections.py"), "--queries", "200"]

    done = subprocess.run([*command, "--enforce"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "| msgpack, compressed as configured |" in done.stdout
