"""Number formats once more, and rounding to them as integers."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

INF = float("inf")


class Form(NamedTuple):
    """A number format: written down here once more, from IEEE 754 and the float8 paper."""

    precision: int
    emin: int
    largest: int
    overflow: float = INF

    @property
    def least_exponent(self) -> int:
        return self.emin - self.precision + 1

    @property
    def least_normal(self) -> float:
        return math.ldexp(1.0, self.emin)


FORMS = {
    "float16": Form(11, -14, 65504),
    "bfloat16": Form(8, -126, 0xFF << 120),
    "float32": Form(24, -126, (2**24 - 1) << 104),
    "float64": Form(53, -1022, (2**53 - 1) << 971),
    "float8_e4m3fn": Form(4, -6, 448, float("nan")),
    "float8_e5m2": Form(3, -14, 57344),
}


class Size(NamedTuple):
    """A real number ≥ 0: n · 2^e, or for side ±1 one just above or just below it."""

    n: int
    e: int
    side: int = 0


class Rounded(NamedTuple):
    """The nearest number of a format, and the exponent of the exact number's unit."""

    value: float
    unit: int


def nearest(size: Size, form: Form) -> Rounded:
    """Round to nearest, ties to even, as integers."""
    n, e, side = size
    binade = form.emin
    if n:
        just_below_a_power = side < 0 and n & (n - 1) == 0
        binade = max(n.bit_length() - 1 + e - just_below_a_power, form.emin)
    unit = binade - form.precision + 1
    count = _nearest_count(n, unit - e, side)
    if count.bit_length() + unit > 0 and count << max(unit, 0) > form.largest << max(-unit, 0):
        return Rounded(form.overflow, unit)
    return Rounded(math.ldexp(count, unit), unit)


def _nearest_count(n: int, shift: int, side: int) -> int:
    if shift <= 0:
        return n << -shift
    count, rest = n >> shift, n & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    up = rest > half or (rest == half and (side > 0 or (side == 0 and count & 1)))
    return count + up


def size_of(x: Fraction) -> Size:
    """Give |x|; what does not end in 4000 binary places is known to lie above its digits."""
    return size_of_ratio(abs(x.numerator), x.denominator)


def size_of_ratio(n: int, d: int) -> Size:
    """Give n/d ≥ 0, which need not be reduced."""
    if d & (d - 1) == 0:
        return Size(n, 1 - d.bit_length())
    count, rest = divmod(n << 4000, d)
    return Size(count, -4000, 1 if rest else 0)


def round_rational(x: Fraction | float, form: Form) -> float:
    """Round a rational number, ties to even."""
    if isinstance(x, float) and not math.isfinite(x):
        return math.copysign(form.overflow, x) if math.isinf(x) else x
    return round_ratio(*x.as_integer_ratio(), form)


def round_ratio(n: int, d: int, form: Form) -> float:
    """Round n/d, d > 0, as it is: fractions spend most of their time on reducing it."""
    value = nearest(size_of_ratio(abs(n), d), form).value
    return -value if n < 0 else value


def exact_sum(x: list[float]) -> Fraction:
    """Add finite float64 numbers, as integers of their least unit."""
    ratios = [value.as_integer_ratio() for value in x]
    return Fraction(sum(n << (1075 - d.bit_length()) for n, d in ratios), 1 << 1074)


def round_array(x: np.ndarray, form: Form) -> np.ndarray:
    """Round float64 numbers, each distinct one once."""
    distinct, inverse = np.unique(x, return_inverse=True)
    rounded = np.array([round_rational(v, form) for v in distinct.tolist()], dtype=np.float64)
    return rounded[inverse].reshape(x.shape)
