"""Number formats as data: a handful of parameters each, everything else derived from them.

A format here is what IEEE 754 calls a binary interchange format, reduced to what rounding needs:
the precision p, the least and the largest exponent, and what lies above the largest number.
Rounding goes from float64 (or float32) to the format in *one* step.  The other way, through an
intermediate float32 as some libraries' casts do it, rounds twice and errs beside ties.

References
----------
IEEE 754-2019, doi:10.1109/IEEESTD.2019.8766229.
Micikevicius et al., FP8 Formats for Deep Learning (2022), arXiv:2209.05433.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import ml_dtypes
import numpy as np

from softaudit.format_notes import NOTES

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Parameters
    ----------
    name : str
        The name used everywhere: option, cell, report.
    precision : int
        p, the number of significant bits, the hidden one included.
    emin, emax : int
        Exponents of the least normal and of the largest number, as in 1.f × 2^e.
    top : int
        The largest significand as an integer of p bits; all ones but in float8_e4m3fn, where
        that code is NaN.
    beyond : str
        What stands for numbers beyond the largest: inf, nan in a format that has no infinity, or
        largest where conversions saturate.
    flushes : bool
        Whether subnormal numbers become 0.
    note : str
        Who uses it, where it breaks, and the source, in the shape of a docstring.
    """

    name: str
    precision: int
    emin: int
    emax: int
    top: int
    beyond: Literal["inf", "nan", "largest"] = "inf"
    flushes: bool = False
    note: str = field(default="", compare=False, repr=False)

    @cached_property
    def plain(self) -> Format:
        """The format as it is named: nothing saturates, and subnormal numbers are kept."""
        return FORMATS[self.name]

    @cached_property
    def saturating(self) -> Format:
        """The same, with the largest number, ±, in place of all beyond it, infinities too.

        References
        ----------
        OCP 8-bit Floating Point Specification (OFP8) 1.0 (2023), conversion in saturating mode.
        """
        return replace(self, beyond="largest")

    @cached_property
    def keeping(self) -> Format:
        """The same, with subnormal numbers."""
        return replace(self, flushes=False)

    @cached_property
    def flushing(self) -> Format:
        """The same, with 0 in place of subnormal numbers."""
        return replace(self, flushes=True)

    @cached_property
    def overflow(self) -> float:
        """What overflow gives: ∞, NaN, or the largest number."""
        return self.largest if self.beyond == "largest" else float(self.beyond)

    @cached_property
    def subnormal_exponent(self) -> int:
        """Exponent of the least subnormal number, which is ulp(0)."""
        return self.emin - self.precision + 1

    @cached_property
    def exp2_vanishes_below(self) -> int:
        """Exponent of half the least subnormal number: powers of two below it are rounded to 0."""
        return self.subnormal_exponent - 1

    @cached_property
    def least_subnormal(self) -> float:
        """The least positive number."""
        return float(np.ldexp(1.0, self.subnormal_exponent))

    @cached_property
    def least_normal(self) -> float:
        """The least positive number with a full significand."""
        return float(np.ldexp(1.0, self.emin))

    @cached_property
    def largest(self) -> float:
        """The largest finite number."""
        return float(np.ldexp(float(self.top), self.emax - self.precision + 1))

    @cached_property
    def has_infinity(self) -> bool:
        """Whether ±∞ are numbers of the format."""
        return self.beyond == "inf"

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype, from ml_dtypes where NumPy has none."""
        home = np if hasattr(np, self.name) else ml_dtypes
        dtype: np.dtype[Any] = np.dtype(getattr(home, self.name))
        return dtype

    @cached_property
    def carrier(self) -> np.dtype[Any]:
        """The native dtype that holds the format's numbers exactly while computing.

        float32 for p ≤ 11: since 24 ≥ 2p + 2, an operation in float32 that is then rounded has
        the bits of the same operation in the format (Figueroa 1995, doi:10.1145/221332.221334).
        """
        return np.dtype(np.float32 if self.precision <= 24 else np.float64)

    def holds(self, other: Format) -> bool:
        """Whether every number of `other` is a number of this format."""
        return (
            self.precision >= other.precision
            and self.subnormal_exponent <= other.subnormal_exponent
            and self.largest >= other.largest
            and (self.has_infinity or not other.has_infinity)
        )


def _ieee(name: str, precision: int, emax: int) -> Format:
    top = 2**precision - 1
    return Format(name, precision, 1 - emax, emax, top, note=NOTES[name])


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        _ieee("float16", 11, 15),
        _ieee("bfloat16", 8, 127),
        _ieee("float32", 24, 127),
        _ieee("float64", 53, 1023),
        Format("float8_e4m3fn", 4, -6, 8, 0b1110, "nan", note=NOTES["float8_e4m3fn"]),
        _ieee("float8_e5m2", 3, 15),
    )
}


def ulp(y: NDArray[np.float64], form: Format) -> NDArray[np.float64]:
    """Give the unit in the last place of a format at real numbers.

    Parameters
    ----------
    y : ndarray of float64
        Finite numbers, any shape.

    Returns
    -------
    ndarray of float64
        2^(max(⌊log2|y|⌋, emin) − p + 1), with ulp(0) = 2^(emin − p + 1): always exact.  NaN where
        y is not finite.
    """
    finite = np.isfinite(y)
    _, exponent = np.frexp(np.where(finite, y, 0.0))
    exponent = np.where((y == 0) | ~finite, form.emin, np.maximum(exponent - 1, form.emin))
    return np.where(finite, np.ldexp(1.0, exponent - form.precision + 1), np.nan)


def power_of_two(exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give 2^exponent, for exponents of normal doubles, by writing their bits."""
    return ((exponent + 1023) << 52).view(np.float64)


