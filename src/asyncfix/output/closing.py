"""The last lines of a run: what was found, what is not shown, what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncfix.findings import Applicability

if TYPE_CHECKING:
    from asyncfix.findings import Report
    from asyncfix.output.palette import Paint


def closing(report: Report, paint: Paint, *, unresolved: bool = False) -> list[str]:
    """Return the last lines of a run; `unresolved` adds what the index could not follow."""
    lines = counted(report, paint)
    if unresolved:
        lines.insert(-1, f"{number(report.unresolved, 'call')} could not be resolved.")
    return lines


def counted(report: Report, paint: Paint) -> list[str]:
    """Return what was found, then what is not shown, and last what was read."""
    aside = [
        f"{number(report.hidden, 'finding')} hidden; "
        "--min-severity info --min-confidence low shows all."
        if report.hidden
        else "",
        f"{number(report.elsewhere, 'finding')} not touched by the diff."
        if report.elsewhere
        else "",
        _accepted(report),
        f"{number(len(report.stale), 'finding')} of the baseline gone; "
        "`asyncfix baseline update` takes them out."
        if report.stale
        else "",
        f"{number(len(report.errors), 'error')}, told above." if report.errors else "",
    ]
    return [_found(report, paint), *filter(None, aside), paint("quiet", _read(report))]


def _accepted(report: Report) -> str:
    """Count what comments and the baseline keep from being told."""
    parts = []
    if report.suppressed:
        parts.append(f"{number(report.suppressed, 'finding')} suppressed by comments")
    if report.baselined:
        parts.append(f"{number(report.baselined, 'finding')} accepted by the baseline")
    return f"{', '.join(parts)}." if parts else ""


def _found(report: Report, paint: Paint) -> str:
    count = len(report.findings)
    if count:
        found = f"Found {number(count, 'problem')} at {number(report.sinks, 'sink')}"
        return paint("rule", f"{found}{_fixable(report)}.")
    if report.errors:
        return paint("rule", "Nothing found, but not everything could be checked.")
    return paint("good", "All checks passed!")


def _fixable(report: Report) -> str:
    """Count the findings that `fix --write` mends, and those that it does if asked twice."""
    best = [finding.fixes[0].applicability for finding in report.findings if finding.fixes]
    safe, unsafe = best.count(Applicability.SAFE), best.count(Applicability.UNSAFE)
    if safe and unsafe:
        return f" ({safe:,} fixable with fix --write, {unsafe:,} more with --unsafe-fixes)"
    if safe:
        return f" ({safe:,} fixable with fix --write)"
    return f" ({unsafe:,} fixable with fix --write --unsafe-fixes)" if unsafe else ""


def _read(report: Report) -> str:
    cached = f" ({report.cached:,} from the cache)" if report.cached else ""
    return f"{number(report.files, 'file')} checked{cached} in {report.seconds:.2f} s."


def number(count: int, noun: str) -> str:
    """Return a count with its noun in the right number."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
