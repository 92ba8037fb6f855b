"""Who calls whom without awaiting: edges between functions, and the calls that block themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asyncfix import facts
from asyncfix.packs import Target as make_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.facts import FileFacts, Function
    from asyncfix.packs import Condition, Target
    from asyncfix.project.types import Type, Types, Typing

Instance = int
Guards = tuple[tuple[int, str, bool], ...]

_RULE_OF = {"lock": "blocking-wait", "metadata": "blocking-file"}
_LITERALS: dict[str, object] = {"True": True, "False": False, "None": None}
# methods of builtin types and loggers: a client of which every method blocks names these itself
_PLAIN = frozenset(
    "append add extend insert remove discard clear copy count index items keys values update pop"
    " popitem setdefault sort reverse join split rsplit splitlines strip lstrip rstrip lower upper"
    " title capitalize startswith endswith replace format encode decode isdigit isalpha isnumeric"
    " casefold partition rpartition zfill find hexdigest digest isoformat strftime total_seconds"
    " timestamp debug info warning error exception critical log model_dump model_validate dict json"
    " group groups match bit_length intersection union difference issubset".split()
)
_DUNDER = {
    facts.ITERATES: ("__iter__", "__next__"),
    facts.ENTERS: ("__enter__", "__exit__"),
    facts.GETS_ITEM: ("__getitem__",),
    facts.SETS_ITEM: ("__setitem__",),
    facts.CONTAINS: ("__contains__",),
}
_LATER = frozenset(
    "asyncio.gather asyncio.wait_for asyncio.shield asyncio.create_task asyncio.ensure_future"
    " asyncio.wait asyncio.as_completed asyncio.run asyncio.run_coroutine_threadsafe".split()
)


class Edge(NamedTuple):
    """A call, from one function to another, at a place of the caller's file."""

    caller: Instance
    callee: Instance
    node: int
    start: int
    end: int
    guards: Guards
    bound: bool
    kind: str
    inner: Types


class Hit(NamedTuple):
    """A call of something that blocks, outside the project."""

    caller: Instance
    target: Target
    name: str
    node: int
    start: int
    end: int
    guards: Guards


