"""A-priori bounds that hold: the γ-form, for every algorithm and format.

Derivation.  u = 2^−p and η = 2^(emin − p + 1) are those of the compute format, γ_k = k u/(1 − k u),
z = x̂/T̂, M the place of the largest z, g = softmax(z), n the number of finite logits (exponentials
of masks are exact zeros, and adding 0 is exact).  No overflow, and n u < 1/2.

1.  + and − have a relative error of at most u (what is subnormal is exact); × ÷ and the fused
    multiply-add besides an absolute one of at most η/2.  exp, 2^x, log and log(1 + x) have errors
    of at most c u max(|f|, 2^emin): c is 1 where they are correctly rounded, else measured.  So an
    exponential has a relative error c u and an absolute one E = c u 2^emin: summed over a row,
    that is the term n · 2^emin.
2.  q = round(z): |q_j − z_j| ≤ D_j = u |z_j| + η/2, and D = 0 for T̂ = 1.  Rounding is monotone, so
    that the largest q is that of M.
3.  round(q_j − q_M) is off z_j − z_M by at most A_j = d + u (z_M − z_j + d) with d = D_j + D_M.  An
    error a of the argument is one of e^a − 1 of the exponential, relatively: nothing here is of
    first order.  So ê_j = e_j (1 + ρ) + ε with |ρ| ≤ P_j = e^A_j (1 + c u) − 1, |ε| ≤ E.
4.  A sum of non-negative numbers in which no term takes part in more than h additions gives each a
    factor between (1 ± u)^h, within 1 ± γ_h: h is n − 1 from left to right, and the depth of the
    tree else.  With S = Σ e_j, |Ŝ − S| ≤ R S for R = Σ g_j ((1 + P_j)(1 + γ_h) − 1) +
    n E (1 + γ_h)/S.
5.  ê_j / Ŝ, rounded: |v_j − g_j| ≤ g_j ((1 + P_j)(1 + u)/(1 − R) − 1) + E (1 + u)/(S (1 − R)) +
    η/2.  By the reciprocal there is one u more, and the η/2 of 1/Ŝ times ê_j.
6.  log Ŝ is off log S by at most −log(1 − R), then by c u max(|log Ŝ|, 2^emin).  log(1 + Ŝ') of
    the others' sum, likewise, with R S'/(1 + S') for R.  What is added to it has D or A, and each
    sum and difference u of its own.
7.  log of a probability v: −log(1 − w) with w = |v − g|/g of 5, and log's own error; none where
    w ≥ 1.
8.  Where the maximum is only known at the end, what is summed up is multiplied up to r times by
    factors whose arguments are differences of maxima.  These telescope: their errors in all are
    those of A_j.  Each factor costs (1 + c u)(1 + u), and absolutely E times what it is multiplied
    with, at most n times the largest term, and η/2.  r is the number of times that the maximum
    grows, and for a tree its depth.
9.  Base 2: with c' = round(log2 e), z c' is off z log2 e by W = |z| log2 e ((1 + κ)(1 + u) − 1) +
    η/2, κ the relative error of c'.  The argument is off by W of the logit, W of its block's
    maximum, and u of the difference, all times log 2.  The fused form has q c' a little above
    round(m c') at most, for which 2 u W more is allowed.  The factors' arguments, (m − m') c', add
    up to the gap from the block's maximum to the row's, within (1 + κ)(1 + u)² of it and η/2 each.
10. Pairs of mantissa and exponent: N = |k| of the integer k next to q log2 e, and t = q − k log 2
    up to N λ, λ = log 2 − L1 − L2, and the two roundings of 1.  Up to N ≤ 2^(p−1) the differences
    of integers are exact, and so are the powers of two, but for η/2 each.
11. A storage format that is narrower rounds once more: u |y + error| + η/2 of that format.

References
----------
Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4) (2021), doi:10.1093/imanum/draa038.
Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. (2002), doi:10.1137/1.9780898718027,
sections 2.2, 3.1 and 4.2, for the model of 1, γ_k, and sums.
"""

# ruff: noqa: N802, N803, N806 -- capitals are those of the derivation

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, log

import numpy as np
from numpy import exp, expm1, log1p

LOG_2, LOG2_E = 0.6931471805599453, 1.4426950408889634


@dataclass(frozen=True)
class Arithmetic:
    """What the bounds know of a cell's arithmetic.

    `exp`, `log`, `exp2`, `log1p` are the constants c of 1; `kappa` and `rest` the relative error
    of round(log2 e) and λ of 10; `block` is the block's size.
    """

    p: int
    emin: int
    exp: float
    exp2: float
    log: float
    log1p: float
    kappa: float
    rest: float
    order: str
    block: int

    @property
    def u(self) -> float:
        return 2.0**-self.p

    @property
    def eta(self) -> float:
        return 2.0 ** (self.emin - self.p + 1)

    def additions(self, columns: int) -> int:
        """Give h of 4."""
        if self.order == "sequential":
            return columns - 1
        return (columns - 1).bit_length()

    def gamma(self, k: int) -> float:
        return k * self.u / (1 - k * self.u) if k * self.u < 1 else inf

    def log_error(self, size, c: float):
        """Give the error of a logarithm as such."""
        return c * self.u * np.maximum(size, 2.0**self.emin)


