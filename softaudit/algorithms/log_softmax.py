"""log_softmax(x)_j = x_j − log Σ_i exp(x_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.algorithms import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation


def naive(a: Evaluation) -> NDArray[Any]:
    """log(naive softmax): NaN where exp overflows, −∞ where the probability becomes 0."""
    return a.log_of_softmax(softmax.naive(a))


def log_of_softmax(a: Evaluation) -> NDArray[Any]:
    """log(stable softmax): the classic mistake.

    −∞ where the probability becomes 0, and 0 where it rounds to 1.
    """
    return a.log_of_softmax(softmax.stable(a))


def stable(a: Evaluation) -> NDArray[Any]:
    """(x − m) − log Σ exp(x − m) with m = max x, in that order.

    Adding m to the logarithm first would lose the logarithm for large m.  For a dominant class
    the sum is 1 + tiny, and what 1 absorbs is lost from the result.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    shifted = a.subtract(x, a.maximum(x))
    return a.beside(shifted, -a.log(a.sum(a.exp(shifted))))
