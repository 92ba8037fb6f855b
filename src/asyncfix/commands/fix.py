"""`asyncfix fix`: plans, proves and shows rewrites; with --write it makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands.options import added, config_file, running, setting, settings
from asyncfix.commands.setup import cache_folder, loaded, prefix
from asyncfix.findings import AsyncfixError
from asyncfix.terminal import Progress, colored, tell, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from asyncfix.changes.choice import Wishes
    from asyncfix.changes.outcome import Changes
    from asyncfix.config import Config
    from asyncfix.fixing import Fixed
    from asyncfix.fixing.bench import Bench
    from asyncfix.fixing.rounds import Decide
    from asyncfix.scope import Asked

_STRATEGIES = ("native", "offload", "sync", "cascade", "cached", "lifespan")
_REACHES = ("none", "file", "callers", "full")


def _wishes(function: Any) -> Any:  # noqa: ANN401 - as click has it
    """Add the options that decide which fixes are made."""
    return added(
        function,
        [
            click.option("--unsafe-fixes", is_flag=True, help="Take what is right usually, too."),
            click.option(
                "--strategy",
                "strategies",
                multiple=True,
                metavar="RULE=native|offload|sync|cascade|cached|lifespan",
                help="Fix a rule or group in this way only.",
            ),
            click.option(
                "--cascade",
                type=click.Choice(_REACHES),
                default="full",
                help="How far a fix may reach: its file, the callers in the chain, or anywhere.",
            ),
            click.option(
                "--max-files", type=click.IntRange(1), help="Change no more files than this."
            ),
            setting("http-client", type=click.Choice(["httpx", "httpx2"])),
            setting("thread-api", type=click.Choice(["auto", "starlette", "anyio", "asyncio"])),
        ],
    )


@click.command("fix")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", "writes", is_flag=True, help="Change the files; without it, show how.")
@_wishes
@click.option("-i", "--interactive", is_flag=True, help="Ask about each change, then write.")
@click.option("--patch", type=click.Path(path_type=Path), help="Write what `git apply` takes.")
@click.option("--verify", metavar="CMD", help="Take back fixes with which CMD fails.")
@click.option(
    "--deps",
    type=click.Choice(["update", "print", "skip"]),
    default="update",
    help="Change lists of dependencies, only print what they need, or neither.",
)
@setting("baseline", metavar="FILE")
@click.option("--no-baseline", is_flag=True, help="Fix what the baseline accepts, too.")
@click.option("--allow-dirty", is_flag=True, help="Write over changes that are not committed.")
@settings
@config_file
@running
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-q", "--quiet", is_flag=True, help="Print the differences only.")
def command(  # noqa: PLR0917 - click calls it by name
    paths: tuple[Path, ...],
    writes: bool,  # noqa: FBT001
    unsafe_fixes: bool,  # noqa: FBT001
    strategies: tuple[str, ...],
    cascade: str,
    max_files: int | None,
    interactive: bool,  # noqa: FBT001
    patch: Path | None,
    verify: str | None,
    deps: str,
    no_baseline: bool,  # noqa: FBT001
    allow_dirty: bool,  # noqa: FBT001
    file: Path | None,
    jobs: int,
    no_cache: bool,  # noqa: FBT001
    verbose: bool,  # noqa: FBT001
    color: str,
    quiet: bool,  # noqa: FBT001
    **overrides: Any,  # noqa: ANN401
) -> int:
    """Rewrite what blocks the event loop; every change is proven before it is shown or written.

    Without --write the differences are shown, and the exit code is 1 if there are any.
    """
    from asyncfix.changes.choice import Wishes  # noqa: PLC0415 - only for this command

    writes = writes or interactive
    if verify and not writes:
        raise click.UsageError("--verify runs a command on changed files: it needs --write")
    paths = paths or (Path(),)
    config = loaded(paths[0], overrides, file, verbose=verbose).config
    wishes = Wishes(unsafe_fixes, _strategies(strategies), cascade, max_files)
    job = Job(
        paths,
        config,
        wishes,
        cache_folder(paths, config),
        _asked(paths, config, no_baseline=no_baseline),
        deps,
        color=colored(color),
        quiet=quiet or config.output_format == "json",
    )
    job.check_journal(writes=writes)
    with Progress(shown=not (job.quiet or interactive)) as progress:
        start = job.opened(jobs, progress, cached=not no_cache)
        changes = job.changes(start, job.asking() if interactive else None, progress)
    for error in start.errors:
        tell(f"error: {error}")
    if patch is not None:
        _applying().write_patch(patch, changes, start.found.root)
    if writes:
        changes = job.written(start, changes, verify, allow_dirty=allow_dirty)
    job.report(start, changes, writes=writes, verbose=verbose)
    if start.errors:
        return 2
    return 1 if (changes.unfixed if writes else changes.everything) else 0


def _asked(paths: tuple[Path, ...], config: Config, *, no_baseline: bool) -> Asked:
    """Return what `check` would be asked: what it leaves out is left alone here."""
    from asyncfix.commands.wishes import Wish  # noqa: PLC0415 - as above

    wish = Wish(False, None, False, no_baseline, False, False, None)
    return wish.asked(paths, config)


def _applying() -> Any:  # noqa: ANN401 - a module
    from asyncfix.commands import applying  # noqa: PLC0415 - only where something is written

    return applying


def _strategies(given: Iterable[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, sign, strategy = each.partition("=")
        if not sign or strategy not in _STRATEGIES:
            raise click.UsageError(
                f"--strategy {each!r} should be RULE=STRATEGY, with one of {', '.join(_STRATEGIES)}"
            )
        found[name] = strategy
    return found


@dataclass(frozen=True)
class Job:
    """What is to be fixed, how, and how that is told."""

    paths: tuple[Path, ...]
    config: Config
    wishes: Wishes
    folder: Path
    asked: Asked
    deps: str = "update"
    color: bool = False
    quiet: bool = False

    def check_journal(self, *, writes: bool) -> None:
        """Tell of a write that was interrupted; nothing else is written on top of it."""
        from asyncfix.changes.writing import check_finished  # noqa: PLC0415 - as above

        try:
            check_finished(self.folder)
        except AsyncfixError as error:
            if writes:
                raise
            tell(f"warning: {error}")

    def opened(self, jobs: int, progress: Progress, *, cached: bool) -> Bench:
        """Read the project."""
        from asyncfix.fixing import opened  # noqa: PLC0415 - as above

        cache = self.folder if cached else None
        return opened(
            list(self.paths), self.config, self.asked, jobs=jobs, cache=cache, progress=progress
        )

    def changes(
        self, start: Bench, decide: Decide | None, progress: Progress | None = None
    ) -> Changes:
        """Plan and prove what is to be changed, manifests included."""
        from asyncfix.fixing import fixed  # noqa: PLC0415 - as above
        from asyncfix.fixing.dependencies import with_manifests  # noqa: PLC0415 - as above

        found: Fixed = fixed(start, self.wishes, decide=decide, progress=progress)
        return with_manifests(found) if self.deps == "update" else found.changes

    def asking(self) -> Decide:
        """Return what asks the user about each change."""
        from asyncfix import fixing  # noqa: PLC0415 - as above
        from asyncfix.commands.asking import Asking  # noqa: PLC0415 - as above

        return Asking(fixing.Installed(), self._paint, prefix(self.paths, self.config))

    def written(
        self, start: Bench, changes: Changes, verify: str | None, *, allow_dirty: bool
    ) -> Changes:
        """Change the files, and take back what a command does not stand."""
        applying, root = _applying(), start.found.root
        if verify is None:
            applying.write_files(changes, root, self.folder, allow_dirty=allow_dirty)
            return changes
        applying.check_committed(changes, root, allow_dirty=allow_dirty)
        again: Callable[[Decide | None], Changes] = partial(self.changes, start)
        found: Changes = applying.write_verified(changes, root, self.folder, verify, again)
        return found

    def report(
        self, start: Bench, changes: Changes, *, writes: bool, verbose: bool, aside: bool = False
    ) -> None:
        """Print the differences, if they are not written, and what was done or would be.

        With `aside` the latter goes to stderr in any case, because a report follows.
        """
        from asyncfix.output import fixed, fixed_json  # noqa: PLC0415 - as above

        way = prefix(self.paths, self.config)
        texts = {after.path: after for _, after in changes.files}

        def text(path: str) -> Any:  # noqa: ANN401 - a Text
            return texts.get(path) or start.texts(path)

        if self.config.output_format == "json" and not aside:
            write(fixed_json.render(changes, text, way, written=writes), None)
            return
        if not writes:
            write(fixed.differences(changes, self._paint, way), None)
        if not self.quiet:
            by_deps = {"update": changes.homeless, "print": changes.requires}
            needs = by_deps.get(self.deps, ())
            lines = fixed.summary(
                changes, text, self._paint, way, written=writes, every=verbose, needs=needs
            )
            click.echo("\n".join(lines), err=aside or not writes)

    @property
    def _paint(self) -> Any:  # noqa: ANN401 - see `output.palette`
        from asyncfix.output.palette import palette  # noqa: PLC0415 - as above

        return palette(color=self.color)
