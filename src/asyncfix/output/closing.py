"""The last lines of a run: what was found, what is not shown, what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.palette import Paint


def closing(report: Report, paint: Paint, *, unresolved: bool = False) -> list[str]:
    """Return the last lines of a run; `unresolved` adds what the index could not follow."""
    count = len(report.findings)
    if count:
        found = f"Found {number(count, 'problem')} at {number(report.sinks, 'sink')}."
        lines = [paint("rule", found)]
    elif report.errors:
        lines = [paint("rule", "Nothing found, but not everything could be checked.")]
    else:
        lines = [paint("good", "All checks passed!")]
    if report.hidden:
        lines.append(
            f"{number(report.hidden, 'finding')} hidden; "
            "--min-severity info --min-confidence low shows all."
        )
    if report.errors:
        lines.append(f"{number(len(report.errors), 'error')}, told above.")
    if unresolved:
        lines.append(f"{number(report.unresolved, 'call')} could not be resolved.")
    return [*lines, paint("quiet", _read(report))]


def _read(report: Report) -> str:
    cached = f" ({report.cached:,} from the cache)" if report.cached else ""
    return f"{number(report.files, 'file')} checked{cached} in {report.seconds:.2f} s."


def number(count: int, noun: str) -> str:
    """Return a count with its noun in the right number."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
