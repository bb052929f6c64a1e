"""Refuse to judge on a processor state in which IEEE arithmetic does not hold.

Some libraries switch flush-to-zero on for the whole process when they are loaded; every result
in the subnormal range, and every enclosure of one, would silently become 0.
"""

from __future__ import annotations

import numpy as np

from softaudit.errors import PlatformError


def check_processor() -> None:
    """Check that subnormals survive and that rounding is to nearest, ties to even.

    Raises
    ------
    PlatformError
        Saying which of the two does not hold.
    """
    for dtype in (np.float32, np.float64):
        info = np.finfo(dtype)
        tiny = np.full(8, info.tiny, dtype)
        if np.any(tiny / dtype(2) * dtype(2) != tiny):
            message = "this process flushes subnormal numbers to zero"
            raise PlatformError(f"{message}: no verdict would be right; {_REMEDY}")
        one, half_ulp = np.ones(8, dtype), np.full(8, info.epsneg, dtype)
        up = one + half_ulp * dtype(2) * dtype(0.5) != one
        down = (-one) - half_ulp != -one
        to_even = (one + info.eps) + half_ulp != one + dtype(2) * info.eps
        if np.any(up) or np.any(down) or np.any(to_even):
            message = "this process does not round to nearest"
            raise PlatformError(f"{message}: no verdict would be right; {_REMEDY}")


_REMEDY = "run softaudit in a process of its own"
