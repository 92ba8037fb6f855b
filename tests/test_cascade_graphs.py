"""Generated call graphs across files: a cascade awaits every call of what turns, and no other."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import programs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewriting import rewritten

MODULES = ("first", "own.second", "own.deep.third", "last")
PLAIN, METHOD, OVERRIDE, STATIC, CLASS = "plain", "method", "override", "static", "class"
KINDS = st.sampled_from([PLAIN, PLAIN, METHOD, OVERRIDE, STATIC, CLASS])
IMPORTS = st.sampled_from(["name", "module", "alias", "parent", "inside"])

# A call as a part of rows: `{}` is the call, `{w}` the same where it is awaited in parentheses.
FORMS = st.sampled_from(
    [
        "value += {}",
        "value += sum([{}, 0])",
        "if {}:  # a comment stays\n    value += 1",
        "value += {w}.real",
        "value += [{} + each for each in range(2)][1]",
        "value += len(f'{{{}}}')",
        "value += -{} ** 2",
        "value += max(\n    1,\n    {},  # as it was\n)",
        "for each in range({}):\n    value += each",
        "with nullcontext({}) as entered:\n    value += entered",
        "try:\n    value += {}\nfinally:\n    value += 1",
        "value += (lambda given: given + 1)({})",
        "value = {} if value else {}",
        "value += {{'a': {}}}['a']",
        "assert {} is not None, 'never'",
    ]
)


@dataclass
class Made:
    """A function of a graph: where it is, how it is written, and what it calls, with the forms."""

    number: int
    module: str
    kind: str
    is_async: bool
    calls: list[tuple[Made, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Return the name of the function."""
        return f"f{self.number}"

    @property
    def owner(self) -> str:
        """Return the class that holds it, if one does."""
        return "" if self.kind == PLAIN else f"C{self.number}"

    def is_slow(self) -> bool:
        """Tell whether it sleeps, or calls what does."""
        return self.number == 0 or any(callee.is_slow() for callee, _, _ in self.calls)


@st.composite
def graphs(draw):
    """Draw functions, each of which calls some of those before it; the first of them sleeps."""
    count = draw(st.integers(2, 7))
    places = sorted(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    made: list[Made] = []
    for number, place in enumerate(places):
        is_async = number > 0 and draw(st.integers(0, 3)) == 0
        each = Made(number, MODULES[place], draw(KINDS), is_async)
        fit = [other for other in made if each.is_async or not other.is_async]
        for callee in draw(st.lists(st.sampled_from(fit), max_size=3)) if fit else ():
            each.calls.append((callee, draw(FORMS), draw(IMPORTS)))
        made.append(each)
    return made


def written(graph: list[Made], *, turned: bool) -> dict[str, str]:
    """Write a graph as files, as it is or as a cascade has to leave it."""
    files = {f"{module.replace('.', '/')}.py": "" for module in MODULES}
    files |= {"own/__init__.py": "", "own/deep/__init__.py": ""}
    main = Made(len(graph), "main", PLAIN, is_async=True)
    main.calls = [(each, "value += {}", "name") for each in graph]
    for module in (*MODULES, "main"):
        mine = [each for each in (*graph, main) if each.module == module]
        heads = {row for each in mine for row in imported(each)}
        head = "from contextlib import nullcontext\n"
        if any(each.number == 0 for each in mine):
            head = f"import {'asyncio' if turned else 'time'}\n{head}"
        if module == "main":
            head = f"import asyncio\n{head}"
        body = "".join(definition(each, turned=turned) for each in mine)
        tail = f"\n\nprint(asyncio.run({main.name}()))\n" if module == "main" else ""
        path = f"{module.replace('.', '/')}.py"
        files[path] = head + "".join(sorted(heads)) + body + tail
    return files


def imported(made: Made):
    for callee, _, way in made.calls:
        if callee.module != made.module and way != "inside":
            yield import_of(callee, way)


def import_of(callee: Made, way: str) -> str:
    folder, _, last = callee.module.rpartition(".")
    if way == "parent" and folder:
        return f"from {folder} import {last}\n"
    if way == "alias":
        return f"import {callee.module} as as_{last}\n"
    if way in ("module", "parent"):
        return f"import {callee.module}\n"
    return f"from {callee.module} import {callee.owner or callee.name}\n"


def called(callee: Made, made: Made, way: str) -> str:
    """Write a call as the import of the callee has it."""
    last = callee.module.rpartition(".")[2]
    before = {"alias": f"as_{last}.", "module": f"{callee.module}.", "parent": f"{last}."}
    prefix = "" if callee.module == made.module else before.get(way, "")
    if callee.kind == PLAIN:
        return f"{prefix}{callee.name}()"
    owner = f"{prefix}{callee.owner}"
    if callee.kind == OVERRIDE:
        owner = f"{owner}.Own"
    return f"{owner}{'' if callee.kind in (STATIC, CLASS) else '()'}.{callee.name}()"


def definition(made: Made, *, turned: bool) -> str:
    """Write a function, within a class if it is a method."""
    is_async = made.is_async or (turned and made.is_slow())
    inside = [
        import_of(callee, way).rstrip()
        for callee, _, way in made.calls
        if callee.module != made.module and way == "inside"
    ]
    rows = [*dict.fromkeys(inside), "value = 1"]
    if made.number == 0:
        rows.append("await asyncio.sleep(0.01)" if turned else "time.sleep(0.01)")
    for callee, form, way in made.calls:
        call = called(callee, made, way)
        awaits = callee.is_async or (turned and callee.is_slow())
        told, safe = (f"await {call}", f"(await {call})") if awaits else (call, call)
        count = form.replace("{{", "").replace("{w}", "").count("{}")
        rows += form.format(*([told] * count), w=safe).split("\n")
    rows.append("return value % 1000")
    word = "async def" if is_async else "def"
    parameter = {METHOD: "self", OVERRIDE: "self", CLASS: "cls"}.get(made.kind, "")
    mark = {STATIC: "@staticmethod", CLASS: "@classmethod"}.get(made.kind)
    own = [f"{word} {made.name}({parameter}):", *(f"    {row}" for row in rows)]
    if made.kind == PLAIN:
        return "\n\n" + "".join(f"{row}\n" for row in own)
    if made.kind == OVERRIDE:
        above = "await " if is_async else ""
        base = [f"{word} {made.name}(self):", "    return 1"]
        own[1:1] = [f"    base = {above}super().{made.name}()", "    assert base == 1"]
        inner = ["class Base:", *indented(base), "", "class Own(Base):", *indented(own)]
        return f"\n\nclass {made.owner}:\n" + "".join(f"{row}\n" for row in indented(inner))
    rows = [*([mark] if mark else []), *own]
    return f"\n\nclass {made.owner}:\n" + "".join(f"{row}\n" for row in indented(rows))


def indented(rows):
    return [f"    {row}" if row else row for row in rows]


def told(files: dict[str, str]) -> str:
    """Run the main module; a coroutine that nobody awaits is an error."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = programs.run(Path(folder), "main.py")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@given(graphs())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_cascade_across_files_awaits_every_call_of_what_turns_and_no_other(graph):
    before, expected = (written(graph, turned=turned) for turned in (False, True))

    done = rewritten(before, "cascade")

    assert done.files == expected
    assert len(done.fixes) == 1


@given(graphs())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_cascade_leaves_runs_and_gives_the_same(graph):
    before = written(graph, turned=False)

    assert told(rewritten(before, "cascade").files) == told(before)
