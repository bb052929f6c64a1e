"""What each cause of breaking did, with its limits and the first place: a cell's own sentence."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from softaudit.algorithms import BLOCKWISE
from softaudit.findings.words import where
from softaudit.formats import ulp_at
from softaudit.wording import count, minus, place, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from softaudit.formats import Format
    from softaudit.model import Cell


def _exp_overflows_above(form: Format) -> float:
    """Give the least logit, about, whose exponential overflows: log of the largest + ½ ulp."""
    return log(form.largest) + ulp_at(form.largest, form) / form.largest / 2


def _exp_vanishes_below(form: Format) -> float:
    """Give the logit, about, below which the exponential is 0: log of half the least subnormal."""
    return form.exp2_vanishes_below * log(2.0)


def _exp_overflow(cell: Cell) -> str:
    event = cell.events["overflow.exp"]
    limit = _exp_overflows_above(cell.key.arithmetic.compute)
    return f"exp overflows above {limit:.2f}: {where(event, 'logit')}"


def _sum_overflow(cell: Cell) -> str:
    event = cell.events["overflow.sum"]
    limit = short(cell.key.arithmetic.accumulate.largest)
    rows = f"{count(event.count, 'row')}, first {place(event.first)}"
    return f"a sum of finite terms overflows above {limit}: {rows}"


def _cast_overflow(cell: Cell) -> str:
    event = cell.breaks["cast-overflow"]
    reduced = {"two-pass": "x log2 e", **dict.fromkeys(BLOCKWISE, "x c, m c")}
    what = reduced.get(cell.key.algorithm, "x − m")
    return f"x/T, {what} or the result leaves the range: {where(event, 'result')}"


def _saturation(cell: Cell) -> str:
    limit = short(cell.key.arithmetic.compute.largest)
    return f"what exceeds {limit} is {limit}: {where(cell.breaks['saturation'], 'result')}"


def _flush(cell: Cell) -> str:
    limit = short(cell.key.arithmetic.compute.least_normal)
    return f"what is below {limit} becomes 0: {where(cell.breaks['flush'], 'result')}"


def _log_of_zero(cell: Cell) -> str:
    event = cell.breaks["log-of-zero"]
    instead = "; use stable" if cell.key.algorithm in ("naive", "log-of-softmax") else ""
    infinity = short(-cell.key.arithmetic.compute.overflow)
    return f"log(0) = {infinity}: {where(event, 'result')}{instead}"


def _exp_underflow(cell: Cell) -> str:
    event = cell.breaks["exp-underflow"]
    form = cell.key.arithmetic.compute
    subnormal, zero = (
        minus(f"{limit:.2f}") for limit in (log(form.least_normal), _exp_vanishes_below(form))
    )
    limits = f"exp is subnormal below {subnormal} and 0 below {zero}"
    return f"{limits}: {where(event, 'result')}"


def _sum_stall(cell: Cell) -> str:
    return f"the accumulator stalls: {where(cell.breaks['sum-stall'], 'result')}"


def _unfounded(cell: Cell) -> str:
    told = sum(cell.breaks[cause].count for cause in _EARLY if cause in cell.breaks)
    early = (cell.underflow["premature"] or 0) > told
    logarithm = cell.key.function != "softmax"  # for which it is −∞ that is too early
    what = ["not finite"] if "not_finite" in cell.events or (early and logarithm) else []
    what += ["0 too early"] if not what or (early and not logarithm) else []
    return f"results are {' or '.join(what)}: {where(cell.breaks['rounding'], 'result')}"


_EARLY = ("flush", "log-of-zero")
"""Causes that are told of outputs without steps: what else is too early has no other."""


def _mismatch(cell: Cell) -> str:
    event = cell.events["overflow.mismatch"]
    return f"an infinite answer is not returned as such: {where(event, 'result')}"


SENTENCES: Mapping[str, Callable[[Cell], str]] = {
    "exp-overflow": _exp_overflow,
    "sum-overflow": _sum_overflow,
    "cast-overflow": _cast_overflow,
    "saturation": _saturation,
    "flush": _flush,
    "log-of-zero": _log_of_zero,
    "exp-underflow": _exp_underflow,
    "sum-stall": _sum_stall,
    "rounding": _unfounded,
    "mismatch": _mismatch,
}
"""The sentence of each cause, in the order in which a cell's are told."""
