"""Options that several subcommands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.config import FIELDS
from asyncfix.findings import Confidence, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTS = ("select", "ignore", "extend-select", "exclude", "extend-exclude")
_Function = Any


class _Jobs(click.ParamType):  # type: ignore[type-arg]
    """A number of processes, or `auto` for one per core."""

    name = "N|auto"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Return the number of processes."""
        if isinstance(value, int):
            return value
        if value == "auto":
            return (
                len(os.sched_getaffinity(0))
                if hasattr(os, "sched_getaffinity")
                else (os.cpu_count() or 1)
            )
        if value.isdigit() and int(value) > 0:
            return int(value)
        return self.fail(f"{value!r} is neither a number above 0 nor `auto`", param, ctx)


def setting(key: str, *names: str, **more: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401
    """Declare an option that sets a key of the configuration."""
    text = more.pop("help", None) or FIELDS[key].type.__metadata__[0].description
    return click.option(*(names or (f"--{key}",)), key.replace("-", "_"), help=text, **more)


def added(function: _Function, options: list[Any]) -> _Function:
    """Add options to a command so that its help lists them in this order."""
    for option in reversed(options):
        function = option(function)
    return function


def settings(function: _Function) -> _Function:
    """Add the options that decide what is looked for, and where."""
    formats = FIELDS["output-format"].type.__origin__.__args__
    options = [
        *(setting(key, metavar="NAME,…", multiple=True) for key in _LISTS),
        setting("per-file-ignores", metavar="PATTERN:RULE,…", multiple=True),
        setting("min-severity", type=click.Choice([str(grade) for grade in Severity])),
        setting("min-confidence", type=click.Choice([str(grade) for grade in Confidence])),
        setting("preview", "--preview/--no-preview", default=None),
        setting("force-exclude", "--force-exclude/--no-force-exclude", default=None),
        setting("respect-gitignore", "--respect-gitignore/--no-respect-gitignore", default=None),
        setting("output-format", type=click.Choice(formats)),
        setting("cache-dir", metavar="FOLDER"),
    ]
    return added(function, options)


def config_file(function: _Function) -> _Function:
    """Add the option that names the configuration."""
    return click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path),
        envvar="ASYNCFIX_CONFIG",
        help="The configuration file, in place of the nearest one.",
    )(function)


def running(function: _Function) -> _Function:
    """Add the options that decide how the engine runs."""
    options = [
        click.option("-j", "--jobs", type=_Jobs(), default="auto", help="Processes; or `auto`."),
        click.option("-n", "--no-cache", is_flag=True, help="Neither read nor write the cache."),
        click.option("-v", "--verbose", is_flag=True, help="Tell what is done, on stderr."),
    ]
    return added(function, options)


def format_option(*formats: str) -> Callable[[_Function], _Function]:
    """Declare how a command prints; the first format is the default."""
    return click.option(
        "--output-format", type=click.Choice(formats), default=formats[0], show_default=True
    )
