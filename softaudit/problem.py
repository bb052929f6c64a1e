"""From logits to the problem: round once, and say which rows can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softaudit.formats import Format, round_to
from softaudit.model import Problem, RowKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.model import Function


def round_temperature(temperature: float, form: Format) -> float:
    """Give T̂ = round(T)."""
    return float(round_to(np.array([temperature]), form)[0])


def pose(logits: NDArray[np.float64], form: Format, temperature: float) -> Problem:
    """Round logits and temperature to a storage format.

    Parameters
    ----------
    logits : ndarray of float64, shape (rows, columns)
    form : Format
        The storage format.
    temperature : float
        T, as given.
    """
    return Problem(logits, round_to(logits, form), form, round_temperature(temperature, form))


def classify(problem: Problem, function: Function) -> NDArray[np.int8]:
    """Tell which rows are audited, and why the others are not.

    Parameters
    ----------
    problem : Problem
        Of shape (rows, columns).
    function : str
        For logsumexp only NaN makes a row degenerate: nothing but −∞ gives −∞, and +∞ gives +∞.

    Returns
    -------
    ndarray of int8, shape (rows,)
        Values of `RowKind`.  The logits as read are asked first; LOST_TO_CAST is a row that was
        good until rounding gave it +∞ or NaN, or took its last finite logit.
    """
    x, rounded = problem.logits, problem.values
    had_finite = np.isfinite(x).any(axis=-1)
    gained = (np.isposinf(rounded) & ~np.isposinf(x)) | (np.isnan(rounded) & ~np.isnan(x))
    lost = gained.any(axis=-1) | (had_finite & ~np.isfinite(rounded).any(axis=-1))
    kind = np.where(lost, RowKind.LOST_TO_CAST, RowKind.AUDITED).astype(np.int8)
    if function != "logsumexp":
        kind[np.isneginf(x).all(axis=-1)] = RowKind.ALL_MASKED
        kind[np.isposinf(x).any(axis=-1)] = RowKind.POSITIVE_INFINITY
    kind[np.isnan(x).any(axis=-1)] = RowKind.NAN
    return kind
