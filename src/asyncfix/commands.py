"""The subcommands: they gather settings, ask the engine, and print."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix import __version__
from asyncfix.config import FIELDS, LoadedConfig, load, parse
from asyncfix.findings import AsyncfixError, Confidence, ConfigError, Severity
from asyncfix.terminal import Progress, colored, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncfix.config import Config
    from asyncfix.engine import Outcome
    from asyncfix.packs import Packs, Rule

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


def _setting(key: str, *names: str, **more: Any) -> Callable[[_Function], _Function]:  # noqa: ANN401
    """Declare an option that sets a key of the configuration."""
    text = more.pop("help", None) or FIELDS[key].type.__metadata__[0].description
    return click.option(*(names or (f"--{key}",)), key.replace("-", "_"), help=text, **more)


def _settings(function: _Function) -> _Function:
    """Add the options that decide what is looked for, and where."""
    formats = FIELDS["output-format"].type.__origin__.__args__
    options = [
        *(_setting(key, metavar="NAME,…", multiple=True) for key in _LISTS),
        _setting("per-file-ignores", metavar="PATTERN:RULE,…", multiple=True),
        _setting("min-severity", type=click.Choice([str(grade) for grade in Severity])),
        _setting("min-confidence", type=click.Choice([str(grade) for grade in Confidence])),
        _setting("preview", "--preview/--no-preview", default=None),
        _setting("force-exclude", "--force-exclude/--no-force-exclude", default=None),
        _setting("respect-gitignore", "--respect-gitignore/--no-respect-gitignore", default=None),
        _setting("output-format", type=click.Choice(formats)),
        _setting("cache-dir", metavar="FOLDER"),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _config_option(function: _Function) -> _Function:
    return click.option(
        "--config",
        "file",
        type=click.Path(path_type=Path),
        envvar="ASYNCFIX_CONFIG",
        help="The configuration file, in place of the nearest one.",
    )(function)


def _running(function: _Function) -> _Function:
    """Add the options that decide how the engine runs."""
    options = [
        click.option("-j", "--jobs", type=_Jobs(), default="auto", help="Processes; or `auto`."),
        click.option("-n", "--no-cache", is_flag=True, help="Neither read nor write the cache."),
        click.option("-v", "--verbose", is_flag=True, help="Tell what is done, on stderr."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="asyncfix %(version)s")
@click.pass_context
def asyncfix(context: click.Context) -> int:
    """Find what stops or floods the event loop of a Python project, and show the way there."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 2


@asyncfix.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@_settings
@_config_option
@_running
@click.option("-o", "--output-file", type=click.Path(path_type=Path), help="Print to a file.")
@click.option("--statistics", is_flag=True, help="Print a table of rules instead of findings.")
@click.option("--show-unresolved", is_flag=True, help="List the calls that lead nowhere known.")
@click.option("--stdin-filename", metavar="FILE", help="The file whose text stdin holds; with -.")
@click.option("-e", "--exit-zero", is_flag=True, help="Exit with 0 where there are findings.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only.")
@click.option("-s", "--silent", is_flag=True, help="Print nothing; the exit code tells.")
def check(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    output_file: Path | None,
    statistics: bool,  # noqa: FBT001
    show_unresolved: bool,  # noqa: FBT001
    stdin_filename: str | None,
    exit_zero: bool,  # noqa: FBT001
    color: str,
    quiet: bool,  # noqa: FBT001
    silent: bool,  # noqa: FBT001
    **settings: Any,  # noqa: ANN401
) -> int:
    """Report what blocks the event loop, with the chain of calls that leads there.

    PATHS are folders or files; the default is the working directory. A file is reported alone
    but understood with its whole project. With - the text of one file is read from stdin.
    """
    replaced = _stdin(paths, stdin_filename)
    paths = tuple(map(Path, replaced)) or paths or (Path(),)
    config = _loaded(paths[0], settings, file, verbose=verbose).config
    with Progress(shown=not (quiet or silent)) as progress:
        outcome = _engine().check(
            list(paths),
            config,
            jobs=jobs,
            cache=None if no_cache else _cache(paths, config),
            progress=progress,
            replaced=replaced,
            unresolved=show_unresolved,
        )
    report = outcome.report
    for error in report.errors:
        click.echo(f"error: {error}", err=True)
    if not report.files and not report.errors:
        click.echo(f"warning: no Python files in {', '.join(map(str, paths))}", err=True)
    if not silent:
        name = "statistics" if statistics else config.output_format
        painted = colored(color) if output_file is None else color == "always"
        prefix = _prefix(paths, config)
        text = _rendered(name, outcome, prefix, color=painted, to_file=output_file is not None)
        if name != "json":
            text += _unresolved(outcome, prefix)
            text += "" if quiet else _closing(outcome, color=painted, unresolved=show_unresolved)
        write(text, output_file)
    if report.errors:
        return 2
    return 1 if report.findings and not exit_zero else 0


