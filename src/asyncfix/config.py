"""Configuration: defaults, then pyproject.toml or asyncfix.toml, environment, command line."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

from asyncfix import __version__
from asyncfix.findings import Confidence, ConfigError, Severity
from asyncfix.target import OLDEST, told_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXCLUDED = frozenset(
    """.bzr .direnv .eggs .git .git-rewrite .hg .ipynb_checkpoints .mypy_cache .nox .pants.d .pyenv
    .pytest_cache .pytype .ruff_cache .asyncfix_cache .svn .tox .venv .vscode __pycache__
    __pypackages__ _build buck-out build dist node_modules site-packages venv""".split()  # noqa: SIM905
)
_PLACES = {
    "output_format",
    "cache_dir",
    "required_version",
    "extend",
    "packs",
    "project",
    "baseline",
}
_FIXING = {"fixable", "unfixable", "extend_safe_fixes", "extend_unsafe_fixes"}
_PREFIX = "ASYNCFIX_"

Names = tuple[str, ...]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Everything that a user can set; keys in files are in kebab-case."""

    select: Annotated[
        Names | None,
        Meta(description="Rules or groups to look for. By default every rule out of preview."),
    ] = None
    ignore: Annotated[
        Names, Meta(description="Rules or groups to leave out; a rule's name beats its group's.")
    ] = ()
    extend_select: Annotated[Names, Meta(description="Rules or groups added to `select`.")] = ()
    exclude: Annotated[
        Names | None,
        Meta(description="Gitignore patterns of paths to skip, in place of the usual ones."),
    ] = None
    extend_exclude: Annotated[
        Names, Meta(description="Gitignore patterns of paths to skip besides the usual ones.")
    ] = ()
    force_exclude: Annotated[
        bool, Meta(description="Skip excluded files even when they are named as arguments.")
    ] = False
    respect_gitignore: Annotated[bool, Meta(description="Skip what .gitignore files name.")] = True
    src: Annotated[
        Names, Meta(description="Folders from which the project's modules are imported.")
    ] = (".", "src")
    packs: Annotated[
        Names, Meta(description="TOML files, or folders of them, that add rules and libraries.")
    ] = ()
    roots: Annotated[
        Names, Meta(description="Full names of functions that the event loop runs.")
    ] = ()
    offloads: Annotated[
        Names, Meta(description="Full names of callables that run their argument in a thread.")
    ] = ()
    trusted: Annotated[
        Names, Meta(description="Full names of callables that never block, whatever they call.")
    ] = ()
    http_client: Annotated[
        Literal["httpx", "httpx2"], Meta(description="What replaces a blocking HTTP client.")
    ] = "httpx"
    thread_api: Annotated[
        Literal["auto", "starlette", "anyio", "asyncio"],
        Meta(description="Whose function moves a call to a thread; auto: the framework's."),
    ] = "auto"
    severity: Annotated[
        dict[str, Severity], Meta(description="Severity by rule, in place of the rule's own.")
    ] = {}
    per_file_ignores: Annotated[
        dict[str, Names], Meta(description="Rules or groups to leave out, by gitignore pattern.")
    ] = {}
    min_severity: Annotated[Severity, Meta(description="The least severity that is reported.")] = (
        Severity.WARNING
    )
    min_confidence: Annotated[
        Confidence, Meta(description="The least confidence that is reported.")
    ] = Confidence.LOW
    output_format: Annotated[
        Literal[
            "full",
            "concise",
            "grouped",
            "json",
            "json-lines",
            "sarif",
            "github",
            "gitlab",
            "junit",
            "rdjson",
            "pylint",
            "html",
            "markdown",
        ],
        Meta(description="How findings are printed."),
    ] = "full"
    cache_dir: Annotated[str, Meta(description="Where facts are kept between runs.")] = (
        ".asyncfix_cache"
    )
    required_version: Annotated[
        str, Meta(description='The versions of asyncfix that will do, such as ">=0.1,<1".')
    ] = ""
    target_version: Annotated[
        str,
        Meta(
            description="The oldest Python that fixed code runs on; by default `requires-python`.",
            pattern=r"^py3\d+$",
        ),
    ] = OLDEST
    baseline: Annotated[
        str,
        Meta(description="The file that lists the findings to accept, if it is not the usual one."),
    ] = ""
    fixable: Annotated[
        Names | None, Meta(description="Rules or groups that may be fixed. By default all.")
    ] = None
    unfixable: Annotated[Names, Meta(description="Rules or groups that are never fixed.")] = ()
    extend_safe_fixes: Annotated[
        Names, Meta(description="Rules or groups whose unsafe fixes count as safe.")
    ] = ()
    extend_unsafe_fixes: Annotated[
        Names, Meta(description="Rules or groups whose safe fixes count as unsafe.")
    ] = ()
    preview: Annotated[bool, Meta(description="Look for the rules that are in preview.")] = False
    max_database_timeout: Annotated[
        float, Meta(description="Seconds above which a database timeout is too long.", gt=0)
    ] = 15
    extend: Annotated[
        str, Meta(description="Another file whose settings hold where this one is silent.")
    ] = ""
    project: Annotated[
        str, Meta(description="The folder of the configuration; never set in a file.")
    ] = ""

    @property
    def salt(self) -> str:
        """Return a digest of what can change findings; places on this machine are left out."""
        told = {
            key: value
            for key, value in msgspec.structs.asdict(self).items()
            if key not in _PLACES | _FIXING
        }
        data = msgspec.json.encode(told, order="deterministic")
        return hashlib.blake2b(data, digest_size=8).hexdigest()

    @property
    def python(self) -> tuple[int, int]:
        """Return the oldest Python that fixed code runs on, such as `(3, 11)`."""
        return 3, int(self.target_version.removeprefix("py3"))

    @property
    def excluded_names(self) -> frozenset[str]:
        """Return the names of files and folders that are skipped wherever they are."""
        return EXCLUDED if self.exclude is None else frozenset()

    @property
    def exclude_patterns(self) -> Names:
        """Return the patterns that come on top of `excluded_names`."""
        return (*(self.exclude or ()), *self.extend_exclude)


