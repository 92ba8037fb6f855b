"""Rule packs: reads and validates the TOML files that say what blocks and what is returned."""

from __future__ import annotations

import re
from functools import cache, cached_property, lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import msgspec
import tomli

from asyncfix.findings import PackError, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Effect = Literal[
    "network", "database", "file", "sleep", "subprocess", "lock", "cpu", "input", "metadata", "loop"
]
Kind = Literal[
    "read",
    "write",
    "execute",
    "insert",
    "add",
    "flush",
    "commit",
    "request",
    "pause",
    "limit",
    "none",
]
_NAME = re.compile(r"[A-Za-z_][\w.]*(\.\*)?\Z")
_CONDITION = re.compile(
    r"(?P<name>\w*)(@(?P<at>\d+))?\s*((?P<operator>==|!=|<|>|is\b|begins\b)\s*(?P<value>\S.*))?\Z"
)


class Condition(msgspec.Struct, frozen=True):
    """A test of one argument: given at all, compared with a literal, or of a type.

    `self begins 'x'` asks about the object that a method is called of.
    """

    name: str
    at: int
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read `name@position`, `name@position == literal` or `name@position is type`."""
        match = _CONDITION.match(text.strip())
        if not match or not (match["name"] or match["at"]):
            raise PackError(f"cannot read the condition {text!r}")
        at = int(match["at"]) if match["at"] else -1
        return cls(match["name"], at, match["operator"] or "", (match["value"] or "").strip())


class Target(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Callables (`names`) or attributes (`reads`) that block, and what to write instead.

    What is done with a file is told where the file is opened, unless it stands `apart`; what is
    `lazy` returns something that blocks anew while it is iterated.
    """

    names: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    rule: str = ""
    effect: Effect | None = None
    severity: Severity | None = None
    replacement: str = ""
    form: Literal["await", "async with", "async for"] = "await"
    applicability: Literal["safe", "unsafe", "display-only"] = "unsafe"
    offload: Literal["safe", "unsafe", "no"] = "unsafe"
    thread_bound: bool = False
    lazy: bool = False
    requires: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    in_memory: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    made: bool = False
    apart: bool = False
    message: str = ""
    notes: str = ""

    @property
    def conditions(self) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """Return what must hold for the call to block, and what keeps it from blocking."""
        return (
            tuple(Condition.parse(text) for text in self.when),
            tuple(Condition.parse(text) for text in self.unless),
        )

    @property
    def memory(self) -> tuple[tuple[Condition, tuple[str, ...]], ...]:
        """Return the arguments that may name what is in memory, and how such names begin."""
        found: dict[tuple[str, int], tuple[Condition, tuple[str, ...]]] = {}
        for each in map(Condition.parse, self.in_memory):
            _, known = found.get((each.name, each.at), (each, ()))
            found[each.name, each.at] = each, (*known, each.value[1:-1])
        return tuple(found.values())


