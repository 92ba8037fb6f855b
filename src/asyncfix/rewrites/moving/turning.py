"""Follows the methods of a client up to whoever can await them, over everything that uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix import facts
from asyncfix.changes.coroutines import awaits
from asyncfix.project.index import is_test
from asyncfix.rewrites.moving.code import codes
from asyncfix.rewrites.moving.receivers import receivers_of
from asyncfix.rewrites.moving.references import references
from asyncfix.rewrites.moving.uses import AWAITED, CALL, ENTER, RUN, Turned, Use
from asyncfix.rewrites.turning import (
    OWN_LOOP,
    called_at,
    family_of,
    is_run_as_test,
    refuse_decorated,
    refuse_entered,
)
from asyncfix.rewrites.workspace import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from asyncfix.rewrites.moving.code import Code
    from asyncfix.rewrites.moving.receivers import Receivers
    from asyncfix.rewrites.workspace import Workspace

_MOST = 400  # functions; the size is told before anything is written
RENAMED = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__"}
_ENTERED = ("__enter__", "__exit__")


class Turning:
    """Finds the functions that become asynchronous together with some methods, and their uses."""

    def __init__(self, workspace: Workspace, classes: frozenset[int]) -> None:
        self.workspace, self.classes = workspace, classes
        self.typing = workspace.project.typing
        self.turned = Turned()

    def follow(self, first: Iterable[int]) -> Turned:
        """Return them; raise RefusedError where somebody cannot await."""
        pending = list(first)
        found = self.turned
        while pending:
            fid = pending.pop()
            if fid in found.names:
                continue
            family = family_of(self.workspace, fid)
            for member in family:
                self._take(member)
                pending += self._counterpart(member)
            if len(found.names) > _MOST:
                raise RefusedError(f"more than {_MOST} functions would become asynchronous")
            mine = list(self._uses(family))
            if not mine:
                self._refuse_unused(family)
            found.uses |= dict.fromkeys(mine)
            for use in mine:
                if use.caller not in self.typing.asynchronous and use.how not in (RUN, AWAITED):
                    pending.append(use.caller)
        return found

    def _name(self, fid: int) -> str:
        return self.typing.functions[fid][1].qualname

    def _is_ours(self, fid: int) -> bool:
        """Tell whether a function is a method of one of the classes that move."""
        file, function = self.typing.functions[fid]
        owner = self.typing.first_class[file] + function.owner
        return function.owner >= 0 and owner in self.classes

    def _take(self, fid: int) -> None:
        """Note that a function turns; raise RefusedError for one that cannot."""
        file, function = self.typing.functions[fid]
        name = function.qualname
        path = self.typing.files.paths[file]
        if fid in self.typing.asynchronous:
            raise RefusedError(f"a method of the same name is asynchronous already: `{name}`")
        if fid == self.typing.first_function[file]:
            raise RefusedError(f"{path} calls it while it is imported")
        if function.flags & facts.LAMBDA:
            raise RefusedError(f"a lambda in {path} calls it, and cannot await")
        if function.name.startswith("__") and function.name not in _ENTERED:
            raise RefusedError(f"Python calls `{name}` by itself, and does not await it")
        code = self.workspace.text(path).data[function.start : function.end]
        if OWN_LOOP.search(code):
            raise RefusedError(f"`{name}` runs a loop of its own")
        refuse_decorated(self.workspace, fid)
        refuse_entered(self.workspace, fid)
        is_ours = self._is_ours(fid)
        self.turned.names[fid] = RENAMED.get(function.name, "") if is_ours else ""
        if function.flags & facts.GENERATOR:
            self.turned.generators.add(fid)

    def _counterpart(self, fid: int) -> list[int]:
        """Return `__enter__` for `__exit__`, and the other way round: `async with` needs both."""
        file, function = self.typing.functions[fid]
        if function.name not in _ENTERED:
            return []
        other = _ENTERED[1 - _ENTERED.index(function.name)]
        owner = self.typing.first_class[file] + function.owner
        found = self.typing.hierarchy.own_method(owner, other)
        return [found] if found >= 0 else []

    def _refuse_unused(self, family: list[int]) -> None:
        """Raise RefusedError for what nothing calls, but for methods of a client."""
        if any(
            each in self.workspace.project.entries or is_run_as_test(self.workspace, each)
            for each in family
        ):
            return
        if not all(map(self._is_ours, family)):
            raise RefusedError(f"nothing calls `{self._name(family[0])}`: who awaits it is unknown")
        self.turned.unused += family

    # Uses

    def _uses(self, family: list[int]) -> Iterator[Use]:
        name = self.typing.functions[family[0]][1].name
        if name in _ENTERED and self._is_ours(family[0]):
            yield from self._entering(family[0])
            return
        receivers = receivers_of(self.workspace, self._owners(family))
        yield from map(self._as_run, references(self.workspace, receivers, family))
        for file, nodes in self.typing.index.callers(name):
            verdicts = {node: self._runs(receivers, file, node, family) for node in nodes}
            for index, kind, node, start, end in called_at(self.workspace, file):
                verdict = verdicts.get(node)
                if verdict is None:
                    continue
                path = self.typing.files.paths[file]
                if verdict < 0:
                    row = self.workspace.text(path).position(start)[0]
                    raise RefusedError(
                        f"what `{name}` is called on is not known ({path}:{row}): "
                        "it may be this one"
                    )
                if kind == facts.AWAITS:
                    raise RefusedError(f"what `{name}` returns is awaited in {path}")
                caller = self.typing.first_function[file] + index
                how = AWAITED if (start, end) in self._awaited_elsewhere(path) else CALL
                yield self._as_run(Use(path, start, end, caller, verdict, how))

    def _awaited_elsewhere(self, path: str) -> frozenset[tuple[int, int]]:
        """Return the calls of a test that are passed to a function which awaits what it gets."""
        if not is_test(path):
            return frozenset()
        code = codes(self.workspace, path)
        return self.workspace.kept(f"awaited elsewhere in {path}", 0, lambda: _passed_on(code))

    def _owners(self, family: list[int]) -> frozenset[int]:
        """Return the classes that have some methods, and those below."""
        found: set[int] = set()
        for fid in family:
            file, function = self.typing.functions[fid]
            if function.owner >= 0:
                owner = self.typing.first_class[file] + function.owner
                found |= {owner, *self.typing.hierarchy.subclasses.get(owner, ())}
        return frozenset(found)

    def _runs(self, receivers: Receivers, file: int, node: int, family: list[int]) -> int | None:
        """Return the function that a call runs; None if it is none of these, -1 if unknown."""
        callee = self.typing.files[file].nodes[node][1]
        types = receivers.types(file, callee)
        calls = self.typing.calls
        mine = [
            fid
            for each in types
            for fid in family
            if calls.reaches(each, fid) is not None and each[0] != "C"
        ]
        name = self.typing.functions[family[0]][1].name
        if not types:
            is_method = self.typing.functions[family[0]][1].owner >= 0
            if is_method and receivers.may_be(file, callee, name, is_called=True):
                return -1
            return None
        reached = sum(any(calls.reaches(each, f) is not None for f in family) for each in types)
        if mine and reached < len(types):
            path = self.typing.files.paths[file]
            raise RefusedError(f"a call of `{name}` in {path} may run something else as well")
        return mine[0] if mine else None

    def _entering(self, fid: int) -> Iterator[Use]:
        """Yield the `with` statements that enter an instance."""
        classes, receivers = self.classes, receivers_of(self.workspace, self.classes)
        for path, file in self.workspace.files.items():
            for index, function in enumerate(self.typing.files[file].functions):
                for at in range(0, len(function.sites), facts.SITE):
                    kind, node, start, end = function.sites[at : at + 4]
                    if kind != facts.ENTERS:
                        continue
                    types = receivers.types(file, node)
                    if any(each[0] == "I" and each[1] in classes for each in types):
                        caller = self.typing.first_function[file] + index
                        yield self._as_run(Use(path, start, end, caller, fid, ENTER))

    # Code that no loop runs

    def _as_run(self, use: Use) -> Use:
        """Return a use as one that runs a loop of its own, if its caller is code for no loop."""
        if use.how != CALL or use.caller in self.typing.asynchronous:
            return use
        file = self.typing.functions.file(use.caller)
        is_module = use.caller == self.typing.first_function[file]
        if is_test(use.path) and not is_module:
            return use
        if use.callee in self.turned.generators or self._is_ours(use.callee):
            return use
        if is_module:
            return use._replace(how=RUN) if self._is_guarded(use) else use
        if self._is_off_loop(use.caller) and self._owns_client(use.callee):
            return use._replace(how=RUN)
        return use

    def _is_guarded(self, use: Use) -> bool:
        """Tell whether module code stands under `if __name__ == "__main__"`."""
        node = codes(self.workspace, use.path).tree.at(use.start, use.end)
        return node is not None and any(
            each.kind == "If" and "__name__" in each["test"].text for each in node.parents
        )

    def _is_off_loop(self, fid: int) -> bool:
        """Tell whether nothing that a loop or a framework runs leads to a function."""
        project = self.workspace.project
        entry = project.entries.get(fid)
        if entry is not None and entry.kind not in ("main", "command line", "command"):
            return False
        reached = self.workspace.kept(
            "functions on the loop",
            0,
            lambda: frozenset(project.graph.instances[each][0] for each in project.reached),
        )
        if fid in reached:
            return False
        callers = project.lifetimes.callers(fid)
        first = self.typing.first_function
        outer = {each for each in callers if each != first[self.typing.functions.file(each)]}
        tests = {each for each in outer if is_test(self._path(each))}
        return all(self._is_off_loop(each) for each in outer - tests - {fid})

    def _path(self, fid: int) -> str:
        return self.typing.files.paths[self.typing.functions.file(fid)]

    def _owns_client(self, fid: int) -> bool:
        """Tell whether a function makes the client that it uses, so that no other loop has it."""
        file, function = self.typing.functions[fid]
        code = codes(self.workspace, self.typing.files.paths[file])
        made = (
            any(("C", cls) in code.callees(each) for cls in self.classes)
            for each in code.each("Call")
            if function.start <= each.start < function.end
        )
        return any(made)


def _passed_on(code: Code) -> frozenset[tuple[int, int]]:
    """Return the calls that a file passes to functions which await what they get."""
    project = code.workspace.project
    return frozenset(
        (argument["value"].start, argument["value"].end)
        for call in code.each("Call")
        for at, argument in enumerate(call.all("args"))
        if argument["value"].kind == "Call"
        and not argument.has("keyword")
        and any(awaits(project, each, at) for each in code.callees(call))
    )
