"""Names of distributions in requirements."""

from __future__ import annotations

import re
from typing import NamedTuple

_ADDRESS = re.compile(r"\s*[\w+]+:")
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)")


class Listing(NamedTuple):
    """One list of requirements in a file, and what it names; the program needs the `main` ones."""

    path: str
    label: str
    main: bool
    names: tuple[str, ...]


def normal(requirement: str) -> str:
    """Return the name that a requirement begins with, as PEP 503 compares names; or nothing."""
    found = None if _ADDRESS.match(requirement) else _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else ""


def place(names: list[str], name: str, removed: list[str]) -> int:
    """Return where in a list a name belongs: in its order, if it has one, or by what goes."""
    told = [each for each in names if each]
    if told == sorted(told):
        return next((at for at, each in enumerate(names) if each > name), len(names))
    return next((at + 1 for at, each in enumerate(names) if each in removed), len(names))
