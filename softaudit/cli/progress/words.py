"""Times, amounts and rates, as a person would give them."""

from __future__ import annotations

_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def duration(seconds: float) -> str:
    """Give a time: 12 s, 4 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def took(seconds: float) -> str:
    """Give a time that is over, below 10 s with a decimal."""
    return f"{seconds:.1f} s" if seconds < 9.95 else duration(seconds)


def amount(logits: float) -> str:
    """Give a number of logits: 640 logits, 1.2 M logits."""
    for size, letter in _SIZES:
        if logits >= size:
            return f"{logits / size:.1f} {letter} logits"
    return f"{logits:.0f} logits"


def rate(logits: float, seconds: float) -> str:
    """Give a speed: 1.2 M logits/s."""
    return f"{amount(logits / max(seconds, 1e-9))}/s"


def left(seconds: float) -> str:
    """Give the time that is left."""
    return f"{duration(seconds)} left"
