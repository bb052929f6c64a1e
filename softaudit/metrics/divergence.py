"""What differences of probabilities add to a Kullback–Leibler divergence, without cancellation.

For an exact p and a computed q = p (1 + r) = p e^d, the terms are p φ(r) and p ψ(d) with

    φ(r) = r − log(1 + r) ≥ 0,    ψ(d) = e^d − 1 − d ≥ 0.

Both are about half a square, so that the logarithm would leave nothing of small ones.  Here they
are series, in + − × ÷ alone, each within 2^−30 of itself; what lies beyond a series goes through
the judge's correctly rounded log and exp.  So the same numbers give the same bits on every machine.

Which series serves an element depends on its size and on the format, and never on its neighbours.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from softaudit.reference.elementary import exp, log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format

_SMALL = 2.0**-10
_MODERATE = 2.0**-3
_PSI = {_SMALL: 3, 2.0**-2: 7}
"""Terms of ψ's series that leave less than 2^−30 of it, by the size up to which they do."""


def log_terms(
    r: NDArray[np.float64],
    difference: NDArray[np.float64],
    p: NDArray[np.float64],
    form: Format,
) -> tuple[NDArray[np.float64], float]:
    """Give p φ(r) where |r| is at most a bound, and that bound; elsewhere, anything.

    Parameters
    ----------
    r, difference, p : ndarray of float64
        p r = difference.
    form : Format
        In a format of 24 bits or more nearly all |r| are below 2^−10.
    """
    if form.precision >= 24:
        # r²/2 − r³/3 + r⁴/4; the next term is 0.4 r³ of the first, 2^−31.
        terms = r * 0.25
        terms -= 1 / 3
        terms *= r
        terms += 0.5
        terms *= r
        terms *= difference
        return terms, _SMALL
    terms = _phi(r)
    terms *= p
    return terms, _MODERATE


def _phi(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give φ(r) of |r| ≤ 1/8.

    With s = r/(2 + r), log(1 + r) = 2 (s + s³/3 + s⁵/5 + …) and r − 2s = r s.  |s| ≤ 1/15, and the
    terms from s⁹/9 on are below 2^−30 of φ.
    """
    s = r + 2.0
    np.divide(r, s, out=s)
    z = s * s
    terms = z * (1 / 7)
    terms += 1 / 5
    terms *= z
    terms += 1 / 3
    z *= -2.0
    terms *= z
    terms += r
    terms *= s
    return terms


def phi(r: NDArray[np.float64], ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give φ(r) of any r ≥ −1.

    Parameters
    ----------
    r : ndarray of float64
    ratio : ndarray of float64
        1 + r, which near 0 has digits that r has not.

    Returns
    -------
    ndarray of float64
        ∞ of −1, NaN of what lies below.
    """
    with np.errstate(all="ignore"):
        found = _phi(r)
        large = np.flatnonzero(~(np.abs(r) <= _MODERATE))
        if large.size:
            found.put(large, r.take(large) - log(ratio.take(large)))
    return found


def log_ratio(r: float, ratio: float) -> float:
    """Give |log(1 + r)|; see `phi`."""
    if abs(r) > _MODERATE:
        return abs(float(log(np.array([ratio]))[0]))
    return abs(r - float(_phi(np.array([r]))[0]))


def exp_terms(
    d: NDArray[np.float64], form: Format, largest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give ψ(d) and e^d − 1 of |d| ≤ largest; of −∞, ∞ and −1."""
    bound = min(_PSI) if form.precision >= 24 else max(_PSI)
    with np.errstate(all="ignore"):
        terms = d * (1 / factorial(_PSI[bound] + 1))
        for k in range(_PSI[bound], 2, -1):
            terms += 1 / factorial(k)
            terms *= d
        terms += 0.5
        terms *= d
        terms *= d
        grown = terms + d
        if not largest <= bound:
            large = np.flatnonzero(np.abs(d) > bound)
            some = d.take(large)
            power = np.zeros_like(some)
            above = ~(some < -746.0)  # below, e^d is 0 in float64
            power[above] = exp(some[above])
            grown.put(large, power - 1.0)
            terms.put(large, grown.take(large) - some)
    return terms, grown