def ulp_at(y: float, form: Format) -> float:
    """Give the unit in the last place of a format at one real number; see `ulp`."""
    return float(ulp(np.array(y), form))


def round_to(x: NDArray[Any], form: Format) -> NDArray[Any]:
    """Round to nearest, ties to even, once.

    Parameters
    ----------
    x : ndarray of float32 or float64
        Numbers to round, any shape.

    Returns
    -------
    ndarray
        Numbers of the format, in the dtype of `x`.  Beyond the format's range, and for −∞ and +∞,
        what the format says: ±∞, NaN, or ± its largest number.  NaN stays NaN, and zeros keep their
        sign.  Where the format flushes, what would be subnormal after rounding is ±0.

    Notes
    -----
    In the normal range the significand's bits are rounded as an integer, where a carry walks into
    the exponent as it should.  Below it the quantum is fixed, and adding 1.5 × 2^(P−1) quanta
    makes the processor round to it (P the precision of `x`; exact by the definition of IEEE
    addition, and the subtraction by Sterbenz's lemma).
    """
    y = _round_all(x, form)
    if form.flushes and y.size:
        with np.errstate(invalid="ignore"):
            subnormal = np.abs(y) < x.dtype.type(form.least_normal)
        y = np.where(subnormal, np.copysign(np.zeros_like(y), y), y)
    return y


def _round_all(x: NDArray[Any], form: Format) -> NDArray[Any]:
    wide = np.finfo(x.dtype)
    drop = wide.nmant + 1 - form.precision
    if drop <= 0 or x.size == 0:
        return x
    number = x.dtype.type
    # Signalling NaNs raise invalid in any operation, and overflow is what is asked about.
    with np.errstate(all="ignore"):
        if form.precision == np.finfo(np.float32).nmant + 1:
            return x.astype(np.float32).astype(x.dtype)
        y = round_significand(x, form)
        if form.emin > wide.minexp:
            small = np.abs(x) < number(form.least_normal)
            if small.any():
                magic = number(np.ldexp(1.5, wide.nmant + form.subnormal_exponent))
                np.copysign((x + magic) - magic, x, out=y, where=small)
        # Where all are in range, and none is NaN, both comparisons hold.
        if not (y.max() <= number(form.largest) and y.min() >= -number(form.largest)):
            over = np.copysign(number(form.overflow), x)
            y = np.where(np.abs(y) > number(form.largest), over, y)
            y = np.where(np.isnan(x), x, y)
        return y


def round_significand(x: NDArray[Any], form: Format) -> NDArray[Any]:
    """Round to p bits, ties to even, whatever the format's range; NaN must be NumPy's own."""
    drop = np.finfo(x.dtype).nmant + 1 - form.precision
    if drop <= 0:
        return x
    word = np.dtype(f"u{x.dtype.itemsize}").type
    bits = np.ascontiguousarray(x).view(word)
    up = bits >> word(drop)
    up &= word(1)
    up += bits
    up += word((1 << (drop - 1)) - 1)
    up &= ~word((1 << drop) - 1)
    rounded: NDArray[Any] = up.view(x.dtype)
    return rounded


def round_fraction(y: Fraction, form: Format, side: Literal[-1, 0, 1] = 0) -> float:
    """Round one rational number, or the real just beside it.

    Parameters
    ----------
    y : Fraction
        The number to round.
    side : {-1, 0, 1}
        0 for `y` itself; −1 or +1 for the limit of rounding from below or from above, which is
        how a number that is known to lie beside a tie is decided.

    Returns
    -------
    float
        A number of the format, ±∞, or NaN where the format has no infinity.
    """
    sign = -1.0 if y < 0 or (y == 0 and side < 0) else 1.0
    outward = int(sign) * side
    quantum = Fraction(2) ** (max(binade(y, side), form.emin) - form.precision + 1)
    count, rest = divmod(abs(y) / quantum, 1)
    twice = 2 * rest - 1
    up = twice > 0 or (twice == 0 and (outward > 0 or (outward == 0 and count % 2 == 1)))
    rounded = (count + up) * quantum
    if rounded > Fraction(form.largest):
        return float(np.copysign(form.overflow, sign))
    return sign * float(rounded)


def binade(y: Fraction, side: Literal[-1, 0, 1] = 0) -> int:
    """Give ⌊log2|y|⌋ of a rational number, or of the real just beside it.

    At 0 the least exponent that any report distinguishes is given, far below every format.
    """
    if y == 0:
        return LEAST_BINADE
    size = abs(y)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    towards_zero = side * (1 if y > 0 else -1) < 0
    return exponent - 1 if towards_zero and Fraction(2) ** exponent == size else exponent


LEAST_BINADE = -2400
"""Reals below 2^LEAST_BINADE in size are told apart by sign only: no format or ratio sees them."""
