"""Causes: the step that explains an error, told from what the algorithm passed through.

The rules are functions, each with what it means, how it is told and what to do about it; they are
asked in the order of `RULES`, and the first that applies names the cause.  Those that tell of a
row hold for a wrong result anywhere in it.

The first nine are events.  Of the others argument-rounding and shift-absorption are measured, to
first order in units of ulp(y); cancellation and absorption are told by where they happen.  Only
results that are off by more than `worst.WORTH_TELLING`, or 0 too early, are asked, and the worst
of all.  Of results without steps the rules in `told` tell what these prove.
"""

from __future__ import annotations

from inspect import getdoc
from typing import TYPE_CHECKING

import numpy as np

from softaudit.metrics.cause.measured import argument_rounding, shift_absorption
from softaudit.metrics.cause.overflow import (
    cast_overflow,
    exp_overflow,
    inf_over_inf,
    saturation,
    sum_overflow,
)
from softaudit.metrics.cause.rounding import absorption, cancellation, rounding, sum_stall
from softaudit.metrics.cause.told import TOLD, answered
from softaudit.metrics.cause.trail import Trail
from softaudit.metrics.cause.underflow import exp_underflow, flush, log_of_zero
from softaudit.model import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from softaudit.metrics.cause.trail import Applies
    from softaudit.metrics.judged import Judged

__all__ = ["CAUSES", "DESCRIPTIONS", "EXPLANATIONS", "RULES", "UNTOLD", "answered", "causes"]

RULES: Mapping[str, Callable[[Trail], Applies]] = {
    "cast-overflow": cast_overflow,
    "inf-over-inf": inf_over_inf,
    "exp-overflow": exp_overflow,
    "sum-overflow": sum_overflow,
    "saturation": saturation,
    "flush": flush,
    "log-of-zero": log_of_zero,
    "exp-underflow": exp_underflow,
    "sum-stall": sum_stall,
    "argument-rounding": argument_rounding,
    "shift-absorption": shift_absorption,
    "cancellation": cancellation,
    "absorption": absorption,
    "rounding": rounding,
}
"""What tells of each cause, in the order in which they are asked."""

CAUSES: tuple[str, ...] = tuple(RULES)
"""The names, in the order of the rules."""

UNTOLD = CAUSES.index("rounding")
"""What is left where no other cause is told."""

EXPLANATIONS: Mapping[str, str] = {name: getdoc(rule) or "" for name, rule in RULES.items()}
"""What each means, how it is told, and what to do about it: the rules' docstrings."""

DESCRIPTIONS: Mapping[str, str] = {
    name: text.partition("\n")[0] for name, text in EXPLANATIONS.items()
}
"""A sentence for each, for those who meet a name for the first time."""


def causes(judged: Judged, at: NDArray[np.int64]) -> NDArray[np.int8]:
    """Name the causes of some elements' errors, as indices into `CAUSES`.

    Parameters
    ----------
    judged : Judged
    at : ndarray of int64
        Places of the elements among the flattened values, in order.

    Returns
    -------
    ndarray of int8
        One for each element.

    Notes
    -----
    What results without steps prove, they prove in rows that are `answered` alone.
    """
    code = np.full(at.shape, UNTOLD, dtype=np.int8)
    if code.size == 0:
        return code
    steps = judged.output.steps
    trail = Trail(judged, Steps() if steps is None else steps, at)
    left = np.ones(at.shape, dtype=np.bool_)
    with np.errstate(all="ignore"):
        for name, rule in (RULES if steps is not None else TOLD[trail.function]).items():
            applies = rule(trail)
            if applies is not None:
                np.copyto(code, CAUSES.index(name), where=applies & left)
                left &= ~applies
                if not left.any():
                    break
    return code
