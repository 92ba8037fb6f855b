"""What type an expression has, as far as the project's code and the packs tell; else nothing.

A type is a small tuple. `("I", class)` is an instance of a class of the project, `("C", class)` the
class itself, `("F", function)` a function, `("M", function, class)` a method bound to an instance,
`("V", wrapper, inner, decorator)` a function in a decorator's wrapper, `("G", function, class)` a
generator that has not run yet, `("K", …)` a context manager made of one, `("W", types)` what must be
awaited, `("S", types)` a container with its elements, `("T", parts)` a tuple, `("B", name, types)` a
method of a container, `("P", file)` a module, `("D", folder)` a package, `("X", name, owner)` a thing
outside the project, `("E", name)` an instance of a class outside, `("Q", class, class)` a `super()`,
`("R", types, file, call)` a callable with arguments bound by `partial`, as a call of that file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncfix import facts
from asyncfix.project.library import Outside, parsed
from asyncfix.project.modules import BUILTINS, Modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncfix.facts import Class, FileFacts, Function
    from asyncfix.packs import Packs

Type = tuple[Any, ...]
Types = tuple[Type, ...]

_ROOM = 8
_NOTHING = facts.Function("", "", 0, 0, -1, (), 0, (), [], [], (), (), {}, 0, 0, "")
_DEEPEST = 60
_MOST_TYPES = 8
_MOST_IMPLEMENTERS = 8
_MOST_CALLERS = 80
_SEQUENCES = frozenset(
    "list List set Set frozenset FrozenSet Sequence MutableSequence Iterable Iterator Collection"
    " deque Deque Generator AsyncGenerator AsyncIterator AsyncIterable KeysView ValuesView".split()
)
_MAPPINGS = frozenset(
    "dict Dict Mapping MutableMapping defaultdict DefaultDict OrderedDict TTLCache LRUCache"
    " WeakValueDictionary ChainMap".split()
)
_AWAITABLES = frozenset(("Awaitable", "Coroutine", "Future", "Task"))
_TRANSPARENT = frozenset(("Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired"))
_ELEMENT_OF = frozenset(("get", "pop", "setdefault", "popleft", "get_nowait", "popitem", "__getitem__"))
_PROPERTIES = frozenset(
    ("property", "cached_property", "hybrid_property", "classproperty", "cached_classproperty")
)
_SCALARS = frozenset(("str", "bytes", "int", "float", "bool"))
_CACHES = frozenset(("cache", "lru_cache", "cached_property"))


class Typing:
    """Evaluates expressions on demand and remembers what it found."""

    def __init__(
        self,
        files: Sequence[FileFacts],
        packs: Packs,
        src: Iterable[str],
        slots: Sequence[int] = (),
    ) -> None:
        self.files = files
        imported = {name for file in files for name in file.imports}
        self.outside = Outside(packs.library, imported)
        self.library = packs.library
        self.modules = Modules(files, src, self.outside.tops)
        self.functions: list[tuple[int, Function]] = []
        self.slots: list[int] = []
        self.asked: set[str] = set()
        self.first_function: list[int] = []
        self.classes: list[tuple[int, Class]] = []
        self.first_class: list[int] = []
        for index, file in enumerate(files):
            self.first_function.append(len(self.functions))
            self.functions += [(index, function) for function in file.functions]
            # room for functions to come, so that numbers stay when a file gains one
            room = slots[index] if slots else len(file.functions) + _ROOM
            self.slots.append(room)
            self.functions += [(index, _NOTHING)] * (room - len(file.functions))
            self.first_class.append(len(self.classes))
            self.classes += [(index, each) for each in file.classes]
        self.memo: dict[tuple[int, int, int], Types] = {}
        self.named: dict[tuple[int, str], Types] = {}
        self.results: dict[tuple[int, int], Types] = {}
        self.members: dict[tuple[int, str, int], Types] = {}
        self.orders: dict[int, tuple[tuple[int, ...], tuple[str, ...]]] = {}
        self.decorated: dict[int, Types] = {}
        self.kinds: dict[int, frozenset[str]] = {}
        self.depth = 0
        self._subclasses: dict[int, list[int]] | None = None
        self._callers: dict[str, list[tuple[int, list[int], bool]]] | None = None
        self._puts: dict[Any, list[tuple[int, int]]] | None = None
        self._sets: dict[str, list[tuple[int, int, int]]] | None = None
        self.evaluate: dict[int, Callable[[int, tuple[Any, ...], int], Types]] = {
            facts.GLOBAL: self._global,
            facts.OUTER: self._outer,
            facts.ATTR: self._attr,
            facts.CALL: self._call,
            facts.ITEM: self._item,
            facts.AWAIT: self._await,
            facts.UNION: self._union,
            facts.SEQUENCE: self._sequence,
            facts.DICT: self._sequence,
            facts.TUPLE: self._tuple,
            facts.FUNCTION: self._function,
            facts.CLASS: self._class,
            facts.BINARY: self._binary,
            facts.ELEMENT: self._element,
            facts.AELEMENT: self._aelement,
            facts.ENTERED: self._entered,
            facts.AENTERED: self._aentered,
            facts.UNPACKED: self._unpacked,
            facts.PARAM: self._param,
            facts.IMPORT: self._import,
            facts.ANNOTATED: self._annotated,
            facts.SUPER: self._super,
            facts.LITERAL: self._literal,
            facts.CONST: self._const,
        }

    # Asking

    def of(self, file: int, node: int, self_class: int = -1) -> Types:
        """Return the types of an expression; `self_class` is what `self` is, if not the owner."""
        if not node:
            return ()
        key = (file, node, self_class)
        found = self.memo.get(key)
        if found is not None:
            return found
        parts = self.files[file].nodes[node]
        evaluate = self.evaluate.get(parts[0])
        if self.depth > _DEEPEST:
            return ()
        self.memo[key] = ()
        if evaluate is None:
            types: Types = ()
        else:
            self.depth += 1
            types = evaluate(file, parts, self_class)
            self.depth -= 1
        if parts[0] in (facts.EMPTY, facts.SEQUENCE, facts.DICT, facts.CALL, facts.PARAM):
            types = self._with_puts(file, node, types, self_class)
        self.memo[key] = types
        return types

    def _with_puts(self, file: int, node: int, types: Types, self_class: int) -> Types:
        put = self.puts.get((file, node))
        if not put:
            return types
        found = [each for at, value in put for each in self.of(at, value, self_class)]
        return _unique([*types, ("S", _unique(found))])

    # Names

    def _global(self, file: int, parts: tuple[Any, ...], _self: int) -> Types:
        name = parts[1]
        definitions = self.modules.lookup(file, name)
        if not definitions:
            return (("X", f"builtins.{name}", ""),) if name in BUILTINS else ()
        types = self._defined(definitions)
        put = self.puts.get((file, name))
        if put:
            found = [each for at, value in put for each in self.of(at, value)]
            types = _unique([*types, ("S", _unique(found))])
        return types

    def _defined(self, definitions: Iterable[tuple[Any, ...]]) -> Types:
        found: list[Type] = []
        for each in definitions:
            if each[0] == "N":
                found += self.of(each[1], each[2])
                put = self.puts.get((each[1], each[2]))
                if put:
                    found += [("S", _unique(t for at, v in put for t in self.of(at, v)))]
            elif each[0] == "X":
                found.append(("X", self.outside.canonical(each[1]), ""))
            else:
                found.append(each)
        return _unique(found)

    def _import(self, file: int, parts: tuple[Any, ...], _self: int) -> Types:
        return self._defined(self.modules.imported(file, parts[1], parts[2]))

    def _outer(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        captured = self.files[file].functions[parts[1]].captured.get(parts[2], ())
        return _unique(each for node in captured for each in self.of(file, node, self_class))

    def _function(self, file: int, parts: tuple[Any, ...], _self: int) -> Types:
        return self.decoration(self.first_function[file] + parts[1])

    def _class(self, file: int, parts: tuple[Any, ...], _self: int) -> Types:
        return (("C", self.first_class[file] + parts[1]),)

    def _literal(self, _file: int, parts: tuple[Any, ...], _self: int) -> Types:
        return (("E", parts[1]),)

    def _const(self, _file: int, parts: tuple[Any, ...], _self: int) -> Types:
        return () if parts[1] is None else (("E", parts[2]),)

    def _super(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        owner = self.first_class[file] + parts[1]
        return (("Q", owner, self_class if self_class >= 0 else owner),)

    # Shapes

    def _union(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        return _unique(each for node in parts[1] for each in self.of(file, node, self_class))

    def _sequence(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        return (("S", _unique(e for node in parts[1] for e in self.of(file, node, self_class))),)

    def _tuple(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        return (("T", tuple(self.of(file, node, self_class) for node in parts[1])),)

    def _binary(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        left = self.of(file, parts[1], self_class)
        paths = tuple(each for each in left if each[0] == "E" and "Path" in each[1])
        if paths:
            return paths
        right = self.of(file, parts[2], self_class)
        return tuple(each for each in right if each[0] == "E" and "Path" in each[1])

    def _element(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        return self._elements(self.of(file, parts[1], self_class))

    def _elements(self, types: Types) -> Types:
        found: list[Type] = []
        for each in types:
            if each[0] == "S":
                found += each[1]
            elif each[0] == "T":
                found += [inner for part in each[1] for inner in part]
            elif each[0] == "G":
                file, function = self.functions[each[1]]
                found += [t for y in function.yields for t in self.of(file, y, each[2])]
            elif each[0] == "I":
                iterator = self.call_method(each, "__iter__")
                found += self.call_method(each, "__next__")
                found += self._elements(tuple(t for t in iterator if t[0] in "SGTE"))
            elif each[0] == "E":
                found += self.outside_result(each[1], f"{each[1]}.__iter__")
            elif each[0] == "B" and each[1] == "items":
                found.append(("T", ((), each[2])))
        return _unique(found)

    def _aelement(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        for each in self.of(file, parts[1], self_class):
            if each[0] in "GA":
                at, function = self.functions[each[1]]
                found += [t for y in function.yields for t in self.of(at, y, each[2])]
            elif each[0] == "S":
                found += each[1]
            elif each[0] == "I":
                found += self.awaited(self.call_method(each, "__anext__"))
                made = tuple(t for t in self.call_method(each, "__aiter__") if t[0] in "GA")
                for one in made:
                    at, function = self.functions[one[1]]
                    found += [t for y in function.yields for t in self.of(at, y, one[2])]
        return _unique(found)

    def _unpacked(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        for each in self.of(file, parts[1], self_class):
            if each[0] == "T":
                found += each[1][parts[2]] if parts[2] < len(each[1]) else ()
            elif each[0] in "SG":
                found += self._elements((each,))
        return _unique(found)

    def _entered(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        made = self.files[file].nodes[parts[1]]
        if made[0] == facts.CALL and made[2] and self._last(file, made[1]) == "closing":
            return self.of(file, made[2][0], self_class)
        for each in self.of(file, parts[1], self_class):
            if each[0] == "K":
                at, function = self.functions[each[1]]
                found += [t for y in function.yields for t in self.of(at, y, each[2])]
                if not found:
                    found += self._annotated_yield(at, function)
            elif each[0] == "I":
                known = self.order(each[1])[1] or self.constructor(each[1], "__enter__") >= 0
                found += self.call_method(each, "__enter__") or ((each,) if known else ())
            elif each[0] == "E":
                found += self.outside_result(each[1], f"{each[1]}.__enter__") or (each,)
        return _unique(found)

    def _annotated_yield(self, file: int, function: Function) -> Types:
        return self._elements(self.annotation(file, function.returns))

    def _aentered(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        for each in self.of(file, parts[1], self_class):
            if each[0] == "K":
                at, function = self.functions[each[1]]
                yielded = [t for y in function.yields for t in self.of(at, y, each[2])]
                found += yielded or self._annotated_yield(at, function)
            elif each[0] == "I":
                entered = self.call_method(each, "__aenter__")
                if entered or not self.order(each[1])[1]:
                    found += self.awaited(entered) or ((each,) if entered else ())
                else:
                    found.append(each)
            elif each[0] == "E":
                found += self.outside_result(each[1], f"{each[1]}.__aenter__") or (each,)
        return _unique(found)

    def _await(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        return self.awaited(self.of(file, parts[1], self_class))

    def awaited(self, types: Types) -> Types:
        """Return what awaiting these gives."""
        found: list[Type] = []
        for each in types:
            if each[0] == "W":
                found += each[1]
            elif each[0] == "I":
                awaited = self.call_method(each, "__await__")
                found += self._elements(tuple(t for t in awaited if t[0] in "SG"))
        return _unique(found)

    def _annotated(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        declared = self.annotation(file, parts[1])
        value = self.of(file, parts[2], self_class)
        if not declared:
            return value
        if value and (self._abstract(declared) or all(each[0] == "S" for each in declared)):
            return value if not all(each == ("S", ()) for each in value) else declared
        return declared

    def _abstract(self, types: Types) -> bool:
        return any(each[0] == "I" and self.subclasses.get(each[1]) for each in types)

    # Members

    def _attr(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        base, name = parts[1], parts[2]
        found: list[Type] = []
        bases = self.of(file, base, self_class)
        for each in bases:
            found += self.member(each, name)
        if all(each[0] in "EX" for each in bases) and not self._is_told(bases, name):
            found = [*self._set_elsewhere(file, parts)] or found
        return _unique(found)

    def _is_told(self, bases: Types, name: str) -> bool:
        """Tell whether the packs, or an import, say what this attribute is."""
        for each in bases:
            owner = each[1] if each[0] == "E" else each[2]
            if each[0] == "X" and not owner:
                return True
            if self.outside.known_method(owner, name) or self.outside.attribute(owner, name):
                return True
        return False

    def _set_elsewhere(self, file: int, parts: tuple[Any, ...]) -> Types:
        """Follow `request.app.state.engine` to the one place that says `app.state.engine = …`."""
        last = self._last(file, parts[1])
        places = self.sets.get(f"{last}.{parts[2]}") if last else None
        if not places:
            return ()
        return _unique(each for at, _, value in places for each in self.of(at, value))

    def _last(self, file: int, node: int) -> str:
        """Return the last name of an expression, by which `x.state` and `y.state` are the same."""
        parts = self.files[file].nodes[node]
        if parts[0] == facts.ATTR:
            return str(parts[2])
        if parts[0] == facts.GLOBAL:
            return str(parts[1])
        if parts[0] == facts.PARAM:
            return self.files[file].functions[parts[1]].params[parts[2]].name
        if parts[0] == facts.OUTER:
            return str(parts[2])
        return ""

    def member(self, owner: Type, name: str) -> Types:
        """Return the types of an attribute of a thing of this type."""
        kind = owner[0]
        if kind == "I":
            return self.instance_member(owner[1], name)
        if kind == "E":
            known = self.outside.attribute(owner[1], name)
            if known:
                return self._spelled(known, owner[1])
            return (("X", self.outside.canonical(f"{owner[1]}.{name}"), owner[1]),)
        if kind == "X":
            if owner[2]:
                return (("X", f"{owner[1]}.{name}", "?"),)
            known = self.library.attributes.get(f"{owner[1]}.{name}")
            if known:
                return self._spelled(known, owner[1])
            full = self.outside.canonical(f"{owner[1]}.{name}")
            return (("X", full, owner[1] if self.outside.is_class(owner[1]) else ""),)
        if kind == "C":
            return self.class_member(owner[1], name)
        if kind == "P" or kind == "D":
            return self._defined(self.modules.member(owner, name))
        if kind == "S":
            return (("B", name, owner[1]),)
        if kind == "Q":
            return self._super_member(owner, name)
        if kind == "F" and name in ("delay", "apply_async", "send", "submit", "kiq", "defer"):
            return (("X", "asyncfix.queued", ""),)
        return ()

    def instance_member(self, cls: int, name: str) -> Types:
        """Return the types of `instance.name`."""
        key = (cls, name, 0)
        found = self.members.get(key)
        if found is None:
            self.members[key] = ()
            found = self.members[key] = self._instance_member(cls, name)
        return found

    def _instance_member(self, cls: int, name: str) -> Types:
        order, outside = self.order(cls)
        declared = False
        for each in order:
            file, facts_of = self.classes[each]
            method = facts_of.methods.get(name)
            if method is not None:
                fid = self.first_function[file] + method
                return self._method(fid, cls, each)
            values = facts_of.attributes.get(name)
            put = self.puts.get((each, name, "self"))
            if values or put:
                declared = True
                found = self._values(file, values or (), cls, each)
                if put:
                    inner = [t for at, value in put for t in self.of(at, value, cls)]
                    found = _unique([*found, ("S", _unique(inner))])
                if found:
                    return found
        known = self._outside_member(outside, name)
        if known:
            return known
        places = [p for p in self.sets.get(f".{name}", ()) if self._is_on(p, cls)]
        if places:
            return _unique(each for at, _, value in places for each in self.of(at, value))
        below: list[Type] = []
        for sub in self.subclasses.get(cls, ())[:_MOST_IMPLEMENTERS]:
            below += self._own_member(sub, name)
        if below or declared:
            return _unique(below)
        if outside and not name.startswith("__"):
            return tuple(("X", f"{base}.{name}", base) for base in outside[:1])
        return ()

    def _own_member(self, cls: int, name: str) -> Types:
        file, facts_of = self.classes[cls]
        if name in facts_of.methods:
            return self._method(self.first_function[file] + facts_of.methods[name], cls, cls)
        return self._values(file, facts_of.attributes.get(name, ()), cls, cls)

    def _values(self, file: int, values: Iterable[int], cls: int, owner: int) -> Types:
        context = cls if cls != owner else -1
        typed: list[Type] = []
        inferred: list[Type] = []
        for value in values:
            node = self.files[file].nodes[value]
            if node[0] == facts.CONST and node[1] is None:
                continue
            into = typed if node[0] == facts.ANNOTATED else inferred
            into += self.of(file, value, context)
        if typed and inferred and self._abstract(tuple(typed)):
            return _unique(inferred)
        containers = all(each[0] == "S" for each in typed)
        return _unique(inferred + typed if containers else typed or inferred)

    def _method(self, fid: int, cls: int, owner: int) -> Types:
        kinds = self.kind(fid)
        function = self.functions[fid][1]
        context = cls if cls != owner else -1
        if kinds & _PROPERTIES:
            if function.flags & facts.ABSTRACT:
                return _unique(
                    each
                    for sub, subfid in self.implementers(cls, function.name)
                    for each in self.result(subfid, sub)
                )
            return self.result(fid, context)
        if function.flags & facts.ABSTRACT:
            found: list[Type] = [
                ("M", subfid, sub) for sub, subfid in self.implementers(cls, function.name)
            ]
            return (*found, ("M", fid, cls)) if found else (("M", fid, cls),)
        if function.flags & facts.STATIC:
            return self.decoration(fid)
        decorated = self.decoration(fid)
        if decorated and decorated[0][0] in "VX":
            return decorated
        return (("M", fid, cls),)

    def _outside_member(self, outside: tuple[str, ...], name: str) -> Types:
        for base in outside:
            known = self.outside.attribute(base, name)
            if known:
                return self._spelled(known, base)
            if self.outside.known_method(base, name) or self.outside.target(base, f"{base}.{name}"):
                return (("X", f"{base}.{name}", base),)
        return ()

    def class_member(self, cls: int, name: str) -> Types:
        """Return the types of `Class.name`."""
        order, outside = self.order(cls)
        for each in order:
            file, facts_of = self.classes[each]
            method = facts_of.methods.get(name)
            if method is not None:
                fid = self.first_function[file] + method
                function = self.functions[fid][1]
                if function.flags & facts.CLASSMETHOD:
                    return (("M", fid, cls),)
                return self.decoration(fid) if function.flags & facts.STATIC else (("F", fid),)
            if name in facts_of.attributes:
                found = self._values(file, facts_of.attributes[name], cls, each)
                places = [p for p in self.sets.get(f".{name}", ()) if self._is_on(p, cls)]
                more = [t for at, _, value in places for t in self.of(at, value)]
                return _unique([*found, *more])
        known = self._outside_member(outside, name)
        if known:
            return known
        places = [p for p in self.sets.get(f".{name}", ()) if self._is_on(p, cls)]
        if places:
            return _unique(each for at, _, value in places for each in self.of(at, value))
        return tuple(("X", f"{base}.{name}", base) for base in outside[:1])

    def _super_member(self, owner: Type, name: str) -> Types:
        order, outside = self.order(owner[2])
        after = order[order.index(owner[1]) + 1 :] if owner[1] in order else self.order(owner[1])[0][1:]
        for each in after:
            file, facts_of = self.classes[each]
            if name in facts_of.methods:
                return (("M", self.first_function[file] + facts_of.methods[name], owner[2]),)
        found = self._outside_member(outside, name)
        return found or tuple(("X", f"{base}.{name}", base) for base in outside[:1])

    def _is_on(self, place: tuple[int, int, int], cls: int) -> bool:
        """Tell whether `x.name = …` sets an attribute of this class or one above it."""
        order = self.order(cls)[0]
        return any(each[0] in "IC" and each[1] in order for each in self.of(place[0], place[1]))

    def call_method(self, owner: Type, name: str) -> Types:
        """Return what calling a method without arguments gives."""
        return _unique(
            each
            for method in self.member(owner, name)
            if method[0] == "M"
            for each in self.result(method[1], self.context(method))
        )

    def context(self, method: Type) -> int:
        """Return what `self` is within a bound method, or -1 where it is its own class."""
        file, function = self.functions[method[1]]
        if function.owner < 0:
            return -1
        owner = self.first_class[file] + function.owner
        return -1 if owner == method[2] else int(method[2])

    # Classes

    def order(self, cls: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return a class and its bases in the project, nearest first, and those outside."""
        found = self.orders.get(cls)
        if found is None:
            self.orders[cls] = ((cls,), ())
            found = self.orders[cls] = self._order(cls)
        return found

    def _order(self, cls: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
        file, facts_of = self.classes[cls]
        mine: list[int] = []
        outside: list[str] = []
        for base in facts_of.bases:
            for each in self.of(file, self._unsubscripted(file, base)):
                if each[0] == "C" and each[1] != cls:
                    order, more = self.order(each[1])
                    mine = [up for up in mine if up not in order] + list(order)
                    outside += more
                elif each[0] == "X":
                    outside.append(each[1])
                elif each[0] == "E":
                    outside.append(each[1])
        return (cls, *mine), tuple(dict.fromkeys(outside))

    def _unsubscripted(self, file: int, node: int) -> int:
        parts = self.files[file].nodes[node]
        return parts[1] if parts[0] == facts.ITEM else node

    @property
    def subclasses(self) -> dict[int, list[int]]:
        """Return every class below a class, by class; protocols have those that fit them."""
        if self._subclasses is None:
            self._subclasses = {}
            below: dict[int, list[int]] = {}
            for cls, (_, facts_of) in enumerate(self.classes):
                if facts_of.bases:
                    for base in self.order(cls)[0][1:]:
                        below.setdefault(base, []).append(cls)
            self._subclasses = below
            self._add_protocols(below)
        return self._subclasses

    def _add_protocols(self, below: dict[int, list[int]]) -> None:
        protocols = [
            cls
            for cls, (_, facts_of) in enumerate(self.classes)
            if facts_of.bases
            and facts_of.methods
            and any(base.endswith(".Protocol") for base in self.order(cls)[1])
        ]
        if not protocols:
            return
        by_method: dict[str, set[int]] = {}
        for cls, (_, facts_of) in enumerate(self.classes):
            for name in facts_of.methods:
                by_method.setdefault(name, set()).add(cls)
        for cls in protocols:
            names = [n for n in self.classes[cls][1].methods if not n.startswith("__")]
            if names:
                fitting = set.intersection(*(by_method[name] for name in names))
                extra = sorted(fitting - {cls, *below.get(cls, ())} - set(protocols))
                extra = [each for each in extra if self._fits(each, cls, names)]
                if 0 < len(extra) <= _MOST_IMPLEMENTERS:
                    below.setdefault(cls, []).extend(extra)

    def _fits(self, cls: int, protocol: int, names: Iterable[str]) -> bool:
        """Tell whether the methods that a protocol asks for are async where it says so."""
        kinds = []
        for each in (cls, protocol):
            file, facts_of = self.classes[each]
            methods = [self.files[file].functions[facts_of.methods[name]] for name in names]
            kinds.append([method.flags & facts.ASYNC for method in methods])
        return kinds[0] == kinds[1]

    def implementers(self, cls: int, name: str) -> list[tuple[int, int]]:
        """Return the classes below one that implement a method, with the function."""
        found = []
        for sub in self.subclasses.get(cls, ()):
            file, facts_of = self.classes[sub]
            method = facts_of.methods.get(name)
            if method is not None:
                fid = self.first_function[file] + method
                if not self.functions[fid][1].flags & facts.ABSTRACT:
                    found.append((sub, fid))
        return found if len(found) <= _MOST_IMPLEMENTERS else []

    # Functions

    def kind(self, fid: int) -> frozenset[str]:
        """Return the last names of a function's decorators: property, contextmanager, cache, …"""
        found = self.kinds.get(fid)
        if found is None:
            file, function = self.functions[fid]
            names = set()
            for decorator in function.decorators:
                parts = self.files[file].nodes[decorator]
                parts = self.files[file].nodes[parts[1]] if parts[0] == facts.CALL else parts
                if parts[0] in (facts.ATTR, facts.GLOBAL):
                    names.add(parts[2] if parts[0] == facts.ATTR else parts[1])
            found = self.kinds[fid] = frozenset(names)
        return found

    def is_property(self, fid: int) -> bool:
        """Tell whether reading an attribute calls this function."""
        return bool(self.kind(fid) & _PROPERTIES)

    def is_cached(self, fid: int) -> bool:
        """Tell whether this function's body runs once for equal arguments."""
        return bool(self.kind(fid) & _CACHES)

    def decoration(self, fid: int) -> Types:
        """Return what a function's name is bound to once its decorators have run."""
        found = self.decorated.get(fid)
        if found is None:
            self.decorated[fid] = (("F", fid),)
            found = self.decorated[fid] = self._decoration(fid)
        return found

    def _decoration(self, fid: int) -> Types:
        file, function = self.functions[fid]
        current: Types = (("F", fid),)
        for decorator in reversed(function.decorators):
            parts = self.files[file].nodes[decorator]
            makers = self.of(file, parts[1]) if parts[0] == facts.CALL else ()
            if any(each[0] == "X" and each[1] in self.library.offloads for each in makers):
                current = (("X", makers[0][1], "decorator"),)
            for each in self.of(file, decorator):
                if each[0] == "X" and each[1] in self.library.offloads:
                    current = (("X", each[1], "decorator"),)
                elif each[0] == "F":
                    wrapper = self._wrapper(each[1])
                    if wrapper >= 0:
                        current = (("V", wrapper, current, each[1]),)
        return current

    def _wrapper(self, decorator: int) -> int:
        """Return the nested function that a decorator of the project puts in place, or -1."""
        file, function = self.functions[decorator]
        for result in function.results:
            for each in self.of(file, result):
                if each[0] in "FV":
                    inner = self.functions[each[1]]
                    if inner[0] == file and inner[1].parent == decorator - self.first_function[file]:
                        return int(each[1])
        return -1

    def result(self, fid: int, self_class: int) -> Types:
        """Return what a call of a function gives."""
        key = (fid, self_class)
        found = self.results.get(key)
        if found is None:
            self.results[key] = ()
            found = self.results[key] = self._result(fid, self_class)
        return found

    def _result(self, fid: int, self_class: int) -> Types:
        file, function = self.functions[fid]
        kinds = self.kind(fid)
        if kinds & {"contextmanager", "asynccontextmanager"}:
            return (("K", fid, self_class),)
        if function.flags & facts.GENERATOR:
            return (("A" if function.flags & facts.ASYNC else "G", fid, self_class),)
        types = self._returned(fid, self_class)
        return (("W", types),) if function.flags & facts.ASYNC else types

    def _returned(self, fid: int, self_class: int) -> Types:
        file, function = self.functions[fid]
        declared = self.annotation(file, function.returns, self_class, function.owner)
        lazy = all(each[0] == "S" for each in declared)
        if declared and not lazy and not self._abstract(declared) and not _vague(declared):
            return declared
        inferred = _unique(
            each for node in function.results for each in self.of(file, node, self_class)
        )
        if declared and lazy:
            # `-> Iterator[X]` may hide a generator, whose body runs where it is iterated
            return _unique([*declared, *(each for each in inferred if each[0] in "GE")])
        return inferred or declared

    def _call(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        for callee in self.of(file, parts[1], self_class):
            found += self.called(callee, file, parts, self_class)
        return _unique(found)

    def called(self, callee: Type, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        """Return what calling a thing of this type gives."""
        kind = callee[0]
        if kind == "F":
            return self.result(callee[1], -1) or self._passed_through(callee, file, parts, self_class)
        if kind == "M":
            return self.result(callee[1], self.context(callee))
        if kind == "C":
            return (("I", callee[1]),)
        if kind == "X":
            return self._outside_call(callee, file, parts, self_class)
        if kind == "V":
            inner = _unique(
                each for t in callee[2] for each in self.called(t, file, parts, self_class)
            )
            is_async = self.functions[callee[1]][1].flags & facts.ASYNC
            if is_async and not any(each[0] == "W" for each in inner):
                return (("W", inner),)
            return inner
        if kind == "R":
            return _unique(
                t for each in callee[1] for t in self.called(each, callee[2], callee[3], -1)
            )
        if kind == "I":
            return self.call_method(callee, "__call__")
        if kind == "E":
            return self.outside_result(callee[1], f"{callee[1]}.__call__")
        if kind == "B":
            return self._container_call(callee)
        return ()

    def _passed_through(self, callee: Type, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        """Give the argument's type where a function returns the parameter that it was given."""
        at, function = self.functions[callee[1]]
        for node in function.results:
            result = self.files[at].nodes[node]
            if result[0] == facts.PARAM and result[1] == callee[1] - self.first_function[at]:
                argument = self.argument(file, parts, function, result[2], bound=False)
                return self.of(file, argument, self_class) if argument > 0 else ()
        return ()

    def _container_call(self, callee: Type) -> Types:
        name, elements = callee[1], callee[2]
        if name in _ELEMENT_OF:
            return tuple(elements)
        if name in ("values", "copy", "keys", "union", "difference"):
            return (("S", elements),)
        if name == "items":
            return (("S", (("T", ((), elements)),)),)
        return ()

    def _outside_call(self, callee: Type, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        name, owner = callee[1], callee[2]
        if name == "functools.partial" and parts[2]:
            return (("R", self.of(file, parts[2][0], self_class), file, _bound_call(parts)),)
        if name == "builtins.type" and len(parts[2]) == 1:
            given = self.of(file, parts[2][0], self_class)
            return tuple(("C", each[1]) for each in given if each[0] == "I")
        spelled = self.outside.result(owner, name)
        if name in self.library.offloads and not spelled:
            return self._offloaded(file, parts, self_class)
        if spelled:
            if spelled.startswith("@"):
                at = int(spelled[1:])
                argument = parts[2][at] if at < len(parts[2]) else 0
                types = self.of(file, argument, self_class) if argument > 0 else ()
                return self.annotation(file, argument) if name.endswith(".cast") else types
            return self._spelled(spelled, owner)
        if name in ("typing.cast", "typing_extensions.cast") and parts[2]:
            return self.annotation(file, parts[2][0])
        if name in self.library.wrappers or name in self.library.consumers:
            return self._wrapped(name, file, parts, self_class)
        if not owner and self.outside.is_class(name):
            return (("E", name),)
        if owner and self.outside.is_class(name) and name.rpartition(".")[2][:1].isupper():
            return (("E", name),)
        return ()

    def _wrapped(self, name: str, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        last = name.rpartition(".")[2]
        inner = [self._elements(self.of(file, a, self_class)) for a in parts[2] if a > 0]
        if last == "enumerate":
            return (("S", (("T", ((), inner[0] if inner else ())),)),)
        if last in ("zip", "zip_longest", "product"):
            return (("S", (("T", tuple(inner)),)),)
        if last in ("map", "starmap"):
            return ()
        if last in ("next", "min", "max"):
            return inner[0] if inner else ()
        at = 1 if last == "filter" else 0
        return (("S", inner[at] if at < len(inner) else ()),)

    def _offloaded(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        for argument in parts[2]:
            if argument <= 0:
                continue
            for each in self.of(file, argument, self_class):
                if each[0] in "FMCV":
                    return (("W", self.called(each, file, (0, 0, (), (), ()), self_class)),)
        return (("W", ()),)

    def outside_result(self, owner: str, name: str) -> Types:
        """Return what the packs say that a method of an outside instance gives."""
        spelled = self.outside.result(owner, name)
        if not spelled or (name.rpartition(".")[2].startswith("__") and spelled == "self"
                           and not self.outside.known_method(owner, name.rpartition(".")[2])):
            return ()
        return self._spelled(spelled, owner)

    def _spelled(self, text: str, owner: str) -> Types:
        return self._type(parsed(text), owner)

    def _type(self, parts: tuple[Any, ...], owner: str) -> Types:
        kind = parts[0]
        if kind == "or":
            return _unique(each for part in parts[1] for each in self._type(part, owner))
        if kind == "of":
            inner = _unique(each for part in parts[2] for each in self._type(part, owner))
            name = parts[1].rpartition(".")[2]
            if name in ("awaitable", *_AWAITABLES):
                return (("W", inner),)
            return (("S", inner),)
        if kind == "name":
            if parts[1] == "self":
                return (("E", owner),)
            return () if parts[1] == "None" else (("E", self.outside.canonical(parts[1])),)
        return ()

    # Annotations

    def annotation(self, file: int, node: int, self_class: int = -1, owner: int = -1) -> Types:
        """Return the types of values that an annotation admits."""
        if not node:
            return ()
        parts = self.files[file].nodes[node]
        operator = parts[0]
        if operator == facts.GLOBAL:
            return self._annotation_name(file, parts[1], self_class, owner)
        if operator == facts.ATTR:
            return self._instances(self.of(file, node))
        if operator == facts.UNION:
            return _unique(e for n in parts[1] for e in self.annotation(file, n, self_class, owner))
        if operator == facts.ITEM:
            return self._generic(file, parts, self_class, owner)
        if operator == facts.CLASS:
            return (("I", self.first_class[file] + parts[1]),)
        if operator in (facts.IMPORT, facts.OUTER):
            return self._instances(self.of(file, node))
        if operator == facts.ANNOTATED:
            return self.annotation(file, parts[2], self_class, owner)
        return ()

    def _annotation_name(self, file: int, name: str, self_class: int, owner: int) -> Types:
        if name == "Self" and (self_class >= 0 or owner >= 0):
            return (("I", self_class if self_class >= 0 else self.first_class[file] + owner),)
        key = (file, name)
        if key in self.named:
            return self.named[key]
        self.named[key] = ()
        found: list[Type] = []
        definitions = self.modules.lookup(file, name)
        if not definitions and name in _SCALARS:
            found.append(("E", name))
        for each in definitions:
            if each[0] == "N":
                found += self._alias(int(str(each[1])), int(str(each[2])))
            elif each[0] == "X":
                found += self._instances((("X", self.outside.canonical(str(each[1])), ""),))
        self.named[key] = _unique(found)
        return self.named[key]

    def _alias(self, file: int, node: int) -> Types:
        parts = self.files[file].nodes[node]
        if parts[0] == facts.CALL:
            made = self.of(file, parts[1])
            if any(each[0] == "X" and each[1].endswith((".NewType", ".TypeVar")) for each in made):
                return self.annotation(file, parts[2][1]) if len(parts[2]) > 1 else self._bound(file, parts)
            return self._instances(self.of(file, node))
        return self.annotation(file, node)

    def _bound(self, file: int, parts: tuple[Any, ...]) -> Types:
        for name, value in zip(parts[3], parts[4], strict=True):
            if name == "bound":
                return self.annotation(file, value)
        return ()

    def _instances(self, types: Types) -> Types:
        found: list[Type] = []
        for each in types:
            if each[0] == "C":
                found.append(("I", each[1]))
            elif each[0] == "X" and each[1].removeprefix("builtins.") in _SCALARS:
                found.append(("E", each[1].removeprefix("builtins.")))
            elif each[0] == "X" and not each[1].startswith(("typing.", "builtins.", "collections.abc.")):
                found.append(("E", each[1]))
        return _unique(found)

    def _generic(self, file: int, parts: tuple[Any, ...], self_class: int, owner: int) -> Types:
        base, index = parts[1], parts[2]
        arguments = self.files[file].nodes[index]
        nodes = arguments[1] if arguments[0] == facts.TUPLE else (index,)
        name = self._last(file, base)
        if name in _TRANSPARENT:
            found = self.annotation(file, nodes[0], self_class, owner)
            return found if found or name != "Annotated" else self._provided(file, nodes[1:])
        if name == "Union":
            return _unique(e for n in nodes for e in self.annotation(file, n, self_class, owner))
        inner = [self.annotation(file, n, self_class, owner) for n in nodes]
        if name in _SEQUENCES:
            return (("S", inner[0]),)
        if name in _MAPPINGS:
            return (("S", inner[-1]),)
        if name in ("tuple", "Tuple"):
            variadic = len(nodes) == 2 and self.files[file].nodes[nodes[1]][0] == facts.LITERAL
            return (("S", inner[0]),) if variadic else (("T", tuple(inner)),)
        if name in _AWAITABLES:
            return (("W", inner[-1]),)
        if name in ("type", "Type"):
            classes = {"I": "C", "E": "X"}
            return tuple(
                (classes[each[0]], each[1], "")[: 2 + (each[0] == "E")] for each in inner[0] if each[0] in classes
            )
        if name in ("Callable", "Literal"):
            return ()
        return self.annotation(file, base, self_class, owner)

    def _provided(self, file: int, nodes: Iterable[int]) -> Types:
        """Return what `Depends(provider)` puts into a parameter."""
        found: list[Type] = []
        for node in nodes:
            parts = self.files[file].nodes[node]
            if parts[0] != facts.CALL or not (parts[2] or parts[4]):
                continue
            if self._last(file, parts[1]) not in ("Depends", "Security", "Provide"):
                continue
            provider = parts[2][0] if parts[2] else parts[4][0]
            for each in self.of(file, provider):
                found += self._yielded(self.called(each, file, (0, 0, (), (), ()), -1))
        return _unique(found)

    def _yielded(self, types: Types) -> Types:
        found: list[Type] = []
        for each in types:
            if each[0] == "W":
                found += each[1]
            elif each[0] in "GAK":
                file, function = self.functions[each[1]]
                yielded = [t for y in function.yields for t in self.of(file, y, each[2])]
                found += yielded or self._annotated_yield(file, function)
            else:
                found.append(each)
        return _unique(found)

    # Parameters

    def _param(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        function = self.files[file].functions[parts[1]]
        param = function.params[parts[2]]
        if parts[2] == 0 and function.owner >= 0 and function.flags & facts.METHOD:
            owner = self_class if self_class >= 0 else self.first_class[file] + function.owner
            return (("C" if function.flags & facts.CLASSMETHOD else "I", owner),)
        declared = self.annotation(file, param.annotation, self_class, function.owner)
        if param.kind == "*":
            return (("S", declared),)
        if param.kind == "**":
            return (("S", declared),)
        if declared and not _vague(declared):
            return (self._narrower(file, parts) or declared) if self._abstract(declared) else declared
        provided = self._provided(file, (param.default,)) if param.default else ()
        if provided:
            return provided
        found = [*declared, *self.of(file, param.default), *self._from_callers(file, parts)]
        return _unique(found)

    def _narrower(self, file: int, parts: tuple[Any, ...]) -> Types:
        """Return what callers pass for a parameter of an abstract type, if all of that is known."""
        passed = self._from_callers(file, parts)
        return passed if passed and all(each[0] == "I" for each in passed) else ()

    def _from_callers(self, file: int, parts: tuple[Any, ...]) -> Types:
        """Return what the project's callers pass for a parameter that has no type of its own."""
        function = self.files[file].functions[parts[1]]
        fid = self.first_function[file] + parts[1]
        name = function.name
        if function.flags & facts.LAMBDA or self.depth > _DEEPEST // 2:
            return ()
        names = [name]
        if name in ("__init__", "__new__") and function.owner >= 0:
            owner = self.first_class[file] + function.owner
            below = [owner, *self.subclasses.get(owner, ())]
            names = [self.classes[each][1].name for each in below[:20]] + ["cls", "__init__"]
        found: list[Type] = []
        for each in names:
            self.asked.add(each)
            places = self.callers.get(each, ())
            if sum(len(nodes) for _, nodes, _ in places) > _MOST_CALLERS:
                continue
            for at, nodes, test in places:
                if not test or _is_test(self.files[file].path):
                    for node in nodes:
                        found += self._passed(fid, function, parts[2], at, node)
        return _unique(found)

    def _passed(self, fid: int, function: Function, index: int, at: int, node: int) -> Types:
        parts = self.files[at].nodes[node]
        for callee in self.of(at, parts[1]):
            bound = self.reaches(callee, fid)
            if bound is None:
                continue
            argument = self.argument(at, parts, function, index, bound=bound)
            if argument > 0:
                return self.of(at, argument)
        return ()

    def reaches(self, callee: Type, fid: int) -> bool | None:
        """Tell whether calling this runs the function: None if not, else whether `self` is bound."""
        kind = callee[0]
        if kind == "F" and callee[1] == fid:
            return False
        if kind == "M" and callee[1] == fid:
            return True
        if kind == "C" and self.constructor(callee[1], "__init__") == fid:
            return True
        if kind == "V":
            inner = (self.reaches(each, fid) for each in callee[2])
            return next((each for each in inner if each is not None), None)
        return None

    def is_instance(self, each: Type, of: Type) -> bool | None:
        """Tell whether a value of one type is an instance of a class; None if that is not known."""
        plain = of[0] == "X" and of[1].startswith("builtins.")
        if each[0] == "I" and of[0] == "C":
            below = self.subclasses.get(each[1], ())
            return of[1] in self.order(each[1])[0] or (None if of[1] in below else False)
        if each[0] == "I" and of[0] == "X":
            return of[1] in self.order(each[1])[1]
        if each[0] == "E" and of[0] == "C":
            return False
        if each[0] == "E" and of[0] == "X":
            if each[1] in _SCALARS:
                return of[1] == f"builtins.{each[1]}"
            return of[1] in self.outside.order(each[1]) or (False if plain else None)
        return False if each[0] in "ST" and plain and of[1][9:] in _SCALARS else None

    def constant(self, file: int, node: int) -> object:
        """Return the constant that an expression is by its text or its name; `...` if none."""
        parts = self.files[file].nodes[node]
        if parts[0] == facts.CONST:
            return parts[1]
        if parts[0] == facts.GLOBAL:
            definitions = self.modules.lookup(file, parts[1])
            if len(definitions) == 1 and definitions[0][0] == "N":
                return self.constant(definitions[0][1], definitions[0][2])
        if parts[0] == facts.ATTR:
            if parts[2] in ("value", "name"):
                inner = self.constant(file, parts[1])
                if inner is not ...:
                    return inner
            return self._class_constant(self.of(file, parts[1]), parts[2])
        return ...

    def _class_constant(self, owners: Types, name: str) -> object:
        if len(owners) == 1 and owners[0][0] == "C":
            file, facts_of = self.classes[owners[0][1]]
            values = facts_of.attributes.get(name, ())
            if len(values) == 1:
                return self.constant(file, values[0])
        return ...

    def constructor(self, cls: int, name: str) -> int:
        """Return the function that constructing a class runs under this name, or -1."""
        for each in self.order(cls)[0]:
            file, facts_of = self.classes[each]
            if name in facts_of.methods:
                return self.first_function[file] + facts_of.methods[name]
        return -1

    def argument(
        self, _file: int, parts: tuple[Any, ...], function: Function, index: int, *, bound: bool
    ) -> int:
        """Return the node passed for a parameter; 0 if left out, -1 if it cannot be told."""
        param = function.params[index]
        if param.name in parts[3]:
            return int(parts[4][parts[3].index(param.name)])
        unknown = -1 if "**" in parts[3] else 0
        if param.kind:
            return unknown
        skip = 1 if bound and not function.flags & facts.STATIC else 0
        at = index - skip
        given = parts[2]
        if -1 in given[: at + 1]:
            return -1
        return int(given[at]) if 0 <= at < len(given) else unknown

    # Indexes over the whole project, made when first asked for

    @property
    def callers(self) -> dict[str, list[tuple[int, list[int], bool]]]:
        """Return the calls of every file by the last name of what is called."""
        if self._callers is None:
            self._callers = {}
            for file, each in enumerate(self.files):
                test = _is_test(each.path)
                for name, nodes in each.calls.items():
                    self._callers.setdefault(name, []).append((file, nodes, test))
        return self._callers

    @property
    def puts(self) -> dict[Any, list[tuple[int, int]]]:
        """Return what is put into containers: by node, by global name, by attribute of a class."""
        if self._puts is None:
            found: dict[Any, list[tuple[int, int]]] = {}
            for file, each in enumerate(self.files):
                for container, value in each.puts:
                    for key in self._container_keys(file, each, container):
                        found.setdefault(key, []).append((file, value))
            self._puts = found
        return self._puts

    def _container_keys(self, file: int, each: FileFacts, container: int) -> list[Any]:
        parts = each.nodes[container]
        if parts[0] == facts.UNION:
            return [k for node in parts[1] for k in self._container_keys(file, each, node)]
        if parts[0] == facts.ANNOTATED:
            return [(file, container), *self._container_keys(file, each, parts[2])]
        if parts[0] == facts.GLOBAL:
            found = self.modules.lookup(file, parts[1])
            return [(d[1], d[2]) for d in found if d[0] == "N"] or [(file, parts[1])]
        if parts[0] == facts.ATTR:
            base = each.nodes[parts[1]]
            if base[0] == facts.PARAM and base[2] == 0:
                owner = each.functions[base[1]].owner
                if owner >= 0:
                    return [(self.first_class[file] + owner, parts[2], "self")]
            return []
        return [(file, container)]

    @property
    def sets(self) -> dict[str, list[tuple[int, int, int]]]:
        """Return what `x.y.name = value` says elsewhere than on `self`, by `y.name` and `.name`."""
        if self._sets is None:
            found: dict[str, list[tuple[int, int, int]]] = {}
            for file, each in enumerate(self.files):
                if _is_test(each.path):
                    continue
                for base, name, value, last in each.sets:
                    if last:
                        found.setdefault(f"{last}.{name}", []).append((file, base, value))
                    found.setdefault(f".{name}", []).append((file, base, value))
            self._sets = found
        return self._sets

    def _item(self, file: int, parts: tuple[Any, ...], self_class: int) -> Types:
        found: list[Type] = []
        index = self.files[file].nodes[parts[2]]
        bases = self.of(file, parts[1], self_class)
        for each in bases:
            if each[0] == "S":
                found += [each] if _is_slice(index) else each[1]
            elif each[0] == "T":
                found += _at(each[1], index)
            elif each[0] == "I":
                found += self.call_method(each, "__getitem__")
            elif each[0] == "E":
                found += self.outside_result(each[1], f"{each[1]}.__getitem__")
            elif each[0] == "C" or each[0] == "X":
                found.append(each)
        known = any(each[0] in "ICPSTG" for each in bases)
        if not found and not known and index[0] == facts.CONST and isinstance(index[1], str):
            last = self._last(file, parts[1])
            places = self.sets.get(f"{last}.[{index[1]}]", ()) if last else ()
            found += [t for at, _, value in places for t in self.of(at, value)]
        return _unique(found)


def _bound_call(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the call that a `partial` amounts to, as far as it says."""
    return (parts[0], parts[2][0], tuple(parts[2][1:]), tuple(parts[3]), tuple(parts[4]))


def _is_slice(index: Sequence[Any]) -> bool:
    return bool(index[0] == facts.LITERAL and index[1] == "slice")


def _at(parts: Sequence[Types], index: Sequence[Any]) -> Types:
    if index[0] == facts.CONST and isinstance(index[1], int):
        number = index[1]
        return parts[number] if -len(parts) <= number < len(parts) else ()
    return _unique(each for part in parts for each in part)


def _unique(types: Iterable[Type]) -> Types:
    found = tuple(dict.fromkeys(types))
    return found if len(found) <= _MOST_TYPES else found[:_MOST_TYPES]


def _vague(types: Types) -> bool:
    return all(
        each[0] == "E" and each[1].rpartition(".")[2] in ("Any", "object", "T") for each in types
    )


def _is_test(path: str) -> bool:
    folders, _, name = path.rpartition("/")
    parts = set(folders.split("/"))
    return (
        bool(parts & {"tests", "test", "testing"})
        or name.startswith(("test_", "conftest"))
        or name.endswith("_test.py")
    )
