"""Output: one format per file, a report in and a string out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


FOR_PEOPLE = frozenset(("full", "concise", "grouped", "github", "statistics"))
IN_REPOSITORY = frozenset(("sarif", "github", "gitlab"))


def render(
    name: str,
    report: Report,
    text: Texts,
    packs: Packs,
    *,
    color: bool = False,
    width: int = 120,
    prefix: str = "",
) -> str:
    """Return a report in the format that `output/<name>.py` writes.

    `text` reads a file of the project, `width` counts terminal cells, and `prefix` leads to the
    project: from the working directory, so that the printed paths can be opened, or from the
    root of the repository for the formats of `IN_REPOSITORY`.
    """
    module = import_module(f"asyncfix.output.{name.replace('-', '_')}")
    rendered: str = module.render(report, text, packs, color=color, width=width, prefix=prefix)
    return rendered
