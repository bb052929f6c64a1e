"""exp of double-words: a table, a short polynomial, and exact products.

exp(g) = 2^(k >> 12) · 2^((k mod 4096)/4096) · exp(r) with k the integer nearest to 4096 g / log 2,
so that |r| ≤ 2^−13.5.  The pieces are cut so short that the products which matter do not round:
r = r1 + r2 with r1 a multiple of 2^−40 (27 bits), and the table's entry t1 + t2 + t3 with t1 of
26 bits.

Error analysis, relative to a result of at least 1 − 2^−13.5 (before scaling), |g| ≤ 1700:

1.  k < 2^24.  C1 and C2 have 29 bits, so k C1 and k C2 are exact; log 2 / 4096 = C1 + C2 + C3 + c
    with |c| < 2^−123, and k |c| < 2^−99.
2.  a = g − k C1 is exact: k = 0, or the two lie within a factor of 2 (Sterbenz; C1 is cut below
    log 2 / 4096).  A two-sum takes a − k C2 to b + e without error.  rest = e − k C3 + low:
    |k C3| < 2^−46 and |low| ≤ 2^−43, so its two roundings are below 2^−95.
3.  r1 is b rounded to a multiple of 2^−40; b − r1 is exact; r2 = (b − r1) + rest, |r2| ≤ 2^−40.6,
    is rounded once: below 2^−93.6.
4.  exp(r1) = 1 + r1 + B + C: B = r1²/2 is exact (54 bits in units of 2^−81, at most 2^53);
    C = r1³/6 (1 + r1/4 + r1²/20) in double: |C| < 2^−43, its roundings below 2^−93.7, and the
    terms left out, r1^6/720, below 2^−90.5.
5.  exp(r2) (1 + r1 + B + C) − (1 + r1 + B + C) = D = r2 + r2 (r1 + B + C + r2/2), with what is left
    out below r2² r1 / 2 < 2^−95.7; |D| < 2^−40.6, roundings below 2^−92.6.
6.  t1 r1 (26 + 27 bits) and t1 B1 (26 + 26 bits; B1 is B rounded to a multiple of 2^−54) are exact,
    and added without error by two fast two-sums; t2 by a third.
7.  The low part collects t3 + t2 B + t1 (B − B1) + t (C + D) + t2 r1 and the three errors.
    |t2 r1| < 2^−38.5 and |t (C + D)| < 2^−39.4, so that partial sums stay below 2^−37.9: two
    roundings are below 2^−91, one below 2^−92, the others below 2^−93: 2^−89.2 in all; t3 r1 and
    the rounding of t1 + t2 are left out, below 2^−91.1.
8.  The table's entries are within 2^−130 (t3 is a double of at most 2^−78).

In all below 2^−88.2; EXP_ERROR = 2^−88 is used.

References
----------
Tang, Table-driven implementation of the exponential function in IEEE floating-point arithmetic,
ACM TOMS 15(2) (1989), doi:10.1145/63522.214389.
Cody & Waite, Software Manual for the Elementary Functions (1980), for the reduction.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from softaudit.reference.double_word import DoubleWord, fast_two_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENTRIES = 4096
LARGEST_ARGUMENT = 1700.0
EXP_ERROR = 2.0**-88
"""Proven bound of the relative error."""


class Table(NamedTuple):
    """Constants made by mpmath: 2^(i/4096) in three parts, and log 2 / 4096 in three."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    third: NDArray[np.float64]
    steps: tuple[float, float, float]
    inverse_step: float


@cache
def table() -> Table:
    """Load the table that the package ships; `make_table` makes it, and a test compares."""
    with files("softaudit.reference").joinpath("exp_table.npy").open("rb") as file:
        parts = np.load(file, allow_pickle=False)
    first, second, third = (np.ascontiguousarray(part[:ENTRIES]) for part in parts)
    c1, c2, c3 = parts[:, ENTRIES].tolist()
    return Table(first, second, third, (c1, c2, c3), float(parts[0, ENTRIES + 1]))


_TO_2_40 = 1.5 * 2.0**12
_TO_2_54 = 1.5 * 2.0**-2
_TO_INTEGER = 1.5 * 2.0**52
_INTEGER_BITS = int(np.array(_TO_INTEGER).view(np.int64))
"""Of 1.5 · 2^52 + k, the bits less these are k."""