class Selectable(Protocol):
    """What selection needs to know of a rule."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def preview(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration, the file that it comes from, and who set each key."""

    config: Config
    path: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)


NAMES = ("asyncfix.toml", "pyproject.toml")
FIELDS = {f.encode_name: f for f in msgspec.structs.fields(Config) if f.name != "project"}


def chosen(config: Config, rules: Iterable[Selectable]) -> frozenset[str]:
    """Return the names of the rules to run; raise ConfigError for names that nothing has.

    The nearer name decides: a rule's own beats its group's, a group's beats `ALL`; between
    equals `ignore` wins. A rule in preview runs if it is named itself, or with `preview`.
    """
    rules = tuple(rules)
    known = {"ALL", *(rule.name for rule in rules), *(rule.group for rule in rules)}
    select = ("ALL",) if config.select is None else config.select
    select = (*select, *config.extend_select)
    per_file = [name for names in config.per_file_ignores.values() for name in names]
    asked = (("select", select), ("ignore", config.ignore), ("per-file-ignores", per_file))
    for key, names in asked:
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"`{key}`: no rule or group is called `{name}`{hint(name, known)}"
                )
    for name in config.severity:
        if name not in {rule.name for rule in rules}:
            raise ConfigError(f"`severity`: no rule is called `{name}`{hint(name, known)}")
    ranks = ((rule, _nearness(rule, select), _nearness(rule, config.ignore)) for rule in rules)
    return frozenset(
        rule.name
        for rule, wanted, unwanted in ranks
        if wanted > unwanted and (wanted == 3 or config.preview or not rule.preview)
    )


def _nearness(rule: Selectable, names: Names) -> int:
    tries = ((rule.name, 3), (rule.group, 2), ("ALL", 1))
    return next((rank for name, rank in tries if name in names), 0)


def load(
    start: Path,
    overrides: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path | None = None,
) -> LoadedConfig:
    """Merge the settings that hold for `start`; `overrides` are the command line's, by key.

    `file` names the configuration instead of the nearest one. Raise ConfigError, which names
    the file and the key, for what cannot be read or means nothing.
    """
    path, table = _nearest(start) if file is None else (file, _table(file))
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    layers = [(str(path), _extended(path, table or {}, ()))] if path else []
    layers += [("environment", _environment(environ)), ("command line", dict(overrides))]
    for origin, layer in layers:
        _check(origin, layer)
        _merge(merged, layer)
        origins |= dict.fromkeys(layer, origin)
    if "target-version" not in merged and (told := told_version(start)):
        merged["target-version"], origins["target-version"] = told[0], str(told[1])
    config = msgspec.convert(merged, Config)
    if path and file is None:
        config = msgspec.structs.replace(config, project=str(path.parent))
    _require(config.required_version)
    return LoadedConfig(config, path, origins)


def _nearest(start: Path) -> tuple[Path | None, dict[str, Any] | None]:
    start = Path(os.path.abspath(start))  # noqa: PTH100 - links stay links
    for folder in (start, *start.parents):
        for name in NAMES:
            path = folder / name
            if path.is_file() and (table := _table(path)) is not None:
                return path, table
    return None, None


def _table(path: Path) -> dict[str, Any] | None:
    """Read a file's settings; None for a pyproject.toml without `[tool.asyncfix]`."""
    import tomli  # noqa: PLC0415 - only where there is a file

    try:
        table = tomli.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if path.name != "pyproject.toml":
        return table
    found = table.get("tool", {}).get("asyncfix")
    return found if found is None or isinstance(found, dict) else {"tool.asyncfix": found}


