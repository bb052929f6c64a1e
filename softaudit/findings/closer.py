"""Which of naive and stable is closer, where both hold: safer is not always more accurate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softaudit.findings.finding import Finding
from softaudit.findings.words import WHY, arithmetic_words, names, what_is_rounded, why
from softaudit.grouping import grouped
from softaudit.metrics import WORTH_TELLING
from softaudit.state import is_broken
from softaudit.wording import NO_BREAK, ulps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softaudit.model import Audit, Cell

_FAR_APART = 2.0


def closer(audit: Audit) -> Iterator[Finding]:
    """Say which of naive and stable is closer where both hold, and what the other errs from."""
    rounded = what_is_rounded(audit)
    told = grouped((_said_of(near, far, rounded), (near, far)) for near, far in _contrasts(audit))
    for (function, algorithm, other, reason), pairs in told.items():
        sizes = ", ".join(_against(*pair, unit="" if i else " ULP") for i, pair in enumerate(pairs))
        errs = f"{other} errs {reason}"
        text = f"{function}: {algorithm} is closer than {other} in {sizes}: {errs}"
        cells = names(cell for pair in pairs for cell in pair)
        yield Finding("closer", cells, pairs[0][1].worst[0].cause, text)


def _contrasts(audit: Audit) -> Iterator[tuple[Cell, Cell]]:
    """Give naive and stable cells of one arithmetic, the closer first, if they are far apart."""
    pairs = grouped(
        ((cell.key.function, cell.key.arithmetic.name), cell)
        for cell in audit.cells
        if cell.key.algorithm in ("naive", "stable") and _is_sound(cell)
    )
    for pair in pairs.values():
        near, far = min(pair, key=_most), max(pair, key=_most)
        if _most(far) > max(WORTH_TELLING, _FAR_APART * _most(near)) and far.worst[0].cause in WHY:
            yield near, far


def _is_sound(cell: Cell) -> bool:
    return bool(cell.worst and not is_broken(cell) and not cell.overflow["forced"])


def _most(cell: Cell) -> float:
    return float(cell.ulp["max"] or 0.0)


def _said_of(near: Cell, far: Cell, rounded: str) -> tuple[str, str, str, str]:
    """Give function, the closer algorithm, the other, and what that errs from."""
    reason = _reason(near, far.worst[0].cause, rounded)
    return near.key.function, near.key.algorithm, far.key.algorithm, reason


def _against(near: Cell, far: Cell, unit: str) -> str:
    size = f"{'max ' if unit else ''}{ulps(_most(near))} against {ulps(_most(far))}{unit}"
    return f"{arithmetic_words(near.key)} ({size.replace(' ', NO_BREAK)})"


def _reason(near: Cell, cause: str, rounded: str) -> str:
    """Say what the farther one errs from, and why the closer one does not, where naive is."""
    ordinary = not {"overflow.exp", "overflow.sum"} & near.events.keys()
    ordinary = ordinary and "exp-underflow" not in near.causes
    if cause == "argument-rounding" and near.key.algorithm == "naive" and ordinary:
        return f"{why(cause, rounded)}, and in naive nothing overflows or is subnormal"
    return why(cause, rounded)
