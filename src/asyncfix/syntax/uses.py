"""Where the code of a file uses names, and which of them only changed code has used."""

from __future__ import annotations

import re
import tokenize
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asyncfix.findings import Edit
    from asyncfix.syntax.statements import Token


class Use(NamedTuple):
    """A name, or a string that may name something."""

    is_name: bool
    words: tuple[str, ...]


class Uses(NamedTuple):
    """The uses of a file in its order, where they begin, and how often each word is among them."""

    offsets: list[int]
    uses: list[Use]
    total: Counter[str]

    def last(self, changes: Sequence[Edit]) -> set[str]:
        """Return the names whose every use stands in code that is replaced by code without it."""
        fresh = {word for each in changes for word in re.findall(r"\w+", each.text)}
        inside: set[str] = set()
        within: Counter[str] = Counter()
        for at in {at for each in changes for at in self._under(each)}:
            use = self.uses[at]
            within.update(use.words)
            inside.update(use.words if use.is_name else ())
        return {each for each in inside - fresh if self.total[each] == within[each]}

    def _under(self, change: Edit) -> range:
        at = change.location
        return range(bisect_left(self.offsets, at.start), bisect_left(self.offsets, at.end))


def uses_in(tokens: Iterable[Token], imports: Iterable[tuple[int, int]]) -> Uses:
    """Return the uses in a file; what stands in its import statements does not count."""
    spans = sorted(imports)
    ends = [end for _, end in spans]
    found = Uses([], [], Counter())
    for token in tokens:
        use = _use(token)
        if use is None:
            continue
        at = bisect_right(ends, token.start)
        if use.is_name and at < len(spans) and spans[at][0] <= token.start:
            continue
        found.offsets.append(token.start)
        found.uses.append(use)
        found.total.update(use.words)
    return found


def _use(token: Token) -> Use | None:
    if token.type == tokenize.NAME:
        return Use(is_name=True, words=(token.text,))
    if _is_text(token) and _may_name(token.text):
        return Use(is_name=False, words=tuple(re.findall(r"\w+", token.text)))
    return None


def _is_text(token: Token) -> bool:
    kinds = (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1))
    return token.type in kinds


def _may_name(text: str) -> bool:
    """Tell whether a string can be an annotation, an entry of `__all__` or an f-string.

    Words with nothing but blanks between them are prose.
    """
    prefix = re.match(r"[A-Za-z]*", text)
    if prefix and "f" in prefix[0].lower():
        return True
    return "\n" not in text and len(text) < 120 and not re.search(r"\w\s+\w", text)
