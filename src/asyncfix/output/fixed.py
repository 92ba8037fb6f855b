"""What was fixed and how, what was not and why; and the differences, in colour."""

from __future__ import annotations

from collections import Counter, defaultdict
from posixpath import normpath
from typing import TYPE_CHECKING

from asyncfix.changes.diffs import shown, unified
from asyncfix.findings import Applicability
from asyncfix.output.closing import number
from asyncfix.output.places import Places, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncfix.changes.outcome import Changes, Unfixed
    from asyncfix.output.palette import Paint
    from asyncfix.output.places import Texts

UNSAFE = "needs --unsafe-fixes"
_FEW = 3


def differences(changes: Changes, paint: Paint, prefix: str) -> str:
    """Return the unified diff of all files that change."""
    return "".join(
        painted(unified(before, after, normpath(prefix + before.path)), paint)
        for before, after in changes.everything
    )


def painted(diff: str, paint: Paint) -> str:
    """Return a diff with its lines in the colours of what they are."""
    if paint("rule", "x") == "x":
        return diff
    return "\n".join(paint(kind, printable(line)) if line else line for kind, line in shown(diff))


def summary(
    changes: Changes,
    texts: Texts,
    paint: Paint,
    prefix: str,
    *,
    written: bool,
    every: bool,
    needs: tuple[str, ...] = (),
) -> list[str]:
    """Return the closing lines; `needs` are requirements that are left to the user.

    `every` lists each place that stays, not just the first ones.
    """
    lines = _made(changes, paint, written=written, every=every)
    lines += _dependencies(changes, needs, written=written)
    places = Places(texts, prefix)
    unsafe, stuck = _divided(changes.unfixed)
    if stuck:
        lines.append(paint("rule", f"{number(len(stuck), 'problem')} not fixed:"))
        lines += _reasons(stuck, places, every=every)
    if unsafe:
        more = "more " if changes.made else ""
        lines.append(
            f"{number(len(unsafe), 'problem')} {more}can be fixed with --unsafe-fixes, "
            "which says what that assumes."
        )
    return lines


def _divided(unfixed: Sequence[Unfixed]) -> tuple[list[Unfixed], list[Unfixed]]:
    """Return what unsafe fixes would mend, and the rest.

    What has no fix of its own goes with that of the call that it is about.
    """
    own = {_about(each) for each in unfixed if _is_unsafe(each)}
    goes = [_is_unsafe(each) or (not each.refusals and _about(each) in own) for each in unfixed]
    pairs = list(zip(unfixed, goes, strict=True))
    return [each for each, does in pairs if does], [each for each, does in pairs if not does]


def _is_unsafe(each: Unfixed) -> bool:
    return any(refusal.reason == UNSAFE for refusal in each.refusals)


def _about(each: Unfixed) -> tuple[str, str]:
    return each.finding.symbol, each.finding.sink.qualname


def _made(changes: Changes, paint: Paint, *, written: bool, every: bool) -> list[str]:
    if not changes.made:
        stays = "Nothing can be fixed." if changes.unfixed else "Nothing to fix."
        return [paint("rule" if changes.unfixed else "good", stays)]
    verb = "Fixed" if written else "Would fix"
    size = f"{number(len(changes.made), 'problem')} in {number(len(changes.files), 'file')}"
    lines = [paint("good", f"{verb} {size}:")]
    rows = Counter(
        (made.finding.rule, made.fix.strategy, str(made.fix.applicability)) for made in changes.made
    )
    width = max(len(rule) for rule, _, _ in rows)
    for (rule, strategy, grade), count in sorted(rows.items()):
        lines.append(f"  {rule:<{width}}  {count:>4}  {strategy} ({grade})")
    return lines + _assumptions(changes, every=every)


def _assumptions(changes: Changes, *, every: bool) -> list[str]:
    """Return what the unsafe fixes take for granted, the most frequent first."""
    notes = Counter(
        note
        for made in changes.made
        if made.fix.applicability is Applicability.UNSAFE
        for note in made.fix.notes
    )
    told = [note for note, _ in notes.most_common(None if every else _FEW)]
    lines = [f"  assumes: {printable(note)}" for note in told]
    if len(told) < len(notes):
        lines.append(f"  and {len(notes) - len(told)} more assumptions; -v lists all")
    return lines


def _dependencies(changes: Changes, needs: tuple[str, ...], *, written: bool) -> list[str]:
    lines = []
    changed = [before.path for before, _ in changes.manifests]
    if changed:
        lines.append(f"{'Changed' if written else 'Would change'} {', '.join(changed)}.")
    if needs:
        lines.append(f"The new code needs {', '.join(needs)}.")
    if changes.commands:
        lines.append(f"Then run: {'; '.join(changes.commands)}")
    return lines


def _reasons(stuck: list[Unfixed], places: Places, *, every: bool) -> list[str]:
    """Return why findings stay, by rule and reason, with the places of each."""
    groups: dict[tuple[str, str], list[Unfixed]] = defaultdict(list)
    for each in stuck:
        told = "; ".join(
            f"{refusal.strategy}: {refusal.reason}" if refusal.strategy else refusal.reason
            for refusal in each.refusals
        )
        groups[each.finding.rule, told or "there is no rewrite for it"].append(each)
    lines = []
    for (rule, reason), members in sorted(groups.items(), key=lambda pair: -len(pair[1])):
        lines.append(f"  {len(members):>4}  {rule}: {printable(reason)}")
        listed = members if every else members[:_FEW]
        lines += [f"          {places.at(each.finding.location)}" for each in listed]
        if len(listed) < len(members):
            lines.append(f"          and {len(members) - len(listed)} more; -v lists all")
    return lines