@asyncfix.command()
@click.argument("target", metavar="LOCATION|SYMBOL")
@click.option("--path", "paths", multiple=True, type=click.Path(path_type=Path), help="Look here.")
@_config_option
@_running
def why(  # noqa: PLR0917 - as above
    target: str,
    paths: tuple[Path, ...],
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
) -> int:
    """Explain a place (`path:row[:column]`) or a function (`package.module.name`, or its end).

    For a place: what is called there, how each name was resolved, every chain to what blocks, or
    why it is silent. For a function: where it runs, who calls it, and every chain from it.
    """
    paths = paths or _home(target)
    config = _loaded(paths[0], {}, file, verbose=verbose).config
    cache = None if no_cache else _cache(paths, config)
    explanation = _engine().why(list(paths), config, target, jobs=jobs, cache=cache)
    write("".join(f"{line}\n" for line in explanation.lines), None)
    return 0


@asyncfix.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every rule's page.")
@_config_option
def rule(name: str | None, everything: bool, file: Path | None) -> int:  # noqa: FBT001
    """Show what a rule finds and why that is wrong; without a name, list the rules."""
    from asyncfix.config import hint  # noqa: PLC0415 - only for this command

    packs = _packs(_loaded(Path(), {}, file).config)
    rules = sorted(packs.rules.values(), key=lambda rule: (rule.group, rule.name))
    if name is not None and name not in packs.rules:
        raise ConfigError(f"no rule is called `{name}`{hint(name, packs.rules)}")
    if name is None and not everything:
        size = max((len(rule.name) for rule in rules), default=0)
        write("".join(f"{rule.name:<{size}}  {rule.summary}\n" for rule in rules), None)
    else:
        pages = [_page(rule) for rule in rules if name in (None, rule.name)]
        write("\n".join(pages), None)
    return 0