def _extended(path: Path, table: dict[str, Any], seen: tuple[Path, ...]) -> dict[str, Any]:
    """Return a file's settings on top of those that it extends; packs become absolute paths."""
    if path.resolve() in seen:
        raise ConfigError(f"{path}: `extend` comes back to this file")
    _check(str(path), table)
    table = dict(table)
    if "packs" in table:
        table["packs"] = [str(path.parent.resolve() / name) for name in table["packs"]]
    if table.get("baseline"):
        table["baseline"] = str(path.parent.resolve() / table["baseline"])
    if not table.get("extend"):
        return table
    other = path.parent / Path(os.path.expandvars(table["extend"])).expanduser()
    below = _extended(other, _table(other) or {}, (*seen, path.resolve()))
    _merge(below, table)
    return below


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    keys = {_PREFIX + name.upper().replace("-", "_"): name for name in FIELDS}
    found: dict[str, Any] = {}
    for name, value in environ.items():
        if name in keys:
            found[keys[name]] = parse(keys[name], value)
        elif name.startswith(_PREFIX) and (known := hint(name, keys, cutoff=0.9)):
            raise ConfigError(f"environment: unknown variable `{name}`{known}")
    return found


def parse(key: str, value: str) -> Any:  # noqa: ANN401 - as many types as keys
    """Turn the text of an environment variable or an option into what the key takes.

    Lists are separated by commas; tables are `key:value` pairs separated by commas.
    """
    kind = FIELDS[key].type
    words = [word.strip() for word in value.split(",") if word.strip()]
    if "tuple" in str(kind) and "dict" not in str(kind):
        return words
    if "dict" not in str(kind):
        return value if kind is str else _plain(key, value)
    table: dict[str, Any] = {}
    for word in words:
        left, colon, right = word.rpartition(":")
        if not colon or not left:
            raise ConfigError(f"`{key}`: {word!r} should be NAME:VALUE")
        if key == "severity":
            table[left] = right
        else:
            table.setdefault(left, []).append(right)
    return table


def _plain(key: str, value: str) -> Any:  # noqa: ANN401 - as above
    try:
        return msgspec.convert(value, FIELDS[key].type, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"`{key}`: {error}") from error


def _check(origin: str, layer: Mapping[str, Any]) -> None:
    for key in layer:
        if key not in FIELDS:
            raise ConfigError(f"{origin}: unknown key `{key}`{hint(key, FIELDS)}")
    try:
        msgspec.convert(layer, Config)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$.")
        key = re.sub(r"\[\.\.\.\].*", "", place).strip("`") or "settings"
        raise ConfigError(f"{origin}: `{key}`: {what}") from error


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Put settings on top of others; as in Ruff a new `select` starts afresh, the rest adds up."""
    if "select" in above:
        below.pop("ignore", None)
        below.pop("extend-select", None)
    wanted = set(above.get("extend-select", ()))
    below["ignore"] = [name for name in below.get("ignore", ()) if name not in wanted]
    for key, value in above.items():
        if key == "ignore" or key.startswith("extend-"):
            below[key] = [*below.get(key, ()), *value]
        elif key == "severity":
            below[key] = {**below.get(key, {}), **value}
        else:
            below[key] = value


def _require(wanted: str) -> None:
    """Raise ConfigError unless this version is one of `wanted`, such as `>=0.1,<1`."""
    for clause in filter(None, (part.strip() for part in wanted.split(","))):
        match = re.fullmatch(r"(>=|<=|==|!=|>|<|)\s*(\d+(?:\.\d+)*)", clause)
        if not match:
            raise ConfigError(f"`required-version`: cannot read {clause!r}")
        order = _compare(__version__, match[2])
        if order not in {"": "=", "==": "=", ">=": ">=", "<=": "<=", "!=": "<>"}.get(
            match[1], match[1]
        ):
            raise ConfigError(f"this is asyncfix {__version__}, but {wanted} is required")


def _compare(left: str, right: str) -> str:
    numbers = [[int(digits) for digits in re.findall(r"\d+", text)][:4] for text in (left, right)]
    here, there = ([*found, 0, 0, 0, 0][:4] for found in numbers)
    return "=" if here == there else "<" if here < there else ">"


def hint(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return `; did you mean …?` if a known name is close, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for messages

    close = get_close_matches(name, sorted(known), 1, cutoff)
    return f"; did you mean `{close[0]}`?" if close else ""


def json_schema() -> str:
    """Return the JSON schema of the settings in a file."""
    schema = msgspec.json.schema(Config)
    schema["$defs"]["Config"]["properties"].pop("project")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "asyncfix"}
    return msgspec.json.format(msgspec.json.encode({**head, **schema}), indent=2).decode() + "\n"
