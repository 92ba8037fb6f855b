"""Reads one file's syntax tree once and says what is in it, as facts.

One visitor in one pass, because the tree is dropped at once and every pass over it costs as much
as parsing; that is why this module is longer than the others.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeGuard

from asyncfix import facts
from asyncfix.comments import directives, scanned
from asyncfix.facts import Class, FileFacts, Function, Lazy, Param, Setting, Statement
from asyncfix.lazies import Lazies, Names, is_lock
from asyncfix.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Env = dict[str, tuple[int, ...]]
Guards = tuple[tuple[int, str, bool], ...]

_CONTRACT = re.compile(rb"#\s*asyncfix:\s*(nonblocking|runs-in-thread|blocking\[[\w-]+\])")
_PUTS = {"append": 0, "add": 0, "appendleft": 0, "insert": 1, "setdefault": 1, "put_nowait": 0}
# what tells code whether a loop runs, by a RuntimeError or by its value
_ASKS_FOR_LOOP = re.compile(rb"get_running_loop|get_event_loop|current_task|is_running\(")
_LOOP_PROBES = frozenset(
    ("get_running_loop", "_get_running_loop", "get_event_loop", "current_task")
)
_OFF_LOOP = (-2, facts.NO_LOOP, True)
_CAUGHT = (-2, facts.CAUGHT, True)
_ASKS_AWAITABLE = frozenset(("iscoroutine", "isawaitable", "iscoroutinefunction"))
_IF_AWAITABLE = (-2, facts.AWAITABLE, True)
_SHORT = 2  # statements
_SYSTEMS = (("sys", "platform"), ("os", "name"), ("platform", "system"))
_LONGEST_TEXT = 80
_LONGEST_PREFIX = 24
_LONGEST_SQL = 600
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|replace|merge|upsert|with|truncate|drop|alter|create)\s",
    re.IGNORECASE,
)
_SHORTEST_STATEMENT = 20
_LONGEST_STATEMENT = 20_000
_TOLD_SQL = re.compile(
    r"\A\s*(?:select\s.*\sfrom\s.*\s(?:order\s+by|offset)\s|with\s.*\sas\s*\(.*\soffset\s)"
    r"|\bcreate\s+(?:unique\s+)?(?:table|index)\s|\bjournal_mode\b",
    re.IGNORECASE | re.DOTALL,
)
_COMPARES = {
    ast.Eq: "=",
    ast.In: "=",
    ast.Is: "=",
    ast.Lt: "<",
    ast.LtE: "<",
    ast.Gt: "<",
    ast.GtE: "<",
    ast.NotEq: "!",
    ast.IsNot: "!",
    ast.NotIn: "!",
}
_KNOB = re.compile(
    r"timeout|pool_?size|max_overflow|m(?:in|ax)_size|max_?connections", re.IGNORECASE
)
_FALL_BACK = frozenset(("get", "getenv", "setdefault", "getint", "getfloat", "pop"))
_LARGEST = 1e12
_MOST_KEYS = 16
_ENDINGS = {ast.Break: facts.BREAKS, ast.Return: facts.RETURNS}
_MOST_DEFINITIONS = 6
_first = itemgetter(0)


def extract(path: str, digest: str, text: str) -> FileFacts:
    """Return the facts of one file; a file that does not parse yields its error instead."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return _unparsable(path, digest, text, error)
    reader = _Reader(path, digest, text)
    try:
        return reader.read(tree)
    except RecursionError:
        return _unparsable(path, digest, text, RecursionError("code is nested too deep"))
    finally:
        # its own methods, held in tables, would keep it alive until a garbage collection
        reader.expressions.clear()
        reader.statements.clear()


def _unparsable(path: str, digest: str, text: str, error: Exception) -> FileFacts:
    message = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
    row = (error.lineno or 1) if isinstance(error, SyntaxError) else 1
    lines = text.encode("utf-8", "surrogatepass").splitlines(keepends=True)
    at = sum(map(len, lines[: row - 1]))
    return unparsable(path, message, digest, at)._replace(directives=directives(b"".join(lines)))


def unparsable(path: str, message: str, digest: str = "", at: int = 0) -> FileFacts:
    """Return what is known of a file that cannot be read: why, and where."""
    return FileFacts(
        path,
        digest,
        message,
        at,
        [(facts.UNKNOWN,)],
        [],
        [],
        {},
        (),
        (),
        (),
        ((),),
        {},
        (),
        (),
        (),
        (),
        (),
        (),
    )


class _Scope:
    """A function that is being read: its names so far, and what it does."""

    def __init__(self, index: int, parent: _Scope | None, *, owner: int, qualname: str) -> None:
        self.index = index
        self.parent = parent
        self.owner = owner
        self.qualname = qualname
        self.name = qualname.rpartition(".")[2]
        self.env: Env = {}
        self.all: dict[str, list[int]] = {}
        self.globals: set[str] = set()
        self.outer: set[str] = set()
        self.captured: set[str] = set()
        self.sites: list[int] = []
        self.reads: list[int] = []
        self.read: set[int] = set()
        self.uses: list[int] = []
        self.pauses: list[int] = []
        self.holds: list[int] = []
        self.loopless: dict[str, bool] = {}
        self.results: list[int] = []
        self.yields: list[int] = []
        self.flags = 0
        self.params: dict[str, int] = {}
        self.asked: set[str] = set()
        self.copies: dict[str, int] = {}
        self.cut: dict[str, tuple[int, str]] = {}
        self.pending: list[tuple[ast.AST, int]] = []
        self.loops: list[int] = []
        self.branches: list[int] = []
        self.entered: list[int] = []
        self.depth = 0


