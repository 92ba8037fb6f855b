"""Runs programs, each in a process of its own that has imported the libraries they need.

Importing takes longer than all else that these programs do. Run as a script, this file is the
process from which those of the programs are forked: it reads a request from each line of its input.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

MOST = 60  # seconds for one program
COMMAND = ("asyncfix.cli", "asyncfix.commands", "asyncfix.fixing", "libcst", "rich.console")


def run(
    folder: Path,
    *words: str,
    imports: tuple[str, ...] = (),
    warnings: str = "error",
    terminal: str = "",
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Run `python -W warnings words` in a folder: a file or `-c` and code, then its arguments.

    `terminal` is the device that it reads from and prints to, in place of what is returned.
    """
    request = {"folder": str(folder), "words": words, "terminal": terminal, "environ": environ}
    parent = _parent(("asyncio", *imports), warnings)
    parent.stdin.write(json.dumps(request) + "\n")
    parent.stdin.flush()
    code, out, error = json.loads(parent.stdout.readline())
    return subprocess.CompletedProcess(words, code, out, error)


def asyncfix(folder: Path, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Run `asyncfix words` in a folder."""
    code = "from asyncfix.cli import command; command()"
    return run(folder, "-c", code, *words, imports=COMMAND, warnings="default", **options)


_parents: list[subprocess.Popen[str]] = []


@cache
def _parent(imports: tuple[str, ...], warnings: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", warnings, __file__, *imports]
    pipe = subprocess.PIPE
    _parents.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
    return _parents[-1]


def end() -> None:
    """End the processes from which programs were forked."""
    for parent in _parents:
        parent.communicate(timeout=MOST)


def main(imports: list[str]) -> None:
    """Answer requests; in a child, return when its program has ended."""
    for name in imports:
        with suppress(ImportError):
            import_module(name)
    gc.freeze()
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
            child = os.fork()
            if not child:
                return start(out.fileno(), error.fileno(), **json.loads(line))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            told = [code, *(each.seek(0) or each.read() for each in (out, error))]
        print(json.dumps(told), flush=True)  # noqa: T201 - the answer
    return None


def start(
    out: int, error: int, *, folder: str, words: list[str], terminal: str, environ: dict[str, str]
) -> None:
    """Run a program in this process, as its main module."""
    signal.alarm(MOST)
    device = os.open(terminal or os.devnull, os.O_RDWR)
    for at, file in enumerate((device, device, device) if terminal else (device, out, error)):
        os.dup2(file, at)
    os.chdir(folder)
    os.environ.update(environ)
    module = sys.modules["__main__"] = ModuleType("__main__")
    name, *arguments = words
    if name == "-c":
        code, *arguments = arguments
    else:
        module.__file__ = str(Path(name).resolve())
        code = Path(name).read_text(encoding="utf-8")
    sys.argv, sys.path[0] = [name, *arguments], folder
    exec(compile(code, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its task


if __name__ == "__main__":
    main(sys.argv[1:])
