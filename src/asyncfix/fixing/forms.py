"""The batched forms of what a place asks per item, as differences of the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asyncfix.changes.diffs import unified
from asyncfix.fixing.installed import Installed
from asyncfix.fixing.preview import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncfix.fixing.bench import Bench

_PLACE = re.compile(r"(?P<path>.+?):(?P<row>\d+)(?::(?P<column>\d+))?\Z")
GROUP = "batching"


def forms(bench: Bench, target: str) -> Iterator[str]:
    """Yield line by line what to write at `path:row[:column]`, or why there is no such form.

    Nothing is proven here: that takes a run of `fix`.
    """
    place, rewrites = _PLACE.match(target), Installed()
    if place is None:
        return
    tail = place["path"].replace("\\", "/").removeprefix("./")
    for finding in bench.nominated:
        at = finding.location
        row, _ = bench.texts(at.path).position(at.start)
        is_same = f"/{at.path}".endswith(f"/{tail}") or f"/{tail}".endswith(f"/{at.path}")
        if finding.group != GROUP or row != int(place["row"]) or not is_same:
            continue
        fixes, refusals = rewrites.plan(finding, bench)
        for fix in fixes:
            yield f"    {fix.title.lower()} ({fix.applicability}: {'; '.join(fix.notes)}):"
            for before, after in preview(finding, fix, bench, rewrites):
                difference = unified(before, after, before.path)
                yield from (f"      {line}".rstrip() for line in difference.splitlines())
        for refusal in refusals:
            yield f"    not rewritten: {refusal.reason}"