class _Reader:
    """Walks a tree in the order in which it runs and writes down facts."""

    def __init__(self, path: str, digest: str, text: str) -> None:
        self.path = path
        self.digest = digest
        data = text.encode("utf-8", "surrogatepass")
        self.starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
        self.directives = directives(data)
        self.contracts = self._contracts(data) if b"asyncfix:" in data else {}
        self.asks_for_loop = _ASKS_FOR_LOOP.search(data) is not None
        self.loop_probes = _LOOP_PROBES
        self.nodes: list[tuple[Any, ...]] = [(facts.UNKNOWN,)]
        self.shared: dict[tuple[Any, ...], int] = {(facts.UNKNOWN,): 0}
        self.functions: list[Function | None] = []
        self.classes = 0
        self.heads: list[tuple[int, Class]] = []
        self.class_names: dict[int, str] = {}
        self.imports: set[str] = set()
        self.names: dict[str, list[int]] = {}
        self.stars: list[tuple[str, int]] = []
        self.puts: list[tuple[int, int]] = []
        self.sets: list[tuple[int, str, int, str]] = []
        self.guard: tuple[tuple[int, str, bool], ...] = ()
        self.left: dict[str, int] = {}
        self.guards: dict[tuple[tuple[int, str, bool], ...], int] = {(): 0}
        self.attributes: list[dict[str, list[int]]] = []
        self.methods: list[dict[str, int]] = []
        self.body: int = -1
        self.awaited: ast.AST | None = None
        self.lazies = Lazies()
        self.rebinds: list[tuple[int, str]] = []
        self.settings: list[Setting] = []
        self.statements_made: list[Statement] = []
        self.quiet = 0
        self.starred = 0
        self.scope = _Scope(0, None, owner=-1, qualname="")
        self.expressions: dict[type, Callable[[Any], int]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Constant: self._constant,
            ast.Subscript: self._subscript,
            ast.Await: self._await,
            ast.BoolOp: self._boolean,
            ast.IfExp: self._conditional,
            ast.List: self._sequence,
            ast.Set: self._sequence,
            ast.Tuple: self._tuple,
            ast.Dict: self._dict,
            ast.Lambda: self._lambda,
            ast.BinOp: self._binary,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: self._formatted,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.NamedExpr: self._walrus,
            ast.Starred: self._starred,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield_from,
            ast.Slice: self._slice,
        }
        self.statements: dict[type, Callable[[Any], bool]] = {
            ast.Expr: self._expression_statement,
            ast.Assign: self._assign,
            ast.AnnAssign: self._annotated_assign,
            ast.AugAssign: self._augmented_assign,
            ast.Return: self._return,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Raise: self._raise,
            ast.FunctionDef: self._function_definition,
            ast.AsyncFunctionDef: self._function_definition,
            ast.ClassDef: self._class_definition,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Global: self._global,
            ast.Nonlocal: self._nonlocal,
            ast.Delete: self._delete,
            ast.Assert: self._assert,
            ast.Match: self._match,
            ast.Break: self._jump,
            ast.Continue: self._jump,
            ast.Pass: self._pass,
        }

    # The whole file

    def read(self, tree: ast.Module) -> FileFacts:
        """Read the module, then the bodies of its functions as they were met."""
        if self.asks_for_loop:
            self.loop_probes |= set(_loop_probes(tree))
        self.functions.append(None)
        scope = self.scope
        self._block(tree.body)
        self._bodies(scope)
        self.functions[0] = self._close(scope, name="<module>", start=0, end=self.starts[-1])
        return FileFacts(
            self.path,
            self.digest,
            "",
            0,
            self.nodes,
            [function for function in self.functions if function],
            [self._complete(index, head) for index, head in sorted(self.heads, key=_first)],
            {name: tuple(dict.fromkeys(values)) for name, values in self.names.items()},
            tuple(self.stars),
            tuple(self.puts),
            tuple(self.sets),
            tuple(self.guards),
            self._calls_by_name(),
            tuple(sorted(self.imports)),
            self.directives,
            self._lazies(),
            tuple(self.rebinds),
            tuple(self.settings),
            tuple(self.statements_made),
        )

    def _lazies(self) -> tuple[Lazy, ...]:
        found = (each.lazy(self.nodes) for each in self.lazies.done)
        return tuple(each for each in found if each and (each.scope != "instance" or each.awaits))

    def _shared_names(self) -> Names:
        """Return what the names of the function that is being read mean."""
        scope = self.scope
        is_class = scope.flags & facts.CLASSMETHOD
        first = next(iter(scope.params), "") if scope.flags & (facts.METHOD | is_class) else ""
        holder = "class" if is_class else "instance"
        return Names(scope.globals, first, holder, self._kind_of_name)

    def _kind_of_name(self, name: str) -> str:
        """Tell what a name from outside the function is: class, function, or another one."""
        if name in self.scope.env or self.scope.index == 0:
            return ""
        bound = {self.nodes[node][0] for node in self.names.get(name, ()) if node}
        if facts.CLASS in bound or (name[:1].isupper() and not name.isupper()):
            return "class"
        if facts.FUNCTION in bound or name == self.scope.name:
            return "function"
        return "module" if name in self.names else ""

    def _calls_by_name(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        nodes = self.nodes
        for node, parts in enumerate(nodes):
            if parts[0] == facts.CALL:
                found.setdefault(self._called_name(nodes[parts[1]]), []).append(node)
        return {name: tuple(calls) for name, calls in found.items()}

    def _called_name(self, callee: tuple[Any, ...]) -> str:
        kind = callee[0]
        if kind in (facts.ATTR, facts.OUTER):
            return str(callee[2])
        if kind == facts.GLOBAL:
            return str(callee[1])
        if kind == facts.IMPORT:
            return str(callee[1]).rpartition(".")[2]
        if kind == facts.FUNCTION:
            function = self.functions[callee[1]]
            return function.name if function else ""
        return self.class_names[callee[1]].rpartition(".")[2] if kind == facts.CLASS else ""

    def _close(self, scope: _Scope, *, name: str, start: int, end: int) -> Function:
        return Function(
            name,
            scope.qualname,
            scope.flags,
            -1,
            -1,
            (),
            0,
            (),
            tuple(scope.sites),
            tuple(scope.reads),
            (),
            (),
            {},
            start,
            end,
            "",
            tuple(scope.loops),
            tuple(scope.branches),
            tuple(scope.entered),
            tuple(scope.uses),
            tuple(scope.pauses),
            tuple(scope.holds),
        )

    def _complete(self, index: int, head: Class) -> Class:
        values = {name: tuple(dict.fromkeys(v)) for name, v in self.attributes[index].items()}
        return head._replace(methods=self.methods[index], attributes=values)

    def _bodies(self, scope: _Scope) -> None:
        for node, index in scope.pending:
            self._function_body(node, index, scope)
        scope.pending = []

    def _contracts(self, data: bytes) -> dict[int, str]:
        """Return what `# asyncfix:` comments promise, by row."""
        found = {}
        for comment in scanned(data).comments:
            match = _CONTRACT.match(data, comment.start)
            if match:
                found[bisect_right(self.starts, comment.start)] = match[1].decode()
        return found

    # Nodes and places

    def _node(self, *parts: Any) -> int:  # noqa: ANN401 - a node holds what its operator says
        found = self.shared.get(parts)
        if found is None:
            found = len(self.nodes)
            self.nodes.append(parts)
            self.shared[parts] = found
        return found

    def _fresh(self, *parts: Any) -> int:  # noqa: ANN401 - as above
        self.nodes.append(parts)
        return len(self.nodes) - 1

    def _union(self, alternatives: Iterable[int]) -> int:
        unique = tuple(dict.fromkeys(each for each in alternatives if each))
        if len(unique) < 2:
            return unique[0] if unique else 0
        return self._node(facts.UNION, unique[-_MOST_DEFINITIONS:])

    def _site(self, kind: int, node: int, at: Any) -> None:  # noqa: ANN401 - any ast node with a place
        if self.quiet:
            return
        starts = self.starts
        guard = self.guards.setdefault(self.guard, len(self.guards)) if self.guard else 0
        self.scope.sites += (
            kind,
            node,
            starts[at.lineno - 1] + at.col_offset,
            starts[at.end_lineno - 1] + at.end_col_offset,
            guard,
        )

    def _end(self, at: Any) -> int:  # noqa: ANN401 - as above
        return int(self.starts[at.end_lineno - 1] + at.end_col_offset)

    def _start(self, at: Any) -> int:  # noqa: ANN401 - as above
        return int(self.starts[at.lineno - 1] + at.col_offset)

    def _made_of(self, nodes: Iterable[int]) -> tuple[int, ...]:
        """Leave out constants, which no value depends on."""
        return tuple(dict.fromkeys(n for n in nodes if n and self.nodes[n][0] > facts.CONST))

    def _literal(self, name: str, nodes: Iterable[int], told: str = "") -> int:
        """Return a literal that is made of other values; `told` is the part that is its own."""
        made = self._made_of(nodes)
        if told:
            return self._node(facts.LITERAL, name, made, told)
        return self._node(facts.LITERAL, name, made) if made else self._node(facts.LITERAL, name)

    def _loop(self, kind: int, span: tuple[int, int, int, int], element: int, mark: int) -> None:
        """Note a loop in which something runs: more sites and reads than there were before it."""
        if self._mark() > mark:
            self.scope.loops += (kind, *span, element, 0)

    def _mark(self) -> int:
        scope = self.scope
        return len(scope.sites) + len(scope.reads) + len(scope.branches) + len(scope.loops)

    def _branch(self, body: Sequence[ast.stmt], test: int = 0, flag: int = 0) -> None:
        """Note a block that runs under a test, leaves the loop, or runs after an exception."""
        ending = _ENDINGS.get(type(body[-1]), 0) + flag
        if test or ending:
            self.scope.branches += (self._start(body[0]), self._end(body[-1]), test, ending)

    def _read(self, kind: int, node: int, at: Any) -> None:  # noqa: ANN401 - as above
        scope = self.scope
        if self.quiet or (node * 8 + kind) in scope.read:
            return
        scope.read.add(node * 8 + kind)
        starts = self.starts
        guard = self.guards.setdefault(self.guard, len(self.guards)) if self.guard else 0
        scope.reads += (
            kind,
            node,
            starts[at.lineno - 1] + at.col_offset,
            starts[at.end_lineno - 1] + at.end_col_offset,
            guard,
        )

    def _use(self, use: int, node: ast.AST, value: int) -> None:
        """Note what becomes of a call that was just read: its site is the last one."""
        sites = self.scope.sites
        if type(node) is ast.Call and sites and sites[-4] == value and not self.quiet:
            self.scope.uses += (len(sites) - facts.SITE, use)

    def _pause(self, kind: int, at: Any) -> None:  # noqa: ANN401 - as above
        starts = self.starts
        self.scope.pauses += (
            kind,
            starts[at.lineno - 1] + at.col_offset,
            starts[at.end_lineno - 1] + at.end_col_offset,
        )

    def _tested(self, node: ast.expr) -> int:
        value = self._expression(node)
        self._use(facts.TESTED, node, value)
        return value

    # Names

    def _bind(self, name: str, value: int) -> None:
        scope = self.scope
        if name in self.left:
            self.left = {key: kind for key, kind in self.left.items() if key != name}
        if self.body >= 0:
            self.attributes[self.body].setdefault(name, []).append(value)
        elif scope.index == 0 or name in scope.globals:
            self.names.setdefault(name, []).append(value)
        elif name in scope.outer:
            self._bind_outer(name, value)
        else:
            scope.env[name] = (value,)
            scope.all.setdefault(name, []).append(value)

    def _bind_outer(self, name: str, value: int) -> None:
        outer = self.scope.parent
        while outer is not None and outer.index:
            if name in outer.all:
                outer.all[name].append(value)
                return
            outer = outer.parent

    def _lookup(self, name: str) -> int:
        scope = self.scope
        if self.body >= 0:
            known = self.attributes[self.body].get(name)
            if known:
                return self._union(known)
        if name in scope.env:
            return self._union(scope.env[name])
        outer = scope if name in scope.outer else None
        outer = scope.parent
        while outer is not None and outer.index:
            if name in outer.all:
                outer.captured.add(name)
                return self._node(facts.OUTER, outer.index, name)
            outer = outer.parent
        return self._node(facts.GLOBAL, name)

    # Expressions

    def _expression(self, node: ast.AST | None) -> int:
        if node is None:
            return 0
        visit = self.expressions.get(type(node))
        if visit is None:
            for child in ast.iter_child_nodes(node):
                self._expression(child)
            return 0
        return visit(node)

    def _quietly(self, node: ast.AST | None) -> int:
        """Read an annotation: it names types and runs nothing."""
        if node is None:
            return 0
        self.quiet += 1
        try:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                return self._quoted(node.value)
            return self._expression(node)
        finally:
            self.quiet -= 1

    def _quoted(self, text: str) -> int:
        if text.isidentifier():
            return self._lookup(text)
        try:
            return self._expression(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return 0

    def _name(self, node: ast.Name) -> int:
        return self._lookup(node.id)

    def _receiver(self, node: ast.expr) -> int:
        """Read what an attribute is taken of: without the classes that a test has ruled out."""
        value = self._expression(node)
        ruled_out = self.left.get(_dotted(node)) if self.left else None
        return self._node(facts.LEFT, value, ruled_out) if ruled_out and value else value

    def _attribute(self, node: ast.Attribute) -> int:
        base = self._receiver(node.value)
        found = self._node(facts.ATTR, base, node.attr)
        self._read(facts.READS, found, node)
        return found

    def _call(self, node: ast.Call) -> int:
        awaited = self.awaited is node
        function = node.func
        if isinstance(function, ast.Attribute):
            callee = self._node(facts.ATTR, self._receiver(function.value), function.attr)
            if function.attr == "done" and not node.args:
                self.scope.asked.add(ast.dump(function.value))
        else:
            callee = self._expression(function)
        arguments = tuple([self._argument(argument) for argument in node.args])
        names: tuple[str, ...] = ()
        values: tuple[int, ...] = ()
        if node.keywords:
            names = tuple([keyword.arg or "**" for keyword in node.keywords])
            values = tuple([self._expression(keyword.value) for keyword in node.keywords])
        if isinstance(function, ast.Name) and function.id == "super" and self.scope.owner >= 0:
            return self._node(facts.SUPER, self.scope.owner)
        if -1 in arguments:
            names = (*names, "*")
            values = (*values, self.starred)
        found = self._node(facts.CALL, callee, arguments, names, values)
        for keyword in node.keywords:
            self._setting(found, keyword.arg or "**", keyword.value)
        if arguments:
            self._positional(found, node)
        if self.scope.asked:
            self._site_if_done(found, node, awaited=awaited)
        else:
            self._site(facts.AWAITS if awaited else facts.CALLS, found, node)
        if self.guard:
            self._forget(node)
        if isinstance(function, ast.Attribute) and function.attr in _PUTS:
            self._put(self.nodes[callee][1], arguments, _PUTS[function.attr])
        return found

    def _site_if_done(self, found: int, node: ast.Call, *, awaited: bool) -> None:
        """Note a call; the result of what was asked if it is done is not waited for."""
        guard, function = self.guard, node.func
        subject = function.value if isinstance(function, ast.Attribute) else None
        takes = _last_name(function) in ("result", "exception")
        if takes and subject is not None and ast.dump(subject) in self.scope.asked:
            self.guard = (*guard, (-1, facts.DONE, True))
        self._site(facts.AWAITS if awaited else facts.CALLS, found, node)
        self.guard = guard

    def _forget(self, node: ast.Call) -> None:
        """Forget what is known of attributes of objects that a call may change."""
        if any(test.startswith(facts.OF) for _, test, _ in self.guard):
            given = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            names = [each.id for each in (*given, *node.args) if isinstance(each, ast.Name)]
            changed = [self.scope.params[name] for name in names if name in self.scope.params]
            self.guard = tuple(
                each
                for each in self.guard
                if each[0] not in changed or not each[1].startswith(facts.OF)
            )

    def _argument(self, node: ast.AST) -> int:
        if isinstance(node, ast.Starred):
            value = self.starred = self._expression(node.value)
            self._site(facts.ITERATES, value, node.value)
            return -1
        return self._expression(node)

    def _put(self, container: int, arguments: tuple[int, ...], at: int) -> None:
        if len(arguments) > at and arguments[at] > 0 and container:
            self.puts.append((container, arguments[at]))

    def _constant(self, node: ast.Constant) -> int:
        value = node.value
        if isinstance(value, str):
            if self.quiet:
                return self._quoted(value) or self._node(facts.LITERAL, "str")
            if len(value) > _SHORTEST_STATEMENT and _TOLD_SQL.search(value):
                self._statement(value, node)
            if len(value) > _LONGEST_TEXT:
                return self._literal("str", (), _sql(value))
            return self._node(facts.CONST, value.encode("utf-8", "replace").decode(), "str")
        if value is None or isinstance(value, bool | float):
            return self._node(facts.CONST, value, type(value).__name__)
        if isinstance(value, int) and -(2**31) < value < 2**31:
            return self._node(facts.CONST, value, "int")
        return self._node(facts.LITERAL, type(value).__name__)

    def _subscript(self, node: ast.Subscript) -> int:
        base = self._expression(node.value)
        if self.quiet and _last_name(node.value) == "Literal":
            return 0
        index = self._expression(node.slice)
        found = self._node(facts.ITEM, base, index)
        self._read(facts.GETS_ITEM, found, node)
        return found

    def _await(self, node: ast.Await) -> int:
        outer = self.awaited
        self.awaited = node.value
        value = self._expression(node.value)
        self.awaited = outer
        self._pause(facts.AT_AWAIT, node)
        if self.lazies.open:
            self.lazies.waits(node, self._shared_names())
        return self._node(facts.AWAIT, value)

    def _boolean(self, node: ast.BoolOp) -> int:
        guard, env = self.guard, self.scope.env
        holds = isinstance(node.op, ast.And)
        found = []
        for value in node.values:
            # the last value is what the whole gives, so that it is not only tested
            read = self._expression if value is node.values[-1] else self._tested
            found.append(read(value))
            self.guard = self.guard + self._guards(value, holds=holds)
            narrowed = self._narrow(value, holds=holds)
            if narrowed:
                self.scope.env = {**self.scope.env, **narrowed}
        self.guard = guard
        self.scope.env = {**env, **_bound_since(env, self.scope.env, node)}
        return self._union(found)

    def _conditional(self, node: ast.IfExp) -> int:
        self._tested(node.test)
        guard = self.guard
        narrowed, env = self._narrow(node.test), self.scope.env
        self.scope.env = {**env, **narrowed} if narrowed else env
        self.guard = guard + self._conditions(node.test, holds=True)
        then = self._expression(node.body)
        self.scope.env = env
        self.guard = guard + self._conditions(node.test, holds=False)
        other = self._expression(node.orelse)
        self.guard = guard
        return self._union((then, other))

    def _sequence(self, node: ast.List | ast.Set) -> int:
        if not node.elts:
            return self._fresh(facts.EMPTY, "list")
        found = tuple(max(self._argument(element), 0) for element in node.elts)
        return self._fresh(facts.SEQUENCE, tuple(dict.fromkeys(found))[:8])

    def _tuple(self, node: ast.Tuple) -> int:
        return self._node(facts.TUPLE, tuple(max(self._argument(each), 0) for each in node.elts))

    def _dict(self, node: ast.Dict) -> int:
        if not node.values:
            return self._fresh(facts.EMPTY, "dict")
        for key in node.keys:
            if key is not None and not isinstance(key, ast.Constant):
                self._expression(key)
        values = tuple([self._expression(value) for value in node.values])
        keys = tuple([_key(key) for key in node.keys])
        if not all(keys) or len(keys) > _MOST_KEYS:
            return self._fresh(facts.DICT, tuple(dict.fromkeys(v for v in values if v))[:12])
        found = self._fresh(facts.DICT, values, "\x1f".join(keys))
        for name, given in zip(keys, node.values, strict=True):
            self._setting(found, name, given)
        return found

    # Settings

    def _statement(self, text: str, at: ast.expr) -> None:
        """Note a text in SQL; one that is too long is cut, after which it is no statement."""
        told = " ".join(text[:_LONGEST_STATEMENT].split()).encode("utf-8", "replace").decode()
        if not any(each.start == self._start(at) for each in self.statements_made[-1:]):
            self.statements_made.append(Statement(told, self._start(at), self._end(at)))

    def _setting(self, node: int, key: str, given: ast.expr) -> None:
        """Note what is given under a name, if it is a number for a timeout, or a text of one."""
        value = (
            self._told(given)
            if isinstance(given, ast.Constant | ast.BinOp | ast.JoinedStr)
            else None
        )
        if value is None or self.quiet:
            return
        text = str(value) if isinstance(value, str) and "{" in value else key + str(value)
        if _is_knob(text):
            self.settings.append(Setting(node, key, value, self._start(given), self._end(given)))

    def _told(self, given: ast.expr) -> float | str | None:
        """Return the number or the text that an expression spells out."""
        if isinstance(given, ast.Constant):
            value = given.value
            if isinstance(value, str):
                return (
                    value.encode("utf-8", "replace").decode() if len(value) < _LONGEST_SQL else None
                )
            if isinstance(value, bool) or not isinstance(value, int | float):
                return None
            return float(value) if abs(value) < _LARGEST else None
        if isinstance(given, ast.BinOp):
            pair = self._told(given.left), self._told(given.right)
            is_product = isinstance(given.op, ast.Mult) and all(isinstance(n, float) for n in pair)
            return pair[0] * pair[1] if is_product else None  # type: ignore[operator]
        return self._template(given) if isinstance(given, ast.JoinedStr) else None

    def _template(self, node: ast.JoinedStr) -> str | None:
        """Return an f-string with the nodes of what is put in, if it tells of a timeout."""
        fixed = "".join(str(each.value) for each in node.values if isinstance(each, ast.Constant))
        if "timeout" not in fixed:
            return None
        quiet, self.quiet = self.quiet, 1
        parts = [
            str(each.value)
            if isinstance(each, ast.Constant)
            else f"{{{self._expression(getattr(each, 'value', None))}}}"
            for each in node.values
        ]
        self.quiet = quiet
        return "".join(parts)

    def _positional(self, found: int, node: ast.Call) -> None:
        """Note texts that are passed by position, and what `get("timeout", 60)` falls back on."""
        first, *rest = node.args
        if isinstance(first, ast.JoinedStr) or "=" in str(getattr(first, "value", "")):
            self._setting(found, "@0", first)
        if rest and len(rest) == 1 and _last_name(node.func) in _FALL_BACK:
            name = first.value if isinstance(first, ast.Constant) else None
            value = self._told(rest[0]) if isinstance(rest[0], ast.Constant | ast.BinOp) else None
            if isinstance(name, str) and _is_knob(name) and value is not None:
                at = rest[0]
                self.settings.append(Setting(found, "", value, self._start(at), self._end(at)))

    def _named(self, name: str, given: ast.expr | None) -> None:
        """Note what a variable, attribute or parameter is set to in numbers, or an empty dict."""
        if isinstance(given, ast.Dict | ast.Call) and _is_empty_dict(given):
            self.settings.append(Setting(0, name, "{}", self._start(given), self._end(given)))
        if given is None or not _is_knob(name):
            return
        if isinstance(given, ast.Call) and _last_name(given) in ("Field", "field"):
            defaults = [k.value for k in given.keywords if k.arg == "default"]
            given = next(iter((*given.args, *defaults)), given)
        value = self._told(given) if isinstance(given, ast.Constant | ast.BinOp) else None
        if value is not None:
            self.settings.append(Setting(0, name, value, self._start(given), self._end(given)))

    def _lambda(self, node: ast.Lambda) -> int:
        index = self._declare(node, "<lambda>")
        return self._node(facts.FUNCTION, index)

    def _binary(self, node: ast.BinOp) -> int:
        left = self._operand(node.left)
        right = self._operand(node.right)
        if isinstance(node.op, ast.BitOr):
            return self._union((left, right))
        if isinstance(node.op, ast.Div):
            return self._node(facts.BINARY, left, right)
        is_text = self.nodes[left][0] == facts.PREFIX or self.nodes[left][2:] == ("str",)
        if isinstance(node.op, ast.Add):
            if not is_text:
                return self._union((left, right))
            return self._made_text(self._prefix_of(left), (left, right), _text(self.nodes[left]))
        if isinstance(node.op, ast.Mod):
            if is_text:
                begin = self._prefix_of(left, until="%")
                return self._made_text(begin, (left, right), _text(self.nodes[left]))
            return self._node(facts.MADE, self._made_of((left, right)), left) if left else 0
        made = self._made_of((left, right))
        return self._node(facts.MADE, made, 0) if made else 0

    def _made_text(self, begin: int, made_of: Iterable[int], sql: str) -> int:
        """Return a text of which the beginning is known, and what it is made of."""
        parts = self.nodes[begin]
        if parts[0] != facts.PREFIX:
            return self._literal("str", made_of, sql)
        return self._node(facts.PREFIX, parts[1], parts[2], self._made_of(made_of))

    def _prefix_of(self, text: int, until: str = "") -> int:
        """Say that a text begins with another one, if that looks like a path or an address."""
        parts = self.nodes[text]
        if parts[0] != facts.CONST:
            return text if parts[0] == facts.PREFIX else self._node(facts.LITERAL, "str")
        return self._beginning(parts[1].partition(until)[0] if until else parts[1])

    def _beginning(self, text: str) -> int:
        begin = text[:_LONGEST_PREFIX].encode("utf-8", "replace").decode()
        if "/" not in begin:
            return self._node(facts.LITERAL, "str")
        return self._node(facts.PREFIX, self._node(facts.CONST, begin, "str"), "")

    def _operand(self, node: ast.expr) -> int:
        value = self._expression(node)
        self._use(facts.COMPUTED, node, value)
        return value

    def _unary(self, node: ast.UnaryOp) -> int:
        value = self._tested(node.operand)
        constant = self.nodes[value]
        is_number = constant[0] == facts.CONST and isinstance(constant[1], int | float)
        if isinstance(node.op, ast.USub) and is_number:
            return self._node(facts.CONST, -constant[1], constant[2])
        return self._literal("bool", (value,)) if isinstance(node.op, ast.Not) else 0

    def _compare(self, node: ast.Compare) -> int:
        values = [self._operand(node.left)]
        for operator, right in zip(node.ops, node.comparators, strict=True):
            value = self._operand(right)
            values.append(value)
            if isinstance(operator, ast.In | ast.NotIn) and self.nodes[value][0] > facts.LITERAL:
                self._read(facts.CONTAINS, value, right)
        if len(node.ops) == 1 and isinstance(node.left, ast.Attribute) and values[0]:
            how = _COMPARES[type(node.ops[0])]
            return self._node(facts.LITERAL, "bool", self._made_of(values), "", how)
        return self._literal("bool", values)

    def _joined(self, node: ast.JoinedStr) -> int:
        parts = [
            self._formatted(value) if type(value) is ast.FormattedValue else 0
            for value in node.values
        ]
        begin = self._begins(node.values, parts)
        fixed = [each.value if isinstance(each, ast.Constant) else "{}" for each in node.values]
        if not self.quiet and _TOLD_SQL.search(text := "".join(map(str, fixed))):
            self._statement(text, node)
        return self._made_text(begin, parts, _joined_sql(node.values))

    def _begins(self, values: Sequence[ast.expr], parts: Sequence[int]) -> int:
        """Return the beginning of an f-string, if it looks like a path or an address."""
        first, rest = values[:1], values[1:2]
        if first and isinstance(first[0], ast.Constant):
            return self._beginning(str(first[0].value))
        if rest and parts[0] and isinstance(rest[0], ast.Constant):
            after = str(rest[0].value)
            if after.startswith("/"):
                return self._node(facts.PREFIX, parts[0], "/")
        return 0

    def _formatted(self, node: ast.FormattedValue) -> int:
        if node.format_spec:
            self._expression(node.format_spec)
        value = self._expression(node.value)
        self._use(facts.FORMATTED, node.value, value)
        return value

    def _comprehension(self, node: Any) -> int:  # noqa: ANN401 - four kinds of comprehension
        saved, body = self.scope.env, self.body
        scope_is_module = self.scope.index == 0 or body >= 0
        self.scope.env = dict(saved)
        loops = []
        self.scope.depth += 1
        for generator in node.generators:
            value = self._iterable(generator.iter, awaited=bool(generator.is_async))
            if generator.is_async:
                self._pause(facts.AT_ASYNC_FOR, generator.iter)
                element = self._node(facts.AELEMENT, value)
            else:
                self._site(facts.ITERATES, value, generator.iter)
                element = self._node(facts.ELEMENT, value)
            self._comprehension_target(generator.target, element, local=scope_is_module)
            loops.append((generator, element, self._mark()))
            for test in generator.ifs:
                self._tested(test)
        if isinstance(node, ast.DictComp):
            self._expression(node.key)
            found = self._fresh(facts.DICT, (self._expression(node.value),))
        else:
            found = self._fresh(facts.SEQUENCE, (self._expression(node.elt),))
        self.scope.env = saved
        self.scope.depth -= 1
        self._comprehended(node, loops, found)
        return found

    def _comprehended(self, node: Any, loops: Sequence[Any], made: int) -> None:  # noqa: ANN401 - as above
        """Note the loops of a comprehension, each of which runs all but what stands before it."""
        now, first = self._mark(), self._start(node.generators[0].target)
        for generator, element, mark in loops:
            if now > mark and not self.quiet:
                is_async = generator.is_async
                kind = facts.ASYNC_COMPREHENSION if is_async else facts.COMPREHENSION
                span = (self._start(node), self._end(node), first, self._end(generator.iter))
                self.scope.loops += (kind, *span, element, made)

    def _iterable(self, node: ast.expr, *, awaited: bool) -> int:
        """Read what a loop runs over; a call that `async for` takes can be no blocking one."""
        outer = self.awaited
        self.awaited = node if awaited else None
        value = self._expression(node)
        self.awaited = outer
        return value

    def _comprehension_target(self, target: ast.expr, value: int, *, local: bool) -> None:
        if not local:
            self._target(target, value)
            return
        for name, bound in self._flatten(target, value):
            self.scope.env[name] = (bound,)

    def _flatten(self, target: ast.expr, value: int) -> Iterable[tuple[str, int]]:
        if isinstance(target, ast.Name):
            yield target.id, value
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                yield from self._flatten(element, self._node(facts.UNPACKED, value, index))

    def _walrus(self, node: ast.NamedExpr) -> int:
        value = self._expression(node.value)
        self._bind(node.target.id, value)
        return value

    def _starred(self, node: ast.Starred) -> int:
        self._expression(node.value)
        return 0

    def _yield(self, node: ast.Yield) -> int:
        value = self._expression(node.value)
        self.scope.flags |= facts.GENERATOR
        self.scope.yields.append(value)
        self._pause(facts.AT_YIELD, node)
        return 0

    def _yield_from(self, node: ast.YieldFrom) -> int:
        value = self._expression(node.value)
        self._site(facts.ITERATES, value, node.value)
        self.scope.flags |= facts.GENERATOR
        self.scope.yields.append(self._node(facts.ELEMENT, value))
        return 0

    def _slice(self, node: ast.Slice) -> int:
        parts = (node.lower, node.upper, node.step)
        return self._literal("slice", [self._expression(part) for part in parts], _most(node))

    # Statements: each returns whether the one after it can run

    def _block(self, body: Sequence[ast.stmt]) -> bool:
        guard, left, opened = self.guard, self.left, self.lazies.open
        falls = True
        for statement in body:
            visit = self.statements.get(type(statement))
            if visit is None:
                self._other_statement(statement)
            elif not visit(statement):
                falls = False
                break
        self.guard, self.left, self.lazies.open = guard, left, opened
        return falls

    def _other_statement(self, node: ast.stmt) -> None:
        if type(node).__name__ == "TypeAlias":
            self._bind(node.name.id, self._quietly(node.value))  # type: ignore[attr-defined]
            return
        for child in ast.iter_child_nodes(node):
            self._expression(child)

    def _expression_statement(self, node: ast.Expr) -> bool:
        value = node.value
        if not isinstance(value, ast.Constant):
            self._use(facts.DROPPED, value, self._expression(value))
        return not _exits(value)

    def _assign(self, node: ast.Assign) -> bool:
        value = self._expression(node.value)
        if self.asks_for_loop:
            self._note_probe(node.targets[0], node.value)
        for target in node.targets:
            if _pairs(target, node.value):
                for element, part in zip(target.elts, self.nodes[value][1], strict=True):
                    self._target(element, part)
                continue
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Call):
                self._site(facts.ITERATES, value, node.value)
            self._target(target, value)
            key = target.slice if isinstance(target, ast.Subscript) else target
            name = str(key.value) if isinstance(key, ast.Constant) else _last_name(target)
            if not isinstance(target, ast.Name) or not self.scope.index or _is_knob(name):
                self._named(name, node.value)
        return True

    def _annotated_assign(self, node: ast.AnnAssign) -> bool:
        annotation = self._quietly(node.annotation)
        value = self._expression(node.value) if node.value else 0
        if self.asks_for_loop and node.value:
            self._note_probe(node.target, node.value)
        self._target(node.target, self._node(facts.ANNOTATED, annotation, value))
        self._named(_last_name(node.target), node.value)
        return True

    def _note_probe(self, target: ast.expr, value: ast.expr) -> None:
        """Note a name that is set to what is false where no loop runs: the loop, or if one runs."""
        is_loop = isinstance(value, ast.Call) and _last_name(value.func) in self.loop_probes
        if isinstance(target, ast.Name) and (is_loop or _is_running(value)):
            self.scope.loopless[target.id] = False

    def _augmented_assign(self, node: ast.AugAssign) -> bool:
        value = self._operand(node.value)
        if isinstance(node.target, ast.Name):
            before = self._lookup(node.target.id)
            self._bind(node.target.id, self._union((before, value)))
        else:
            self._target(node.target, value)
        return True

    def _target(self, target: ast.expr, value: int) -> None:
        if self.lazies.open and value:
            self.lazies.set(target, value, self._shared_names())
        if isinstance(target, ast.Name):
            self._bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            self._set_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            base = self._expression(target.value)
            index = self._expression(target.slice)
            self._site(facts.SETS_ITEM, self._node(facts.ITEM, base, index), target)
            if base and value:
                self.puts.append((base, value))
                key = self.nodes[index]
                if key[0] == facts.CONST and isinstance(key[1], str):
                    self.sets.append((base, f"[{key[1]}]", value, _last_name(target.value)))
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                if isinstance(element, ast.Starred):
                    self._target(element.value, self._fresh(facts.EMPTY, "list"))
                else:
                    self._target(element, self._node(facts.UNPACKED, value, index))

    def _set_attribute(self, target: ast.Attribute, value: int) -> None:
        base = self._expression(target.value)
        owner = self._owner(base)
        if owner >= 0:
            self.attributes[owner].setdefault(target.attr, []).append(value)
        elif base:
            self.sets.append((base, target.attr, value, _last_name(target.value)))
        if isinstance(target.value, ast.Name):
            parts = self.nodes[value]
            mine = parts[0] == facts.PARAM and parts[1] == self.scope.index
            self.scope.copies[f"{target.value.id}.{target.attr}"] = parts[2] if mine else -1
        # a value that was just stored is what later reads of this path in the function give
        found = self._node(facts.ATTR, base, target.attr)
        self.scope.read.discard(found * 8 + facts.READS)
        self._site(facts.SETS, found, target)

    def _owner(self, base: int) -> int:
        """Return the class whose `self` or `cls` this is, or -1."""
        node = self.nodes[base]
        if node[0] == facts.OUTER:
            scope: _Scope | None = self.scope
            while scope is not None and scope.index != node[1]:
                scope = scope.parent
            values = scope.all.get(node[2], ()) if scope else ()
            node = self.nodes[values[0]] if len(values) == 1 else node
            if scope is not None and node[0] == facts.PARAM and node[2] == 0:
                return scope.owner if scope.flags & facts.METHOD else -1
            return -1
        scope = self.scope
        if node[0] == facts.PARAM and node[2] == 0 and node[1] == scope.index:
            return scope.owner if scope.flags & facts.METHOD else -1
        return -1

    def _return(self, node: ast.Return) -> bool:
        if node.value is not None:
            self.scope.results.append(self._expression(node.value))
        return False

    def _raise(self, node: ast.Raise) -> bool:
        self._expression(node.exc)
        self._expression(node.cause)
        return False

    def _jump(self, _node: ast.stmt) -> bool:
        return False

    def _pass(self, _node: ast.Pass) -> bool:
        return True

    def _assert(self, node: ast.Assert) -> bool:
        self._tested(node.test)
        self._expression(node.msg)
        self.scope.env.update(self._narrow(node.test))
        return True

    def _delete(self, node: ast.Delete) -> bool:
        for target in node.targets:
            if isinstance(target, ast.Subscript | ast.Attribute):
                base = self._expression(target.value)
                index = self._expression(getattr(target, "slice", None))
                if isinstance(target, ast.Subscript):
                    deleting = self._node(facts.ATTR, base, "__delitem__")
                    self._node(facts.CALL, deleting, (index,), (), ())
        return True

    def _if(self, node: ast.If) -> bool:
        constant = _truth(node.test)
        if constant is not None:
            return self._block(node.body if constant else node.orelse)
        test = self._tested(node.test)
        scope = self.scope
        if scope.depth:
            self._branches(node, test)
        opened = self.lazies.open
        stays = self._opens(node) if scope.index else False
        if stays:
            opened = self.lazies.open
        before = scope.env
        guard, left = self.guard, self.left
        if_true = guard + self._conditions(node.test, holds=True)
        if_false = guard + self._conditions(node.test, holds=False) + self._until_set(node)
        scope.env = {**before, **self._narrow(node.test)}
        self.guard = if_true + self._once(node)
        self.left = {**left, **self._ruled_out(node.test, holds=True)}
        then_falls = self._block(node.body)
        then, self.lazies.open = scope.env, opened
        scope.env = {**before, **self._narrow(node.test, holds=False)}
        self.guard = if_false
        self.left = {**left, **self._ruled_out(node.test, holds=False)}
        other_falls = self._block(node.orelse)
        other = scope.env
        self.left = left if then_falls else self.left
        if then_falls and other_falls:
            scope.env = _merged(then, other)
            self.guard = guard
            self._note_cut(node, if_true)
        elif then_falls:
            scope.env, self.guard = then, if_true
        else:
            scope.env, self.guard = other, if_false
        return then_falls or other_falls

    def _branches(self, node: ast.If, test: int) -> None:
        negated = _is_negative(node.test)
        self._branch(node.body, test, facts.NEGATED if negated else 0)
        if node.orelse:
            self._branch(node.orelse, test, 0 if negated else facts.NEGATED)

    def _opens(self, node: ast.If) -> bool:
        """Note a test of whether something shared is set; tell whether it holds after the `if`."""
        test = node.test
        span = self._start(test), self._end(test)
        return self.lazies.tested(self.scope.index, node, self._shared_names(), span)

    def _conditions(self, test: ast.expr, *, holds: bool) -> Guards:
        """Say what a test tells about parameters and about the loop."""
        guards = self._guards(test, holds=holds)
        if self._may_be_off_loop and self._is_off_loop(test, holds=holds):
            return (*guards, _OFF_LOOP)
        is_asked = holds and isinstance(test, ast.Call) and _last_name(test.func) in _ASKS_AWAITABLE
        return (*guards, _IF_AWAITABLE) if is_asked else guards

    def _ruled_out(self, test: ast.expr, *, holds: bool) -> dict[str, int]:
        """Return the receivers of which a test rules out classes, by `isinstance` or `hasattr`."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._ruled_out(test.operand, holds=not holds)
        if isinstance(test, ast.BoolOp) and holds == isinstance(test.op, ast.And):
            found = (self._ruled_out(value, holds=holds) for value in test.values)
            return {subject: kind for each in found for subject, kind in each.items()}
        if not isinstance(test, ast.Call):
            return {}
        subject, attribute = _asked_for(test)
        if attribute:
            told = facts.LACKING + attribute if holds else attribute
            return {subject: self._node(facts.CONST, told, "str")}
        is_kind = _dotted(test.func) == "isinstance" and len(test.args) == 2
        if is_kind and not holds and _dotted(test.args[0]):
            kind = test.args[1]
            kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
            return {_dotted(test.args[0]): self._union(self._quietly(each) for each in kinds)}
        return {}

    @property
    def _may_be_off_loop(self) -> bool:
        return self.asks_for_loop and not self.scope.flags & facts.ASYNC

    def _is_off_loop(self, test: ast.expr, *, holds: bool) -> bool:
        """Tell whether a test comes out so only where no loop runs: `if not loop.is_running()`."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._is_off_loop(test.operand, holds=not holds)
        if isinstance(test, ast.BoolOp):
            found = [self._is_off_loop(value, holds=holds) for value in test.values]
            return any(found) if holds == isinstance(test.op, ast.And) else all(found)
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot):
            if _is_none(test.comparators[0]):
                return self._is_off_loop(test.left, holds=holds != isinstance(test.ops[0], ast.Is))
            return False
        if isinstance(test, ast.Name):
            return self.scope.loopless.get(test.id) is holds
        return not holds and _is_running(test)

    def _guards(self, test: ast.expr, *, holds: bool) -> tuple[tuple[int, str, bool], ...]:
        """Say what a test tells about parameters: `if create`, `if not create`, `if x is None`."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._guards(test.operand, holds=not holds)
        if isinstance(test, ast.BoolOp) and holds == isinstance(test.op, ast.And):
            return tuple(g for value in test.values for g in self._guards(value, holds=holds))
        if _is_windows(test) is holds:
            return ((-1, facts.WINDOWS, True),)
        if not self.scope.params:
            return ()
        if isinstance(test, ast.Name | ast.Attribute):
            param, of = self._subject(test)
            return () if param < 0 else ((param, of + facts.TRUE, holds),)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test, holds=holds)
        if isinstance(test, ast.Call):
            return self._asked(test, holds=holds)
        return ()

    def _compared(self, test: ast.Compare, *, holds: bool) -> Guards:
        left, right, operator = test.left, test.comparators[0], test.ops[0]
        outcome = holds == isinstance(operator, ast.In | ast.Is | ast.Eq)
        param, of = self._subject(left)
        if param < 0:
            return self._overriding(left, right, outcome=outcome)
        if isinstance(operator, ast.In | ast.NotIn):
            values = right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else []
            constants = [each.value for each in values if isinstance(each, ast.Constant)]
            if not values or len(constants) < len(values):
                return ()
            return ((param, of + facts.ONE_OF + "".join(map(facts.told, constants)), outcome),)
        if not isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            return ()
        if not isinstance(right, ast.Constant):
            return () if of else ((param, f"{facts.SAME}{self._quietly(right)}", outcome),)
        if right.value is None:
            return ((param, of + facts.NONE, outcome),)
        if isinstance(right.value, bool):
            return ((param, of + facts.TRUE, outcome == right.value),)
        return ((param, of + facts.ONE_OF + facts.told(right.value), outcome),)

    def _overriding(self, left: ast.expr, right: ast.expr, *, outcome: bool) -> Guards:
        """Read `type(self).name is Base.name`."""
        if not isinstance(left, ast.Attribute) or not isinstance(right, ast.Attribute):
            return ()
        kind = left.value
        if isinstance(kind, ast.Call) and _last_name(kind) == "type" and len(kind.args) == 1:
            subject = kind.args[0]
        elif isinstance(kind, ast.Attribute) and kind.attr == "__class__":
            subject = kind.value
        else:
            return ()
        if left.attr != right.attr or not isinstance(subject, ast.Name):
            return ()
        if self._owner(self._lookup(subject.id)) < 0:
            return ()
        base = self._quietly(right.value)
        return ((0, f"{facts.OVERRIDES}{left.attr}:{base}", not outcome),)

    def _asked(self, test: ast.Call, *, holds: bool) -> Guards:
        """Read `param.startswith("x")` and `isinstance(param, X)`."""
        function, given = test.func, test.args
        if isinstance(function, ast.Attribute) and function.attr == "startswith" and given:
            if isinstance(function.value, ast.Name) and isinstance(given[0], ast.Constant):
                return self._starting(function.value.id, given[0].value, holds=holds)
        elif isinstance(function, ast.Name) and function.id == "isinstance" and len(given) == 2:
            param = self._unbound_param(given[0].id) if isinstance(given[0], ast.Name) else -1
            kinds = given[1].elts if isinstance(given[1], ast.Tuple) else [given[1]]
            if param >= 0:
                union = self._union(self._quietly(each) for each in kinds)
                return ((param, f"{facts.IS_A}{union}", holds),)
        return ()

    def _until_set(self, node: ast.If) -> Guards:
        """Read `if x is not None: return x` of a function that sets the module's `x` further on."""
        test = node.test
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot):
            test = test.left
        if not isinstance(test, ast.Name) or test.id not in self.scope.globals:
            return ()
        last = node.body[-1]
        if isinstance(last, ast.Return) and isinstance(last.value, ast.Name):
            return ((-1, facts.ONCE, True),) if last.value.id == test.id else ()
        return ()

    def _starting(self, name: str, prefix: object, *, holds: bool) -> Guards:
        """Read `name.startswith(prefix)`, also after another prefix has been cut off."""
        param = self._unbound_param(name)
        if not isinstance(prefix, str):
            return ()
        if param >= 0:
            return ((param, facts.STARTS + prefix, holds),)
        cut = self.scope.cut.get(name)
        if cut is None or not holds:
            return ()
        both = (f"{each}{prefix}" for each in cut[1].split("\x1f"))
        return ((cut[0], facts.STARTS + "\x1f".join((prefix, *both)), True),)

    def _note_cut(self, node: ast.If, guards: Guards) -> None:
        """Note `if name.startswith(p): name = name…`: without that prefix `name` is as passed."""
        last = guards[-1] if guards else (-1, "", False)
        if last[1].startswith(facts.STARTS) and last[2] and isinstance(node.test, ast.Call):
            function = node.test.func
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                name = function.value.id
                if self._unbound_param(name) < 0 and name not in self.scope.cut:
                    self.scope.cut[name] = (last[0], last[1].removeprefix(facts.STARTS))

    def _once(self, node: ast.If) -> Guards:
        """Tell whether a block runs until it has set a variable of the module or class."""
        test: ast.expr = node.test
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
            return ()
        if isinstance(test, ast.BoolOp):
            test = test.values[0]
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            subject = test.operand
        elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is):
            subject = test.left
        else:
            return ()
        if isinstance(subject, ast.Name):
            shared = subject.id in self.scope.globals
        else:
            shared = (
                isinstance(subject, ast.Attribute)
                and isinstance(subject.value, ast.Name)
                and (subject.value.id == "cls" or subject.value.id[:1].isupper())
            )
        if not shared:
            return ()
        wanted = ast.dump(subject).replace("Load()", "Store()")
        for statement in node.body:
            for each in ast.walk(statement):
                if isinstance(each, ast.Assign | ast.AnnAssign):
                    targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                    if any(
                        ast.dump(target).replace("Load()", "Store()") == wanted
                        for target in targets
                    ):
                        return ((-1, facts.ONCE, True),)
        return ()

    def _subject(self, node: ast.expr) -> tuple[int, str]:
        """Return the parameter that a test asks about, and the attribute of it if that is meant."""
        param = self._param_of(node)
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return param, ""
        if param >= 0:
            return param, ""
        if f"{node.value.id}.{node.attr}" in self.scope.copies:
            return -1, ""
        return self._unbound_param(node.value.id), f"{facts.OF}{node.attr}:"

    def _param_of(self, node: ast.expr) -> int:
        """Return the parameter that an expression still is: its name, or `self.x` set to it."""
        if isinstance(node, ast.Name):
            return self._unbound_param(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.scope.copies.get(f"{node.value.id}.{node.attr}", -1)
        return -1

    def _unbound_param(self, name: str) -> int:
        """Return the index of a parameter that still has the value it was called with, or -1."""
        scope = self.scope
        if name in scope.params:
            values = scope.env.get(name, ())
            node = self.nodes[values[0]] if len(values) == 1 else (facts.UNKNOWN,)
            if node[0] == facts.PARAM:
                return scope.params[name]
        return -1

    def _narrow(self, test: ast.expr, *, holds: bool = True) -> Env:
        """Return the names that `isinstance` in a test gives a type."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self._narrow(test.operand, holds=not holds)
        if isinstance(test, ast.BoolOp):
            if holds == isinstance(test.op, ast.And):
                found: Env = {}
                for value in test.values:
                    found.update(self._narrow(value, holds=holds))
                return found
            return {}
        if not holds or not isinstance(test, ast.Call) or len(test.args) != 2:
            return {}
        name, kind = test.args
        is_test = isinstance(test.func, ast.Name) and test.func.id == "isinstance"
        if is_test and isinstance(name, ast.Name) and name.id in self.scope.env:
            kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
            union = self._union(self._quietly(each) for each in kinds)
            if union:
                return {name.id: (self._node(facts.ANNOTATED, union, 0),)}
        return {}

    def _for(self, node: ast.For | ast.AsyncFor) -> bool:
        value = self._iterable(node.iter, awaited=isinstance(node, ast.AsyncFor))
        if isinstance(node, ast.AsyncFor):
            self._pause(facts.AT_ASYNC_FOR, node.iter)
            element = self._node(facts.AELEMENT, value)
        else:
            self._site(facts.ITERATES, value, node.iter)
            element = self._node(facts.ELEMENT, value)
        before = self.scope.env
        self.scope.env = dict(before)
        self._target(node.target, element)
        kind = facts.ASYNC_FOR if isinstance(node, ast.AsyncFor) else facts.FOR
        self._repeated(node, kind, self._end(node.iter), element)
        self.scope.env = _merged(before, self.scope.env)
        self._block(node.orelse)
        return True

    def _repeated(self, node: Any, kind: int, start: int, element: int) -> None:  # noqa: ANN401 - a loop
        """Read the body of a loop, and note the loop."""
        mark, scope = self._mark(), self.scope
        scope.depth += 1
        self._block(node.body)
        self._branch(node.body)
        scope.depth -= 1
        self._loop(kind, (start, self._end(node.body[-1]), 0, 0), element, mark)

    def _while(self, node: ast.While) -> bool:
        truth = _truth(node.test)
        if truth is False:
            return self._block(node.orelse)
        self._tested(node.test)
        before = self.scope.env
        self.scope.env = {**before, **self._narrow(node.test)}
        self._repeated(node, facts.WHILE, self._start(node.test), 0)
        self.scope.env = _merged(before, self.scope.env)
        self._block(node.orelse)
        return not (truth and not _breaks(node.body))

    def _with(self, node: ast.With | ast.AsyncWith) -> bool:
        scope = self.scope
        entered_at: list[tuple[int, int, int, int]] = []
        for item in node.items:
            if isinstance(node, ast.AsyncWith):
                outer, self.awaited = self.awaited, item.context_expr
                value = self._expression(item.context_expr)
                self.awaited = outer
                self._pause(facts.AT_ASYNC_WITH, item.context_expr)
                entered = self._node(facts.AENTERED, value)
                self.scope.entered += (
                    value,
                    self._start(item.context_expr),
                    self._end(node.body[-1]),
                )
            else:
                value = self._expression(item.context_expr)
                self._site(facts.ENTERS, value, item.context_expr)
                if scope.sites:
                    start, end = scope.sites[-3:-1]
                    entered_at.append((value, start, end, len(scope.pauses)))
                entered = self._node(facts.ENTERED, value)
            if item.optional_vars is not None:
                self._target(item.optional_vars, entered)
        if self.scope.depth:
            self._branch(node.body)
        falls = self._locked(node)
        for hold in entered_at:
            if hold[3] < len(scope.pauses):
                scope.holds += hold
        return falls

    def _locked(self, node: ast.With | ast.AsyncWith) -> bool:
        """Read the body of a `with`, which may hold a lock."""
        lock = any(is_lock(item.context_expr) for item in node.items)
        if self.lazies.open and not lock and isinstance(node, ast.AsyncWith):
            self.lazies.waits(node.items[0].context_expr, self._shared_names())
        self.lazies.locks += lock
        falls = self._block(node.body)
        self.lazies.locks -= lock
        return falls

    def _try(self, node: ast.Try) -> bool:
        scope = self.scope
        before = scope.env
        guard = self.guard
        scope.env = dict(before)
        asks = self._may_be_off_loop and _asks_for_loop(node.body)
        if asks:
            self._note_loopless(node)
        if any(_is_runtime_error(handler.type) for handler in node.handlers):
            self.guard = (*guard, _CAUGHT)
        falls = self._block(node.body)
        self.guard = guard
        if falls:
            falls = self._block(node.orelse)
        if scope.depth:
            self._branch([*node.body, *node.orelse])
        after = [scope.env] if falls else []
        tried = _merged(before, scope.env)
        for handler in node.handlers:
            scope.env = dict(tried)
            self._expression(handler.type)
            if handler.name:
                kind = self._quietly(handler.type)
                self._bind(handler.name, self._node(facts.ANNOTATED, kind, 0))
            if not isinstance(handler.body[0], ast.Pass | ast.Raise):
                self._branch(handler.body, 0, facts.FAILED)
            if asks and _fails_without_loop(node, handler.type):
                self.guard = (*guard, _OFF_LOOP)
            if self._block(handler.body):
                after.append(scope.env)
            self.guard = guard
        if asks and not falls and after:
            self.guard = (*guard, _OFF_LOOP)
        scope.env = after[0] if after else tried
        for env in after[1:]:
            scope.env = _merged(scope.env, env)
        ends = self._block(node.finalbody)
        return bool(after) and ends

    def _note_loopless(self, node: ast.Try) -> None:
        """Note names whose truth tells afterwards that `get_running_loop()` failed."""
        known = self.scope.loopless
        if len(node.body) <= _SHORT:
            known.update((n, not value) for n, value in _constants_assigned(node.body))
            for handler in node.handlers:
                known.update((n, bool(value)) for n, value in _constants_assigned(handler.body))

    def _match(self, node: ast.Match) -> bool:
        self._expression(node.subject)
        before = self.scope.env
        after = [before]
        for case in node.cases:
            self.scope.env = dict(before)
            self._pattern(case.pattern, node.subject)
            self._expression(case.guard)
            if self._block(case.body):
                after.append(self.scope.env)
        self.scope.env = after[0]
        for env in after[1:]:
            self.scope.env = _merged(self.scope.env, env)
        return True

    def _pattern(self, pattern: ast.pattern, subject: ast.expr) -> None:
        if isinstance(pattern, ast.MatchClass) and isinstance(subject, ast.Name):
            kind = self._quietly(pattern.cls)
            self.scope.env[subject.id] = (self._node(facts.ANNOTATED, kind, 0),)
        for child in ast.walk(pattern):
            if isinstance(child, ast.MatchAs) and isinstance(child.pattern, ast.MatchClass):
                kind = self._quietly(child.pattern.cls)
                if child.name:
                    self._bind(child.name, self._node(facts.ANNOTATED, kind, 0))
                continue
            name = getattr(child, "name", None)
            if isinstance(child, ast.MatchAs | ast.MatchStar) and name:
                self._bind(name, 0)

    def _global(self, node: ast.Global) -> bool:
        self.scope.globals.update(node.names)
        self.rebinds += ((self.scope.index, name) for name in node.names)
        return True

    def _nonlocal(self, node: ast.Nonlocal) -> bool:
        self.scope.outer.update(node.names)
        return True

    def _import(self, node: ast.Import) -> bool:
        for alias in node.names:
            self.imports.add(alias.name.partition(".")[0])
            if alias.asname:
                self._bind(alias.asname, self._node(facts.IMPORT, alias.name, 0))
            else:
                top = alias.name.partition(".")[0]
                self._bind(top, self._node(facts.IMPORT, top, 0))
        return True

    def _import_from(self, node: ast.ImportFrom) -> bool:
        module = node.module or ""
        if not node.level:
            self.imports.add(module.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((module, node.level))
                continue
            name = f"{module}.{alias.name}" if module else alias.name
            self._bind(alias.asname or alias.name, self._node(facts.IMPORT, name, node.level))
        return True

    # Definitions

    def _declare(self, node: Any, name: str) -> int:  # noqa: ANN401 - a def or a lambda
        """Reserve a function's index and read its body: at once, or after the enclosing function.

        What an enclosing function binds further down is known to the functions within it, while
        names of the module need no waiting; so indices follow the text, and stay when it grows.
        """
        index = len(self.functions)
        self.functions.append(None)
        scope = self.scope
        in_class = self.body >= 0
        arguments = node.args
        values = [*([None] * (len(arguments.posonlyargs) + len(arguments.args))), *()]
        values[len(values) - len(arguments.defaults) :] = arguments.defaults
        params: list[Param] = []
        for argument, default in zip(
            [*arguments.posonlyargs, *arguments.args], values, strict=True
        ):
            params.append(self._param(argument, default, ""))
        if arguments.vararg:
            params.append(self._param(arguments.vararg, None, "*"))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            params.append(self._param(argument, default, "k"))
        if arguments.kwarg:
            params.append(self._param(arguments.kwarg, None, "**"))
        flags = facts.LAMBDA if isinstance(node, ast.Lambda) else 0
        returns = 0
        decorators: tuple[int, ...] = ()
        if not flags:
            flags, returns, decorators = self._signature(node, in_class=in_class)
        prefix = self._prefix()
        starts = self.starts
        self.functions[index] = Function(
            name,
            f"{prefix}{name}",
            flags,
            scope.index,
            self.body,
            tuple(params),
            returns,
            decorators,
            (),
            (),
            (),
            (),
            {},
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
            self._contract(node),
            (),
            (),
            (),
            (),
            (),
            (),
        )
        if scope.index:
            scope.pending.append((node, index))
        else:
            self._function_body(node, index, scope)
        return index

    def _prefix(self) -> str:
        if self.body >= 0:
            return f"{self.class_names[self.body]}."
        return f"{self.scope.qualname}.<locals>." if self.scope.index else ""

    def _param(self, argument: ast.arg, default: ast.expr | None, kind: str) -> Param:
        annotation = self._quietly(argument.annotation)
        self._named(argument.arg, default)
        return Param(argument.arg, annotation, self._expression(default), kind)

    def _signature(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, in_class: bool
    ) -> tuple[int, int, tuple[int, ...]]:
        flags = facts.ASYNC if isinstance(node, ast.AsyncFunctionDef) else 0
        if in_class:
            flags |= facts.METHOD
        for decorator in node.decorator_list:
            name = _last_name(decorator)
            if name == "staticmethod":
                flags |= facts.STATIC
                flags &= ~facts.METHOD
            elif name == "classmethod" or node.name in ("__init_subclass__", "__class_getitem__"):
                flags |= facts.CLASSMETHOD
            elif name.startswith("abstract"):
                flags |= facts.ABSTRACT
        if node.name == "__new__" and in_class:
            flags |= facts.CLASSMETHOD
        if in_class and _is_stub(node.body):
            flags |= facts.ABSTRACT
        decorators = tuple(self._expression(each) for each in node.decorator_list)
        return flags, self._quietly(node.returns), decorators

    def _contract(self, node: Any) -> str:  # noqa: ANN401 - a def or a lambda
        if not self.contracts or isinstance(node, ast.Lambda):
            return ""
        last = node.body[0].lineno
        for row in range(node.lineno, max(last, node.lineno + 1)):
            if row in self.contracts:
                return self.contracts[row]
        return ""

    def _function_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        index = self._declare(node, node.name)
        if self.body >= 0:
            self._method(node, index)
        self._bind(node.name, self._node(facts.FUNCTION, index))
        return True

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef, index: int) -> None:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"):
                self.methods[self.body][f"{node.name}.{decorator.attr}"] = index
                return
            if _last_name(decorator) == "overload":
                return
        self.methods[self.body][node.name] = index

    def _function_body(self, node: Any, index: int, parent: _Scope) -> None:  # noqa: ANN401
        head = self.functions[index]
        if head is None:  # pragma: no cover - every pending function was declared
            return
        scope = _Scope(index, parent, owner=head.owner, qualname=head.qualname)
        if head.owner < 0 and parent.owner >= 0:
            scope.owner = parent.owner
        scope.flags = head.flags
        for number, param in enumerate(head.params):
            value = self._node(facts.PARAM, index, number)
            scope.env[param.name] = (value,)
            scope.all[param.name] = [value]
            scope.params[param.name] = number
        saved = self.scope, self.body, self.guard, self.awaited, self.quiet
        lazies = self.lazies.open, self.lazies.locks
        self.scope, self.body, self.guard, self.awaited, self.quiet = scope, -1, (), None, 0
        self.lazies.open, self.lazies.locks = (), 0
        if isinstance(node, ast.Lambda):
            scope.results.append(self._expression(node.body))
        else:
            self._block(node.body)
        self._bodies(scope)
        self.scope, self.body, self.guard, self.awaited, self.quiet = saved
        self.lazies.open, self.lazies.locks = lazies
        self.functions[index] = head._replace(
            flags=scope.flags,
            owner=head.owner,
            sites=tuple(scope.sites),
            reads=tuple(scope.reads),
            results=tuple(dict.fromkeys(scope.results)),
            yields=tuple(dict.fromkeys(scope.yields)),
            captured={n: tuple(dict.fromkeys(scope.all[n])) for n in sorted(scope.captured)},
            loops=tuple(scope.loops),
            branches=tuple(scope.branches),
            entered=tuple(scope.entered),
            uses=tuple(scope.uses),
            pauses=tuple(scope.pauses),
            holds=tuple(scope.holds),
        )

    def _class_definition(self, node: ast.ClassDef) -> bool:
        bases = tuple(self._expression(base) for base in node.bases)
        for keyword in node.keywords:
            self._expression(keyword.value)
        decorators = tuple(self._expression(each) for each in node.decorator_list)
        index = self.classes
        self.classes += 1
        qualname = f"{self._prefix()}{node.name}"
        self.class_names[index] = qualname
        self.attributes.append({})
        self.methods.append({})
        outer, self.body = self.body, index
        self._block(node.body)
        self.body = outer
        starts = self.starts
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        self._bind(node.name, self._node(facts.CLASS, index))
        head = Class(node.name, qualname, self.scope.index, bases, decorators, {}, {}, start, end)
        self.heads.append((index, head))
        return True


def _merged(one: Env, other: Env) -> Env:
    """Join the definitions that reach the end of two branches."""
    if one is other:
        return one
    merged = dict(one)
    for name, values in other.items():
        mine = merged.get(name)
        if mine is None:
            merged[name] = values
        elif mine != values:
            merged[name] = tuple(dict.fromkeys(mine + values))[-_MOST_DEFINITIONS:]
    return merged


def _bound_since(before: Env, after: Env, node: ast.AST) -> Env:
    """Return what a walrus within an expression has bound; narrowing ends with it."""
    if before is after:
        return {}
    names = {each.target.id for each in ast.walk(node) if isinstance(each, ast.NamedExpr)}
    return {name: after[name] for name in names if name in after}


def _asks_for_loop(body: Iterable[ast.stmt]) -> bool:
    """Tell whether a block calls what raises a RuntimeError where no loop runs."""
    return any(
        isinstance(each, ast.Call) and _last_name(each.func) in _LOOP_PROBES
        for statement in body
        for each in ast.walk(statement)
    )


def _loop_probes(tree: ast.Module) -> Iterable[str]:
    """Yield the functions of a file that give a loop, or None where none runs."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and "loop" in function.name.lower():
            tries = [each for each in function.body if isinstance(each, ast.Try)]
            if any(_asks_for_loop(each.body) and _gives_none(each) for each in tries):
                yield function.name


def _gives_none(node: ast.Try) -> bool:
    """Tell whether a function ends with None where what is tried fails for want of a loop."""
    ends = [each.body[-1] for each in node.handlers if _fails_without_loop(node, each.type)]
    returns = [each for each in ends if isinstance(each, ast.Return)]
    return bool(ends) and ends == returns and all(not e.value or _is_none(e.value) for e in returns)


def _is_runtime_error(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_is_runtime_error, kind.elts))
    return isinstance(kind, ast.Name) and kind.id == "RuntimeError"


