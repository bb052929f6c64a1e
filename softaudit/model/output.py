"""What an algorithm returned, and what it passed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True, eq=False)
class Steps:
    """What an algorithm passed through: the evidence from which causes are told.

    Every attribute is None where the algorithm has no such step.  Arrays are in the compute
    format, of shape (rows, columns), or (rows, 1) for a row's own quantities.

    Attributes
    ----------
    quotient : ndarray
        round(x̂/T̂).
    argument, exponential : ndarray
        What went into exp, and what came out and was divided by the sum.
    base_two : bool
        Whether that was 2^argument.
    doublings : ndarray
        Powers of two kept apart from the exponentials: exp(argument) · 2^doublings.
    shift : ndarray
        What was subtracted in base 2, for each element.
    carried : ndarray of float64
        By how much, in base 2, the factors by which the exponential was rescaled are too large:
        what the differences of shifts lost in rounding.
    total : ndarray
        The sum of the exponentials, rounded to the compute format.
    beside_one : bool
        Whether that sum is of all exponentials but one that is 1, of which 1 + total is meant.
    reciprocal : ndarray
        round(1/total), by which the exponentials were multiplied.
    stalled : ndarray of bool
        Rows whose accumulator lost more than a balanced tree of as many terms can lose.
    probability : ndarray
        The softmax of which the logarithm was taken.
    addend : ndarray
        What was added to the logarithm of the sum: the shift x − m, or m.
    log_total : ndarray
        The logarithm of the sum, to which that was added; negative where it was subtracted.
    folded : ndarray
        m + the logarithm of the sum, rounded, where it was subtracted from the logits.
    """

    quotient: NDArray[Any] | None = None
    argument: NDArray[Any] | None = None
    exponential: NDArray[Any] | None = None
    total: NDArray[Any] | None = None
    stalled: NDArray[np.bool_] | None = None
    probability: NDArray[Any] | None = None
    addend: NDArray[Any] | None = None
    log_total: NDArray[Any] | None = None
    folded: NDArray[Any] | None = None
    base_two: bool = False
    doublings: NDArray[Any] | None = None
    shift: NDArray[Any] | None = None
    carried: NDArray[np.float64] | None = None
    beside_one: bool = False
    reciprocal: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What an algorithm returned.

    Attributes
    ----------
    values : ndarray of float64, shape (rows, columns), or (rows, 1) for logsumexp
        Numbers of the storage format.
    steps : Steps or None
        None for somebody else's outputs.
    """

    values: NDArray[np.float64]
    steps: Steps | None