@dataclass(frozen=True)
class Exact:
    """A row: z and what is exact at it, in doubles; `columns` has the masks, too.

    `grows` is how often the running maximum grows.
    """

    z: np.ndarray
    gap: np.ndarray
    softmax: np.ndarray
    log_softmax: np.ndarray
    logsumexp: float
    divided: bool
    columns: int
    grows: int

    @property
    def n(self) -> int:
        return len(self.z)


class Gamma:
    """The steps of the derivation on one row in one arithmetic.

    Factors are held as their logarithms, so that 1 + u is no rounding in doubles: `rho` is
    A + log(1 + c u), and P = expm1(rho).
    """

    def __init__(self, row: Exact, a: Arithmetic) -> None:
        self.row, self.a = row, a
        self.top = int(np.argmin(row.gap))
        self.h = a.additions(row.columns)
        self.D = (a.u * np.abs(row.z) + a.eta / 2) * row.divided
        d = self.D + self.D[self.top]
        self.A = d + a.u * (row.gap + d)
        self.S = max(1.0, exp(row.logsumexp - row.z[self.top]))

    def E(self, c: float) -> float:
        return c * self.a.u * 2.0**self.a.emin

    def rho(self, argument, c: float):
        return argument + log1p(c * self.a.u)

    def R(self, rho, absolute: float, S: float, h: int) -> float:
        """Give the relative error of a sum S, whose terms have factors and absolute errors."""
        growth = log1p(self.a.gamma(h))
        return float(np.sum(self.row.softmax * expm1(rho + growth)) + absolute * exp(growth) / S)

    def quotient(self, rho, R: float, absolute: float, S: float, roundings: int = 1):
        """Bound softmax as in 5."""
        if not R < 1:
            return np.full(self.row.n, inf)
        a, g = self.a, self.row.softmax
        whole = roundings * log1p(a.u) - log1p(-R)
        found = g * expm1(rho + whole) + absolute * exp(whole) / S + a.eta / 2
        if roundings == 2:
            found += (exp(rho - self.row.gap) + absolute) * (a.eta / 2) * (1 + a.u)
        return found

    def softmax_naive(self):
        rho, E = self.rho(self.D, self.a.exp), self.E(self.a.exp)
        S = exp(self.row.logsumexp)
        return self.quotient(rho, self.R(rho, self.row.n * E, S, self.h), E, S)

    def softmax_stable(self, roundings: int = 1):
        rho, E = self.rho(self.A, self.a.exp), self.E(self.a.exp)
        return self.quotient(rho, self.shifted, E, self.S, roundings)

    @cached_property
    def shifted(self) -> float:
        """R of the sum of exp(x − m)."""
        absolute = self.row.n * self.E(self.a.exp)
        return self.R(self.rho(self.A, self.a.exp), absolute, self.S, self.h)

    def softmax_reciprocal(self):
        return self.softmax_stable(roundings=2)

    def softmax_division_free(self):
        off = self.D + self.logsumexp_stable()
        argument = off + self.a.u * (np.abs(self.row.log_softmax) + off)
        return self.row.softmax * expm1(self.rho(argument, self.a.exp)) + self.E(self.a.exp)

    def rescaled(self, rho, c: float, r: int, h: int) -> tuple[float, float, float]:
        """Give R, and factor and absolute error of a term, where terms get r factors as in 8."""
        n, a, E = self.row.n, self.a, self.E(c)
        factor = r * (log1p(c * a.u) + log1p(a.u))
        most = exp(float(np.max(rho - self.row.gap)) + factor + log1p(a.gamma(h)))
        of_sum = n * E + r * n * 2 * most * E + max(n, r) * a.eta / 2
        if not of_sum <= n:  # so that it is at most n times the largest term, in the end too
            return inf, 0.0, inf
        of_term = (E + r * (2 * most * E + a.eta / 2)) * exp(factor)
        return self.R(rho + factor, of_sum * exp(factor), self.S, h), factor, of_term

    def softmax_online(self):
        rho = self.rho(self.A, self.a.exp)
        r = self.row.grows if self.a.order == "sequential" else self.h
        R, _, _ = self.rescaled(rho, self.a.exp, r, self.h)
        return self.quotient(rho, R, self.E(self.a.exp), self.S)

    def softmax_blockwise(self):
        a, row, d = self.a, self.row, self.D + self.D[self.top]
        W = (np.abs(row.z) + self.D) * LOG2_E * (a.kappa * (1 + a.u) + a.u) + a.eta / 2
        blocks = -(-row.columns // a.block)
        between = LOG2_E * (row.gap + d)
        both = W + (W.max() if blocks > 1 else W[self.top])
        argument = both + a.u * (between + both + 2 * W.max()) + a.eta / 2
        if blocks > 1:
            argument += between * ((1 + a.kappa) * (1 + a.u) ** 2 - 1) + (blocks - 1) * a.eta / 2
        rho = self.rho(d + LOG_2 * argument, a.exp2)
        h = a.additions(min(a.block, row.columns)) + blocks - 1
        R, factor, of_term = self.rescaled(rho, a.exp2, blocks - 1, h)
        return self.quotient(rho + factor, R, of_term, self.S, roundings=2)

    def softmax_two_pass(self):
        a, row, u = self.a, self.row, self.a.u
        q = np.abs(row.z) + self.D
        off = q * LOG2_E * (2 * u + u * u) + a.eta
        N = q * LOG2_E + off + 0.5
        if N.max() > 2.0 ** (a.p - 1):
            return np.full(row.n, inf)
        tau = LOG_2 * (0.5 + off)
        first = N * a.rest + u * (tau + N * (LOG_2 * u + a.eta / 2 + a.rest)) + a.eta / 2
        argument = self.D + first + u * (tau + first) + a.eta / 2
        rho, E = self.rho(argument, a.exp), self.E(a.exp)
        S = self.S * exp(-tau[self.top] - self.D[self.top])
        R = self.R(rho, row.n * (E + a.eta), S, self.h)
        if not R < 1:
            return np.full(row.n, inf)
        whole = 2 * log1p(u) - log1p(-R)
        mantissa = exp(tau + rho) + E
        scaled = E * exp(whole) / S + mantissa * (a.eta / 2) * (1 + u) + a.eta / 2
        return row.softmax * expm1(rho + whole) + scaled + a.eta / 2

    def log_of(self, R: float, size: float, c: float) -> float:
        """Bound the logarithm of a sum as in 6."""
        if not R < 1:
            return inf
        return float(-log1p(-R) + self.a.log_error(size - log1p(-R), c))

    @cached_property
    def log_total(self) -> float:
        return self.log_of(self.shifted, log(self.S), self.a.log)

    @cached_property
    def log1p_total(self) -> float:
        """Bound log(1 + S')."""
        others = np.arange(self.row.n) != self.top
        growth = log1p(self.a.gamma(self.h))
        rho = self.rho(self.A, self.a.exp)[others] + growth
        lost = (self.row.n - 1) * self.E(self.a.exp) * exp(growth) / self.S
        lost += float(np.sum(self.row.softmax[others] * expm1(rho)))
        return self.log_of(lost, log(self.S), self.a.log1p)

    def added(self, off, of_log, size):
        """Bound round(a + b), both off by something."""
        return off + of_log + self.a.u * (size + off + of_log)

    def logsumexp_naive(self):
        rho, absolute = self.rho(self.D, self.a.exp), self.row.n * self.E(self.a.exp)
        R = self.R(rho, absolute, exp(self.row.logsumexp), self.h)
        return self.log_of(R, abs(self.row.logsumexp), self.a.log)

    def logsumexp_stable(self):
        return self.added(self.D[self.top], self.log_total, abs(self.row.logsumexp))

    def logsumexp_log1p(self):
        return self.added(self.D[self.top], self.log1p_total, abs(self.row.logsumexp))

    def log_of_probability(self, bound):
        """Bound the logarithm of a softmax as in 7."""
        with np.errstate(all="ignore"):
            w = bound / self.row.softmax
            lost = np.where(w < 1, -log1p(-w), inf)
        return lost + self.a.log_error(np.abs(self.row.log_softmax) + lost, self.a.log)

    def log_softmax_naive(self):
        return self.log_of_probability(self.softmax_naive())

    def log_softmax_log_of_softmax(self):
        return self.log_of_probability(self.softmax_stable())

    def log_softmax_stable(self):
        return self.added(self.A, self.log_total, np.abs(self.row.log_softmax))

    def log_softmax_log1p(self):
        return self.added(self.A, self.log1p_total, np.abs(self.row.log_softmax))

    def log_softmax_folded_shift(self):
        return self.added(self.D, self.logsumexp_stable(), np.abs(self.row.log_softmax))


SAME = {"blockwise-fma": "blockwise"}
"""Algorithms that another one's bound covers."""


def bound(function: str, algorithm: str, row: Exact, a: Arithmetic):
    """Give a bound of |v − y| of each value before any rounding to a narrower storage format."""
    name = f"{function}_{SAME.get(algorithm, algorithm)}".replace("-", "_")
    return getattr(Gamma(row, a), name)()
