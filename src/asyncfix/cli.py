"""The command: arguments in, exit code out; every error becomes one line, without a traceback."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

from asyncfix import __version__

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run `asyncfix` and return its exit code: 0 clean, 1 findings, 2 could not do it."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["--version"], ["-V"]):
        print(f"asyncfix {__version__}")  # noqa: T201 - answered before click is imported
        return 0
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def command() -> NoReturn:
    """Run as the `asyncfix` command: leave without taking apart what the process holds."""
    gc.disable()
    try:
        code = main()
    except SystemExit as error:  # click's --help
        code = error.code if isinstance(error.code, int) else 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 1
    os._exit(code)


def _run(arguments: list[str]) -> int:
    import click  # noqa: PLC0415 - as above

    from asyncfix.commands import asyncfix  # noqa: PLC0415
    from asyncfix.findings import AsyncfixError  # noqa: PLC0415

    try:
        code = asyncfix.main(arguments, prog_name="asyncfix", standalone_mode=False)
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else "asyncfix"
        return _fail(f"error: {error.format_message()}\nhelp: `{name} --help` shows the options")
    except click.ClickException as error:
        return _fail(f"error: {error.format_message()}")
    except click.Abort:
        return _fail("interrupted", INTERRUPTED)
    except AsyncfixError as error:
        return _fail(f"error: {error}")
    except Exception as error:
        if {"-v", "--verbose"} & {*arguments}:
            raise
        kind = type(error).__name__
        return _fail(f"error: internal error, please report it (-v shows more): {kind}: {error}")
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int = 2) -> int:
    from asyncfix.terminal import tell  # noqa: PLC0415 - as above

    tell(message)
    return code


if __name__ == "__main__":
    command()