@asyncfix.command("config")
@click.argument("key", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON schema of the configuration.")
@_config_option
def config_command(key: str | None, schema: bool, file: Path | None) -> int:  # noqa: FBT001
    """Show settings: what each is, where that comes from, and what it means."""
    from asyncfix.config import hint, json_schema  # noqa: PLC0415 - only for this command

    if schema:
        write(json_schema(), None)
        return 0
    loaded = _loaded(Path(), {}, file)
    if key is not None and key not in FIELDS:
        raise ConfigError(f"no setting is called `{key}`{hint(key, FIELDS)}")
    shown = [_told(name, loaded) for name in FIELDS if key in (None, name)]
    write("\n".join(shown), None)
    return 0


def _engine() -> Any:  # noqa: ANN401 - a module
    from asyncfix import engine  # noqa: PLC0415 - needed only by commands that check

    return engine


def _loaded(
    start: Path, settings: dict[str, Any], file: Path | None, *, verbose: bool = False
) -> LoadedConfig:
    overrides: dict[str, object] = {}
    for name, value in settings.items():
        key = name.replace("_", "-")
        if value is None or value == ():
            continue
        overrides[key] = parse(key, ",".join(value)) if isinstance(value, tuple) else value
    loaded = load(start, overrides, os.environ, file)
    if verbose:
        click.echo(f"configuration: {loaded.path or 'defaults'}", err=True)
    return loaded


def _stdin(paths: tuple[Path, ...], name: str | None) -> dict[str, str]:
    """Return the text of stdin by the name that it goes by, if one of the paths is `-`."""
    if Path("-") not in paths:
        if name is not None:
            raise click.UsageError("--stdin-filename needs `-` in place of the paths")
        return {}
    if len(paths) > 1 or not name:
        raise click.UsageError("`-` stands alone and needs --stdin-filename")
    from asyncfix.source import Text  # noqa: PLC0415 - see `_engine`

    try:
        return {name: Text.decode(name, sys.stdin.buffer.read()).text}
    except (UnicodeDecodeError, SyntaxError) as error:
        raise AsyncfixError(f"stdin: {error}") from error


def _home(target: str) -> tuple[Path, ...]:
    """Return where to look for a target: here, unless it is a file of another project."""
    file = Path(target.partition(":")[0])
    elsewhere = file.is_file() and Path.cwd() not in file.resolve().parents
    return (file,) if elsewhere else (Path(),)


def _cache(paths: tuple[Path, ...], config: Config) -> Path | None:
    from asyncfix.source import project_root  # noqa: PLC0415 - see `_engine`

    return project_root(paths, config) / config.cache_dir


def _prefix(paths: tuple[Path, ...], config: Config) -> str:
    """Return the way from the working directory to the project, with a slash at its end."""
    from asyncfix.source import project_root  # noqa: PLC0415 - see `_engine`

    root = project_root(paths, config)
    try:
        return os.path.join(os.path.relpath(root), "")  # noqa: PTH118 - the slash is wanted
    except ValueError:
        return os.path.join(root, "")  # noqa: PTH118 - another drive


def _rendered(name: str, outcome: Outcome, prefix: str, *, color: bool, to_file: bool) -> str:
    from asyncfix.output import render  # noqa: PLC0415 - see `_engine`
    from asyncfix.terminal import columns  # noqa: PLC0415

    width = columns(to_file=to_file)
    return render(
        name, outcome.report, outcome.text, outcome.packs, color=color, width=width, prefix=prefix
    )


def _unresolved(outcome: Outcome, prefix: str) -> str:
    """List the calls that could not be resolved, where that was asked for."""
    if not outcome.report.unresolved_at:
        return ""
    from asyncfix.output.unresolved import render  # noqa: PLC0415 - see `_engine`

    return render(outcome.report, outcome.text, prefix=prefix)


def _closing(outcome: Outcome, *, color: bool, unresolved: bool) -> str:
    from asyncfix.output.closing import closing  # noqa: PLC0415 - see `_engine`
    from asyncfix.output.palette import palette  # noqa: PLC0415

    lines = closing(outcome.report, palette(color=color), unresolved=unresolved)
    return "".join(f"{line}\n" for line in lines)


def _packs(config: Config) -> Packs:
    from asyncfix import packs  # noqa: PLC0415 - see `_engine`

    return packs.load(packs.builtin_texts() | packs.user_texts(config.packs, Path()))


def _page(rule: Rule) -> str:
    """Return a rule's page, in Markdown."""
    facts = f"Group `{rule.group}`, severity {rule.severity}"
    facts += ", in preview." if rule.preview else "."
    if rule.aliases:
        facts += f" Also known as {', '.join(rule.aliases)}."
    parts = [f"# {rule.name}", rule.summary.rstrip(".") + ".", facts, rule.why.strip()]
    for example in rule.examples:
        parts.append(f"## {example.title}")
        if example.bad:
            parts.append(f"Reported:\n\n```python\n{example.bad.strip()}\n```")
        if example.good:
            parts.append(f"Not reported:\n\n```python\n{example.good.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _told(key: str, loaded: LoadedConfig) -> str:
    import msgspec  # noqa: PLC0415 - only for this command

    value = msgspec.to_builtins(getattr(loaded.config, FIELDS[key].name))
    shown = "(not set)" if value is None else msgspec.json.encode(value).decode()
    origin = loaded.origins.get(key, "default")
    meaning = FIELDS[key].type.__metadata__[0].description
    return f"{key} = {shown}\n    from: {origin}\n    {meaning}\n"


if __name__ == "__main__":
    sys.exit(asyncfix())
