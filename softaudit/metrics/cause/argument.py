"""How far the arguments of exponentials are from the logits: measured without rounding errors.

An exponential may be taken in base 2, of a number with a shift that was subtracted, or in two
parts, exp(t) · 2^n.  What it is the exponential of is the same real number in each case, up to
what all elements of a row have in common: x itself.  The difference is what rounding made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.reference.double_word import DoubleWord, add, add_double, two_product, two_sum
from softaudit.reference.elementary import LOG2
from softaudit.reference.logarithm import log

if TYPE_CHECKING:
    from types import EllipsisType

    from numpy.typing import NDArray

    from softaudit.model import Enclosure, Steps

    Place = tuple[NDArray[np.int64], NDArray[np.int64]] | EllipsisType


def kept(step: NDArray[Any] | None) -> NDArray[Any]:
    """Give a step that is there wherever an algorithm keeps steps."""
    if step is None:
        raise ValueError("an algorithm that keeps steps keeps all of exp's")
    return step


def is_in_powers_of_two(steps: Steps) -> bool:
    """Tell whether exponentials are powers of two, or have a part that is."""
    return steps.base_two or steps.doublings is not None


def deviation(steps: Steps, place: Place) -> NDArray[np.float64]:
    """Give argument + shift − quotient, in natural units, of elements with powers of two.

    Parameters
    ----------
    steps : Steps
        For which `is_in_powers_of_two` holds.
    place : tuple of ndarray of int64, or ...
        Rows and columns of the elements; all of them for an ellipsis.

    Returns
    -------
    ndarray of float64
        Within 2^−100 of the argument; NaN where a step is not finite.
    """
    argument, quotient, shift, carried, doublings = (
        np.zeros(1) if step is None else step[place].astype(np.float64)
        for step in (
            steps.argument, steps.quotient, steps.shift, steps.carried, steps.doublings
        )
    )  # fmt: skip
    if not steps.base_two:
        return _sum(DoubleWord(doublings, np.zeros(1)), argument, quotient)
    shifted = two_sum(argument, shift)
    return _sum(DoubleWord(shifted.high, shifted.low + carried), np.zeros(1), quotient)


def pull(steps: Steps) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give Σ e · deviation and Σ e of each row, whose quotient all results have in common.

    In base 2 the deviation of a large term is no smaller than that of others; where powers of two
    stand beside the exponential, it is next to nothing, and 0 is given.
    """
    exponential = kept(steps.exponential)
    if not steps.base_two:
        rows = len(exponential)
        return np.zeros(rows), np.ones(rows)
    e = exponential.astype(np.float64)
    weighed = np.where((e > 0) & (e < np.inf), e * deviation(steps, ...), 0.0)
    return weighed.sum(axis=-1), e.sum(axis=-1)


def _sum(
    twos: DoubleWord, natural: NDArray[np.float64], quotient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give twos · log 2 + natural − quotient."""
    product = two_product(twos.high, LOG2.high)
    low = product.low + (twos.high * LOG2.low + twos.low * LOG2.high)
    near = two_sum(product.high, -quotient)
    found = add_double(DoubleWord(near.high, near.low), natural)
    return np.asarray(found.high + (found.low + low))


def excess(argument: NDArray[np.float64], y: Enclosure, at: NDArray[np.int64]) -> NDArray[Any]:
    """Give argument − log(y) of exact softmaxes y > 0: all of the error of exp(argument) but exp's.

    Parameters
    ----------
    argument : ndarray of float64
    y : Enclosure
    at : ndarray of int64
        Places of the elements among the flattened values.
    """
    high, low = y.high.take(at), y.low.take(at)
    real = (high > 0) & (high < np.inf)
    known = log(np.where(real, high, 1.0))
    exponent = y.exponent.take(at).astype(np.float64)
    twos = two_product(exponent, LOG2.high)
    twos = DoubleWord(twos.high, twos.low + exponent * LOG2.low)
    exact = add(known, twos)
    found = (argument - exact.high) - exact.low - np.where(real, low / high, 0.0)
    return np.where(real, found, np.nan)


def quotient_error(
    x: NDArray[np.float64], temperature: float, quotient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give quotient − x/T, to first order, by the product quotient · T without error."""
    product = two_product(quotient, np.array(temperature))
    return np.asarray(((product.high - x) + product.low) / temperature)


def difference_error(
    a: NDArray[np.float64], b: NDArray[np.float64], computed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give (a − b) − computed, by a − b without error."""
    exact = two_sum(a, -b)
    return np.asarray((exact.high - computed) + exact.low)
