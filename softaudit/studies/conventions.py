"""What else a sane reading gives where a row has no exact answer, beside what is usual.

Whatever no reading gives is no convention: a number beside a NaN, a probability above 1.
"""

from __future__ import annotations

from math import inf, log, nan
from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import ulp_at
from softaudit.metrics import WORTH_TELLING
from softaudit.model import RowKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from softaudit.formats import Format


def is_other_convention(
    values: NDArray[np.float64], logits: NDArray[np.float64], kind: RowKind, function: str,
    form: Format,
) -> bool:  # fmt: skip
    """Tell whether results of a row without an exact answer are those of some reading.

    Parameters
    ----------
    values, logits : ndarray of float64, shape (1, columns)
        Numbers of the format.
    kind : RowKind
    function : str
        `softmax` or `log_softmax`; there is one reading only of any other.
    form : Format
        Numbers may be 4 ULP away, as everywhere.
    """
    if function not in ("softmax", "log_softmax"):
        return False
    return any(
        _follows(values, shares if function == "softmax" else [_log(p) for p in shares], form)
        for shares in _readings(logits[0], kind)
    )


def _readings(logits: NDArray[np.float64], kind: RowKind) -> Iterator[list[float]]:
    """Give probabilities in all readings but the one that all of them are NaN."""
    n, top = len(logits), logits == inf
    if kind == RowKind.ALL_MASKED:
        yield [0.0] * n  # a safe softmax: no logit is there
        yield [1 / n] * n  # the limit of equal masks, and what finite ones have
    if kind == RowKind.POSITIVE_INFINITY:
        yield [1 / np.count_nonzero(top) if one else 0.0 for one in top]  # the limit
        yield [nan if one else 0.0 for one in top]  # one by one: ∞ / ∞, and finite / ∞


def _log(p: float) -> float:
    return -inf if p == 0 else log(p)


def _follows(values: NDArray[np.float64], reading: Sequence[float], form: Format) -> bool:
    wanted = np.array([reading])
    near = [[WORTH_TELLING * ulp_at(y, form) if np.isfinite(y) else 0.0 for y in reading]]
    same = (values == wanted) | (np.isnan(values) & np.isnan(wanted))
    finite = np.isfinite(values) & np.isfinite(wanted)
    apart = np.abs(np.subtract(values, wanted, out=np.zeros_like(wanted), where=finite))
    return bool((same | (finite & (apart <= near) & (wanted != 0))).all())
