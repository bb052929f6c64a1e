"""softmax(x)_j = exp(x_j) / Σ_i exp(x_i)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softaudit.algorithms import logsumexp
from softaudit.arithmetic import LOG2_E, LOG_2

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from softaudit.arithmetic import Evaluation

BLOCK_SIZE = 64
"""Columns of a block where none is named: one of the sizes that FlashAttention-2 has."""


def naive(a: Evaluation) -> NDArray[Any]:
    """exp(x) / Σ exp(x).

    The definition.  Where no exponential overflows or becomes subnormal it is often the closest of
    all, having no shift to round: in float32 attention scores 5 ulp at worst against 32.

    Notes
    -----
    Fails: exp overflows above the logarithm of the largest number (11.09 in float16, 88.72 in
    float32), and gives NaN (∞/∞) for that element and 0 (finite/∞) for the others.  Where all
    logits are low, exponentials are subnormal and lose their digits, or all vanish: 0/0.

    Bound: max|ĝ − g| / max|g| ≤ (n + 3) u, to first order, without overflow and underflow.

    Used by: textbooks and first drafts.

    References
    ----------
    Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, IMA J.
    Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    e = a.exp(a.logits())
    return a.divide(e, a.sum(e))


def stable(a: Evaluation) -> NDArray[Any]:
    """e = exp(x − m), e / Σ e with m = max x.

    The shifted or "safe" softmax.  No exponential exceeds 1, so none overflows, and the sum is at
    least 1.

    Notes
    -----
    Fails: the rounding of x − m, up to ½ ulp(x − m), becomes a relative error of the result, which
    grows with the distance from the maximum.  A sum of many equal terms overflows in float16 from
    n = 65536 on, and exponentials far below the maximum are subnormal or 0 before the division.

    Bound: max|ĝ − g| / max|g| ≤ (n + 2 + 2(x_max − x_min)) u, to first order.

    Used by: jax, scipy, and PyTorch on GPUs, which accumulates in float32.

    References
    ----------
    Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, IMA J.
    Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    x = a.logits()
    e = a.exp(a.subtract(x, a.maximum(x)))
    return a.divide(e, a.sum(e))


def reciprocal(a: Evaluation) -> NDArray[Any]:
    """e = exp(x − m), e · (1 / Σ e) with m = max x.

    One division for a row and a multiplication for each element, which is faster, for one rounding
    more: up to 1.5 ulp where division costs half.

    Notes
    -----
    Fails: as stable does.  Where the sum exceeds 1 / (least normal number), its reciprocal is
    subnormal and has lost digits: above 16384 in float16, above 64 in float8_e4m3fn.

    Bound: none published; that of stable with one u more covers it where 1 / Σ e is normal.

    Used by: PyTorch on CPUs.

    References
    ----------
    PyTorch, aten/src/ATen/native/cpu/SoftMaxKernel.cpp.
    """
    x = a.logits()
    e = a.exp(a.subtract(x, a.maximum(x)))
    return a.multiply(e, a.reciprocal(a.sum(e)))


def division_free(a: Evaluation) -> NDArray[Any]:
    """exp(x − lse(x)) with lse(x) = m + log Σ exp(x − m), m = max x.

    Two exponentials for each element instead of a division, and the logarithm of the result on the
    way.  Shown to be the less accurate of the two.

    Notes
    -----
    Fails: lse(x) is rounded to ½ ulp of itself, and x − lse(x) once more; both become relative
    errors of every result.  So it gets worse with large logits, though only differences of logits
    matter, and its rows add up to 1 the less.

    Bound: max|ĝ − g| / max|g| ≤ (1 + max|x_j − y| + |y + n − x_min|) u with y = lse(x), to first
    order.

    Used by: backward passes that kept lse(x), FlashAttention's among them.

    References
    ----------
    Blanchard, Higham & Higham, Accurately computing the log-sum-exp and softmax functions, IMA J.
    Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
    """
    total = logsumexp.stable(a)
    return a.exp(a.less(a.logits(), total))


def online(a: Evaluation) -> NDArray[Any]:
    """m and d = Σ exp(x − m) in one pass, d rescaled when m grows; exp(x − m) / d.

    Reads the logits once before the results are written, instead of twice.  From left to right
    d ← d · exp(m − m') + exp(x − m') with m' = max(m, x); in parallel, two parts are merged as
    (m, d) + (m', d') = (M, d · exp(m − M) + d' · exp(m' − M)), M = max(m, m'): here in a balanced
    tree.  m begins with the least finite number, so that masks leave d as it is.

    Notes
    -----
    Fails: as stable does.  Each growth of m rounds d twice more, and from left to right the sum
    stalls as any loop's does: in float16 at 2048 equal terms, in bfloat16 at 256.

    Bound: none published.

    Used by: fused kernels on GPUs, and FlashAttention, whose blocks are its parts.

    References
    ----------
    Milakov & Gimelshein, Online normalizer calculation for softmax (2018), arXiv:1805.02867,
    Algorithm 3 and section 3.1.
    """
    x = a.logits()
    m, total = a.sum_in_one_pass(x)
    return a.divide(a.exp(a.subtract(x, m)), total)


def two_pass(a: Evaluation) -> NDArray[Any]:
    """exp(x) = s · 2^n with s = exp(x − n log 2); s · (1 / Σ s 2^(n − N)) · 2^(n − N), N = max n.

    Each exponential is a pair of mantissa and exponent, whose range has no end: no maximum is
    needed, and two passes over the logits do.  n is the integer nearest to x log2 e, and n log 2 is
    subtracted in two parts by fused multiply-adds (Cody & Waite), so that next to nothing is lost.

    Notes
    -----
    Fails: where |x| log2 e exceeds what the format counts by ones (2^p), n is no longer the
    nearest integer, s may overflow, and n itself ends at the largest number: in float16 above
    45400.  The sum of mantissas overflows as that of stable does.

    Bound: none published.

    Used by: XNNPACK.

    References
    ----------
    Dukhan & Ablavatski, The two-pass softmax algorithm (2020), arXiv:2001.04438.
    """
    x = a.logits()
    (c,), (high, low) = a.constant(LOG2_E), a.constant(LOG_2, 2)
    n = a.finite(a.nearest_integer(a.multiply(x, c)))
    s = a.exp(a.fma(n, a.negative(low), a.fma(n, a.negative(high), x)))
    top, total = a.sum_of_powers(s, n)
    return a.scale(a.multiply(s, a.reciprocal(total)), a.subtract(n, top))


def blockwise(a: Evaluation, block_size: int = BLOCK_SIZE) -> NDArray[Any]:
    """e = 2^(x c − m c), c = log2 e, block after block, rescaled when m grows; e · (1 / Σ e).

    What a kernel of attention does that never sees a whole row: m is the largest logit of this
    block and those before it; when it grows, the sum and all exponentials so far are multiplied by
    2^((m − m') c).  Base 2 is what the hardware has; the factor c is folded into the scale of the
    scores.  The end is a multiplication by the reciprocal, as in FlashAttention-2.

    Notes
    -----
    Fails: c and both products are rounded before they are subtracted, so that the argument is off
    by up to ½ ulp of m c and not of its difference to x c: large logits lose digits that stable
    keeps, and the maximum's own exponential is 1 only because both products round alike.  Above
    largest / c the products overflow, and ∞ − ∞ is NaN.  A row with nothing but masks is NaN, for
    which FlashAttention has a guard.

    Bound: none published.

    Used by: PyTorch's copy of FlashAttention-2, which keeps the product apart (UNFUSE_FMA).

    References
    ----------
    Dao, Fu, Ermon, Rudra & Ré, FlashAttention (2022), arXiv:2205.14135; Dao, FlashAttention-2
    (2023), arXiv:2307.08691; PyTorch, aten/src/ATen/native/transformers/cuda/flash_attn/softmax.h.
    """
    return _blockwise(a, block_size, lambda x, c, u: a.subtract(a.multiply(x, c), u))


def blockwise_fma(a: Evaluation, block_size: int = BLOCK_SIZE) -> NDArray[Any]:
    """e = 2^fma(x, c, −(m c)), c = log2 e, block after block; e · (1 / Σ e).

    As blockwise, with x c − m c done by one fused multiply-add: x c is not rounded, m c is.

    Notes
    -----
    Fails: as blockwise does.  The maximum's own exponential is no longer 1, for m c was rounded on
    one side alone; that error is common to a block and cancels in the quotient, but where m grows
    later blocks have another.

    Bound: none published.

    Used by: FlashAttention-2, whose source leaves it to the compiler to fuse.

    References
    ----------
    Dao, FlashAttention-2 (2023), arXiv:2307.08691; csrc/flash_attn/src/softmax.h there.
    """
    return _blockwise(a, block_size, lambda x, c, u: a.fma(x, c, a.negative(u)))


def _blockwise(
    a: Evaluation,
    size: int,
    argument: Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], NDArray[Any]],
) -> NDArray[Any]:
    x, (c,) = a.logits(), a.constant(LOG2_E)
    blocks = a.in_blocks(size)
    m = blocks.maximum(x)
    # A block that begins the row with masks alone subtracts 0 instead of −∞, and is rescaled by 0.
    known = a.finite_or_zero(m)
    u = a.multiply(known, c)
    factors = blocks.factors(m, known, c, u)
    e = a.exp2(argument(x, c, blocks.shift(u)))
    total = blocks.sum(e, factors)
    return a.multiply(blocks.rescaled(e, factors), a.reciprocal(total))
