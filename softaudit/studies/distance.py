"""How far two results of the same question are apart, in the unit of every other figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit import reference
from softaudit.model import RowKind, take_rows
from softaudit.problem import classify, pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format
    from softaudit.model import Function


def exact_ulps(
    x: NDArray[np.float64], form: Format, functions: Sequence[Function]
) -> dict[Function, NDArray[np.float64]]:
    """Give ulp(y) of the exact values of functions.

    Parameters
    ----------
    x : ndarray of float64, shape (rows, columns)
        Numbers of the format.
    form : Format
    functions : sequence of str

    Returns
    -------
    dict of ndarray of float64
        Of shape (rows, columns), or (rows, 1) for logsumexp: powers of two, and NaN where y is not
        a real number.
    """
    problem = pose(x, form, 1.0)
    found = reference.enclose(problem.values, 1.0, tuple(functions))
    units = {}
    for function in functions:
        enclosure = found[function].enclosure
        units[function] = np.full(enclosure.high.shape, np.nan)
        rows = classify(problem, function) == RowKind.AUDITED
        if rows.any():
            asked = take_rows(enclosure, rows)
            decision = reference.judge(asked, take_rows(problem, rows), function)
            units[function][rows] = np.where(np.isfinite(asked.high), decision.ulp, np.nan)
    return units


def distance(
    first: NDArray[np.float64], second: NDArray[np.float64], ulp: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give |v − w| / ulp(y) of two results v and w whose exact value is y.

    Parameters
    ----------
    first, second : ndarray of float64
        v and w, numbers of a format.
    ulp : ndarray of float64
        ulp(y), NaN where y is not real.

    Returns
    -------
    ndarray of float64
        0 or more; the difference is rounded once, to float64.

    Notes
    -----
    0 between equal results: −0 equals 0, NaN is the same as NaN, and an infinity as itself.
    Anything else is ∞ where v or w is not finite, where y is not real, and so there is no unit,
    and where the quotient is beyond float64.
    """
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.abs(first - second) / ulp
    return np.where(same, 0.0, np.where(np.isnan(found), np.inf, found))
