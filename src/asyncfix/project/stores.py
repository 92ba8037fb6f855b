"""Which calls go to a database or another service, and what they do there: once for each call."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from asyncfix.packs import Query
from asyncfix.project.library import last_names

if TYPE_CHECKING:
    from asyncfix.packs import Library, Target
    from asyncfix.project.library import Outside

_REQUESTS = frozenset(("blocking-http", "blocking-sdk"))
_KINDS = {"database": "execute", "sleep": "pause"}
_NONE = Query(kind="none")
_PLAIN = {
    "request": Query(kind="request"),
    "execute": Query(kind="execute"),
    "pause": Query(kind="pause"),
}


class Stores:
    """Answers for calls outside the project: told by name, or told by what blocks.

    What blocks the loop is a query as well, and so is its asynchronous twin, which the packs name
    as its replacement.
    """

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.library = outside.library
        self._known: dict[tuple[str, str], Query | None] = {}

    def query(self, owner: str, name: str) -> Query | None:
        """Return the query that a call of this name makes, if it does; `owner` is its class."""
        key = (owner, name)
        if key not in self._known:
            found = (
                self._told(owner, name) or self._twin(owner, name) or self._blocking(owner, name)
            )
            self._known[key] = None if found is None or found.kind == "none" else found
        return self._known[key]

    @cached_property
    def last_names(self) -> frozenset[str]:
        """Return the last names of all calls that may be queries, of libraries in use."""
        return self.outside.all_active(_asking(self.library))

    @cached_property
    def libraries(self) -> frozenset[str]:
        """Return the first names of the libraries that ask a database."""
        tables = (self.library.queries, self._twins)
        told = {
            name.partition(".")[0]
            for table in tables
            for name, query in table.items()
            if query.kind not in ("request", "pause", "limit", "none")
        }
        blocking = {
            name.partition(".")[0]
            for name, target in self.library.targets.items()
            if target.effect == "database"
        }
        return frozenset(told | blocking)

    def _told(self, owner: str, name: str) -> Query | None:
        queries = self.library.queries
        if not owner or name in queries:
            return queries.get(name)
        member = name.rpartition(".")[2]
        order = self.outside.order(owner)
        full = (f"{each}.{member}" for each in order)
        found = next((queries[each] for each in full if each in queries), None)
        if found is None and not member.startswith("__"):
            wild = (f"{each}.*" for each in order)
            found = next((queries[each] for each in wild if each in queries), None)
        return found

    def _twin(self, owner: str, name: str) -> Query | None:
        if not owner or name in self._twins:
            return self._twins.get(name)
        member = name.rpartition(".")[2]
        order = self.outside.order(owner)
        names = (f"{each}.{member}" for each in order)
        found = next((self._twins[each] for each in names if each in self._twins), None)
        if found is None:
            classes = (self._twin_classes[each] for each in order if each in self._twin_classes)
            found = next((self.query(each, f"{each}.{member}") for each in classes), None)
        return found

    def _blocking(self, owner: str, name: str) -> Query | None:
        target = self.outside.target(owner, name)
        return None if target is None else _of_target(self.library, target, name)

    @property
    def _twin_classes(self) -> dict[str, str]:
        return _awaited_classes(self.library)

    @property
    def _twins(self) -> dict[str, Query]:
        return _awaited(self.library)


@lru_cache(maxsize=2)
def _asking(library: Library) -> dict[str, set[str]]:
    """Return the last names of all calls that may be queries, by first names."""
    starred = [f"{name}.*" for name in _awaited_classes(library)]
    return last_names((library.queries, _awaited(library), starred))


@lru_cache(maxsize=2)
def _awaited_classes(library: Library) -> dict[str, str]:
    """Return the classes of which every method blocks, by their awaited forms."""
    return {
        target.replacement[:-2]: name[:-2]
        for name, target in library.targets.items()
        if name.endswith(".*") and target.replacement.endswith(".*")
    }


@lru_cache(maxsize=2)
def _awaited(library: Library) -> dict[str, Query]:
    """Return the awaited forms of what blocks."""
    found = {}
    for name, target in library.targets.items():
        member = name.rpartition(".")[2]
        if target.replacement and target.form == "await" and not member.startswith("__"):
            twin = target.replacement.replace("*", member)
            query = library.queries.get(name) or _of_target(library, target, name)
            last = twin.rpartition(".")[2]
            if query is not None and last not in ("", "*") and not last[:1].isupper():
                found[twin] = query
    return found


def _of_target(library: Library, target: Target, name: str) -> Query | None:
    """Return the query that a call which blocks makes, by its last name."""
    is_request = target.effect == "network" and target.rule in _REQUESTS
    kind = "request" if is_request else _KINDS.get(target.effect or "", "")
    if not kind:
        return None
    if target.when:
        return _NONE
    member = name.rpartition(".")[2]
    if kind == "pause":
        return _PLAIN[kind]
    told = library.members.get(member)
    if member.startswith("__") or member[:1].isupper() or (told and told.kind == "none"):
        return _NONE
    return _PLAIN[kind] if is_request or told is None else told
