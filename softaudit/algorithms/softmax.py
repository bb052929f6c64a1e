"""softmax(x)_j = exp(x_j) / Σ_i exp(x_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation


def naive(a: Evaluation) -> NDArray[Any]:
    """exp(x) / Σ exp(x): the definition, as in textbooks and first drafts.

    exp overflows above log of the largest number and gives NaN (∞/∞) and 0 (finite/∞).  Where
    nothing overflows or becomes subnormal it is often the closest, having no shift to round.
    """
    e = a.exp(a.logits())
    return a.divide(e, a.sum(e))


def stable(a: Evaluation) -> NDArray[Any]:
    """e = exp(x − m), e / Σ e with m = max x: the shifted ("safe") softmax.

    No exponential exceeds 1, so none overflows; the rounding of x − m, up to ½ ulp(x − m), becomes
    a relative error of the result.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    e = a.exp(a.subtract(x, a.maximum(x)))
    return a.divide(e, a.sum(e))
