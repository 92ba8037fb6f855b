"""Measure how long each output format takes for many findings; print Markdown.

    python benchmarks/output_speed.py [--findings N]

The report is made up: chains of four hops that end at fifty calls, in files of two thousand rows.
Times are those of the processor, so that what else the machine does counts for little.
"""

from __future__ import annotations

import argparse
import time

from asyncfix.config import FIELDS
from asyncfix.findings import (
    Confidence,
    Finding,
    Location,
    Report,
    Root,
    Severity,
    Sink,
    Step,
    ordered,
)
from asyncfix.output import render
from asyncfix.packs import builtin_texts, load
from asyncfix.source import Text

_FILES = 100
_ROWS = 2000
_SINKS = 50
_ROW = '    value = await service.load(identifier, headers={"accept": "text/plain"})  # of many\n'
_TEXT = Text("app.py", _ROW * _ROWS)
_FORMATS = (*FIELDS["output-format"].type.__origin__.__args__, "statistics")


def main() -> None:
    """Time each format once."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--findings", type=int, default=5000)
    count = parser.parse_args().findings
    report, packs = (
        Report(ordered([_finding(number) for number in range(count)])),
        load(builtin_texts()),
    )
    print(f"{count:,} findings\n\n| format | seconds | bytes |\n|---|--:|--:|")
    for name in _FORMATS:
        begun = time.process_time()
        printed = render(name, report, lambda _: _TEXT, packs)
        print(f"| {name} | {time.process_time() - begun:.2f} | {len(printed.encode()):,} |")


def _finding(number: int) -> Finding:
    sink = number % _SINKS
    symbol = f"app.routers.part{number % _FILES}.endpoint{number}"
    here = _at(f"app/routers/part{number % _FILES}.py", number // _FILES)
    places = [here, *(_at(f"app/services/layer{hop}.py", sink + hop) for hop in range(4))]
    steps = [Step(place, f"`{symbol}` calls `load`", "app.load", "call") for place in places]
    return Finding(
        rule="blocking-http",
        group="blocking",
        subject="requests.get",
        message=f"`library{sink}.get` stops the event loop",
        location=here,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        symbol=symbol,
        code="service.load(identifier)",
        root=Root("endpoint", symbol, symbol, here, "GET", f"/things/{number}"),
        sink=Sink(f"library{sink}.get", "network"),
        trace=tuple(steps),
        help="run it in a thread: `await asyncio.to_thread(service.load, identifier)`",
    )


def _at(path: str, row: int) -> Location:
    start = row % _ROWS * len(_ROW) + 18
    return Location(path, start, start + 24)


if __name__ == "__main__":
    main()
