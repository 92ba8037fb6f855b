"""Programs that are awaited: what they give, write and raise is what `subprocess` tells."""

from __future__ import annotations

import pytest
from rewriting import printed, rewritten

CODE = """
import asyncio
import os
import shlex
import subprocess
import sys

ECHO = "import sys; sys.stdout.write(sys.stdin.read()); sys.stderr.write('e'); sys.exit(3)"


async def told(coroutine):
    try:
        result = await coroutine
    except subprocess.SubprocessError as error:
        return type(error), error.cmd[1:], error.output, error.stderr, str(error)[:40]
    except OSError as error:
        return type(error), error.errno
    if isinstance(result, subprocess.CompletedProcess):
        return result.args[1:], result.returncode, result.stdout, result.stderr
    return result


async def main():
    code = ECHO
    words = [sys.executable, "-c", ECHO]
    BODY


async def both():
    print(await told(main()))
    await asyncio.gather(asyncio.sleep(0))


asyncio.run(both())
"""
PYTHON = '[sys.executable, "-c", "print(chr(228))"]'


@pytest.mark.parametrize(
    "body",
    [
        f"return subprocess.run({PYTHON}, capture_output=True)",
        f"return subprocess.run({PYTHON}, capture_output=True, text=True, check=True)",
        f"done = subprocess.run({PYTHON}, stdout=subprocess.PIPE)\n    return done",
        "return subprocess.run(words, input=b'ab', capture_output=True)",
        "return subprocess.run(words, input='ä' + 'b', capture_output=True, text=True)",
        "done = subprocess.run(words, input=b'', check=True, capture_output=True)\n    return done",
        "subprocess.run(words, input=b'', check=True, stderr=subprocess.DEVNULL)",
        "subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)",
        f"return subprocess.check_output({PYTHON})",
        f"found = subprocess.check_output({PYTHON}, text=True)\n    return found",
        "return subprocess.check_output(words, input=b'a', stderr=subprocess.STDOUT)",
        f"return subprocess.check_call({PYTHON}, stdout=subprocess.DEVNULL)",
        "subprocess.check_call(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)",
        "return subprocess.run(['no such program', 'a'], capture_output=True)",
        "return subprocess.run([sys.executable, '-c', 'import time; time.sleep(9)'], timeout=0.3)",
        "return subprocess.run(shlex.split('env'), env={'A': 'b'}, capture_output=True)",
        "return subprocess.run('echo a; exit 2', shell=True, capture_output=True)",
        "return subprocess.run(['pwd'], cwd='/', capture_output=True, text=True, timeout=60)",
    ],
)
def test_an_awaited_program_gives_and_raises_the_same(body, tmp_path):
    code = CODE.replace("BODY", body)

    fixed = rewritten({"main.py": code}, "native").files

    assert "await asyncio.create_subprocess_" in fixed["main.py"]
    assert "subprocess.run(" not in fixed["main.py"]
    plain = printed(tmp_path / "plain", {"main.py": code})
    assert printed(tmp_path / "fixed", fixed) == plain


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return subprocess.run(code)", "whether the command is a list of words is not known"),
        ("return subprocess.run(words, bufsize=1)", "`bufsize=1` has no counterpart"),
        ("return subprocess.run(words, **{})", "has no counterpart, or is not known"),
        ("return subprocess.run(words, text=bool(code))", "`text` is computed"),
        ("return subprocess.run(words, timeout=len(code))", "the time that the program gets"),
        ("return subprocess.run(words).returncode", "used at once"),
        ("self.done = subprocess.run(words)", "gets no plain name"),
        ("return subprocess.run(  # why\n        words)", "has comments in it"),
    ],
)
def test_a_program_that_is_run_otherwise_stays(body, reason):
    done = rewritten({"main.py": CODE.replace("BODY", body)}, "native")

    assert done.files["main.py"] == CODE.replace("BODY", body)
    assert reason in " ".join(done.refused)


def test_a_thread_comes_first():
    code = CODE.replace("BODY", "return subprocess.run(words)")

    assert rewritten({"main.py": code}).fixes[0].strategy == "offload"
