"""logsumexp(x) = log Σ_i exp(x_i): the logarithm of the partition function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation


def naive(a: Evaluation) -> NDArray[Any]:
    """log Σ exp(x): ∞ where exp overflows, −∞ where all exponentials become 0."""
    return a.log(a.sum(a.exp(a.logits())))


def stable(a: Evaluation) -> NDArray[Any]:
    """m + log Σ exp(x − m) with m = max x.

    An infinite maximum is not subtracted (∞ − ∞ would make NaN of an answer that is exact), as
    scipy and torch have it.  Where m and the logarithm nearly cancel, what is left is rounding.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    m = a.finite_or_zero(a.maximum(x))
    return a.beside(m, a.log(a.sum(a.exp(a.subtract(x, m)))))