def _fails_without_loop(node: ast.Try, kind: ast.expr | None) -> bool:
    """Tell whether a handler is for a missing loop; a wide one may be for anything else, too."""
    is_wide = kind is None or (isinstance(kind, ast.Name) and kind.id.endswith("Exception"))
    return _is_runtime_error(kind) or (is_wide and len(node.body) <= _SHORT)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_running(test: ast.expr) -> bool:
    """Tell whether an expression asks an event loop if it runs."""
    if not isinstance(test, ast.Call) or not isinstance(test.func, ast.Attribute):
        return False
    return test.func.attr == "is_running" and "loop" in _last_name(test.func.value).lower()


def _constants_assigned(body: Iterable[ast.stmt]) -> Iterable[tuple[str, object]]:
    """Yield the names that the statements of a block set, with the constants they get."""
    for each in body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            for target in each.targets:
                if isinstance(target, ast.Name):
                    yield target.id, each.value.value


def _asked_for(test: ast.Call) -> tuple[str, str]:
    """Return what is asked for an attribute, and the attribute: `hasattr(x, "y")`, or nothing.

    `callable(getattr(x, "y", None))` asks for a method.
    """
    is_called = _dotted(test.func) == "callable" and len(test.args) == 1
    inner = test.args[0] if is_called else test
    wanted, most = ("getattr", 3) if is_called else ("hasattr", 2)
    if not isinstance(inner, ast.Call) or _dotted(inner.func) != wanted:
        return "", ""
    if not 2 <= len(inner.args) <= most or not isinstance(inner.args[1], ast.Constant):
        return "", ""
    name, subject = inner.args[1].value, _dotted(inner.args[0])
    if not isinstance(name, str) or not subject:
        return "", ""
    return subject, name + facts.CALLED if is_called else name


