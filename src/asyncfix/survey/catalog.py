"""What the packs know of libraries: of one callable, of all with a word, of each library."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from asyncfix.checks.blocking_call import readable, spelled
from asyncfix.output.closing import number
from asyncfix.output.encoding import encoded
from asyncfix.project.library import Outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from asyncfix.packs import Packs, Target

_FORMS = {"await": "await", "async with": "enter with `async with`", "async for": "iterate over"}


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name: `what` is blocks, offloads, trusted, known (a type only) or unknown."""

    name: str
    what: str
    rule: str = ""
    effect: str = ""
    severity: str = ""
    replacement: str = ""
    form: str = ""
    requires: str = ""
    offload: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    notes: str = ""
    returns: str = ""
    members: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


class Catalog:
    """Answers by the full name under which code imports something."""

    def __init__(self, packs: Packs) -> None:
        self._packs = packs
        self._library = packs.library
        self._outside = Outside(packs.library, ())

    @property
    def names(self) -> set[str]:
        """Return every name of which more than a type is known."""
        library = self._library
        return {*library.targets, *library.reads, *library.offloads, *library.trusted}

    def libraries(self) -> list[tuple[str, int]]:
        """Return the top-level packages, and how many names of each are known."""
        counts = Counter(name.partition(".")[0] for name in self.names)
        return sorted(counts.items())

    def search(self, words: Iterable[str]) -> list[Entry]:
        """Return the names that hold every word, whatever their case."""
        wanted = [word.lower() for word in words]
        found = [name for name in self.names if all(word in name.lower() for word in wanted)]
        return [self.entry(name) for name in sorted(found)]

    def entry(self, written: str) -> Entry:
        """Return what is known of a name; aliases, bases and wildcards are followed."""
        library, outside = self._library, self._outside
        if "." not in written and f"builtins.{written}" in self.names:
            written = f"builtins.{written}"
        owner, _, member = self._canonical(written).rpartition(".")
        name = f"{owner}.{member}" if owner else member
        if name in library.offloads:
            return Entry(name=name, what="offloads")
        if name in library.trusted:
            return Entry(name=name, what="trusted")
        of_class = owner if outside.is_class(owner) else ""
        returns = outside.result(of_class, name) or ""
        target = library.targets.get(name) or library.reads.get(name)
        target = target or outside.target(of_class, name) or outside.read(owner, member)
        if target is not None:
            return self._blocking(name, target, returns)
        return self._known(name, returns or library.attributes.get(name, ""))

    def _canonical(self, written: str) -> str:
        """Put the packs' own name in the place of an alias, of the whole or of its owner."""
        whole = self._outside.canonical(written)
        if whole != written:
            return whole
        owner, _, member = written.rpartition(".")
        return f"{self._canonical(owner)}.{member}" if owner else written

    def _blocking(self, name: str, target: Target, returns: str) -> Entry:
        rule = self._packs.rules[target.rule]
        return Entry(
            name=name,
            what="blocks",
            rule=target.rule,
            effect=target.effect or "",
            severity=target.severity or rule.severity,
            replacement=spelled(target.replacement, name),
            form=target.form if target.replacement else "",
            requires=target.requires,
            offload=target.offload,
            when=target.when,
            unless=target.unless,
            notes=target.notes,
            returns=returns,
        )

    def _known(self, name: str, returns: str) -> Entry:
        """Return what is known of a name that does nothing by itself: its type, its members."""
        members = sorted(each for each in self.names if each.startswith(f"{name}."))
        if returns or members:
            return Entry(name=name, what="known", returns=returns, members=tuple(members))
        meant = get_close_matches(name, self.names, 3, 0.75)
        return Entry(name=name, what="unknown", meant=tuple(meant))


def as_json(entries: Sequence[Entry]) -> str:
    """Return the entries as a JSON list."""
    return encoded(list(entries), indent=2) + "\n"


def as_table(entries: Sequence[Entry]) -> str:
    """Return a line per name."""
    size = max((len(entry.name) for entry in entries), default=0)
    lines = [f"{entry.name:<{size}}  {_brief(entry)}".rstrip() for entry in entries]
    return "".join(f"{line}\n" for line in [*lines, f"{number(len(entries), 'name')}."])


def _brief(entry: Entry) -> str:
    if entry.what != "blocks":
        return {"offloads": "runs its argument in a thread", "trusted": "never blocks"}[entry.what]
    told = f"{entry.severity}: {entry.effect} ({entry.rule})"
    return f"{told}; {entry.replacement}" if entry.replacement else told


def as_lines(entry: Entry) -> str:
    """Return all there is to say of one name."""
    return "".join(f"{line}\n" for line in _lines(entry))


def _lines(entry: Entry) -> Iterator[str]:
    name = readable(entry.name)
    if entry.what == "blocks":
        yield f"{name} blocks the event loop: {entry.effect} ({entry.rule}, {entry.severity})"
        if entry.replacement:
            needs = f" (needs {entry.requires})" if entry.requires else ""
            yield f"  {_FORMS[entry.form]} {entry.replacement} instead{needs}"
        yield f"  in a thread: {entry.offload}"
    elif entry.what == "offloads":
        yield f"{name} runs its argument in a thread or a process"
    elif entry.what == "trusted":
        yield f"{name} is known not to block"
    elif entry.what == "known":
        yield f"{name} is known, and does not block by itself"
    else:
        meant = f"; did you mean {' or '.join(entry.meant)}?" if entry.meant else ""
        yield f"{name} is not known{meant}"
        yield "  what calls it is not reported; docs/packs.md tells how to add it"
    yield from (f"  only if: {condition}" for condition in entry.when)
    yield from (f"  not if: {condition}" for condition in entry.unless)
    if entry.returns:
        yield f"  gives: {entry.returns}"
    if entry.notes:
        yield f"  note: {entry.notes}"
    if entry.members:
        yield f"  {number(len(entry.members), 'member')} known: `asyncfix catalog search {name}.`"
