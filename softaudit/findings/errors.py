"""Where errors come from on average: rounding the logits, the format, the algorithm."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from softaudit.findings.finding import Finding
from softaudit.findings.words import arithmetic_words, names
from softaudit.state import is_broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell

_ORIGINS = {"cast": "rounding the logits", "floor": "the format", "excess": "the algorithm"}


def errors(audit: Audit) -> Iterator[Finding]:
    """Say, for each function, which origin has the largest mean error; what breaks is left out."""
    for function, group in groupby(audit.cells, lambda cell: cell.key.function):
        told = [(cell, origin) for cell in group if (origin := _main_origin(cell))]
        if told:
            text = f"{function}: on average the largest part is from {', '.join(_parts(told))}"
            yield Finding("errors", names(cell for cell, _ in told), None, text)


def _parts(told: list[tuple[Cell, str]]) -> Iterator[str]:
    """Give the origins with the cells of each, and last the one that most cells have."""
    usual = max(_ORIGINS, key=lambda origin: sum(o == origin for _, o in told))
    others = [o for o in _ORIGINS if o != usual and any(o == origin for _, origin in told)]
    yield from (f"{_ORIGINS[origin]} ({_in_words(told, origin)})" for origin in others)
    yield _ORIGINS[usual] + (" (the rest)" if others else "")


def _main_origin(cell: Cell) -> str | None:
    """Give the origin with the largest mean error; None of a cell that breaks, or has no error."""
    means = {origin: cell.origin[origin]["mean"] or 0.0 for origin in _ORIGINS}
    largest = max(means, key=lambda origin: means[origin])
    return None if is_broken(cell) or means[largest] == 0 else largest


def _in_words(told: list[tuple[Cell, str]], origin: str) -> str:
    """Name the arithmetics of an origin, and the algorithms where an arithmetic has others too."""
    named: dict[str, list[str]] = {}
    for words, group in groupby(told, lambda pair: arithmetic_words(pair[0].key)):
        pairs = list(group)
        here = [cell.key.variant for cell, of in pairs if of == origin]
        if here:
            named[words] = [] if len(here) == len(pairs) else here
    return "; ".join(f"{words} {', '.join(which)}".strip() for words, which in named.items())