def _dotted(node: ast.expr) -> str:
    """Return the text of a name, or of an attribute of one; else ""."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _pairs(target: ast.expr, value: ast.expr) -> TypeGuard[ast.Tuple | ast.List]:
    """Tell whether an assignment gives each of several names a value of its own."""
    return (
        isinstance(target, ast.Tuple | ast.List)
        and isinstance(value, ast.Tuple)
        and len(target.elts) == len(value.elts)
    )


def _is_negative(test: ast.expr) -> bool:
    """Tell whether a test holds where something is missing: `not x`, `x is None`."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    if isinstance(test, ast.BoolOp):
        return any(map(_is_negative, test.values))
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.NotIn)


def _sql(text: str) -> str:
    """Return the beginning of a text that is a statement in SQL, or nothing."""
    return _folded(text) if _SQL.match(text) else ""


def _folded(text: str) -> str:
    return (
        " ".join(text[: 2 * _LONGEST_SQL].split())[:_LONGEST_SQL]
        .encode("utf-8", "replace")
        .decode()
    )


def _text(node: tuple[Any, ...]) -> str:
    """Return the statement in SQL that a constant or a literal is."""
    if node[0] == facts.CONST:
        return _sql(node[1]) if isinstance(node[1], str) else ""
    return str(node[3]) if len(node) > 3 else ""


