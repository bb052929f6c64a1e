"""Whole rows: which lead, and how far the computed distribution lies from the exact one."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import flint

from .errors import to_float
from .rounding import INF, exact_sum
from .row import precision

if TYPE_CHECKING:
    from .row import Row

BITS = 400, 1400
"""The second where logits are so large that the first does not hold their differences."""
TOLERANCE = Fraction(1, 2**26)
NEGLIGIBLE = flint.arb((1, -900))
"""Probabilities of which a 0 is right: what finfo.min masks have."""


class Quality(NamedTuple):
    """Figures of one row.

    `scale` is how large the terms are that a divergence is the difference of: Σ p φ(r).
    """

    argmax_kept: bool
    top_kept: bool
    kl: float
    scale: float
    variation: float
    log_probability: float
    refused: bool


def row_quality(row: Row, function: str, x: list[float], v: list[float]) -> Quality:
    """Judge one row of logits, rounded, and results."""
    is_softmax = function == "softmax"
    refused = is_softmax and _refused(v)
    # e^v of more than float64 holds counts as infinite.
    sound = all(map(math.isfinite, v)) if is_softmax else all(value < 709.78 for value in v)
    if not sound:
        return Quality(False, False, INF, 0.0, INF, INF, refused)
    first = max(range(len(v)), key=lambda j: (v[j], -j))
    order = sorted(range(len(v)), key=lambda j: (-v[j], j))
    exactly = sorted((logit for logit in x if logit > -INF), reverse=True)[:5]
    listed = [x[j] for j in order[: len(exactly)]]
    distances = _distances(row, Counter(zip(x, v, strict=True)), is_softmax=is_softmax)
    return Quality(x[first] == max(x), listed == exactly, *distances, refused)


def _refused(v: list[float]) -> bool:
    """Whether numpy.random.choice refuses probabilities, its tolerance being √eps of float64."""
    if not all(map(math.isfinite, v)) or min(v) < 0:
        return True
    return abs(exact_sum(v) - 1) > TOLERANCE


def _distances(
    row: Row, pairs: Counter[tuple[float, float]], *, is_softmax: bool
) -> tuple[float, float, float, float]:
    """Give divergence, its scale, total variation, and the largest |Δ log p|."""
    bits = BITS[max(map(abs, row.values)) > 2.0**100]
    with precision(bits):
        total = variation = divergence = flint.arb(0)
        largest, endless = 0.0, False
        for (x, v), count in pairs.items():
            q = flint.arb(v) if is_softmax else _power(v)
            total += q * count
            if x == -INF:
                variation += abs(q) * count
                endless |= bool(q < 0)
                continue
            p, log_p = (row.ball(f, x, bits) for f in ("softmax", "log_softmax"))
            variation += abs(q - p) * count
            if v <= 0 if is_softmax else v == -INF:
                endless |= not bool(p < NEGLIGIBLE) or v not in (0, -INF)
                continue
            off = (q.log() if is_softmax else flint.arb(v)) - log_p
            largest = max(largest, to_float(abs(off).mid()))
            divergence -= p * off * count
        half = to_float((variation / 2).mid())
        if endless:
            return INF, 0.0, half, INF
        rest = total - 1 - total.log()
        divergence += total.log()
        scale = to_float(abs(divergence + rest).mid())
        return to_float(divergence.mid()), scale, half, largest


def _power(v: float) -> flint.arb:
    return flint.arb(v).exp() if v > -(10**6) else flint.arb(0)


def quality_figures(rows: list[Quality], *, is_softmax: bool) -> dict:
    """Put the figures of rows together."""
    divergences, variations = [row.kl for row in rows], [row.variation for row in rows]
    return {
        "argmax_kept": sum(row.argmax_kept for row in rows),
        "top_k_kept": sum(row.top_kept for row in rows),
        "kl": _statistics(divergences),
        "kl_scale": max((row.scale for row in rows), default=0.0),
        "total_variation": _statistics(variations),
        "log_probability": max((row.log_probability for row in rows), default=None),
        "choice_refused": sum(row.refused for row in rows) if is_softmax else None,
    }


def _statistics(values: list[float]) -> dict:
    finite = [value for value in values if value < INF]
    return {
        "max": max(values, default=None),
        "mean": math.fsum(finite) / len(finite) if finite else None,
        "mean_over": len(finite),
    }