def exp(g: DoubleWord) -> tuple[DoubleWord, NDArray[np.int64]]:
    """Take the exponential of double-words.

    Parameters
    ----------
    g : DoubleWord
        |g| ≤ 1700.

    Returns
    -------
    value : DoubleWord
        In [0.99, 2.01].
    exponent : ndarray of int64
        |exp(g) − value · 2^exponent| ≤ EXP_ERROR · exp(g).
    """
    shape, size = g.high.shape, g.high.size
    flat = g.high.ravel(), g.low.ravel()
    high, low, exponent = np.empty(size), np.empty(size), np.empty(size, dtype=np.int64)
    for start in range(0, size, _PIECE):
        piece = slice(start, start + _PIECE)
        value, exponent[piece] = _exp(DoubleWord(*(part[piece] for part in flat)))
        high[piece], low[piece] = value
    return DoubleWord(high.reshape(shape), low.reshape(shape)), exponent.reshape(shape)


_PIECE = 1 << 15
"""Elements whose steps fit the cache."""


def _exp(g: DoubleWord) -> tuple[DoubleWord, NDArray[np.int64]]:
    """Follow the steps of the error analysis."""
    constants = table()
    c1, c2, c3 = constants.steps
    shifted = g.high * constants.inverse_step + _TO_INTEGER
    k = shifted - _TO_INTEGER
    a = g.high - k * c1
    k_c2 = k * c2
    b = a - k_c2
    b_part = b - a
    rest = ((a - (b - b_part)) - (k_c2 + b_part) - k * c3) + g.low
    r1 = (b + _TO_2_40) - _TO_2_40
    r2 = (b - r1) + rest
    square = 0.5 * r1 * r1
    cube = r1 * square * (1 / 3 + r1 * (1 / 12 + r1 * (1 / 60)))
    tail = cube + (r2 + r2 * (r1 + square + cube + 0.5 * r2))
    square_head = (square + _TO_2_54) - _TO_2_54

    number = shifted.view(np.int64)
    number -= _INTEGER_BITS
    index = number & (ENTRIES - 1)
    t1, t2, t3 = (part.take(index) for part in (constants.first, constants.second, constants.third))
    s1 = fast_two_sum(t1, t1 * r1)
    s2 = fast_two_sum(s1.high, t1 * square_head)
    s3 = fast_two_sum(s2.high, t2)
    low = t3 + t2 * square + t1 * (square - square_head) + (t1 + t2) * tail + t2 * r1
    low += s1.low + s2.low + s3.low
    number >>= 12
    return fast_two_sum(s3.high, low), number


def make_table() -> NDArray[np.float64]:
    """Make the table with mpmath; it takes a while, so the package ships what this returns.

    Returns
    -------
    ndarray of float64, shape (3, 4098)
        2^(i/4096) as t1 + t2 + t3, t1 cut to 26 bits; then log 2 / 4096 as C1 + C2 + C3, the
        first two cut to 29 bits; then 4096 / log 2, 0, 0.
    """
    from mpmath import libmp

    precision = 400
    log2 = libmp.mpf_ln2(precision)
    step = libmp.mpf_shift(log2, -12)
    parts = np.zeros((3, ENTRIES + 2))
    for i in range(ENTRIES):
        value = libmp.mpf_exp(libmp.mpf_mul_int(step, i, precision, "n"), precision, "n")
        parts[:, i] = _parts(value, (26, 53, 53))
    parts[:, ENTRIES] = _parts(step, (29, 29, 53))
    parts[0, ENTRIES + 1] = libmp.to_float(libmp.mpf_div(libmp.fone, step, precision, "n"))
    return parts


def _parts(value: tuple[int, int, int, int], bits: tuple[int, ...]) -> list[float]:
    """Cut a real into doubles of so many bits; the last is rounded, the others truncated."""
    from mpmath import libmp

    found = []
    for i, count in enumerate(bits):
        part = libmp.mpf_pos(value, count, "n" if i == len(bits) - 1 else "d")
        found.append(libmp.to_float(part))
        value = libmp.mpf_sub(value, part)
    return found
