"""log_softmax(x)_j = x_j − log Σ_i exp(x_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.algorithms import logsumexp, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation


def naive(a: Evaluation) -> NDArray[Any]:
    """log(exp(x) / Σ exp(x)).

    The logarithm of the naive softmax: both textbook formulas, one after the other.

    Notes
    -----
    Fails: NaN where exp overflows, −∞ beside it and where the probability becomes 0, and 0 where
    the probability rounds to 1.

    Bound: none published.

    Used by: first drafts.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038, for
    the softmax in it.
    """
    return a.log_of_softmax(softmax.naive(a))


def log_of_softmax(a: Evaluation) -> NDArray[Any]:
    """log(e / Σ e), e = exp(x − m) with m = max x.

    The logarithm of the stable softmax: the classic mistake, as one function is called after the
    other.

    Notes
    -----
    Fails: −∞ where the softmax underflows, though the logarithm is an ordinary number (−104 in
    float32), and 0 where it rounds to 1.  The loss of a gradient in training often begins here.

    Bound: none published.

    Used by: `log(softmax(x))` in user code; once onnx's reference implementation (onnx#8423).

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038, for
    the softmax in it.
    """
    return a.log_of_softmax(softmax.stable(a))


def stable(a: Evaluation) -> NDArray[Any]:
    """(x − m) − log Σ exp(x − m) with m = max x, in that order.

    The difference x − m first, which is exact for logits near the maximum, so that large logits
    cost nothing (pytorch#11752).

    Notes
    -----
    Fails: for a dominant class the sum is 1 + tiny, and what the 1 absorbs is missing from the
    result: log_softmax([40, 0]) is 0 and not −4.25e-18.

    Bound: none published for this order; that of the shifted lse, |y + n − x_min| / |y| · u, is of
    its second half.

    Used by: PyTorch, jax, scipy.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    shifted = a.subtract(x, a.maximum(x))
    return a.beside(shifted, a.negative(a.log(a.sum(a.exp(shifted)))))


def folded_shift(a: Evaluation) -> NDArray[Any]:
    """x − (m + log Σ exp(x − m)) with m = max x.

    lse(x) as one number, subtracted from the logits: fewer operations for each element than
    stable.

    Notes
    -----
    Fails: for large m, adding m to the logarithm rounds the logarithm away: in float32 equal
    logits of 1e8 give 0 and not −log n (pytorch#38839).  The result is as far off as ½ ulp(m).

    Bound: none published for log_softmax; lse itself is within |y + n − x_min| / |y| · u,
    relatively.

    Used by: older PyTorch, mlx (mlx#4169), code that keeps lse(x) for a backward pass.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    total = logsumexp.stable(a)
    return a.less(a.logits(), total)


def log1p(a: Evaluation) -> NDArray[Any]:
    """(x − m) − log1p(Σ' exp(x − m)), Σ' over all but one maximum, m = max x.

    The maximum's exponential is 1 and stays out of the sum, so that what it would absorb is kept:
    log_softmax([40, 0]) is −4.25e-18.

    Notes
    -----
    Fails: where the others' exponentials underflow: 0 comes back for a result that the format could
    hold.  x − m rounds as in stable.

    Bound: none published.

    Used by: asked for in scipy#19521 and pytorch#113708.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    shifted = a.subtract(x, a.maximum(x))
    others = a.sum_of_others(a.exp(shifted), x)
    return a.beside(shifted, a.negative(a.log1p(others)))