def _joined_sql(values: Sequence[ast.expr]) -> str:
    """Return the statement in SQL that an f-string is, with `{}` for what is put in."""
    first = values[0] if values else None
    if not isinstance(first, ast.Constant) or not _SQL.match(str(first.value)):
        return ""
    parts = (str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
    return _folded("".join(parts))


def _is_knob(name: str) -> bool:
    """Tell whether a name or a text speaks of what can be set about waiting and pools."""
    return _KNOB.search(name) is not None


def _is_empty_dict(given: ast.Dict | ast.Call) -> bool:
    """Tell whether an expression makes a dict that holds nothing yet."""
    if isinstance(given, ast.Dict):
        return not given.keys
    name = _last_name(given)
    return not given.keywords and (
        (name in ("dict", "OrderedDict") and not given.args)
        or (name == "defaultdict" and len(given.args) == 1)
    )


def _key(key: ast.expr | None) -> str:
    """Return the text that a key of a dict is, `**` for an expansion, else nothing."""
    if key is None:
        return "**"
    value = key.value if isinstance(key, ast.Constant) else None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _most(node: ast.Slice) -> str:
    """Return how many items a slice has at most, as `[:5]`, or that `[i : i + 5]` is a chunk."""
    lower, upper = node.lower, node.upper
    if isinstance(lower, ast.Name) and isinstance(upper, ast.BinOp):
        names = [each.id for each in (upper.left, upper.right) if isinstance(each, ast.Name)]
        return facts.CHUNK if isinstance(upper.op, ast.Add) and lower.id in names else ""
    number = upper if lower is None else None
    if upper is None and isinstance(lower, ast.UnaryOp) and isinstance(lower.op, ast.USub):
        number = lower.operand
    if isinstance(number, ast.Constant) and isinstance(number.value, int):
        return str(number.value)
    return ""


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _truth(test: ast.expr) -> bool | None:
    """Return what a test always gives: `False and …` is false, whatever follows."""
    if isinstance(test, ast.BoolOp):
        first = _truth(test.values[0])
        return first if first is isinstance(test.op, ast.Or) else None
    return bool(test.value) if isinstance(test, ast.Constant) else None


def _is_windows(test: ast.expr) -> bool | None:
    """Tell whether a test that asks for the operating system is true on Windows alone."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.args:
        subject, wanted = test.func.value, test.args[0]
        outcome = True if test.func.attr == "startswith" else None
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        subject, wanted = test.left, test.comparators[0]
        outcome = {ast.Eq: True, ast.NotEq: False}.get(type(test.ops[0]))
    else:
        return None
    if isinstance(subject, ast.Call):
        subject = subject.func
    if not isinstance(subject, ast.Attribute) or not isinstance(subject.value, ast.Name):
        return None
    asks = (subject.value.id, subject.attr) in _SYSTEMS
    names = isinstance(wanted, ast.Constant) and wanted.value in ("win32", "nt", "Windows", "win")
    return outcome if asks and names else None


def _exits(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    module = value.func.value
    return isinstance(module, ast.Name) and (module.id, value.func.attr) in (
        ("sys", "exit"),
        ("os", "_exit"),
        ("os", "abort"),
    )


def _breaks(body: Iterable[ast.stmt]) -> bool:
    """Tell whether a loop's body leaves the loop."""
    for statement in body:
        if isinstance(statement, ast.Break):
            return True
        if isinstance(statement, ast.For | ast.While | ast.AsyncFor | ast.FunctionDef):
            continue
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            if _breaks(getattr(statement, field, ())):
                return True
    return False


def _is_stub(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a method only says that others implement it."""
    last = body[-1]
    if len(body) > 2 or (len(body) == 2 and not isinstance(body[0], ast.Expr)):
        return False
    if isinstance(last, ast.Raise):
        error = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
        return isinstance(error, ast.Name) and error.id == "NotImplementedError"
    return isinstance(last, ast.Pass) or (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
    )
