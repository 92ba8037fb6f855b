"""Output: one format per file, a report in and a string out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


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

    `text` reads a file of the project, `width` counts terminal cells, and `prefix` leads from
    the working directory to the project, so that the printed paths can be opened.
    """
    module = import_module(f"asyncfix.output.{name}")
    rendered: str = module.render(report, text, packs, color=color, width=width, prefix=prefix)
    return rendered
