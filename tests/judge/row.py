"""Exact values of one row: Arb balls, rationals, and the facts that decide between them."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction

import flint
import numpy as np

NEGLIGIBLE_GAP = 10**6


@contextmanager
def precision(bits: int):
    """Work at a precision, and leave the global one as it was."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


class Row:
    """Exact values of one row: finite and −∞ logits, at least one of them finite."""

    def __init__(self, x: np.ndarray, temperature: float) -> None:
        distinct, counts = np.unique(x[np.isfinite(x)], return_counts=True)
        self.values = distinct.tolist()
        self.counts = counts.tolist()
        self.maximum = self.values[-1]
        self.ties = self.counts[-1]
        self.temperature = temperature
        self._balls: dict[tuple[str, int], dict[float, flint.arb]] = {}

    @property
    def alone(self) -> bool:
        """Whether all finite logits are equal."""
        return len(self.values) == 1

    def rational(self, function: str) -> Fraction | None:
        """Give the value, the same for all finite logits, where it is rational."""
        if not self.alone:
            return None
        if function == "softmax":
            return Fraction(1, self.ties)
        if self.ties > 1:
            return None
        if function == "log_softmax":
            return Fraction(0)
        return Fraction(self.maximum) / Fraction(self.temperature)

    def bound(self, function: str, x: float) -> tuple[Fraction, int]:
        """Give what y, being irrational, lies strictly below (−1) or above (+1)."""
        t = Fraction(self.temperature)
        if function == "logsumexp":
            return Fraction(self.maximum) / t, 1
        if function == "log_softmax":
            return (Fraction(x) - Fraction(self.maximum)) / t, -1
        return (Fraction(1, self.ties), -1) if x == self.maximum else (Fraction(0), 1)

    def ball(self, function: str, x: float, bits: int) -> flint.arb:
        """Enclose the value at a logit (for logsumexp: at the maximum)."""
        if (function, bits) not in self._balls:
            with precision(bits):
                self._balls[function, bits] = dict(self._all_balls(function))
        return self._balls[function, bits][x]

    def _all_balls(self, function: str):
        t, top = flint.arb(self.temperature), flint.arb(self.maximum)
        gaps = [(flint.arb(x) - top) / t for x in self.values]
        terms = [_exp(g) for g in gaps]
        others = flint.arb(0)
        for term, count in zip(terms[:-1], self.counts, strict=False):
            others += term * count
        total = self.ties + others
        if function == "softmax":
            yield from ((x, e / total) for x, e in zip(self.values, terms, strict=True))
            return
        log_total = others.log1p() if self.ties == 1 else total.log()
        if function == "log_softmax":
            yield from ((x, g - log_total) for x, g in zip(self.values, gaps, strict=True))
        else:
            yield self.maximum, top / t + log_total


def _exp(gap: flint.arb) -> flint.arb:
    if gap > -NEGLIGIBLE_GAP:
        return gap.exp()
    # Positive and below e^(−10^6) < 2^(−1.4·10^6).
    half = flint.arb((1, -1_400_001))
    return flint.arb(half, half)
