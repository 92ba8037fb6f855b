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


def run(
    folder: Path,
    *words: str,
    imports: tuple[str, ...] = (),
    warnings: str = "error",
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Run `python -W warnings words` in a folder: a file, or `-c` and code."""
    request = {"folder": str(folder), "words": words, "environ": environ}
    parent = _parent(("asyncio", *imports), warnings)
    parent.stdin.write(json.dumps(request) + "\n")
    parent.stdin.flush()
    code, out, error = json.loads(parent.stdout.readline())
    return subprocess.CompletedProcess(words, code, out, error)


@cache
def _parent(imports: tuple[str, ...], warnings: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", warnings, __file__, *imports]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


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
                nothing = os.open(os.devnull, os.O_RDONLY)
                for at, file in enumerate((nothing, out.fileno(), error.fileno())):
                    os.dup2(file, at)
                return start(**json.loads(line))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            told = [code, *(each.seek(0) or each.read() for each in (out, error))]
        print(json.dumps(told), flush=True)  # noqa: T201 - the answer
    return None


def start(folder: str, words: list[str], environ: dict[str, str]) -> None:
    """Run a program in this process, as its main module."""
    signal.alarm(MOST)
    os.chdir(folder)
    os.environ.update(environ)
    sys.argv, sys.path[0] = words, folder
    module = sys.modules["__main__"] = ModuleType("__main__")
    if words[0] == "-c":
        name, code = "<string>", words[1]
    else:
        name = module.__file__ = str(Path(words[0]).resolve())
        code = Path(name).read_text(encoding="utf-8")
    exec(compile(code, name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its task


if __name__ == "__main__":
    main(sys.argv[1:])