class Query(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Callables (`names`), or last names of targets (`members`), that go to a store once a call.

    `kind` says what they do there; `none` stands for what belongs to another call, `pause` and
    `limit` for what holds a loop back on purpose. `batch` is the form for many items at once.
    `repeatable` tells that a second call with the same arguments costs nothing, or is made to see
    what has changed meanwhile.
    """

    names: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    kind: Kind
    store: str = ""
    batch: str = ""
    statement: str = ""
    repeatable: bool = False


class Client(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Callables (`names`) that make a client or connection which many calls are to share.

    `close` is the method that ends it; `awaits` tells that it belongs to an event loop, `pooled`
    that it keeps its connections and hands them out, `at_once` that the call uses it as well and
    drops it; with an argument of `unless` it is something else, or may be if its type is not known.
    """

    names: tuple[str, ...]
    kind: Literal["http", "database", "cache", "queue", "sdk"]
    close: str = ""
    awaits: bool = False
    pooled: bool = True
    at_once: bool = False
    unless: tuple[str, ...] = ()


class Setting(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What can be set where callables (`names`) are called, or in a dict that a `variable` holds.

    `statements` and `waits` are paths of keys, such as `connect_args.command_timeout`, with the
    seconds that 1 means there: how long a statement may run, how long code waits for a connection
    or a lock. `texts` are paths of texts with settings of PostgreSQL in them. Calls without any of
    `required` wait for ever, which `lacks` explains, and `add` mends. Methods that a class of the
    project has in place of those in `elsewhere`, and a call of `global_default`, may see to it for
    all calls. `pool` has the options of a pool of connections with what to write where they are not
    given; with one of `unpooled` there is none. `advice` says what the lack of an option does, and
    `doubts` what one does that is true; `journal` tells that the call opens a file of SQLite,
    and `watched` how to learn which statements of it are slow; `listens` is the option for that.
    """

    names: tuple[str, ...] = ()
    variable: str = ""
    statements: dict[str, float] = {}
    waits: dict[str, float] = {}
    texts: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    add: str = ""
    lacks: str = ""
    elsewhere: tuple[str, ...] = ()
    global_default: str = ""
    pool: dict[str, str] = {}
    unpooled: tuple[str, ...] = ()
    advice: dict[str, str] = {}
    doubts: dict[str, str] = {}
    journal: bool = False
    watched: str = ""
    listens: str = ""


class Example(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Code that is a test of its rule: `bad` is reported once or more, `good` never."""

    title: str
    bad: str = ""
    good: str = ""
    files: dict[str, str] = {}


class Root(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How a framework takes a function: decorated, passed to a call, a method, or by its name.

    `thread` is the argument that, if true, moves a plain function of the loop to a thread;
    `plain` tells that a plain function in a coroutine's place serves as well, in a thread;
    `gives` holds the types of what the framework passes, in order; `managers` the types of what
    asynchronous context managers take that the framework enters;
    `superseded` names the argument of the application that takes the place of this way.
    """

    kind: str
    decorators: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    argument: str = "@0"
    gives: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    functions: tuple[str, ...] = ()
    sync: Literal["thread", "loop", "process"] = "thread"
    thread: str = ""
    plain: bool = False
    startup: bool = False
    superseded: str = ""


class Caller(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Functions that call one of their arguments before they return."""

    names: tuple[str, ...]
    argument: str = "@0"


class Port(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How code moves from a library's functions to methods of another's asynchronous client.

    `functions` holds their positional parameters; those of `no_follow` do not follow redirects.
    `attributes` says what takes the place of one of the answer, `{}` being the answer itself, and
    `exceptions` which of the new ones an `except` then names, those with a dot by full name.
    """

    to: str
    client: str
    requires: str
    functions: dict[str, tuple[str, ...]]
    no_body: tuple[str, ...] = ()
    no_follow: tuple[str, ...] = ()
    to_client: tuple[str, ...] = ()
    passed: dict[str, str] = {}
    attributes: dict[str, str] = {}
    exceptions: dict[str, tuple[str, ...]] = {}
    authentication: dict[str, str] = {}
    codes: dict[str, str] = {}


class Pack(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One TOML file: a rule, facts about libraries, or both."""

    name: str = ""
    group: str = ""
    check: str = ""
    severity: Severity = Severity.ERROR
    summary: str = ""
    message: str = ""
    why: str = ""
    aliases: tuple[str, ...] = ()
    preview: bool = False
    example: tuple[Example, ...] = ()
    rule: str = ""
    effect: Effect | None = None
    target: tuple[Target, ...] = ()
    query: tuple[Query, ...] = ()
    client: tuple[Client, ...] = ()
    setting: tuple[Setting, ...] = ()
    values: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    watchers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    returns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    bases: dict[str, tuple[str, ...]] = {}
    same: dict[str, str] = {}
    offloads: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    enters: tuple[str, ...] = ()
    concurrent: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    transparent: tuple[str, ...] = ()
    needs_loop: tuple[str, ...] = ()
    own_thread: dict[str, tuple[str, ...]] = {}
    caller: tuple[Caller, ...] = ()
    root: tuple[Root, ...] = ()
    port: dict[str, Port] = {}
    twins: dict[str, str] = {}
    texts: dict[str, str] = {}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong and how to say it; `check` names the module that finds it."""

    name: str
    group: str
    check: str
    severity: Severity
    summary: str
    message: str
    why: str
    aliases: tuple[str, ...]
    preview: bool
    examples: tuple[Example, ...]


class Library(msgspec.Struct, kw_only=True, eq=False):
    """Everything the packs say about code outside the project, by full name; never changed.

    `own` holds the targets of the user's packs, which may be functions of the project itself,
    `weak` the names of methods that tell less than another call on the way, `concurrent` the names
    of callables that let other code run beside the one that calls them, `many` words in names of
    what there is no end of, `watchers` names of what measures statements.
    """

    targets: dict[str, Target] = {}
    reads: dict[str, Target] = {}
    returns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    bases: dict[str, tuple[str, ...]] = {}
    same: dict[str, str] = {}
    offloads: set[str] = set()
    trusted: set[str] = set()
    consumers: set[str] = set()
    wrappers: set[str] = set()
    caches: set[str] = set()
    transparent: set[str] = set()
    needs_loop: set[str] = set()
    own_thread: dict[str, tuple[str, ...]] = {}
    callers: dict[str, str] = {}
    roots: list[Root] = []
    ports: dict[str, Port] = {}
    twins: dict[str, str] = {}
    texts: dict[str, str] = {}
    own: set[str] = set()
    queries: dict[str, Query] = {}
    clients: dict[str, Client] = {}
    settings: dict[str, Setting] = {}
    variables: dict[str, Setting] = {}
    values: set[str] = set()
    many: set[str] = set()
    watchers: set[str] = set()
    services: set[str] = set()
    members: dict[str, Query] = {}
    weak: set[str] = set()
    serves: set[str] = set()
    enters: set[str] = set()
    concurrent: set[str] = set()


class Packs(msgspec.Struct, dict=True):
    """The rules by name, and what is known of libraries."""

    rules: dict[str, Rule]
    library: Library

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the rules of each group."""
        found: dict[str, list[str]] = {}
        for rule in self.rules.values():
            found.setdefault(rule.group, []).append(rule.name)
        return {group: tuple(names) for group, names in found.items()}


@cache
def builtin_texts() -> MappingProxyType[str, str]:
    """Return the packs that come with asyncfix, by file name."""
    root = resources.files("asyncfix.rules")
    texts = {}
    for folder in (root, root / "libraries", root / "frameworks"):
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".toml"):
                texts[f"{folder.name}/{entry.name}"] = entry.read_text(encoding="utf-8")
    return MappingProxyType(texts)


def user_texts(paths: Iterable[str], beside: Path) -> dict[str, str]:
    """Return the user's packs: files, or folders of TOML files, relative to the configuration."""
    texts = {}
    for name in paths:
        path = beside / name
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        for file in files:
            try:
                texts[str(file)] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise PackError(f"cannot read the pack {file}: {error}") from error
    return texts


def load(texts: Mapping[str, str], own: Iterable[str] = ()) -> Packs:
    """Read packs in order; a later one adds to, and overrides, what earlier ones say.

    `own` names the texts that are the user's.
    """
    return _loaded(tuple(texts.items()), frozenset(own))


@lru_cache(maxsize=2)
def _loaded(texts: tuple[tuple[str, str], ...], mine: frozenset[str]) -> Packs:
    rules: dict[str, Rule] = {}
    library = Library()
    for name, text in texts:
        try:
            pack = msgspec.convert(tomli.loads(text), Pack)
        except (tomli.TOMLDecodeError, msgspec.ValidationError) as error:
            raise PackError(f"{name}: {error}") from error
        if pack.name:
            rules[pack.name] = _rule(name, pack)
        _learn(name, pack, library)
        if name in mine:
            library.own.update(each for target in pack.target for each in target.names)
    for name, target in library.targets.items():
        if target.rule not in rules:
            raise PackError(f"the target {name!r} names the rule {target.rule!r}, which is unknown")
    return Packs(rules, library)


def _rule(file: str, pack: Pack) -> Rule:
    for key in ("group", "check", "summary", "message", "why"):
        if not getattr(pack, key):
            raise PackError(f"{file}: a rule needs `{key}`")
    if pack.check not in _checks():
        raise PackError(
            f"{file}: there is no check {pack.check!r}; known are {', '.join(_checks())}"
        )
    return Rule(
        name=pack.name,
        group=pack.group,
        check=pack.check,
        severity=pack.severity,
        summary=pack.summary,
        message=pack.message,
        why=pack.why,
        aliases=pack.aliases,
        preview=pack.preview,
        examples=pack.example,
    )


@cache
def _checks() -> tuple[str, ...]:
    """Return the names of the checks that there are: a module each, and nothing else."""
    files = (Path(__file__).parent / "checks").glob("[a-z]*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files))


def _learn(file: str, pack: Pack, library: Library) -> None:
    for target in pack.target:
        rule = target.rule or pack.rule or pack.name
        effect = target.effect or pack.effect
        if not rule or not effect:
            raise PackError(f"{file}: the target {target.names[:1]} needs a rule and an effect")
        _ = target.conditions
        whole = msgspec.structs.replace(target, rule=rule, effect=effect)
        for name in (*target.names, *target.reads):
            if not _NAME.match(name):
                raise PackError(f"{file}: {name!r} is no full name")
        library.targets.update(dict.fromkeys(target.names, whole))
        library.reads.update(dict.fromkeys(target.reads, whole))
    for query in pack.query:
        for name in query.names:
            if not _NAME.match(name):
                raise PackError(f"{file}: {name!r} is no full name")
        library.queries.update(dict.fromkeys(query.names, query))
        library.members.update(dict.fromkeys(query.members, query))
    for client in pack.client:
        for name in client.names:
            if not _NAME.match(name):
                raise PackError(f"{file}: {name!r} is no full name")
        library.clients.update(dict.fromkeys(client.names, client))
    for setting in pack.setting:
        for name in setting.names:
            if not _NAME.match(name):
                raise PackError(f"{file}: {name!r} is no full name")
        library.settings.update(dict.fromkeys(setting.names, setting))
        if setting.variable:
            library.variables[setting.variable] = setting
    library.values.update(pack.values)
    library.many.update(pack.many)
    library.watchers.update(pack.watchers)
    library.services.update(pack.services)
    library.returns.update(pack.returns)
    library.attributes.update(pack.attributes)
    library.bases.update(pack.bases)
    library.same.update(pack.same)
    library.offloads.update(pack.offloads)
    library.trusted.update(pack.trusted)
    library.weak.update(pack.weak)
    library.serves.update(pack.serves)
    library.enters.update(pack.enters)
    library.concurrent.update(pack.concurrent)
    library.consumers.update(pack.consumers)
    library.wrappers.update(pack.wrappers)
    library.caches.update(pack.caches)
    library.transparent.update(pack.transparent)
    library.needs_loop.update(pack.needs_loop)
    library.own_thread.update(pack.own_thread)
    for caller in pack.caller:
        library.callers.update(dict.fromkeys(caller.names, caller.argument))
    library.roots.extend(pack.root)
    library.ports.update(pack.port)
    library.twins.update(pack.twins)
    library.texts.update(pack.texts)
