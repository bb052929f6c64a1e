"""logsumexp(x) = log Σ_i exp(x_i): the logarithm of the partition function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation


def naive(a: Evaluation) -> NDArray[Any]:
    """log Σ exp(x).

    The definition.

    Notes
    -----
    Fails: ∞ where an exponential or the sum overflows, −∞ where all exponentials become 0, few
    digits where they are subnormal; where the sum is near 1, what rounding it lost is most of the
    result.

    Bound: |ŷ − y| / |y| ≤ (1 + (n + 1) / |y|) u with y = lse(x), to first order.

    Used by: textbooks and first drafts.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    return a.log(a.sum(a.exp(a.logits())))


def stable(a: Evaluation) -> NDArray[Any]:
    """m + log Σ exp(x − m) with m = max x.

    The shifted log-sum-exp.  An infinite maximum is not subtracted (∞ − ∞ would make NaN of an
    answer that is exact), as scipy and torch have it.

    Notes
    -----
    Fails: where m and the logarithm nearly cancel, what is left is rounding: 3.1e8 ulp near
    y = −5e-10.  A dominant class absorbs the others: lse([0, −40]) is 0 (scipy#18295).

    Bound: |ŷ − y| / |y| ≤ |y + n − x_min| / |y| · u with y = lse(x), to first order.

    Used by: jax, PyTorch, scipy before 1.15.

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    m = a.finite_or_zero(a.maximum(x))
    return a.beside(m, a.log(a.sum(a.exp(a.subtract(x, m)))))


def log1p(a: Evaluation) -> NDArray[Any]:
    """m + log1p(Σ' exp(x − m)), Σ' over all but one maximum, m = max x.

    The maximum's exponential is 1 and stays out of the sum: lse([0, −40]) is 4.25e-18.  Infinite
    maxima are treated as in stable.

    Notes
    -----
    Fails: where m is negative and nearly cancels with the logarithm, as stable does.

    Bound: none published; that of stable covers it.

    Used by: scipy since 1.15, which takes out all maxima with their multiplicity, as
    m + log k + log1p(Σ'' / k).

    References
    ----------
    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    top = a.maximum(x)
    e = a.exp(a.subtract(x, a.finite_or_zero(top)))
    return a.beside(top, a.log1p(a.sum_of_others(e, x)))
