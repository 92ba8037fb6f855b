"""One JSON object a line, each as in the list that `json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.output.encoding import encoded
from asyncfix.output.json import records
from asyncfix.output.places import Places

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.places import Texts
    from asyncfix.packs import Packs


def render(
    report: Report, text: Texts, _packs: Packs, *, color: bool, width: int, prefix: str
) -> str:
    """Return a line for each finding; colour and width mean nothing here."""
    del color, width
    found = records(report, Places(text, prefix, exact=True))
    return "".join(f"{encoded(record)}\n" for record in found)
