"""`asyncfix config`: the settings, and where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from asyncfix.commands.options import config_file
from asyncfix.commands.setup import loaded, packs
from asyncfix.config import FIELDS, hint, json_schema
from asyncfix.findings import ConfigError
from asyncfix.terminal import write

if TYPE_CHECKING:
    from asyncfix.config import LoadedConfig


@click.command("config")
@click.argument("key", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON schema of the configuration.")
@config_file
def command(key: str | None, schema: bool, file: Path | None) -> int:  # noqa: FBT001
    """Show settings: what each is, where that comes from, and what it means."""
    if schema:
        write(json_schema(), None)
        return 0
    found = loaded(Path(), {}, file)
    if key is not None and key not in FIELDS:
        raise ConfigError(f"no setting is called `{key}`{hint(key, FIELDS)}")
    write("\n".join(_told(name, found) for name in FIELDS if key in (None, name)), None)
    return 0


def shown(found: LoadedConfig, paths: tuple[Path, ...]) -> str:
    """Return where a run starts, the rules that it looks for, and every setting."""
    from asyncfix.config import chosen  # noqa: PLC0415 - only for this
    from asyncfix.source import project_root  # noqa: PLC0415 - as above

    rules = chosen(found.config, packs(found.config).rules.values())
    head = [
        f"project: {project_root(paths, found.config)}",
        f"configuration: {found.path or 'defaults'}",
        f"rules: {', '.join(sorted(rules)) or 'none'}",
    ]
    return "\n".join([*head, "", *(_told(name, found) for name in FIELDS)])


def _told(key: str, found: LoadedConfig) -> str:
    """Return a setting with its value, its origin and its meaning."""
    import msgspec  # noqa: PLC0415 - only for this command

    value = msgspec.to_builtins(getattr(found.config, FIELDS[key].name))
    shown = "(not set)" if value is None else msgspec.json.encode(value).decode()
    origin = found.origins.get(key, "default")
    meaning = FIELDS[key].type.__metadata__[0].description
    return f"{key} = {shown}\n    from: {origin}\n    {meaning}\n"
