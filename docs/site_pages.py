"""Pages that are made when the site is built: rules, configuration, command line, root pages.

MkDocs calls `on_config` and `on_files`; everything else is for tests, too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asyncfix.commands import asyncfix
from asyncfix.config import json_schema
from asyncfix.output.pages import page, table
from asyncfix.packs import builtin_texts, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
AT_ROOT = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
_KEYS = """\
# Configuration

The nearest `asyncfix.toml`, or the table `[tool.asyncfix]` of the nearest `pyproject.toml` that
has one, holds for a file or folder that is checked. `ASYNCFIX_*` variables
(`ASYNCFIX_MIN_SEVERITY=info`) win over the file, options of the command line over both. Lists of
the command line replace those of the file; the keys that begin with `extend-` add to them. An
unknown key is an error. `asyncfix config` lists what holds here and who said so; editors can use
the [JSON schema](schemas/configuration.json).
"""
_SCHEMA = json.loads(json_schema())["$defs"]


def generated() -> dict[str, str]:
    """Return every page that is made, by its path in the site."""
    rules = sorted(load(builtin_texts()).rules.values(), key=lambda rule: (rule.group, rule.name))
    made = {f"rules/{rule.name}.md": page(rule) for rule in rules}
    links = re.sub(r"^\| `(.*?)` ", r"| [`\1`](\1.md) ", table(rules), flags=re.MULTILINE)
    made["rules/index.md"] = f"# Rules\n\n{links}"
    made["configuration.md"] = configuration()
    made["command-line.md"] = command_line()
    for path, name in AT_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        made[path] = _linked(text)
    return made


def configuration() -> str:
    """Return the page of all keys, from the JSON schema."""
    keys = _SCHEMA["Config"]["properties"]
    rows = [
        f"| `{key}` | {_kind(told)} | {_default(told)} | {told.get('description', '')} |"
        for key, told in sorted(keys.items())
    ]
    return "\n".join([_KEYS, "| key | value | default | meaning |", "|---|---|---|---|", *rows, ""])


def command_line() -> str:
    """Return the page of all commands and options, from the commands themselves."""
    parts = ["# Command line\n\nExit status: 0 nothing found, 1 findings, 2 could not be done.\n"]
    context = click.Context(asyncfix, info_name="asyncfix")
    for name in asyncfix.list_commands(context):
        command = asyncfix.get_command(context, name)
        if command is not None:
            parts += _told(command, click.Context(command, context, info_name=name), 2)
    return "\n".join(parts)


def _told(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"{'#' * level} {context.command_path}\n\n`{usage}`\n\n{_plain(command.help or '')}\n"
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    rows = [record for each in options if (record := each.get_help_record(context))]
    if rows:
        lines = [f"| `{names}` | {_cell(_plain(words))} |" for names, words in rows]
        yield "\n".join(["| option | |", "|---|---|", *lines, ""])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _told(below, click.Context(below, context, info_name=name), level + 1)


def _plain(words: str) -> str:
    return " ".join(words.replace("\b", "").split())


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _kind(told: Mapping[str, Any]) -> str:
    if "$ref" in told:
        told = _SCHEMA[told["$ref"].rpartition("/")[2]]
    if "enum" in told:
        return " ".join(f"`{each}`" for each in told["enum"])
    if "anyOf" in told:
        return " or ".join(_kind(each) for each in told["anyOf"] if each["type"] != "null")
    kind = str(told.get("type", ""))
    return {"array": "list", "object": "table", "boolean": "true or false"}.get(kind, kind)


def _default(told: Mapping[str, Any]) -> str:
    return f"`{json.dumps(told['default'])}`" if told.get("default") not in (None, "") else ""


def _linked(text: str) -> str:
    """Turn links from the root of the repository into links between pages."""
    for path, name in AT_ROOT.items():
        text = text.replace(f"]({name}", f"]({path}")
    return text.replace("](docs/", "](")


# What MkDocs calls


def on_config(config: Any) -> Any:  # noqa: ANN401 - a mkdocs.config.Config
    """Leave out of the navigation what nobody has written yet; add a page for each rule."""
    made = generated()
    config["nav"] = _there(config["nav"], made)
    return config


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401 - mkdocs.structure.files.Files
    """Add the pages that are made."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - tests do without MkDocs

    for path, text in generated().items():
        files.append(File.generated(config, path, content=text))
    return files


def _there(nav: list[Any], made: Mapping[str, str]) -> list[Any]:
    """Return the entries whose page there is; `rules/` stands for the pages of all rules."""
    found: list[Any] = []
    for entry in nav:
        if isinstance(entry, str):
            if entry == "rules/":
                found += sorted(path for path in made if path.startswith("rules/"))
            elif entry in made or (ROOT / "docs" / entry).exists():
                found.append(entry)
            continue
        ((name, below),) = entry.items()
        kept = _there([below] if isinstance(below, str) else below, made)
        if kept:
            found.append({name: kept[0] if isinstance(below, str) else kept})
    return found
