"""The twin of a function that asks: it does for many values what that does for one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.findings import Edit, Location
from asyncfix.rewrites.batch.code import (
    STEP,
    indent_of,
    indented,
    inner_rows,
    plural,
    row_end,
    row_start,
    spliced,
)
from asyncfix.rewrites.batch.frame import Called, Frame, Once
from asyncfix.rewrites.batch.parts import Out, head, is_text, returns, serves
from asyncfix.rewrites.batch.prepared import prepared
from asyncfix.rewrites.batch.tried import NOTE, is_calm, tried_in
from asyncfix.rewrites.names import has_generics
from asyncfix.rewrites.references import refuse_faked
from asyncfix.rewrites.workspace import RefusedError
from asyncfix.syntax import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asyncfix.rewrites.batch.frame import Step
    from asyncfix.syntax.tree import Node

    Ask = Callable[[Frame, Step, int], tuple[Once, str]]

_DECORATORS = frozenset(("staticmethod", "classmethod"))
_OLD = re.compile(r"(?<!\.)\b(?:Dict|List|Set|Tuple)(?=\[)")  # as `list[…]` is written beside it
_OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.*)\]|(.*?)\s*\|\s*None", re.DOTALL)
_DEEPEST = 4


class Twin:
    """Writes the twin of a function below it.

    `kind` tells what it gives: a `mapping` with what there is, a complete `dict`, or a `list` in
    the order of the items.
    """

    def __init__(self, outer: Frame, to: Called, ask: Ask, deep: int) -> None:
        self.to = to
        self.workspace = outer.workspace
        self.ask = ask
        self.deep = deep
        self.by = ""
        self.many = plural(to.name)
        self._refuse()
        node = to.node
        body = scopes.block(node)
        self.documented = bool(body) and is_text(body[0])
        self.whole = body[1:] if self.documented else body
        self.outer, self.body = self._divided()
        self.frame = self._framed(self.body)
        self.tried = tried_in(self.outer, to.path, to.name, self.many, self.frame.bound)
        if self.frame.free(self.many) != self.many:
            raise RefusedError(f"`{self.many}` has a meaning in `{node['name'].text}` already")
        self.name = self._named()
        self.kind = "dict"

    def _refuse(self) -> None:
        node = self.to.node
        qualname = self.workspace.project.graph.function(self.to.edge.callee).qualname
        for name in qualname.split("."):
            refuse_faked(self.workspace, name)
        strange = [e["decorator"].text for e in node.all("decorators")]
        if set(strange) - _DECORATORS:
            raise RefusedError(f"`{node['name'].text}` is decorated with `{strange[0]}`")
        if any(each.kind == "Yield" for each in node["body"].own()):
            raise RefusedError(f"`{node['name'].text}` is a generator")
        params = node["params"].all("params")
        before = [each for each in params if each.start < self.to.param.start]
        if self.to.param.has("default") and any(each.has("default") for each in before):
            raise RefusedError(f"`{self.to.name}` has a default, and another parameter before it")
        if any(self.to.name in scopes.bound_by(each) for each in node["body"].own()):
            raise RefusedError(f"`{self.to.name}` is assigned anew")

    def _framed(self, body: Sequence[Node]) -> Frame:
        to = self.to
        names = frozenset((to.name,))
        return Frame(
            self.workspace,
            to.path,
            to.edge.callee,
            to.node,
            to.name,
            names,
            self.many,
            "",
            tuple(body),
            to.annotation,
        )

    def _divided(self) -> tuple[list[Node], list[Node]]:
        """Return the statements that run once, `with` blocks among them, and those per item."""
        frame = self._framed(self.whole)
        places = [(step.start, step.end) for step in frame.steps]
        outer: list[Node] = []
        rest = list(self.whole)
        while rest:
            first = rest[0]
            if _is_tried(first) and len(rest) == 1:
                outer.append(first)
                rest = scopes.block(first)
                continue
            if frame.varies_by_item(first if first.kind != "With" else head(first)):
                break
            if first.kind == "With" and len(rest) == 1:
                outer.append(first)
                rest = scopes.block(first)
            elif serves(first, rest[1:], places):
                outer.append(rest.pop(0))
            elif (count := prepared(frame, rest)) > 0:
                outer += rest[:count]
                del rest[:count]
            else:
                break
        return outer, rest or self.whole

    def _named(self) -> str:
        """Return a name that no function beside this one has, or that of the twin itself."""
        node = self.to.node
        name = node["name"].text
        many = plural(name)
        if many.startswith("all_") or not re.search(r"_?[a-z]+$", name):
            many = f"{name}_by_{self.to.name}"
        if name.strip("_") in ("get", "find", "load", "fetch", "read", "one"):
            many = f"{name}_many"
        taken = {
            each.qualname.rpartition(".")[2]
            for each in self.workspace.facts(self.to.path).functions
        } | set(self.workspace.facts(self.to.path).names)
        candidates = [many, f"{name}_by_{self.to.name}", f"{name}_for_many"]
        if name.endswith(f"_by_{self.to.name}"):
            del candidates[1]
        return next((each for each in candidates if each not in taken), candidates[-1])

    def written(self) -> tuple[Once, str]:
        """Return the twin as an edit of its file, and the code of one answer in terms of it."""
        frame, total = self.frame, Once()
        answers = []
        for step in frame.steps:
            node = self.to.node.tree.at(step.start, step.end)
            if node is not None and frame.varies(node):
                once, answer = self.ask(frame, step, self.deep + 1)
                answers.append(answer)
                total.add(once)
        if not answers:
            raise RefusedError(f"what `{self.to.node['name'].text}` asks is not the item's")
        if total.zipped is not None:
            raise RefusedError("a helper of the helper gives a list")
        whole = set(frame.keys) <= {self.to.name}
        answer = "" if self.tried else self._mapped(total, answers)
        if answer:
            self.kind = "mapping"
            rows = [*total.before[:-1], self._returned(total.before[-1])]
            text = self._function(self._before() + indented(rows, indent_of(self.body[0])))
        else:
            self.kind = "dict" if whole else "list"
            text = self._function(self._looped(total))
        if self.tried is not None:
            total.notes.append(NOTE)
        node = self.to.node
        at = row_end(node)
        in_class = self._indent != STEP
        gap = "\n" if in_class else "\n\n"
        edit = Edit(Location(self.to.path, at, at), gap + text)
        inner = [each for each in total.edits if each.location.path != self.to.path]
        made = Once([], [], list(total.imports), list(total.notes), list(total.doubts))
        made.edits = [*inner, *self._others(total), edit]
        return made, answer

    def _others(self, total: Once) -> list[Edit]:
        """Return the edits of this file that are twins of helpers, not of the copied code."""
        node = self.to.node
        return [
            each
            for each in total.edits
            if each.location.path == self.to.path
            and not (node.start <= each.location.start and each.location.end <= node.end)
        ]

    @property
    def _indent(self) -> str:
        return indent_of(self.whole[0])

    # What it gives

    def _mapped(self, total: Once, answers: Sequence[str]) -> str:
        """Return the answer of a body that does nothing but return it."""
        if len(answers) != 1 or not total.before:
            return ""
        answer = answers[0]
        match = re.fullmatch(r"(\w+)\.get\((.*)\)", answer, re.DOTALL)
        mine = [e for e in total.edits if e.location.path == self.to.path and e.text == answer]
        last = self.body[-1]
        line = last.children[0] if last.kind == "SimpleStatementLine" and last.children else last
        if match is None or len(mine) != 1 or line.kind != "Return" or not line.has("value"):
            return ""
        if line["value"].whole != (mine[0].location.start, mine[0].location.end):
            return ""
        gone = [e for e in total.edits if not e.text and e.location.path == self.to.path]
        for each in self.body[:-1]:
            if not any(e.location.start <= each.start and each.end <= e.location.end for e in gone):
                return ""
        self.by = match[1]
        return answer

    def _returned(self, row: str) -> str:
        """Return the row that gives the mapping back."""
        head = f"{self.by} = "
        return (
            f"return {row.removeprefix(head)}"
            if row.startswith(head)
            else f"{row}\nreturn {self.by}"
        )

    # How it is written

    def _function(self, body: str) -> str:
        node, data = self.to.node, self.to.node.tree.data
        path = self.to.path
        name, param = node["name"], self.to.param
        many = self.many
        if self.to.annotation:
            many += f": {self._as_read(f'list[{self.to.annotation}]')}"
        end = param["annotation"].end if self.to.annotation else param["name"].end
        end = param["default"].whole[1] if param.has("default") else end
        edits = [Edit(Location(path, param["name"].start, end), many)]
        edits.append(Edit(Location(path, name.start, name.end), self.name))
        if node.has("returns"):
            given = node["returns"]["annotation"]
            edits.append(Edit(Location(path, *given.whole), self._annotation(given.text)))
        first = scopes.block(node)[0]
        first_row = spliced(data, name.start, row_start(first), edits).rstrip()
        outer = indent_of(node) if not node.all("decorators") else self._indent[: -len(STEP)]
        decorators = "".join(f"{outer}@{e['decorator'].text}\n" for e in node.all("decorators"))
        word = "async def" if node.is_async else "def"
        told = f'"""Do what `{name.text}` does, for many `{self.to.name}` in one go."""'
        return f"{decorators}{outer}{word} {first_row}\n{self._indent}{told}\n{body}"

    def _annotation(self, returns: str) -> str:
        quoted = returns[:1] in "'\""
        inner = _OLD.sub(lambda found: found[0].lower(), returns.strip("'\""))
        if self.kind == "mapping":
            match = _OPTIONAL.fullmatch(inner)
            inner = (match[1] or match[2]) if match else inner
        key = self.to.annotation.strip("'\"") or "object"
        text = f"list[{inner}]" if self.kind == "list" else f"dict[{key}, {inner}]"
        return f'"{text}"' if quoted else self._as_read(text)

    def _as_read(self, annotation: str) -> str:
        """Quote an annotation that the Python of the project could not evaluate."""
        readable = has_generics(self.workspace) or '"' in annotation
        return annotation if readable else f'"{annotation}"'

    def _looped(self, total: Once) -> str:
        """Return the body: what asks, and the rest of the code per item."""
        rest, out = self.body, Out(self.frame.free("found"), self.kind, self.to.name)
        data, path = self.to.node.tree.data, self.to.path
        self._refuse_steps(rest, total)
        indent = indent_of(rest[0])
        start = "[]" if out.kind == "list" else "{}"
        rows = [*total.before, f"{out.found} = {start}", f"for {self.to.name} in {self.many}:"]
        text = self._before() + indented(rows, indent)
        edits = [e for e in total.edits if e.location.path == path]
        gone = [e.location for e in edits if e.location.start < e.location.end]
        tried = self.tried
        spans = [(at.start, at.end) for at in gone]
        if tried is not None and (tried.raises or is_calm(rest, spans)):
            tried = None
        step = STEP if tried is None else STEP * 2
        edits += returns(rest, out, path, step)
        gone = [e.location for e in edits if e.location.start < e.location.end]
        for each in inner_rows(rest, rest[-1].end):
            if not any(at.start <= each < at.end for at in gone):
                edits.append(Edit(Location(path, each, each), step))
        inner = spliced(data, row_start(rest[0]), row_end(rest[-1]), edits)
        if scopes.surely_bound(rest) is not None:
            inner += indented([f"{step}{out.put('None')}"], indent)
        if tried is not None:
            inner = f"{indent}{STEP}try:\n{inner}{tried.per_item(out, indent + STEP)}"
        text += inner + indented([f"return {out.found}"], indent)
        return text + (self.tried.for_all(out, indent_of(self.tried.node)) if self.tried else "")

    def _before(self) -> str:
        """Return the code that runs once, up to the block in which the rest stands."""
        data, text = self.to.node.tree.data, ""
        for each in self.outer:
            is_block = each.kind in ("With", "Try")
            end = row_start(scopes.block(each)[0]) if is_block else row_end(each)
            text += spliced(data, row_start(each), end, ())
        return text

    def _refuse_steps(self, rest: Sequence[Node], total: Once) -> None:
        """Refuse a body that still asks when it runs per item."""
        spans = [e.location for e in total.edits if e.location.path == self.to.path]
        start, end = rest[0].start, rest[-1].end
        for step in self.frame.steps:
            inside = start <= step.start and step.end <= end
            if inside and not any(s.start <= step.start and step.end <= s.end for s in spans):
                raise RefusedError(f"`{self.to.node['name'].text}` asks something else as well")


def _is_tried(statement: Node) -> bool:
    """Tell whether a statement is a `try` with nothing but handlers."""
    if statement.kind != "Try" or not statement.all("handlers"):
        return False
    return not statement.has("orelse") and not statement.has("finalbody")