class Graph:
    """The part of the call graph that code on the loop reaches, built on demand."""

    def __init__(
        self,
        typing: Typing,
        trusted: frozenset[str] = frozenset(),
        rules: frozenset[str] = frozenset(),
    ) -> None:
        self.typing = typing
        self.files = typing.files
        self.trusted = trusted | typing.library.trusted
        self.numbers: dict[tuple[int, int], Instance] = {}
        self.instances: list[tuple[int, int]] = []
        self.edges: list[list[Edge]] = []
        self.hits: list[list[Hit]] = []
        self.into: dict[Instance, list[Edge]] = {}
        self.spawned: dict[Instance, list[Edge]] = {}
        self.called_params: list[list[tuple[int, int, int, int, int, Guards]]] = []
        self.resolved_params: set[tuple[int, int, int, int]] = set()
        self.queue: list[Instance] = []
        self._wrapped: dict[int, list[int]] = {}
        self.unresolved: list[tuple[int, int, int]] = []
        self.told = {name.rpartition(".")[2] for name in self.trusted}
        self.told |= {name.rpartition(".")[2] for name in typing.library.own}
        self.told |= {name.rpartition(".")[2] for name in typing.library.offloads}
        self.rules = rules
        self.promised: dict[str, Target] = {}
        self.names = self._interesting_names()
        self.properties = self._property_names()
        self.dunders = {
            kind
            for kind, names in _DUNDER.items()
            if any(name in each.methods for _, each in typing.classes for name in names)
            or any(full.endswith(names) for full in typing.library.targets)
        }

    def _interesting_names(self) -> set[str]:
        """Return the last names that a call needs to lead anywhere."""
        library, outside = self.typing.library, self.typing.outside
        tables = (
            library.targets,
            library.consumers,
            library.callers,
            library.offloads,
            library.wrappers,
        )
        active = [full for table in tables for full in table if outside.is_active(full)]
        names = {full.rpartition(".")[2] for full in active}
        names |= {function.name for _, function in self.typing.functions}
        names |= {each.name for _, each in self.typing.classes}
        for file in self.files:
            names.update(file.names)
        for _, each in self.typing.classes:
            names.update(each.attributes)
        self.any_name = "*" in names
        return names

    def _property_names(self) -> set[str]:
        typing = self.typing
        names = {full.rpartition(".")[2] for full in typing.library.reads}
        for fid, (_, function) in enumerate(typing.functions):
            if function.decorators and typing.is_property(fid):
                names.add(function.name)
        return names

    # Growing

    def instance(self, fid: int, self_class: int = -1) -> Instance:
        """Return the number of a function seen from one class, and queue it to be read."""
        key = (fid, self_class)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.instances)
            self.instances.append(key)
            self.edges.append([])
            self.hits.append([])
            self.called_params.append([])
            self.queue.append(number)
        return number

    def grow(self, roots: Iterable[int]) -> None:
        """Read every function that the roots reach without awaiting."""
        for fid in roots:
            self.instance(fid)
        while self.queue:
            while self.queue:
                self._read(self.queue.pop())
            self._pass_callbacks()

    def function(self, number: Instance) -> Function:
        """Return the function of an instance."""
        return self.typing.functions[self.instances[number][0]][1]

    def file(self, number: Instance) -> FileFacts:
        """Return the file that an instance is written in."""
        return self.files[self.typing.functions[self.instances[number][0]][0]]

    def _read(self, number: Instance) -> None:
        fid, _ = self.instances[number]
        file, function = self.typing.functions[fid]
        if function.contract in ("nonblocking", "runs-in-thread"):
            return
        sites = function.sites
        for at in range(0, len(sites), facts.SITE):
            kind = sites[at]
            if kind <= facts.AWAITS:
                self._call(number, file, sites[at : at + facts.SITE])
            elif kind == facts.SETS_ITEM:
                if kind in self.dunders:
                    self._implicit(number, file, sites[at : at + facts.SITE], base=True)
            else:
                self._implicit(number, file, sites[at : at + facts.SITE], base=False)
        self._attributes(number, file, function.reads)

    def _attributes(self, number: Instance, file: int, reads: Sequence[int]) -> None:
        nodes = self.files[file].nodes
        for at in range(0, len(reads), facts.SITE):
            kind = reads[at]
            if kind == facts.READS:
                if nodes[reads[at + 1]][2] in self.properties:
                    self._property(number, file, reads[at : at + facts.SITE])
            elif kind in self.dunders:
                place = reads[at : at + facts.SITE]
                self._implicit(number, file, place, base=kind == facts.GETS_ITEM)

    # Calls

    def _call(self, number: Instance, file: int, place: Sequence[int]) -> None:
        nodes = self.files[file].nodes
        parts = nodes[place[1]]
        callee = nodes[parts[1]]
        if callee[0] == facts.ATTR and callee[2] not in self.names:
            if not self.any_name or callee[2] in _PLAIN:
                return
        self_class = self.instances[number][1]
        types = self.typing.of(file, parts[1], self_class)
        if not types:
            if callee[0] == facts.ATTR and callee[2] in self.names:
                self.unresolved.append((number, place[2], place[3]))
            self._param_called(number, file, place, callee)
            return
        if callee[0] in (facts.PARAM, facts.OUTER):
            objects = tuple(each for each in types if each[0] in "IE")
            if self._param_called(number, file, place, callee):
                types = objects
        if place[0] == facts.AWAITS:
            types = self._awaitable(types)
        for each in types:
            if each[0] != "M" or not self._is_overridden(number, file, callee, each):
                self._call_type(number, file, place, each, parts)

    def _awaitable(self, types: Types) -> Types:
        """Leave out plain functions where what they return is known and cannot be awaited."""
        typing = self.typing
        return tuple(
            each
            for each in types
            if each[0] not in "FM"
            or typing.functions[each[1]][1].flags & facts.ASYNC
            or not (given := typing.called(each, 0, (facts.CALL, 0, (), (), ()), -1))
            or any(one[0] not in "EST" for one in given)
        )

    def _is_overridden(
        self, number: Instance, file: int, callee: Sequence[Any], each: Type
    ) -> bool:
        """Tell whether a subclass that a method could call down to has replaced that method."""
        if callee[0] != facts.ATTR:
            return False
        base = self.files[file].nodes[callee[1]]
        fid, self_class = self.instances[number]
        function = self.typing.functions[fid][1]
        if base[0] != facts.PARAM or base[2] != 0 or self_class >= 0 or function.owner < 0:
            return False
        if each[2] == self.typing.first_class[file] + function.owner:
            return False
        return self.typing.constructor(each[2], function.name) not in (fid, -1)

    def _param_called(
        self, number: Instance, file: int, place: Sequence[int], callee: Sequence[Any]
    ) -> bool:
        """Note that a function calls one of its parameters, or one of an enclosing function."""
        first = self.typing.first_function[file]
        if callee[0] == facts.OUTER:
            captured = self.files[file].functions[callee[1]].captured.get(callee[2], ())
            nodes = [self.files[file].nodes[each] for each in captured]
            callee = next((each for each in nodes if each[0] == facts.PARAM), callee)
        if callee[0] != facts.PARAM:
            return False
        function = self.files[file].functions[callee[1]]
        if callee[2] == 0 and function.flags & facts.METHOD:
            return False
        if place[0] == facts.AWAITS:
            return True
        guards = self.files[file].guards[place[4]]
        called = (first + callee[1], callee[2], place[1], place[2], place[3], guards)
        self.called_params[number].append(called)  # type: ignore[arg-type]
        return True

    def _call_type(
        self, number: Instance, file: int, place: Sequence[int], each: Type, parts: Sequence[Any]
    ) -> None:
        kind = each[0]
        awaited = place[0] == facts.AWAITS
        if kind == "F":
            self._edge(number, file, place, each[1], -1, bound=False, awaited=awaited)
        elif kind == "M":
            context = self.typing.context(each)
            self._edge(number, file, place, each[1], context, bound=True, awaited=awaited)
        elif kind == "C":
            self._construct(number, file, place, each[1])
        elif kind == "X":
            self._outside(number, file, place, each, parts)
        elif kind == "E":
            self._sink(number, file, place, each[1], f"{each[1]}.__call__", parts)
        elif kind == "I":
            self._methods(number, file, place, each, ("__call__",))
        elif kind == "R":
            self._partial(number, file, place, each)
        elif kind == "V":
            self._edge(
                number, file, place, each[1], -1, bound=False, awaited=awaited, inner=each[2]
            )

    def _partial(self, number: Instance, file: int, place: Sequence[int], each: Type) -> None:
        for inner in each[1]:
            if inner[0] in "FM":
                context = self.typing.context(inner) if inner[0] == "M" else -1
                self._edge(
                    number,
                    file,
                    place,
                    inner[1],
                    context,
                    bound=inner[0] == "M",
                    kind="partial",
                    inner=(each[2:],),
                )
            elif inner[0] == "X":
                self._sink(number, file, place, inner[2], inner[1], each[3], given_in=each[2])
            elif inner[0] == "C":
                self._construct(number, file, place, inner[1])

    def _construct(self, number: Instance, file: int, place: Sequence[int], cls: int) -> None:
        typing = self.typing
        for name in ("__new__", "__init__", "__post_init__"):
            fid = typing.constructor(cls, name)
            if fid >= 0:
                context = typing.context(("M", fid, cls))
                self._edge(number, file, place, fid, context, bound=True)

    def _outside(
        self, number: Instance, file: int, place: Sequence[int], each: Type, parts: Sequence[Any]
    ) -> None:
        name = each[1]
        library = self.typing.library
        if name in self.trusted:
            return
        self._sink(number, file, place, each[2], name, parts)
        if name in library.offloads:
            return
        if name in library.consumers and parts[2] and parts[2][0] > 0:
            self._iterate(number, file, place, parts[2][0])
        argument = library.callers.get(name)
        if argument is not None:
            self._calls_back(number, file, place, parts, argument)

    def _calls_back(
        self, number: Instance, file: int, place: Sequence[int], parts: Sequence[Any], which: str
    ) -> None:
        node = argument_of(parts, which)
        if node <= 0:
            return
        for each in self.typing.of(file, node, self.instances[number][1]):
            if each[0] in "FMCVX":
                call = (facts.CALL, node, (), (), ())
                self._call_type(number, file, place, each, call)

    def _edge(  # noqa: PLR0913 - an edge has as many ends
        self,
        number: Instance,
        file: int,
        place: Sequence[int],
        fid: int,
        self_class: int,
        *,
        bound: bool,
        awaited: bool = False,
        kind: str = "call",
        inner: Types = (),
        runs: bool = False,
    ) -> None:
        function = self.typing.functions[fid][1]
        if function.flags & facts.GENERATOR and not runs:
            return
        if function.contract in ("nonblocking", "runs-in-thread"):
            return
        qualname = self.qualname(fid) if function.name in self.told else ""
        if qualname in self.trusted or qualname in self.typing.library.offloads:
            return
        target = self._promised(function)
        if qualname in self.typing.library.own:
            target = self.typing.library.targets[qualname]
        if target is not None and not awaited:
            self._hit(number, file, place, target, qualname or self.qualname(fid))
            return
        if function.flags & facts.ASYNC:
            self._spawn(number, file, place, fid, awaited=awaited, inner=inner)
            return
        guards = self._guards(file, place)
        callee = self.instance(fid, self_class)
        if callee == number:
            return
        edge = Edge(number, callee, place[1], place[2], place[3], guards, bound, kind, inner)
        self.edges[number].append(edge)
        self.into.setdefault(callee, []).append(edge)

    def _promised(self, function: Function) -> Target | None:
        """Return the target that `# asyncfix: blocking[…]` on a function makes of it."""
        if not function.contract.startswith("blocking["):
            return None
        effect = function.contract[9:-1]
        rule = _RULE_OF.get(effect, f"blocking-{effect}")
        if rule not in self.rules:
            return None
        return self.promised.setdefault(effect, make_target(rule=rule, effect=effect))  # type: ignore[arg-type]

    def _guards(self, file: int, place: Sequence[int]) -> Guards:
        return tuple((g[0], g[1], g[2]) for g in self.files[file].guards[place[4]])

    def _spawn(
        self,
        number: Instance,
        file: int,
        place: Sequence[int],
        fid: int,
        *,
        awaited: bool,
        inner: Types,
    ) -> None:
        callee = self.instance(fid)
        kind = "await" if awaited else "task"
        guards = self._guards(file, place)
        edge = Edge(number, callee, place[1], place[2], place[3], guards, False, kind, inner)
        self.spawned.setdefault(callee, []).append(edge)

    # What Python calls without saying so

    def _property(self, number: Instance, file: int, place: Sequence[int]) -> None:
        parts = self.files[file].nodes[place[1]]
        self_class = self.instances[number][1]
        for each in self.typing.of(file, parts[1], self_class):
            if each[0] == "I":
                self._property_of(number, file, place, each[1], parts[2])
            elif each[0] == "E":
                target = self.typing.outside.read(each[1], parts[2])
                if target:
                    self._hit(number, file, place, target, f"{each[1]}.{parts[2]}")

    def _property_of(
        self, number: Instance, file: int, place: Sequence[int], cls: int, name: str
    ) -> None:
        typing = self.typing
        for owner in typing.order(cls)[0]:
            at, facts_of = typing.classes[owner]
            method = facts_of.methods.get(name)
            if method is not None:
                fid = typing.first_function[at] + method
                if typing.is_property(fid):
                    for sub, each in self._property_functions(fid, cls):
                        context = typing.context(("M", each, sub))
                        self._edge(number, file, place, each, context, bound=True, kind="property")
                return

    def _property_functions(self, fid: int, cls: int) -> list[tuple[int, int]]:
        function = self.typing.functions[fid][1]
        if function.flags & facts.ABSTRACT:
            return self.typing.implementers(cls, function.name)
        return [(cls, fid)]

    def _implicit(
        self, number: Instance, file: int, place: Sequence[int], *, base: bool
    ) -> None:
        kind, node = place[0], place[1]
        call: Sequence[Any] = ()
        if base:
            parts = self.files[file].nodes[node]
            if parts[0] != facts.ITEM:
                return
            node = parts[1]
            call = (facts.CALL, 0, (parts[2],), (), ())
        if kind == facts.ITERATES:
            self._iterate(number, file, place, node)
            return
        for each in self.typing.of(file, node, self.instances[number][1]):
            if each[0] == "K" and kind == facts.ENTERS:
                self._edge(
                    number, file, place, each[1], each[2], bound=True, kind="with", runs=True
                )
            elif each[0] == "I":
                self._methods(number, file, place, each, _DUNDER[kind])
            elif each[0] == "E":
                for name in _DUNDER[kind]:
                    self._sink(number, file, place, each[1], f"{each[1]}.{name}", call)

    def _iterate(self, number: Instance, file: int, place: Sequence[int], node: int) -> None:
        self_class = self.instances[number][1]
        parts = self.files[file].nodes[node]
        if parts[0] == facts.CALL:
            for each in self.typing.of(file, parts[1], self_class):
                if each[0] == "X" and each[1] in self.typing.library.wrappers:
                    for argument in parts[2]:
                        if argument > 0:
                            self._iterate(number, file, place, argument)
                    return
        for each in self.typing.of(file, node, self_class):
            if each[0] == "G":
                self._edge(
                    number, file, place, each[1], each[2], bound=True, kind="iterate", runs=True
                )
            elif each[0] == "I":
                self._methods(number, file, place, each, _DUNDER[facts.ITERATES])
            elif each[0] == "E":
                for name in _DUNDER[facts.ITERATES]:
                    self._sink(number, file, place, each[1], f"{each[1]}.{name}", ())

    def _methods(
        self, number: Instance, file: int, place: Sequence[int], each: Type, names: Iterable[str]
    ) -> None:
        for name in names:
            for method in self.typing.instance_member(each[1], name):
                if method[0] == "M":
                    function = self.typing.functions[method[1]][1]
                    self._edge(
                        number,
                        file,
                        place,
                        method[1],
                        self.typing.context(method),
                        bound=True,
                        kind=name.strip("_"),
                        runs=bool(function.flags & facts.GENERATOR),
                    )
                elif method[0] == "X":
                    self._sink(number, file, place, method[2], method[1], ())

    # What blocks

    def _sink(
        self,
        number: Instance,
        file: int,
        place: Sequence[int],
        owner: str,
        name: str,
        parts: Sequence[Any],
        given_in: int = -1,
    ) -> None:
        if place[0] == facts.AWAITS:
            return
        target = self.typing.outside.target(owner, name)
        if target is None:
            return
        when, unless = target.conditions if target.when or target.unless else ((), ())
        self_class = self.instances[number][1]
        at = file if given_in < 0 else given_in
        if all(self._holds(c, at, parts, self_class) for c in when) and not any(
            self._holds(c, at, parts, self_class) for c in unless
        ):
            self._hit(number, file, place, target, name)

    def _hit(
        self, number: Instance, file: int, place: Sequence[int], target: Target, name: str
    ) -> None:
        guards = self._guards(file, place)
        self.hits[number].append(
            Hit(number, target, name, place[1], place[2], place[3], guards)
        )

    def _holds(
        self, condition: Condition, file: int, parts: Sequence[Any], self_class: int
    ) -> bool:
        which = condition.name + (f"@{condition.at}" if condition.at >= 0 else "")
        node = argument_of(parts, which) if parts else 0
        if node <= 0:
            return condition.operator == "!=" and node == 0 and condition.value != "None"
        value = self.files[file].nodes[node]
        constant = value[1] if value[0] == facts.CONST else ...
        if not condition.operator:
            return constant is not None
        if condition.operator == "is":
            types = self.typing.of(file, node, self_class)
            return any(
                each[0] == "E" and condition.value in self.typing.outside.order(each[1])
                for each in types
            )
        wanted = _literal(condition.value)
        if condition.operator in "<>":
            return _is_beyond(constant, condition.operator, wanted)
        same = type(constant) is type(wanted) and constant == wanted
        return same if condition.operator == "==" else constant is not ... and not same

    # Callbacks

    def _pass_callbacks(self) -> None:
        """Give every called parameter what the callers pass for it."""
        self._wrapped = {}
        for fid, decorated in self.typing.decorated.items():
            for each in decorated:
                if each[0] == "V":
                    self._wrapped.setdefault(each[1], []).append(fid)
        changed = True
        while changed and not self.queue:
            changed = False
            for number in range(len(self.instances)):
                for called in list(self.called_params[number]):
                    changed |= self._pass(number, called)

    def _pass(self, number: Instance, called: tuple[Any, ...]) -> bool:
        owner, index = called[0], called[1]
        is_async = bool(self.function(number).flags & facts.ASYNC)
        edges = self.spawned.get(number, ()) if is_async else self.into.get(number, ())
        changed = False
        for edge in list(edges):
            key = (edge.caller, edge.start, owner, index)
            if key in self.resolved_params:
                continue
            self.resolved_params.add(key)
            changed |= self._resolve(number, edge, called, is_async=is_async)
        if is_async and self.instances[number][0] != owner:
            changed |= self._decorated_by(number, called)
        return changed

    def _decorated_by(self, number: Instance, called: tuple[Any, ...]) -> bool:
        """Let an async wrapper call the sync functions that its decorator is put on."""
        key = (number, called[3], called[0], called[1])
        if key in self.resolved_params or called[1] != 0:
            return False
        self.resolved_params.add(key)
        file = self.typing.functions[self.instances[number][0]][0]
        place = (facts.CALLS, called[2], called[3], called[4], 0)
        changed = False
        for fid in self._wrapped.get(self.instances[number][0], ()):
            if not self.typing.functions[fid][1].flags & facts.ASYNC:
                self._edge(number, file, place, fid, -1, bound=True)
                changed = True
        return changed

    def _resolve(
        self, number: Instance, edge: Edge, called: tuple[Any, ...], *, is_async: bool
    ) -> bool:
        owner, index = called[0], called[1]
        fid = self.instances[number][0]
        file = self.typing.functions[self.instances[edge.caller][0]][0]
        place = (facts.CALLS, edge.node, edge.start, edge.end, 0)
        if owner != fid:
            if edge.inner and is_async:
                return False
            if edge.inner and edge.kind != "partial":
                for each in edge.inner:
                    self._call_type(edge.caller, file, place, each, (facts.CALL, 0, (), (), ()))
                return True
            note = (owner, index, edge.node, edge.start, edge.end, edge.guards)
            if self.instances[edge.caller][0] == owner and note not in self.called_params[edge.caller]:
                self.called_params[edge.caller].append(note)
                return True
            return False
        parts = self.files[file].nodes[edge.node]
        if parts[0] != facts.CALL:
            return False
        function = self.typing.functions[fid][1]
        node = self.typing.argument(file, parts, function, index, bound=edge.bound)
        if node <= 0:
            return False
        passed = self.files[file].nodes[node]
        if passed[0] == facts.PARAM:
            note = (self.typing.first_function[file] + passed[1], passed[2], *place[1:4], edge.guards)
            if note not in self.called_params[edge.caller]:
                self.called_params[edge.caller].append(note)
                return True
            return False
        return self._hand_over(number, edge, called, node, is_async=is_async)

    def _hand_over(
        self, number: Instance, edge: Edge, called: tuple[Any, ...], node: int, *, is_async: bool
    ) -> bool:
        file = self.typing.functions[self.instances[edge.caller][0]][0]
        caller = number if is_async else edge.caller
        home = self.typing.functions[self.instances[caller][0]][0]
        at = called if is_async else (0, 0, edge.node, edge.start, edge.end)
        place = (facts.CALLS, at[2], at[3], at[4], 0)
        for each in self.typing.of(file, node, self.instances[edge.caller][1]):
            if each[0] in "FMV" or (each[0] == "X" and not is_async):
                call = (facts.CALL, node, (), (), ())
                self._call_type(caller, home, place, each, call)
        return True

    # Names

    def qualname(self, fid: int) -> str:
        """Return the full dotted name of a function."""
        file, function = self.typing.functions[fid]
        return f"{self.typing.modules.name(file)}.{function.qualname}"


def argument_of(parts: Sequence[Any], which: str) -> int:
    """Return the node that a call passes for `name@position`; 0 if none, -1 if it cannot be told."""
    name, _, position = which.partition("@")
    if name and name in parts[3]:
        return int(parts[4][list(parts[3]).index(name)])
    given = parts[2]
    if position:
        at = int(position)
        if -1 in given[: at + 1]:
            return -1
        if at < len(given):
            return int(given[at])
    return -1 if "**" in parts[3] else 0


def _is_beyond(constant: object, operator: str, limit: object) -> bool:
    if not isinstance(constant, int | float) or not isinstance(limit, int | float):
        return False
    return constant < limit if operator == "<" else constant > limit


def _literal(text: str) -> object:
    if text in _LITERALS:
        return _LITERALS[text]
    if text[:1] in "'\"":
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
