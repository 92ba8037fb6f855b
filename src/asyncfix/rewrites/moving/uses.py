"""Where functions that become asynchronous are used: called, entered, or handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

# how a function is used
CALL = "call"
ENTER = "enter"  # by `with`
HANDED = "handed"  # to what runs it in a thread
AWAITED = "awaited"  # by what the call is passed to
RUN = "run"  # by code that no loop runs


class Use(NamedTuple):
    """A place that uses a function: the code at bytes `start` to `end`, in a function `caller`."""

    path: str
    start: int
    end: int
    caller: int
    callee: int
    how: str = CALL


@dataclass
class Turned:
    """The functions that become asynchronous, with the names that they then have, and their uses.

    `generators` are those that yield, `unused` those that nothing calls.
    """

    names: dict[int, str] = field(default_factory=dict)
    uses: dict[Use, None] = field(default_factory=dict)
    generators: set[int] = field(default_factory=set)
    unused: list[int] = field(default_factory=list)
