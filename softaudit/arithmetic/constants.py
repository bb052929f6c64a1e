"""Constants of algorithms, to 200 bits: formats take from them what they hold."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.formats import round_fraction, round_to

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.formats import Format

LOG_2 = Fraction(0xB17217F7D1CF79ABC9E3B39803F2F6AF40F343267298B62D8A, 1 << 200)
"""log 2, within 2^−200."""

LOG2_E = Fraction(0x171547652B82FE1777D0FFDA0D23A7D11D6AEF551BAD2B4B116, 1 << 200)
"""1 / log 2, within 2^−200."""


def in_parts(value: Fraction, form: Format, count: int) -> list[NDArray[Any]]:
    """Give a constant as numbers of a format whose sum it is, each of what the last ones left.

    Parameters
    ----------
    value : Fraction
    form : Format
    count : int
        How many parts.

    Returns
    -------
    list of ndarray, shape (1, 1)
        In the format's carrier dtype.
    """
    parts = []
    for _ in range(count):
        part = round_to(np.full((1, 1), round_fraction(value, form)), form)
        parts.append(part.astype(form.carrier))
        value -= Fraction(part.item())
    return parts
