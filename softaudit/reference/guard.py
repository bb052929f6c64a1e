"""Refuse to judge on a processor state in which IEEE arithmetic does not hold.

Some libraries switch flush-to-zero on for the whole process when they are loaded; every result
in the subnormal range, and every enclosure of one, would silently become 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softaudit.errors import PlatformError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_processor() -> None:
    """Check that subnormals survive and that rounding is to nearest, ties to even.

    Raises
    ------
    PlatformError
        Saying which of the two does not hold.
    """
    dtypes: tuple[type[np.floating[Any]], ...] = (np.float32, np.float64)
    for dtype in dtypes:
        info = np.finfo(dtype)
        tiny: NDArray[Any] = np.full(8, info.tiny, dtype)
        half: NDArray[Any] = np.full(8, 0.5, dtype)
        if np.any((tiny * half) / half != tiny):
            message = "this process flushes subnormal numbers to zero"
            raise PlatformError(f"{message}: no verdict would be right; {_REMEDY}")
        one, eps = half + half, np.full(8, info.eps, dtype)
        # 1 + ½ ulp is a tie between 1 and the next number: 1 is even.  The next tie goes up.
        up, down = one + eps * half != one, -one - eps * half != -one
        to_even = (one + eps) + eps * half != one + eps + eps
        if np.any(up | down | to_even):
            message = "this process does not round to nearest"
            raise PlatformError(f"{message}: no verdict would be right; {_REMEDY}")


_REMEDY = "run softaudit in a process of its own"
